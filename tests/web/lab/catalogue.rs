//! The gallery: every provider of the catalogue is found, and its page says what this store still needs, but no value.

use crate::support::{root, text};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::lab::editor::text_in;
use crate::web::lab::{MARKUP, OPEN_HOST, encoded, open_house, somebody};
use crate::web::test_broker::{LOCAL, TestBroker};

async fn page(browser: &Browser, path: &str, language: &str) -> Answer {
    browser.ask(ClientRequest::get(path).with("accept-language", language)).await
}

/// The names of the providers on a page of the gallery, in their order.
fn listed(page: &Answer) -> Vec<&str> {
    let links = page.body.split("<a class=\"line\" href=\"/lab/catalogue/").skip(1);
    links.filter_map(|rest| rest.split('"').next()).collect()
}

/// The headings of the groups on a page of the gallery.
fn headings(page: &Answer) -> Vec<&str> {
    let groups = page.body.split("<h2 id=\"g-").skip(1);
    groups.filter_map(|rest| rest.split_once('>')?.1.split('<').next()).collect()
}

fn shipped(name: &str) -> String {
    text(&root().join(format!("providers.d/{name}.yaml")))
}

#[actix_web::test]
async fn the_gallery_shows_every_file_once_and_a_countrys_own_first_in_its_language() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    let english = page(&browser, "/lab/catalogue", "en").await;
    let portuguese = page(&browser, "/lab/catalogue", "pt-BR").await;

    let (mut of_english, mut of_portuguese) = (listed(&english), listed(&portuguese));
    assert!(of_english.len() > 150, "{}", of_english.len());
    let first: Vec<&str> =
        portuguese.body.split("</section>").next().map(|part| part.split("/lab/catalogue/").collect()).unwrap_or_default();
    assert!(first.iter().any(|part| part.starts_with("govbr\"")), "{}", portuguese.body);
    assert!(headings(&portuguese).first().is_some_and(|first| first.starts_with("Brasil · ")), "{:?}", headings(&portuguese));
    assert!(!headings(&english).iter().any(|heading| heading.contains("Brazil")), "{:?}", headings(&english));
    of_english.sort_unstable();
    of_portuguese.sort_unstable();
    assert_eq!(of_english, of_portuguese);
    of_english.dedup();
    assert_eq!(of_english.len(), of_portuguese.len());
    broker.assert_clean(&english);
}

#[actix_web::test]
async fn words_a_kind_and_a_country_find_without_a_script() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    for (query, first) in [
        ("q=gov.br", "govbr"),
        ("q=github", "github"),
        ("q=GOVERNO+brasil", "govbr"),
        ("q=gitlab.com", "gitlab"),
        ("q=&kind=government&country=BR", "govbr"),
    ] {
        let found = page(&browser, &format!("/lab/catalogue?{query}"), "pt-BR").await;
        assert_eq!(listed(&found).first(), Some(&first), "{query}");
    }
    let accents = [page(&browser, "/lab/catalogue?q=japao", "pt-BR").await, page(&browser, "/lab/catalogue?q=JAP%C3%83O", "pt-BR").await];
    assert!(!listed(&accents[0]).is_empty());
    assert_eq!(listed(&accents[0]), listed(&accents[1]));
    let of_brazil = page(&browser, "/lab/catalogue?country=BR", "en").await;
    assert!(listed(&of_brazil).contains(&"mercadopago") && !listed(&of_brazil).contains(&"github"), "{:?}", listed(&of_brazil));
    assert!(of_brazil.body.contains("<option value=\"BR\" selected>"));
    for odd in ["q=nothing-is-called-so".to_owned(), format!("q={}", encoded(MARKUP))] {
        let none = page(&browser, &format!("/lab/catalogue?{odd}"), "en").await;
        assert!(
            none.status == 200 && listed(&none).is_empty() && none.body.contains("No provider of the catalogue fits this."),
            "{none:?}"
        );
        assert!(!none.body.contains("<img src=x"), "{}", none.body);
    }
    assert_eq!(
        listed(&page(&browser, "/lab/catalogue?kind=castles&country=XX", "en").await).len(),
        listed(&page(&browser, "/lab/catalogue", "en").await).len()
    );
}

#[actix_web::test]
async fn what_a_file_says_in_english_is_marked_on_pages_in_other_languages() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    let portuguese = page(&browser, "/lab/catalogue/linkedin_v2_legacy", "pt-BR").await;
    let english = page(&browser, "/lab/catalogue/linkedin_v2_legacy", "en").await;
    let own = page(&browser, "/lab/catalogue/govbr", "pt-BR").await;

    assert!(portuguese.body.contains("<li><span lang=\"en\">The old product"), "{}", portuguese.body);
    assert!(english.body.contains("<li>The old product"), "{}", english.body);
    assert!(!own.body.contains("<li><span lang=\"en\">"), "{}", own.body);
}

#[actix_web::test]
async fn a_superseded_file_leads_to_the_one_for_new_apps() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    for (language, short, sentence) in [
        ("en", "superseded by <code>linkedin</code>", "For a new one take <code>linkedin</code>."),
        ("es", "sustituido por <code>linkedin</code>", "usa <code>linkedin</code>."),
        ("pt-BR", "substituído por <code>linkedin</code>", "use <code>linkedin</code>."),
    ] {
        let gallery = page(&browser, "/lab/catalogue?q=linkedin", language).await;
        let entry = page(&browser, "/lab/catalogue/linkedin_v2_legacy", language).await;
        assert!(gallery.body.contains(short), "{language}: {}", gallery.body);
        assert!(entry.body.contains(sentence) && entry.body.contains("href=\"/lab/catalogue/linkedin\""), "{language}: {}", entry.body);
    }
}

#[actix_web::test]
async fn a_page_says_what_to_do_with_the_addresses_of_this_store() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let url = &broker.front("localhost:8080").store.public_url;

    let shown = page(&browser, "/lab/catalogue/govbr", "pt-BR").await;

    let redirect = format!("{url}/callback/govbr");
    for part in [
        &*redirect,
        "portaria catalogue add govbr",
        "GOVBR_CLIENT_ID",
        "não definido",
        "/lab/editor/govbr?from=govbr",
        "https://acesso.gov.br/roteiro-tecnico/",
        "Grau A",
        "Vale saber",
        "https://sso.acesso.gov.br/authorize",
    ] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    assert!(!shown.body.contains("loja.example"), "the addresses are those of the store: {}", shown.body);
    let address = page(&browser, "/lab/catalogue/govbr/redirect-uri.txt", "pt-BR").await;
    assert_eq!((address.body.as_str(), address.header("content-type")), (&*redirect, Some("text/plain; charset=utf-8")));
    let text = text_in(&page(&browser, "/lab/editor/govbr?from=govbr", "pt-BR").await);
    assert_eq!(text, shipped("govbr"), "the editor begins with the file as it is");
    let mark = browser.get("/lab/catalogue/github/mark.svg").await;
    assert_eq!((mark.status, mark.header("content-type")), (200, Some("image/svg+xml")));
    for path in ["/lab/catalogue/unknown", "/lab/catalogue/playground", "/lab/catalogue/govbr/other.txt", "/lab/catalogue/unknown/mark.svg"]
    {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_file_of_the_store_is_shown_with_its_state_and_no_value() {
    let offered = shipped("github").replacen("name: GitHub", "name: GitHub\nclientId: loja-42\nclientSecret: SECRET", 1);
    let broken = shipped("gitlab").replacen("catalogue:", "katalogue:", 1);
    let broker =
        TestBroker::builder(LOCAL).with("github", &offered).with("discord", &shipped("discord")).with("gitlab", &broken).build().await;
    let browser = Browser::new(&broker);
    let secret = text(&broker.folder.0.join("secrets/acme"));
    assert!(secret.trim().len() > 5);

    let gallery = page(&browser, "/lab/catalogue", "en").await;
    let github = page(&browser, "/lab/catalogue/github", "en").await;
    let discord = page(&browser, "/lab/catalogue/discord", "en").await;
    let gitlab = page(&browser, "/lab/catalogue/gitlab", "en").await;

    for state in ["offered", "dormant", "broken"] {
        assert!(gallery.body.contains(&format!("class=\"state {state}\"")), "{state}: {}", gallery.body);
    }
    for part in ["This store offers it.", "action=\"/lab/github/tests\"", "href=\"/lab/github\"", "href=\"/lab/editor/github\""] {
        assert!(github.body.contains(part), "{part}: {}", github.body);
    }
    assert!(discord.body.contains("DISCORD_CLIENT_ID, DISCORD_CLIENT_SECRET") && !discord.body.contains("/tests\""), "{}", discord.body);
    assert!(gitlab.body.contains("class=\"message bad\"") && gitlab.body.contains("href=\"/lab/gitlab\""), "{}", gitlab.body);
    for answer in [&gallery, &github, &discord, &gitlab] {
        assert!(!answer.body.contains("loja-42") && !answer.body.contains(secret.trim()), "{}", answer.body);
        broker.assert_clean(answer);
    }
}

#[actix_web::test]
async fn a_login_that_worked_here_confirms_the_file() {
    let broker = TestBroker::builder(LOCAL).with_standard("github").build().await;
    let browser = Browser::new(&broker);
    assert!(!page(&browser, "/lab/catalogue/github", "en").await.body.contains("A login worked here"));

    browser.log_in("github", "ana").await;

    for path in ["/lab/catalogue/github", "/lab/github"] {
        let shown = page(&browser, path, "en").await;
        assert!(shown.body.contains("A login worked here on 20"), "{path}: {}", shown.body);
    }
    assert!(page(&browser, "/lab/github", "en").await.body.contains("href=\"/lab/catalogue/github\""));
}

/// Attack P-05
#[actix_web::test]
async fn the_gallery_is_for_staff() {
    let broker = open_house().await;
    let stranger = Browser::at(&broker, OPEN_HOST);
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    let other = somebody(&broker, OPEN_HOST, "ana@clientes.example", true);

    for path in ["/lab/catalogue", "/lab/catalogue/govbr", "/lab/catalogue/govbr/redirect-uri.txt", "/lab/catalogue/github/mark.svg"] {
        assert_eq!(stranger.get(path).await.status, 303, "{path}");
        assert_eq!(other.get(path).await.status, 403, "{path}");
        assert_eq!(staff.get(path).await.status, 200, "{path}");
    }
    let shown = staff.get("/lab/catalogue/govbr").await;
    assert!(shown.body.contains("https://login.loja.example/callback/govbr"), "{}", shown.body);
}

#[actix_web::test]
async fn a_file_that_may_not_read_its_values_is_not_asked_whether_they_are_set() {
    let broker = TestBroker::builder(&format!("{LOCAL}filesMayRead: {{ env: [ \"OUTRA_*\" ] }}\n")).with_standard("acme").build().await;
    let browser = Browser::new(&broker);

    let shown = page(&browser, "/lab/catalogue/zitadel", "en").await;

    assert!(shown.body.contains("The file may not be used here as it is."), "{}", shown.body);
    assert!(shown.body.contains("filesMayRead") && !shown.body.contains(">not set<"), "{}", shown.body);
}

#[actix_web::test]
async fn the_list_of_providers_and_the_editor_lead_to_the_gallery() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let empty = TestBroker::builder(LOCAL).build().await;

    for (browser, path) in [(&browser, "/lab/providers"), (&browser, "/lab/editor"), (&Browser::new(&empty), "/lab/providers")] {
        let shown = page(browser, path, "en").await;
        assert!(shown.body.contains("href=\"/lab/catalogue\""), "{path}: {}", shown.body);
    }
    let editor = page(&browser, "/lab/editor", "en").await;
    assert!(editor.body.contains("<option value=\"govbr\">gov.br</option>"), "{}", editor.body);
}
