//! The apps of a store in the lab.

use crate::support::{root, text};
use crate::web::client_request::ClientRequest;
use crate::web::lab::{MARKUP, OPEN_HOST, encoded, field, somebody};
use crate::web::test_broker::{LOCAL, OPEN, TestBroker};

/// Attack N-01
#[actix_web::test]
async fn staff_see_the_apps_of_their_own_store_with_what_a_developer_needs() {
    let settings = format!(
        "{OPEN}providers: FOLDER/providers.d
lab: {{ staff: [ suporte@loja.example ] }}
apps:
  painel:
    name: 'Painel {MARKUP}'
    secret: env:AN_UNSET_VARIABLE_OF_NO_MACHINE
    redirectUris: [ https://painel.loja.example/callback ]
    afterLogout: [ https://painel.loja.example/ ]
    providers: [ acme, zeta ]
  celular: {{ secret: none, signing: ES256, redirectUris: \"com.example.app:/callback\" }}
stores:
  atacado:
    publicUrl: https://login.atacado.example
    lab: {{ staff: [ outra@loja.example ] }}
    apps: {{ deles: {{ secret: none, redirectUris: https://deles.example/cb }} }}
"
    );
    let broker = TestBroker::builder(&settings).with_standard("acme").build().await;
    let page = async |host: &str, address: &str| {
        let staff = somebody(&broker, host, address, true);
        staff.ask(ClientRequest::get("/lab/apps").with("accept-language", "en").with("accept", "text/html")).await
    };

    let own = page(OPEN_HOST, "suporte@loja.example").await;
    assert_eq!(own.status, 200, "{own:?}");
    broker.assert_clean(&own);
    for part in [
        "Painel &#60;img src=x",
        "<code>https://login.loja.example/.well-known/openid-configuration</code>",
        "<code>painel</code>",
        "<code>https://painel.loja.example/callback</code>",
        "<code>https://painel.loja.example/</code>",
        "This app cannot sign anyone in.",
        "providers that have no file here: zeta.",
        "<code>com.example.app:/callback</code>",
        "<code>ES256</code>",
        "<code>openid</code><br><code>email</code>",
    ] {
        assert!(own.body.contains(part), "{part}: {}", own.body);
    }
    assert!(!own.body.contains("<img") && !own.body.contains("deles"), "{}", own.body);

    let theirs = page("login.atacado.example", "outra@loja.example").await;
    assert!(theirs.body.contains("https://deles.example/cb") && !theirs.body.contains("painel.loja.example"), "{}", theirs.body);
    assert_eq!(page("login.atacado.example", "suporte@loja.example").await.status, 403);
}

#[actix_web::test]
async fn a_store_without_apps_says_how_to_begin_with_one() {
    let broker = TestBroker::open().await;

    for (language, title) in [("en", "Apps"), ("es", "Aplicaciones"), ("pt-BR", "Aplicativos")] {
        let page = broker.ask(ClientRequest::get("/lab/apps").with("accept-language", language)).await;
        assert!(
            page.status == 200 && page.body.contains("portaria apps add") && page.body.contains(&format!("<h1>{title}</h1>")),
            "{page:?}"
        );
        let list = broker.ask(ClientRequest::get("/lab").with("accept-language", language)).await;
        assert!(list.body.contains(&format!("<a class=\"button\" href=\"/lab/apps\">{title}</a>")), "{}", list.body);
    }
}

/// A broker with two apps, on loopback.
async fn with_apps() -> TestBroker {
    let apps = "apps:
  painel: { secret: env:AN_UNSET_VARIABLE_OF_NO_MACHINE, redirectUris: [ https://painel.loja.example/callback, https://painel.loja.example/ ] }
  celular: { secret: none, redirectUris: \"com.example.app:/callback\" }
";
    TestBroker::builder(&format!("{LOCAL}{apps}")).with_standard("acme").build().await
}

async fn page_in_english(broker: &TestBroker) -> String {
    broker.ask(ClientRequest::get("/lab/apps").with("accept-language", "en")).await.body
}

const PAINEL: &str =
    "client_id=painel&response_type=code&scope=openid%20email%20x&redirect_uri=https%3A%2F%2Fpainel.loja.example%2Fcallback";

#[actix_web::test]
async fn a_pasted_request_is_judged_as_it_would_be() {
    let broker = with_apps().await;
    let form = field(&broker.ask(ClientRequest::get("/lab/apps")).await);
    let judged = async |typed: &str| {
        let body = format!("form={form}&address={}", encoded(typed));
        let answer = broker.ask(ClientRequest::form("/lab/apps", &body).with("accept-language", "en")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        broker.assert_clean(&answer);
        assert!(!answer.body.contains("<img"), "{}", answer.body);
        answer.body
    };

    for (typed, part) in [
        (format!("http://localhost:8080/authorize?{PAINEL}"), "painel gets these scopes: openid email."),
        (PAINEL.to_owned(), "The request is in order."),
        ("https://www.loja.example/".to_owned(), "This is not the address of a request."),
        (format!("http://localhost:8080/{MARKUP}?{PAINEL}"), "The one of this store is http://localhost:8080/authorize."),
        (PAINEL.replace("client_id=painel", "client_id=panel"), "No app of this store has the client ID"),
        (PAINEL.replace("%2Fcallback", "%2Fcallback%2F"), "<code>https://painel.loja.example/callback</code>"),
        (PAINEL.replace("https%3A", "http%3A"), "not one of the app"),
        (format!("{PAINEL}&client_id=celular"), "stood in the request twice"),
        (format!("{PAINEL}&request_uri=https%3A%2F%2Fevil.example"), "<code>request_uri_not_supported</code>"),
        (PAINEL.replace("=code", "=token"), "The only response type is code."),
        (
            "client_id=celular&response_type=code&scope=openid&redirect_uri=com.example.app%3A%2Fcallback".to_owned(),
            "`code_challenge` is missing",
        ),
    ] {
        let page = judged(&typed).await;
        assert!(page.contains(part), "{typed} {part}: {page}");
    }
    assert_eq!(
        broker.ask(ClientRequest::form("/lab/apps", &format!("address={PAINEL}"))).await.status,
        403,
        "only our own page may send it"
    );
}

#[actix_web::test]
async fn refused_requests_are_listed_with_the_reason_in_plain_words() {
    let broker = with_apps().await;
    assert!(page_in_english(&broker).await.contains("No request of an app was refused lately."));

    for query in [
        PAINEL.replace("%2Fcallback", "%2Felsewhere"),
        PAINEL.replace("%2Fcallback", "%2Fagain"),
        PAINEL.replace("=code", "=token"),
        PAINEL.replace("client_id=painel", "client_id=%3Cimg%20src=x%3E"),
    ] {
        broker.ask(ClientRequest::get(&format!("/authorize?{query}"))).await;
    }
    broker.ask(ClientRequest::form("/token", "grant_type=authorization_code&code=x&client_id=painel&client_secret=wrong")).await;

    let page = page_in_english(&broker).await;
    for (part, times) in [
        ("The redirect address in the request is not one of the app.", 1),
        ("<code>unsupported_response_type</code>", 1),
        ("An app that is not known", 1),
        ("Its secret or its key is wrong or missing.", 1),
        ("<b><code>painel</code></b>", 3),
    ] {
        assert_eq!(page.matches(part).count(), times, "{part}: {page}");
    }
    assert!(!page.contains("elsewhere") && !page.contains("wrong</") && !page.contains("<img"), "{page}");
}

/// A reason without a sentence would be shown as a request that was refused, and nothing more.
#[test]
fn every_reason_for_which_requests_are_refused_has_a_sentence() {
    let english = text(&root().join("src/lab/languages/en.yaml"));
    let (_, sentences) = english.split_once("\nrefusals:\n").expect("the sentences");
    let constructed = regex::Regex::new(r#"\b(?:error|refuse|OAuthError::new|Self::new)\(\s*"([a-z_]+)""#).expect("a pattern");
    let word = regex::Regex::new(r#"Self::\w+ => "([a-z_]+)""#).expect("a pattern");
    let mut found = 0;
    for folder in ["src/apps", "src/web/apps"] {
        for path in crate::architecture::sources(&root().join(folder)) {
            let code = text(&path);
            let code = crate::architecture::production_code(&code);
            let is_of_requests = path.ends_with("authorization_request.rs");
            let words = constructed.captures_iter(code).chain(word.captures_iter(code).filter(|_| is_of_requests));
            // These are about an access token or the storage, and are not recorded.
            let others = ["insufficient_scope", "invalid_token", "temporarily_unavailable"];
            for reason in words.map(|captures| captures[1].to_owned()).filter(|reason| !others.contains(&reason.as_str())) {
                found += 1;
                assert!(sentences.contains(&format!("  {reason}: ")), "{}: `{reason}` has no sentence", path.display());
            }
        }
    }
    assert!(found > 25, "the reasons are found: {found}");
}
