//! `portaria doctor`: what is well is fine, and what is broken is named with what helps.

use crate::bad_times::on_both;
use crate::bad_times::place::{Browser, Ending, Place};
use serde_json::Value;
use std::net::TcpListener;

/// Runs it, and answers with the exit code and the findings.
fn examine(place: &Place, flags: &[&str]) -> (i32, Vec<Value>) {
    let storage = place.storage_flag();
    let (code, out, err) = place.call(&[&["doctor", "--json", "--storage", &storage], flags].concat());
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    (code, report["findings"].as_array().expect("a list").clone())
}

/// What was found out by a check: the standing and the sentence of each finding.
fn of_check<'f>(findings: &'f [Value], check: &str) -> Vec<(&'f str, &'f str)> {
    let found = findings.iter().filter(|finding| finding["check"] == check);
    found.map(|finding| (finding["standing"].as_str().expect("a word"), finding["said"].as_str().expect("a sentence"))).collect()
}

/// An address of this machine at which no program listens.
fn free_address() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it has one"))
}

/// Everything that is wrong has help.
fn assert_helpful(findings: &[Value]) {
    for finding in findings {
        assert_eq!(finding["standing"] == "fine", finding["help"].is_null(), "{finding}");
    }
}

on_both! {
    an_installation_that_works_is_fine: |place: Place| {
        let broker = Ending(place.start());
        drop(Browser::signed_in(&broker.0, "ana"));
        let own = free_address();

        let (code, findings) = examine(&place, &["--public-url", &own]);

        assert_eq!(code, 0, "{findings:#?}");
        assert_helpful(&findings);
        assert_eq!(of_check(&findings, "own address"), [("warning", &*format!("{own}: no program listens there"))]);
        assert_eq!(of_check(&findings, "provider files"), [("fine", "offered: 1, waiting: 0")]);
        assert_eq!(of_check(&findings, "provider").iter().filter(|(standing, _)| *standing == "fine").count(), 1, "{findings:#?}");
        assert!(of_check(&findings, "master key")[0].1.starts_with("it is in $PORTARIA_MASTER_KEY; fingerprint "), "{findings:#?}");
        assert!(of_check(&findings, "storage")[0].1.contains("can be written; schema "), "{findings:#?}");
        let clocks = of_check(&findings, "clock");
        let is_server = place.storage.file().is_none();
        assert_eq!(clocks.iter().filter(|(_, said)| said.contains("the server of the storage")).count(), usize::from(is_server), "{clocks:?}");
    };

    what_is_broken_is_named_with_what_helps: |place: Place| {
        let broker = Ending(place.start());
        let own = format!("http://{}", broker.0.address);
        let away = crate::web::test_broker::STANDARD.replace("UPSTREAM", &free_address()).replace("SECRET", "file:secrets/acme");
        place.folder.write("providers.d/longe.yaml", &away);
        place.folder.write("providers.d/torto.yaml", "name: [\n");
        place.folder.write("providers.d/espera.yaml", &away.replace("file:secrets/acme", "env:ESPERA_SECRET"));

        let (code, findings) = examine(&place, &["--public-url", &own]);

        assert_eq!(code, 1);
        assert_helpful(&findings);
        let files = of_check(&findings, "provider files");
        assert!(files.iter().any(|(standing, said)| *standing == "wrong" && said.contains("torto.yaml is broken")), "{files:?}");
        assert!(files.contains(&("fine", "1 file waits for variables; `portaria check --all` lists them")), "{files:?}");
        let providers = of_check(&findings, "provider");
        let refused = providers.iter().find(|(_, said)| said.starts_with("longe: "));
        assert!(refused.is_some_and(|(standing, said)| *standing == "wrong" && said.contains("connection refused")), "{providers:?}");

        let place = place.with_other_key();
        let (code, findings) = examine(&place, &["--offline"]);
        assert_eq!(code, 1);
        let key = of_check(&findings, "master key");
        assert_eq!(key, [("wrong", "the one in $PORTARIA_MASTER_KEY opens no signing key of the storage")]);
        assert!(findings.iter().any(|finding| finding["help"].as_str().is_some_and(|help| help.contains("`portaria keys recover`"))));
    };

    what_check_complains_of_in_the_settings_is_said_here_too: |place: Place| {
        place.folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
        place.set("trustedAuthorities: [ ca.pem ]\nmail: { smtp: 'smtps://127.0.0.1:4465', from: loja@loja.example, user: file:secrets/acme, password: file:secrets/none }\n");
        let (checked, _, _) = place.call(&["check"]);

        let (code, findings) = examine(&place, &["--offline"]);

        assert_eq!((checked, code), (1, 1), "{findings:#?}");
        assert_helpful(&findings);
        let settings = of_check(&findings, "settings");
        assert!(settings.iter().any(|(standing, said)| *standing == "wrong" && said.contains("portaria.yaml:4: `ca.pem` is cut off")), "{settings:?}");
        assert!(settings.iter().any(|(standing, said)| *standing == "warning" && said.contains("`file:secrets/none` is not set")), "{settings:?}");
        assert!(settings.iter().all(|(standing, _)| *standing != "fine"), "{settings:?}");
    };

    many_files_that_wait_are_one_line_and_no_warning: |place: Place| {
        let waiting = crate::web::test_broker::STANDARD.replace("UPSTREAM", &free_address());
        for at in 0..12 {
            place.folder.write(&format!("providers.d/p{at}.yaml"), &waiting.replace("SECRET", &format!("env:P{at}_SECRET")));
        }

        let (code, findings) = examine(&place, &["--offline"]);

        assert_eq!(code, 0, "{findings:#?}");
        let files = of_check(&findings, "provider files");
        assert_eq!(files, [("fine", "12 files wait for variables; `portaria check --all` lists them"), ("fine", "offered: 1, waiting: 12")]);
    };

    a_folder_of_provider_files_that_cannot_be_listed_is_wrong: |place: Place| {
        place.set("providers: odd.d\n");
        place.folder.write("odd.d", "a file");

        let (code, findings) = examine(&place, &["--offline"]);

        let files = of_check(&findings, "provider files");
        assert_eq!(code, 1);
        assert!(files.iter().any(|(standing, said)| *standing == "wrong" && said.contains("odd.d: the folder of provider files cannot be listed: ")), "{files:?}");
        assert!(files.iter().any(|(_, said)| said.contains(" belongs to user ")), "{files:?}");
    };

    a_name_that_is_not_known_leads_to_the_proxy_that_may_know_it: |place: Place| {
        let away = free_address();
        let file = crate::web::test_broker::STANDARD.replace("UPSTREAM", "https://sso.acme.invalid").replace("SECRET", "file:secrets/acme");
        place.folder.write("providers.d/longe.yaml", &file);
        place.set(&format!("outgoingProxy: {away}\n"));

        let (_, findings) = examine(&place, &[]);

        let unknown = findings.iter().find(|finding| finding["said"].as_str().is_some_and(|said| said.starts_with("longe: ")));
        let help = unknown.and_then(|finding| finding["help"].as_str()).expect("it is not reached");
        assert!(help.contains("resolve: proxy"), "{findings:#?}");
    };

    a_proxy_that_is_away_or_lacks_its_password_is_named: |place: Place| {
        let away = free_address();
        place.set(&format!("outgoingProxy: {{ url: '{away}', user: file:secrets/none, password: file:secrets/none }}\n"));

        let (code, findings) = examine(&place, &[]);

        assert_eq!(code, 1, "{findings:#?}");
        assert_helpful(&findings);
        let proxy = of_check(&findings, "proxy");
        assert!(proxy.contains(&("wrong", "`outgoingProxy` names file:secrets/none, which is not set")), "{proxy:?}");
        assert!(proxy.iter().any(|(standing, said)| *standing == "wrong" && said.starts_with(&away) && said.contains("connection refused")), "{proxy:?}");
    };

    an_address_at_which_this_store_is_not_served_is_wrong: |place: Place| {
        let broker = Ending(place.start());
        let own = format!("http://{}", broker.0.address);

        let (code, findings) = examine(&place, &["--public-url", &own]);

        let said = of_check(&findings, "own address");
        assert_eq!((code, said), (1, vec![("wrong", &*format!("{own} answers 421 where the keys should be"))]), "its host is another");
    };
}
