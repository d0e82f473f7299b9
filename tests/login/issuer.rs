//! The issuer of a login: its document, and its name in the callback.

use crate::login::{Network, OPENID, PLAIN, assert_examples, installation, json};
use crate::support::{provider, ready};
use portaria::login::attempt::{Attempt, Entropy, RedirectError};
use portaria::login::{discover, drive};
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::vocabulary::wire::{NoAnswer, Response};
use std::sync::Mutex;

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

    assert!(matches!(begun, Err(RedirectError::NoDocument(_))));
}

#[test]
fn an_answer_from_another_issuer_is_refused_before_the_code_is_redeemed() {
    assert_examples(
        OPENID,
        "- what: mixed up\n  callback: { code: c-1, state: ‹state›, iss: https://evil.example }\n  refused: { step: getAuthorizationCode, code: badIssuer }\n",
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
        (Err(NoAnswer::Unreachable), true),
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
