//! Signed tokens of a login: who signed them, with which key, and what about.

use crate::login::{Network, OPENID, PLAIN, assert_examples, installation, json};
use crate::support::{provider, ready};
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::{discover, drive};
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::NoAnswer;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;

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
      answer: {{ json: {{ sub: {sub}, email: ana@loja.example, email_verified: true }} }}
  {end}
"
        )
    };

    let reads_itself = format!("{OPENID}getUserInfo: {{ read: {{ email: $.email, emailVerified: $.email_verified }} }}\n");
    for file in [file, reads_itself] {
        assert_examples(&file, &story("\"7\"", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
        for other in ["\"8\"", "[ \"8\" ]", "[ \"7\" ]", "{ a: \"7\" }", "8", "0", "true", "\"\"", "[]"] {
            assert_examples(&file, &story(other, "refused: { step: getUserInfo, code: badToken }"));
        }
    }
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
    assert!(error.to_string().contains("(`kid`)"), "{error}");
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

/// What the request asked for is not always to be seen in the file: a pushed request may ask, or a setting say it.
/// Attack J-08
#[test]
fn an_id_token_of_the_callback_says_to_which_code_it_belongs_however_it_was_asked_for_and_wherever_it_is_verified() {
    let signed = |token: &str| {
        format!(
            "signed: {{ token: \"${{{token}}}\", issuer: acme, keys: https://sso.acme.example/keys, nonce: required, read: {{ id: $.sub, email: $.email }} }}"
        )
    };
    let file = |asking: &str, of_callback: &str, of_access: &str| {
        format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode:\n  get: https://sso.acme.example/entrar\n{asking}\n{of_callback}
getAccessCode:\n  post: https://sso.acme.example/token\n{of_access}\n"
        )
    };
    let story = |claims: &str, calls: &str, end: &str| {
        format!(
            "- what: a login\n  tokens: {{ front: {{ claims: {{ iss: acme, aud: ‹clientId›, sub: \"7\", email: ana@loja.example, nonce: ‹nonce›{claims} }} }} }}
  callback: {{ code: c-1, state: ‹state›, id_token: ‹front› }}\n{calls}{end}\n"
        )
    };
    let asks = "  exchanges:\n    - answer: { json: { access_token: at-1 } }\n";
    let pushes = "  prepare:\n    - answer: { json: { request_uri: \"urn:acme:1\", expires_in: 60 } }\n";
    let identity = "  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    let refused = |step: &str| format!("  refused: {{ step: {step}, code: badToken }}");
    let literal = "  extra: { response_type: code id_token, nonce: \"${nonce}\" }";
    let by_setting = "  extra: { response_type: \"code ${kind}\", nonce: \"${nonce}\" }";
    let in_callback = format!("  {}\n  read: {{ front: $.id_token }}", signed("front"));

    let of_setting = file(by_setting, &in_callback, "").replacen("name:", "settings: { kind: id_token }\nname:", 1);
    let by_push = "  prepare:\n    post: https://sso.acme.example/par\n    form: { client_id: \"${clientId}\", redirect_uri: \"${redirectUri}\", state: \"${state}\", \
                   response_type: code id_token, nonce: \"${nonce}\", code_challenge: \"${codeChallenge}\", code_challenge_method: S256 }\n    \
                   read: { requestUri: $.request_uri }\n  query: { client_id: \"${clientId}\", request_uri: \"${requestUri}\" }";
    let pushed = file(by_push, &in_callback, "");
    for (file, pushes) in [(&of_setting, ""), (&pushed, pushes)] {
        assert_examples(file, &story("", &format!("{pushes}{asks}"), identity));
        assert_examples(file, &story(", c_hash: null", pushes, &refused("getAuthorizationCode")));
    }
    for (of_callback, of_access) in [
        ("  read: { front: $.id_token }", format!("  {}", signed("front"))),
        ("  read: { idToken: $.id_token }", format!("  {}", signed("idToken"))),
        ("  read: { front: $.id_token }", format!("  read: {{ other: \"${{front}}\" }}\n  {}", signed("other"))),
    ] {
        let late = file(literal, of_callback, &of_access);
        assert_examples(&late, &story("", asks, identity));
        assert_examples(&late, &story(", c_hash: null", asks, &refused("getAccessCode")));
        assert_examples(&late, &story(", at_hash: AAAA", asks, &refused("getAccessCode")));
    }
    let of_answer = file(literal, "", &format!("  read: {{ front: $.id_token }}\n  {}", signed("front")));
    let answer = "  exchanges:\n    - answer: { json: { access_token: at-1, id_token: ‹front› } }\n";
    assert_examples(&of_answer, &story("", answer, identity).replacen(", id_token: ‹front› }", " }", 1));
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
