//! Logins whose calls leave through a proxy (`outgoingProxy`): it passes them on, refuses them, is away, or opens TLS itself.

use crate::breakages::story;
use crate::breakages::tls_front::{CERTIFICATES, TlsFront};
use crate::web::browser::Browser;
use crate::web::client_request::Answer;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use portaria::world::random;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy that opens connections (RFC 9110 9.3.6) to this machine, whatever host is asked for.
struct ConnectProxy {
    port: u16,
    /// The heads of the requests that it got.
    heard: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    /// Opens one that wants these credentials, in the form of its header.
    fn open(wanted: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let heads = Arc::clone(&heard);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (heads, wanted) = (Arc::clone(&heads), wanted.clone());
                thread::spawn(move || pass_on(connection, &heads, wanted.as_deref()));
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no thread panics while it holds the lock").clone()
    }
}

fn pass_on(mut outside: TcpStream, heads: &Mutex<Vec<String>>, wanted: Option<&str>) -> Option<()> {
    let mut reader = BufReader::new(outside.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    }
    heads.lock().expect("no thread panics while it holds the lock").push(head.clone());
    let lowercase = head.to_ascii_lowercase();
    if wanted.is_some_and(|wanted| !lowercase.contains(&format!("proxy-authorization: basic {wanted}\r\n").to_ascii_lowercase())) {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
        return outside.write_all(refusal).ok();
    }
    let port = head.strip_prefix("CONNECT ")?.split(' ').next()?.rsplit_once(':')?.1.parse::<u16>().ok()?;
    let mut inside = TcpStream::connect(("127.0.0.1", port)).ok()?;
    outside.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut back, mut to_outside) = (inside.try_clone().ok()?, outside.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut to_outside);
        let _ = to_outside.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut reader, &mut inside);
    inside.shutdown(Shutdown::Write).ok()
}

/// A broker behind the proxy, whose provider no name server knows.
async fn broker_behind(proxy: &str, front: &TlsFront) -> TestBroker {
    let settings = format!("{LOCAL}trustedAuthorities: [ '{}' ]\noutgoingProxy: {proxy}\n", CERTIFICATES.authority());
    let file = STANDARD.replace("UPSTREAM/entrar", "https://outra.example/entrar");
    let file = file.replace("UPSTREAM", &format!("https://outra.example:{}", front.port));
    let broker = TestBroker::builder(&settings).with("acme", &file).build().await;
    front.lead_to(broker.upstream.port());
    broker
}

async fn log_in(broker: &TestBroker) -> Answer {
    let browser = Browser::new(broker);
    let begun = browser.get("/login/acme").await;
    let url = url::Url::parse(begun.location().expect("it leads to the provider")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned()).expect("it is sent");
    browser.get(&format!("/callback/acme?code={}&state={state}", broker.code("ana"))).await
}

/// A user and a password: their header, and the keys of `outgoingProxy` that name them.
fn credentials() -> (String, String) {
    let folder = std::env::temp_dir().join(format!("portaria-proxy-{}", random::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let (user, password) = (random::id(), random::id());
    std::fs::write(folder.join("user"), &*user).expect("a file can be written");
    std::fs::write(folder.join("password"), &*password).expect("a file can be written");
    let at = folder.display();
    (BASE64.encode(format!("{user}:{password}")), format!("user: 'file:{at}/user', password: 'file:{at}/password'"))
}

#[actix_web::test]
async fn a_whole_login_goes_through_the_proxy_which_sees_nothing_but_the_host() {
    let front = TlsFront::open("elsewhere");
    let (wanted, keys) = credentials();
    let proxy = ConnectProxy::open(Some(wanted));
    let broker = broker_behind(&format!("{{ url: 'http://127.0.0.1:{}', {keys}, resolve: proxy }}", proxy.port), &front).await;

    let answer = log_in(&broker).await;

    assert!(answer.session().is_some(), "{answer:?} {}", broker.logged());
    let heard = proxy.heard();
    assert!(heard.len() >= 2, "the code and the person are asked for: {heard:?}");
    for head in heard {
        assert!(head.starts_with(&format!("CONNECT outra.example:{} HTTP/1.1\r\n", front.port)), "{head}");
        assert!(!head.contains("/token") && !head.contains("loja-42"), "{head}");
    }
}

#[actix_web::test]
async fn a_proxy_that_refuses_or_is_away_fails_the_login_and_nothing_is_called_without_it() {
    let ((wanted, _), (_, other)) = (credentials(), credentials());
    let refusing = ConnectProxy::open(Some(wanted));
    let free = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it listens").port();
    for proxy in [
        format!("{{ url: 'http://127.0.0.1:{}', {other}, resolve: proxy }}", refusing.port),
        format!("{{ url: 'http://127.0.0.1:{}', resolve: proxy }}", refusing.port),
        format!("{{ url: 'http://127.0.0.1:{free}', resolve: proxy }}"),
    ] {
        let front = TlsFront::open("elsewhere");
        let broker = broker_behind(&proxy, &front).await;

        let answer = log_in(&broker).await;

        assert!(answer.session().is_none() && broker.upstream.heard().is_empty(), "{proxy}: {answer:?}");
        let story = story(&broker, &answer).await;
        let said = story.message.unwrap_or_default();
        assert_eq!(story.cause.as_deref(), Some("proxyRefused"), "{proxy}: {said}");
        assert!(said.contains("`outgoingProxy`"), "{said}");
        broker.assert_silent(&answer);
    }
    assert!(refusing.heard().len() >= 2);
}

#[actix_web::test]
async fn a_certificate_of_an_unknown_authority_behind_the_proxy_names_the_setting() {
    let proxy = ConnectProxy::open(None);
    let front = TlsFront::open("own");
    let broker = broker_behind(&format!("{{ url: 'http://127.0.0.1:{}', resolve: proxy }}", proxy.port), &front).await;

    let answer = log_in(&broker).await;

    let story = story(&broker, &answer).await;
    let said = story.message.unwrap_or_default();
    assert_eq!(story.cause.as_deref(), Some("unknownAuthority"), "{said}");
    assert!(said.contains("`outgoingProxy`") && broker.upstream.heard().is_empty(), "{said}");
}

#[actix_web::test]
async fn a_name_that_is_unknown_here_is_not_handed_to_the_proxy_by_itself() {
    let proxy = ConnectProxy::open(None);
    let front = TlsFront::open("elsewhere");
    let broker = broker_behind(&format!("http://127.0.0.1:{}", proxy.port), &front).await;

    let answer = log_in(&broker).await;

    assert_eq!(story(&broker, &answer).await.cause.as_deref(), Some("hostUnknown"));
    assert!(proxy.heard().is_empty());
}
