//! A store is sent what happens to its people: signed, in order for each person, and until it was accepted.

use crate::database::Server;
use crate::web::account;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, TestBroker, TestBrokerBuilder};
use crate::web::test_provider::{ReceivedRequest, answer, json, until_it_gives_up};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portaria::directory::audit::AuditActor;
use portaria::directory::identity_links::UnlinkIdentity;
use portaria::directory::sessions::EndAllSessions;
use portaria::directory::store_event_delivery::{KEPT, ListStoreEvents, ReadStoreEventStatus};
use portaria::directory::store_events::REFUSALS_A_MINUTE;
use portaria::directory::users::{BlockUser, EraseUser};
use portaria::web::store_events::{deliver_due, give_up_old};
use portaria::world::{clock, random};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const PATH: &str = "/portaria-events";

/// A secret as a store has it.
fn secret() -> String {
    format!("whsec_{}", STANDARD.encode(random::bytes::<32>()))
}

fn settings(more: &str) -> String {
    format!("{LOCAL}events:\n  to: UPSTREAM{PATH}\n  secret: file:FOLDER/secrets/events\n{more}")
}

/// A broker whose store wants events, and the secret of the store.
async fn begin(more: &str) -> (TestBroker, String) {
    let secret = secret();
    let plan = TestBroker::builder(&settings(more)).with_standard("acme").with_standard("beta");
    let broker = plan.with_file("secrets/events", &secret).build().await;
    says(&broker, 204);
    (broker, secret)
}

fn says(broker: &TestBroker, status: u16) {
    broker.upstream.says(PATH, answer(status, "", b""));
}

/// What the receiver was asked, accepted or not.
fn received(broker: &TestBroker) -> Vec<ReceivedRequest> {
    broker.upstream.heard().into_iter().filter(|heard| heard.path == PATH).collect()
}

/// Whether an event was signed with a secret, computed as a receiver would.
fn is_signed_with(request: &ReceivedRequest, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
    let header = |name: &str| request.header(name).expect("a header");
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), request.body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut signatures =
        header("webhook-signature").split(' ').filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok());
    signatures.any(|signature| hmac::verify(&key, signed.as_bytes(), &signature).is_ok())
}

/// The events of these requests, each of which has to be signed.
fn events(requests: &[ReceivedRequest], secret: &str) -> Vec<Value> {
    let read = |request: &ReceivedRequest| {
        assert!(is_signed_with(request, secret), "{request:?}");
        let event: Value = serde_json::from_str(&request.body).expect("JSON");
        assert_eq!(Some(event["id"].as_str().expect("an id")), request.header("webhook-id"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        event
    };
    requests.iter().map(read).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().expect("a type")).collect()
}

/// Sends until nothing more is accepted.
async fn deliver(broker: &TestBroker) {
    while deliver_due(&broker.app, "main", clock::now()).await > 0 {}
}

async fn waiting(broker: &TestBroker) -> i64 {
    broker.app.directory.read(ReadStoreEventStatus { store: "main".into() }).await.expect("storage is there").waiting
}

async fn block(broker: &TestBroker, uid: &str, blocked: bool) {
    let block = BlockUser { store: "main".into(), uid: uid.into(), blocked, now: clock::now() };
    broker.app.directory.write(block).await.expect("storage is there");
}

/// A person signs in, and the broker knows the person by this id.
async fn signs_in(broker: &TestBroker, who: &str) -> (Browser, String) {
    let browser = account::signed_in(broker, "acme", who).await;
    let uid = account::uid(&browser).await;
    (browser, uid)
}

#[actix_web::test]
async fn each_kind_arrives_signed_and_in_the_order_in_which_it_happened() {
    let (broker, secret) = begin("").await;
    let directory = &broker.app.directory;
    let (browser, uid) = signs_in(&broker, "ana").await;
    signs_in(&broker, "ana").await;
    assert_eq!(account::adds(&broker, &browser, "beta", "outra").await.status, 303);
    let (store, provider, now) = (Box::<str>::from("main"), Box::<str>::from("beta"), clock::now());
    let by = AuditActor::Support;
    let unlink = UnlinkIdentity {
        store: store.clone(),
        uid: uid.as_str().into(),
        provider,
        provider_id: None,
        except: None,
        by,
        even_last: false,
        now,
    };
    directory.write(unlink).await.expect("storage is there");
    broker.upstream.says("/me", json(200, r#"{"id":"id-ana","email":"nova@clientes.example","verified":true}"#));
    let (browser, _) = signs_in(&broker, "ana").await;
    assert_eq!(browser.ask(ClientRequest::form("/logout", "")).await.status, 303);
    block(&broker, &uid, true).await;
    assert_eq!(Browser::new(&broker).log_in("acme", "ana").await.status, 403);
    block(&broker, &uid, false).await;
    let end = EndAllSessions { store: store.clone(), uid: uid.as_str().into(), except: None, by, now };
    directory.write(end).await.expect("storage is there");

    deliver(&broker).await;
    let sent = events(&received(&broker), &secret);
    let erase = EraseUser { store, uid: uid.as_str().into(), by, now };
    assert_eq!(directory.write(erase).await, Ok(true));
    deliver(&broker).await;

    let all = events(&received(&broker), &secret);
    let expected =
        ["signIn", "signIn", "link", "unlink", "emailChange", "signIn", "signOut", "block", "refusal", "unblock", "signOut", "erase"];
    assert_eq!(types(&all), expected);
    assert_eq!(sent.len(), 11);
    assert!(all.iter().map(|event| event["sequence"].as_i64()).is_sorted_by(|one, next| one < next));
    assert!(all.iter().all(|event| event["person"]["uid"] == uid && event["store"] == "main"), "{all:#?}");
    let of = |at: usize, names: &[&str]| names.iter().map(|name| all[at][*name].as_str().unwrap_or_default()).collect::<Vec<_>>();
    let texts = ["provider", "identity", "reason"];
    assert_eq!(of(0, &texts), ["acme", "id-ana", "new"]);
    assert_eq!(of(1, &texts), ["acme", "id-ana", "known"]);
    assert_eq!(of(2, &texts), ["beta", "id-outra", "linkedByThemselves"]);
    assert_eq!(of(3, &texts), ["beta", "", "support"]);
    assert_eq!(of(6, &["sessions", "reason"]), ["one", "person"]);
    assert_eq!(of(8, &texts), ["acme", "id-ana", "blocked"]);
    assert_eq!(of(10, &["sessions", "reason"]), ["all", "support"]);
    assert_eq!(of(11, &["reason"]), ["support"]);
    assert_eq!(all[0]["person"]["email"], "ana@clientes.example");
    assert_eq!(all[4]["person"]["email"], "nova@clientes.example");
    assert_eq!((&all[0]["person"]["emailVerified"], &all[11]["person"]["email"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(waiting(&broker).await, 0);
}

#[actix_web::test]
async fn an_identity_that_a_proven_address_links_is_an_event_too_and_only_what_is_wanted_is_sent() {
    let (broker, secret) = begin("  only: [ link ]\n").await;
    signs_in(&broker, "ana").await;
    broker.upstream.says("/me", json(200, r#"{"id":"another","email":"ana@clientes.example","verified":true}"#));
    account::signed_in(&broker, "beta", "ana").await;

    deliver(&broker).await;

    let all = events(&received(&broker), &secret);
    assert_eq!(types(&all), ["link"]);
    assert_eq!((&all[0]["provider"], &all[0]["identity"], &all[0]["reason"]), (&"beta".into(), &"another".into(), &"linked".into()));
}

#[actix_web::test]
async fn a_receiver_that_is_down_gets_everything_when_it_is_back_and_in_order() {
    let (broker, secret) = begin("").await;
    let (_, ana) = signs_in(&broker, "ana").await;
    block(&broker, &ana, true).await;
    signs_in(&broker, "bia").await;
    broker.upstream.answers(PATH, |_, _| {});
    let now = clock::now();

    assert_eq!(deliver_due(&broker.app, "main", now).await, 0);
    assert_eq!((received(&broker).len(), waiting(&broker).await), (2, 3), "the second event of Ana waits for the first");
    assert_eq!((deliver_due(&broker.app, "main", now + 1).await, received(&broker).len()), (0, 2), "after a pause");
    says(&broker, 500);
    assert_eq!((deliver_due(&broker.app, "main", now + 13).await, received(&broker).len()), (0, 4));
    assert_eq!((deliver_due(&broker.app, "main", now + 20).await, received(&broker).len()), (0, 4), "the pauses grow");
    says(&broker, 200);
    for later in [60, 61, 62] {
        deliver_due(&broker.app, "main", now + later).await;
    }

    let all = events(&received(&broker), &secret);
    let of_ana: Vec<&Value> = all.iter().filter(|event| event["person"]["uid"] == ana).collect();
    let ids: BTreeSet<&str> = of_ana.iter().filter_map(|event| event["id"].as_str()).collect();
    assert_eq!(of_ana.iter().map(|event| event["type"].as_str()).collect::<Vec<_>>(), ["signIn", "signIn", "signIn", "block"].map(Some));
    assert_eq!((ids.len(), waiting(&broker).await), (2, 0), "what is sent again has the id that it had");
    let logged = broker.logged();
    assert!(logged.contains("the receiver closed the connection without an answer") && logged.contains("the status 500"), "{logged}");
}

#[actix_web::test]
async fn an_event_that_is_refused_holds_up_no_other_person() {
    let (broker, _) = begin("").await;
    let (_, ana) = signs_in(&broker, "ana").await;
    signs_in(&broker, "bia").await;
    broker.upstream.answers(PATH, move |heard, to| {
        let status = if heard.body.contains(&ana) { 422 } else { 200 };
        drop(std::io::Write::write_all(to, &answer(status, "", b"")));
    });

    assert_eq!(deliver_due(&broker.app, "main", clock::now()).await, 1);
    signs_in(&broker, "caio").await;
    assert_eq!(deliver_due(&broker.app, "main", clock::now()).await, 1, "the receiver is not left alone");

    assert_eq!(waiting(&broker).await, 1);
}

#[actix_web::test]
async fn a_thousand_events_of_one_person_that_are_refused_hold_up_no_other_person() {
    let (broker, secret) = begin("").await;
    let (_, ana) = signs_in(&broker, "ana").await;
    for event in 0..1000 {
        block(&broker, &ana, event % 2 == 0).await;
    }
    broker.upstream.answers(PATH, {
        let ana = ana.clone();
        move |heard, to| drop(std::io::Write::write_all(to, &answer(if heard.body.contains(&ana) { 422 } else { 200 }, "", b"")))
    });
    let others = ["bia", "caio", "dora", "edu"];

    for (hour, who) in (0..).zip(others) {
        signs_in(&broker, who).await;
        assert_eq!(deliver_due(&broker.app, "main", clock::now() + hour * 3600).await, 1, "{who} waits for no one");
    }

    assert_eq!(waiting(&broker).await, 1001);
    let all = events(&received(&broker), &secret);
    let of_ana: Vec<&Value> = all.iter().filter(|event| event["person"]["uid"] == ana).collect();
    assert_eq!((of_ana.len(), all.len()), (others.len(), 2 * others.len()), "one event of hers is tried at a time");
    assert!(of_ana.iter().all(|event| event["id"] == of_ana[0]["id"] && event["type"] == "signIn"), "the later ones wait for it");
}

#[actix_web::test]
async fn an_event_that_no_one_takes_for_three_days_is_dropped_and_counted() {
    let (broker, secret) = begin("").await;
    says(&broker, 400);
    let (_, ana) = signs_in(&broker, "ana").await;
    block(&broker, &ana, true).await;
    let (mut now, end) = (clock::now(), clock::now() + KEPT + 2 * 86_400);

    while now < end {
        deliver_due(&broker.app, "main", now).await;
        now += 600;
    }

    let tries = received(&broker);
    assert!((20..60).contains(&tries.len()), "{}", tries.len());
    assert_eq!(waiting(&broker).await, 0);
    let all = events(&tries, &secret);
    assert!(types(&all).is_sorted_by(|one, next| !(*one == "block" && *next == "signIn")), "the block came after the sign-in was given up");
    let logged = broker.logged();
    assert!(logged.contains("has not taken one for three days"), "{logged}");
    let metrics = broker.ask(ClientRequest::get("/metrics")).await.body;
    assert!(metrics.contains("portaria_store_events_total{store=\"main\",outcome=\"dropped\"} 2"), "{metrics}");
}

#[actix_web::test]
async fn an_event_that_waited_for_three_days_without_a_try_is_dropped_and_counted() {
    let (broker, _) = begin("").await;
    signs_in(&broker, "ana").await;

    give_up_old(&broker.app, clock::now() + KEPT).await;

    assert_eq!((waiting(&broker).await, received(&broker).len()), (0, 0));
    assert!(broker.logged().contains("waited for three days"), "{}", broker.logged());
    let metrics = broker.ask(ClientRequest::get("/metrics")).await.body;
    assert!(metrics.contains("portaria_store_events_total{store=\"main\",outcome=\"dropped\"} 1"), "{metrics}");
}

/// Attack G-01
#[actix_web::test]
async fn while_a_secret_is_replaced_events_are_signed_with_both() {
    let (old, new) = (secret(), secret());
    let both = settings("").replace("file:FOLDER/secrets/events", "[ file:FOLDER/secrets/new, file:FOLDER/secrets/events ]");
    let plan = TestBroker::builder(&both).with_standard("acme").with_file("secrets/events", &old).with_file("secrets/new", &new);
    let broker = plan.build().await;
    says(&broker, 200);
    signs_in(&broker, "ana").await;
    deliver(&broker).await;
    let folder = broker.folder.0.display().to_string();
    let one = settings("").replace("secrets/events", "secrets/new").replace("UPSTREAM", &broker.upstream.url()).replace("FOLDER", &folder);
    broker.resettle(&one);
    signs_in(&broker, "bia").await;
    deliver(&broker).await;

    let [first, second] = &*received(&broker) else { panic!("two events") };

    assert!(is_signed_with(first, &old) && is_signed_with(first, &new));
    assert!(is_signed_with(second, &new) && !is_signed_with(second, &old));
    assert!(!is_signed_with(&ReceivedRequest { body: second.body.replace("bia", "eva"), ..second.clone() }, &new));
}

#[actix_web::test]
async fn of_two_machines_one_sends_and_either_sends_for_the_other() {
    for is_server in [false, true] {
        let secret = secret();
        let mut plan = TestBroker::builder(&settings("")).with_standard("acme").with_file("secrets/events", &secret);
        if is_server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        let first = plan.build().await;
        let second = TestBrokerBuilder::beside(&first, &settings(""), &master).build().await;
        says(&first, 200);
        for who in ["ana", "bia", "caio", "davi"] {
            signs_in(&first, who).await;
        }
        let now = clock::now();

        let there = second.app.clone();
        let there = actix_web::rt::spawn(async move { deliver_due(&there, "main", now).await });
        let here = deliver_due(&first.app, "main", now).await;
        let there = there.await.expect("nothing panics");

        let ids: BTreeSet<String> = received(&first).iter().map(|heard| heard.body.clone()).collect();
        assert_eq!((here + there, received(&first).len(), ids.len()), (4, 4, 4), "each was sent once");
        assert!(here == 0 || there == 0, "{here} and {there}");
        signs_in(&first, "eva").await;
        let other = if here == 0 { &first } else { &second };
        assert_eq!(deliver_due(&other.app, "main", now + 30).await, 1, "when the lease of a broker is over, the other one goes on");
    }
}

/// Attacks G-02, G-03
#[actix_web::test]
async fn no_redirect_is_followed_and_no_answer_is_read_without_end() {
    let (broker, _) = begin("").await;
    signs_in(&broker, "ana").await;
    let inside = format!("Location: {}/inside\r\n", broker.upstream.url());
    let mut now = clock::now();
    for (what, said) in
        [(answer(307, &inside, b""), "the redirect 307"), (answer(200, "", &vec![b' '; 1 << 20]), "larger than what is read")]
    {
        broker.upstream.says(PATH, what);

        assert_eq!(deliver_due(&broker.app, "main", now).await, 0);

        let status = broker.app.directory.read(ReadStoreEventStatus { store: "main".into() }).await.expect("storage is there");
        assert!(status.failure.as_deref().is_some_and(|failure| failure.contains(said)), "{status:?}");
        now += 100;
    }
    assert_eq!((broker.upstream.asked("/inside"), waiting(&broker).await), (0, 1));
}

/// Attack G-03
#[actix_web::test]
async fn a_receiver_that_is_silent_holds_up_no_login_and_no_other_store() {
    let (broker, _) = begin("").await;
    broker.upstream.answers(PATH, |_, to| until_it_gives_up(to));
    signs_in(&broker, "ana").await;
    let (app, began) = (broker.app.clone(), clock::instant());
    let sending = actix_web::rt::spawn(async move { deliver_due(&app, "main", clock::now()).await });

    for who in ["bia", "caio", "davi"] {
        signs_in(&broker, who).await;
    }
    assert!(began.elapsed() < Duration::from_secs(8), "no login waits: {:?}", began.elapsed());

    assert_eq!((sending.await.expect("nothing panics"), waiting(&broker).await), (0, 4));
    assert!(began.elapsed() < Duration::from_secs(20), "the receiver was given up: {:?}", began.elapsed());
}

/// Attack G-04
#[actix_web::test]
async fn a_flood_of_refusals_fills_neither_the_outbox_nor_the_receiver() {
    let (broker, secret) = begin("").await;
    let (_, ana) = signs_in(&broker, "ana").await;
    block(&broker, &ana, true).await;
    let began = clock::now();
    for _ in 0..i64::from(REFUSALS_A_MINUTE) * 2 + 15 {
        assert_eq!(Browser::new(&broker).log_in("acme", "ana").await.status, 403);
    }
    let queued = broker.app.directory.read(ListStoreEvents { store: "main".into(), most: 1000 }).await.expect("storage is there");
    let minutes = usize::try_from(clock::now() / 60 - began / 60 + 1).expect("a number");
    assert!(queued.len() <= 2 + minutes * (1 + usize::try_from(REFUSALS_A_MINUTE).expect("a number")), "{}", queued.len());

    let now = clock::now();
    for second in 0..200 {
        deliver_due(&broker.app, "main", now + second).await;
    }

    let all = events(&received(&broker), &secret);
    let refusals = all.iter().filter(|event| event["type"] == "refusal");
    let counted: i64 = refusals.map(|event| event["leftOut"].as_i64().unwrap_or(1)).sum();
    assert_eq!((counted, waiting(&broker).await), (75, 0), "each is counted");
}

/// Attack G-05
#[actix_web::test]
async fn a_secret_that_is_none_is_complained_about_and_shown_nowhere() {
    let wrong = format!("whsec_{}", STANDARD.encode(random::bytes::<8>()));
    let broker = TestBroker::builder(&settings("")).with_standard("acme").with_file("secrets/events", &wrong).build().await;
    says(&broker, 200);
    signs_in(&broker, "ana").await;

    assert_eq!((deliver_due(&broker.app, "main", clock::now()).await, waiting(&broker).await), (0, 1), "it waits for a secret");

    let complaints = broker.app.complaints(clock::now()).join("\n");
    assert!(complaints.contains("does not hold `whsec_`"), "{complaints}");
    let metrics = broker.ask(ClientRequest::get("/metrics")).await.body;
    for text in [complaints, metrics, broker.logged()] {
        assert!(!text.contains(&wrong) && !text.contains(&wrong["whsec_".len()..]), "{text}");
    }
    let (right, folder) = (secret(), broker.folder.0.display().to_string());
    broker.folder.write("secrets/events", &right);
    broker.resettle(&settings("").replace("UPSTREAM", &broker.upstream.url()).replace("FOLDER", &folder));
    deliver(&broker).await;
    assert_eq!(events(&received(&broker), &right).len(), 1);
    assert!(!broker.logged().contains(&right["whsec_".len()..]));
    assert!(!String::from_utf8_lossy(&broker.stored()).contains(&right["whsec_".len()..]));
}

#[actix_web::test]
async fn a_store_that_wants_no_events_pays_nothing_for_them() {
    let broker = TestBroker::open().await;
    signs_in(&broker, "ana").await;

    assert_eq!((waiting(&broker).await, deliver_due(&broker.app, "main", clock::now()).await), (0, 0));
}
