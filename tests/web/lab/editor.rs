//! The editor: a text is checked and tried, and gives nothing away that its file does not give away already.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::lab::{MARKUP, OPEN_HOST, STAFF, encoded, field, open_house, somebody};
use crate::web::test_broker::{LOCAL, OPEN, STANDARD, TestBroker};
use crate::web::test_provider::json;
use portaria::directory::incidents::LoadIncident;
use portaria::story::Story;
use portaria::world::clock;

const DOTS: &str = "••••••";

/// The text in the field of the editor.
pub(super) fn text_in(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("<textarea id=\"yaml\"").expect("there is a field");
    let (_, rest) = rest.split_once(">\n").expect("it holds a text");
    let text = rest.split("</textarea>").next().unwrap_or_default();
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Presses a button of the editor.
pub(super) async fn press(browser: &Browser, name: &str, text: &str, button: &str) -> Answer {
    let page = browser.ask(ClientRequest::get(&format!("/lab/editor/{name}")).with("accept-language", "en")).await;
    let form = field(&page);
    let form = format!("form={form}&name={name}&do={button}&yaml={}", encoded(&text.replace('\n', "\r\n")));
    browser.ask(ClientRequest::form(&format!("/lab/editor/{name}"), &form).with("accept-language", "en")).await
}

async fn check(browser: &Browser, name: &str, text: &str) -> Answer {
    let form = format!("name={name}&yaml={}", encoded(text));
    browser.ask(ClientRequest::form("/lab/editor/check", &form).with("accept-language", "en")).await
}

pub(super) fn standard(upstream: &str) -> String {
    STANDARD.replace("UPSTREAM", upstream)
}

/// The text of the standard provider as it stands in its folder.
pub(super) fn standard_of(broker: &TestBroker) -> String {
    standard(&broker.upstream.url()).replace("SECRET", &format!("file:{}/secrets/acme", broker.folder.0.display()))
}

pub(super) fn state(begun: &Answer) -> String {
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    url.query_pairs().find(|(name, _)| name == "state").map_or_else(|| panic!("{begun:?}"), |(_, state)| state.into_owned())
}

async fn story(broker: &TestBroker, address: &str) -> Story {
    let code = address.rsplit('/').next().unwrap_or_default();
    let load = LoadIncident { code: code.into(), now: clock::now() };
    let kept = broker.app.directory.read(load).await.expect("storage").unwrap_or_else(|| panic!("nothing is kept: {address}"));
    serde_json::from_str(&kept.story).expect("a story")
}

#[actix_web::test]
async fn a_text_is_checked_beside_its_lines_and_its_requests_are_shown() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let text = text_in(&browser.get("/lab/editor/acme").await);
    assert_eq!(text, standard_of(&broker));

    let fine = check(&browser, "acme", &text).await;
    let wrong = check(&browser, "acme", &text.replace("scope:", "skope:")).await;

    assert_eq!((fine.status, wrong.status), (200, 200));
    for part in ["No mistakes", "1. getAuthorizationCode", "2. getAccessCode", "3. getUserInfo", "loja-42", "/callback/acme"] {
        assert!(fine.body.contains(part), "{part}: {}", fine.body);
    }
    assert!(!fine.body.contains("<html"), "it is a part of the page");
    for part in ["data-line=\"4\"", "data-column=", "data-meant=\"scope\"", "1 mistake", "Waiting for line 4"] {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    let body = serde_json::json!({ "name": "acme", "yaml": text.replace("scope:", "skope:") }).to_string();
    let ask = || ClientRequest::by("POST", "/lab/editor/check").with("content-type", "application/json").with("accept", "application/json");
    let wrong = browser.ask(ask().body(body)).await.json();
    assert_eq!((&wrong["complaints"][0]["line"], &wrong["complaints"][0]["meant"]), (&4.into(), &"scope".into()), "{wrong}");
    assert!(wrong["requests"].is_null());
    let fine = browser.ask(ask().body(serde_json::json!({ "name": "acme", "yaml": text }).to_string())).await.json();
    assert_eq!(fine["requests"][1]["step"], "getAccessCode", "{fine}");
    assert_eq!(browser.ask(ask().body("{")).await.status, 400);
}

#[actix_web::test]
async fn the_buttons_work_without_a_script() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let text = standard_of(&broker);
    let slip = text.replace("scope:", "skope:");

    let checked = press(&browser, "acme", &slip, "check").await;
    assert_eq!(text_in(&checked), slip, "what was typed stays");
    for part in ["1 mistake", "<u>skope</u>", "value=\"fix-1\"", "Nothing was saved."] {
        assert!(checked.body.contains(part), "{part}: {}", checked.body);
    }
    assert_eq!(text_in(&press(&browser, "acme", &slip, "fix-1").await), text);
    assert_eq!(text_in(&press(&browser, "acme", &slip, "fix-9").await), slip);
    let copied = press(&browser, "acme", &text, "copy").await;
    assert!(copied.body == text && copied.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{copied:?}");
    let saved = press(&browser, "acme", &text, "download").await;
    assert_eq!((saved.header("content-disposition"), &*saved.body), (Some("attachment; filename=\"acme.yaml\""), &*text));
    let refused = press(&browser, "acme", &slip, "try").await;
    assert!(refused.body.contains("Correct the mistakes first.") && text_in(&refused) == slip, "{}", refused.body);
}

#[actix_web::test]
async fn a_new_file_begins_with_what_is_chosen() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);

    let start = browser.ask(ClientRequest::get("/lab/editor").with("accept-language", "en")).await;
    assert!(start.body.contains("/lab/editor/acme") && start.body.contains("a copy of"), "{}", start.body);
    let led = browser.get("/lab/editor?name=nova&from=.least").await;
    assert_eq!(led.location(), Some("/lab/editor/nova?from=.least"));
    for (from, fine) in [(".least", true), (".discovery", true), (".empty", false), ("acme", true)] {
        let text = text_in(&browser.get(&format!("/lab/editor/nova?from={from}")).await);
        let answer = check(&browser, "nova", &text).await;
        assert_eq!(answer.body.contains("No mistakes"), fine, "{from}: {text}\n{}", answer.body);
    }
    for name in ["..%2Fx", "a%20b", "portaria", "check", "apps", MARKUP, ""] {
        let answer = browser.get(&format!("/lab/editor?name={}", encoded(name))).await;
        assert!(
            answer.status == 400 || answer.status == 303 && !answer.location().unwrap_or_default().contains(".."),
            "{name}: {answer:?}"
        );
        assert!(!answer.body.contains("<img"), "{}", answer.body);
    }
    assert_eq!(browser.get("/lab/editor/portaria-x").await.status, 404, "its variables would be those of the broker");
    assert_eq!(browser.get("/lab/editor/check").await.location(), Some("/lab/editor"));
}

#[actix_web::test]
async fn a_proposal_of_an_incident_opens_as_an_edited_text() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    broker.upstream.says("/me", json(200, "{\"id\":\"7\",\"mail\":\"bia@clientes.example\",\"verified\":true}"));
    let begun = press(&browser, "acme", &standard_of(&broker), "try").await;
    let ended = browser.get(&browser.way_back("acme", &state(&begun), "bia")).await;
    let place = ended.location().expect("its story").to_owned();
    let proposals = story(&broker, &place).await.proposals;
    assert!(!proposals.is_empty());
    let code = place.rsplit('/').next().unwrap_or_default();

    let shown = browser.ask(ClientRequest::get(&format!("/lab/incidents/{code}")).with("accept-language", "en")).await;
    let link = format!("href=\"/lab/editor/acme?incident={code}&#38;proposal=1\"");
    assert!(shown.body.contains(&link) && shown.body.contains("Open in the editor with this change"), "{}", shown.body);
    let page = browser.get(&format!("/lab/editor/acme?incident={code}&proposal=1")).await;

    assert!(text_in(&page).contains("$.mail"), "{}", text_in(&page));
    assert_eq!(text_in(&browser.get(&format!("/lab/editor/acme?incident={code}&proposal=9")).await), standard_of(&broker));
    assert_eq!(text_in(&browser.get("/lab/editor/acme?incident=222-222&proposal=1").await), standard_of(&broker));
    broker.folder.write("providers.d/acme.yaml", &standard_of(&broker).replace("$.email", "$.mail"));
    broker.look_again();
    let changed = browser.get(&format!("/lab/incidents/{code}")).await;
    assert!(!changed.body.contains("&#38;proposal=1\""), "the file has no such lines any more: {}", changed.body);
}

/// Attack P-04
#[actix_web::test]
async fn an_edited_text_is_tried_for_this_login_alone() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let edited = standard_of(&broker).replace("/me", "/eu").replace("id: $.id", "id: $.pessoa");
    broker.upstream.says("/eu", json(200, "{\"pessoa\":\"7\",\"email\":\"bia@clientes.example\",\"verified\":true}"));

    let begun = press(&browser, "acme", &edited, "try").await;
    assert_eq!(begun.status, 303, "{begun:?}");
    let back = browser.way_back("acme", &state(&begun), "bia");
    let elsewhere = Browser::new(&broker).get(&back).await;
    let ended = browser.get(&back).await;

    assert_ne!(elsewhere.status, 303, "another browser has no part of it");
    let told = story(&broker, ended.location().expect("its story")).await;
    assert_eq!((told.test, told.code.as_deref(), told.exchanges.len()), (true, None, 2), "{told:?}");
    assert!(ended.location().is_some_and(|place| place.starts_with("/lab/acme/tests/")), "{ended:?}");
    assert!(ended.session().is_none() && browser.who().await.is_none());
    let stored = String::from_utf8_lossy(&broker.stored()).into_owned();
    assert!(!stored.contains("bia@clientes.example") && !stored.contains("$.pessoa"), "nothing of the text is kept");
    assert!(!text_in(&browser.get("/lab/editor/acme").await).contains("/eu"), "the file is as it was");
    broker.assert_still_works().await;
}

#[actix_web::test]
async fn a_text_that_is_no_file_yet_is_tried_under_its_name() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let text = standard_of(&broker);
    let with_input =
        format!("{text}inputs: {{ loja: {{ label: Your shop, pattern: \"[a-z]+\" }} }}\n").replace("/entrar\"", "/entrar?l=${loja}\"");

    let asked = press(&browser, "nova", &with_input, "try").await;
    assert!(asked.body.contains("name=\"input-loja\"") && asked.body.contains("Your shop"), "{}", asked.body);
    let begun = press(&browser, "nova", &text, "try").await;
    let ended = browser.get(&browser.way_back("nova", &state(&begun), "bia")).await;

    let told = story(&broker, ended.location().expect("its story")).await;
    assert_eq!((told.provider.as_str(), told.code), ("nova", None), "{ended:?}");
    let page = browser.get(ended.location().unwrap_or_default()).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(browser.get("/login/nova").await.status, 404, "it is offered to no one");
    assert_eq!(browser.get(&browser.way_back("nova", "x", "bia")).await.status, 404, "afterwards there is nothing of it");
}

/// Attacks P-05, P-07, P-08
#[actix_web::test]
async fn only_staff_check_and_try_and_only_from_our_own_pages() {
    let broker = open_house().await;
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    let form = format!("name=acme&yaml={}", encoded("name: Acme\n"));
    let ask = || ClientRequest::form("/lab/editor/check", &form);

    assert_eq!(staff.ask(ask()).await.status, 200);
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        assert_eq!(staff.ask(ask().with(name, value)).await.status, 403, "{name}");
        let tried = ClientRequest::form("/lab/editor/acme", &format!("do=try&{form}"));
        assert_eq!(staff.ask(tried.with(name, value)).await.status, 403, "{name}");
    }
    assert_eq!(staff.ask(ClientRequest::form("/lab/editor/acme", &format!("form=1.x&do=try&{form}"))).await.status, 403);
    for stranger in
        [somebody(&broker, OPEN_HOST, "bia@clientes.example", true), somebody(&broker, OPEN_HOST, "suporte@loja.example", false)]
    {
        for answer in [stranger.ask(ask()).await, stranger.get("/lab/editor").await, stranger.get("/lab/editor/acme").await] {
            assert_eq!(answer.status, 403, "{answer:?}");
        }
    }
    let nobody = Browser::at(&broker, OPEN_HOST).ask(ask()).await;
    assert!(nobody.location().is_some_and(|place| place.starts_with("/login?")), "{nobody:?}");
}

/// A store on the open net with one provider that has a secret.
pub(super) async fn with_secret(file: &str) -> (TestBroker, Browser) {
    let broker = TestBroker::builder(&format!("{OPEN}{STAFF}")).with("acme", file).build().await;
    let staff = somebody(&broker, OPEN_HOST, "suporte@loja.example", true);
    (broker, staff)
}

/// Attacks P-01, P-16, Y-08
#[actix_web::test]
async fn a_secret_goes_only_where_the_saved_file_sends_it() {
    let (broker, staff) = with_secret(&standard("https://sso.acme.example")).await;
    let text = text_in(&staff.get("/lab/editor/acme").await);
    let begun = press(&staff, "acme", &text.replace("/entrar", "/login").replace("/me", "/eu"), "try").await;
    assert!(begun.location().is_some_and(|place| place.starts_with("https://sso.acme.example/login?")), "{begun:?}");

    for (from, to, said) in [
        ("sso.acme.example/token", "evil.example/token", "https://evil.example"),
        ("sso.acme.example/me", "sso.acme.example.evil.example/me", "evil.example"),
        ("sso.acme.example/token", "sso.acme.example:8443/token", ":8443"),
        ("sso.acme.example/token", "${provider}.evil.example/token\", timeout: \"5s", "hosts"),
        ("getAccessCode:", "discovery: https://evil.example\ngetAccessCode:", "discovery"),
        ("name: Clube Acme", "name: Clube Acme\nredirectUri: https://evil.example/volta", "redirectUri"),
        ("name: Clube Acme", "name: Clube Acme\nredirectUri: /volta", "redirectUri"),
    ] {
        let edited = text.replace(from, to);
        assert_ne!(edited, text, "{from}");
        let answer = press(&staff, "acme", &edited, "try").await;
        assert_eq!(answer.status, 200, "{to}: {answer:?}");
        assert!(
            answer.body.contains("role=\"alert\"") && (answer.body.contains(said) || answer.body.contains("Correct")),
            "{to}: {}",
            answer.body
        );
        broker.assert_silent(&answer);
    }
    let new = press(&staff, "nova", &text, "try").await;
    assert!(new.status == 200 && new.body.contains("No file of this name is in use"), "{}", new.body);
}

/// Attacks P-14, P-16, P-18
#[actix_web::test]
async fn no_name_for_a_secret_makes_it_visible() {
    let (broker, staff) = with_secret(&standard("https://sso.acme.example")).await;
    let text = text_in(&staff.get("/lab/editor/acme").await);
    let secret = format!("file:{}/secrets/acme", broker.folder.0.display());
    let as_setting = text.replace("name: Clube Acme", &format!("name: Clube Acme\nsettings: {{ tenant: \"{secret}\" }}"));

    for edited in [
        as_setting.replace("/entrar\"", "/entrar?t=${tenant}\""),
        as_setting.replace("/entrar\"", "/entrar?t=${tenant|base64url}\""),
        as_setting.replace("/token\"", "/token?t=${tenant}\""),
        text.replace("clientId: loja-42", &format!("clientId: \"{secret}\"")),
    ] {
        let shown = check(&staff, "acme", &edited).await;
        assert!(shown.body.contains("3. getUserInfo"), "{edited}\n{}", shown.body);
        broker.assert_silent(&shown);
        let tried = press(&staff, "acme", &edited, "try").await;
        assert!(tried.status == 200 && tried.body.contains("a secret stays a secret"), "{}", tried.body);
        broker.assert_silent(&tried);
    }
    let typed = check(&staff, "acme", &format!("{text}# {}-secret\n", broker.mark)).await;
    assert!(typed.body.contains("No mistakes"), "a guess is not confirmed: {}", typed.body);
}

/// Attacks P-18, Y-03
#[actix_web::test]
async fn a_text_names_only_what_a_file_of_its_name_may_read() {
    let (broker, staff) = with_secret(&standard("https://sso.acme.example")).await;
    broker.folder.write("secrets/other", "another-value");
    let text = text_in(&staff.get("/lab/editor/acme").await);
    let secret = format!("file:{}/secrets/acme", broker.folder.0.display());

    for other in ["env:OUTRA_SECRET", "env:PORTARIA_MASTER_KEY", "file:/etc/passwd", "file:../portaria.yaml"] {
        let answer = check(&staff, "acme", &text.replace(&secret, other)).await;
        assert!(answer.body.contains("data-kind=\"bad\"") && !answer.body.contains("3. getUserInfo"), "{other}: {}", answer.body);
        let tried = press(&staff, "acme", &text.replace(&secret, other), "try").await;
        assert!(tried.body.contains("Correct the mistakes first."), "{other}: {}", tried.body);
    }
    let allowed = text.replace(&secret, &secret.replace("/acme", "/other"));
    assert!(check(&staff, "acme", &allowed).await.body.contains("No mistakes"));
    let tried = press(&staff, "acme", &allowed, "try").await;
    assert!(tried.status == 200 && tried.body.contains("does not read in this form"), "{}", tried.body);
}

/// Attack P-17
#[actix_web::test]
async fn how_a_login_ends_says_nothing_about_a_secret() {
    let (_broker, staff) = with_secret(&standard("https://sso.acme.example")).await;
    let text = text_in(&staff.get("/lab/editor/acme").await);

    for (from, to) in [
        ("/entrar\"", "/entrar?h=${clientSecret|sha256|hex}\""),
        ("name: $.name }", "name: $.name }\n  when: { clientSecret: { matches: \"^a\" } }"),
        ("name: Clube Acme", "name: Clube Acme\nrequire: { clientSecret: { matches: \"^a\" } }"),
        ("name: $.name }", "name: \"${clientSecret}\" }"),
        // The request would show the parameter only if the secret begins with this letter.
        ("/token\" }", "/token\", query: { a: '${clientSecret? | prepend \"^\" | after \"^a\"}' } }"),
        // The saved file sends no secret in this form.
        ("/me\n", "/me\n  query: { s: \"${clientSecret|upper}\" }\n"),
        // A provider may repeat what it gets: the saved file sends the secret in another parameter, and to another address.
        ("/token\" }", "/token\", form: { client_id: \"${clientSecret}\" } }"),
        ("/token\"", "/echo\""),
    ] {
        let edited = text.replace(from, to);
        assert_ne!(edited, text);
        let answer = press(&staff, "acme", &edited, "try").await;
        let is_refused =
            ["otherwise than the saved file does", "Correct the mistakes first."].iter().any(|said| answer.body.contains(said));
        assert!(answer.status == 200 && is_refused, "{to}: {answer:?}");
    }
}

/// Attack P-02
#[actix_web::test]
async fn an_edited_text_reaches_no_private_address() {
    let (broker, staff) = with_secret(&standard("https://sso.acme.example")).await;
    let public = standard("https://sso.acme.example").replace("SECRET", "none");

    for (name, text) in [
        ("acme", public.replace("https://sso.acme.example/token", "https://10.0.0.7/token")),
        ("nova", public.replace("https://sso.acme.example/token", "https://169.254.169.254/token")),
    ] {
        let begun = press(&staff, name, &text, "try").await;
        assert_eq!(begun.status, 303, "a public client has nothing to lose: {begun:?}");
        let ended = staff.get(&staff.way_back(name, &state(&begun), "caio")).await;
        let told = story(&broker, ended.location().expect("its story")).await;
        let said = told.exchanges[0].no_answer.as_deref().unwrap_or_default();
        assert!(said.starts_with("the address may not be reached from here"), "{told:?}");
    }
    let loopback = press(&staff, "acme", &public.replace("https://sso.acme.example/me", "http://localhost:8080/metrics"), "try").await;
    assert!(loopback.body.contains("Correct the mistakes first."), "{}", loopback.body);
}

/// Attack P-15
#[actix_web::test]
async fn a_masked_value_stays_where_it_is_saved() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    let literal = format!("{}-literal", broker.mark);
    let file =
        STANDARD.replace("  read:", &format!("  headers: {{ X-Api-Token: {literal} }}\n  query: {{ access_token: {literal} }}\n  read:"));
    let file = file.replace("/me\n", &format!("/me?v=2&token={literal}\n"));
    broker.rewrite("acme", &file);
    let browser = Browser::new(&broker);
    let page = browser.get("/lab/editor/acme").await;
    let text = text_in(&page);
    assert!(text.contains(&format!("X-Api-Token: {DOTS}")), "{text}");

    for button in ["check", "copy", "download"] {
        let answer = press(&browser, "acme", &text, button).await;
        assert!(answer.status == 200 && answer.body.contains(DOTS), "{button}: {answer:?}");
        broker.assert_silent(&answer);
    }
    let saved = press(&browser, "acme", &text, "download").await;
    assert!(saved.body.starts_with("# ••••••: the lab does not show these values."), "{}", saved.body);
    for edited in [
        text.replace("/me?", "/echo?"),
        text.replace("X-Api-Token:", "X-Echo:"),
        text.replace("name: Clube Acme", &format!("name: \"{DOTS}\"")),
        text.replace("/entrar\"", &format!("/entrar?t={DOTS}\"")),
    ] {
        assert_ne!(edited, text);
        broker.assert_silent(&check(&browser, "acme", &edited).await);
        let tried = press(&browser, "acme", &edited, "try").await;
        assert!(tried.status == 200 && tried.body.contains("stand for nothing here"), "{}", tried.body);
    }
    let typed = check(&browser, "acme", &text.replace(DOTS, &literal)).await;
    for shown in [browser.get("/lab/acme").await, typed] {
        broker.assert_silent(&shown);
        assert!(shown.body.matches("class=\"masked\"").count() > 2, "previews have masks: {}", shown.body);
    }
    let begun = press(&browser, "acme", &text.replace("scope: perfil", "scope: tudo"), "try").await;
    let ended = browser.get(&browser.way_back("acme", &state(&begun), "bia")).await;
    let place = ended.location().expect("its story").to_owned();
    for address in [place.clone(), format!("{place}/report.txt")] {
        broker.assert_silent(&browser.get(&address).await);
    }
    assert_eq!(story(&broker, &place).await.exchanges[1].request.headers.last().map(|(_, value)| &**value), Some("‹X-Api-Token›"));
    assert!(!String::from_utf8_lossy(&broker.stored()).contains(&literal), "no story and no good login holds it");
    let sent = broker.upstream.heard().into_iter().find(|request| request.header("x-api-token").is_some()).expect("it was sent");
    assert_eq!(sent.header("x-api-token"), Some(&*literal), "to where it is saved");
}

/// Attacks P-19, Y-01, Y-09
#[actix_web::test]
async fn a_huge_or_deep_text_costs_little() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let slow_pattern = "(a+)+".repeat(90);
    for text in [
        "[".repeat(60_000),
        "a: &x [ *x, *x ]\n".to_owned(),
        (0..8_000).map(|number| format!("w{number}: 1\n")).collect(),
        format!("name: Acme\nrequire: [{}]\n", format!("{{ id: {{ matches: \"{slow_pattern}\" }} }},").repeat(100)),
        format!("name: Acme\ngetUserInfo: {{ get: \"https://a.example/{}\" }}\n", "${x}".repeat(10_000)),
        format!("name: Acme\ngetUserInfo: [{}]\n", "{ get: https://a.example/x, read: { id: $..a..b..c } },".repeat(1_000)),
        "\u{feff}\u{202e}\u{0}\t\r\n".repeat(3_000),
    ] {
        let answer = check(&browser, "acme", &text).await;
        assert_eq!(answer.status, 200, "{text:.80}");
        assert!(answer.body.len() < 1 << 20, "{text:.80}: {}", answer.body.len());
    }
    let long = check(&browser, "acme", &"a".repeat(66_000)).await;
    assert!(long.body.contains("longer than 64 KiB"), "{}", long.body);
    assert_eq!(press(&browser, "acme", &"a".repeat(66_000), "check").await.status, 413);
    assert_eq!(check(&browser, "acme", &"a".repeat(300_000)).await.status, 413);
}

/// Attack P-06
#[actix_web::test]
async fn markup_in_a_text_stays_text() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let ends_field = "</textarea><script>alert(1)</script>";
    for text in [
        format!("name: {MARKUP}\n"),
        format!("{MARKUP}: x\n# {ends_field}\n"),
        standard_of(&broker).replace("loja-42", ends_field).replace("scope: perfil", &format!("scope: '{MARKUP}'")),
        format!("getUserInfo: {{ get: '{ends_field}' }}\n"),
    ] {
        let checked = check(&browser, "acme", &text).await;
        let page = press(&browser, "acme", &text, "check").await;
        for answer in [&checked, &page] {
            assert!(!answer.body.contains("<img") && !answer.body.contains("<script>"), "{}", answer.body);
            broker.assert_clean(answer);
        }
        assert_eq!(text_in(&page), text);
        let copied = press(&browser, "acme", &text, "copy").await;
        assert!(copied.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{copied:?}");
    }
}

#[actix_web::test]
async fn checks_have_a_rate_limit_of_their_own() {
    let settings = LOCAL.replace("limits: off", "limits: { login: 1, callback: 1, session: 1, auth: 1 }");
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;
    let browser = Browser::new(&broker);

    let mut last = check(&browser, "acme", "name: Acme\n").await;
    for _ in 0..40 {
        last = check(&browser, "acme", "name: Acme\n").await;
    }

    assert!(last.status == 429 && last.header("retry-after").is_some(), "{last:?}");
    assert_eq!(browser.get("/lab/acme").await.status, 200, "pages have their own");
}
