//! A browser signs in with an account that it knows at a provider (FedCM), and no other person signs it in.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::exchange::{FILE, World};
use crate::web::test_broker::{LOCAL, SHOP};
use serde_json::{Value, json};

const CONFIG: &str = "https://accounts.acme.example/fedcm.json";

async fn world() -> World {
    World::with_settings(LOCAL, &format!("{FILE}  fedcm: {CONFIG}\n")).await
}

fn of_shop(ask: ClientRequest) -> ClientRequest {
    ask.with("origin", SHOP).with("sec-fetch-site", "same-site")
}

/// What the page passes to the browser.
async fn offered(browser: &Browser) -> Value {
    let answer = browser.ask(of_shop(ClientRequest::get("/session/one-tap"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["providers"].clone()
}

fn hand_in(token: &str) -> ClientRequest {
    of_shop(ClientRequest::form("/session/one-tap", &format!("provider=acme&token={token}")))
}

fn assert_refused(answer: &Answer, expected: (u16, &str), what: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (expected.0, Some(expected.1)), "{what}: {answer:?}");
    assert!(answer.session().is_none(), "{what}: {answer:?}");
}

/// Attacks S-03, X-12
#[actix_web::test]
async fn a_browser_signs_in_with_the_token_of_its_own_nonce_once() {
    let world = world().await;
    let browser = Browser::new(&world.broker);
    let offer = offered(&browser).await;
    assert_eq!((&offer[0]["id"], &offer[0]["configUrl"], &offer[0]["clientId"]), (&json!("acme"), &json!(CONFIG), &json!("loja-42")));
    let token = world.id_token(&json!({ "nonce": offer[0]["nonce"] }));
    let cookies = browser.cookies();

    let answer = browser.ask(hand_in(&token)).await;

    assert_eq!((answer.status, &answer.json()), (200, &json!({ "location": null })), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert!(!answer.body.contains("eyJ"), "the page gets no token: {answer:?}");
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"));
    assert_eq!(offered(&browser).await, json!([]), "a person who is signed in is asked no more");
    let again = world.broker.ask(hand_in(&token).with("cookie", cookies)).await;
    assert!(again.status >= 400 && again.session().is_none(), "its nonce was used: {again:?}");
}

/// Attacks S-03, L-13
#[actix_web::test]
async fn a_token_that_was_not_made_for_this_browser_signs_no_one_in() {
    let world = world().await;
    let (browser, other) = (Browser::new(&world.broker), Browser::new(&world.broker));
    let nonce = offered(&browser).await[0]["nonce"].clone();
    let of_other = offered(&other).await[0]["nonce"].clone();
    assert_ne!(nonce, of_other);

    for (claims, what) in [
        (json!({ "nonce": of_other }), "the nonce of another browser"),
        (json!({}), "no nonce"),
        (json!({ "nonce": "" }), "an empty nonce"),
        (json!({ "nonce": nonce, "aud": "other" }), "another client"),
        (json!({ "nonce": nonce, "exp": 1 }), "an old token"),
    ] {
        let ask = hand_in(&world.id_token(&claims)).with("cookie", browser.cookies());
        assert_refused(&world.broker.ask(ask).await, (401, "badToken"), what);
    }
    let token = world.id_token(&json!({ "nonce": nonce }));
    assert_refused(&world.broker.ask(hand_in(&token)).await, (403, "crossSite"), "without the cookie");
}

#[actix_web::test]
async fn pages_of_other_origins_get_no_offer_and_sign_no_one_in() {
    let world = world().await;
    let browser = Browser::new(&world.broker);
    let token = world.id_token(&json!({ "nonce": offered(&browser).await[0]["nonce"] }));

    for (origin, site) in
        [("https://evil.example", "cross-site"), (SHOP, "cross-site"), ("http://evil.localhost:9000", "same-site"), ("null", "cross-site")]
    {
        let dressed = |ask: ClientRequest| ask.with("origin", origin).with("sec-fetch-site", site).with("cookie", browser.cookies());
        let offer = world.broker.ask(dressed(ClientRequest::get("/session/one-tap"))).await;
        assert_eq!(offer.json(), json!({ "providers": [] }), "{origin} {site}");
        assert!(offer.cookies().is_empty());
        let form = ClientRequest::form("/session/one-tap", &format!("provider=acme&token={token}"));
        assert_refused(&world.broker.ask(dressed(form)).await, (403, "crossSite"), origin);
    }
    for form in ["", "provider=acme", "token=x", "provider=nobody&token=x", "provider=plain&token=x", "provider=acme&token=x&token=y"] {
        let ask = of_shop(ClientRequest::form("/session/one-tap", form)).with("cookie", browser.cookies());
        let answer = world.broker.ask(ask).await;
        assert!(matches!(answer.status, 400 | 404) && answer.session().is_none(), "{form}: {answer:?}");
    }
}

#[actix_web::test]
async fn a_provider_without_the_word_is_not_offered() {
    let world = World::with_settings(LOCAL, FILE).await;

    assert_eq!(offered(&Browser::new(&world.broker)).await, json!([]));
}
