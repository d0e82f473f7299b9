//! A provider that is reached by IPv6.

use crate::web::browser::Browser;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use std::net::{Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

/// Passes connections to an address of IPv6 on to a port of IPv4; `None` on a machine without IPv6.
fn relay(to: u16) -> Option<u16> {
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    let port = listener.local_addr().ok()?.port();
    thread::spawn(move || {
        for outside in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || pass_on(outside, to));
        }
    });
    Some(port)
}

fn pass_on(mut outside: TcpStream, to: u16) -> Option<()> {
    let mut inside = TcpStream::connect(("127.0.0.1", to)).ok()?;
    let (mut back, mut answer) = (inside.try_clone().ok()?, outside.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut answer);
        let _ = answer.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut outside, &mut inside);
    inside.shutdown(Shutdown::Write).ok()
}

#[actix_web::test]
async fn a_provider_at_an_address_of_ipv6_signs_people_in() {
    let standard = TestBroker::builder(LOCAL).with_standard("acme").build().await;
    let Some(port) = relay(standard.upstream.port()) else { return };
    standard.rewrite("acme", &STANDARD.replace("UPSTREAM", &format!("http://[::1]:{port}")));
    standard.look_again();
    let browser = Browser::new(&standard);

    let begun = browser.get("/login/acme").await;
    let url = url::Url::parse(begun.location().expect("it leads to the provider")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned()).expect("it is sent");
    let answer = browser.get(&format!("/callback/acme?code={}&state={state}", standard.code("ana"))).await;

    assert_eq!((url.host_str(), url.port()), (Some("[::1]"), Some(port)));
    assert!(answer.session().is_some(), "{answer:?} {}", standard.logged());
    assert_eq!(standard.upstream.asked("/me"), 1);
}
