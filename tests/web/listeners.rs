//! Where the broker listens, what it says to whom, and the proxies in front of it.

use crate::bad_times::place::{Ending, Place, until};
use crate::command_line::portaria;
use crate::web::client_request::ClientRequest;
use crate::web::raw_socket::{Running, status};
use crate::web::test_broker::{Folder, STANDARD, TestBroker};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const HTTPS: &str = "publicUrl: https://login.loja.example\n";

/// Attack X-11
#[test]
fn a_broker_that_others_reach_starts_only_if_its_proxies_are_said() {
    let atacado = "stores: { atacado: { publicUrl: https://login.atacado.example, trustedProxies: [ 10.0.0.7 ] } }\n";
    for settings in [HTTPS.to_owned(), format!("{HTTPS}{atacado}")] {
        let folder = Folder::new();
        folder.write("portaria.yaml", &settings);
        for listen in ["0.0.0.0:0", "[::]:0"] {
            let (code, _, err) = portaria(&folder.0, &["serve", "--listen", listen], &[]);
            assert_eq!(code, 2, "{settings} {listen}: {err}");
            assert!(err.contains("`trustedProxies: [ 10.0.0.7 ]`") && err.contains("`trustedProxies: none`"), "{err}");
        }
    }

    for proxies in ["[ 10.0.0.7 ]", "10.0.0.0/8", "none", "[ none ]"] {
        let portaria = Running::start_at("0.0.0.0:0", &format!("{HTTPS}trustedProxies: {proxies}\n"), "true");
        assert!(portaria.connect().peer_addr().is_ok(), "{proxies}");
    }
    Running::start_with(HTTPS, "true").is_alive();
}

/// What a listener of this machine answers.
fn ask(address: &str, path: &str, headers: &str) -> String {
    let mut connection = TcpStream::connect(address).expect("it listens");
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    connection.write_all(head.as_bytes()).expect("it listens");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Attack H-09
/// Lesson 123
#[test]
fn details_of_readiness_are_on_the_separate_listener_only() {
    let own = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").to_string();
    for proxies in ["", "trustedProxies: [ 127.0.0.1 ]\n", "trustedProxies: none\n"] {
        let portaria = Running::start_with(&format!("{HTTPS}{proxies}metricsListen: {own}\n"), "true");
        for headers in ["", "X-Forwarded-For: 127.0.0.1\r\n", "Forwarded: for=127.0.0.1\r\n", "X-Real-IP: ::1\r\n"] {
            let answer = portaria.get(b"/health/ready", headers);
            assert!(status(&answer) == 200 && answer.ends_with("\r\n\r\n{\"ready\":true}"), "{headers}: {answer}");
            assert_eq!(status(&portaria.get(b"/metrics", headers)), 404, "{headers}");
        }
        let details = ask(&own, "/health/ready", "");
        assert!(status(&details) == 200 && details.contains("\"complaints\":[") && details.contains("\"broken\":[]"), "{details}");
        assert!(ask(&own, "/metrics", "").contains("portaria_ended_sessions"));
        assert_eq!(status(&ask(&own, "/login", "")), 404);
    }

    let here = Running::start();
    assert!(here.get(b"/health/ready", "").contains("\"complaints\":[]"), "everything is on loopback");
}

#[actix_web::test]
async fn a_proxy_that_the_settings_do_not_name_is_reported_once() {
    let settings = format!("{HTTPS}limits: {{ login: 1000 }}\n");
    let file = STANDARD.replace("UPSTREAM", "https://sso.acme.example");
    let forwarded = |peer: &str, name: &str, path: &str| {
        ClientRequest::get(path).with("host", "login.loja.example").from(peer).with(name, "203.0.113.7")
    };
    for (peer, path) in
        [("10.0.0.7", "/login"), ("127.0.0.1", "/auth"), ("::1", "/session"), ("::ffff:192.168.1.1", "/auth"), ("fd00::7", "/login")]
    {
        for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "forwarded"] {
            let broker = TestBroker::builder(&settings).with("acme", &file).build().await;
            for _ in 0..3 {
                broker.ask(forwarded(peer, name, path)).await;
            }
            let peer = peer.strip_prefix("::ffff:").unwrap_or(peer);
            let complaint = format!("{peer} forwards requests and is not among `trustedProxies`");
            assert_eq!(broker.logged().matches(&complaint).count(), 1, "{peer} {name}: {}", broker.logged());
            assert!(broker.app.complaints(0).iter().any(|said| said.starts_with(&complaint)), "{peer} {name}");

            broker.resettle(&format!("{settings}trustedProxies: [ \"{peer}\" ]\n"));
            assert!(!broker.app.complaints(0).iter().any(|said| said.starts_with(&complaint)), "{peer} is named by now");
        }
    }

    let none = TestBroker::builder(&format!("{settings}trustedProxies: none\n")).build().await;
    let unnamed = TestBroker::builder(&settings).build().await;
    none.ask(forwarded("10.0.0.7", "x-forwarded-for", "/login")).await;
    unnamed.ask(forwarded("198.51.100.7", "x-forwarded-for", "/login")).await;
    unnamed.ask(ClientRequest::get("/login").with("host", "login.loja.example").from("10.0.0.7")).await;
    for broker in [none, unnamed] {
        assert!(!broker.logged().contains("forwards requests"), "{}", broker.logged());
    }
}

#[test]
fn a_setting_that_waits_for_a_restart_is_reported_once_until_the_file_says_again_what_runs() {
    let place = Place::on_sqlite();
    let broker = Ending(place.start());
    let complaints = || broker.0.ask("GET", "/health/ready", &[]).expect("an answer").json()["complaints"].to_string();
    let waiting = "a change of `masterKey`, `metricsListen` is not in use: it is read at the start only, so restart the broker";
    assert_eq!(complaints(), "[]");

    // The flags of the command line go before `listen` and `storage` of the file, before and after a restart.
    place.set("metricsListen: 127.0.0.1:9\nmasterKey: env:ANOTHER_KEY\nlisten: 127.0.0.1:9\nstorage: sqlite:other.db\n");
    until("it is reported", Duration::from_secs(40), || complaints() == format!("[\"{waiting}\"]"));
    place.set("metricsListen: 127.0.0.1:9\nmasterKey: env:ANOTHER_KEY\nlogin: { title: Loja Nova }\n");
    until("the rest takes effect", Duration::from_secs(40), || {
        broker.0.ask("GET", "/login", &[]).expect("an answer").body.contains("Loja Nova")
    });
    assert_eq!(complaints(), format!("[\"{waiting}\"]"));
    assert_eq!(place.logged().matches("takes effect after a restart only").count(), 1, "{}", place.logged());

    place.set("");
    until("nothing waits any more", Duration::from_secs(40), || complaints() == "[]");
}

#[test]
fn it_listens_at_addresses_of_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let here = Running::start_at("[::1]:0", "publicUrl: http://localhost:8080\n", "true");
    let open = Running::start_at("[::]:0", &format!("{HTTPS}trustedProxies: [ fd00::7 ]\n"), "true");

    assert_eq!(status(&here.get(b"/health/live", "")), 200);
    let port = open.address.rsplit_once(':').expect("a port").1;
    for address in [format!("[::1]:{port}"), format!("127.0.0.1:{port}")] {
        assert_eq!(status(&ask(&address, "/health/live", "")), 200, "{address}");
    }
}
