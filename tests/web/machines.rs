//! Two brokers on one storage, a file or a server: whatever one does is so for the other.

use crate::database::Server;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker, TestBrokerBuilder};
use portaria::directory::audit::AuditActor;
use portaria::directory::keys::{KeyRetirement, ListSigningKeys, RetireSigningKey};
use portaria::directory::sessions::EndAllSessions;
use portaria::directory::users::{BlockUser, FindUserByEmail};
use portaria::session::rotation::SigningKeyState;
use portaria::session::seal::MasterKey;
use portaria::session::token_algorithm::TokenAlgorithm;
use portaria::vocabulary::email::Email;
use portaria::web::signing_keys::new_sealed_key;
use portaria::world::clock;
use std::collections::BTreeMap;
use std::future::Future;

/// Two machines on a file, then two on a server.
async fn on_both<T: Future<Output = ()>>(test: impl Fn(TestBroker, TestBroker) -> T) {
    for server in [false, true] {
        let mut plan = TestBroker::builder(LOCAL).with_standard("acme").with_standard("beta");
        if server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        let broker = plan.build().await;
        let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        test(broker, other).await;
    }
}

/// The other machine reads on, as it does all the time.
async fn hears(other: &TestBroker) {
    other.app.sync_with_storage(clock::now()).await.expect("storage is there");
}

async fn passes(broker: &TestBroker, cookies: &str) -> u16 {
    broker.ask(ClientRequest::get("/auth").with("cookie", cookies)).await.status
}

/// Attack C-08
/// Lesson 161
#[actix_web::test]
async fn of_fifty_identical_callbacks_at_once_on_two_machines_one_goes_well() {
    on_both(async |broker, other| {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        let ask = browser.dressed(ClientRequest::get(&browser.way_back("acme", &begun.state, "ana")));

        let there = actix_web::rt::spawn({
            let (other, asks) = (other.clone(), vec![ask.clone(); 25]);
            async move { other.ask_at_once(asks).await }
        });
        let mut answers = broker.ask_at_once(vec![ask; 25]).await;
        answers.extend(there.await.expect("nothing panics"));

        let fine = answers.iter().filter(|answer| answer.status == 303 && answer.session().is_some()).count();
        let refused = answers.iter().filter(|answer| answer.status == 400 && answer.session().is_none()).count();
        assert_eq!((fine, refused), (1, 49), "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        assert_eq!(broker.upstream.asked("/token"), 1);
    })
    .await;
}

/// Two machines; one has a session whose key the other has not read yet.
struct MachinesWithUnreadKey {
    broker: TestBroker,
    other: TestBroker,
    cookies: String,
}

impl MachinesWithUnreadKey {
    async fn new() -> Self {
        let plan = TestBroker::builder(LOCAL).with_standard("acme");
        let master = plan.master();
        let broker = plan.build().await;
        let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        let leaked = broker.app.directory.read(ListSigningKeys).await.expect("storage").remove(0).status.id;
        let fresh = new_sealed_key(&MasterKey::new(&master, false).expect("it is long enough"), TokenAlgorithm::Es256);
        let retire =
            RetireSigningKey { id: leaked, copies: BTreeMap::from([("main".into(), (SigningKeyState::Active, fresh))]), now: clock::now() };
        assert_eq!(broker.app.directory.write(retire).await, Ok(KeyRetirement::Removed));
        hears(&broker).await;
        let browser = Browser::new(&broker);
        browser.log_in("acme", "ana").await;
        let cookies = browser.cookies();
        assert_eq!((passes(&broker, &cookies).await, passes(&other, &cookies).await), (200, 401));
        Self { broker, other, cookies }
    }
}

#[actix_web::test]
async fn a_machine_that_never_knew_the_file_of_a_login_says_that_it_changed() {
    let plan = TestBroker::builder(LOCAL).with_standard("acme");
    let master = plan.master();
    let broker = plan.build().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    broker.rewrite("acme", &STANDARD.replace("loja-42", "loja-43"));
    let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;

    for (state, is_ours) in [(&*begun.state, true), ("of-another", false)] {
        let back = ClientRequest::get(&browser.way_back("acme", state, "ana")).with("accept-language", "en");
        let answer = other.ask(browser.dressed(back)).await;
        assert_eq!((answer.status, answer.body.contains("The store just changed this sign-in option")), (400, is_ours), "{answer:?}");
    }
    assert_eq!(broker.upstream.asked("/token"), 0);
}

/// Attack F-11
#[actix_web::test]
async fn a_sign_out_at_a_machine_that_has_not_read_the_key_yet_ends_the_session() {
    let MachinesWithUnreadKey { broker, other, cookies } = MachinesWithUnreadKey::new().await;

    let left = other.ask(ClientRequest::form("/logout", "").with("cookie", &cookies)).await;
    hears(&broker).await;

    assert_eq!(left.status, 303, "{left:?}");
    assert_eq!(passes(&broker, &cookies).await, 401);
}

/// Attack F-11
#[actix_web::test]
async fn a_sign_out_everywhere_at_a_machine_that_has_not_read_the_key_yet_ends_the_session() {
    let MachinesWithUnreadKey { broker, other, cookies } = MachinesWithUnreadKey::new().await;
    let page = broker.ask(ClientRequest::get("/account").with("cookie", &cookies)).await.body;
    let (_, rest) = page.split_once("name=\"form\" value=\"").expect("there is a form");
    let form = format!("form={}", rest.split('"').next().unwrap_or_default());
    let request = ClientRequest::form("/account/sign-out", &form).with("cookie", &cookies).with("origin", "http://localhost:8080");

    let left = other.ask(request).await;
    hears(&broker).await;

    assert_eq!((left.status, left.location()), (303, Some("/login?signed_out=1")), "{left:?}");
    assert_eq!(passes(&broker, &cookies).await, 401);
}

/// Attack F-11
#[actix_web::test]
async fn a_session_whose_key_a_machine_has_not_read_yet_is_found_and_its_cookie_stays() {
    let MachinesWithUnreadKey { other, cookies, .. } = MachinesWithUnreadKey::new().await;

    let session = other.ask(ClientRequest::get("/session").with("cookie", &cookies)).await;

    assert_eq!((session.status, session.session()), (200, None), "{session:?}");
    let MachinesWithUnreadKey { other, cookies, .. } = MachinesWithUnreadKey::new().await;
    let token = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("portaria=")).expect("a session");
    let validate = ClientRequest::by("POST", "/session/validate").body(format!("{{\"token\":\"{token}\"}}"));
    assert_eq!(other.ask(validate).await.status, 200);
}

#[actix_web::test]
async fn a_session_is_good_everywhere_until_it_ends_anywhere() {
    on_both(async |broker, other| {
        let browser = Browser::new(&broker);
        browser.log_in("acme", "ana").await;
        let cookies = browser.cookies();
        assert_eq!(passes(&other, &cookies).await, 200, "a session is good on every machine");

        browser.ask(ClientRequest::form("/logout", "")).await;
        hears(&other).await;

        assert_eq!(passes(&other, &cookies).await, 401);
    })
    .await;
}

/// Attacks O-08, D-09, X-05
/// Lessons 29, 164
#[actix_web::test]
async fn support_signs_somebody_out_and_shuts_them_out_on_every_machine() {
    on_both(async |broker, other| {
        let browser = Browser::new(&broker);
        browser.log_in("acme", "ana").await;
        let cookies = browser.cookies();
        let email = Email::parse(&browser.who().await.expect("a person")).expect("an address");
        let found = other.app.directory.read(FindUserByEmail { store: "main".into(), email }).await.expect("storage");
        let uid = found.expect("a person").user.uid;

        let sign_out = EndAllSessions { store: "main".into(), uid: uid.clone(), except: None, by: AuditActor::Support, now: clock::now() };
        assert_eq!(other.app.directory.write(sign_out).await, Ok(1));
        hears(&broker).await;
        assert_eq!(passes(&broker, &cookies).await, 401);

        browser.log_in("acme", "ana").await;
        let cookies = browser.cookies();
        let under_way = browser.begin("/login/acme").await;
        assert_eq!(passes(&other, &cookies).await, 200);
        let block = BlockUser { store: "main".into(), uid, blocked: true, now: clock::now() };
        assert_eq!(other.app.directory.write(block).await, Ok(Some(1)));
        hears(&broker).await;
        assert_eq!(passes(&broker, &cookies).await, 401);
        assert_eq!(browser.get(&browser.way_back("acme", &under_way.state, "ana")).await.status, 403, "who was on the way");
        assert_eq!(browser.log_in("acme", "ana").await.status, 403);
        assert_eq!(browser.log_in("beta", "ana").await.status, 403, "by no way");
    })
    .await;
}

#[actix_web::test]
async fn of_very_many_sessions_that_end_together_none_is_overlooked() {
    use portaria::directory::sign_in::SignIn;
    use portaria::provider::identity::{Identity, IdentityEmail};
    use portaria::provider::trust::EmailEvidence;
    use portaria::vocabulary::email::Email as Address;

    on_both(async |broker, other| {
        let email = Address::parse("ana@loja.example").expect("an address");
        let identity = Identity {
            provider: "acme".into(),
            file: "acme".into(),
            fingerprint: "origins https://sso.acme.example".into(),
            id: "1".into(),
            address: IdentityEmail::Proven(email, EmailEvidence::Claim),
            name: None,
            picture: None,
            locale: None,
            more: Vec::new(),
        };
        let now = clock::now();
        let comes = |at: u32| SignIn {
            store: "main".into(),
            identity: identity.clone(),
            version: "v".into(),
            new_uid: format!("u{at}").into(),
            sid: format!("s{at}").into(),
            now,
            latest: now + 1000,
            instead_of: None,
            device: None,
        };
        for at in 0..1100 {
            broker.app.directory.write(comes(at)).await.expect("storage").expect("signed in");
        }
        let block = BlockUser { store: "main".into(), uid: "u0".into(), blocked: true, now };

        assert_eq!(broker.app.directory.write(block).await, Ok(Some(1100)));
        hears(&other).await;

        let alive = (0..1100).filter(|at| !other.app.revocations.is_ended(&format!("s{at}"))).count();
        assert_eq!(alive, 0);
    })
    .await;
}

/// Attacks O-08, F-11, X-08
/// Lessons 94, 102
#[actix_web::test]
async fn a_key_that_is_turned_over_logs_nobody_out_and_one_that_is_retired_logs_out_everywhere() {
    use portaria::directory::keys::RotateSigningKeys;
    use portaria::session::rotation::RotationPlan;
    use portaria::session::seal::MasterKey;

    for server in [false, true] {
        let mut plan = TestBroker::builder(LOCAL).with_standard("acme");
        if server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        let broker = plan.build().await;
        let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        let master = MasterKey::new(&master, false).expect("it is long enough");
        let browser = Browser::new(&broker);
        browser.log_in("acme", "ana").await;
        let old = browser.cookies();
        let rotation = RotationPlan::for_sessions_lasting(24 * 3600);
        let kids = async |broker: &TestBroker| {
            broker.ask(ClientRequest::get("/.well-known/jwks.json")).await.json()["keys"].as_array().map_or(0, Vec::len)
        };

        let now = clock::now();
        let turn = |wanted, now| RotateSigningKeys {
            store: "main".into(),
            algorithm: TokenAlgorithm::Es256,
            fresh: Some(new_sealed_key(&master, TokenAlgorithm::Es256)),
            plan: rotation,
            wanted,
            now,
        };
        broker.app.directory.write(turn(true, now)).await.expect("storage");
        for machine in [&broker, &other] {
            hears(machine).await;
            assert_eq!(kids(machine).await, 2, "it is published before it signs");
            assert_eq!(passes(machine, &old).await, 200);
        }
        other.app.directory.write(turn(false, now + rotation.published)).await.expect("storage");
        // A machine that has not heard of it yet signs with the old key; one that has, with the new; both are believed.
        hears(&other).await;
        let new = Browser::new(&other);
        new.log_in("acme", "bia").await;
        for machine in [&broker, &other] {
            assert_eq!((passes(machine, &old).await, passes(machine, &new.cookies()).await), (200, 200));
        }

        let keys = broker.app.directory.read(ListSigningKeys).await.expect("storage");
        let going = keys.iter().find(|key| key.status.state.word() == "retiring").expect("the old one").status.id.clone();
        let copy = (SigningKeyState::Retiring, new_sealed_key(&master, TokenAlgorithm::Es256));
        broker
            .app
            .directory
            .write(RetireSigningKey { id: going, copies: BTreeMap::from([("main".into(), copy)]), now })
            .await
            .expect("storage");
        for machine in [&broker, &other] {
            hears(machine).await;
            assert_eq!((passes(machine, &old).await, passes(machine, &new.cookies()).await), (401, 200));
        }
    }
}
