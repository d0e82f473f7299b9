//! A browser signs in with an account that it knows at a provider (FedCM), and no other person signs it in.

use crate::web::apps::client::{request, settings};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::exchange::{FILE, World};
use crate::web::mailbox::Mailbox;
use crate::web::test_broker::{LOCAL, SHOP};
use portaria::directory::users::{BlockUser, FindUserByEmail};
use portaria::vocabulary::email::Email;
use portaria::world::clock;
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

/// A token with the nonce of the browser, and with these claims instead.
async fn own_token(world: &World, browser: &Browser, change: &Value) -> String {
    let mut claims = change.clone();
    claims["nonce"] = offered(browser).await[0]["nonce"].clone();
    world.id_token(&claims)
}

/// Attacks S-03, X-12, Q-02
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

/// Attacks S-03, L-13, Q-01
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
        (json!({ "nonce": [nonce] }), "a list of nonces"),
        (json!({ "nonce": nonce, "aud": "other" }), "another client"),
        (json!({ "nonce": nonce, "aud": "app-7" }), "a further client, which has no pages"),
        (json!({ "nonce": nonce, "aud": ["loja-42", "app-7"], "azp": "app-7" }), "a token that a further client got"),
        (json!({ "nonce": nonce, "exp": 1 }), "an old token"),
    ] {
        let ask = hand_in(&world.id_token(&claims)).with("cookie", browser.cookies());
        assert_refused(&world.broker.ask(ask).await, (401, "badToken"), what);
    }
    let token = world.id_token(&json!({ "nonce": nonce }));
    assert_refused(&world.broker.ask(hand_in(&token)).await, (403, "crossSite"), "without the cookie");
}

/// Attack Q-03
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
        let refused = world.broker.ask(dressed(form)).await;
        assert_refused(&refused, (403, "crossSite"), origin);
        assert!(refused.cookies().is_empty(), "the browser keeps its key: {refused:?}");
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

/// Attack Q-02
#[actix_web::test]
async fn many_uses_of_one_token_at_once_open_one_session() {
    let world = world().await;
    let browser = Browser::new(&world.broker);
    let token = own_token(&world, &browser, &json!({})).await;

    let answers = world.broker.ask_at_once((0..8).map(|_| browser.dressed(hand_in(&token)))).await;

    assert_eq!(answers.iter().filter(|answer| answer.session().is_some()).count(), 1, "{answers:?}");
    let nonce = offered(&browser).await[0]["nonce"].clone();
    let body = json!({ "idToken": token, "nonce": nonce }).to_string();
    let exchange = ClientRequest::by("POST", "/exchange/acme").with("content-type", "application/json").body(body);
    assert_refused(&world.broker.ask(exchange).await, (400, "alreadyUsed"), "it was used, whatever the endpoint");
}

/// Attack Q-04
#[actix_web::test]
async fn one_tap_is_no_sign_in_that_an_app_asked_for() {
    let settings = format!("{}providers: FOLDER/providers.d\n", settings());
    let world = World::with_settings(&settings, &format!("{FILE}  fedcm: {CONFIG}\n")).await;
    let browser = Browser::new(&world.broker);
    let asked = browser.get(&request("prompt=login&response_mode=form_post")).await;
    let (_, back) = asked.location().and_then(|page| page.split_once("return_to=")).expect("the login page, which returns to the request");
    let token = own_token(&world, &browser, &json!({})).await;
    let ask = ClientRequest::form("/session/one-tap", &format!("provider=acme&token={token}&return_to={back}"));

    let answer = browser.ask(of_shop(ask)).await;

    let waiting = url::form_urlencoded::parse(format!("x={back}").as_bytes()).next().expect("an address").1.into_owned();
    let next = browser.get(waiting.trim_start_matches("http://localhost:8080")).await;
    assert!(next.location().is_some_and(|page| page.starts_with("/login")), "the person still has to sign in: {next:?}");
    assert_refused(&answer, (400, "malformed"), "a request of an app");
}

/// Attack Q-05
#[actix_web::test]
async fn a_person_who_has_signed_in_meanwhile_stays_signed_in() {
    let world = world().await;
    let browser = Browser::new(&world.broker);
    let token = own_token(&world, &browser, &json!({})).await;
    browser.log_in("beta", "eva").await;
    let before = browser.who().await;

    let answer = browser.ask(hand_in(&token)).await;

    assert_eq!((answer.status, answer.json(), answer.session()), (200, json!({ "location": null }), None), "{answer:?}");
    assert!(before.is_some() && browser.who().await == before, "no other person takes her place");
}

/// Attack Q-06
#[actix_web::test]
async fn an_address_that_the_token_does_not_prove_opens_no_account() {
    for (claims, expected) in [
        (json!({ "email_verified": false }), (403, "unprovenEmail")),
        (json!({ "email_verified": null }), (403, "unprovenEmail")),
        (json!({ "email_verified": "maybe" }), (403, "unprovenEmail")),
        (json!({ "email": null }), (403, "missingEmail")),
    ] {
        let world = world().await;
        Browser::new(&world.broker).log_in("beta", "ana").await;
        let browser = Browser::new(&world.broker);

        let answer = browser.ask(hand_in(&own_token(&world, &browser, &claims).await)).await;

        assert_refused(&answer, expected, &claims.to_string());
    }
}

/// Attack Q-06
#[actix_web::test]
async fn an_address_can_be_proven_by_mail_before_the_session_begins() {
    let mailbox = Mailbox::open();
    let file = format!("{FILE}  fedcm: {CONFIG}\nmissingEmail: ask\n");
    let world = World::with_settings(&format!("{LOCAL}{}", mailbox.settings()), &file).await;
    let browser = Browser::new(&world.broker);

    let answer = browser.ask(hand_in(&own_token(&world, &browser, &json!({ "email_verified": false })).await)).await;

    assert_eq!((answer.status, answer.json()), (200, json!({ "location": "http://localhost:8080/prove" })), "{answer:?}");
    assert!(answer.session().is_none() && browser.who().await.is_none(), "{answer:?}");
    assert_eq!(browser.get("/prove").await.status, 200);
}

/// Attack Q-06
#[actix_web::test]
async fn a_blocked_user_is_refused() {
    let world = world().await;
    Browser::new(&world.broker).log_in("beta", "ana").await;
    let email = Email::parse("ana@clientes.example").expect("an address");
    let find = FindUserByEmail { store: "main".into(), email };
    let known = world.broker.app.directory.read(find).await.expect("storage is there").expect("she has signed in");
    let block = BlockUser { store: "main".into(), uid: known.user.uid, blocked: true, now: clock::now() };
    world.broker.app.directory.write(block).await.expect("storage is there");
    let browser = Browser::new(&world.broker);

    let answer = browser.ask(hand_in(&own_token(&world, &browser, &json!({})).await)).await;

    assert_refused(&answer, (403, "blocked"), "she is blocked");
}

#[actix_web::test]
async fn a_passkey_that_could_not_be_offered_is_still_offered_after_the_next_login() {
    let world = World::with_settings(&format!("{LOCAL}ways: [ passkey ]\n"), &format!("{FILE}  fedcm: {CONFIG}\n")).await;
    let browser = Browser::new(&world.broker);
    browser.jar.borrow_mut().push(("portaria-device".to_owned(), "1".to_owned()));

    let answer = browser.ask(hand_in(&own_token(&world, &browser, &json!({})).await)).await;

    assert_eq!((answer.status, answer.session().is_some()), (200, true), "{answer:?}");
    assert!(!browser.cookies().contains("portaria-passkey-offered"), "the page of the store showed no offer: {}", browser.cookies());
}

/// Attack R-01
#[actix_web::test]
async fn tokens_and_challenges_that_are_handed_in_count_for_the_network() {
    let settings = format!("{}ways: [ passkey ]\n", LOCAL.replace("limits: off", "limits: { callback: 2 }"));
    let world = World::with_settings(&settings, &format!("{FILE}  fedcm: {CONFIG}\n")).await;
    for path in ["/session/one-tap", "/login/passkey"] {
        let mut refused = 0;
        for _ in 0..12 {
            let answer = world.broker.ask(of_shop(ClientRequest::form(path, "provider=acme&token=x")).from("203.0.113.7")).await;
            refused += usize::from(answer.status == 429);
        }
        assert_eq!(refused, if path == "/login/passkey" { 12 } else { 8 }, "{path}: both share one budget");
    }
}
