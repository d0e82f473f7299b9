//! Each store signs with keys of its own, and a store that was removed takes its sessions with it.

use crate::database::Server;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::stores::{OTHER, TWO};
use crate::web::test_broker::{HOST, LOCAL, TestBroker, TestBrokerBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::directory::keys::{KeyRetirement, RetireSigningKey, RotateSigningKeys};
use portaria::session::rotation::{RotationPlan, SigningKeyState};
use portaria::session::seal::MasterKey;
use portaria::session::token_algorithm::TokenAlgorithm;
use portaria::session::{Session, SessionUser};
use portaria::vocabulary::email::Email;
use portaria::web::signing_keys::new_sealed_key;
use portaria::world::clock;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A broker on a file, then one on a server, and its master key.
async fn both() -> Vec<(TestBroker, String)> {
    let mut brokers = Vec::new();
    for server in [false, true] {
        let mut plan = TestBroker::builder(TWO).with_standard("acme").machine("one");
        if server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        brokers.push((plan.build().await, master));
    }
    brokers
}

/// The broker reads on, as it does all the time.
async fn hears(broker: &TestBroker) {
    broker.app.sync_with_storage(clock::now()).await.expect("storage is there");
}

async fn status(broker: &TestBroker, path: &str, host: &str, cookies: &str) -> u16 {
    broker.ask(ClientRequest::get(path).with("host", host).with("cookie", cookies)).await.status
}

async fn key_ids(broker: &TestBroker, host: &str) -> BTreeSet<String> {
    let answer = broker.ask(ClientRequest::get("/.well-known/jwks.json").with("host", host)).await.json();
    let keys = answer["keys"].as_array().expect("a list");
    keys.iter().map(|key| key["kid"].as_str().expect("an id").to_owned()).collect()
}

/// A user is signed in at both stores.
async fn signed_in(broker: &TestBroker) -> (Browser, Browser) {
    let (here, there) = (Browser::new(broker), Browser::at(broker, OTHER));
    assert_eq!((here.log_in("acme", "ana").await.status, there.log_in("acme", "ana").await.status), (303, 303));
    (here, there)
}

/// Attack N-08
#[actix_web::test]
async fn a_store_publishes_and_believes_no_key_of_another() {
    for (broker, _) in both().await {
        let [here, there] = [key_ids(&broker, HOST).await, key_ids(&broker, OTHER).await];
        assert!(here.len() == 1 && there.len() == 1 && here.is_disjoint(&there), "{here:?} {there:?}");

        // Every claim fits the other store; only the key does not.
        let other = broker.front(OTHER);
        let person = SessionUser {
            uid: "u1".into(),
            email: Email::parse("ana@clientes.example").expect("an address"),
            email_verified: true,
            name: None,
            provider: "acme".into(),
            provider_id: "id-ana".into(),
            facts: Vec::new(),
        };
        let session = Session::open(person, "atacado", "s".into(), other.store.lasting, clock::now());
        for (signs, expected) in [("main", 401), ("atacado", 200)] {
            let token = broker.app.signing.keys(signs).expect("it has keys").sign(&session, other.token_parties());
            for path in ["/session", "/auth"] {
                assert_eq!(status(&broker, path, OTHER, &format!("portaria={token}")).await, expected, "{path} by a key of {signs}");
            }
        }
    }
}

/// Attacks N-08, O-08, V-07
#[actix_web::test]
async fn a_key_for_apps_stands_beside_that_of_the_sessions_on_every_machine() {
    for (broker, master) in both().await {
        let other = TestBrokerBuilder::beside(&broker, TWO, &master).build().await;
        let (here, _there) = signed_in(&broker).await;
        let master = MasterKey::new(&master, false).expect("it is long enough");
        let (algorithm, plan) = (TokenAlgorithm::Rs256, RotationPlan::for_sessions_lasting(86400));
        let fresh = new_sealed_key(&master, algorithm);
        let id = fresh.id.clone();
        let rotation = RotateSigningKeys { store: "main".into(), algorithm, fresh: Some(fresh), plan, wanted: false, now: clock::now() };
        broker.app.directory.write(rotation).await.expect("storage");
        hears(&broker).await;
        hears(&other).await;

        let published = broker.ask(ClientRequest::get("/.well-known/jwks.json")).await.json();
        let described = |name: &str| published["keys"].as_array().expect("a list").iter().map(|key| key[name].clone()).collect::<Vec<_>>();
        assert_eq!((described("kty"), described("alg")), (vec![json!("EC"), json!("RSA")], vec![json!("ES256"), json!("RS256")]));
        let keys = |machine: &TestBroker, store: &str| machine.app.signing.keys(store).expect("it has keys");
        let token = keys(&broker, "main").sign_claims(algorithm, "at+jwt", &json!({ "sub": "u1" })).expect("it has a key");
        let accepts = |machine: &TestBroker, store: &str| keys(machine, store).verify_claims(&token, "at+jwt", 4096).is_some();
        assert_eq!([accepts(&broker, "main"), accepts(&other, "main"), accepts(&other, "atacado")], [true, true, false]);

        let copy = (SigningKeyState::Active, new_sealed_key(&master, algorithm));
        let retire = RetireSigningKey { id, copies: BTreeMap::from([("main".into(), copy)]), now: clock::now() };
        assert_eq!(broker.app.directory.write(retire).await, Ok(KeyRetirement::Removed));
        for machine in [&broker, &other] {
            hears(machine).await;
            assert!(!accepts(machine, "main"));
            assert!(keys(machine, "main").sign_claims(algorithm, "JWT", &json!({})).is_some(), "another key signs");
            assert_eq!(status(machine, "/auth", HOST, &here.cookies()).await, 200, "no session ends");
        }
    }
}

/// A key of RSA takes a part of a second, so no request makes one.
#[actix_web::test]
async fn a_store_gets_a_key_for_rs256_when_an_app_needs_it_and_keeps_it() {
    let app = |more: &str| format!("{TWO}apps: {{ celular: {{ secret: none, redirectUris: https://celular.loja.example/cb{more} }} }}\n");
    let signs = |machine: &TestBroker, store: &str| {
        let keys = machine.app.signing.keys(store).expect("it has keys");
        keys.sign_claims(TokenAlgorithm::Rs256, "JWT", &json!({ "sub": "u1" })).is_some()
    };
    for (broker, master) in both().await {
        broker.resettle(&app(", signing: ES256"));
        hears(&broker).await;
        assert!(!signs(&broker, "main"), "no app needs it");

        broker.resettle(&app(""));
        let unknown = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256","kid":"unknown"}"#));
        let asked = ClientRequest::by("POST", "/session/validate").body(json!({ "token": unknown }).to_string());
        assert_eq!(broker.ask(asked).await.status, 401);
        assert!(!signs(&broker, "main"), "a request reads the keys, and makes none");
        hears(&broker).await;

        assert_eq!([signs(&broker, "main"), signs(&broker, "atacado")], [true, false]);
        let published = key_ids(&broker, HOST).await;
        assert_eq!(published.len(), 2);
        let other = TestBrokerBuilder::beside(&broker, &app(""), &master).build().await;
        assert_eq!(key_ids(&other, HOST).await, published, "one machine makes it for all");
        broker.resettle(TWO);
        hears(&broker).await;
        assert_eq!(key_ids(&broker, HOST).await, published, "what it has signed is still valid");
    }
}

/// Attack N-06
#[actix_web::test]
async fn a_store_that_is_removed_and_created_again_revives_no_session_and_no_attempt() {
    for is_heard_between in [true, false] {
        for (broker, _) in both().await {
            let (here, there) = signed_in(&broker).await;
            let (begun_here, begun_there) = (here.begin("/login/acme").await, there.begin("/login/acme").await);
            let before = key_ids(&broker, OTHER).await;

            broker.resettle(LOCAL);
            if is_heard_between {
                hears(&broker).await;
                assert_eq!(status(&broker, "/auth", OTHER, &there.cookies()).await, 421);
            }
            broker.resettle(TWO);
            hears(&broker).await;

            assert_eq!(status(&broker, "/auth", OTHER, &there.cookies()).await, 401);
            assert!(key_ids(&broker, OTHER).await.is_disjoint(&before));
            assert_eq!(there.get(&there.way_back("acme", &begun_there.state, "ana")).await.status, 400);
            assert_eq!(status(&broker, "/auth", HOST, &here.cookies()).await, 200);
            assert_eq!(here.get(&here.way_back("acme", &begun_here.state, "ana")).await.status, 303);
            assert_eq!(Browser::at(&broker, OTHER).log_in("acme", "ana").await.status, 303);
        }
    }
}

/// Attack N-06
#[actix_web::test]
async fn a_restart_without_the_store_removes_it_and_one_with_it_does_not() {
    for (broker, master) in both().await {
        let (_here, there) = signed_in(&broker).await;
        let started = async |settings: &str| {
            let machine = TestBrokerBuilder::beside(&broker, settings, &master).machine("one").build().await;
            if settings == TWO { Some(status(&machine, "/auth", OTHER, &there.cookies()).await) } else { None }
        };

        assert_eq!(started(TWO).await, Some(200));
        assert_eq!(started(LOCAL).await, None);
        assert_eq!(started(TWO).await, Some(401));
    }
}

#[actix_web::test]
async fn a_change_of_the_settings_that_reaches_one_machine_after_another_ends_no_session() {
    for (broker, master) in both().await {
        let (_here, there) = signed_in(&broker).await;
        let later = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        hears(&broker).await;
        assert_eq!(status(&broker, "/auth", OTHER, &there.cookies()).await, 200, "the other machine has the settings later");

        later.resettle(TWO);
        hears(&later).await;
        assert_eq!(status(&later, "/auth", OTHER, &there.cookies()).await, 200);
        broker.resettle(LOCAL);
        hears(&broker).await;
        hears(&later).await;
        assert_eq!(status(&later, "/auth", OTHER, &there.cookies()).await, 200, "one machine has removed it");
        broker.resettle(TWO);
        hears(&broker).await;
        assert_eq!(status(&broker, "/auth", OTHER, &there.cookies()).await, 200, "and has it again");
    }
}

#[actix_web::test]
async fn a_store_that_is_removed_while_storage_is_away_is_removed_all_the_same() {
    let broker = TestBroker::builder(TWO).with_standard("acme").build().await;
    let (_here, there) = signed_in(&broker).await;

    broker.storage_is_away(true);
    broker.resettle(LOCAL);
    assert!(broker.app.sync_with_storage(clock::now()).await.is_err());
    broker.resettle(TWO);
    assert!(broker.app.sync_with_storage(clock::now()).await.is_err());
    broker.storage_is_away(false);
    hears(&broker).await;

    assert_eq!(status(&broker, "/auth", OTHER, &there.cookies()).await, 401);
}

#[actix_web::test]
async fn a_new_store_whose_first_key_cannot_be_made_yet_opens_no_session() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    broker.storage_is_away(true);
    broker.resettle(TWO);
    assert!(broker.app.sync_with_storage(clock::now()).await.is_err());

    assert_eq!(status(&broker, "/.well-known/jwks.json", OTHER, "").await, 503);
    assert_eq!(status(&broker, "/session", OTHER, "portaria=x").await, 401);
    assert_eq!(Browser::at(&broker, OTHER).log_in("acme", "ana").await.status, 503);

    broker.storage_is_away(false);
    hears(&broker).await;
    assert_eq!(Browser::at(&broker, OTHER).log_in("acme", "ana").await.status, 303);
}
