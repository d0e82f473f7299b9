//! Further facts of a login reach the token, `/session` and `/auth` under the names of the settings, and nothing else does.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{HOST, LOCAL, STANDARD, TestBroker};
use crate::web::test_provider::json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::directory::audit::AuditActor;
use portaria::directory::export::ExportUser;
use portaria::directory::users::{EraseUser, FindUserByEmail, ListIdentityLinks};
use portaria::vocabulary::email::Email;
use portaria::world::clock;
use serde_json::{Value, json};

const CPF: &str = "123.456.789-09 é";

fn settings(session: &str) -> String {
    format!("{LOCAL}session: {{ {session} }}\n")
}

const NAMED: &str = "claims: { cpf: taxId }, headers: { X-Auth-Cpf: taxId, X-Auth-Plan: plan }";

/// A provider whose file reads more about a person than the settings name.
fn provider() -> String {
    STANDARD.replace(
        "name: $.name }",
        "name: $.name, taxId: $.cpf, plan: $.plan, hidden: $.hidden }\nidentity: { more: [ taxId, plan, hidden ] }",
    )
}

async fn broker(session: &str) -> TestBroker {
    TestBroker::builder(&settings(session)).with("acme", &provider()).with_standard("beta").build().await
}

/// A login of Ana, about whom the provider says this in addition.
async fn log_in(broker: &TestBroker, more: &Value) -> Browser {
    let mut person = json!({ "id": "1", "email": "ana@clientes.example", "verified": true, "name": "Ana" });
    person.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    broker.upstream.says("/me", json(200, &person.to_string()));
    let browser = Browser::new(broker);
    let answer = browser.log_in("acme", "ana").await;
    assert_eq!(answer.status, 303, "{answer:?}");
    browser
}

fn claims(browser: &Browser) -> Value {
    let token = browser.jar.borrow().iter().find(|(name, _)| name == "portaria").expect("a session").1.clone();
    assert!(token.len() <= 1024, "{} bytes", token.len());
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64")).expect("JSON")
}

fn session(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

#[actix_web::test]
async fn what_the_settings_name_is_handed_out_and_nothing_else() {
    let broker = broker(NAMED).await;
    let browser = log_in(&broker, &json!({ "cpf": CPF, "plan": "ouro", "hidden": "never-shown" })).await;

    let (claims, told, auth) = (claims(&browser), session(&browser.get("/session").await), browser.get("/auth").await);

    assert_eq!((&claims["cpf"], &claims["more"]), (&json!(CPF), &json!({ "plan": "ouro" })));
    assert_eq!((&told["cpf"], told.get("plan"), told.get("more"), told.get("taxId")), (&json!(CPF), None, None, None));
    assert_eq!(auth.all("x-auth-cpf").collect::<Vec<_>>(), ["123.456.789-09%20%C3%A9"]);
    assert_eq!(auth.all("x-auth-plan").collect::<Vec<_>>(), ["ouro"]);
    for text in
        [claims.to_string(), told.to_string(), format!("{auth:?}"), broker.logged(), String::from_utf8_lossy(&broker.stored()).into_owned()]
    {
        assert!(!text.contains("never-shown"), "{text}");
    }
    assert!(!broker.logged().contains("123.456"), "personal data is in the log");
}

#[actix_web::test]
async fn without_the_setting_nothing_is_handed_out_and_nothing_is_kept() {
    let broker = broker("idle: 1h").await;
    let browser = log_in(&broker, &json!({ "cpf": CPF, "plan": "ouro" })).await;

    assert!(claims(&browser).get("cpf").is_none() && claims(&browser).get("more").is_none());
    assert!(!browser.get("/session").await.body.contains("cpf"));
    assert!(browser.get("/auth").await.header("x-auth-cpf").is_none());
    assert!(!String::from_utf8_lossy(&broker.stored()).contains("123.456"));
}

#[actix_web::test]
async fn a_header_is_always_set_so_that_nobody_sends_one_of_their_own() {
    let broker = broker(NAMED).await;
    let browser = log_in(&broker, &json!({ "plan": null })).await;

    let auth = browser.ask(ClientRequest::get("/auth").with("x-auth-cpf", "smuggled").with("x-auth-plan", "smuggled")).await;

    assert_eq!(auth.status, 200);
    assert_eq!(auth.all("x-auth-cpf").collect::<Vec<_>>(), [""], "{auth:?}");
    assert_eq!(auth.all("x-auth-plan").collect::<Vec<_>>(), [""], "{auth:?}");
    assert_eq!(session(&browser.get("/session").await)["cpf"], Value::Null);
    // A login through another provider has none of the facts that this one gave.
    log_in(&broker, &json!({ "cpf": CPF })).await;
    broker.upstream.is_honest();
    let other = Browser::new(&broker);
    other.log_in("beta", "bia").await;
    assert_eq!(other.get("/auth").await.all("x-auth-cpf").collect::<Vec<_>>(), [""]);
}

/// Attack U-13
#[actix_web::test]
async fn hostile_values_cannot_write_headers_or_grow_the_token() {
    let broker = broker(NAMED).await;
    for (hostile, is_kept) in
        [("a\r\nX-Auth-Email: root@loja.example", true), ("\u{202e}x\u{0}y", true), (&*"é".repeat(900), false), (&*"A".repeat(5000), false)]
    {
        let browser = log_in(&broker, &json!({ "cpf": hostile, "plan": "ouro" })).await;

        let auth = browser.get("/auth").await;

        assert_eq!(auth.status, 200);
        assert_eq!(auth.all("x-auth-email").collect::<Vec<_>>(), ["ana@clientes.example"]);
        assert_eq!(auth.all("x-auth-plan").collect::<Vec<_>>(), ["ouro"], "what fits stays");
        let value = auth.all("x-auth-cpf").collect::<Vec<_>>();
        assert!(value.len() == 1 && value[0].bytes().all(|byte| byte.is_ascii_graphic()) && value[0].is_empty() != is_kept, "{value:?}");
        assert_eq!(claims(&browser).get("cpf").is_some(), is_kept);
        assert_eq!(broker.logged().contains("a fact is left out of the session token"), !is_kept, "{}", broker.logged());
        assert!(!is_kept || !broker.logged().contains("root@loja"), "{}", broker.logged());
    }
    assert!(broker.logged().contains("fact=\"taxId\""), "{}", broker.logged());
}

#[actix_web::test]
async fn a_change_of_the_settings_counts_at_once_for_what_is_handed_out() {
    let broker = broker(NAMED).await;
    let browser = log_in(&broker, &json!({ "cpf": CPF, "plan": "ouro" })).await;

    broker.resettle(&settings("headers: { X-Auth-Other: hidden }"));
    let auth = browser.get("/auth").await;

    assert_eq!((auth.status, auth.header("x-auth-cpf"), auth.header("x-auth-other")), (200, None, Some("")), "{auth:?}");
    assert!(!browser.get("/session").await.body.contains("123.456"));
}

#[actix_web::test]
async fn a_renewed_session_keeps_its_facts() {
    let broker = broker(NAMED).await;
    let now = clock::now();
    let token = broker.token(HOST, |session| {
        session.person.facts = vec![("taxId".into(), CPF.into()), ("plan".into(), "ouro".into())];
        (session.issued, session.since, session.until) = (now - 13 * 3600, now - 13 * 3600, now + 5 * 3600);
    });

    let answer = broker.ask(ClientRequest::get("/session").with("cookie", format!("portaria={token}"))).await;

    let renewed = answer.session().expect("it is renewed").to_owned();
    assert_ne!(renewed, token);
    let auth = broker.ask(ClientRequest::get("/auth").with("cookie", format!("portaria={renewed}"))).await;
    assert_eq!((auth.header("x-auth-cpf"), auth.header("x-auth-plan")), (Some("123.456.789-09%20%C3%A9"), Some("ouro")), "{auth:?}");
}

#[actix_web::test]
async fn the_directory_keeps_the_facts_of_the_last_login_until_the_user_is_erased() {
    let broker = broker(NAMED).await;
    log_in(&broker, &json!({ "cpf": "111", "plan": "prata", "hidden": "x" })).await;
    log_in(&broker, &json!({ "cpf": "222" })).await;
    let find = || FindUserByEmail { store: "main".into(), email: Email::parse("ana@clientes.example").expect("an address") };
    let user = broker.app.directory.read(find()).await.expect("storage").expect("a user").user;

    let links = broker.app.directory.read(ListIdentityLinks(user.uid.clone())).await.expect("storage");
    let export = broker
        .app
        .directory
        .write(ExportUser { uid: user.uid.clone(), by: AuditActor::Support, now: clock::now() })
        .await
        .expect("storage")
        .expect("a user");

    for link in links.iter().chain(&export.identities) {
        assert_eq!(link.facts.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(), [("taxId", "222")]);
    }
    broker.resettle(&settings("idle: 1h"));
    log_in(&broker, &json!({ "cpf": "333" })).await;
    let links = broker.app.directory.read(ListIdentityLinks(user.uid.clone())).await.expect("storage");
    assert!(links[0].facts.is_empty(), "the settings name it no more");
    assert!(
        broker
            .app
            .directory
            .write(EraseUser { store: "main".into(), uid: user.uid.clone(), by: AuditActor::Support, now: clock::now() })
            .await
            .expect("storage")
    );
    assert!(broker.app.directory.read(ListIdentityLinks(user.uid)).await.expect("storage").is_empty());
}
