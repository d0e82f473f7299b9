//! Token exchange at `/token` (RFC 8693): an app hands in a token of the provider, and the rules of a login hold.

use crate::web::apps::client::{CALLBACK, by, decoded, secret, text, userinfo};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::exchange::{FILE, World};
use crate::web::test_broker::{LOCAL, STANDARD};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::apps::client_app::SecretDigest;
use portaria::directory::audit::AuditActor;
use portaria::directory::sessions::EndAllSessions;
use portaria::directory::users::{BlockUser, FindUserByEmail};
use portaria::vocabulary::email::Email;
use portaria::world::clock;
use serde_json::{Value, json as value};

const API: &str = "https://api.loja.example";
const TYPE: &str = "urn:ietf:params:oauth:token-type:";

async fn open() -> World {
    let hash = |name: &str| SecretDigest::of(&secret(name)).setting();
    let settings = format!(
        "{LOCAL}apps:\n  \
         shop: {{ secret: {}, grants: [ tokenExchange, refreshToken ], scopes: [ openid, email, profile, offline_access, orders:read ], audience: [ {API}, shop ], signing: ES256 }}\n  \
         acme-only: {{ secret: {}, grants: tokenExchange, providers: [ acme ], signing: ES256 }}\n  \
         asks: {{ secret: {}, grants: [ authorizationCode, tokenExchange ], redirectUris: {CALLBACK}, providers: [ acme ], consent: ask, signing: ES256 }}\n  \
         phone: {{ secret: none, grants: [ tokenExchange, refreshToken ], scopes: [ openid, offline_access ], providers: [ acme ], signing: ES256 }}\n  \
         job: {{ secret: {}, grants: clientCredentials, signing: ES256 }}\n\
         providers: FOLDER/providers.d\n",
        hash("shop"),
        hash("acme-only"),
        hash("asks"),
        hash("job"),
    );
    World::with_settings(&settings, FILE).await
}

/// What a person is shown of an app without a name, as the broker keeps it: a hash of the app and of where it sends the browser.
fn as_shown(app: &str) -> Box<str> {
    let origin = url::Url::parse(CALLBACK).expect("an address").origin().ascii_serialization();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("{app}\n{origin}").as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

fn form(kind: &str, token: &str, more: &str) -> String {
    format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type={TYPE}{kind}&subject_token={}{more}",
        url::form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>()
    )
}

impl World {
    /// The answer to an app that hands in an ID token of Ana.
    async fn exchange(&self, app: &str, change: &Value, more: &str) -> Answer {
        self.exchange_token(app, "id_token", &self.id_token(change), more).await
    }

    async fn exchange_token(&self, app: &str, kind: &str, token: &str, more: &str) -> Answer {
        let answer = self.broker.ask(by(app, "/token", &form(kind, token, more))).await;
        assert!(answer.cookies().is_empty() && answer.header("cache-control") == Some("no-store"), "{answer:?}");
        answer
    }

    async fn uid(&self) -> Box<str> {
        let find = FindUserByEmail { store: "main".into(), email: Email::parse("ana@clientes.example").expect("an address") };
        self.broker.app.directory.read(find).await.expect("storage is there").expect("she is known").user.uid
    }
}

fn error(answer: &Answer) -> (u16, String) {
    assert!(answer.json().get("access_token").is_none(), "{answer:?}");
    (answer.status, text(answer, "error"))
}

fn refused(answer: &Answer) {
    assert_eq!(error(answer), (400, "invalid_request".to_owned()), "{answer:?}");
}

#[actix_web::test]
async fn an_id_token_of_the_provider_gives_tokens_of_the_store() {
    let world = open().await;
    let signed_in = clock::now() - 40;

    let answer = world.exchange("acme-only", &value!({ "auth_time": signed_in }), "").await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!((body["token_type"].as_str(), body["expires_in"].as_i64()), (Some("Bearer"), Some(900)));
    assert_eq!(
        (body["issued_token_type"].as_str(), body["scope"].as_str()),
        (Some(&*format!("{TYPE}access_token")), Some("openid email profile"))
    );
    assert!(body.get("refresh_token").is_none(), "the app did not ask for it");
    let (header, access) = decoded(&text(&answer, "access_token"));
    assert_eq!(
        (header["typ"].as_str(), access["client_id"].as_str(), access["aud"].as_str()),
        (Some("at+jwt"), Some("acme-only"), Some("acme-only"))
    );
    let (_, claims) = decoded(&text(&answer, "id_token"));
    assert_eq!(
        (claims["aud"].as_str(), claims["acr"].as_str(), claims["amr"][0].as_str()),
        (Some("acme-only"), Some("provider:acme"), Some("fed"))
    );
    assert_eq!((claims["auth_time"].as_i64(), access["auth_time"].as_i64()), (Some(signed_in), Some(signed_in)));
    let person = userinfo(&world.broker, &text(&answer, "access_token")).await.json();
    assert_eq!((person["email"].as_str(), person["sub"].as_str()), (Some("ana@clientes.example"), claims["sub"].as_str()));
    assert_eq!(person["sub"], &*world.uid().await);
}

#[actix_web::test]
async fn the_provider_is_named_is_the_only_one_or_follows_from_the_issuer() {
    let world = open().await;

    refused(&world.exchange("shop", &value!({}), "").await);
    for (app, more, is_fine) in [
        ("shop", "&provider=acme", true),
        ("shop", "&provider=plain", true),
        ("shop", "&provider=beta", false),
        ("shop", "&provider=other", false),
        ("acme-only", "&provider=acme", true),
        ("acme-only", "&provider=plain", false),
    ] {
        let answer = world.exchange(app, &value!({}), more).await;
        assert_eq!(answer.status, if is_fine { 200 } else { 400 }, "{app} {more}: {answer:?}");
    }
    world.broker.rewrite("plain", STANDARD);
    assert_eq!(world.exchange("shop", &value!({}), "").await.status, 200, "one provider of the store has this issuer");
    refused(&world.exchange("shop", &value!({ "iss": "https://evil.example" }), "").await);
}

/// Attacks J-09, V-08
/// Lessons 81, 82, 85, 161
#[actix_web::test]
async fn only_a_token_that_the_provider_issued_to_our_client_counts_and_with_a_nonce_once() {
    let world = open().await;
    for change in [
        value!({ "aud": "other" }),
        value!({ "aud": "loja-42", "azp": "other" }),
        value!({ "exp": clock::now() - 120 }),
        value!({ "sub": null }),
        value!({ "nonce": "n-1" }),
        value!({ "email_verified": false }),
    ] {
        refused(&world.exchange("acme-only", &change, "").await);
    }
    let once = world.id_token(&value!({ "nonce": "n-1" }));

    let hand_in = |nonce: &str| by("acme-only", "/token", &form("id_token", &once, &format!("&nonce={nonce}")));
    refused(&world.broker.ask(hand_in("n-2")).await);
    let answers = world.broker.ask_at_once((0..5).map(|_| hand_in("n-1"))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    answers.iter().filter(|answer| answer.status != 200).for_each(refused);
    assert!(!world.broker.logged().contains(&once), "no token is logged");
}

/// Lesson 84
#[actix_web::test]
async fn an_access_token_counts_only_if_the_provider_says_that_our_client_got_it() {
    let world = open().await;
    let hand_in =
        async |app: &str, kind: &str, more: &str| world.exchange_token(app, "access_token", &world.access_token(kind, "bia"), more).await;

    let answer = hand_in("acme-only", "ours", "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let (_, claims) = decoded(&text(&answer, "id_token"));
    assert_eq!(
        (claims["email"].as_str(), claims.get("auth_time")),
        (Some("bia@clientes.example"), None),
        "it does not say when she signed in"
    );

    refused(&hand_in("acme-only", "stranger", "").await);
    refused(&hand_in("acme-only", "revoked", "").await);
    refused(&hand_in("shop", "ours", "").await);
    let unproven = hand_in("shop", "ours", "&provider=plain").await;
    refused(&unproven);
    assert!(text(&unproven, "error_description").contains("exchange: { ask:"), "{unproven:?}");
}

#[actix_web::test]
async fn a_provider_that_does_not_answer_is_no_fault_of_the_app() {
    let world = open().await;
    world.broker.upstream.says("/introspect", crate::web::test_provider::json(503, "{}"));

    let answer = world.exchange_token("acme-only", "access_token", &world.access_token("ours", "bia"), "").await;

    assert_eq!(error(&answer), (503, "temporarily_unavailable".to_owned()));
    assert!(answer.header("retry-after").is_some() && text(&answer, "error_description").contains("incident"), "{answer:?}");
}

#[actix_web::test]
async fn what_the_app_requests_stands_in_the_answer() {
    let world = open().await;
    let ask = async |more: &str| world.exchange("shop", &value!({}), &format!("&provider=acme{more}")).await;
    let refresh =
        async |token: &str| world.broker.ask(by("shop", "/token", &format!("grant_type=refresh_token&refresh_token={token}"))).await;

    let lasting = ask("&scope=openid+offline_access+orders:read+admin").await;
    assert_eq!(lasting.json()["scope"], "openid offline_access orders:read");
    let renewed = refresh(&text(&lasting, "refresh_token")).await;
    assert_eq!((renewed.status, &decoded(&text(&renewed, "id_token")).1["sub"]), (200, &decoded(&text(&lasting, "id_token")).1["sub"]));
    let first = ask(&format!("&scope=openid+offline_access&requested_token_type={TYPE}refresh_token")).await;
    assert_eq!(
        (first.json()["token_type"].as_str(), first.json()["issued_token_type"].as_str()),
        (Some("N_A"), Some(&*format!("{TYPE}refresh_token")))
    );
    assert_eq!(refresh(&text(&first, "access_token")).await.status, 200);
    let only_id = ask(&format!("&scope=openid&requested_token_type={TYPE}id_token")).await;
    assert_eq!((decoded(&text(&only_id, "access_token")).1["aud"].as_str(), only_id.json().get("id_token")), (Some("shop"), None));
    let api_alone = ask("&scope=orders:read").await;
    assert!(api_alone.json().get("id_token").is_none());
    assert_eq!(decoded(&text(&api_alone, "access_token")).1["aud"], API);
    for other in ["&audience=shop", "&resource=shop", "&audience=shop&audience=shop"] {
        assert_eq!(decoded(&text(&ask(other).await, "access_token")).1["aud"], "shop", "{other}");
    }
    for other in ["&audience=https://evil.example", "&resource=https://evil.example", "&audience=shop&resource=other"] {
        assert_eq!(error(&ask(other).await), (400, "invalid_target".to_owned()), "{other}");
    }
    for other in [&*format!("&requested_token_type={TYPE}jwt"), "&actor_token=a", "&scope=admin"] {
        assert_eq!(ask(other).await.status, 400, "{other}");
    }
}

/// A stolen ID token is of no use to a thief: the nonce in it is the hash of a text that the thief does not have.
/// Attack V-04
#[actix_web::test]
async fn an_app_without_a_secret_shows_that_the_id_token_was_made_for_it() {
    let world = open().await;
    let nonce = "a-random-text-that-never-left-the-phone";
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, nonce.as_bytes());
    let in_base64 = URL_SAFE_NO_PAD.encode(hash.as_ref());
    let in_digits: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let phone = async |kind: &str, token: &str, more: &str| {
        world.broker.ask(ClientRequest::form("/token", &form(kind, token, &format!("&client_id=phone{more}")))).await
    };
    let (plain, hashed) = (world.id_token(&value!({})), world.id_token(&value!({ "nonce": in_base64 })));
    let repeated = world.id_token(&value!({ "nonce": nonce }));

    refused(&phone("id_token", &plain, "").await);
    refused(&phone("id_token", &plain, &format!("&nonce={nonce}")).await);
    refused(&phone("id_token", &repeated, &format!("&nonce={nonce}")).await);
    refused(&phone("id_token", &hashed, &format!("&nonce={in_base64}")).await);
    refused(&phone("id_token", &hashed, "&nonce=another-random-text-that-is-long-enough").await);
    refused(&phone("access_token", &world.access_token("ours", "ana"), &format!("&nonce={nonce}")).await);
    let proven = phone("id_token", &hashed, &format!("&nonce={nonce}&scope=openid+offline_access")).await;

    assert_eq!(proven.status, 200, "{proven:?}");
    assert!(proven.json().get("refresh_token").is_some());
    refused(&phone("id_token", &hashed, &format!("&nonce={nonce}")).await);
    let in_digits = world.id_token(&value!({ "nonce": in_digits }));
    assert_eq!(phone("id_token", &in_digits, &format!("&nonce={nonce}")).await.status, 200, "as some libraries write it");
}

#[actix_web::test]
async fn an_app_that_has_to_ask_gets_nothing_before_the_person_has_agreed() {
    let world = open().await;

    let before = world.exchange("asks", &value!({}), "").await;
    assert_eq!(error(&before), (400, "consent_required".to_owned()));
    let find = FindUserByEmail { store: "main".into(), email: Email::parse("ana@clientes.example").expect("an address") };
    assert!(world.broker.app.directory.read(find).await.expect("storage is there").is_none(), "no user was made");

    assert_eq!(world.exchange("acme-only", &value!({}), "").await.status, 200);
    let agree = portaria::directory::app_consents::RecordConsent {
        store: "main".into(),
        uid: world.uid().await,
        app: "asks".into(),
        shown: as_shown("asks"),
        scopes: "openid email".into(),
        now: clock::now(),
    };
    world.broker.app.directory.write(agree).await.expect("storage is there");

    assert_eq!(world.exchange("asks", &value!({}), "&scope=openid+email").await.status, 200);
    assert_eq!(error(&world.exchange("asks", &value!({}), "&scope=openid+profile").await), (400, "consent_required".to_owned()));
    assert_eq!(error(&world.exchange("asks", &value!({ "sub": "eva", "email": "eva@clientes.example" }), "").await).1, "consent_required");
}

/// No token of the store itself is exchanged, nor shown to a provider.
#[actix_web::test]
async fn a_token_of_the_store_is_not_exchanged() {
    let world = open().await;
    let own = world.exchange("acme-only", &value!({}), "").await;
    let browser_token = world.broker.token("localhost:8080", |_| {});
    let asked = world.broker.upstream.asked("/introspect");

    for (kind, token) in
        [("access_token", text(&own, "access_token")), ("id_token", text(&own, "id_token")), ("access_token", browser_token.clone())]
    {
        refused(&world.exchange_token("acme-only", kind, &token, "").await);
    }
    refused(&world.exchange_token("acme-only", "jwt", &browser_token, "").await);
    assert_eq!(world.broker.upstream.asked("/introspect"), asked);
    let not_allowed = world.exchange("job", &value!({}), "").await;
    assert_eq!(error(&not_allowed), (400, "unauthorized_client".to_owned()));
    let document = world.broker.ask(ClientRequest::get("/.well-known/openid-configuration")).await.json();
    assert!(
        document["grant_types_supported"].as_array().expect("a list").contains(&value!("urn:ietf:params:oauth:grant-type:token-exchange"))
    );
}

/// Attack D-10
#[actix_web::test]
async fn access_by_exchange_ends_as_all_other_access_does() {
    let world = open().await;
    let begin = async || world.exchange("shop", &value!({}), "&provider=acme&scope=openid+offline_access").await;
    let works = async |answer: &Answer| {
        world.broker.app.sync_with_storage(clock::now()).await.expect("storage is there");
        let refresh = by("shop", "/token", &format!("grant_type=refresh_token&refresh_token={}", text(answer, "refresh_token")));
        (userinfo(&world.broker, &text(answer, "access_token")).await.status, world.broker.ask(refresh).await.status)
    };
    let first = begin().await;
    let uid = world.uid().await;
    let browser = Browser::new(&world.broker);
    assert_eq!(works(&first).await, (200, 200));

    let everywhere = EndAllSessions { store: "main".into(), uid: uid.clone(), except: None, by: AuditActor::Person, now: clock::now() };
    world.broker.app.directory.write(everywhere).await.expect("storage is there");
    assert_eq!(works(&first).await, (401, 400));
    let second = begin().await;
    assert_eq!(works(&second).await, (200, 200));
    let block = BlockUser { store: "main".into(), uid, blocked: true, now: clock::now() };
    world.broker.app.directory.write(block).await.expect("storage is there");

    assert_eq!(works(&second).await, (401, 400));
    refused(&begin().await);
    assert_eq!(browser.get("/session").await.status, 401, "no browser was signed in");
}
