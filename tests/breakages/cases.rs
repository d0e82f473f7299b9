//! The breakages: a file that works, what is broken, and what has to be said and proposed.

use crate::breakages::Scene;
use crate::try_command::free_port;
use crate::web::test_broker::STANDARD;
use crate::web::test_provider::{answer, json, person, until_it_gives_up};
use portaria::world::clock;
use serde_json::{Value, json as value};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

/// How the browser comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Callback {
    Usual,
    StateAs(&'static str),
    NoState,
    OtherBrowser,
}

/// One breakage.
pub struct Case {
    /// What is broken, as the table says it.
    pub broken: &'static str,
    /// The file with which the login works.
    pub works: String,
    /// The file that is broken, where the file is.
    pub broken_file: Option<String>,
    /// What breaks in the provider.
    pub breaks: Box<dyn Fn(&Scene)>,
    pub callback: Callback,
    /// The exact cause.
    pub cause: &'static str,
    /// A part of the sentence in the story.
    pub says: &'static str,
    /// The beginning of the title of the first proposal.
    pub proposes: &'static str,
    /// Whether the login works with the proposal.
    pub mended: bool,
}

const SIGNED: &str = "name: Clube Acme
clientId: loja-42
clientSecret: SECRET
getAuthorizationCode: { get: \"UPSTREAM/entrar\", extra: { nonce: \"${nonce}\" } }
getAccessCode:
  post: UPSTREAM/signed
  read: { idToken: $.id_token }
  signed:
    token: \"${idToken}\"
    issuer: https://sso.acme.example
    keys: UPSTREAM/keys
    read: { id: $.sub, email: $.email, emailVerified: $.email_verified }
";

fn case(broken: &'static str, cause: &'static str, says: &'static str) -> Case {
    Case {
        broken,
        works: STANDARD.to_owned(),
        broken_file: None,
        breaks: Box::new(|_| {}),
        callback: Callback::Usual,
        cause,
        says,
        proposes: "",
        mended: false,
    }
}

impl Case {
    fn proposing(self, proposes: &'static str) -> Self {
        Self { proposes, ..self }
    }

    fn mended_by(self, proposes: &'static str) -> Self {
        Self { proposes, mended: true, ..self }
    }

    /// The token address of the file becomes this one.
    fn at(self, address: &str) -> Self {
        Self { broken_file: Some(STANDARD.replace("UPSTREAM/token", address)), ..self }
    }

    fn back(self, callback: Callback) -> Self {
        Self { callback, ..self }
    }

    fn breaking(self, breaks: impl Fn(&Scene) + 'static) -> Self {
        Self { breaks: Box::new(breaks), ..self }
    }

    /// A provider with signed tokens, whose claims are these.
    fn claiming(self, claims: impl Fn() -> Value + 'static) -> Self {
        let breaks = move |scene: &Scene| scene.issued.lock().expect("no thread panics while it holds the lock").claims = Some(claims());
        Self { works: SIGNED.to_owned(), breaks: Box::new(breaks), ..self }
    }

    /// The person's answer is this.
    fn telling(self, body: &'static str) -> Self {
        self.breaking(move |scene| scene.broker.upstream.says("/me", json(200, body)))
    }
}

/// A server that breaks each connection: it closes it while something that was sent is unread.
fn resetting_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it listens").port();
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let _ = connection.read(&mut [0; 1]);
        }
    });
    port
}

/// A server that answers everything in plain letters.
fn plain_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it listens").port();
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let _ = connection.read(&mut [0; 4096]);
            drop(connection.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    port
}

fn of_connection() -> Vec<Case> {
    vec![
        case(
            "an authority that is not known signed the certificate",
            "unknownAuthority",
            "an authority signed it that this machine does not trust",
        )
        .at("TLS-unknown/token")
        .proposing("getAccessCode"),
        case("the certificate has expired", "certificateExpired", "it has expired").at("TLS-expired/token").proposing("getAccessCode"),
        case(
            "the certificate is for another host",
            "certificateOtherHost",
            "it is for `outra.example`, and not for the host of the address",
        )
        .at("TLS-elsewhere/token")
        .proposing("getAccessCode"),
        case("the certificate is signed by itself", "selfSigned", "it is signed by itself").at("TLS-own/token").proposing("getAccessCode"),
        case("the port of `https` speaks no TLS", "tlsNotSpoken", "the server does not speak TLS")
            .at(&format!("https://localhost:{}/token", plain_server()))
            .proposing("getAccessCode"),
        case("no program listens at the port", "connectionRefused", "no program listens at the port")
            .at(&format!("http://127.0.0.1:{}/token", free_port()))
            .proposing("getAccessCode"),
        case("the connection is broken", "connectionReset", "broke the connection")
            .at(&format!("http://127.0.0.1:{}/token", resetting_server()))
            .proposing("getAccessCode"),
    ]
}

fn of_answers() -> Vec<Case> {
    vec![
        case("the address redirects", "redirected", "redirects are not followed")
            .at("TLS-good/old/token")
            .breaking(|scene| {
                scene.broker.upstream.says("/old/token", answer(308, "Location: /token?lang=pt\r\n", b""));
            })
            .proposing(""),
        Case {
            works: STANDARD.replace("UPSTREAM/me\n", "UPSTREAM/me\n  timeout: 1s\n"),
            ..case("the answer does not come", "answerTimeout", "nothing came within 1 s")
        }
        .breaking(|scene| scene.broker.upstream.answers("/me", |_, to| until_it_gives_up(to)))
        .proposing("getUserInfo"),
        case("the answer is too large", "tooLarge", "it has 68 KiB, and 64 KiB are read")
            .breaking(|scene| scene.broker.upstream.says("/me", answer(200, "Content-Type: application/json\r\n", &[b' '; 70_000])))
            .proposing("getUserInfo"),
        case("the answer ends early", "cutOff", "ended early, after 6 bytes")
            .breaking(|scene| scene.broker.upstream.says("/me", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":"))
            .proposing("getUserInfo"),
        case("the connection is closed without an answer", "closed", "closed the connection without an answer")
            .breaking(|scene| scene.broker.upstream.says("/me", ""))
            .proposing("getUserInfo"),
        case("the answer is packed in an unknown way", "packed", "cannot be unpacked")
            .breaking(|scene| {
                scene.broker.upstream.answers("/me", |heard, to| {
                    let is_plain = heard.header("accept-encoding") == Some("identity");
                    let headers = if is_plain { "" } else { "Content-Encoding: br\r\n" };
                    let person = person("ana");
                    // The rest stands for what no client can read without unpacking it.
                    let body: &[u8] = if is_plain { person.as_bytes() } else { &[0x8b, 0x02, 0x80, 0xff, 0xfe] };
                    drop(to.write_all(&answer(200, headers, body)));
                });
            })
            .mended_by("headers: { Accept-Encoding: identity }"),
        case("what answers does not speak HTTP", "notHttp", "no answer of HTTP")
            .breaking(|scene| scene.broker.upstream.says("/me", "SSH-2.0-OpenSSH_9.6\r\n\r\n"))
            .proposing("getUserInfo"),
    ]
}

fn of_tokens() -> Vec<Case> {
    vec![
        Case { works: SIGNED.to_owned(), ..case("the key set has no such key", "unknownKey", "its key set has no key of that id") }
            .breaking(|scene| scene.issued.lock().expect("no thread panics while it holds the lock").kid = Some("k-2"))
            .proposing("keys: …"),
        Case { works: SIGNED.to_owned(), ..case("the key set is not there", "documentStatus", "its address answers with status 404") }
            .breaking(|scene| scene.broker.upstream.says("/keys", json(404, "{}")))
            .proposing("keys"),
        case(
            "the token's issuer ends with a slash",
            "tokenIssuer",
            "it names `https://sso.acme.example/`; expected is `https://sso.acme.example`",
        )
        .claiming(|| value!({ "iss": "https://sso.acme.example/" }))
        .mended_by("signed: { issuer: \"https://sso.acme.example/\" }"),
        case("the token is for another client", "tokenAudience", "it was issued for another client")
            .claiming(|| value!({ "aud": "outra-loja" })),
        case("the token has expired", "tokenExpired", "it expired 15 minutes ago")
            .claiming(|| value!({ "iat": clock::now() - 1200, "exp": clock::now() - 900 }))
            .proposing("getAccessCode"),
        case("the token begins later", "tokenNotYetValid", "it begins in")
            .claiming(|| value!({ "nbf": clock::now() + 905 }))
            .proposing("getAccessCode"),
        case("the token has no nonce", "tokenNonce", "it has none (`nonce`)").claiming(|| value!({ "nonce": null })).proposing("nonce"),
    ]
}

fn of_facts() -> Vec<Case> {
    vec![
        case("the address stands in a display name", "notAnEmail", "display name")
            .telling("{\"id\":\"id-ana\",\"email\":\"Ana <ana@clientes.example>\",\"verified\":true}")
            .proposing(""),
        case("there are two addresses", "notAnEmail", "more than one at sign")
            .telling("{\"id\":\"id-ana\",\"email\":\"ana@clientes.example,bia@clientes.example\",\"verified\":true}")
            .proposing(""),
        case("the claim about the address is gone", "emailClaimMissing", "`emailVerified` is not in the answer at `$.verified`")
            .telling("{\"id\":\"id-ana\",\"email\":\"ana@clientes.example\"}")
            .proposing(""),
        Case {
            works: STANDARD.replace("emailVerified: $.verified", "emailVerified: { at: $.verified, is: true }"),
            ..case(
                "the condition of the claim looks at nothing",
                "emailClaimFalse",
                "the condition of `emailVerified` looks at `$.verified`, and nothing stands there",
            )
        }
        .telling("{\"id\":\"id-ana\",\"email\":\"ana@clientes.example\"}")
        .proposing(""),
    ]
}

fn of_callbacks() -> Vec<Case> {
    vec![
        case("the state comes under another name", "stateElsewhere", "`estado` holds it")
            .back(Callback::StateAs("estado"))
            .mended_by("state: $.estado"),
        case("no state comes back", "noState", "its parameters are `code`, `loja`").back(Callback::NoState),
        case("the browser has no cookie of the login", "lost", "its cookie is missing").back(Callback::OtherBrowser),
    ]
}

/// All breakages.
pub fn cases() -> Vec<Case> {
    [of_connection(), of_answers(), of_tokens(), of_facts(), of_callbacks()].into_iter().flatten().collect()
}
