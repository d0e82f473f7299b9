//! The next version of a provider file: it reads along, it gets a share of the logins, and it loses that share by itself.

use crate::database::Server;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker, TestBrokerBuilder};
use crate::web::test_provider::{TestProvider, json, person};
use portaria::counts::SLOT;
use portaria::counts::period::{CountedPeriod, PeriodCounts};
use portaria::directory::next_versions::{AddNextCounts, NextCount, NextVersionKey};
use portaria::rollout::comparison::LoginVersion;
use portaria::rollout::counts::NextVersionCounts;
use portaria::rollout::standing::RolloutStanding;
use std::future::Future;
use std::io::Write as _;

/// The next version that sends `canal=next` to the provider, with this share.
fn next(rollout: &str) -> String {
    STANDARD.replace("scope: perfil", "scope: perfil, extra: { canal: next }") + rollout
}

const WHOLE: &str = "rollout: { share: 100%, sameIds: true }\n";

async fn broker_with(next: &str) -> TestBroker {
    TestBroker::builder(LOCAL).with_standard("acme").with("acme.next", next).build().await
}

/// What was counted, once every comparison has ended.
async fn counts(broker: &TestBroker) -> NextVersionCounts {
    broker.app.rollout.settle().await;
    let front = broker.front("localhost:8080");
    let snapshot = front.providers.snapshot();
    let next = snapshot.next_version("acme").and_then(|next| next.live_provider()).expect("it can be used").clone();
    broker.app.rollout.counts("main", &next).unwrap_or_default()
}

fn standing(broker: &TestBroker) -> RolloutStanding {
    let front = broker.front("localhost:8080");
    broker.app.rollout.standing("main", "acme", &front.providers.snapshot()).expect("there is a next version")
}

fn differences(counts: &NextVersionCounts) -> Vec<String> {
    counts.differences().iter().map(|(difference, ..)| difference.to_string()).collect()
}

/// Whether a login begins with the next version.
async fn begins_with_next(broker: &TestBroker, address: &str) -> bool {
    Browser::new(broker).begin(address).await.query.contains(&("canal".to_owned(), "next".to_owned()))
}

#[actix_web::test]
async fn a_next_version_is_no_provider_of_its_own() {
    let broker = broker_with(&STANDARD.replace("Clube Acme", "Clube Novo")).await;

    for address in ["/login/acme.next", "/callback/acme.next?code=x&state=y", "/lab/acme.next"] {
        assert_eq!(broker.ask(ClientRequest::get(address)).await.status, 404, "{address}");
    }
    let page = broker.ask(ClientRequest::get("/login")).await.body;
    assert!(page.contains("Clube Acme") && !page.contains("Clube Novo"));
    let listed = broker.ask(ClientRequest::get("/providers")).await.json();
    assert_eq!(listed["providers"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[actix_web::test]
async fn a_next_version_reads_along_and_nothing_is_sent_for_that() {
    let broker = broker_with(&STANDARD.replace("name: $.name", "name: [ $.full_name, $.name ]")).await;

    for who in ["ana", "bruno", "carla"] {
        assert_eq!(Browser::new(&broker).log_in("acme", who).await.status, 303);
    }

    let counts = counts(&broker).await;
    assert_eq!((counts.matched(), counts.differed(), counts.incomparable(), counts.same_ids()), (3, 0, 0, 3), "{counts:?}");
    assert_eq!((broker.upstream.asked("/token"), broker.upstream.asked("/me")), (3, 3));
    assert_eq!(standing(&broker), RolloutStanding::ReadsAlong);
    assert!(
        broker
            .ask(ClientRequest::get("/metrics"))
            .await
            .body
            .contains("portaria_next_compared_total{provider=\"acme\",result=\"matched\"} 3")
    );
}

#[actix_web::test]
async fn what_the_next_version_reads_differently_is_named_without_a_value() {
    for (from, to, expected) in [
        ("id: $.id", "id: $.name", vec!["id differs"]),
        ("email: $.email", "email: $.mail", vec!["login refused"]),
        ("emailVerified: $.verified", "emailVerified: $.confirmed", vec!["login refused"]),
        ("name: Clube Acme\n", "name: Clube Acme\norder: 7\n", vec![]),
        ("name: $.name }", "name: $.email }", vec!["fact name differs"]),
        ("name: $.name }", "name: $.full_name }", vec!["fact name missing"]),
        ("name: $.name }", "name: $.name, locale: $.id }", vec!["fact locale added"]),
        (", emailVerified: $.verified, name: $.name }\n", ", name: $.name }\ntrustEmail: always\n", vec!["evidence differs"]),
    ] {
        let broker = broker_with(&STANDARD.replace(from, to)).await;

        Browser::new(&broker).log_in("acme", "ana").await;

        let counts = counts(&broker).await;
        assert_eq!(differences(&counts), expected, "{to}");
        assert_eq!(counts.matched(), i64::from(expected.is_empty()));
        broker.app.share_next_versions().await.expect("storage is there");
        let stored = broker.stored();
        let holds = |text: &str| stored.windows(text.len()).any(|part| part == text.as_bytes());
        let story = format!("{:?}", counts.differences());
        assert!(!story.contains("ana") && !story.contains("clientes"), "{story}");
        assert!(holds("ana@clientes.example"), "the user is stored, and nothing of the person in what was counted");
    }
}

#[actix_web::test]
async fn a_login_that_both_versions_refuse_is_matched_and_one_that_only_the_next_accepts_is_named() {
    let broker = broker_with(&STANDARD.replace("emailVerified: $.verified", "emailVerified: $.confirmed")).await;
    broker.upstream.says("/me", json(200, "{\"id\":\"id-ana\",\"email\":\"ana@clientes.example\",\"verified\":false,\"confirmed\":true}"));
    Browser::new(&broker).log_in("acme", "ana").await;
    assert_eq!(differences(&counts(&broker).await), ["login accepted"]);

    broker.upstream.says("/me", json(200, "{\"error\":\"no\"}"));
    Browser::new(&broker).log_in("acme", "ana").await;
    assert_eq!(counts(&broker).await.matched(), 1);
}

#[actix_web::test]
async fn other_requests_are_named_and_only_what_corresponds_is_compared() {
    for (from, to, expected, is_whole) in [
        ("scope: perfil", "scope: perfil email", vec!["getAuthorizationCode: parameter scope"], true),
        ("get: UPSTREAM/me", "get: UPSTREAM/v2/me", vec!["getUserInfo: address"], false),
        ("get: UPSTREAM/me", "get: UPSTREAM/me\n  query: { fields: id }", vec!["getUserInfo: parameter fields"], false),
        (
            "clientId: loja-42",
            "clientId: loja-43",
            vec!["getAccessCode: parameter client_id", "getAuthorizationCode: parameter client_id"],
            false,
        ),
        ("getUserInfo:", "getUserInfo:\n  headers: { X-Canal: loja }", vec!["getUserInfo: header x-canal"], false),
    ] {
        let broker = broker_with(&STANDARD.replace(from, to)).await;

        Browser::new(&broker).log_in("acme", "ana").await;

        let counts = counts(&broker).await;
        assert_eq!(counts.differing_requests().collect::<Vec<_>>(), expected, "{to}");
        assert_eq!((counts.matched(), counts.incomparable()), (i64::from(is_whole), i64::from(!is_whole)), "{to}");
        assert!(differences(&counts).is_empty(), "{counts:?}");
    }
}

/// Attack Y-15
#[actix_web::test]
async fn a_broken_next_version_harms_nothing() {
    let broker = broker_with("name: [").await;

    broker.assert_still_works().await;
    assert!(matches!(standing(&broker), RolloutStanding::Prevented(_)));
    for broken in ["", "name: Clube Acme\n", &"[".repeat(50_000)] {
        broker.rewrite("acme.next", broken);
        broker.assert_still_works().await;
    }
    assert_eq!(broker.ask(ClientRequest::get("/health/ready")).await.json()["broken"].as_array().map(Vec::len), Some(0));
}

/// Attack Y-15
#[actix_web::test]
async fn nothing_that_a_shopper_sends_picks_the_version() {
    let broker = broker_with(&next("")).await;
    for address in ["/login/acme?version=next", "/login/acme?next=true", "/login/acme?rollout=100%25", "/login/acme?variant=next&share=100"]
    {
        assert!(!begins_with_next(&broker, address).await, "{address}");
    }

    broker.rewrite("acme.next", &next(WHOLE));
    shares(&broker).await;
    for address in ["/login/acme?version=present", "/login/acme?next=false", "/login/acme"] {
        assert!(begins_with_next(&broker, address).await, "{address}");
    }
}

#[actix_web::test]
async fn a_share_of_the_logins_goes_through_the_next_version_and_signs_the_same_people_in() {
    let broker = broker_with(&next("rollout: { share: 50%, sameIds: true }\n")).await;
    let (mut through_next, mut uids) = (0, Vec::new());

    for _ in 0..40 {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        through_next += i32::from(begun.query.iter().any(|(name, _)| name == "canal"));
        assert_eq!(browser.get(&browser.way_back("acme", &begun.state, "ana")).await.status, 303);
        uids.push(browser.get("/session").await.json()["uid"].as_str().expect("a session").to_owned());
    }

    uids.dedup();
    assert_eq!(uids.len(), 1, "one person is one user");
    assert!((5..=35).contains(&through_next), "{through_next}");
    assert!(differences(&counts(&broker).await).is_empty());
    assert!(broker.ask(ClientRequest::get("/metrics")).await.body.contains("portaria_next_share{provider=\"acme\"} 0.5"));
    let now = portaria::world::clock::now();
    broker.app.counts.save(&broker.app.directory, now).await.expect("storage is there");
    let period = CountedPeriod { now, part: SLOT, parts: 12 };
    let counted = PeriodCounts::read(&broker.app.directory, "main", period).await.expect("storage is there");
    let signed_in = |variant: &str| {
        let key: (Box<str>, Box<str>) = ("acme".into(), variant.into());
        counted.variants.get(&key).map_or(0, |numbers| numbers.signed_in.total())
    };
    assert_eq!((signed_in("next"), signed_in("") + signed_in("next")), (i64::from(through_next), 40), "the lab counts both versions apart");
}

#[actix_web::test]
async fn no_login_goes_through_a_version_before_five_have_shown_the_same_id() {
    let broker = broker_with(&next("rollout: { share: 100% }\n")).await;

    for seen in 0..5 {
        assert_eq!(standing(&broker), RolloutStanding::IdsUnknown(seen));
        assert!(!begins_with_next(&broker, "/login/acme").await);
        Browser::new(&broker).log_in("acme", "ana").await;
        counts(&broker).await;
    }

    assert!(begins_with_next(&broker, "/login/acme").await);
}

/// Attack Y-15
#[actix_web::test]
async fn two_people_never_become_one_by_a_version_that_reads_other_ids() {
    let broker = broker_with(&(next("rollout: { share: 50%, sameIds: true }\n").replace("id: $.id", "id: $.name"))).await;
    // The name of one person is the id of the other.
    broker.upstream.answers("/me", |heard, to| {
        let token = heard.header("authorization").unwrap_or_default();
        let body = if token.ends_with("-ana") { person("ana") } else { person("bruno").replace("bruno da Silva", "id-ana") };
        drop(to.write_all(&json(200, &body)));
    });
    let mut first = Vec::new();
    for _ in 0..20 {
        Browser::new(&broker).log_in("acme", "ana").await;
        counts(&broker).await;
        first.push(standing(&broker));
    }

    assert_eq!(first.last(), Some(&RolloutStanding::IdsDiffer), "{first:?}");
    let browser = Browser::new(&broker);
    browser.log_in("acme", "bruno").await;
    assert_eq!(browser.who().await.as_deref(), Some("bruno@clientes.example"));
    assert!(!broker.logged().contains("id-ana"));
}

/// Attack Y-15
#[actix_web::test]
async fn the_first_login_that_reads_another_person_signs_no_one_in() {
    for (from, to) in [("id: $.id", "id: $.name"), ("email: $.email", "email: $.boss")] {
        let broker = broker_with(&(next(WHOLE).replace(from, to))).await;
        // The name of this person is the id of another, and the answer names another address as well.
        let body = person("bruno").replace("bruno da Silva", "id-ana").replace('{', "{\"boss\":\"ana@clientes.example\",");
        broker.upstream.says("/me", json(200, &body));

        let browser = Browser::new(&broker);
        let ended = browser.log_in("acme", "bruno").await;

        assert!(ended.status >= 400 && ended.session().is_none() && browser.who().await.is_none(), "{to}: {ended:?}");
        assert_eq!(standing(&broker), RolloutStanding::IdsDiffer, "{to}");
        let again = Browser::new(&broker);
        again.log_in("acme", "bruno").await;
        assert_eq!(again.who().await.as_deref(), Some("bruno@clientes.example"), "a new login uses the present version");
    }
}

/// Attack Y-15
#[actix_web::test]
async fn a_login_under_way_with_a_version_that_is_gone_is_compared_as_well() {
    let broker = broker_with(&next(WHOLE).replace("id: $.id", "id: $.name")).await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    std::fs::remove_file(broker.folder.0.join("providers.d/acme.next.yaml")).expect("it was there");
    broker.look_again();

    let answer = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    assert!(answer.status >= 400 && answer.session().is_none(), "{answer:?}");
}

#[actix_web::test]
async fn a_version_that_points_elsewhere_or_comes_back_in_another_form_gets_no_login() {
    let elsewhere = TestProvider::open("", "nobody");
    for text in [
        next(WHOLE).replace("UPSTREAM/me", &format!("{}/me", elsewhere.url())),
        format!("key: outra\n{}", next(WHOLE)),
        format!("redirectUri: /oauth/volta\n{}", next(WHOLE)),
        format!("inputs: {{ shop: {{ label: Shop }} }}\n{}", next(WHOLE)).replace("canal: next", "canal: next, shop: \"${shop}\""),
        format!("enabled: false\n{}", next(WHOLE)),
        next(WHOLE).replace("SECRET", "env:ACME_NOT_SET_ANYWHERE"),
    ] {
        let broker = broker_with(&text).await;

        assert!(matches!(standing(&broker), RolloutStanding::Prevented(_)), "{text}");
        assert!(!begins_with_next(&broker, "/login/acme").await, "{text}");
        broker.assert_still_works().await;
        assert_eq!(elsewhere.connections(), 0);
    }
}

/// Attack Y-15
#[actix_web::test]
async fn a_login_that_began_with_the_next_version_ends_with_it_or_fails_safe() {
    let plan = TestBroker::builder(LOCAL).with_standard("acme").with("acme.next", &next(WHOLE));
    let master = plan.master();
    let broker = plan.build().await;
    let begin = async || {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        assert!(begun.query.iter().any(|(name, _)| name == "canal"));
        (browser, begun)
    };
    let (browser, begun) = begin().await;
    let (late, begun_late) = begin().await;

    std::fs::remove_file(broker.folder.0.join("providers.d/acme.next.yaml")).expect("it was there");
    broker.look_again();

    let answer = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    // A broker that has never seen the file does not end the login with another version.
    let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
    let answer = other.ask(late.dressed(ClientRequest::get(&late.way_back("acme", &begun_late.state, "ana")))).await;
    assert!(answer.status == 400 && answer.session().is_none(), "{answer:?}");
    other.assert_clean(&answer);
}

/// Two brokers on a file, then two on a server.
async fn on_both<T: Future<Output = ()>>(next: &str, test: impl Fn(TestBroker, TestBroker, TestBrokerBuilder) -> T) {
    for server in [false, true] {
        let mut plan = TestBroker::builder(LOCAL).with_standard("acme").with("acme.next", next);
        if server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        let broker = plan.build().await;
        let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        let third = TestBrokerBuilder::beside(&broker, LOCAL, &master);
        test(broker, other, third).await;
    }
}

async fn shares(broker: &TestBroker) {
    broker.app.rollout.settle().await;
    broker.app.share_next_versions().await.expect("storage is there");
}

/// A network of its own.
fn network(number: usize) -> String {
    format!("198.51.{number}.7")
}

/// A next version to whose client the provider gives no token.
fn failing(rollout: &str) -> String {
    next(rollout)
        .replace("getAccessCode: { post: \"UPSTREAM/token\" }", "getAccessCode: { post: \"UPSTREAM/token\", rename: { code: kode } }")
}

#[actix_web::test]
async fn a_version_whose_logins_fail_pauses_and_is_taken_back_on_all_brokers_until_more_than_its_share_changes() {
    on_both(&failing(WHOLE), async |broker, other, third| {
        for at in 0..5 {
            assert!(begins_with_next(&broker, "/login/acme").await && begins_with_next(&other, "/login/acme").await);
            let failed = Browser::new(&broker).from(&network(at)).log_in("acme", "ana").await;
            assert!(failed.session().is_none());
        }

        assert_eq!(standing(&broker), RolloutStanding::Paused, "there is nothing to compare with");
        assert!(!begins_with_next(&broker, "/login/acme").await);
        // The log of this thread is that of the broker that was opened last.
        assert!(other.logged().contains("so new logins use the present version until some have succeeded"));
        shares(&broker).await;
        shares(&other).await;
        assert_eq!(standing(&other), RolloutStanding::Paused, "the other broker has read it");
        for at in 0..5 {
            assert!(Browser::new(&other).from(&network(at)).log_in("acme", "ana").await.session().is_some());
        }
        assert!(matches!(standing(&other), RolloutStanding::Runs(_)), "the provider is not down");
        assert!(other.logged().contains("succeed again"));
        for at in 5..10 {
            assert!(begins_with_next(&other, "/login/acme").await);
            Browser::new(&other).from(&network(at)).log_in("acme", "ana").await;
        }

        assert!(matches!(standing(&other), RolloutStanding::Returned(_)));
        assert!(other.logged().contains("new logins use the present version again"));
        assert!(other.ask(ClientRequest::get("/metrics")).await.body.contains("portaria_next_returned{provider=\"acme\"} 1"));
        shares(&other).await;
        shares(&broker).await;
        assert!(!begins_with_next(&broker, "/login/acme").await, "the other broker has read it");
        let restarted = third.build().await;
        assert!(!begins_with_next(&restarted, "/login/acme").await, "and one that starts later");

        broker.rewrite("acme.next", &failing("rollout: { share: 50%, sameIds: true }\n"));
        shares(&broker).await;
        assert!(matches!(standing(&broker), RolloutStanding::Returned(_)), "another share is no other version");
        broker.rewrite("acme.next", &next(WHOLE));
        shares(&broker).await;
        assert!(begins_with_next(&broker, "/login/acme").await, "another version begins anew");
    })
    .await;
}

#[actix_web::test]
async fn what_is_known_of_a_version_stays_when_only_its_share_changes() {
    let broker = broker_with(&next("")).await;
    for who in ["ana", "bruno", "carla", "dora", "eva"] {
        Browser::new(&broker).log_in("acme", who).await;
    }
    assert_eq!(counts(&broker).await.same_ids(), 5);

    broker.rewrite("acme.next", &next("\nrollout:\n  share: 100%"));
    shares(&broker).await;

    assert_eq!(counts(&broker).await.same_ids(), 5);
    assert!(begins_with_next(&broker, "/login/acme").await, "five logins have shown the same id");
}

/// Attack Y-15
#[actix_web::test]
async fn one_visitor_ends_no_share() {
    let broker = broker_with(&next("rollout: { share: 50%, sameIds: true }\n")).await;
    for at in 0..4 {
        Browser::new(&broker).from(&network(at)).log_in("acme", "ana").await;
    }

    for _ in 0..60 {
        let browser = Browser::new(&broker).from("203.0.113.9");
        let begun = browser.begin("/login/acme").await;
        // Only logins of the next version are spoiled.
        if begun.query.iter().any(|(name, _)| name == "canal") {
            browser.get(&format!("/callback/acme?code=made-up&state={}", begun.state)).await;
        }
    }

    assert!(matches!(standing(&broker), RolloutStanding::Runs(_)), "{:?}", standing(&broker));
    assert!(counts(&broker).await.ended(LoginVersion::Next).failed <= 2, "one failure of a network and minute counts");
}

#[actix_web::test]
async fn a_provider_that_refuses_the_redirect_of_the_next_version_makes_its_share_pause() {
    let broker = broker_with(&next(WHOLE)).await;

    for at in 0..5 {
        let browser = Browser::new(&broker).from(&network(at));
        let begun = browser.begin("/login/acme").await;
        browser.get(&format!("/callback/acme?error=invalid_scope&state={}", begun.state)).await;
    }

    assert_eq!(standing(&broker), RolloutStanding::Paused);
}

/// Attack Y-15
#[actix_web::test]
async fn what_a_shopper_does_is_no_failure_of_the_version() {
    let typed = "inputs: { shop: { label: Shop } }\n";
    let [present, next] = [STANDARD.to_owned(), next(WHOLE)].map(|text| {
        format!("{typed}{text}")
            .replace("extra: { canal: next }", "extra: { canal: next, shop: \"${shop}\" }")
            .replace("scope: perfil }", "scope: perfil, extra: { shop: \"${shop}\" } }")
    });
    let broker = TestBroker::builder(LOCAL).with("acme", &present).with("acme.next", &next).build().await;

    for at in 0..8 {
        let browser = Browser::new(&broker).from(&network(at));
        let too_long = browser.get(&format!("/login/acme?shop={}", "x".repeat(3900))).await;
        assert_eq!(too_long.status, 400, "{too_long:?}");
        let begun = browser.begin("/login/acme?shop=norte").await;
        assert!(begun.query.contains(&("canal".to_owned(), "next".to_owned())));
        for parameters in [
            "code=x&state=wrong".to_owned(),
            format!("code=x&code=y&state={}", begun.state),
            format!("error=access_denied&state={}", begun.state),
        ] {
            browser.get(&format!("/callback/acme?{parameters}")).await;
        }
        let lost = Browser::new(&broker).from(&network(at));
        lost.get(&format!("/callback/acme?code=x&state={}", begun.state)).await;
    }

    assert!(matches!(standing(&broker), RolloutStanding::Runs(_)));
    assert_eq!(counts(&broker).await.ended(LoginVersion::Next).failed, 0);
}

/// The calls of a next version that reads something more from another address.
fn with_second_call(first: &str, second: &str, identity: &str) -> String {
    let calls = format!(
        "getUserInfo:\n  - {{ get: UPSTREAM/me, read: {{ {first}, email: $.email, emailVerified: $.verified }} }}\n  - {{ get: UPSTREAM/more, {second} }}\n"
    );
    format!("{}{calls}{identity}", STANDARD.split("getUserInfo:").next().expect("it begins before its last call"))
}

/// Attack Y-15
#[actix_web::test]
async fn a_login_that_is_refused_shows_no_ids() {
    for text in [STANDARD.replace("name: $.name", "name: $.full_name"), with_second_call("id: $.name", "read: { name: $.name }", "")] {
        let broker = broker_with(&text).await;
        broker.upstream.says("/me", json(200, "{\"id\":\"a\",\"name\":\"b\",\"email\":\"ana@clientes.example\",\"verified\":false}"));

        Browser::new(&broker).log_in("acme", "ana").await;

        let counts = counts(&broker).await;
        assert_eq!((counts.same_ids(), differences(&counts)), (0, Vec::new()), "{text}");
    }
}

/// Attack Y-15
#[actix_web::test]
async fn an_id_of_which_a_part_may_still_be_read_is_not_compared() {
    for (second, same_ids) in
        [("readHeaders: { account: X-Account }", 0), ("read: { account: $.account }", 0), ("read: { name: $.name }", 1)]
    {
        let identity = if same_ids == 0 { "identity: { id: [ \"${account}\", \"${sub}\" ] }\n" } else { "identity: { id: \"${sub}\" }\n" };
        let broker = broker_with(&with_second_call("sub: $.id", second, identity)).await;

        Browser::new(&broker).log_in("acme", "ana").await;

        let counts = counts(&broker).await;
        assert_eq!((counts.same_ids(), counts.incomparable()), (same_ids, 1), "{second}");
    }
}

#[actix_web::test]
async fn only_what_belongs_to_a_file_is_kept_in_memory() {
    let broker = broker_with(&next("")).await;
    let of = |at: i64| NextVersionKey { store: "main".into(), provider: format!("gone-{at}").into(), version: "v2".into() };
    let counts: Vec<NextCount> = (0..1000).map(|at| NextCount { of: of(at), what: "matched".into(), count: 1, story: "".into() }).collect();
    broker.app.directory.write(AddNextCounts { counts, now: portaria::world::clock::now() }).await.expect("storage is there");

    shares(&broker).await;
    assert_eq!(broker.app.rollout.known(), 1);
    broker.rewrite("acme.next", &STANDARD.replace("perfil", "perfil email"));
    shares(&broker).await;

    assert_eq!(broker.app.rollout.known(), 1, "that of the former text is forgotten");
}

#[actix_web::test]
async fn many_next_versions_are_read_when_they_are_new_and_then_only_in_turn() {
    let mut plan = TestBroker::builder(LOCAL).with_standard("acme").with("acme.next", &next(""));
    for at in 0..300 {
        plan = plan.with(&format!("p{at}"), STANDARD).with(&format!("p{at}.next"), &next(""));
    }
    let broker = plan.build().await;
    // So many files may not be read in time for the start.
    broker.look_again();
    shares(&broker).await;

    assert_eq!(broker.app.rollout.known(), 301);
    let before = broker.app.rollout.read_as_a_whole();
    for _ in 0..3 {
        shares(&broker).await;
    }
    assert_eq!(broker.app.rollout.read_as_a_whole() - before, 3 * 20, "in turn, whatever their number");
}

#[actix_web::test]
async fn what_several_brokers_compare_is_added_up() {
    on_both(&STANDARD.replace("name: $.name", "name: $.email"), async |broker, other, _| {
        Browser::new(&broker).log_in("acme", "ana").await;
        Browser::new(&other).log_in("acme", "bruno").await;
        Browser::new(&other).log_in("acme", "carla").await;

        for one in [&broker, &other, &broker] {
            shares(one).await;
        }

        for one in [&broker, &other] {
            let counts = counts(one).await;
            assert_eq!((counts.differed(), differences(&counts)), (3, vec!["fact name differs".to_owned()]));
            let (_, count, story) = counts.differences().remove(0);
            assert_eq!((count, story.present_line, story.next_line), (3, Some(8), Some(8)));
        }
    })
    .await;
}

#[actix_web::test]
async fn a_cancelled_login_is_no_failure_of_the_version() {
    let broker = broker_with(&next(WHOLE)).await;

    for _ in 0..10 {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        browser.get(&format!("/callback/acme?error=access_denied&state={}", begun.state)).await;
    }

    assert!(matches!(standing(&broker), RolloutStanding::Runs(_)));
}

#[actix_web::test]
async fn an_identity_that_is_linked_through_the_next_version_is_that_of_the_present_one() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with_standard("beta").with("beta.next", &next(WHOLE)).build().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let page = browser.get("/account").await.body;
    let form = page.split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form").to_owned();
    let begun =
        browser.ask(ClientRequest::form("/account/link/beta", &format!("form={form}")).with("origin", "http://localhost:8080")).await;
    let to = begun.location().expect("it leads to the provider").to_owned();
    assert!(to.contains("canal=next"), "{begun:?}");
    let state = to.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state").to_owned();
    browser.get(&browser.way_back("beta", &state, "outra")).await;

    broker.rewrite("beta.next", "name: [");
    let later = Browser::new(&broker);
    later.log_in("beta", "outra").await;

    assert_eq!(later.who().await.as_deref(), Some("ana@clientes.example"));
}

#[actix_web::test]
async fn the_lab_shows_how_the_next_version_fares() {
    let broker = broker_with(&next("rollout: { share: 100% }\n").replace("name: $.name", "name: $.email")).await;
    let page = async |language: &str| broker.ask(ClientRequest::get(&format!("/lab/acme?lang={language}"))).await.body;
    assert!(page("en").await.contains("No login has been compared yet."));

    for who in ["ana", "bruno", "carla", "dora", "eva"] {
        Browser::new(&broker).log_in("acme", who).await;
        counts(&broker).await;
    }
    Browser::new(&broker).log_in("acme", "ana").await;
    counts(&broker).await;

    let shown = page("en").await;
    for part in [
        "acme.next.yaml",
        "100% of new logins go through it.",
        "differently in 6",
        "name: another value",
        "It sends another request: getAuthorizationCode: parameter canal",
        "The next version: 1 of 1 logins succeeded",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("clientes.example"));
    assert!(broker.ask(ClientRequest::get("/lab/providers?lang=en")).await.body.contains("100% on the next version"));
    assert!(page("es").await.contains("La próxima versión") && page("pt-BR").await.contains("A próxima versão"));

    broker.rewrite("acme.next", "name: [");
    assert!(page("en").await.contains("It cannot be used."));
}
