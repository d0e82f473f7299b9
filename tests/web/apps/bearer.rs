//! Access tokens of apps at `/auth`, where the settings name their audience.

use crate::web::apps::client::{by, code, decoded, redeem, secret, settings, signed_in, text};
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::TestBroker;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::world::clock;
use serde_json::json as value;

const API: &str = "https://api.loja.example";
/// The headers that name a person.
const PERSON: [&str; 5] = ["x-auth-email", "x-auth-name", "x-auth-uid", "x-auth-provider", "x-auth-store"];

async fn open() -> TestBroker {
    let text = format!("{}auth: {{ bearer: {API} }}\nproviders: FOLDER/providers.d\n", settings());
    TestBroker::builder(&text).with_standard("acme").with_standard("beta").build().await
}

fn with_token(token: &str) -> ClientRequest {
    ClientRequest::get("/auth").with("authorization", format!("Bearer {token}"))
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    assert_eq!(answer.all(name).count(), 1, "{name}: {answer:?}");
    answer.header(name).unwrap_or_default()
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer error=\"invalid_token\"")), "{answer:?}");
    assert!(PERSON.iter().chain(&["x-auth-app", "x-auth-scope"]).all(|name| answer.header(name).is_none()), "{answer:?}");
    assert!(answer.body.is_empty() && answer.cookies().is_empty() && answer.header("cache-control") == Some("no-store"));
}

#[actix_web::test]
async fn a_token_of_a_person_names_the_person_the_app_and_its_scopes() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let tokens = redeem(&broker, &code(&browser, "").await).await;
    let token = text(&tokens, "access_token");
    let of_browser = browser.get("/auth").await;

    for path in ["/auth", "/auth/loja/carrinho", "/auth?redirect"] {
        let ask = ClientRequest::get(path).with("authorization", format!("bearer {token}"));
        let ask = PERSON.iter().chain(&["x-auth-app", "x-auth-scope"]).fold(ask, |ask, name| ask.with(name, "vitima"));
        let answer = broker.ask(ask).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for name in PERSON {
            assert_eq!(header(&answer, name), header(&of_browser, name), "{name}");
        }
        assert_eq!((header(&answer, "x-auth-app"), header(&answer, "x-auth-scope")), ("painel", "openid email profile"));
        assert!(answer.cookies().is_empty() && answer.header("cache-control") == Some("no-store"));
    }

    assert_eq!((header(&of_browser, "x-auth-app"), header(&of_browser, "x-auth-scope")), ("", ""));
    assert!(!token.is_empty() && !decoded(&token).1.to_string().contains("clientes.example"), "the app learns only what its scopes allow");
}

#[actix_web::test]
async fn a_token_of_a_machine_names_the_app_and_no_person() {
    let broker = open().await;
    let token = text(&broker.ask(by("job", "/token", "grant_type=client_credentials")).await, "access_token");

    let answer = broker.ask(with_token(&token)).await;

    assert_eq!((answer.status, header(&answer, "x-auth-app"), header(&answer, "x-auth-scope")), (200, "job", "orders:read"));
    assert!(PERSON.iter().all(|name| header(&answer, name).is_empty()), "{answer:?}");
}

/// Attacks A-01, J-09
#[actix_web::test]
async fn no_other_token_is_accepted() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let tokens = redeem(&broker, &code(&browser, "").await).await;
    let (access, id_token) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
    let elsewhere = text(&redeem(&broker, &code(&browser, "resource=painel").await).await, "access_token");
    let session = broker.token("localhost:8080", |_| {});
    let (signed, signature) = access.rsplit_once('.').expect("a signature");
    let (head, _) = signed.split_once('.').expect("claims");
    let mut claims = decoded(&access).1;
    claims["scope"] = value!("admin");
    let changed = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let unsigned =
        format!("{}.{}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"at+jwt\"}"), URL_SAFE_NO_PAD.encode(claims.to_string()));

    assert_eq!(broker.ask(with_token(&access)).await.status, 200);
    for token in [&*elsewhere, &changed, &unsigned, signed, "x", "a.b.c", &access.to_uppercase()] {
        assert_refused(&broker.ask(with_token(token)).await);
    }
    let by_session = broker.ask(with_token(&session)).await;
    assert_eq!((by_session.status, header(&by_session, "x-auth-app")), (200, ""), "a session in the header is one of a browser");
    assert_eq!(broker.ask(with_token(&id_token)).await.status, 401);
    for odd in ["Bearer", "Bearer ", "bearer\tx"] {
        assert_refused(&broker.ask(ClientRequest::get("/auth").with("authorization", odd)).await);
    }
    assert_refused(&broker.ask(with_token(&access).with("authorization", format!("Bearer {access}"))).await);
    for cookie in [access.as_str(), &id_token] {
        let answer = broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={cookie}"))).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, None), "an access token is no session");
    }
    let by_query = broker.ask(ClientRequest::get(&format!("/auth?access_token={access}"))).await;
    assert_eq!(by_query.status, 401);
}

/// The cookie of a browser goes with every request; a header is set by the program that means it.
#[actix_web::test]
async fn a_request_with_a_token_is_judged_by_it_alone() {
    let broker = open().await;
    let (ana, bia) = (signed_in(&broker, "ana").await, signed_in(&broker, "bia").await);
    let token = text(&redeem(&broker, &code(&ana, "").await).await, "access_token");
    let both = |token: &str| with_token(token).with("cookie", bia.cookies());

    assert_eq!(header(&broker.ask(both(&token)).await, "x-auth-email"), "ana@clientes.example");
    assert_refused(&broker.ask(both(&format!("{token}x"))).await);
    let navigation = ClientRequest::get("/auth?redirect").with("sec-fetch-mode", "navigate").with("accept", "text/html");
    assert_refused(&broker.ask(navigation.with("authorization", "Bearer x").with("cookie", bia.cookies())).await);
    let basic = ClientRequest::get("/auth").with("authorization", "Basic eDp5").with("cookie", bia.cookies());
    assert_eq!(header(&broker.ask(basic).await, "x-auth-email"), "bia@clientes.example", "another scheme is the affair of the service");
}

#[actix_web::test]
async fn a_token_ends_with_its_grant_though_it_was_judged_before_and_storage_is_not_asked() {
    let broker = open().await;
    let browser = signed_in(&broker, "ana").await;
    let first = text(&redeem(&broker, &code(&browser, "").await).await, "access_token");
    let second = text(&redeem(&broker, &code(&browser, "").await).await, "access_token");
    assert_eq!(broker.ask(with_token(&first)).await.status, 200);

    broker.storage_is_away(true);
    assert_eq!(broker.ask(with_token(&second)).await.status, 200, "it was never seen before");
    broker.storage_is_away(false);
    assert_eq!(broker.ask(by("painel", "/revoke", &format!("token={first}"))).await.status, 200);

    assert_refused(&broker.ask(with_token(&first)).await);
    assert_eq!(broker.ask(with_token(&second)).await.status, 200);
    browser.ask(ClientRequest::form("/logout", "").with("origin", "http://localhost:8080")).await;
    assert_refused(&broker.ask(with_token(&second)).await);
    broker.app.revocations.mark_fresh(clock::now() - 3600);
    assert_eq!(broker.ask(with_token(&second)).await.status, 503, "nothing is known of ended grants");
}

#[actix_web::test]
async fn without_the_setting_the_header_is_not_looked_at() {
    let broker = crate::web::apps::client::open().await;
    let browser = signed_in(&broker, "ana").await;
    let token = text(&redeem(&broker, &code(&browser, "").await).await, "access_token");

    let alone = broker.ask(with_token(&token)).await;
    let beside = broker.ask(with_token("of the service itself").with("cookie", browser.cookies())).await;

    assert_eq!((alone.status, alone.header("www-authenticate")), (401, None));
    assert_eq!((beside.status, beside.header("x-auth-email")), (200, Some("ana@clientes.example")));
    assert!(decoded(&token).1.get("person").is_none(), "no token holds more than it has to");
}

#[actix_web::test]
async fn tokens_of_one_store_mean_nothing_to_another() {
    let hash = |name: &str| portaria::apps::client_app::SecretDigest::of(&secret(name)).setting();
    let app = format!("{{ job: {{ secret: {}, grants: clientCredentials, audience: {API}, signing: ES256 }} }}", hash("job"));
    let text_of_settings = format!(
        "publicUrl: https://login.loja.example\ntrustedProxies: none\nreturnTo: https://www.loja.example\nauth: {{ bearer: {API} }}\napps: {app}\n\
         stores:\n  atacado: {{ publicUrl: https://login.atacado.example, auth: {{ bearer: {API} }}, apps: {app} }}\n  \
         varejo: {{ publicUrl: https://login.varejo.example, apps: {app} }}\n"
    );
    let broker = TestBroker::builder(&text_of_settings).build().await;
    let token =
        async |host: &str| text(&broker.ask(by("job", "/token", "grant_type=client_credentials").with("host", host)).await, "access_token");
    let auth = async |host: &str, token: &str| broker.ask(with_token(token).with("host", host)).await.status;
    let (main, wholesale, retail) =
        (token("login.loja.example").await, token("login.atacado.example").await, token("login.varejo.example").await);

    assert_eq!((auth("login.loja.example", &main).await, auth("login.atacado.example", &wholesale).await), (200, 200));
    assert_eq!((auth("login.atacado.example", &main).await, auth("login.loja.example", &wholesale).await), (401, 401));
    assert_eq!(auth("login.varejo.example", &retail).await, 401, "this store does not inherit the setting");
}
