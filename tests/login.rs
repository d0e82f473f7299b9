//! How a login goes: stories on invented providers, each a sentence about behaviour.

use crate::support::{provider, ready};
use portaria::login::attempt::{Attempt, Entropy, InstallationValues, RedirectError};
use portaria::login::{discover, drive};
use portaria::provider::Provider;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use std::sync::Mutex;

/// Replays examples on a file; panics with the first whose outcome differs.
pub fn assert_examples(file: &str, stories: &str) {
    let provider = provider(file);
    let stories = examples::read(&Source::new("acme.examples.yaml", stories)).unwrap_or_else(|report| panic!("{}", report.draw(false)));
    assert!(!stories.is_empty());
    for story in stories {
        let differences: Vec<String> = replay(&provider, &story).differences.iter().map(ToString::to_string).collect();
        assert!(differences.is_empty(), "{}\n{}", story.what.value, differences.join("\n"));
    }
}

/// A network that answers by a function and remembers the addresses of its requests.
pub struct Network<F: Fn(&str) -> Result<Response, NoAnswer> + Sync> {
    answer: F,
    asked: Mutex<Vec<String>>,
}

impl<F: Fn(&str) -> Result<Response, NoAnswer> + Sync> Network<F> {
    pub fn new(answer: F) -> Self {
        Self { answer, asked: Mutex::new(Vec::new()) }
    }

    pub fn asked(&self, part: &str) -> usize {
        self.asked.lock().expect("no thread panics with this lock").iter().filter(|address| address.contains(part)).count()
    }
}

impl<F: Fn(&str) -> Result<Response, NoAnswer> + Sync> Fetch for Network<F> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let address = request.address.masked();
        self.asked.lock().expect("no thread panics with this lock").push(address.clone());
        Box::pin(std::future::ready((self.answer)(&address)))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer, where there may be none")]
pub fn json(text: &str) -> Result<Response, NoAnswer> {
    Ok(Response { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() })
}

pub fn installation(provider: &Provider) -> InstallationValues {
    let known = provider.known;
    let values = vec![(known.client_id, Text::plain("c-1")), (known.client_secret, Text::secret("s-1", &"clientSecret".into()))];
    InstallationValues { public_url: "https://login.loja.example".into(), values }
}

const PLAIN: &str = "name: Clube Acme
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo: { get: \"https://sso.acme.example/me\" }
";

pub const OPENID: &str = "name: Clube Acme
discovery: https://idp.acme.example
";

#[test]
fn an_issuer_alone_is_enough_for_openid_connect() {
    assert_examples(
        OPENID,
        "- what: a login
  discovery: { issuer: https://idp.acme.example, authorization_endpoint: https://idp.acme.example/a, token_endpoint: https://tokens.acme.example/t, userinfo_endpoint: https://idp.acme.example/u, jwks_uri: https://idp.acme.example/k }
  tokens: { idToken: { claims: { iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›, email: ana@loja.example, email_verified: true, name: Ana }, keys: https://idp.acme.example/k } }
  redirect: { get: https://idp.acme.example/a, query: { response_type: code, client_id: ‹clientId›, redirect_uri: ‹redirectUri›, scope: openid email profile, state: ‹state›, nonce: ‹nonce›, code_challenge: ‹codeChallenge›, code_challenge_method: S256 } }
  exchanges:
    - request: { post: https://tokens.acme.example/t, form: { grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›, code_verifier: ‹codeVerifier›, client_id: ‹clientId›, client_secret: ‹clientSecret› } }
      answer: { json: { access_token: at-1, id_token: ‹idToken› } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true, name: Ana }
",
    );
}

/// Lesson 87
/// Attacks U-08, U-12
#[test]
fn userinfo_about_another_person_than_the_token_is_refused() {
    let file = format!("{OPENID}getUserInfo: {{}}\n");
    let story = |sub: &str, end: &str| {
        format!(
            "- what: a login
  tokens: {{ idToken: {{ claims: {{ iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce› }} }} }}
  exchanges:
    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}
    - request: {{ get: https://idp.acme.example/userinfo, headers: {{ Authorization: Bearer at-1 }} }}
      answer: {{ json: {{ sub: \"{sub}\", email: ana@loja.example, email_verified: true }} }}
  {end}
"
        )
    };

    assert_examples(&file, &story("7", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
    assert_examples(&file, &story("8", "refused: { step: getUserInfo, code: badToken }"));
}

/// Lessons 80, 82, 83, 85
/// Attacks J-05, J-06, J-07, J-08, J-09, J-16, J-18
#[test]
fn a_token_that_is_wrong_in_any_respect_is_not_accepted() {
    let right = "iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›, email: ana@loja.example, email_verified: true";
    let story = |claims: &str, more: &str, end: &str| {
        format!(
            "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {claims} }}{more} }} }}\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}\n  {end}\n"
        )
    };
    let identity = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    let refused = "refused: { step: getAccessCode, code: badToken }";

    for algorithm in ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA"] {
        assert_examples(OPENID, &story(right, &format!(", algorithm: {algorithm}"), identity));
        assert_examples(OPENID, &story(right, &format!(", algorithm: {algorithm}, signedBy: stranger"), refused));
    }
    for (from, to) in [
        ("iss: https://idp.acme.example", "iss: https://idp.acme.example/"),
        ("iss: https://idp.acme.example", "iss: [ https://idp.acme.example ]"),
        ("iss: https://idp.acme.example,", ""),
        ("aud: ‹clientId›", "aud: other"),
        ("aud: ‹clientId›", "aud: [ other, stranger ]"),
        ("aud: ‹clientId›", "aud: [ ‹clientId›, other ], azp: other"),
        ("aud: ‹clientId›", "aud: [ ‹clientId›, other ], azp: null"),
        ("aud: ‹clientId›", "aud: ‹clientId›, azp: other"),
        ("aud: ‹clientId›", "aud: 7"),
        ("aud: ‹clientId›,", ""),
        ("nonce: ‹nonce›", "nonce: other"),
        ("nonce: ‹nonce›", "nonce: [ ‹nonce› ]"),
        ("nonce: ‹nonce›,", ""),
        ("sub:", "exp: 1767322900, sub:"),
        ("sub:", "exp: \"1767399999\", sub:"),
        ("sub:", "exp: null, sub:"),
        ("sub:", "exp: -1, sub:"),
        ("sub:", "exp: 1e300, sub:"),
        ("sub:", "iat: 1767323200, sub:"),
        ("sub:", "iat: null, sub:"),
        ("sub: \"7\",", ""),
        ("sub: \"7\",", "sub: \"\","),
        ("sub:", "nbf: 1767323200, sub:"),
        ("sub:", "nbf: {}, sub:"),
        ("sub:", "at_hash: AAAA, sub:"),
        ("sub:", "c_hash: AAAA, sub:"),
        ("sub:", "events: {}, sub:"),
    ] {
        assert!(right.contains(from));
        assert_examples(OPENID, &story(&right.replacen(from, to, 1), "", refused));
    }
    for (from, to) in [
        ("aud: ‹clientId›", "aud: [ ‹clientId› ]"),
        ("aud: ‹clientId›", "aud: [ ‹clientId›, other ], azp: ‹clientId›"),
        ("aud: ‹clientId›", "aud: [ other, ‹clientId› ]"),
        ("sub:", "exp: 1767323000.5, sub:"),
    ] {
        assert_examples(OPENID, &story(&right.replacen(from, to, 1), "", identity));
    }
}

/// Lessons 81, 89
/// Attacks J-01, J-03, J-02
#[test]
fn algorithms_never_change_what_a_key_is_for() {
    let header = |text: &str| base64(text);
    let claims = base64(
        "{\"iss\":\"https://idp.acme.example\",\"aud\":\"‹clientId›\",\"sub\":\"7\",\"nonce\":\"‹nonce›\",\"iat\":1767322800,\"exp\":1767399999,\"email\":\"ana@loja.example\",\"email_verified\":true}",
    );
    for token in [
        format!("{}.{claims}.", header("{\"alg\":\"none\"}")),
        format!("{}.{claims}.", header("{\"alg\":\"nOnE\"}")),
        format!("{}.{claims}.", header("{\"typ\":\"JWT\"}")),
        format!("{}.{claims}.AAAA", header("{\"alg\":\"HS256\"}")),
        format!("{}.{claims}.AAAA", header("{\"alg\":\"RS256\"}")),
        format!("{}.{claims}.AAAA", header("{\"alg\":\"RS256\",\"jku\":\"https://evil.example/k\",\"kid\":\"../../key\"}")),
        format!("{}.{claims}", header("{\"alg\":\"RS256\"}")),
        format!("{}.{claims}.AAAA.AAAA", header("{\"alg\":\"RS256\"}")),
        "a.b.c".to_owned(),
    ] {
        let story = format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, id_token: \"{token}\" }} }}\n    - answer: {{ status: 404 }}\n  refused: {{ step: getAccessCode, code: badToken }}\n"
        );
        let provider = provider(OPENID);
        let stories =
            examples::read(&Source::new("acme.examples.yaml", story.as_str())).unwrap_or_else(|report| panic!("{}", report.draw(false)));
        let differences = replay(&provider, &stories[0]).differences;
        assert!(differences.iter().all(|difference| difference.place.starts_with("call")), "{token:.60}: {differences:?}");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[test]
fn a_secret_signs_tokens_only_where_the_file_says_so() {
    let file = format!("{PLAIN}trustEmail: always\n").replace(
        "getUserInfo: { get: \"https://sso.acme.example/me\" }\n",
        "",
    ).replace("getAccessCode: { post: \"https://sso.acme.example/token\" }", "getAccessCode:\n  post: https://sso.acme.example/token\n  signed: { issuer: acme, keys: \"${clientSecret}\", read: { id: $.sub, email: $.email } }");
    let story = |more: &str, end: &str| {
        format!(
            "- what: a login\n  tokens: {{ idToken: {{ claims: {{ iss: acme, aud: ‹clientId›, sub: \"7\", email: ana@loja.example }}{more} }} }}\n  exchanges:\n    - answer: {{ json: {{ id_token: ‹idToken› }} }}\n  {end}\n"
        )
    };

    assert_examples(&file, &story("", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
    assert_examples(&file, &story(", algorithm: HS512", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
    assert_examples(&file, &story(", signedBy: stranger", "refused: { step: getAccessCode, code: badToken }"));
}

/// Lesson 84
#[test]
fn an_answer_that_is_itself_a_token_is_read_only_through_signed() {
    let file = format!("{PLAIN}trustEmail: always\n").replace(
        "getUserInfo: { get: \"https://sso.acme.example/me\" }",
        "getUserInfo:\n  get: https://sso.acme.example/me\n  signed: { token: answer, issuer: acme, keys: https://sso.acme.example/keys, read: { id: $.sub, email: $.email } }",
    );
    let story = "- what: a login
  tokens: { answer: { claims: { iss: acme, aud: ‹clientId›, sub: \"7\", email: ana@loja.example } } }
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { text: ‹answer› }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
- what: JSON in place of a token
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { iss: acme, sub: \"7\", email: ana@loja.example } }
  refused: { step: getUserInfo, code: badToken }
";

    assert_examples(&file, story);
    assert_examples(
        PLAIN,
        "- what: a token where JSON is expected\n  exchanges:\n    - answer: { json: { access_token: at-1 } }\n    - answer: { text: eyJh.eyJo.c2ln }\n  refused: { step: getUserInfo, code: unreadable }\n",
    );
}

#[test]
fn a_callback_that_does_not_answer_the_attempt_is_refused() {
    let provider = provider(PLAIN);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let attempt = Attempt::new(&provider, &installation, &Entropy([3; 80]), 1_000_000, Vec::new());
    let state = attempt.state.to_string();
    let accept = |pairs: Vec<(&str, String)>, now: i64| {
        attempt
            .accept(&provider, &installation, &CallbackParameters::new(pairs), None, &documents, now)
            .map(|_| ())
            .map_err(|error| error.code().to_owned())
    };

    assert_eq!(accept(vec![("code", "c".into()), ("state", state.clone())], 1_000_599), Ok(()));
    for (pairs, now, code) in [
        (vec![("code", "c".into()), ("state", state.clone())], 1_000_600, "expired"),
        (vec![("code", "c".into()), ("state", state.clone())], 999_000, "expired"),
        (vec![("code", "c".into())], 1_000_001, "badState"),
        (vec![("code", "c".into()), ("state", String::new())], 1_000_001, "badState"),
        (vec![("code", "c".into()), ("state", state[1..].to_owned())], 1_000_001, "badState"),
        (vec![("code", "c".into()), ("state", format!("{state}x"))], 1_000_001, "badState"),
        (vec![("code", "c".into()), ("state", state.clone()), ("state", state.clone())], 1_000_001, "badCallback"),
        (vec![("code", "c".into()), ("code", "d".into()), ("state", state.clone())], 1_000_001, "badCallback"),
    ] {
        assert_eq!(accept(pairs, now), Err(code.to_owned()));
    }

    let without = CallbackParameters::new([("code", "c"), ("estado", state.as_str())]);
    let said =
        attempt.accept(&provider, &installation, &without, None, &documents, 1_000_001).map(|_| ()).map_err(|error| error.to_string());
    assert!(said.is_err_and(|said| said.contains("no parameter that the file reads as the state")));

    let (other, _) = portaria::provider::compile(&Source::new("boa.yaml", PLAIN), crate::support::STRICT);
    let other = other.expect("the file is right");
    let callback = CallbackParameters::new([("code", "c"), ("state", state.as_str())]);
    let mixed_up = attempt.accept(&other, &installation, &callback, None, &documents, 1_000_001);
    assert_eq!(mixed_up.map(|_| ()).map_err(|error| error.code().to_owned()), Err("badState".to_owned()));
}

#[test]
fn two_attempts_share_nothing_and_their_values_are_long_enough() {
    let provider = provider(PLAIN);
    let installation = installation(&provider);
    let mut entropy = [0; 80];
    entropy[79] = 1;

    let one = Attempt::new(&provider, &installation, &Entropy([0; 80]), 0, Vec::new());
    let two = Attempt::new(&provider, &installation, &Entropy(entropy), 0, Vec::new());

    assert_eq!((one.state.len(), one.nonce.len(), one.verifier.len()), (32, 32, 43));
    assert_ne!(one.verifier, two.verifier);
    assert_ne!(one.challenge, two.challenge);
    let redirect = one.redirect_request(&provider, &installation, &DocumentCache::default()).expect("the redirect can be written");
    assert!(redirect.address.expose().contains("redirect_uri=https%3A%2F%2Flogin.loja.example%2Fcallback%2Facme"));
    assert!(!redirect.address.expose().contains(&*one.verifier));
}

#[test]
fn the_state_may_travel_in_the_path_or_stay_in_the_cookie() {
    let documents = DocumentCache::default();
    for (word, path_state, expected) in [("path", true, Ok(())), ("path", false, Err("badState".to_owned())), ("cookie", false, Ok(()))] {
        let provider = provider(&PLAIN.replace("/entrar\" }", &format!("/entrar\", stateIn: {word} }}")));
        let installation = installation(&provider);
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let redirect = attempt.redirect_request(&provider, &installation, &documents).expect("the redirect can be written");
        let callback = CallbackParameters::new([("code", "c")]);

        let accepted = attempt.accept(&provider, &installation, &callback, path_state.then_some(&*attempt.state), &documents, 1);

        assert_eq!(accepted.map(|_| ()).map_err(|error| error.code().to_owned()), expected, "{word}");
        assert!(!redirect.address.expose().contains("state="), "{word}");
        assert_eq!(attempt.redirect_uri.ends_with(&*attempt.state), word == "path");
    }
}

#[test]
fn what_a_shopper_types_has_to_match_its_pattern() {
    let file = "name: Acme\nhosts: [ \"*.lojas.example\" ]\ninputs: { shop: { label: Your shop, pattern: \"[a-z0-9-]{1,20}\" } }\ngetAuthorizationCode: { get: \"https://${shop}.lojas.example/entrar\" }\ngetAccessCode: { post: \"https://${shop}.lojas.example/token\" }\ngetUserInfo: { get: \"https://${shop}.lojas.example/me\" }\n";
    let provider = provider(file);
    let installation = installation(&provider);
    let begin = |typed: &str| {
        let inputs = vec![("shop".into(), typed.into())];
        Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, inputs).redirect_request(
            &provider,
            &installation,
            &DocumentCache::default(),
        )
    };

    assert!(begin("quist").is_ok_and(|request| request.address.expose().starts_with("https://quist.lojas.example/entrar?")));
    for typed in ["", "QUIST", "a.b", "evil.example/", "quist\n", &"x".repeat(21)] {
        assert!(matches!(begin(typed), Err(RedirectError::Input(name)) if *name == *"shop"), "{typed:?}");
    }
}

/// Lesson 154
/// Attack J-11
#[test]
fn keys_are_fetched_once_and_again_only_for_an_unknown_key_once_in_a_while() {
    let provider = provider(OPENID);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let token = format!("{}.{}.AAAA", base64("{\"alg\":\"ES256\",\"kid\":\"unknown\"}"), base64("{}"));
    let network = Network::new(|address: &str| match address {
        address if address.ends_with("openid-configuration") => json(
            "{\"issuer\":\"https://idp.acme.example\",\"authorization_endpoint\":\"https://idp.acme.example/a\",\"token_endpoint\":\"https://idp.acme.example/t\",\"jwks_uri\":\"https://idp.acme.example/k\"}",
        ),
        address if address.ends_with("/t") => json(&format!("{{\"access_token\":\"at-1\",\"id_token\":\"{token}\"}}")),
        address if address.ends_with("/k") => json("{\"keys\":[{\"kty\":\"EC\"}]}"),
        _ => Err(NoAnswer::Unreachable),
    });
    let mut no_facts = provider.empty_facts();
    no_facts.set(provider.known.client_id, Text::plain("c-1"));
    ready(discover(&provider, &no_facts, &network, &documents, 0));
    let login = |now: i64| {
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), now, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, now).expect("the callback answers the attempt");
        ready(drive(login, &network, &documents)).1.map_err(|error| error.code().to_owned())
    };

    assert_eq!((login(0), network.asked("/k")), (Err("badToken".to_owned()), 1));
    for now in 1..11 {
        assert_eq!(login(now), Err("badToken".to_owned()));
    }
    assert_eq!(network.asked("/k"), 2, "an unknown key fetches the keys at once, and then once in ten seconds at most");
    assert_eq!((login(11), network.asked("/k")), (Err("badToken".to_owned()), 3));
    assert_eq!(network.asked("openid-configuration"), 1);
}

/// Attack J-14
#[test]
fn a_document_that_leads_off_the_open_net_or_by_an_open_line_begins_no_login() {
    let provider = provider(OPENID);
    for address in [
        "http://idp.acme.example/a",
        "https://user:pass@idp.acme.example/a",
        "https://localhost/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://2130706433/a",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "//idp.acme.example/a",
        "",
    ] {
        let documents = DocumentCache::default();
        let issuer = "https://idp.acme.example";
        let document = format!(
            "{{\"issuer\":\"{issuer}\",\"authorization_endpoint\":\"{address}\",\"token_endpoint\":\"{issuer}/t\",\"jwks_uri\":\"{issuer}/k\"}}"
        );
        let network = Network::new(|_: &str| json(&document));
        ready(discover(&provider, &provider.empty_facts(), &network, &documents, 0));
        let installation = installation(&provider);

        let begun =
            Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new()).redirect_request(&provider, &installation, &documents);

        assert!(begun.is_err(), "{address}: {begun:?}");
    }
}

/// Attack J-14
#[test]
fn a_document_of_another_issuer_is_not_accepted() {
    let provider = provider(OPENID);
    let documents = DocumentCache::default();
    let network =
        Network::new(|_: &str| json("{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://evil.example/a\"}"));
    ready(discover(&provider, &provider.empty_facts(), &network, &documents, 0));
    let installation = installation(&provider);

    let begun =
        Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new()).redirect_request(&provider, &installation, &documents);

    assert!(matches!(begun, Err(RedirectError::NoDocument)));
}

#[test]
fn an_answer_from_another_issuer_is_refused_before_the_code_is_redeemed() {
    assert_examples(
        OPENID,
        "- what: mixed up\n  callback: { code: c-1, state: ‹state›, iss: https://evil.example }\n  refused: { step: getAuthorizationCode, code: badIssuer }\n",
    );
}

#[test]
fn an_error_says_why_a_provider_gave_no_answer() {
    let provider = provider(PLAIN);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    for (why, part) in [
        (NoAnswer::TooSlow, "in time"),
        (NoAnswer::Unreachable, "reached"),
        (NoAnswer::TooLarge, "larger"),
        (NoAnswer::Forbidden, "may not be reached"),
    ] {
        let network = Network::new(|_: &str| Err(why.clone()));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        let (trace, result) = ready(drive(login, &network, &documents));

        let error = result.expect_err("the login fails");
        assert_eq!(error.code(), "noAnswer");
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(trace.exchanges.len(), 1, "the code is never sent twice");
    }
}

#[test]
fn an_error_points_at_the_path_that_found_nothing() {
    let provider = provider(
        "name: Acme\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode:\n  post: https://sso.acme.example/token\n  read: { accessToken: $.data.token }\ngetUserInfo:\n  get: https://sso.acme.example/me\n  read: { id: $.id, email: $.mail }\n",
    );
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let login = |token: &'static str, person: &'static str| {
        let network = Network::new(move |address: &str| json(if address.ends_with("/token") { token } else { person }));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");
        ready(drive(login, &network, &documents)).1.expect_err("the login fails")
    };

    let error = login("{\"data\":{\"token\":{\"value\":\"hush\"}}}", "{}");
    assert_eq!(error.code(), "missingFact");
    assert_eq!(error.to_string(), "`accessToken` was not found in the answer of getAccessCode (an object was found instead)");
    assert_eq!(error.place.map(|place| (place.line, place.column)), Some((6, 24)));

    let error = login("{\"data\":{\"token\":\"at-1\"}}", "{\"id\":\"7\",\"mail\":null}");
    assert_eq!(error.code(), "missingEmail");
    assert_eq!(error.place.map(|place| (place.line, place.column)), Some((9, 28)));
    assert!(error.to_string().contains("null was found instead"), "{error}");
}

#[test]
fn an_error_names_the_line_of_the_claim_that_does_not_prove_an_address() {
    let provider = provider(
        "name: Acme\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode: { post: \"https://sso.acme.example/token\" }\ngetUserInfo:\n  get: https://sso.acme.example/me\n  read: { id: $.id, email: $.mail, emailVerified: $.ok }\n",
    );
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    for (claim, said) in [
        (",\"ok\":false", ": `emailVerified` was read and does not say `true`"),
        ("", ": `emailVerified` is not in the answer"),
        (",\"ok\":{\"at\":1}", ": `emailVerified` is not in the answer (an object was found instead)"),
    ] {
        let person = format!("{{\"id\":\"7\",\"mail\":\"ana@loja.example\"{claim}}}");
        let network =
            Network::new(move |address: &str| json(if address.ends_with("/token") { "{\"access_token\":\"t\"}" } else { &person }));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        let error = ready(drive(login, &network, &documents)).1.expect_err("the address is not proven");

        assert_eq!(error.code(), "unprovenEmail");
        assert!(error.to_string().ends_with(said), "{error}");
        assert_eq!(error.place.map(|place| place.line), Some(6));
    }
}

/// Attack T-08
#[test]
fn tokens_that_no_header_can_carry_are_never_sent() {
    let story = |token: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: \"{token}\" }} }}\n  refused: {{ step: getUserInfo, code: badHeader }}\n"
        )
    };

    for token in ["a\\r\\nX-Evil: 1", "a\\0b", "a\\nb"] {
        assert_examples(PLAIN, &story(token));
    }
    for empty in ["\"\"", "null", "{}", "[]"] {
        assert_examples(
            PLAIN,
            &format!(
                "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: {empty} }} }}\n  refused: {{ step: getUserInfo, code: missingFact }}\n"
            ),
        );
    }
}

/// Attacks U-01, U-02, U-03
#[test]
fn ids_are_texts_exact_to_the_last_digit_and_empty_values_are_no_ids() {
    let story = |id: &str, end: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ sub: {id}, email: ana@loja.example, email_verified: true }} }}\n  {end}\n"
        )
    };
    let comes_in = |id: &str| format!("identity: {{ id: \"{id}\", email: ana@loja.example, emailVerified: true }}");

    for (written, id) in [
        ("9007199254740993", "9007199254740993"),
        ("9007199254740992", "9007199254740992"),
        ("18446744073709551617000", "18446744073709551617000"),
        ("\"Abc\"", "Abc"),
        ("\"aBc\"", "aBc"),
    ] {
        assert_examples(PLAIN, &story(written, &comes_in(id)));
    }
    let long = format!("\"{}\"", "x".repeat(256));
    for nothing in ["null", "\"\"", "\" \"", "\"null\"", "\"undefined\"", "0", "false", "[]", "{}", "\"a\\u0000b\"", "\"a\\nb\"", &long] {
        assert_examples(PLAIN, &story(nothing, "refused: { code: missingId }"));
    }
}

#[test]
fn trust_and_missing_addresses_follow_the_file() {
    let story = |answer: &str, end: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ sub: \"7\"{answer} }} }}\n  {end}\n"
        )
    };
    let (proven, unproven, nothing) =
        (", email: Ana@Loja.Example, email_verified: true", ", email: ana@loja.example, email_verified: false", "");
    let came = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    let asked = "identity: { id: \"7\", email: ana@loja.example, ask: true }";
    for (words, answer, end) in [
        ("", proven, came),
        ("", unproven, "refused: { code: unprovenEmail }"),
        ("", nothing, "refused: { code: missingEmail }"),
        ("", ", email: not-an-address, email_verified: true", "refused: { code: missingEmail }"),
        ("trustEmail: always\n", unproven, came),
        ("trustEmail: [ loja.example ]\n", unproven, came),
        ("trustEmail: [ outra.example ]\n", proven, "refused: { code: unprovenEmail }"),
        ("trustEmail: never\nmissingEmail: ask\n", proven, asked),
        ("missingEmail: ask\n", unproven, asked),
        ("missingEmail: ask\n", nothing, "identity: { id: \"7\", ask: true }"),
        ("missingEmail: \"${id}@acme.invalid\"\n", nothing, "identity: { id: \"7\", email: 7@acme.invalid }"),
        ("missingEmail: \"${id}@acme.invalid\"\n", unproven, "identity: { id: \"7\", email: 7@acme.invalid }"),
        ("missingEmail: \"${id}@acme.invalid\"\n", proven, came),
    ] {
        assert_examples(&format!("{PLAIN}{words}"), &story(answer, end));
    }
}

#[test]
fn refusals_are_recognised_as_the_file_says_and_as_the_standard_does() {
    let story = |answer: &str, end: &str| format!("- what: a login\n  exchanges:\n    - answer: {answer}\n  {end}\n");
    let with = |words: &str| PLAIN.replace("/token\" }", &format!("/token\", {words} }}"));
    for (file, answer, code) in [
        (PLAIN.to_owned(), "{ status: 400, json: { error: invalid_grant } }", "invalid_grant"),
        (PLAIN.to_owned(), "{ json: { error: invalid_grant, access_token: at-1 } }", "invalid_grant"),
        (PLAIN.to_owned(), "{ json: { error: { code: 190, message: m } } }", "190"),
        (PLAIN.to_owned(), "{ status: 503, text: \"<html>\" }", "503"),
        (PLAIN.to_owned(), "{ status: 302 }", "302"),
        (with("refused: { at: $.status, isNot: ok, code: $.motivo }"), "{ json: { status: erro, motivo: E7 } }", "E7"),
        (with("refused: { at: $.status, isNot: ok }"), "{ json: { error: x } }", "x"),
        (with("accepted: { at: $.status, is: ok }"), "{ json: { access_token: at-1 } }", "200"),
    ] {
        assert_examples(&file, &story(answer, &format!("refused: {{ step: getAccessCode, code: \"{code}\" }}")));
    }
    let goes_on = |answer: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {answer}\n    - answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: true }} }}\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
        )
    };
    assert_examples(PLAIN, &goes_on("{ json: { error: 0, access_token: at-1 } }"));
    assert_examples(
        &with("refused: { at: $.error.code, isNot: ok }, accepted: { errorMember: allowed }"),
        &goes_on("{ json: { error: { code: ok }, access_token: at-1 } }"),
    );
    assert_examples(
        &with("accepted: { at: $.status, is: ok, status: any }"),
        &goes_on("{ status: 400, json: { status: ok, access_token: at-1 } }"),
    );
}

#[test]
fn the_rules_of_the_file_and_of_a_call_stand_beside_each_other_and_do_not_judge_the_callback() {
    let file = PLAIN.replace("/token\" }", "/token\", refused: { at: $.b, is: x, code: B } }").replacen(
        '\n',
        "\nrefused: { at: $.a, is: x, code: A }\naccepted: { at: $.ok, is: true, code: C }\n",
        1,
    );
    let story = |answer: &str, code: &str| {
        format!(
            "- what: a login\n  callback: {{ code: c-1, state: ‹state›, a: x }}\n  exchanges:\n    - answer: {{ json: {answer} }}\n  refused: {{ step: getAccessCode, code: {code} }}\n"
        )
    };

    for (answer, code) in [
        ("{ ok: true, a: x }", "A"),
        ("{ ok: true, b: x }", "B"),
        ("{ ok: false, a: x, b: x }", "B"),
        ("{ ok: false }", "C"),
        ("{ access_token: at-1 }", "C"),
    ] {
        assert_examples(&file, &story(answer, code));
    }
}

#[test]
fn the_authorization_code_is_never_the_reason_of_a_refused_callback() {
    let file = PLAIN.replace(
        "/entrar\" }",
        "/entrar\", read: { code: $.ticket }, refused: { at: $.result, isNot: ok }, accepted: { at: $.result, is: ok, message: $.says } }",
    );
    let story = |callback: &str, end: &str| {
        format!("- what: a login\n  callback: {{ {callback}, state: ‹state› }}\n  refused: {{ step: getAuthorizationCode, {end} }}\n")
    };

    for (callback, end) in [
        ("code: hush, result: no", "code: refused"),
        ("ticket: hush, result: no", "code: refused"),
        ("ticket: hush, result: no, error_description: not hush", "code: refused, message: not hush"),
        ("ticket: hush-hush-1, result: no, error_description: not hush-hush-1", "code: refused, message: not ‹code›"),
        ("code: hush-hush-1, error: hush-hush-1", "code: ‹code›"),
        ("ticket: hush, says: hush", "code: refused, message: ‹code›"),
    ] {
        assert_examples(&file, &story(callback, end));
    }
}

#[test]
fn a_parameter_code_is_a_reason_where_the_file_reads_the_authorization_code_elsewhere_and_says_so() {
    let file = |code: &str, reason: &str| {
        let words = format!("/entrar\", read: {{ code: {code} }}, refused: {{ at: $.result, is: no, code: {reason} }} }}");
        PLAIN.replace("/entrar\" }", &words)
    };
    let story = |callback: &str, end: &str| {
        format!("- what: a login\n  callback: {{ {callback}, state: ‹state› }}\n  refused: {{ step: getAuthorizationCode, {end} }}\n")
    };

    assert_examples(&file("$.bilhete", "$.code"), &story("code: E-91, result: no", "code: E-91"));
    assert_examples(&file("$.bilhete", "$.code"), &story("code: E-91-hush-1, bilhete: E-91-hush-1, result: no", "code: ‹code›"));
    assert_examples(&file("$.bilhete", "$..code"), &story("code: hush-hush-1, result: no", "code: ‹code›"));
    assert_examples(
        &file("$.bilhete", "never"),
        &story("code: hush-hush-1, result: no, error_description: hush-hush-1", "code: never, message: ‹code›"),
    );
}

#[test]
fn a_code_is_shown_as_it_was_sent_short_and_escaped() {
    let long = "e".repeat(70);
    let cut = format!("{}…", "e".repeat(63));
    for (sent, shown) in [
        ("Não é você (E-7/2)", "Não é você (E-7/2)"),
        ("a\tb", "a b"),
        ("bad\u{1b}[31m\u{202e}", "bad\\u{1b}[31m\\u{202e}"),
        ("no ana@loja.example here", "no ‹…› here"),
        (long.as_str(), cut.as_str()),
    ] {
        let json = |text: &str| serde_json::to_string(text).expect("a text is JSON");
        assert_examples(
            PLAIN,
            &format!(
                "- what: a login\n  exchanges:\n    - answer: {{ status: 400, json: {{ error: {} }} }}\n  refused: {{ step: getAccessCode, code: {} }}\n",
                json(sent).replace('\u{202e}', "\\u202e"),
                json(shown)
            ),
        );
    }
}

#[test]
fn chains_of_calls_depend_on_the_facts() {
    assert_examples(
        "name: Acme
trustEmail: always
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  - post: https://sso.acme.example/app
    json: { id: \"${clientId}\", secret: \"${clientSecret}\" }
    read: { appToken: $.access_token }
  - post: https://sso.acme.example/user
    bearer: ${appToken}
    json: { code: \"${code}\", code_verifier: \"${codeVerifier}\" }
getUserInfo:
  - get: https://sso.acme.example/me
    read: { id: $.id, kind: $.kind }
  - get: https://sso.acme.example/empresa
    when: { at: \"${kind}\", is: empresa }
    optional: true
    read: { companyMail: $.mail }
  - get: https://sso.acme.example/mail
    optional: true
    read: { personMail: $.mail }
identity: { email: [ \"${companyMail}\", \"${personMail}\" ] }
",
        "- what: a company
  exchanges:
    - request: { post: https://sso.acme.example/app, json: { id: ‹clientId›, secret: ‹clientSecret› } }
      answer: { json: { access_token: app-1 } }
    - request: { post: https://sso.acme.example/user, headers: { Authorization: Bearer app-1 }, json: { code: c-1, code_verifier: ‹codeVerifier› } }
      answer: { json: { access_token: at-1 } }
    - request: { get: https://sso.acme.example/me, headers: { Authorization: Bearer at-1 } }
      answer: { json: { id: 7, kind: empresa } }
    - answer: { json: { mail: empresa@loja.example } }
    - answer: { status: 500 }
  identity: { id: \"7\", email: empresa@loja.example, emailVerified: true }
- what: a person
  exchanges:
    - answer: { json: { access_token: app-1 } }
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, kind: pessoa } }
    - request: { get: https://sso.acme.example/mail, headers: { Authorization: Bearer at-1 } }
      answer: { json: { mail: ana@loja.example } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
",
    );
}

#[test]
fn the_keys_of_a_signed_callback_are_fetched_and_a_forged_token_is_refused() {
    let provider = provider(
        "name: Acme
trustEmail: always
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  extra: { nonce: \"${nonce}\" }
  signed: { token: \"${ticket}\", issuer: acme, keys: https://sso.acme.example/keys, nonce: required, read: { id: $.sub, email: $.email } }
  read: { ticket: $.ticket }
getAccessCode: { post: \"https://sso.acme.example/token\" }
",
    );
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let network = Network::new(|address: &str| json(if address.ends_with("/keys") { "{\"keys\":[{\"kty\":\"EC\"}]}" } else { "{}" }));
    let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    let token = format!("{}.{}.AAAA", base64("{\"alg\":\"ES256\",\"kid\":\"k\"}"), base64("{\"iss\":\"acme\",\"sub\":\"7\"}"));
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state), ("ticket", &token)]);
    let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

    let error = ready(drive(login, &network, &documents)).1.expect_err("the login fails");

    assert_eq!((network.asked("/keys"), network.asked("/token")), (1, 0));
    assert!(error.to_string().contains("its signature is not right"), "{error}");
}

/// `OpenID` Connect Core 3.2.2.10 and 3.3.2.11: the code or the access token beside it could be another person's.
/// Attack J-08
#[test]
fn an_id_token_of_the_callback_says_to_which_code_and_which_access_token_it_belongs() {
    let file = |kind: &str, reads: &str, token: &str| {
        format!(
            "name: Acme
trustEmail: always
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  extra: {{ response_type: {kind}, nonce: \"${{nonce}}\" }}
  signed: {{ {token}issuer: acme, keys: https://sso.acme.example/keys, nonce: required, read: {{ id: $.sub, email: $.email }} }}
  read: {{ {reads} }}
getAccessCode: {{ post: \"https://sso.acme.example/token\" }}
"
        )
    };
    let story = |more: &str, end: &str| {
        let claims = format!("iss: acme, aud: ‹clientId›, sub: \"7\", email: ana@loja.example, nonce: ‹nonce›{more}");
        format!(
            "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {claims} }} }} }}\n  callback: {{ code: c-1, state: ‹state›, id_token: ‹idToken›, access_token: at-0 }}\n{end}\n"
        )
    };
    let calls = "  exchanges:\n    - answer: { json: { access_token: at-1 } }\n";
    let identity = format!("{calls}  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}");
    let refused = "  refused: { step: getAuthorizationCode, code: badToken }";
    let usual = file("code id_token", "idToken: $.id_token", "");

    assert_examples(&usual, &story("", &identity));
    for claims in [", c_hash: null", ", c_hash: AAAA", ", c_hash: [ AAAA ]", ", c_hash: \"\""] {
        assert_examples(&usual, &story(claims, refused));
    }
    let renamed = file("code id_token", "front: $.id_token", "token: \"${front}\", ");
    assert_examples(&renamed, &story("", &identity).replace("idToken", "front"));
    assert_examples(&renamed, &story(", c_hash: null", refused).replace("idToken", "front"));
    let with_token = file("code id_token token", "idToken: $.id_token, accessToken: $.access_token", "");
    assert_examples(&with_token, &story(", at_hash: null", refused));
    assert_examples(&with_token, &story(", c_hash: null", refused));
}

/// Attack J-02
#[test]
fn a_public_key_is_never_taken_for_a_shared_secret() {
    let file = "name: Acme
trustEmail: always
settings: { publicKey: env:ACME_PUBLIC_KEY }
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  post: https://sso.acme.example/token
  signed: { issuer: acme, keys: \"${publicKey}\", read: { id: $.sub, email: $.email } }
";
    let story = |more: &str, end: &str| {
        format!(
            "- what: a login\n  tokens: {{ idToken: {{ claims: {{ iss: acme, aud: ‹clientId›, sub: \"7\", email: ana@loja.example }}{more} }} }}\n  exchanges:\n    - answer: {{ json: {{ id_token: ‹idToken› }} }}\n  {end}\n"
        )
    };
    assert_examples(file, &story("", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
    assert_examples(file, &story(", signedBy: stranger", "refused: { step: getAccessCode, code: badToken }"));

    // The oldest trick: the text of the public key as the secret of HS256.
    let provider = provider(file);
    let pem = portaria::world::random::rsa_pair(false).public.clone();
    let claims = "{\"iss\":\"acme\",\"aud\":\"c-1\",\"sub\":\"7\",\"email\":\"ana@loja.example\",\"exp\":1999999999}";
    for secret in [pem.clone(), pem.trim().to_owned(), pem.replace('\n', "\\n")] {
        let key = portaria::provider::keys::JwsSigningKey::read(secret.as_bytes(), portaria::provider::keys::Algorithm::Hs256)
            .expect("a secret is any text");
        let token = key.sign_token("{\"alg\":\"HS256\"}", claims).expect("a secret signs");
        let mut installation = installation(&provider);
        let slot = provider.names.find("publicKey").expect("the file names it");
        installation.values.push((slot, Text::plain(pem.clone())));
        let documents = DocumentCache::default();
        let network = Network::new(|_: &str| json(&format!("{{\"id_token\":\"{token}\"}}")));
        let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
        let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");

        assert_eq!(ready(drive(login, &network, &documents)).1.map_err(|error| error.code().to_owned()), Err("badToken".to_owned()));
    }
}

#[test]
fn what_identity_composes_is_a_fact_like_others() {
    assert_examples(
        "name: Acme
trustEmail: always
missingEmail: \"${id}@acme.invalid\"
require: { at: \"${id}\", isNot: blocked }
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  read: { unionId: $.union, openId: $.open, mail: $.mail }
identity: { id: [ \"${unionId}\", \"${openId}\" ], email: \"${mail}\", picture: \"https://img.acme.example/${id}.png\" }
",
        "- what: a person without an address
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { open: o-7 } }
  identity: { id: o-7, email: o-7@acme.invalid, picture: https://img.acme.example/o-7.png }
- what: a person who may not sign in
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { union: blocked, mail: ana@loja.example } }
  refused: { code: notAllowed }
",
    );
}

#[test]
fn accepted_is_checked_for_an_answer_that_is_a_token_too() {
    let file = format!("{PLAIN}trustEmail: always\n").replace(
        "getUserInfo: { get: \"https://sso.acme.example/me\" }",
        "getUserInfo:\n  get: https://sso.acme.example/me\n  accepted: { at: $.ok, is: true }\n  signed: { token: answer, issuer: acme, keys: https://sso.acme.example/keys, read: { id: $.sub, email: $.email } }",
    );
    assert_examples(
        &file,
        "- what: a login\n  tokens: { answer: { claims: { iss: acme, aud: ‹clientId›, sub: \"7\", email: ana@loja.example } } }\n  exchanges:\n    - answer: { json: { access_token: at-1 } }\n    - answer: { text: ‹answer› }\n  refused: { step: getUserInfo, code: \"200\" }\n",
    );
}

#[test]
fn a_requirement_that_asks_a_list_says_so() {
    let file = format!("{PLAIN}require: {{ at: \"${{groups}}\", is: staff }}\n").replace(
        "https://sso.acme.example/me\" }",
        "https://sso.acme.example/me\", read: { id: $.id, email: $.email, emailVerified: $.ok, groups: $.groups } }",
    );
    let provider = provider(&file);
    let end = |groups: &str| {
        let story = format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ id: \"7\", email: ana@loja.example, ok: true, groups: {groups} }} }}\n  refused: {{ code: notAllowed }}\n"
        );
        let stories = examples::read(&Source::new("acme.examples.yaml", story.as_str())).expect("it is a story");
        replay(&provider, &stories[0]).end.expect_err("the person is not staff").to_string()
    };

    assert!(end("[ staff ]").contains("`groups` is a list in the answer"), "{}", end("[ staff ]"));
    assert!(end("client").ends_with("to sign in"), "{}", end("client"));
}

#[test]
fn a_person_may_be_asked_about_with_another_token_and_a_fact_of_the_exchange() {
    assert_examples(
        "name: Acme
trustEmail: always
pkce: off
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  - { post: \"https://sso.acme.example/app\", form: { grant_type: client_credentials }, credentials: basic, read: { appToken: $.token } }
  - { post: \"https://sso.acme.example/code\", form: { code: \"${code}\" }, headers: { X-App-Token: \"${appToken}\" }, read: { u: $.u } }
getUserInfo: { get: \"https://sso.acme.example/users\", query: { u: \"${u}\" }, headers: { Authorization: \"App ${appToken}\" }, read: { id: $.id, email: $.email } }
",
        "- what: a login
  exchanges:
    - answer: { json: { token: app-1 } }
    - answer: { json: { u: u-7 } }
    - request: { get: https://sso.acme.example/users, query: { u: u-7 }, headers: { Authorization: App app-1 } }
      answer: { json: { id: \"7\", email: ana@loja.example } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
",
    );
}

#[test]
fn names_are_kept_as_people_write_them() {
    assert_examples(
        PLAIN,
        "- what: a login\n  exchanges:\n    - answer: { json: { access_token: at-1 } }\n    - answer: { json: { sub: \"7\", email: ana@loja.example, email_verified: true, name: \"Ana\\u00a0Lima 👩\\u200d💻\\u202e\\n\" } }\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true, name: \"Ana\\u00a0Lima 👩\\u200d💻\" }\n",
    );
}

/// Attack U-09
#[test]
fn a_claim_never_proves_the_address_of_another_document() {
    let file = format!("{OPENID}getUserInfo: {{}}\n");
    let story = |person: &str, end: &str| {
        format!(
            "- what: a login
  tokens: {{ idToken: {{ claims: {{ iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›, email: mallory@loja.example, email_verified: true }} }} }}
  exchanges:
    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}
    - answer: {{ json: {{ {person} }} }}
  {end}
"
        )
    };

    assert_examples(&file, &story("sub: \"7\", email: ana@loja.example", "refused: { code: unprovenEmail }"));
    assert_examples(
        &file,
        &story(
            "sub: \"7\", email: ana@loja.example, email_verified: true",
            "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }",
        ),
    );
    assert_examples(&file, &story("sub: \"7\"", "identity: { id: \"7\", email: mallory@loja.example, emailVerified: true }"));
    assert_examples(&file, &story("email: ana@loja.example, email_verified: true", "refused: { step: getUserInfo, code: badToken }"));
}

#[test]
fn a_signed_callback_cannot_be_split_differently() {
    let file = "name: Acme
missingEmail: \"${id}@acme.invalid\"
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  verify: { into: hmac, algorithm: hmacSha256, key: \"${clientSecret}\" }
  read: { id: $.shop }
";
    let story = |callback: &str, end: &str| format!("- what: a login\n  callback: {{ {callback}, hmac: ‹signature› }}\n  {end}\n");

    assert_examples(file, &story("shop: quist, state: ‹state›", "identity: { id: quist, email: quist@acme.invalid }"));
    assert_examples(file, &story("\"shop&x\": quist, state: ‹state›", "refused: { step: getAuthorizationCode, code: badSignature }"));
    assert_examples(
        file,
        &story("code: \"c&shop=other\", shop: quist, state: ‹state›", "refused: { step: getAuthorizationCode, code: badSignature }"),
    );
}

/// Lesson 121
#[test]
fn require_sees_only_a_proven_address() {
    let file =
        format!("{PLAIN}missingEmail: \"${{id}}@acme.invalid\"\nrequire: {{ at: \"${{email}}\", matches: \"^.*@loja\\\\.example$\" }}\n");
    let story = |proven: bool, end: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: {proven} }} }}\n  {end}\n"
        )
    };

    assert_examples(&file, &story(true, "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
    assert_examples(&file, &story(false, "refused: { code: notAllowed }"));
}

/// Attack T-16
#[test]
fn secrets_that_a_provider_repeats_are_masked_in_its_refusal() {
    assert_examples(
        PLAIN,
        "- what: a login\n  facts: { clientSecret: hush-hush-1 }\n  callback: { code: code-canary-1, state: ‹state› }\n  exchanges:\n    - answer: { status: 400, json: { error: \"bad code-canary-1\", error_description: \"for hush-hush-1\" } }\n  refused: { step: getAccessCode, code: bad ‹code›, message: for ‹clientSecret› }\n",
    );
}

/// Attacks Y-04, U-13
#[test]
fn texts_have_a_longest_length() {
    let steps: String = (1..40).map(|at| format!("    a{at}: \"${{a{}}}${{a{}}}\"\n", at - 1, at - 1)).collect();
    let file = format!(
        "name: Acme\nmissingEmail: ask\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\ngetAccessCode: {{ post: \"https://sso.acme.example/token\" }}\ngetUserInfo:\n  get: https://sso.acme.example/me\n  read:\n    a0: $.a\n{steps}    id: ${{a39}}\n"
    );

    assert_examples(
        &file,
        "- what: a login\n  exchanges:\n    - answer: { json: { access_token: at-1 } }\n    - answer: { json: { a: \"0123456789\" } }\n  refused: { code: missingId }\n",
    );
}

#[test]
fn an_issuer_that_promises_iss_has_to_send_it() {
    let story = |callback: &str, end: &str| {
        format!(
            "- what: a login
  discovery: {{ issuer: https://idp.acme.example, authorization_endpoint: https://idp.acme.example/a, token_endpoint: https://idp.acme.example/t, jwks_uri: https://idp.acme.example/k, authorization_response_iss_parameter_supported: true }}
  tokens: {{ idToken: {{ claims: {{ iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›, email: ana@loja.example, email_verified: true }} }} }}
  callback: {{ code: c-1, state: ‹state›{callback} }}
  {end}
"
        )
    };

    assert_examples(
        OPENID,
        &story(
            ", iss: https://idp.acme.example",
            "exchanges: [ { answer: { json: { access_token: at-1, id_token: ‹idToken› } } } ]\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }",
        ),
    );
    assert_examples(OPENID, &story("", "refused: { step: getAuthorizationCode, code: badIssuer }"));
}

#[test]
fn a_request_may_be_signed_with_a_secret_that_an_answer_brought() {
    let file = format!("{PLAIN}trustEmail: always\n").replace(
        "getAccessCode: { post: \"https://sso.acme.example/token\" }\ngetUserInfo: { get: \"https://sso.acme.example/me\" }",
        "getAccessCode: { post: \"https://sso.acme.example/token\", read: { sessionKey: $.key } }\ngetUserInfo:\n  get: https://sso.acme.example/me\n  extra: { a: \"1\" }\n  sign: { into: sig, algorithm: md5, after: \"${sessionKey}\" }\n  read: { id: $.id, email: $.email }",
    );
    assert_examples(
        &file,
        "- what: a login\n  exchanges:\n    - answer: { json: { access_token: at-1, key: k-1 } }\n    - request: { get: https://sso.acme.example/me, query: { a: \"1\", sig: ‹signature› }, headers: { Authorization: Bearer at-1 }, signature: { algorithm: md5, encoding: hex, text: a=1k-1 } }\n      answer: { json: { id: 7, email: ana@loja.example } }\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }\n",
    );
}

/// A provider that hands out a ticket before the redirect.
const PREPARED: &str = "name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_SECRET
trustEmail: always
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  prepare:
    - post: https://sso.acme.example/app-token
      form: { grant_type: client_credentials }
      credentials: basic
      read: { appToken: $.access_token }
    - post: https://sso.acme.example/tickets
      bearer: ${appToken}
      json: { state: \"${state}\", challenge: \"${codeChallenge}\", method: S256 }
      accepted: { at: $.ok, is: true }
      read: { ticket: $.ticket }
  query: { ticket: \"${ticket}\" }
getAccessCode: { post: \"https://sso.acme.example/token\", extra: { ticket: \"${ticket}\" } }
getUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id, email: $.email } }
";

#[test]
fn calls_before_the_redirect_give_facts_to_the_redirect_and_to_later_calls() {
    assert_examples(
        PREPARED,
        "- what: a login
  prepare:
    - request: { post: https://sso.acme.example/app-token, form: { grant_type: client_credentials }, headers: { Authorization: 'Basic ‹clientId:clientSecret›' } }
      answer: { json: { access_token: app-1 } }
    - request: { post: https://sso.acme.example/tickets, json: { state: ‹state›, challenge: ‹codeChallenge›, method: S256 }, headers: { Authorization: Bearer app-1 } }
      answer: { json: { ok: true, ticket: t-1 } }
  redirect: { get: https://sso.acme.example/entrar, query: { ticket: t-1 } }
  exchanges:
    - request: { post: https://sso.acme.example/token, form: { grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›,
                 code_verifier: ‹codeVerifier›, client_id: loja-42, client_secret: ‹clientSecret›, ticket: t-1 } }
      answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, email: ana@loja.example } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
- what: the ticket is refused
  prepare: [ { answer: { json: { access_token: app-1 } } }, { answer: { json: { ok: false, error: no_tickets } } } ]
  refused: { step: getAuthorizationCode, code: no_tickets }
- what: there is no ticket
  prepare: [ { answer: { json: { access_token: app-1 } } }, { answer: { json: { ok: true } } } ]
  refused: { step: getAuthorizationCode, code: missingFact }
- what: an error with 200
  prepare: [ { answer: { json: { access_token: app-1, error: server_error } } } ]
  refused: { step: getAuthorizationCode, code: server_error }
",
    );
    let missing = examples::read(&Source::new(
        "acme.examples.yaml",
        "- what: no call is recorded\n  refused: { step: getAuthorizationCode, code: noAnswer }\n",
    ));
    let played = replay(&provider(PREPARED), &missing.expect("it can be read")[0]);
    assert!(played.differences.iter().any(|difference| difference.to_string().starts_with("prepare 1")), "{:?}", played.differences);
}

#[test]
fn in_get_user_info_the_token_stands_once() {
    let request = |words: &str| {
        PLAIN.replace(
            "getUserInfo: { get: \"https://sso.acme.example/me\"",
            &format!("getUserInfo: {{ get: \"https://sso.acme.example/me\", {words}"),
        )
    };
    let story = |request: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - request: {{ get: https://sso.acme.example/me, {request} }}\n      answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: true }} }}\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
        )
    };
    let header = "headers: { Authorization: Bearer at-1 }";

    for (words, sent) in [
        ("extra: { v: \"1\" }", format!("query: {{ v: \"1\" }}, {header}")),
        ("extra: { t: \"${accessToken}\" }", "query: { t: at-1 }".to_owned()),
        ("extra: { p: '${accessToken | before \"-\"}' }", "query: { p: at }".to_owned()),
        (
            "extra: { p: \"${accessToken | hmacSha256 clientSecret | hex}\" }",
            "query: { p: ‹accessToken | hmacSha256 clientSecret | hex› }".to_owned(),
        ),
        (
            "extra: { p: \"${clientId | hmacSha256 accessToken | hex}\" }",
            "query: { p: ‹clientId | hmacSha256 accessToken | hex› }".to_owned(),
        ),
        (
            "extra: { v: \"1\" }, sign: { into: s, algorithm: md5, before: \"${clientSecret}\", after: \"${accessToken}\" }",
            "query: { v: \"1\", s: ‹signature› }".to_owned(),
        ),
        (
            "extra: { p: \"${accessToken | sha256 | hex}\" }, bearer: \"${accessToken}\"",
            format!("query: {{ p: ‹accessToken | sha256 | hex› }}, {header}"),
        ),
        (
            "extra: { v: \"1\" }, headers: { authorization: \"Token ${accessToken}\" }",
            "query: { v: \"1\" }, headers: { authorization: Token at-1 }".to_owned(),
        ),
    ] {
        assert_examples(&request(words), &story(&sent));
    }
}

/// Attack C-16
#[test]
fn the_issuer_of_a_plain_provider_is_compared_with_the_one_in_the_callback() {
    let file = format!("{PLAIN}issuer: https://sso.acme.example\n");
    let login = "exchanges: [ { answer: { json: { access_token: at-1 } } }, { answer: { json: { sub: \"7\", email: ana@loja.example, email_verified: true } } } ]\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    let bad = "refused: { step: getAuthorizationCode, code: badIssuer }";
    let promise = "discovery: { issuer: https://sso.acme.example, authorization_response_iss_parameter_supported: true }\n  ";
    let foreign = "discovery: { issuer: https://other.example, authorization_response_iss_parameter_supported: true }\n  ";

    for (metadata, callback, end) in [
        ("", "code: c-1, iss: https://sso.acme.example", login),
        ("", "code: c-1, iss: https://other.example", bad),
        ("", "code: c-1, iss: https://sso.acme.example/", bad),
        ("", "error: access_denied, iss: https://other.example", bad),
        ("", "code: c-1, iss: \"\"", bad),
        ("", "error: access_denied, iss: \"\"", bad),
        ("", "code: c-1", login),
        (promise, "code: c-1, iss: https://sso.acme.example", login),
        (promise, "code: c-1", bad),
        (promise, "error: access_denied", "refused: { step: getAuthorizationCode, code: access_denied }"),
        (promise, "error: access_denied, code: c-1", bad),
        (promise, "error: access_denied, iss: https://other.example", bad),
        (promise, "error: access_denied, iss: https://sso.acme.example", "refused: { step: getAuthorizationCode, code: access_denied }"),
        (foreign, "code: c-1", login),
    ] {
        assert_examples(&file, &format!("- what: a callback\n  {metadata}callback: {{ {callback}, state: ‹state› }}\n  {end}\n"));
    }
}

#[test]
fn a_promise_to_name_the_issuer_outlives_an_answer_that_fails() {
    const PROMISE: &str = "{\"issuer\":\"https://sso.acme.example\",\"authorization_response_iss_parameter_supported\":true}";
    let acme = provider(&format!("{PLAIN}issuer: https://sso.acme.example\n"));
    let installation = installation(&acme);
    let failing = |status: u16, body: &str| Ok(Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() });
    for (answer, keeps) in [
        (failing(503, "closed"), true),
        (failing(429, ""), true),
        (failing(403, ""), true),
        (Err(NoAnswer::TooSlow), true),
        (failing(200, "<html>closed</html>"), true),
        (failing(404, ""), false),
        (failing(410, ""), false),
    ] {
        let (documents, metadata) = (DocumentCache::default(), Mutex::new(json(PROMISE)));
        let network = Network::new(|address: &str| match address {
            address if address.ends_with("/token") => json("{\"access_token\":\"at-1\"}"),
            address if address.ends_with("/me") => json("{\"sub\":\"7\",\"email\":\"ana@loja.example\",\"email_verified\":true}"),
            _ => metadata.lock().expect("no thread panics with this lock").clone(),
        });
        let login = |now: i64| {
            ready(discover(&acme, &acme.empty_facts(), &network, &documents, now));
            let attempt = Attempt::new(&acme, &installation, &Entropy([9; 80]), now, Vec::new());
            let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
            let login = attempt.accept(&acme, &installation, &callback, None, &documents, now).expect("the callback answers the attempt");
            ready(drive(login, &network, &documents)).1.map(drop).map_err(|error| error.code().to_owned())
        };
        assert_eq!(login(0), Err("badIssuer".to_owned()));

        *metadata.lock().expect("no thread panics with this lock") = answer.clone();

        assert_eq!(login(4000).is_err(), keeps, "{answer:?}");
        assert_eq!(login(4100).is_err(), keeps, "{answer:?}");
        assert_eq!(login(400_000).is_err(), keeps, "after days: {answer:?}");
    }
}

#[test]
fn what_the_address_of_a_login_asks_for_is_passed_on_where_the_file_names_it() {
    let hints = "facts: { loginHint: ana@loja.example, uiLocales: pt-BR, reauthenticate: \"true\" }\n  ";
    let standard = "response_type: code, client_id: ‹clientId›, redirect_uri: ‹redirectUri›, state: ‹state›, code_challenge: ‹codeChallenge›, code_challenge_method: S256";
    let story = |facts: &str, query: &str| {
        format!(
            "- what: a login\n  {facts}redirect: {{ get: https://sso.acme.example/entrar, query: {{ {query} }} }}\n  exchanges: [ {{ answer: {{ json: {{ access_token: at-1 }} }} }}, {{ answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: true }} }} }} ]\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
        )
    };
    let with = |words: &str| PLAIN.replace("/entrar\" }", &format!("/entrar\", {words} }}"));

    assert_examples(PLAIN, &story(hints, standard));
    let named = with("extra: { quem: \"${loginHint?}\", lingua: \"${uiLocales?}\" }, reauthenticate: { prompt: login }");
    assert_examples(&named, &story(hints, &format!("{standard}, quem: ana@loja.example, lingua: pt-BR, prompt: login")));
    assert_examples(&named, &story("", standard));
    let replaced = with("extra: { prompt: none }, reauthenticate: { prompt: login }");
    assert_examples(&replaced, &story(hints, &format!("{standard}, prompt: login")));
    assert_examples(&replaced, &story("", &format!("{standard}, prompt: none")));
}

#[test]
fn a_forced_login_at_an_openid_provider_has_to_be_a_new_one() {
    let story = |facts: &str, claim: &str, end: &str| {
        format!(
            "- what: a login
  facts: {{ {facts} }}
  tokens: {{ idToken: {{ claims: {{ iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›, email: ana@loja.example, email_verified: true{claim} }} }} }}
  exchanges: [ {{ answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }} }} ]
  {end}
"
        )
    };
    let (login, bad) =
        ("identity: { id: \"7\", email: ana@loja.example, emailVerified: true }", "refused: { step: getAccessCode, code: badToken }");
    let anew = "reauthenticate: \"true\", now: \"1800000000\"";

    for (facts, claim, end) in [
        (anew, ", auth_time: 1800000000", login),
        (anew, ", auth_time: 1799999980", login),
        (anew, ", auth_time: 1799999960", bad),
        (anew, ", auth_time: 1799990000", bad),
        (anew, ", auth_time: soon", bad),
        (anew, "", bad),
        ("now: \"1800000000\"", ", auth_time: 1799990000", login),
        ("now: \"1800000000\"", "", login),
    ] {
        assert_examples(OPENID, &story(facts, claim, end));
    }
    let by_prompt = format!("{OPENID}getAuthorizationCode: {{ reauthenticate: {{ prompt: login }} }}\n");
    assert_examples(&by_prompt, &story(anew, "", login));
    assert_examples(&by_prompt, &story(anew, ", auth_time: 1799990000", bad));
}

/// Attack T-10
#[test]
fn an_access_token_that_is_no_bearer_token_is_refused_unless_the_file_accepts_its_name() {
    let file = |word: &str| {
        format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: https://a.example/a }}\ngetAccessCode: {{ post: https://a.example/t{word} }}\n\
             getUserInfo: {{ get: https://a.example/me, read: {{ id: $.id, email: $.email }} }}\n"
        )
    };
    let named = |name: &str, end: &str| {
        let person = ", { answer: { json: { id: u-1, email: ana@loja.example } } }";
        let person = if end.starts_with("refused") { "" } else { person };
        format!(
            "- what: \"the token answer with {name}\"\n  exchanges: [ {{ answer: {{ json: {{ access_token: at-1{name} }} }} }}{person} ]\n  {end}\n"
        )
    };
    let (user, refused) =
        ("identity: { id: u-1, email: ana@loja.example, emailVerified: true }", "refused: { code: badToken, step: getAccessCode }");

    for (name, end) in [
        ("", user),
        (", token_type: Bearer", user),
        (", token_type: bEaReR", user),
        (", token_type: null", user),
        (", token_type: ''", user),
        (", token_type: mac", refused),
        (", token_type: DPoP", refused),
        (", token_type: Bearer2", refused),
        (", token_type: [ Bearer ]", refused),
        (", token_type: 1", refused),
    ] {
        assert_examples(&file(""), &named(name, end));
        assert_examples(&file(", tokenType: bearer"), &named(name, end));
        assert_examples(&file(", tokenType: any"), &named(name, user));
        let read_elsewhere = name.replace("token_type", "kind");
        assert_examples(&file(", read: { tokenType: $.kind }"), &named(&read_elsewhere, end));
    }
}

#[test]
fn the_answer_of_a_call_before_the_redirect_may_be_a_document_of_any_depth() {
    provider(
        "name: Acme
trustEmail: always
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  prepare: { post: \"https://sso.acme.example/ticket\", accepted: { at: $.status.code, is: 0 }, read: { ticket: $.response.ticket } }
  extra: { ticket: \"${ticket}\" }
getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email } }
",
    );
}
