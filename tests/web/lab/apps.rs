//! The apps of a store in the lab.

use crate::support::{root, text};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
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
        let list = broker.ask(ClientRequest::get("/lab/providers").with("accept-language", language)).await;
        assert!(list.body.contains(&format!("<a class=\"button fit\" href=\"/lab/apps\">{title}</a>")), "{}", list.body);
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

/// A broker with apps whose sign-in can be tested.
async fn with_apps_to_test() -> TestBroker {
    let apps = "apps:
  painel:
    name: Painel
    secret: env:AN_UNSET_VARIABLE_OF_NO_MACHINE
    redirectUris: [ https://painel.loja.example/callback ]
    grants: [ authorizationCode, refreshToken ]
    scopes: [ openid, email, profile, offline_access ]
    signing: ES256
    consent: ask
  celular: { secret: none, redirectUris: \"com.example.app:/callback\", providers: [ beta ], signing: ES256 }
  robo: { secret: env:AN_UNSET_VARIABLE_OF_NO_MACHINE, grants: [ clientCredentials ], scopes: [ orders:read ], audience: https://api.loja.example }
";
    TestBroker::builder(&format!("{LOCAL}{apps}providers: FOLDER/providers.d\n")).with_standard("acme").with_standard("beta").build().await
}

/// Begins a test of an app at a provider.
async fn begin_trial(browser: &Browser, app: &str, provider: &str) -> Answer {
    let form = field(&browser.get("/lab/apps").await);
    browser.ask(ClientRequest::form(&format!("/lab/apps/{app}/test"), &format!("form={form}&provider={provider}"))).await
}

fn state_of(begun: &Answer) -> String {
    let url = url::Url::parse(begun.location().unwrap_or_else(|| panic!("{begun:?}"))).expect("an address");
    url.query_pairs().find(|(name, _)| name == "state").map_or_else(|| panic!("{begun:?}"), |(_, state)| state.into_owned())
}

/// Attack V-01
#[actix_web::test]
async fn a_sign_in_through_an_app_is_shown_part_by_part_and_creates_nothing() {
    let broker = with_apps_to_test().await;
    let browser = Browser::new(&broker);

    let begun = begin_trial(&browser, "painel", "acme").await;
    assert_eq!(begun.status, 303, "{begun:?}");
    let state = state_of(&begun);
    let ended = browser.get(&browser.way_back("acme", &state, "bia")).await;
    let place = ended.location().expect("the story").to_owned();
    let shown = browser.get(&format!("{place}?lang=en")).await;

    assert!(place.starts_with("/lab/acme/tests/"), "{ended:?}");
    assert!(ended.session().is_none() && browser.who().await.is_none() && browser.attempts().is_empty(), "{ended:?}");
    for part in [
        "painel: the sign-in, part by part",
        "1. The app sends the browser to /authorize",
        "<code>https://painel.loja.example/callback</code>",
        "The app has several providers",
        "The person is asked once",
        "3. The browser brings the answer to the app",
        "The secret or the keys of this app are not set on this machine",
        "<dt>refresh_token</dt><dd><span class=\"masked\">",
        "6. The ID token",
        "The ID token is signed with ES256.",
        "<dt>email</dt><dd><span class=\"hidden-value\" aria-hidden=\"true\">••••••</span> e-mail address",
        "<dt>acr</dt><dd><code>provider:acme</code>",
        "8. The answer of /userinfo",
    ] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    assert!(!shown.body.contains("bia@") && !shown.body.contains("id-bia") && !shown.body.contains(&broker.mark), "{}", shown.body);
    let stored = String::from_utf8_lossy(&broker.stored()).into_owned();
    assert!(!stored.contains("bia@clientes.example") && !stored.contains("id-bia"), "no one is created");
    let refused =
        browser.get("/authorize?client_id=painel&redirect_uri=http://localhost:8080/lab/apps&response_type=code&scope=openid").await;
    assert_eq!((refused.status, refused.location()), (400, None), "no address is accepted beyond those of the app");
    let again = browser.get(&browser.way_back("acme", &state, "bia")).await;
    assert!(again.session().is_none() && again.location().is_none_or(|place| place.starts_with("/lab/")), "{again:?}");
}

#[actix_web::test]
async fn a_sign_in_through_an_app_that_fails_at_the_provider_says_what_the_app_gets() {
    let broker = with_apps_to_test().await;
    let browser = Browser::new(&broker);

    let begun = begin_trial(&browser, "celular", "beta").await;
    let ended = browser.get(&format!("/callback/beta?error=access_denied&state={}", state_of(&begun))).await;
    let shown = browser.get(&format!("{}?lang=en", ended.location().expect("the story"))).await;

    assert!(shown.body.contains("The app has one provider") && shown.body.contains("The person was not signed in"), "{}", shown.body);
    assert!(!shown.body.contains("The ID token"), "{}", shown.body);
}

#[actix_web::test]
async fn only_what_an_app_allows_is_tested_and_only_from_our_own_page() {
    let broker = with_apps_to_test().await;
    let browser = Browser::new(&broker);
    let page = browser.get("/lab/apps").await.body;
    assert!(page.contains("action=\"/lab/apps/painel/test\"") && !page.contains("/lab/apps/robo/test"), "{page}");

    for (app, provider) in [("painel", "zeta"), ("celular", "acme"), ("robo", "acme"), ("unknown", "acme"), ("painel", "")] {
        assert_eq!(begin_trial(&browser, app, provider).await.status, 404, "{app} {provider}");
    }
    let foreign = browser.ask(ClientRequest::form("/lab/apps/painel/test", "provider=acme")).await;
    assert_eq!((foreign.status, foreign.location()), (403, None));
    assert!(browser.attempts().is_empty());
    assert_eq!(browser.get("/lab/apps/painel/test").await.location(), Some("/lab/apps"));
}
