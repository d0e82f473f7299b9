//! How the client authenticates: as the file or the document of the issuer says, or as the provider accepts it.

use crate::login::{OPENID, assert_examples, installation, json};
use crate::openid::{DOCUMENT, IssuerKey, TOKEN, claims, learn_document};
use crate::support::{provider, ready};
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::drive;
use portaria::provider::Provider;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
