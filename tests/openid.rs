//! `OpenID` Connect: what the file of one line does at providers that read the standard in their own way.

use crate::login::{Network, OPENID, assert_examples, installation, json};
use crate::support::{provider, ready};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::{discover, drive};
use portaria::provider::Provider;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::keys::{Algorithm, JwsSigningKey};
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Writes a token in another form.
type TokenForm = fn(&str) -> String;

pub const DOCUMENT: &str = "\"issuer\":\"https://idp.acme.example\",\"authorization_endpoint\":\"https://idp.acme.example/a\",\"token_endpoint\":\"https://idp.acme.example/t\",\"userinfo_endpoint\":\"https://idp.acme.example/u\",\"jwks_uri\":\"https://idp.acme.example/k\"";

/// A key of the provider.
pub struct IssuerKey {
    pub signing: JwsSigningKey,
    public: String,
}

impl IssuerKey {
    pub fn new() -> Self {
        let pair = Ed25519KeyPair::generate().expect("the machine has random bytes");
        let der = pair.to_pkcs8v1().expect("a key can be written");
        let signing = JwsSigningKey::read(STANDARD.encode(der.as_ref()).as_bytes(), Algorithm::EdDsa).expect("it is a key");
        Self { signing, public: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()) }
    }

    pub fn jwks(&self, kid: Option<&str>) -> String {
        let kid = kid.map_or_else(String::new, |kid| format!(",\"kid\":\"{kid}\""));
        format!("{{\"keys\":[{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{}\"{kid}}}]}}", self.public)
    }

    pub fn token(&self, kid: Option<&str>, claims: &str) -> String {
        let kid = kid.map_or_else(String::new, |kid| format!(",\"kid\":\"{kid}\""));
        self.signing.sign_token(&format!("{{\"alg\":\"EdDSA\"{kid}}}"), claims).expect("the key signs")
    }
}

/// The claims of an ID token in an attempt of these tests.
pub fn claims(attempt: &Attempt, more: &str) -> String {
    let nonce = &attempt.nonce;
    format!(
        "{{\"iss\":\"https://idp.acme.example\",\"aud\":\"c-1\",\"sub\":\"7\",\"iat\":0,\"exp\":9999999999,\"nonce\":\"{nonce}\",\"email\":\"ana@loja.example\",\"email_verified\":true{more}}}"
    )
}

/// Learns the document of the issuer.
pub fn learn_document(provider: &Provider, network: &dyn Fetch, documents: &DocumentCache, now: i64) {
    let mut facts = provider.empty_facts();
    facts.set(provider.known.client_id, Text::plain("c-1"));
    ready(discover(provider, &facts, network, documents, now));
}

const TOKEN: &str = "iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›";

/// Attack U-09
#[test]
fn userinfo_is_asked_for_what_the_id_token_lacks() {
    let story = |claims: &str, userinfo: &str, end: &str| {
        let userinfo = if userinfo.is_empty() {
            String::new()
        } else {
            format!(
                "    - request: {{ get: https://idp.acme.example/userinfo, headers: {{ Authorization: Bearer at-1 }} }}\n      answer: {{ {userinfo} }}\n"
            )
        };
        format!(
            "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {TOKEN}{claims} }} }} }}\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}\n{userinfo}  {end}\n"
        )
    };
    let ana = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";

    assert_examples(OPENID, &story(", email: ana@loja.example, email_verified: true", "", ana));
    assert_examples(OPENID, &story("", "json: { sub: \"7\", email: ana@loja.example, email_verified: true }", ana));
    assert_examples(
        OPENID,
        &story(", email: old@loja.example", "json: { sub: \"7\", email: ana@loja.example, email_verified: true }", ana),
    );
    // A claim is not taken from one document for the address of the other.
    assert_examples(
        OPENID,
        &story(", email: ana@loja.example", "json: { sub: \"7\", email_verified: true }", "refused: { code: unprovenEmail }"),
    );
    assert_examples(
        OPENID,
        &story(", email_verified: true", "json: { sub: \"7\", email: ana@loja.example }", "refused: { code: unprovenEmail }"),
    );
    assert_examples(OPENID, &story(", email: ana@loja.example, email_verified: false", "", "refused: { code: unprovenEmail }"));
    // What userinfo does not say is unknown; only another person is never passed over.
    let ask = format!("{OPENID}missingEmail: ask\n");
    for silent in ["status: 403, json: { error: insufficient_scope }", "status: 503, text: closed", "text: no json"] {
        assert_examples(&ask, &story("", silent, "identity: { id: \"7\", ask: true }"));
    }
    assert_examples(&ask, &story("", "json: { sub: \"8\" }", "refused: { step: getUserInfo, code: badToken }"));
    for other in ["sub: \"8\", email: ana@loja.example, email_verified: true", "email: ana@loja.example, email_verified: true"] {
        assert_examples(OPENID, &story("", &format!("json: {{ {other} }}"), "refused: { step: getUserInfo, code: badToken }"));
    }
    assert_examples(OPENID, &story("", "status: 503, text: closed", "refused: { step: getUserInfo, code: \"503\" }"));
}

#[test]
fn userinfo_is_asked_only_for_what_the_file_needs() {
    let story = |file: &str, claims: &str, end: &str| {
        assert_examples(
            &format!("{OPENID}{file}"),
            &format!(
                "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {TOKEN}{claims} }} }} }}\n  exchanges: [ {{ answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }} }} ]\n  {end}\n"
            ),
        );
    };
    story("trustEmail: always\n", ", email: ana@loja.example", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }");
    // What the file reads itself is not read elsewhere.
    story(
        "trustEmail: always\ngetAccessCode: { signed: { read: { id: $.sub, email: $.upn } } }\n",
        ", upn: ana@loja.example",
        "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }",
    );
    let without_endpoint = "discovery: { issuer: https://idp.acme.example, authorization_endpoint: https://idp.acme.example/a, token_endpoint: https://idp.acme.example/t, jwks_uri: https://idp.acme.example/k }";
    story("", "", &format!("{without_endpoint}\n  refused: {{ code: missingEmail }}"));
}

#[test]
fn the_document_chooses_how_the_client_shows_itself() {
    let story = |methods: &str, request: &str| {
        format!(
            "- what: a login
  discovery: {{ issuer: https://idp.acme.example, authorization_endpoint: https://idp.acme.example/a, token_endpoint: https://idp.acme.example/t, jwks_uri: https://idp.acme.example/k{methods} }}
  tokens: {{ idToken: {{ claims: {{ {TOKEN}, email: ana@loja.example, email_verified: true }} }} }}
  exchanges:
    - request: {{ post: https://idp.acme.example/t, {request} }}
      answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}
  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}
"
        )
    };
    let form = "form: { grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›, code_verifier: ‹codeVerifier›, client_id: ‹clientId›, client_secret: ‹clientSecret› }";
    let basic = "headers: { Authorization: Basic ‹clientId:clientSecret› }, form: { grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›, code_verifier: ‹codeVerifier› }";

    assert_examples(OPENID, &story("", form));
    assert_examples(OPENID, &story(", token_endpoint_auth_methods_supported: [ client_secret_post ]", form));
    assert_examples(OPENID, &story(", token_endpoint_auth_methods_supported: [ client_secret_basic, client_secret_post ]", form));
    assert_examples(OPENID, &story(", token_endpoint_auth_methods_supported: [ client_secret_basic ]", basic));
    // What the file says stands.
    assert_examples(
        &format!("{OPENID}getAccessCode: {{ credentials: form }}\n"),
        &story(", token_endpoint_auth_methods_supported: [ client_secret_basic ]", form),
    );
}

/// A provider that knows the client only by its header, and says so of everything else.
struct Stubborn<'a> {
    token: Mutex<String>,
    keys: String,
    wants_header: bool,
    methods: &'a str,
    asked: AtomicUsize,
}

impl Fetch for Stubborn<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let address = request.address.masked();
        let answer = if address.ends_with("openid-configuration") {
            json(&format!("{{{DOCUMENT}{}}}", self.methods))
        } else if address.ends_with("/k") {
            json(&self.keys)
        } else {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let has_header = request.headers.iter().any(|(name, _)| name == "Authorization");
            let body = request.body.as_ref().map(Text::masked).unwrap_or_default();
            assert_ne!(has_header, body.contains("client_secret"), "the secret is sent in one place: {body}");
            if has_header == self.wants_header {
                json(&format!(
                    "{{\"access_token\":\"at-1\",\"id_token\":\"{}\"}}",
                    self.token.lock().expect("no thread panics with this lock")
                ))
            } else {
                Ok(Response { status: 401, headers: Vec::new(), body: b"{\"error\":\"invalid_client\"}".to_vec() })
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn a_client_that_is_refused_shows_itself_in_the_other_way_once_and_remembers_it() {
    let key = IssuerKey::new();
    for (methods, wants_header, calls) in [
        ("", true, [2, 1]),
        (",\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\"]", true, [2, 1]),
        ("", false, [1, 1]),
        (",\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\"]", true, [1, 1]),
    ] {
        let provider = provider(OPENID);
        let installation = installation(&provider);
        let documents = DocumentCache::default();
        let network = Stubborn { token: Mutex::default(), keys: key.jwks(None), wants_header, methods, asked: AtomicUsize::new(0) };
        learn_document(&provider, &network, &documents, 0);
        for expected in calls {
            let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
            *network.token.lock().expect("no thread panics with this lock") = key.token(None, &claims(&attempt, ""));
            let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
            let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

            let (_, outcome) = ready(drive(login, &network, &documents));

            assert!(outcome.is_ok(), "{methods} {outcome:?}");
            assert_eq!(network.asked.swap(0, Ordering::SeqCst), expected, "{methods}");
        }
    }
}

/// A provider that refuses the client in the form, and gives no answer to one in the header.
struct Silent;

impl Fetch for Silent {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let has_header = request.headers.iter().any(|(name, _)| name == "Authorization");
        let answer = if request.address.masked().ends_with("openid-configuration") {
            json(&format!("{{{DOCUMENT}}}"))
        } else if has_header {
            Err(NoAnswer::Unreachable)
        } else {
            Ok(Response { status: 401, headers: Vec::new(), body: b"{\"error\":\"invalid_client\"}".to_vec() })
        };
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn a_repeated_call_without_an_answer_is_remembered_beside_the_refusal() {
    let provider = provider(OPENID);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    learn_document(&provider, &Silent, &documents, 0);
    let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

    let (trace, outcome) = ready(drive(login, &Silent, &documents));

    assert_eq!(outcome.expect_err("the client is refused").code(), "invalid_client");
    assert_eq!(trace.exchanges.len(), 1);
    assert!(trace.exchanges[0].answer.is_ok());
    assert_eq!(trace.exchanges[0].unanswered_repeat, Some(NoAnswer::Unreachable));
}

/// A provider that refuses a code without a word of the standard, and takes the credentials of the client in one place only.
struct Wordless {
    token: Mutex<String>,
    keys: String,
    wants_header: AtomicBool,
    asked: AtomicUsize,
}

impl Fetch for Wordless {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let address = request.address.masked();
        let says = |status: u16, body: &str| Ok(Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() });
        let answer = if address.ends_with("openid-configuration") {
            json(&format!("{{{DOCUMENT}}}"))
        } else if address.ends_with("/k") {
            json(&self.keys)
        } else {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let has_header = request.headers.iter().any(|(name, _)| name == "Authorization");
            let body = request.body.as_ref().map(|body| body.expose().to_owned()).unwrap_or_default();
            match (has_header == self.wants_header.load(Ordering::SeqCst), body.contains("garbage")) {
                (false, _) => says(400, "{\"error\":\"invalid_request\"}"),
                (true, true) => says(401, "{\"message\":\"bad code\"}"),
                (true, false) => json(&format!(
                    "{{\"access_token\":\"at-1\",\"id_token\":\"{}\"}}",
                    self.token.lock().expect("no thread panics with this lock")
                )),
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn nobody_can_change_for_others_how_the_client_shows_itself() {
    let key = IssuerKey::new();
    let provider = provider(OPENID);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let (wants_header, token) = (AtomicBool::new(false), Mutex::default());
    let network = Wordless { token, keys: key.jwks(None), wants_header, asked: AtomicUsize::new(0) };
    learn_document(&provider, &network, &documents, 0);
    let login = |code: &str| {
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        *network.token.lock().expect("no thread panics with this lock") = key.token(None, &claims(&attempt, ""));
        let callback = CallbackParameters::new([("code", code), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");
        let is_in = ready(drive(login, &network, &documents)).1.is_ok();
        (is_in, network.asked.swap(0, Ordering::SeqCst))
    };
    for _ in 0..3 {
        assert_eq!(login("garbage"), (false, 2));
        assert_eq!(login("c"), (true, 1), "the way that works stays");
    }

    // A provider that wants the header and says so in the standard's words is remembered, until it refuses the header.
    documents_learn_the_header(&provider, &documents, &key);
    assert!(!login("garbage").0);
    assert_eq!(login("c"), (true, 2), "a remembered way that is refused is left");
    assert_eq!(login("c"), (true, 1));
}

/// A login at a provider that refuses the form, after which the header is remembered.
fn documents_learn_the_header(provider: &Provider, documents: &DocumentCache, key: &IssuerKey) {
    let installation = installation(provider);
    let attempt = Attempt::new(provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    let token = Mutex::new(key.token(None, &claims(&attempt, "")));
    let network = Stubborn { token, keys: key.jwks(None), wants_header: true, methods: "", asked: AtomicUsize::new(0) };
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let login = attempt.accept(provider, &installation, &callback, None, documents, 1).expect("the callback answers the attempt");
    assert!(ready(drive(login, &network, documents)).1.is_ok());
}

#[test]
fn two_id_tokens_of_one_login_are_about_one_person() {
    let file = format!(
        "{OPENID}getAccessCode:
  - signed: {{ read: {{ id: $.sub, email: $.email, emailVerified: $.email_verified }} }}
  - post: https://idp.acme.example/exchange
    form: {{ token: \"${{accessToken}}\" }}
    read: {{ secondToken: $.second }}
    signed: {{ token: \"${{secondToken}}\", nonce: none, read: {{ plan: $.plan }} }}
identity: {{ more: [ plan ] }}
"
    );
    for (subject, end) in [
        ("7", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true, plan: gold }"),
        ("8", "refused: { step: getAccessCode, code: badToken }"),
    ] {
        assert_examples(
            &file,
            &format!(
                "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {TOKEN}, email: ana@loja.example, email_verified: true }} }}, second: {{ claims: {{ iss: https://idp.acme.example, aud: ‹clientId›, sub: \"{subject}\", plan: gold }} }} }}\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}\n    - answer: {{ json: {{ second: ‹second› }} }}\n  {end}\n"
            ),
        );
    }
}

#[test]
fn a_client_that_is_refused_in_both_ways_is_refused() {
    assert_examples(
        OPENID,
        "- what: the secret is wrong
  exchanges:
    - answer: { status: 401, json: { error: invalid_client } }
    - request: { post: https://idp.acme.example/token, headers: { Authorization: Basic ‹clientId:clientSecret› }, form: { grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›, code_verifier: ‹codeVerifier› } }
      answer: { status: 401, json: { error: invalid_client } }
  refused: { step: getAccessCode, code: invalid_client }
- what: the secret is wrong, and there is one answer
  exchanges:
    - answer: { status: 401, json: { error: invalid_client } }
  refused: { step: getAccessCode, code: invalid_client }
- what: the code is wrong
  exchanges:
    - answer: { status: 400, json: { error: invalid_grant } }
  refused: { step: getAccessCode, code: invalid_grant }
",
    );
}

/// Attacks J-11, J-13
#[test]
fn a_key_that_was_exchanged_under_its_name_is_fetched_again_and_a_forged_token_cannot_force_more() {
    for kid in [None, Some("k")] {
        let (old, new, stranger) = (IssuerKey::new(), IssuerKey::new(), IssuerKey::new());
        let provider = provider(OPENID);
        let installation = installation(&provider);
        let documents = DocumentCache::default();
        let (keys, token) = (Mutex::new(old.jwks(kid)), Mutex::new(String::new()));
        let network = Network::new(|address: &str| match address {
            address if address.ends_with("openid-configuration") => json(&format!("{{{DOCUMENT}}}")),
            address if address.ends_with("/k") => json(&keys.lock().expect("no thread panics with this lock")),
            _ => {
                json(&format!("{{\"access_token\":\"at-1\",\"id_token\":\"{}\"}}", token.lock().expect("no thread panics with this lock")))
            }
        });
        learn_document(&provider, &network, &documents, 0);
        let login = |now: i64, key: &IssuerKey| {
            let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), now, Vec::new());
            *token.lock().expect("no thread panics with this lock") = key.token(kid, &claims(&attempt, ""));
            let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
            let login =
                attempt.accept(&provider, &installation, &callback, None, &documents, now).expect("the callback answers the attempt");
            ready(drive(login, &network, &documents)).1.map_err(|error| error.code().to_owned())
        };
        assert!(login(0, &old).is_ok());
        assert_eq!(network.asked("/k"), 1);

        new.jwks(kid).clone_into(&mut keys.lock().expect("no thread panics with this lock"));
        assert!(login(100, &new).is_ok(), "the new key is fetched at once");
        assert_eq!(network.asked("/k"), 2);
        for now in 100..160 {
            assert_eq!(login(now, &stranger), Err("badToken".to_owned()));
        }
        assert!(network.asked("/k") <= 8, "{}", network.asked("/k"));
        assert!(login(160, &new).is_ok());
    }
}

#[test]
fn an_issuer_that_has_recovered_is_asked_within_seconds() {
    let provider = provider(OPENID);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let is_up = AtomicBool::new(false);
    let network =
        Network::new(|_: &str| if is_up.load(Ordering::SeqCst) { json(&format!("{{{DOCUMENT}}}")) } else { Err(NoAnswer::Unreachable) });
    let begins = |now: i64| {
        learn_document(&provider, &network, &documents, now);
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), now, Vec::new());
        attempt.redirect_request(&provider, &installation, &documents).is_ok()
    };
    assert!(!begins(100) && !begins(101) && !begins(102));
    assert_eq!(network.asked("openid-configuration"), 1, "while it is away, it is asked once in a while");

    is_up.store(true, Ordering::SeqCst);

    assert!(begins(103));
}

/// A network that answers a document only when it is let go.
#[derive(Default)]
struct Slow {
    body: String,
    go: AtomicBool,
    asked: AtomicUsize,
}

impl Fetch for Slow {
    fn send<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::poll_fn(move |_| if self.go.load(Ordering::SeqCst) { Poll::Ready(json(&self.body)) } else { Poll::Pending }))
    }
}

#[test]
fn many_logins_at_once_fetch_a_document_once() {
    let provider = provider(OPENID);
    let (documents, network) = (DocumentCache::default(), Slow { body: format!("{{{DOCUMENT}}}"), ..Slow::default() });
    let mut facts = provider.empty_facts();
    facts.set(provider.known.client_id, Text::plain("c-1"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be built");
    let _inside = runtime.enter();
    let begin = |_| Box::pin(discover(&provider, &facts, &network, &documents, 0)) as Pin<Box<dyn Future<Output = ()>>>;
    let mut many: Vec<_> = (0..50).map(begin).collect();
    let poll_all = |many: &mut Vec<Pin<Box<dyn Future<Output = ()> + '_>>>| {
        many.retain_mut(|one| one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    };
    poll_all(&mut many);
    assert_eq!((network.asked.load(Ordering::SeqCst), many.len()), (1, 50));

    network.go.store(true, Ordering::SeqCst);
    for _ in 0..60 {
        poll_all(&mut many);
    }

    assert_eq!((network.asked.load(Ordering::SeqCst), many.len()), (1, 0));
}

/// The keys come only when they are let go; everything else comes at once.
struct SlowKeys<'a> {
    keys: &'a Slow,
    token: String,
}

impl Fetch for SlowKeys<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        if request.address.masked().ends_with("/k") {
            return self.keys.send(request);
        }
        Box::pin(std::future::ready(json(&format!("{{\"access_token\":\"at-1\",\"id_token\":\"{}\"}}", self.token))))
    }
}

/// Attack J-11
#[test]
fn many_logins_that_come_back_at_once_fetch_the_keys_once() {
    let (provider, key) = (provider(OPENID), IssuerKey::new());
    let (installation, documents) = (installation(&provider), DocumentCache::default());
    learn_document(&provider, &Network::new(|_| json(&format!("{{{DOCUMENT}}}"))), &documents, 0);
    let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    let slow = Slow { body: key.jwks(None), ..Slow::default() };
    let network = SlowKeys { keys: &slow, token: key.token(None, &claims(&attempt, "")) };
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be built");
    let _inside = runtime.enter();
    let begin = |_| {
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 0).expect("the callback answers the attempt");
        let (network, documents) = (&network, &documents);
        Box::pin(async move { drive(login, network, documents).await.1.is_ok() }) as Pin<Box<dyn Future<Output = bool> + '_>>
    };
    let mut many: Vec<_> = (0..50).map(begin).collect();
    let mut signed_in = 0;
    let mut poll_all = |many: &mut Vec<Pin<Box<dyn Future<Output = bool> + '_>>>| {
        many.retain_mut(|one| match one.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => true,
            Poll::Ready(is_ok) => {
                signed_in += usize::from(is_ok);
                false
            }
        });
    };
    poll_all(&mut many);
    assert_eq!((slow.asked.load(Ordering::SeqCst), many.len()), (1, 50));

    slow.go.store(true, Ordering::SeqCst);
    for _ in 0..60 {
        poll_all(&mut many);
    }

    assert_eq!((slow.asked.load(Ordering::SeqCst), many.len(), signed_in), (1, 0, 50));
}

#[test]
fn the_hash_of_an_access_token_beside_an_eddsa_signature_has_two_forms() {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
    let half = |kind, text: &str| {
        let hash = digest(kind, text.as_bytes());
        URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
    };
    let key = Arc::new(IssuerKey::new());
    for (hash, expected) in [
        (half(&SHA512, "at-1"), true),
        (half(&SHA256, "at-1"), true),
        (half(&SHA384, "at-1"), false),
        (half(&SHA512, "at-2"), false),
        (half(&SHA256, "at-2"), false),
        (String::new(), false),
    ] {
        let provider = provider(OPENID);
        let installation = installation(&provider);
        let documents = DocumentCache::default();
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let token = key.token(None, &claims(&attempt, &format!(",\"at_hash\":\"{hash}\"")));
        let network = Network::new(|address: &str| match address {
            address if address.ends_with("openid-configuration") => json(&format!("{{{DOCUMENT}}}")),
            address if address.ends_with("/k") => json(&key.jwks(None)),
            _ => json(&format!("{{\"access_token\":\"at-1\",\"id_token\":\"{token}\"}}")),
        });
        learn_document(&provider, &network, &documents, 0);
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        assert_eq!(ready(drive(login, &network, &documents)).1.is_ok(), expected, "{hash}");
    }
}

#[test]
fn a_userinfo_answer_that_is_a_signed_token_is_verified_with_the_keys_of_the_issuer() {
    let story = |claims: &str, how: &str, answer: &str, end: &str| {
        format!(
            "- what: a login
  tokens:
    idToken: {{ claims: {{ {TOKEN} }} }}
    person: {{ claims: {{ {claims} }}{how} }}
  exchanges:
    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}
    - request: {{ get: https://idp.acme.example/userinfo, headers: {{ Authorization: Bearer at-1 }} }}
      answer: {{ {answer} }}
  {end}
"
        )
    };
    let answer = "headers: { Content-Type: application/jwt }, text: ‹person›";
    let parties = "iss: https://idp.acme.example, aud: ‹clientId›";
    let person = "email: ana@loja.example, email_verified: true";
    let ana = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    let refused = "refused: { step: getUserInfo, code: badToken }";
    let written = format!("{OPENID}getUserInfo: {{ read: {{ email: $.email, emailVerified: $.email_verified }} }}\n");
    for file in [OPENID, &format!("{OPENID}getUserInfo: {{}}\n"), &written] {
        for how in ["", ", algorithm: RS256"] {
            assert_examples(file, &story(&format!("{parties}, sub: \"7\", {person}, exp: null, iat: null"), how, answer, ana));
        }
        assert_examples(file, &story(&format!("{parties}, sub: \"7\", {person}"), "", "text: ‹person›", ana));
        for claims in [
            format!("{parties}, sub: \"8\", {person}"),
            format!("{parties}, {person}"),
            format!("iss: https://other.example, aud: ‹clientId›, sub: \"7\", {person}"),
            format!("aud: ‹clientId›, sub: \"7\", {person}"),
            format!("iss: https://idp.acme.example, aud: another, sub: \"7\", {person}"),
            format!("iss: https://idp.acme.example, sub: \"7\", {person}"),
            format!("{parties}, sub: \"7\", {person}, exp: 1000"),
        ] {
            assert_examples(file, &story(&claims, "", answer, refused));
        }
        let right = format!("{parties}, sub: \"7\", {person}");
        assert_examples(file, &story(&right, ", signedBy: stranger", answer, refused));
        // {"alg":"none"}
        let unsigned = "text: eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.eA";
        assert_examples(file, &story(&right, "", unsigned, refused));
        assert_examples(file, &story(&right, "", &format!("status: 503, {answer}"), "refused: { step: getUserInfo, code: \"503\" }"));
    }
    // The file's rules judge its claims.
    assert_examples(
        &format!("{OPENID}refused: {{ at: $.blocked, is: true, code: $.why }}\n"),
        &story(
            &format!("{parties}, sub: \"7\", {person}, blocked: true, why: left"),
            "",
            answer,
            "refused: { step: getUserInfo, code: left }",
        ),
    );
    // Where the file says what the answer is, it is that.
    assert_examples(
        &format!("{OPENID}getUserInfo: {{ answer: json }}\n"),
        &story(&format!("{parties}, sub: \"7\", {person}"), "", answer, "refused: { step: getUserInfo, code: unreadable }"),
    );
}

#[test]
fn what_is_pushed_and_the_token_request_show_the_client_alike() {
    let file = format!(
        "{OPENID}getAuthorizationCode:\n  prepare: {{ read: {{ requestUri: $.request_uri }} }}\n  query: {{ client_id: \"${{clientId}}\", request_uri: \"${{requestUri}}\" }}\n"
    );
    let story = |methods: &str, pushes: &str, token: &str| {
        format!(
            "- what: a login
  discovery: {{ issuer: https://idp.acme.example, authorization_endpoint: https://idp.acme.example/a, token_endpoint: https://idp.acme.example/t, jwks_uri: https://idp.acme.example/k, pushed_authorization_request_endpoint: https://idp.acme.example/par{methods} }}
  tokens: {{ idToken: {{ claims: {{ {TOKEN}, email: ana@loja.example, email_verified: true }} }} }}
  prepare:
{pushes}
  exchanges:
    - request: {{ post: https://idp.acme.example/t, {token} }}
      answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}
  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}
"
        )
    };
    let pushed = "response_type: code, client_id: ‹clientId›, redirect_uri: ‹redirectUri›, scope: openid email profile, state: ‹state›, nonce: ‹nonce›, code_challenge: ‹codeChallenge›, code_challenge_method: S256";
    let redeemed = "grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›, code_verifier: ‹codeVerifier›";
    let header = "headers: { Authorization: Basic ‹clientId:clientSecret› }";
    let push = |request: &str, answer: &str| {
        format!("    - request: {{ post: https://idp.acme.example/par, {request} }}\n      answer: {{ {answer} }}")
    };
    let taken = "status: 201, json: { request_uri: urn:r-1 }";
    let in_form = push(&format!("form: {{ {pushed}, client_secret: ‹clientSecret› }}"), taken);
    let in_header = push(&format!("{header}, form: {{ {pushed} }}"), taken);
    let unknown = push(&format!("form: {{ {pushed}, client_secret: ‹clientSecret› }}"), "status: 401, json: { error: invalid_client }");
    let token_form = format!("form: {{ {redeemed}, client_id: ‹clientId›, client_secret: ‹clientSecret› }}");
    let token_header = format!("{header}, form: {{ {redeemed} }}");

    assert_examples(&file, &story("", &in_form, &token_form));
    assert_examples(&file, &story(", token_endpoint_auth_methods_supported: [ client_secret_post ]", &in_form, &token_form));
    assert_examples(&file, &story(", token_endpoint_auth_methods_supported: [ client_secret_basic ]", &in_header, &token_header));
    // Where the document leaves the choice, the push is sent once more in the other way.
    assert_examples(&file, &story("", &format!("{unknown}\n{in_header}"), &token_form));
}

#[test]
fn a_token_has_to_say_what_the_file_requires() {
    let file = format!(
        "{OPENID}getAccessCode:\n  signed: {{ require: [ {{ at: $.acr, is: [ gold, silver ] }}, {{ at: $.amr, contains: otp }} ] }}\n"
    );
    let story = |claims: &str, end: &str| {
        assert_examples(
            &file,
            &format!(
                "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {TOKEN}, email: ana@loja.example, email_verified: true{claims} }} }} }}\n  exchanges: [ {{ answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }} }} ]\n  {end}\n"
            ),
        );
    };
    let refused = |claim: &str| {
        format!(
            "refused: {{ step: getAccessCode, code: badToken, message: \"the signed token was not accepted: `{claim}` is not as `require` says\" }}"
        )
    };

    story(", acr: gold, amr: [ pwd, otp ]", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }");
    story(", acr: bronze-of-the-person, amr: [ otp ]", &refused("$.acr"));
    story(", amr: [ otp ]", &refused("$.acr"));
    story(", acr: gold, amr: [ pwd ]", &refused("$.amr"));
}

#[test]
fn a_token_without_expiry_is_taken_directly_or_while_it_is_young() {
    let file = |words: &str| {
        format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\ngetAccessCode: {{ post: \"https://sso.acme.example/token\" }}\ngetUserInfo:\n  get: https://sso.acme.example/me\n  signed: {{ token: answer, issuer: acme, keys: \"https://sso.acme.example/keys\"{words}, read: {{ id: $.sub, email: $.email }} }}\n"
        )
    };
    // `now` is the second 1767323045 in a story.
    let story = |claims: &str, end: &str| {
        format!(
            "- what: a login\n  tokens: {{ person: {{ claims: {{ iss: acme, aud: ‹clientId›, sub: \"7\", email: ana@loja.example{claims} }} }} }}\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ text: ‹person› }}\n  {end}\n"
        )
    };
    let (ana, refused) =
        ("identity: { id: \"7\", email: ana@loja.example, emailVerified: true }", "refused: { step: getUserInfo, code: badToken }");

    assert_examples(&file(""), &story(", exp: null", refused));
    assert_examples(&file(", exp: optional"), &story(", exp: null", ana));
    assert_examples(&file(", maxAge: 5m"), &story(", exp: null, iat: 1767323000", refused));
    assert_examples(&file(", exp: optional, maxAge: 5m"), &story(", exp: null, iat: 1767323000", ana));
    assert_examples(&file(", exp: optional, maxAge: 5m"), &story(", exp: null, iat: null", refused));
    assert_examples(&file(", maxAge: 5m"), &story(", iat: 1767323000", ana));
    assert_examples(&file(", maxAge: 5m"), &story(", iat: 1767322600", refused));
    assert_examples(&file(", exp: optional"), &story(", exp: 1767322000", refused));
}

/// What a login ends with at an issuer with these keys and an ID token that is made for the attempt.
fn ends(jwks: &str, token: impl Fn(&Attempt) -> String) -> Result<(), String> {
    let provider = provider(OPENID);
    let (installation, documents) = (installation(&provider), DocumentCache::default());
    let answer = Mutex::new(String::new());
    let network = Network::new(|address: &str| match address {
        address if address.ends_with("openid-configuration") => json(&format!("{{{DOCUMENT}}}")),
        address if address.ends_with("/k") => json(jwks),
        _ => json(&answer.lock().expect("no thread panics with this lock")),
    });
    learn_document(&provider, &network, &documents, 0);
    let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    *answer.lock().expect("no thread panics with this lock") =
        serde_json::json!({ "access_token": "at-1", "id_token": token(&attempt) }).to_string();
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let login = attempt.accept(&provider, &installation, &callback, None, &documents, 0).expect("the callback answers the attempt");
    ready(drive(login, &network, &documents)).1.map(drop).map_err(|error| error.code().to_owned())
}

/// Attacks J-04, J-15, J-16
#[test]
fn a_token_is_three_plain_parts_of_a_kind_that_signs_in_and_nothing_else() {
    let key = IssuerKey::new();
    let keys = key.jwks(None);
    let signed =
        |header: &str, claims: &str| key.signing.sign_token(&format!("{{\"alg\":\"EdDSA\"{header}}}"), claims).expect("the key signs");
    let refused = Err("badToken".to_owned());

    for header in ["", ",\"typ\":\"JWT\"", ",\"typ\":\"jwt\"", ",\"cty\":\"x\",\"jku\":\"https://evil.example/k\""] {
        assert_eq!(ends(&keys, |attempt| signed(header, &claims(attempt, ""))), Ok(()), "{header}");
    }
    for header in [
        ",\"crit\":[\"x\"]",
        ",\"crit\":[]",
        ",\"b64\":false",
        ",\"zip\":\"DEF\"",
        ",\"enc\":\"A256GCM\"",
        ",\"typ\":\"at+jwt\"",
        ",\"typ\":\"application/AT+JWT\"",
        ",\"typ\":\"logout+jwt\"",
        ",\"alg\":\"EdDSA\"",
    ] {
        assert_eq!(ends(&keys, |attempt| signed(header, &claims(attempt, ""))), refused, "{header}");
    }
    let forms: [(&str, TokenForm); 7] = [
        ("a space before it", |token| format!(" {token}")),
        ("a line end behind it", |token| format!("{token}\n")),
        ("a padded signature", |token| format!("{token}==")),
        ("a fourth part", |token| format!("{token}.")),
        ("five parts, as if it were encrypted", |token| format!("{token}.AAAA.AAAA")),
        ("the other alphabet", |token| format!("{}+/", &token[..token.len() - 2])),
        ("as a JSON document", |token| {
            let parts: Vec<&str> = token.split('.').collect();
            serde_json::json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] }).to_string()
        }),
    ];
    for (what, form) in forms {
        assert_eq!(ends(&keys, |attempt| form(&signed("", &claims(attempt, "")))), refused, "{what}");
    }
    let long = format!(",\"x\":\"{}\"", "x".repeat(16 * 1024));
    let deep = format!(",\"x\":{}{}", "[".repeat(500), "]".repeat(500));
    for more in [&*long, &deep, ",\"sub\":\"8\"", ",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"] {
        assert_eq!(ends(&keys, |attempt| signed("", &claims(attempt, more))), refused, "{more:.40}");
    }
    assert_eq!(ends(&keys, |attempt| signed("", &signed("", &claims(attempt, "")))), refused, "a token in a token");
}

/// Attacks J-10, J-12
#[test]
fn a_key_verifies_only_what_it_is_for() {
    let (key, stranger) = (IssuerKey::new(), IssuerKey::new());
    let refused = Err("badToken".to_owned());
    let jwk = |public: &str, more: &str| format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{public}\"{more}}}");
    let keys = |list: &[String]| format!("{{\"keys\":[{}]}}", list.join(","));
    let token = |attempt: &Attempt| key.token(Some("k"), &claims(attempt, ""));

    for (more, expected) in [
        (",\"kid\":\"k\"", Ok(())),
        (",\"kid\":\"k\",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"alg\":\"EdDSA\"", Ok(())),
        (",\"kid\":\"other\"", refused.clone()),
        (",\"kid\":\"k\",\"use\":\"enc\"", refused.clone()),
        (",\"kid\":\"k\",\"key_ops\":[\"encrypt\"]", refused.clone()),
        (",\"kid\":\"k\",\"alg\":\"ES256\"", refused.clone()),
    ] {
        assert_eq!(ends(&keys(&[jwk(&key.public, more)]), token), expected, "{more}");
    }
    let named = |public: &str| jwk(public, ",\"kid\":\"k\"");
    for (before, expected) in [(1, Ok(())), (63, Ok(())), (64, refused.clone()), (5_000, refused.clone())] {
        let mut list = vec![named(&stranger.public); before];
        list.push(named(&key.public));
        assert_eq!(ends(&keys(&list), token), expected, "behind {before} others of its name");
    }
    for odd in [
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"AAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "{\"kty\":7}",
        "7",
    ] {
        assert_eq!(ends(&keys(&[odd.to_owned()]), |attempt| key.token(None, &claims(attempt, ""))), refused, "{odd}");
    }
    assert_eq!(ends("{\"keys\":[]}", token), refused);
    assert_eq!(ends("<html>", token), refused);
}

/// Attack J-10
#[test]
fn a_signature_that_anybody_can_write_is_none() {
    let refused = Err("badToken".to_owned());
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let message = |algorithm: &str, attempt: &Attempt| {
        format!("{}.{}", part(format!("{{\"alg\":\"{algorithm}\"}}").as_bytes()), part(claims(attempt, "").as_bytes()))
    };
    // With the exponent 1, what is signed is its own signature.
    let modulus = [&[0xc5_u8][..], &[0x5b; 255]].concat();
    let rsa = format!("{{\"keys\":[{{\"kty\":\"RSA\",\"n\":\"{}\",\"e\":\"AQ\"}}]}}", part(&modulus));
    let padded = |message: &str| {
        let digest_info =
            [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message.as_bytes());
        [&[0, 1][..], &[0xff; 202], &[0], &digest_info, digest.as_ref()].concat()
    };
    let itself = |attempt: &Attempt| {
        let message = message("RS256", attempt);
        let signature = padded(&message);
        assert_eq!(signature.len(), modulus.len());
        format!("{message}.{}", part(&signature))
    };
    assert_eq!(ends(&rsa, itself), refused);

    // A signature of two zeros, once fitted every key of a careless library.
    let pair = aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING).expect("random bytes");
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let curve = format!("{{\"keys\":[{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{}\",\"y\":\"{}\"}}]}}", part(x), part(y));
    let signed_in = |encoding: &dyn Fn(&[u8]) -> Vec<u8>| {
        ends(&curve, |attempt| {
            let message = message("ES256", attempt);
            let signature = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), message.as_bytes()).expect("the key signs");
            format!("{message}.{}", part(&encoding(signature.as_ref())))
        })
    };
    assert_eq!(signed_in(&<[u8]>::to_vec), Ok(()));
    assert_eq!(signed_in(&|signature| vec![0; signature.len()]), refused);
    assert_eq!(signed_in(&|signature| [&[0x30, 0x44, 2, 32], &signature[..32], &[2, 32], &signature[32..]].concat()), refused, "in DER");
    assert_eq!(signed_in(&|_| Vec::new()), refused);
}

#[test]
fn a_file_that_composes_the_person_asks_no_userinfo_that_it_does_not_write() {
    for (identity, calls) in [
        ("", 2),
        ("identity: { name: \"Ana ${id}\" }\n", 2),
        ("identity: { id: \"acme-${id}\" }\n", 1),
        ("identity: { email: \"${id}@loja.example\" }\ntrustEmail: always\n", 1),
        ("identity: { emailVerified: { at: \"${email}\", matches: \"^.*@loja\\\\.example$\" } }\n", 1),
    ] {
        assert_eq!(provider(&format!("{OPENID}{identity}")).calls.len(), calls, "{identity}");
    }
}
