//! The attempt of a login: what leaves for the provider, and which callback answers it.

use crate::login::{OPENID, PLAIN, assert_examples, installation};
use crate::support::provider;
use portaria::login::attempt::{Attempt, Entropy, RedirectError};
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::vocabulary::place::Source;

/// What is said of a callback that has no parameter for the state.
const STATE_IS_MISSING: &str = "no parameter that the file reads as the state";

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
    let names: Vec<String> = (0..100).map(|at| format!("p{at}")).collect();
    let many =
        |count: usize| [("state", state.clone())].into_iter().chain(names.iter().take(count - 1).map(|name| (&**name, String::new())));
    assert_eq!(accept(many(100).collect(), 1_000_001), Ok(()));
    assert_eq!(accept(many(101).collect(), 1_000_001), Err("badCallback".to_owned()));

    for (name, value, is_missing) in [("estado", state.as_str(), true), ("state", "another", false)] {
        let callback = CallbackParameters::new([("code", "c"), (name, value)]);
        let accepted = attempt.accept(&provider, &installation, &callback, None, &documents, 1_000_001);
        let said = accepted.map(|_| ()).map_err(|error| error.to_string());
        assert!(said.is_err_and(|said| said.contains(STATE_IS_MISSING) == is_missing), "{name}");
    }

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

        let accepted = accepted.map(|_| ()).map_err(|error| (error.code().to_owned(), error.to_string().contains(STATE_IS_MISSING)));
        assert_eq!(accepted, expected.map_err(|code: String| (code, false)), "{word}");
        assert!(!redirect.address.expose().contains("state="), "{word}");
        assert_eq!(attempt.redirect_uri.ends_with(&*attempt.state), word == "path");
    }
}

#[test]
fn the_state_may_travel_in_the_query_of_the_redirect_address() {
    let documents = DocumentCache::default();
    let provider = provider(&PLAIN.replace("/entrar\" }", "/entrar\", stateIn: redirectQuery }"));
    let installation = installation(&provider);
    let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    let redirect = attempt.redirect_request(&provider, &installation, &documents).expect("the redirect can be written");
    let accepted = |pairs: &[(&str, &str)], path_state: Option<&str>| {
        let callback = CallbackParameters::new(pairs.iter().copied());
        attempt.accept(&provider, &installation, &callback, path_state, &documents, 1).map(|_| ()).map_err(|error| error.code().to_owned())
    };

    let sent = redirect.address.expose();
    let state = &*attempt.state;
    assert_eq!(&*attempt.redirect_uri, format!("https://login.loja.example/callback/acme?state={state}"));
    assert!(sent.contains(&format!("redirect_uri=https%3A%2F%2Flogin.loja.example%2Fcallback%2Facme%3Fstate%3D{state}")), "{sent}");
    assert!(!sent.contains("&state=") && !redirect.address.masked().contains(state), "{sent}");
    assert_eq!(accepted(&[("state", state), ("code", "c")], None), Ok(()));
    let bad = Err("badState".to_owned());
    assert_eq!(accepted(&[("code", "c")], None), bad);
    assert_eq!(accepted(&[("code", "c")], Some(state)), bad);
    assert_eq!(accepted(&[("state", "another"), ("code", "c")], None), bad);
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
    let refused = |message: &str| format!("refused: {{ step: getAuthorizationCode, code: badSignature, message: \"{message}\" }}");
    let ambiguous = refused(
        "a parameter of the callback holds a character that stands between the signed ones, so its signature does not say which value it signs",
    );
    assert_examples(file, &story("\"shop&x\": quist, state: ‹state›", &ambiguous));
    assert_examples(file, &story("code: \"c&shop=other\", shop: quist, state: ‹state›", &ambiguous));
    for (signature, message) in [
        (", hmac: 00ff", "the signature of the callback's parameters is not right"),
        (", hmac: \"\"", "the parameters of the callback have no signature"),
        ("", "the parameters of the callback have no signature"),
    ] {
        let story = format!("- what: a login\n  callback: {{ shop: quist, state: ‹state›{signature} }}\n  {}\n", refused(message));
        assert_examples(file, &story);
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
