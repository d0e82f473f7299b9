//! `/exchange/{provider}`: only a token that the provider issued to this client signs a person in.

use crate::openid::IssuerKey;
use crate::web::browser::{BegunLogin, Browser};
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use crate::web::test_provider::json;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::directory::incidents::LoadIncident;
use portaria::directory::users::{BlockUser, FindUserByEmail};
use portaria::vocabulary::email::Email;
use portaria::world::clock;
use serde_json::{Value, json as value};
use std::io::Write as _;

/// A provider with a discovery document, from which tokens may be handed in.
pub const FILE: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
discovery: UPSTREAM
exchange:
  clients: [ app-7 ]
  ask:
    post: UPSTREAM/introspect
    form: { token: \"${accessToken}\" }
    credentials: basic
    accepted: { at: $.client_id, is: [ \"${clientId}\", app-7 ] }
  button: { field: credential, check: acme_csrf, from: https://accounts.acme.example }
";
/// The same without the block.
const PLAIN: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
discovery: UPSTREAM
";

/// A broker with that provider, and what the provider issues.
pub struct World {
    pub broker: TestBroker,
    key: IssuerKey,
}

impl World {
    async fn with(file: &str) -> Self {
        Self::with_settings(LOCAL, file).await
    }

    /// The same with settings of its own.
    pub async fn with_settings(settings: &str, file: &str) -> Self {
        let broker = TestBroker::builder(settings).with("acme", file).with("plain", PLAIN).with_standard("beta").build().await;
        let (key, url, mark) = (IssuerKey::new(), broker.upstream.url(), broker.mark.clone());
        let document = value!({
            "issuer": url, "authorization_endpoint": format!("{url}/a"), "token_endpoint": format!("{url}/t"),
            "userinfo_endpoint": format!("{url}/u"), "jwks_uri": format!("{url}/k"),
        });
        broker.upstream.says("/.well-known/openid-configuration", json(200, &document.to_string()));
        broker.upstream.says("/k", json(200, &key.jwks(None)));
        broker.upstream.answers("/u", |heard, to| {
            let token = heard.header("authorization").and_then(|line| line.rsplit_once('-')).map(|(_, who)| who.to_owned());
            let who = token.unwrap_or_default();
            let person = value!({ "sub": who, "email": format!("{who}@clientes.example"), "email_verified": true });
            drop(to.write_all(&json(200, &person.to_string())));
        });
        broker.upstream.answers("/introspect", move |heard, to| {
            let token = heard.field("token").unwrap_or_default();
            let [client, active] = match token.strip_prefix(&mark).and_then(|rest| rest.split('-').nth(1)) {
                Some("ours") => ["loja-42", "true"],
                Some("app") => ["app-7", "true"],
                Some("revoked") => ["loja-42", "false"],
                _ => ["other", "true"],
            };
            drop(to.write_all(&json(200, &format!("{{\"active\":{active},\"client_id\":\"{client}\"}}"))));
        });
        Self { broker, key }
    }

    /// An ID token of Ana for this client, with these claims instead; `null` takes one out.
    pub fn id_token(&self, change: &Value) -> String {
        let now = clock::now();
        let mut claims = value!({
            "iss": self.broker.upstream.url(), "aud": "loja-42", "sub": "ana", "iat": now, "exp": now + 300,
            "email": "ana@clientes.example", "email_verified": true,
        });
        for (name, claim) in change.as_object().expect("claims") {
            claims[name] = claim.clone();
        }
        let kept: serde_json::Map<String, Value> =
            claims.as_object().expect("claims").iter().filter(|(_, claim)| !claim.is_null()).map(|(a, b)| (a.clone(), b.clone())).collect();
        self.key.token(None, &Value::Object(kept).to_string())
    }

    /// An access token: `kind` says to whom it was issued.
    pub fn access_token(&self, kind: &str, who: &str) -> String {
        format!("{}-{kind}-{who}", self.broker.mark)
    }

    async fn hand_in(&self, path: &str, body: &Value) -> Answer {
        let answer = self.broker.ask(post_json(path, body)).await;
        assert!(answer.cookies().is_empty(), "a program gets no cookie: {answer:?}");
        self.broker.assert_silent(&answer);
        answer
    }

    /// Whom a token of a session names.
    async fn who(&self, token: &str) -> Option<String> {
        let answer = self.broker.ask(post_json("/session/validate", &value!({ "token": token }))).await;
        (answer.status == 200).then(|| answer.json()["user"].as_str().expect("a user").to_owned())
    }

    async fn assert_refused(&self, body: &Value, expected: (u16, &str)) -> Answer {
        let answer = self.hand_in("/exchange/acme", body).await;
        assert_eq!((answer.status, answer.json()["error"].as_str().unwrap_or_default()), expected, "{body}: {answer:?}");
        assert!(answer.json().get("token").is_none());
        answer
    }
}

fn post_json(path: &str, body: &Value) -> ClientRequest {
    ClientRequest::by("POST", path).with("content-type", "application/json").body(body.to_string())
}

/// The nonce that a login sends to the provider.
fn nonce_of(begun: &BegunLogin) -> String {
    begun.query.iter().find(|(name, _)| name == "nonce").map(|(_, nonce)| nonce.clone()).expect("it is sent")
}

/// The left half of the hash of an access token, for a token that is signed with Ed25519.
fn half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA512, token.as_bytes()).as_ref()[..32])
}

#[actix_web::test]
async fn an_id_token_for_this_client_is_exchanged_for_a_token_of_a_session() {
    let world = World::with(FILE).await;

    for (path, change) in [("/exchange/acme", value!({})), ("/exchange/acme", value!({ "aud": "app-7" })), ("/exchange/plain", value!({}))]
    {
        let answer = world.hand_in(path, &value!({ "idToken": world.id_token(&change) })).await;

        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let body = answer.json();
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(2));
        assert!(body["expiresAt"].as_str().is_some_and(|moment| moment.ends_with('Z')), "{body}");
        let token = body["token"].as_str().expect("a token");
        assert_eq!(world.who(token).await.as_deref(), Some("ana@clientes.example"));
        let account = world.broker.ask(ClientRequest::get("/account").with("cookie", format!("portaria={token}"))).await;
        assert_eq!(account.status, 303, "the token of a program is no cookie of the broker's own pages");
    }
    assert_eq!(world.broker.upstream.asked("/u"), 0, "the token says everything");
}

/// Attacks J-09, J-16
/// Lessons 81, 82, 85
#[actix_web::test]
async fn an_id_token_that_is_not_for_this_client_or_not_good_any_more_signs_no_one_in() {
    let world = World::with(FILE).await;
    let now = clock::now();

    for change in [
        value!({ "aud": "other" }),
        value!({ "aud": ["loja-42", "other"] }),
        value!({ "aud": ["loja-42", "other"], "azp": "other" }),
        value!({ "aud": "loja-42", "azp": "other" }),
        value!({ "aud": null }),
        value!({ "iss": "https://evil.example" }),
        value!({ "iss": null }),
        value!({ "exp": now - 120 }),
        value!({ "exp": null }),
        value!({ "exp": "9999999999" }),
        value!({ "iat": null }),
        value!({ "iat": now + 3600 }),
        value!({ "sub": null }),
        value!({ "sub": ["ana"] }),
        value!({ "events": {} }),
        value!({ "nonce": "n-1" }),
        value!({ "nonce": 7 }),
    ] {
        world.assert_refused(&value!({ "idToken": world.id_token(&change) }), (401, "badToken")).await;
    }
    let good = world.id_token(&value!({}));
    let (message, _) = good.rsplit_once('.').expect("a signature");
    let (_, claims) = message.split_once('.').expect("claims");
    let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"));
    let of_other_key = IssuerKey::new().token(None, std::str::from_utf8(&URL_SAFE_NO_PAD.decode(claims).expect("coded")).expect("a text"));
    for token in [unsigned.as_str(), &of_other_key, message, &good[..good.len() - 1], "x", "a.b.c"] {
        world.assert_refused(&value!({ "idToken": token }), (401, "badToken")).await;
    }
    world.assert_refused(&value!({ "idToken": good, "nonce": "n-1" }), (401, "badToken")).await;
    world.assert_refused(&value!({ "idToken": world.id_token(&value!({ "nonce": "n-2" })), "nonce": "n-1" }), (401, "badToken")).await;
    let answer = world.hand_in("/exchange/plain", &value!({ "idToken": world.id_token(&value!({ "aud": "app-7" })) })).await;
    assert_eq!(answer.status, 401, "that file names no further client: {answer:?}");
    assert!(answer.json()["code"].as_str().is_some(), "there is a story: {answer:?}");
}

/// Lesson 161
#[actix_web::test]
async fn an_id_token_with_a_nonce_counts_once_and_one_without_it_until_it_expires() {
    let world = World::with(FILE).await;
    let once = value!({ "idToken": world.id_token(&value!({ "nonce": "n-1" })), "nonce": "n-1" });

    let answers = world.broker.ask_at_once((0..5).map(|_| post_json("/exchange/acme", &once))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("alreadyUsed")), "{refused:?}");
    }
    let often = value!({ "idToken": world.id_token(&value!({})) });
    for _ in 0..2 {
        assert_eq!(world.hand_in("/exchange/acme", &often).await.status, 200);
    }
}

/// One nonce is good for one use, whichever door the token came through.
/// Lesson 161
#[actix_web::test]
async fn an_id_token_of_a_login_with_a_redirect_is_good_at_its_callback_alone() {
    let world = World::with(FILE).await;
    let browser = Browser::new(&world.broker);
    let begun = browser.begin("/login/plain").await;
    let nonce = nonce_of(&begun);
    let token = world.id_token(&value!({ "nonce": nonce }));
    let answer = value!({ "access_token": world.access_token("ours", "ana"), "token_type": "Bearer", "id_token": token });
    world.broker.upstream.says("/t", json(200, &answer.to_string()));
    // A provider that only wants some value there may have got the state.
    let of_state = world.id_token(&value!({ "nonce": begun.state }));
    let hand_in_all = async || {
        for path in ["/exchange/plain", "/exchange/acme"] {
            for (token, nonce) in [(&token, &nonce), (&of_state, &begun.state)] {
                let answer = world.hand_in(path, &value!({ "idToken": token, "nonce": nonce })).await;
                assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("badToken")), "{path}: {answer:?}");
                assert!(answer.json()["message"].as_str().is_some_and(|message| message.contains("a login with a redirect")), "{answer:?}");
            }
        }
    };

    hand_in_all().await;
    assert_eq!(browser.get(&browser.way_back("plain", &begun.state, "ana")).await.status, 303);
    assert_eq!(browser.who().await.as_deref(), Some("ana@clientes.example"), "what was refused elsewhere is good at its callback");

    hand_in_all().await;
}

/// Lesson 161
#[actix_web::test]
async fn an_id_token_that_is_handed_in_as_an_access_token_counts_once_too() {
    let file = format!("{PLAIN}exchange: {{ signed: {{ issuer: UPSTREAM, keys: UPSTREAM/k }} }}\n");
    let world = World::with(&file).await;
    world.broker.upstream.says("/u", json(200, "{\"sub\":\"ana\",\"email\":\"ana@clientes.example\",\"email_verified\":true}"));
    let token = world.id_token(&value!({ "nonce": "n-9" }));

    world.assert_refused(&value!({ "accessToken": token, "nonce": "n-8" }), (401, "badToken")).await;
    assert_eq!(world.hand_in("/exchange/acme", &value!({ "accessToken": token })).await.status, 200);

    world.assert_refused(&value!({ "accessToken": token }), (400, "alreadyUsed")).await;
    world.assert_refused(&value!({ "idToken": token, "nonce": "n-9" }), (400, "alreadyUsed")).await;
    let access_token = world.id_token(&value!({}));
    for _ in 0..2 {
        assert_eq!(
            world.hand_in("/exchange/acme", &value!({ "accessToken": access_token })).await.status,
            200,
            "without a nonce, until it expires"
        );
    }
    let of_login = nonce_of(&Browser::new(&world.broker).begin("/login/acme").await);
    world.assert_refused(&value!({ "accessToken": world.id_token(&value!({ "nonce": of_login })) }), (401, "badToken")).await;
}

/// Lesson 84
#[actix_web::test]
async fn an_access_token_counts_only_if_the_provider_says_that_this_client_got_it() {
    let world = World::with(FILE).await;

    for kind in ["ours", "app"] {
        let answer = world.hand_in("/exchange/acme", &value!({ "accessToken": world.access_token(kind, "bia") })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(world.who(answer.json()["token"].as_str().expect("a token")).await.as_deref(), Some("bia@clientes.example"));
    }
    let asked = world.broker.upstream.asked("/u");
    world.assert_refused(&value!({ "accessToken": world.access_token("stranger", "bia") }), (401, "refused")).await;
    world.assert_refused(&value!({ "accessToken": world.access_token("revoked", "bia") }), (401, "badToken")).await;
    world.broker.upstream.says("/introspect", json(400, "{\"error\":\"invalid_token\"}"));
    world.assert_refused(&value!({ "accessToken": world.access_token("ours", "bia") }), (401, "refused")).await;
    world.broker.upstream.says("/introspect", json(503, "{}"));
    world.assert_refused(&value!({ "accessToken": world.access_token("ours", "bia") }), (502, "refused")).await;
    world.broker.upstream.says("/introspect", json(200, "<html>"));
    world.assert_refused(&value!({ "accessToken": world.access_token("ours", "bia") }), (502, "odd")).await;
    assert_eq!(world.broker.upstream.asked("/u"), asked, "no one is asked about a token that is not ours");
}

#[actix_web::test]
async fn an_access_token_without_proof_is_refused_and_the_answer_says_what_to_add() {
    let world = World::with(FILE).await;

    for path in ["/exchange/plain", "/exchange/beta"] {
        let answer = world.hand_in(path, &value!({ "accessToken": world.access_token("ours", "ana") })).await;
        let body = answer.json();
        assert_eq!((answer.status, body["error"].as_str()), (400, Some("notExchangeable")), "{answer:?}");
        assert!(body["message"].as_str().is_some_and(|message| message.contains("exchange: { ask:")), "{body}");
    }
    let answer = world.hand_in("/exchange/beta", &value!({ "idToken": world.id_token(&value!({})) })).await;
    assert_eq!(answer.json()["error"], "notExchangeable");
    assert!(world.broker.upstream.asked("/me") == 0 && world.broker.upstream.asked("/u") == 0);
}

#[actix_web::test]
async fn an_access_token_beside_an_id_token_belongs_to_it_or_is_proven() {
    let world = World::with(FILE).await;
    let (ours, stranger) = (world.access_token("ours", "ana"), world.access_token("stranger", "ana"));
    let of_bia = world.access_token("ours", "bia");
    // Without an address in the token, the access token is needed.
    let token = |hash: Option<&str>| world.id_token(&value!({ "email": null, "email_verified": null, "at_hash": hash.map(half_hash) }));

    for (path, id_token, access_token, status) in [
        ("/exchange/plain", token(Some(&ours)), Some(&ours), 200),
        ("/exchange/plain", token(Some(&stranger)), Some(&stranger), 200),
        ("/exchange/plain", token(None), Some(&ours), 401),
        ("/exchange/plain", token(Some(&ours)), Some(&stranger), 401),
        ("/exchange/plain", token(None), None, 403),
        ("/exchange/acme", token(None), Some(&ours), 200),
        ("/exchange/acme", token(Some(&stranger)), Some(&stranger), 401),
        ("/exchange/acme", token(None), Some(&stranger), 401),
        ("/exchange/acme", token(None), Some(&of_bia), 401),
    ] {
        let answer = world.hand_in(path, &value!({ "id_token": id_token, "access_token": access_token })).await;
        assert_eq!(answer.status, status, "{path} {access_token:?}: {answer:?}");
    }
}

/// Attack R-05
/// Lesson 125
#[actix_web::test]
async fn a_body_is_read_strictly_and_no_token_is_read_from_the_address() {
    let world = World::with(FILE).await;
    let token = world.id_token(&value!({}));

    let form = ClientRequest::form("/exchange/acme", &format!("id_token={token}"));
    assert_eq!(world.broker.ask(form).await.status, 200);
    for body in [
        format!("{{\"idToken\":\"{token}\",\"idToken\":\"{token}\"}}"),
        format!("{{\"idToken\":\"{token}\",\"id_token\":\"{token}\"}}"),
        format!("{{\"idToken\":[\"{token}\"]}}"),
        format!("[\"{token}\"]"),
        "{}".to_owned(),
        "{\"idToken\":\"\"}".to_owned(),
        "{\"nonce\":\"n\"}".to_owned(),
        String::new(),
    ] {
        let ask = ClientRequest::by("POST", "/exchange/acme").with("content-type", "application/json").body(&body);
        let answer = world.broker.ask(ask).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("malformed")), "{body}");
    }
    for ask in [
        ClientRequest::form(&format!("/exchange/acme?id_token={token}"), ""),
        ClientRequest::form(&format!("/exchange/acme?access_token={token}"), &format!("id_token={token}")),
        ClientRequest::form("/exchange/acme", &format!("id_token={token}&id_token={token}")),
        ClientRequest::by("POST", "/exchange/acme").with("content-type", "text/plain").body(format!("{{\"idToken\":\"{token}\"}}")),
        ClientRequest::by("POST", "/exchange/acme").with("authorization", format!("Bearer {token}")),
    ] {
        let answer = world.broker.ask(ask.with("accept", "text/html")).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("malformed")), "{answer:?}");
        assert!(answer.cookies().is_empty());
    }
    let answer = world.hand_in("/exchange/nobody", &value!({ "idToken": token })).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (404, Some("noSuchProvider")));
    assert!(!world.broker.logged().contains(&token), "no token is logged");
}

#[actix_web::test]
async fn a_body_that_names_its_provider_is_answered_in_its_own_shape() {
    let world = World::with(FILE).await;
    let body = |provider: &str, duration: Value| value!({ "providerId": provider, "accessToken": world.access_token("ours", "bia"), "duration": duration });

    for path in ["/exchange", "/exchange/acme"] {
        let answer = world.hand_in(path, &body("acme", value!(90))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let said = answer.json();
        let token = said["authToken"].as_str().expect("a token");
        assert_eq!(world.who(token).await.as_deref(), Some("bia@clientes.example"));
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).expect("claims");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!(claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time"), 90 * 60);
    }
    for (path, body, status) in [
        ("/exchange/beta", body("acme", value!(90)), 400),
        ("/exchange", body("nobody", value!(90)), 404),
        ("/exchange", body("acme", value!(0)), 400),
        ("/exchange", body("acme", value!(-5)), 400),
        ("/exchange", body("acme", value!("soon")), 400),
        ("/exchange", value!({ "accessToken": "x" }), 404),
    ] {
        let answer = world.hand_in(path, &body).await;
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
    }
}

/// Attack X-12
/// Lesson 187
#[actix_web::test]
async fn only_pages_of_the_store_may_read_the_answer_and_none_with_cookies() {
    let world = World::with(FILE).await;
    let body = value!({ "idToken": world.id_token(&value!({})) });

    for (origin, is_allowed) in [("http://localhost:9000", true), ("https://evil.example", false), ("null", false)] {
        let preflight = ClientRequest::by("OPTIONS", "/exchange/acme").with("access-control-request-method", "POST").with("origin", origin);
        for answer in [world.broker.ask(post_json("/exchange/acme", &body).with("origin", origin)).await, world.broker.ask(preflight).await]
        {
            assert_eq!(answer.header("access-control-allow-origin"), is_allowed.then_some(origin), "{answer:?}");
            assert!(answer.header("access-control-allow-credentials").is_none() && answer.header("vary") == Some("Origin"));
            assert_eq!(answer.header("access-control-allow-methods").is_some(), is_allowed && answer.status == 204);
        }
    }
}

#[actix_web::test]
async fn the_rules_of_a_login_hold_for_a_person_who_comes_by_a_token() {
    for (file, change, expected) in [
        (FILE.to_owned(), value!({ "email_verified": false }), (403, "unprovenEmail")),
        (format!("{FILE}missingEmail: ask\n"), value!({ "email_verified": false }), (403, "unprovenEmail")),
        (format!("{FILE}missingEmail: ask\n"), value!({ "email": null }), (403, "missingEmail")),
        (format!("{FILE}require: {{ at: \"${{email}}\", matches: \"@loja\\\\.example$\" }}\n"), value!({}), (403, "notAllowed")),
    ] {
        let world = World::with(&file).await;
        world.assert_refused(&value!({ "idToken": world.id_token(&change) }), expected).await;
    }
    let world = World::with(FILE).await;
    let body = value!({ "idToken": world.id_token(&value!({})) });
    let first = world.hand_in("/exchange/acme", &body).await.json()["token"].as_str().expect("a token").to_owned();
    let find = FindUserByEmail { store: "main".into(), email: Email::parse("ana@clientes.example").expect("an address") };
    let uid = world.broker.app.directory.read(find).await.expect("storage is there").expect("she is known").user.uid;

    let block = BlockUser { store: "main".into(), uid, blocked: true, now: clock::now() };
    world.broker.app.directory.write(block).await.expect("storage is there");

    world.assert_refused(&body, (403, "blocked")).await;
    world.broker.app.sync_with_storage(clock::now()).await.expect("storage is there");
    assert_eq!(world.who(&first).await, None);
}

/// Attacks L-13, S-03
/// Lesson 47
#[actix_web::test]
async fn a_form_of_the_button_signs_in_only_the_browser_that_sends_it_from_a_page_of_ours() {
    let world = World::with(FILE).await;
    let form = |more: &str| format!("credential={}&acme_csrf=0123456789abcdef{more}", world.id_token(&value!({ "nonce": more })));
    let ask = |form: &str| ClientRequest::form("/exchange/acme?return_to=http%3A%2F%2Flocalhost%3A9000%2Fconta", form);
    let own = |ask: ClientRequest| ask.with("cookie", "acme_csrf=0123456789abcdef").with("origin", "http://localhost:9000");

    let answer = world.broker.ask(own(ask(&form("&select_by=1")))).await;
    assert_eq!((answer.status, answer.location()), (303, Some("http://localhost:9000/conta")), "{answer:?}");
    assert_eq!(world.who(answer.session().expect("a session")).await.as_deref(), Some("ana@clientes.example"));
    let of_provider = ask(&form("&n=2")).with("cookie", "acme_csrf=0123456789abcdef").with("sec-fetch-site", "cross-site");
    let answer = world.broker.ask(of_provider.with("origin", "https://accounts.acme.example")).await;
    assert!(answer.session().is_some(), "{answer:?}");

    let cookie = "acme_csrf=0123456789abcdef";
    for (at, (cookie, headers)) in [
        (cookie, vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]),
        (cookie, vec![("origin", "http://localhost:9000"), ("sec-fetch-site", "cross-site")]),
        (cookie, vec![("origin", "null")]),
        (cookie, vec![]),
        ("acme_csrf=fedcba9876543210", vec![("origin", "http://localhost:9000")]),
        ("acme_csrf=", vec![("origin", "http://localhost:9000")]),
        ("other=1", vec![("origin", "http://localhost:9000")]),
        ("acme_csrf=0123456789abcdef; acme_csrf=0123456789abcdef", vec![("origin", "http://localhost:9000")]),
    ]
    .into_iter()
    .enumerate()
    {
        let ask = headers.iter().fold(ask(&form(&format!("&at={at}"))), |ask, (name, value)| ask.with(name, value));
        let answer = world.broker.ask(ask.with("cookie", cookie)).await;
        assert_eq!(answer.status, 403, "{headers:?} {cookie}: {answer:?}");
        world.broker.assert_clean(&answer);
    }
    for form in ["credential=x&acme_csrf=", "credential=x&acme_csrf=0123456789abcdef&acme_csrf=0123456789abcdef", "credential=x"] {
        assert_eq!(world.broker.ask(own(ask(form))).await.status, 403, "{form}");
    }
    let short = ask("credential=x&acme_csrf=1").with("cookie", "acme_csrf=1").with("origin", "http://localhost:9000");
    assert_eq!(world.broker.ask(short).await.status, 403);
    let again = form("&select_by=1");
    let (first, second) = (world.broker.ask(own(ask(&again))).await, world.broker.ask(own(ask(&again))).await);
    assert!(first.session().is_none() && second.session().is_none(), "its nonce was used: {first:?}");
    let other = format!("credential={}&acme_csrf=0123456789abcdef", world.id_token(&value!({ "aud": "other" })));
    let answer = world.broker.ask(own(ask(&other))).await;
    assert!(answer.session().is_none() && answer.status >= 400, "{answer:?}");
}

#[actix_web::test]
async fn a_file_that_verifies_no_id_token_in_a_login_says_in_its_block_how_one_is_verified() {
    let block = "exchange:
  idToken: { issuer: UPSTREAM, keys: UPSTREAM/k, read: { id: $.sub, email: $.email, emailVerified: $.email_verified } }
";
    let world = World::with(&format!("{}{block}", STANDARD.replace("UPSTREAM/me", "UPSTREAM/u").replace("$.id", "$.sub"))).await;

    let answer = world.hand_in("/exchange/acme", &value!({ "idToken": world.id_token(&value!({})) })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(world.broker.upstream.asked("/u"), 0, "the token says everything that is needed");
    world.assert_refused(&value!({ "idToken": world.id_token(&value!({ "aud": "other" })) }), (401, "badToken")).await;
    world.assert_refused(&value!({ "idToken": world.id_token(&value!({ "sub": "0" })) }), (502, "odd")).await;
    // The access token is another person's, and says so without `sub`.
    world.broker.upstream.says("/u", json(200, "{\"sub\":\"bia\",\"email\":\"bia@clientes.example\",\"verified\":true}"));
    let access_token = world.access_token("ours", "bia");
    let id_token = world.id_token(&value!({ "at_hash": half_hash(&access_token) }));
    world.assert_refused(&value!({ "idToken": id_token, "accessToken": access_token }), (401, "badToken")).await;
}

#[actix_web::test]
async fn a_refused_exchange_has_a_story_without_the_token() {
    let world = World::with(FILE).await;
    let token = world.access_token("stranger", "ana");

    let code = world.assert_refused(&value!({ "accessToken": token }), (401, "refused")).await.json()["code"].clone();

    let code = code.as_str().expect("a code").into();
    let stored = world.broker.app.directory.read(LoadIncident { code, now: clock::now() }).await.expect("storage is there");
    let story: Value = serde_json::from_str(&stored.expect("a story").story).expect("JSON");
    assert_eq!(story["exchanges"][0]["answer"]["status"], 200, "{story}");
    assert_eq!(story["step"], "getUserInfo");
    assert!(!story.to_string().contains(&token), "{story}");
}

#[actix_web::test]
async fn a_file_without_a_button_signs_no_browser_in() {
    let broker = TestBroker::builder(LOCAL).with("acme", STANDARD).build().await;
    let form = ClientRequest::form("/exchange/acme", "credential=x&acme_csrf=0123456789abcdef");

    let answer = broker.ask(form.with("cookie", "acme_csrf=0123456789abcdef").with("origin", "http://localhost:9000")).await;

    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.cookies().is_empty());
}
