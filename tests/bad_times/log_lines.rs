//! What a login writes into the log, with all that can go wrong in it: each line names its request, and none names a person.

use crate::bad_times::place::{Browser, Ending, Place, until};
use crate::web::test_provider::json;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const ID: &str = "x-request-id";

/// The whole lines of a log in JSON; the last one may still be written.
fn lines(log: &str) -> Vec<Value> {
    log.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn each_line_of_a_login_with_faults_names_its_request_and_no_person() {
    let place = Place::on_sqlite();
    place.set("trustedProxies: [ 127.0.0.1 ]\nmail: { smtp: 'smtp://127.0.0.1:9', from: nao-responda@loja.example }\n");
    let beta = crate::web::test_broker::STANDARD.replace("UPSTREAM", &place.upstream.url()).replace("SECRET", "file:secrets/acme");
    place.folder.write("providers.d/beta.yaml", &beta.replace("Clube Acme", "Clube Beta"));
    let broker = Ending(place.start_as(&[], &[("PORTARIA_LOG", "warn,portaria=debug")]));
    let before = place.logged().lines().count();
    let mut ids = BTreeSet::new();
    let mut ask = |browser: &mut Browser, target: &str| {
        let answer = browser.ask(&broker.0, "GET", target).expect("an answer");
        ids.insert(answer.header(ID).expect("every answer has an id").to_owned());
        answer
    };

    // A login that goes well, a second one by another provider, whose notice no mail server takes, and a look at the session.
    let mut ana = Browser::default();
    let back = ana.begin(&broker.0, "ana");
    assert_eq!(ask(&mut ana, &back).status, 303);
    assert_eq!(ask(&mut ana, "/session").status, 200);
    let begun = ask(&mut ana, "/login/beta");
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    assert!(ask(&mut ana, &format!("/callback/beta?code=acme-code-ana&state={state}")).session().is_some());
    until("the mail has failed", Duration::from_secs(20), || place.logged().contains("a mail could not be sent"));
    // The same callback once more, one without an attempt, one that the provider refuses, and pages that do not exist.
    ask(&mut ana, &back);
    ask(&mut Browser::default(), "/callback/acme?code=acme-code-ana&state=canary-state");
    ask(&mut ana, "/callback/acme?error=access_denied&error_description=canary-ana@clientes.example");
    ask(&mut ana, "/login/none");
    // The provider answers with an error that repeats the person, with what is no JSON, and with nothing.
    for body in [json(500, "{\"error\":\"canary-ana@clientes.example\"}"), json(200, "canary-ana@clientes.example"), Vec::new()] {
        place.upstream.says("/me", body);
        let back = ana.begin(&broker.0, "ana");
        let answer = ask(&mut ana, &back);
        assert!(answer.status >= 400, "{answer:?}");
        let id = answer.header(ID).expect("every answer has an id").to_owned();
        until("the fault is logged", Duration::from_secs(20), || place.logged().contains(&id));
    }
    let given = broker.0.ask("GET", "/session", &[("X-Request-Id", "4bf92f3577b34da6"), ("Cookie", &ana.cookies())]).expect("an answer");
    let refused = broker.0.ask("GET", "/session", &[("X-Request-Id", "ana@clientes.example")]).expect("an answer");

    let number = broker.0.ask("GET", "/session", &[("X-Request-Id", "52998224725")]).expect("an answer");

    assert_eq!(given.header(ID), Some("4bf92f3577b34da6"), "a trusted proxy names the request");
    assert_ne!(number.header(ID), Some("52998224725"), "it may be that of a person");
    assert!(refused.header(ID).is_some_and(|id| !id.contains('@')), "{refused:?}");
    let log = place.logged();
    let of_requests: Vec<&str> = log.lines().skip(before).collect();
    assert!(of_requests.len() >= 3, "{log}");
    for line in &of_requests {
        assert!(line.contains("request{id="), "{line}");
    }
    for personal in ["canary", "ana@", "clientes.example", "acme-code", "id-ana", "at-ana", &place.master] {
        assert!(!log.contains(personal), "{personal}: {log}");
    }
    assert!(of_requests.iter().any(|line| ids.iter().any(|id| line.contains(&format!("request{{id=\"{id}\"}}")))), "{ids:?} {log}");
}

#[test]
fn nothing_but_a_trusted_proxy_names_a_request() {
    for (proxies, is_taken) in [("10.0.0.0/8", false), ("127.0.0.1", true)] {
        let place = Place::on_sqlite();
        place.folder.write("portaria.yaml", &format!("publicUrl: https://login.loja.example\ntrustedProxies: [ {proxies} ]\n"));
        let broker = Ending(place.start());

        let given = [("X-Request-Id", "4bf92f3577b34da6")];
        let answer = broker.0.ask_host("login.loja.example", "GET", "/session", &given).expect("an answer");

        let id = answer.header(ID).expect("every answer has an id");
        assert!(answer.status == 401 && id.len() >= 16 && (id == "4bf92f3577b34da6") == is_taken, "{proxies}: {answer:?}");
    }
}

#[test]
fn a_log_in_json_names_the_request_in_each_line() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start_as(&["sh", "-c", "exec \"$@\" --json", "sh"], &[]));
    let before = place.logged().lines().count();

    let mut eva = Browser::default();
    eva.ask(&broker.0, "GET", "/callback/acme?code=acme-code-eva&state=none").expect("an answer");

    // The log is written by a thread of its own.
    until("the request is logged", Duration::from_secs(20), || place.logged().matches('\n').count() > before);
    let log = place.logged();
    let of_requests = lines(&log).split_off(before);
    assert!(!of_requests.is_empty(), "{log}");
    for line in of_requests {
        assert!(line["span"]["id"].as_str().is_some_and(|id| id.len() >= 16), "{line}");
    }
}
