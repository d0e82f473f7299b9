//! The ID token: its claims, its form and its signature.

use crate::login::{Network, OPENID, assert_examples, installation, json};
use crate::openid::{DOCUMENT, IssuerKey, TOKEN, TokenForm, claims, learn_document};
use crate::support::{provider, ready};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::drive;
use portaria::login::error::LoginError;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use std::sync::{Arc, Mutex};

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
    story(", acr: bronze-of-the-person, amr: [ pwd ]", &refused("$.acr`, and `$.amr"));
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
    outcome(jwks, token).map_err(|error| error.code().to_owned())
}

fn outcome(jwks: &str, token: impl Fn(&Attempt) -> String) -> Result<(), LoginError> {
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
    ready(drive(login, &network, &documents)).1.map(drop)
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
    for (public, kid, expected) in [(&key.public, "other", "(`kid`)"), (&stranger.public, "k", "its signature is not right")] {
        let error = outcome(&keys(&[jwk(public, &format!(",\"kid\":\"{kid}\""))]), token).expect_err("no key verifies it").to_string();
        assert!(error.contains(expected), "{error}");
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
