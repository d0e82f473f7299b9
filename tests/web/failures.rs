//! Every page on which a login ends shows a code, and the code tells support why.

use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use crate::web::test_provider::{json, until_it_gives_up};
use portaria::directory::audit::{AuditEvent, AuditEventKind, ListAuditEvents};
use portaria::world::clock;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The code on a page, in its short spelling.
pub fn code_on(page: &str) -> Option<String> {
    let code = |text: &str| {
        let letters: Vec<char> = text.chars().take(7).collect();
        let fits = letters.len() == 7
            && letters.iter().enumerate().all(|(at, c)| if at == 3 { *c == '-' } else { c.is_ascii_uppercase() || c.is_ascii_digit() });
        fits.then(|| letters.into_iter().collect::<String>())
    };
    page.match_indices('>').find_map(|(at, _)| code(page[at + 1..].trim_start()))
}

#[actix_web::test]
async fn an_end_that_the_provider_has_no_part_in_has_a_code_as_well() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let kept = browser.cookies();
    let way = browser.way_back("acme", &begun.state, "ana");
    assert_eq!(browser.get(&way).await.status, 303);

    browser.jar.borrow_mut().clear();
    let lost = browser.get(&way).await;
    let (name, value) = kept.split_once('=').expect("a cookie");
    browser.jar.borrow_mut().push((name.to_owned(), value.to_owned()));
    let again = browser.get(&way).await;

    for (answer, reason) in [(lost, "(lost)"), (again, "(alreadyUsed)")] {
        let code = code_on(&answer.body).unwrap_or_else(|| panic!("{reason} has a code: {answer:?}"));
        let (status, out, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
        assert_eq!(status, 0, "{err}");
        assert!(out.contains(reason), "{out}");
        broker.assert_clean(&answer);
    }
}

#[actix_web::test]
async fn whoever_knocks_in_vain_again_and_again_is_given_one_code_a_minute() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let mut codes = std::collections::BTreeSet::new();

    for _ in 0..20 {
        let answer = browser.get("/callback/acme?code=x&state=y").await;
        codes.insert(code_on(&answer.body).unwrap_or_else(|| panic!("a code: {answer:?}")));
    }

    assert!(codes.len() <= 2, "the storage is not theirs to fill: {codes:?}");
}

/// A login that the provider answers without an id, finished from this address: the code on its page.
async fn failed_login(broker: &TestBroker, from: &str) -> String {
    let browser = Browser::new(broker);
    let begun = browser.begin("/login/acme").await;
    let answer = browser.ask(ClientRequest::get(&browser.way_back("acme", &begun.state, "ana")).from(from)).await;
    code_on(&answer.body).unwrap_or_else(|| panic!("a code: {answer:?}"))
}

async fn failures_in_the_audit(broker: &TestBroker) -> Vec<AuditEvent> {
    let lines = ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 500 };
    let lines = broker.app.directory.read(lines).await.expect("storage is there").events;
    lines.into_iter().filter(|line| line.what == AuditEventKind::Failed).collect()
}

#[actix_web::test]
async fn a_flood_of_failures_from_one_address_leaves_the_others_their_stories() {
    let broker = TestBroker::open().await;
    broker.upstream.says("/me", json(200, "{}"));
    let mut flood = BTreeSet::new();
    for at in 0..14 {
        flood.insert(failed_login(&broker, &format!("2001:db8::{at:x}")).await);
    }

    let honest = failed_login(&broker, "2001:db8:0:1::1").await;

    // More than ten have a story where a minute turned meanwhile.
    assert!(!flood.contains(&honest) && flood.len() >= 10, "{honest}, {flood:?}");
    assert_eq!(broker.logged().matches("many logins fail in this minute").count(), usize::from(flood.len() < 14));
    broker.app.record_unkept_failures(clock::now() + 60).await;
    let lines = failures_in_the_audit(&broker).await;
    let counted = lines.iter().filter_map(|line| line.evidence.as_deref()).map(|more| more.parse::<usize>().expect("a number"));
    assert_eq!(counted.sum::<usize>(), 14 - flood.len());
    assert_eq!(lines.iter().filter(|line| line.incident.is_some() && line.evidence.is_none()).count(), flood.len() + 1);
    let (_, history, err) = portaria(&broker.folder.0, &["history", "--storage", "sqlite:portaria.db"], &[]);
    assert!(flood.len() == 14 || history.contains("more logins through acme failed in this minute: missingId"), "{history}{err}");
}

/// Pages without a code are counted, so that support knows of them.
#[actix_web::test]
async fn failures_that_show_no_code_are_counted_and_logged() {
    let broker = TestBroker::open().await;
    let mut without_code = 0;
    for at in 0..25 {
        broker.upstream.says("/token", json(400, &format!("{{\"error\":\"odd_{at}\"}}")));
        let answer = Browser::new(&broker).log_in("acme", "ana").await;
        without_code += usize::from(code_on(&answer.body).is_none());
    }
    // A minute may have turned meanwhile.
    assert!(without_code <= 15);

    broker.app.record_unkept_failures(clock::now() + 60).await;

    let metrics = broker.ask(ClientRequest::get("/metrics")).await;
    let counted = metrics.body.lines().filter_map(|line| line.strip_prefix("portaria_logins_without_code_total{")?.rsplit_once(' '));
    let counted: usize = counted.map(|(_, count)| count.parse::<usize>().expect("a number")).sum();
    assert_eq!(counted, without_code);
    assert_eq!(broker.logged().contains("showed no incident code"), without_code > 0, "{}", broker.logged());
}

#[actix_web::test]
async fn in_a_flood_from_many_addresses_every_page_has_the_code_of_an_equal_failure() {
    let broker = TestBroker::open().await;
    let (browser, mut codes) = (Browser::new(&broker), BTreeSet::new());
    browser.begin("/login/acme").await;
    for at in 0..140 {
        let request = browser.dressed(ClientRequest::get("/callback/acme?code=x&state=y").from(&format!("198.51.100.{at}")));
        let answer = broker.ask(request).await;
        codes.insert(code_on(&answer.body).unwrap_or_else(|| panic!("a code: {answer:?}")));
    }
    broker.upstream.says("/me", json(200, "{}"));

    let other = failed_login(&broker, "192.0.2.1").await;

    assert!(codes.len() >= 120 && !codes.contains(&other), "{other} is the first of another kind, {}", codes.len());
    for (code, word) in [(other, "missingId"), (codes.pop_last().expect("a code"), "badState")] {
        let (status, story, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
        assert_eq!(status, 0, "{err}");
        assert!(story.contains(word), "{story}");
    }
}

#[actix_web::test]
async fn a_story_says_what_a_callback_lacked() {
    for (query, said) in [
        ("", "the callback's address was opened without any parameter"),
        ("?code=x&estado=y", "no parameter that the file reads as the state"),
        ("?code=x&state=y", "the state in the callback belongs to no login that this browser began"),
    ] {
        let broker = TestBroker::open().await;
        let browser = Browser::new(&broker);
        browser.begin("/login/acme").await;

        let answer = browser.ask(ClientRequest::get(&format!("/callback/acme{query}"))).await;

        let code = code_on(&answer.body).unwrap_or_else(|| panic!("a code: {answer:?}"));
        let (_, story, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
        assert!(story.contains(said), "{query}: {story}{err}");
        assert_eq!(story.contains("estado"), query.contains("estado"), "{story}");
    }
}

#[actix_web::test]
async fn in_a_flood_a_code_tells_the_story_of_its_own_line_and_call_and_how_many_share_it() {
    let file = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
refused: { at: $.code, is: \"7\", code: $.code, message: $.msg }
getAuthorizationCode: { get: \"UPSTREAM/entrar\", scope: perfil }
getAccessCode: { post: \"UPSTREAM/token\" }
getUserInfo:
  - { get: \"UPSTREAM/me\", read: { id: $.id, email: $.email, emailVerified: $.verified } }
  - { get: \"UPSTREAM/caixas\", read: { name: $.name } }
";
    let broker = TestBroker::builder(LOCAL).with("acme", file).build().await;
    let refusal = json(200, "{\"code\":\"7\",\"msg\":\"not today\"}");
    broker.upstream.says("/me", refusal.clone());
    let mut codes = Vec::new();
    for at in 0..16 {
        codes.push(failed_login(&broker, &format!("2001:db8::{at:x}")).await);
    }
    broker.upstream.is_honest();
    broker.upstream.says("/caixas", refusal);

    let other = failed_login(&broker, "2001:db8::1").await;

    broker.app.record_unkept_failures(clock::now() + 60).await;
    let story = |code: &str| portaria(&broker.folder.0, &["incident", code, "--storage", "sqlite:portaria.db"], &[]).1;
    assert!(!codes.contains(&other) && story(&other).contains("\ngetUserInfo (line 9)"), "{other}: {codes:?}");
    let shared: Vec<(String, usize)> = codes
        .iter()
        .map(|code| (code.clone(), codes.iter().filter(|same| *same == code).count()))
        .filter(|(_, count)| *count > 1)
        .collect();
    for (code, count) in &shared {
        let said = format!("{} more logins failed in the same minute, at the same line and with the same code", count - 1);
        assert!(story(code).contains(&said), "{}", story(code));
    }
    // Where a minute turned meanwhile, each has a story of its own.
    let distinct: BTreeSet<&String> = codes.iter().collect();
    assert!(distinct.len() >= 10 && (distinct.len() == 16) == shared.is_empty(), "{codes:?}");
    for line in failures_in_the_audit(&broker).await {
        let is_known = |code: &str| code == other || codes.iter().any(|known| known == code);
        assert!(line.incident.as_deref().is_some_and(is_known) && line.because.as_deref() == Some("7"), "{line:?}");
    }
}

#[actix_web::test]
async fn a_call_that_is_not_answered_within_its_timeout_ends_the_login() {
    let file = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode: { get: \"UPSTREAM/entrar\", scope: perfil }
getAccessCode: { post: \"UPSTREAM/token\" }
getUserInfo: { get: \"UPSTREAM/me\", timeout: 1s, read: { id: $.id, email: $.email, emailVerified: $.verified } }
";
    let broker = TestBroker::builder(LOCAL).with("acme", file).build().await;
    broker.upstream.answers("/me", |_, to| until_it_gives_up(to));
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let way = browser.way_back("acme", &begun.state, "ana");

    let answer = tokio::time::timeout(Duration::from_secs(9), browser.get(&way)).await.expect("the default of 10s does not apply");

    assert_eq!(answer.status, 504, "{answer:?}");
    assert!(answer.session().is_none() && browser.who().await.is_none());
    assert_eq!(broker.upstream.asked("/me"), 1);
    let code = code_on(&answer.body).expect("the page has a code");
    let (status, out, err) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("(noAnswer: answerTimeout)"), "{out}");
    broker.assert_clean(&answer);
}

/// Attack T-01
#[actix_web::test]
async fn a_trickle_is_left_when_the_time_of_the_call_is_over_however_steady_it_is() {
    let file = STANDARD.replace("post: \"UPSTREAM/token\" }", "post: \"UPSTREAM/token\", timeout: 1s }");
    let broker = TestBroker::builder(LOCAL).with("acme", &file).build().await;
    for begins in ["HTTP/1.1 200 X\r\nX-Slow: ", "HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n"] {
        broker.upstream.answers("/token", move |_, to| {
            let _ = to.write_all(begins.as_bytes());
            while to.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/acme").await;
        let way = browser.way_back("acme", &begun.state, "ana");

        let answer = tokio::time::timeout(Duration::from_secs(5), browser.get(&way)).await.expect("it is left");

        assert_eq!(answer.status, 504, "{begins}: {answer:?}");
        broker.assert_clean(&answer);
    }
    broker.assert_still_works().await;
}

/// No circuit is opened: who can make five calls fail, with codes that no one gave out, could shut a provider for everybody. A failure
/// costs others nothing instead: each login asks once and within its time, only so many of them talk to one provider at a time, and the
/// first one after the provider has recovered comes in.
/// Attack F-06
#[actix_web::test]
async fn a_provider_that_fails_in_bursts_keeps_nobody_out_who_comes_another_way_or_later() {
    let shaky = STANDARD.replace("UPSTREAM/token", "UPSTREAM/shaky");
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("shaky", &shaky).build().await;
    for round in 0..40 {
        match round % 4 {
            0 => broker.upstream.says("/shaky", json(500, "{}")),
            1 => broker.upstream.answers("/shaky", |_, to| drop(to.shutdown(std::net::Shutdown::Both))),
            2 => broker.upstream.says("/shaky", json(503, "{}")),
            _ => broker.upstream.says("/shaky", json(200, &format!("{{\"access_token\":\"{}-at-ana\"}}", broker.mark))),
        }
        let answer = Browser::new(&broker).log_in("shaky", "ana").await;
        assert_eq!(answer.session().is_some(), round % 4 == 3, "{round}: {answer:?}");
        assert_eq!(answer.status, if round % 4 == 3 { 303 } else { 502 }, "{round}: {answer:?}");
        assert_eq!(Browser::new(&broker).log_in("acme", "bia").await.status, 303, "{round}");
    }
    assert_eq!(broker.upstream.asked("/shaky"), 40, "each login asks once");
}

/// Attack F-06
#[actix_web::test]
async fn nobody_waits_for_a_provider_that_is_slow_but_who_comes_by_it() {
    let shaky = STANDARD.replace("UPSTREAM/token", "UPSTREAM/shaky");
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("shaky", &shaky).build().await;
    let (answer, go) = (json(200, &format!("{{\"access_token\":\"{}-at-ana\"}}", broker.mark)), Arc::new(AtomicBool::new(false)));
    let is_let_go = Arc::clone(&go);
    broker.upstream.answers("/shaky", move |_, to| {
        while !is_let_go.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = to.write_all(&answer);
    });
    let mut slow = Vec::new();
    for _ in 0..6 {
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/shaky").await;
        slow.push(browser.dressed(ClientRequest::get(&browser.way_back("shaky", &begun.state, "ana"))));
    }
    let others = async {
        for _ in 0..20 {
            assert_eq!(Browser::new(&broker).log_in("acme", "bia").await.status, 303);
        }
        let were_asked = broker.upstream.asked("/shaky");
        go.store(true, Ordering::Release);
        were_asked
    };

    let (slow, were_asked) = tokio::join!(broker.ask_at_once(slow), others);

    assert!(were_asked > 0, "some of them were waiting all the time");
    assert!(slow.iter().all(|answer| answer.session().is_some()), "{slow:?}");
}

#[actix_web::test]
async fn an_error_page_is_read_again_in_another_language_and_no_other_can_be_made_up() {
    let broker = TestBroker::open().await;
    let lost =
        broker.ask(ClientRequest::get("/callback/acme?code=x&state=y").with("accept", "text/html").with("accept-language", "en")).await;
    let code = lost.body.split("<output translate=\"no\">").nth(1).and_then(|rest| rest.get(..7)).expect("a code");
    let here = lost.body.split("href=\"/login-error?page=").nth(1).and_then(|rest| rest.split('&').next()).expect("an address");

    let again = broker.ask(ClientRequest::get(&format!("/login-error?page={here}&lang=pt-BR"))).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert!(again.body.contains("<html lang=\"pt-BR\"") && again.body.contains(code), "{again:?}");
    assert!(again.body.contains("Esta tentativa de entrar não vale mais"), "{again:?}");

    for address in ["/login-error", "/login-error?page=", "/login-error?page=x", &format!("/login-error?page={}", &here[1..])] {
        let none = broker.ask(ClientRequest::get(address).with("accept", "text/html")).await;
        assert_eq!(none.status, 404, "{address}: {none:?}");
    }
}
