//! A provider's file gets another name, or points elsewhere.

use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::failures::code_on;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use portaria::directory::audit::{AuditEventKind, ListAuditEvents};
use serde_json::Value;

/// The standard provider, whose people get placeholders.
fn nameless() -> String {
    format!("{STANDARD}trustEmail: never\nmissingEmail: \"${{id}}@acme.invalid\"\n").replace(", emailVerified: $.verified", "")
}

/// The id of the person who is signed in, and what else the session says.
async fn session(browser: &Browser) -> Value {
    let answer = browser.get("/session").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// A command on the storage of a broker.
fn command(broker: &TestBroker, line: &str) -> (i32, String, String) {
    let secrets = broker.folder.0.join("secrets");
    let settings =
        format!("publicUrl: http://localhost:8080\nstorage: sqlite:portaria.db\nfilesMayRead: {{ folder: {} }}\n", secrets.display());
    broker.folder.write("portaria.yaml", &settings);
    portaria(&broker.folder.0, &line.split(' ').collect::<Vec<_>>(), &[])
}

#[actix_web::test]
async fn a_file_under_another_name_keeps_its_users_by_its_key() {
    let broker = TestBroker::builder(LOCAL).with("acme", &nameless()).build().await;
    let before = Browser::new(&broker);
    before.log_in("acme", "ana").await;
    let known = session(&before).await;

    std::fs::remove_file(broker.folder.0.join("providers.d/acme.yaml")).expect("it is there");
    broker.rewrite("clube", &format!("{}key: acme\nlogout: \"UPSTREAM/sair\"\n", nameless()));
    let after = Browser::new(&broker);
    after.log_in("clube", "ana").await;
    let again = session(&after).await;

    assert_eq!((&again["uid"], &again["provider"], &again["providerUserId"]), (&known["uid"], &"acme".into(), &known["providerUserId"]));
    assert_eq!(broker.ask(ClientRequest::get("/login/acme")).await.status, 404);
    assert!(before.get("/account").await.body.contains("Clube Acme"), "the session from before finds the file");
    let page = before.get("/login").await;
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains(" https:"), "the browser may go on from /logout to the provider: {policy}");
    let left = before.ask(ClientRequest::form("/logout", "")).await;
    assert_eq!(left.location(), Some(format!("{}/sair", broker.upstream.url()).as_str()), "{left:?}");
    let events = ListAuditEvents { store: Some("main".into()), provider: Some("clube".into()), before: None, most: 10 };
    let events = broker.app.directory.read(events).await.expect("storage").events;
    assert!(events.iter().any(|event| event.what == AuditEventKind::Logout), "the audit goes by the name of the file: {events:?}");

    broker.rewrite("clube", &nameless());
    let without_key = Browser::new(&broker).log_in("clube", "ana").await;
    assert_eq!(without_key.status, 303, "{without_key:?}");
    let users =
        broker.app.directory.read(portaria::directory::users::SearchUsers { store: "main".into(), text: "acme.invalid".into(), most: 10 });
    assert_eq!(users.await.expect("storage").len(), 2, "without the key it is another provider");
}

/// Attack D-12
#[actix_web::test]
async fn a_file_that_points_elsewhere_signs_in_no_user_until_the_operator_moves_them() {
    let broker = TestBroker::builder(LOCAL).with("acme", &nameless()).build().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let known = session(&browser).await;

    let elsewhere = nameless().replace("get: UPSTREAM/me", &format!("get: http://localhost:{}/me", broker.upstream.port()));
    broker.rewrite("acme", &elsewhere);
    let refused = Browser::new(&broker).log_in("acme", "ana").await;

    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.body.contains("The store has changed how it connects to Clube Acme"), "{}", refused.body);
    broker.assert_clean(&refused);
    let code = code_on(&refused.body).expect("a code");
    let (status, story, err) = command(&broker, &format!("incident {code}"));
    assert_eq!(status, 0, "{err}");
    assert!(story.contains("providerMoved") && story.contains("portaria providers move"), "{story}");

    let (status, dry, err) = command(&broker, "providers move acme");
    assert_eq!(status, 0, "{err}");
    assert!(dry.contains("1 linked identity of 1 user") && dry.contains("nothing is changed yet"), "{dry}");
    assert_eq!(Browser::new(&broker).log_in("acme", "ana").await.status, 403, "the dry run changes nothing");

    let (status, moved, err) = command(&broker, "providers move acme --yes --json");
    assert_eq!(status, 0, "{err}");
    let moved: Value = serde_json::from_str(&moved).expect("JSON");
    assert_eq!((&moved["moved"], &moved["key"], &moved["store"]), (&1.into(), &"acme".into(), &"main".into()), "{moved}");
    assert!(moved["to"].as_str().is_some_and(|to| to.contains("http://localhost:")), "{moved}");
    let back = Browser::new(&broker);
    assert_eq!(back.log_in("acme", "ana").await.status, 303);
    assert_eq!(session(&back).await["uid"], known["uid"]);
    let (_, history, _) = command(&broker, "history");
    assert!(history.contains("1 linked identities through acme were moved"), "{history}");
    let (status, nothing, _) = command(&broker, "providers move acme");
    assert_eq!(status, 0);
    assert!(nothing.contains("there is nothing to move"), "{nothing}");

    for (line, code, words) in [
        ("providers move acmee", 2, "did you mean `acme`?"),
        ("providers move acme --store loja", 2, "there is no store `loja`"),
        ("providers move acme --from nowhere --yes", 2, "no identity belongs to `nowhere`"),
    ] {
        let (status, _, err) = command(&broker, line);
        assert_eq!(status, code, "{line}: {err}");
        assert!(err.contains(words), "{line}: {err}");
    }
}

/// Attack Y-16
#[actix_web::test]
async fn of_two_files_with_one_key_only_one_is_live() {
    let twin = format!("{STANDARD}key: acme\n");
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("beta", &twin).build().await;
    let status = async |path: &str| broker.ask(ClientRequest::get(path)).await.status;

    assert_eq!((status("/login/acme").await, status("/login/beta").await), (303, 404));
    let ready = broker.ask(ClientRequest::get("/health/ready")).await.json();
    assert!(ready["broken"].to_string().contains("beta.yaml"), "{ready}");
    let (code, out, _) = command(&broker, "check");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("`acme.yaml` has the key `acme` as well, so both would sign in the same users"), "{out}");

    let (_, moved, err) = command(&broker, "providers move acme --json");
    let moved: Value = serde_json::from_str(&moved).unwrap_or_else(|_| panic!("{err}"));
    assert!(moved["file"].as_str().is_some_and(|file| file.ends_with("acme.yaml")), "the live file: {moved}");
    // The name of this file comes first, and the file whose name is the key is live.
    broker.rewrite("aaa", &twin.replace("get: UPSTREAM/me", &format!("get: http://localhost:{}/me", broker.upstream.port())));
    let (_, still, err) = command(&broker, "providers move acme --json");
    let still: Value = serde_json::from_str(&still).unwrap_or_else(|_| panic!("{err}"));
    assert_eq!((&still["file"], &still["to"]), (&moved["file"], &moved["to"]));
    std::fs::remove_file(broker.folder.0.join("providers.d/aaa.yaml")).expect("it is there");

    std::fs::remove_file(broker.folder.0.join("providers.d/acme.yaml")).expect("it is there");
    broker.look_again();

    assert_eq!((status("/login/acme").await, status("/login/beta").await), (404, 303), "the key is free");
    assert_eq!(broker.ask(ClientRequest::get("/health/ready")).await.json()["broken"].as_array().map(Vec::len), Some(0));
}
