//! A login that fails is compared with the last one that worked: the file, the answers, and what it means if neither has changed.

use crate::command_line::portaria;
use crate::database::Server;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::failures::code_on;
use crate::web::test_broker::{LOCAL, TestBroker, TestBrokerBuilder};
use crate::web::test_provider::json;
use portaria::directory::incidents::LoadIncident;
use portaria::story::Story;
use portaria::world::clock;

/// A provider whose file has one line for each fact.
pub const FILE: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode: { get: \"UPSTREAM/entrar\", scope: perfil }
getAccessCode:
  post: \"UPSTREAM/token\"
getUserInfo:
  get: \"UPSTREAM/me\"
  read:
    id: $.id
    email: $.email
    emailVerified: $.verified
    name: $.name
";

async fn broker() -> TestBroker {
    TestBroker::builder(LOCAL).with("acme", FILE).build().await
}

/// One login that fails, and its code.
async fn failed(broker: &TestBroker, from: &str) -> String {
    let browser = Browser::new(broker);
    let begun = browser.begin("/login/acme").await;
    let answer = browser.ask(ClientRequest::get(&browser.way_back("acme", &begun.state, "ana")).from(from)).await;
    code_on(&answer.body).unwrap_or_else(|| panic!("a code: {answer:?}"))
}

async fn works(broker: &TestBroker, who: &str) {
    let answer = Browser::new(broker).log_in("acme", who).await;
    assert!(answer.session().is_some(), "{answer:?}");
}

async fn story(broker: &TestBroker, code: &str) -> Story {
    let stored = broker.app.directory.read(LoadIncident { code: code.into(), now: clock::now() }).await.expect("storage").expect("a story");
    serde_json::from_str(&stored.story).expect("a story")
}

fn text(broker: &TestBroker, code: &str) -> String {
    let (status, out, err) = portaria(&broker.folder.0, &["incident", code, "--storage", "sqlite:portaria.db"], &[]);
    assert_eq!(status, 0, "{out}{err}");
    out
}

/// The file with a line that is another one.
fn changed(broker: &TestBroker, from: &str, to: &str) {
    let path = broker.folder.0.join("providers.d/acme.yaml");
    let text = String::from_utf8(portaria::world::files::read_bytes(&path, 1 << 20).expect("a file")).expect("UTF-8");
    assert!(text.contains(from), "{text}");
    broker.rewrite("acme", &text.replace(from, to));
}

#[actix_web::test]
async fn where_the_file_changed_at_the_line_that_decides_the_former_line_is_proposed_first() {
    let broker = broker().await;
    works(&broker, "ana").await;
    changed(&broker, "    id: $.id\n", "    id: $.person.uid\n");

    let code = failed(&broker, "203.0.113.1").await;

    let story = story(&broker, &code).await;
    let since = story.since.expect("there was a good login");
    assert!(since.file_changed && since.answers.is_empty() && since.seconds < 60, "{since:?}");
    let lines: Vec<_> = since.file.iter().map(|change| (change.line, &*change.before, &*change.now)).collect();
    assert_eq!(lines, [(10, &["    id: $.id".to_owned()][..], &["    id: $.person.uid".to_owned()][..])]);
    let first = &story.proposals[0];
    assert_eq!((first.because.as_str(), first.title.as_str()), ("asItWas", "id: $.id"), "{:?}", story.proposals);
    assert_eq!(first.change.as_ref().expect("a change").added, ["    id: $.id"]);
    let text = text(&broker, &code);
    let expected = "  the file has changed since then; its version was ";
    assert!(text.contains("\nthe last login that worked was ") && text.contains(expected), "{text}");
    assert!(text.contains(":10\n  -     id: $.id\n  +     id: $.person.uid\n"), "{text}");
    assert!(
        text.contains("proposal 1: id: $.id\n  line 10 has changed since the last login that worked; this is how it was then\n"),
        "{text}"
    );
}

#[actix_web::test]
async fn a_member_that_an_answer_has_under_another_name_is_told_of() {
    let broker = broker().await;
    works(&broker, "ana").await;
    broker
        .upstream
        .says("/me", json(200, "{\"id\":\"id-ana\",\"contact\":{\"main\":\"ana@clientes.example\"},\"verified\":true,\"name\":\"Ana\"}"));

    let code = failed(&broker, "203.0.113.1").await;

    let text = text(&broker, &code);
    assert!(text.contains("  in the answer of getUserInfo, `$.email` is now at `$.contact.main` (e-mail address)\n"), "{text}");
    assert!(!text.contains("the file has changed") && !text.contains("clientes.example"), "{text}");
    assert!(story(&broker, &code).await.proposals.iter().all(|proposal| proposal.because != "asItWas"));
}

#[actix_web::test]
async fn where_nothing_known_has_changed_the_story_says_what_that_means() {
    let broker = broker().await;
    works(&broker, "ana").await;
    broker.upstream.says("/token", json(401, "{\"error\":\"invalid_client\"}"));

    let code = failed(&broker, "203.0.113.1").await;

    let text = text(&broker, &code);
    assert!(text.contains("  the file is as it was: the provider refuses now what it accepted then"), "{text}");
    assert!(text.contains("  the answer of getAccessCode has the status 401, and had 200\n"), "{text}");
    let before = broker.ask(ClientRequest::get("/login")).await;
    assert_eq!(before.status, 200);
}

#[actix_web::test]
async fn a_line_that_decides_who_may_sign_in_is_shown_as_it_was_and_not_proposed() {
    let broker = broker().await;
    works(&broker, "ana").await;
    changed(&broker, "  read:\n", "  accepted: { at: $.outcome, is: fine }\n  read:\n");

    let code = failed(&broker, "203.0.113.1").await;

    let story = story(&broker, &code).await;
    let since = story.since.expect("a good login");
    assert_eq!((&since.file[0].before[..], &*since.file[0].now), (&[][..], &["  accepted: { at: $.outcome, is: fine }".to_owned()][..]));
    assert!(story.proposals.iter().all(|proposal| proposal.because != "asItWas"), "{:?}", story.proposals);
}

#[actix_web::test]
async fn every_broker_and_a_restarted_one_know_the_last_good_login_on_both_engines() {
    for server in [false, true] {
        let mut plan = TestBroker::builder(LOCAL).with("acme", FILE);
        if server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        let broker = plan.build().await;
        works(&broker, "ana").await;
        works(&broker, "bia").await;
        broker.app.good_logins.synchronize(&broker.app.directory).await.expect("storage is there");
        changed(&broker, "    name: $.name\n", "    name: $.name\n    locale: $.lang\n");
        broker
            .upstream
            .says("/me", json(200, "{\"uid\":\"id-ana\",\"email\":\"ana@clientes.example\",\"verified\":true,\"name\":\"Ana\"}"));

        let other = TestBrokerBuilder::beside(&broker, LOCAL, &master).build().await;
        let code = failed(&other, "203.0.113.1").await;

        let since = story(&other, &code).await.since.expect("it is known");
        assert_eq!(since.file[0].now, ["    locale: $.lang"]);
        let changes = serde_json::to_value(&since.answers).expect("JSON");
        assert_eq!((changes[0]["what"].as_str(), changes[0]["path"].as_str()), (Some("moved"), Some("$.id")), "{changes}");
        assert_eq!(changes[0]["to"].as_str(), Some("$.uid"));
    }
}

/// Attacks
#[actix_web::test]
async fn neither_a_secret_of_the_file_nor_a_value_of_a_person_is_kept_of_a_good_login() {
    let broker = TestBroker::builder(LOCAL).build().await;
    let secret = format!("{}-key", broker.mark);
    broker.rewrite("acme", &format!("# The former clientSecret: {secret}\n{FILE}"));
    works(&broker, "ana").await;
    broker.app.good_logins.synchronize(&broker.app.directory).await.expect("storage is there");
    changed(&broker, &secret, &format!("{secret}2"));
    broker.upstream.says("/me", json(403, "{}"));

    let code = failed(&broker, "203.0.113.1").await;

    let since = story(&broker, &code).await.since.expect("a good login");
    assert!(since.file_changed && since.file.is_empty(), "only what is masked differs: {since:?}");
    assert!(text(&broker, &code).contains("  no line that can be shown differs\n"));
    let stored = String::from_utf8_lossy(&broker.stored()).into_owned();
    assert!(stored.contains("The former clientSecret") && !stored.contains(&broker.mark));
    for path in [format!("/lab/incidents/{code}"), format!("/lab/incidents/{code}/report.txt")] {
        broker.assert_silent(&broker.ask(ClientRequest::get(&path)).await);
    }
}

#[actix_web::test]
async fn in_an_outage_every_story_holds_the_remedy_or_names_the_one_that_does() {
    let broker = broker().await;
    works(&broker, "ana").await;
    broker.upstream.says("/me", json(200, "{\"uid\":\"id-ana\",\"email\":\"ana@clientes.example\",\"verified\":true,\"name\":\"Ana\"}"));
    let (mut holding, mut pointing) = (Vec::new(), Vec::new());
    for at in 0..14 {
        let code = failed(&broker, &format!("198.51.100.{at}")).await;
        let story = story(&broker, &code).await;
        if story.proposals.iter().any(|proposal| proposal.change.is_some()) {
            holding.push(code);
        } else {
            pointing.push((story.remedy.expect("it names another story"), code));
        }
    }

    assert!(holding.len() >= 6 && !pointing.is_empty() || holding.len() == 14, "{holding:?} {pointing:?}");
    for (remedy, code) in &pointing {
        assert!(holding.contains(remedy), "{remedy}");
        assert!(text(&broker, code).contains(&format!("the story of {remedy} holds what would mend this")));
    }
}
