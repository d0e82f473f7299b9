//! What is good in one store is nothing in another.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::stores::{OTHER, TWO, two};
use crate::web::test_broker::{Folder, HOST, STANDARD, TestBroker};
use crate::web::test_provider::{json, until_it_gives_up};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::io::Write as _;
use std::time::Duration;

/// Attack S-07
#[actix_web::test]
async fn a_provider_of_another_store_is_not_there() {
    let settings = TWO.replace("atacado: { publicUrl", "atacado: { providers: FOLDER/atacado.d, publicUrl");
    let broker = TestBroker::builder(&settings.replace("providers: FOLDER/atacado.d, ", ""))
        .with_standard("acme")
        .with_standard("beta")
        .build()
        .await;
    std::fs::create_dir_all(broker.folder.0.join("atacado.d")).expect("a folder can be made");
    let file = STANDARD.replace("UPSTREAM", &broker.upstream.url()).replace("SECRET", "none");
    broker.folder.write("atacado.d/alfa.yaml", &file);
    broker.resettle(&settings.replace("FOLDER", &broker.folder.0.display().to_string()));
    let told = async |host: &str, path: &str| {
        let answer = broker.ask(ClientRequest::get(path).with("host", host).with("accept", "text/html")).await;
        (answer.status, answer.body)
    };

    for (host, own, other) in [(HOST, "acme", "alfa"), (OTHER, "alfa", "beta")] {
        assert_eq!(told(host, &format!("/login/{own}")).await.0, 303, "{host} {own}");
        for path in ["/login/", "/callback/"] {
            let never = told(host, &format!("{path}nobody?code=x&state=y")).await;
            assert_eq!(never.0, 404);
            assert_eq!(told(host, &format!("{path}{other}?code=x&state=y")).await, never, "{host} {path}{other}");
        }
    }
}

/// Attacks C-06, N-03
#[actix_web::test]
async fn an_attempt_of_one_store_is_none_in_another() {
    let broker = two().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let way = browser.way_back("acme", &begun.state, "ana");

    let there = broker.ask(ClientRequest::get(&way).with("host", OTHER).with("cookie", browser.cookies())).await;

    assert_eq!(there.status, 400, "{there:?}");
    broker.assert_clean(&there);
    assert!(broker.upstream.heard().is_empty());
    assert_eq!(browser.get(&way).await.status, 303, "here it is still good");
}

/// Attacks A-09, E-11, X-03, N-02
/// Lessons 96, 98
#[actix_web::test]
async fn a_session_of_one_store_is_none_in_another() {
    let broker = two().await;
    let (here, there) = (Browser::new(&broker), Browser::at(&broker, OTHER));
    assert_eq!(here.log_in("acme", "ana").await.location(), Some("http://localhost:9000/"));
    assert_eq!(there.log_in("acme", "ana").await.location(), Some("http://localhost:9001/"));

    for (cookies, host, other) in [(here.cookies(), HOST, OTHER), (there.cookies(), OTHER, HOST)] {
        for path in ["/session", "/auth"] {
            let ask = |host: &str| ClientRequest::get(path).with("host", host).with("cookie", &cookies);
            assert_eq!(broker.ask(ask(host)).await.status, 200);
            // First judged there, so that a memory that forgot the store would answer.
            let answer = broker.ask(ask(other)).await;
            assert_eq!(answer.status, 401, "{path}: {answer:?}");
        }
        let token = cookies.split("portaria=").nth(1).and_then(|rest| rest.split(';').next()).expect("a token");
        let validated =
            broker.ask(ClientRequest::by("POST", "/session/validate").with("host", other).body(format!("{{\"token\":\"{token}\"}}"))).await;
        assert_eq!(validated.status, 401);
    }
    let (one, two) = (here.get("/session").await.json(), there.get("/session").await.json());
    assert_ne!(one["uid"], two["uid"], "the same address is another person in another store");
    assert_eq!((one["store"].as_str(), two["store"].as_str()), (Some("main"), Some("atacado")));
}

/// Attack N-05
#[actix_web::test]
async fn logins_at_a_provider_that_never_answers_hold_up_no_login_of_another_store() {
    let broker = two().await;
    broker.upstream.answers("/token", |heard, to| {
        if heard.body.contains("code-silence") {
            until_it_gives_up(to);
        } else {
            let token = heard.field("code").unwrap_or_default().replace("-code-", "-at-");
            drop(to.write_all(&json(200, &format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"}}"))));
        }
    });
    let mut waiting = Vec::new();
    for visitor in 0..50 {
        let (browser, from) = (Browser::new(&broker), format!("192.0.2.{visitor}"));
        let begun = browser.begin("/login/acme").await;
        let back = browser.dressed(ClientRequest::get(&browser.way_back("acme", &begun.state, "silence"))).from(&from);
        let asking = broker.clone();
        waiting.push(actix_web::rt::spawn(async move { asking.ask(back).await }));
    }
    // As many as may talk to a provider at once do so, and the others wait for them.
    while broker.upstream.asked("/token") < 20 {
        actix_web::rt::time::sleep(Duration::from_millis(5)).await;
    }

    let answer = Browser::at(&broker, OTHER).log_in("acme", "ana").await;

    assert_eq!((answer.status, answer.location()), (303, Some("http://localhost:9001/")), "{answer:?}");
    assert!(waiting.iter().all(|login| !login.is_finished()), "the others were still waiting");
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Attack N-05
#[actix_web::test]
async fn no_request_for_a_picture_waits_for_the_disk_of_a_store() {
    let folder = Folder::new();
    folder.write("providers.d/acme.png", "a picture");
    let file = STANDARD.replace("name: Clube Acme\n", "name: Clube Acme\nlogo: acme.png\n");
    let broker = TestBroker::builder(&format!("{TWO}providers: {}/providers.d\n", folder.0.display())).build().await;
    folder.write("providers.d/acme.yaml", &file.replace("UPSTREAM", "http://localhost:9").replace("SECRET", "none"));
    broker.front(HOST).providers.reload(0).expect("the folder is there");

    std::fs::remove_file(folder.0.join("providers.d/acme.png")).expect("it can be removed");
    let before = broker.ask(ClientRequest::get("/logo/acme")).await;
    broker.front(HOST).providers.reload(0).expect("the folder is there");
    let after = broker.ask(ClientRequest::get("/logo/acme")).await;

    assert_eq!((before.status, &*before.body, after.status), (200, "a picture", 404));
}

/// Attack S-03
#[actix_web::test]
async fn a_form_for_one_store_does_not_come_in_at_another() {
    let forms = STANDARD.replace("scope: perfil", "scope: perfil, callback: post");
    let broker = TestBroker::builder(TWO).with("acme", &forms).build().await;
    let browser = Browser::at(&broker, OTHER);
    let begun = browser.begin("/login/acme").await;
    let form = format!("code={}&state={}", broker.code("ana"), begun.state);

    let bounced = broker.ask(ClientRequest::form("/callback/acme", &form)).await;
    let answer = browser.get(bounced.location().expect("it leads on")).await;

    assert_eq!(answer.status, 400, "{answer:?}");
    broker.assert_clean(&answer);
}

/// Attack L-04
#[actix_web::test]
async fn a_shopper_of_one_store_is_not_sent_to_the_place_of_another() {
    let broker = two().await;

    for (host, wanted) in [
        (HOST, "http://localhost:9001/x"),
        (OTHER, "http://localhost:9000/x"),
        (HOST, "http://127.0.0.1:8080/login"),
        (OTHER, "http://localhost:8080/login"),
    ] {
        let browser = Browser::at(&broker, host);
        let begun = browser.begin(&format!("/login/acme?return_to={wanted}")).await;
        let landed = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        assert_ne!(landed.location(), Some(wanted));
        assert!(
            landed
                .location()
                .is_some_and(|location| location == if host == HOST { "http://localhost:9000/" } else { "http://localhost:9001/" })
        );
    }
}

/// Attack N-08
#[actix_web::test]
async fn a_token_names_the_store_that_it_is_for_as_its_audience() {
    let named = format!("{TWO}session: {{ audience: shared }}\n");
    let own = named.replace("\"http://127.0.0.1:8080\", returnTo", "\"http://127.0.0.1:8080\", session: { audience: null }, returnTo");
    for (settings, expected) in [
        (TWO, ["http://localhost:8080", "http://127.0.0.1:8080"]),
        (&*named, ["shared", "shared"]),
        (&*own, ["shared", "http://127.0.0.1:8080"]),
    ] {
        let broker = TestBroker::builder(settings).with_standard("acme").build().await;
        for (host, expected) in [HOST, OTHER].into_iter().zip(expected) {
            let token = broker.token(host, |_| {});
            let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("they are coded");
            let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
            let body = format!("{{\"token\":\"{token}\"}}");
            let validated = broker.ask(ClientRequest::by("POST", "/session/validate").with("host", host).body(body)).await;

            assert_eq!(claims["aud"], expected);
            assert_eq!((validated.status, validated.json()["audience"].as_str()), (200, Some(expected)));
        }
    }
}
