//! Tests of keys for several algorithms, and of the tokens that they sign for apps.

use crate::session::keys::tests::PARTIES;
use crate::session::keys::{SessionSigningKeys, named_key};
use crate::session::signing_key::SessionSigningKey;
use crate::session::tests::session;
use crate::session::token_algorithm::TokenAlgorithm;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

/// A fresh key for sessions.
pub(crate) fn key(id: &str) -> Arc<SessionSigningKey> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    opened(id, TokenAlgorithm::Es256, pair.to_pkcs8v1().expect("its bytes").as_ref())
}

pub(crate) fn opened(id: &str, algorithm: TokenAlgorithm, pkcs8: &[u8]) -> Arc<SessionSigningKey> {
    Arc::new(SessionSigningKey::new(id, algorithm, pkcs8).expect("a key"))
}

/// Keys of which the first signs.
pub(crate) fn keys_of(mut keys: Vec<Arc<SessionSigningKey>>) -> SessionSigningKeys {
    let others = keys.split_off(1);
    SessionSigningKeys::new(keys, others).expect("keys")
}

/// A key of RSA, as PKCS#8. It takes a while to make, so the tests share it.
static RSA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("its bytes").as_ref().to_vec()
});

/// Keys for both algorithms: `e` and `r`.
fn both() -> SessionSigningKeys {
    SessionSigningKeys::new(vec![key("e"), opened("r", TokenAlgorithm::Rs256, &RSA)], Vec::new()).expect("keys")
}

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

#[test]
fn a_token_of_each_algorithm_names_its_key_and_is_verified_by_it() {
    let keys = both();
    let claims = json!({ "sub": "u1", "exp": 7 });
    for (algorithm, id) in [(TokenAlgorithm::Es256, "e"), (TokenAlgorithm::Rs256, "r")] {
        let token = keys.sign_claims(algorithm, "at+jwt", &claims).expect("there is a key");

        assert_eq!(part(&token, 0), json!({ "typ": "at+jwt", "alg": algorithm.name(), "kid": id }));
        assert_eq!(keys.verify_claims(&token, "at+jwt", token.len()).map(Value::Object), Some(claims.clone()));
        assert_eq!(keys.verify_claims(&token, "at+jwt", token.len() - 1), None, "it is too long");
        assert_eq!((named_key(&token, token.len()).as_deref(), named_key(&token, token.len() - 1)), (Some(id), None));
        for at in (0..token.len()).step_by(7) {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).expect("ascii");
            assert_eq!(keys.verify_claims(&other, "at+jwt", 4096), None, "{algorithm:?}, letter {at}");
        }
    }
}

#[test]
fn a_store_without_a_key_of_an_algorithm_signs_nothing_by_it() {
    let keys = keys_of(vec![key("e"), opened("r", TokenAlgorithm::Rs256, &RSA)]);

    assert!(keys.can_sign(TokenAlgorithm::Es256) && !keys.can_sign(TokenAlgorithm::Rs256), "a key that only verifies does not sign");
    assert_eq!(keys.sign_claims(TokenAlgorithm::Rs256, "JWT", &json!({})), None);
    assert!(SessionSigningKeys::new(vec![opened("r", TokenAlgorithm::Rs256, &RSA)], vec![key("e")]).is_none(), "no key signs sessions");
    assert!(SessionSigningKey::new("r", TokenAlgorithm::Es256, &RSA).is_none(), "its bytes are a key for another algorithm");
}

/// Attacks J-18, X-01, V-07
#[test]
fn a_published_key_of_each_kind_verifies_with_the_library_of_a_service_and_has_no_private_part() {
    let keys = both();
    let jwks = keys.jwks();
    let members = |jwk: &Value| jwk.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(members(&jwks["keys"][0]), "kty crv use alg kid x y");
    assert_eq!(members(&jwks["keys"][1]), "kty use alg kid n e");
    assert_eq!(
        (&jwks["keys"][1]["kty"], &jwks["keys"][1]["alg"], &jwks["keys"][1]["use"]),
        (&json!("RSA"), &json!("RS256"), &json!("sig"))
    );
    assert_eq!((&jwks["keys"][1]["e"], &jwks["keys"][1]["kid"]), (&json!("AQAB"), &json!("r")));

    for (number, algorithm, theirs) in [(0, TokenAlgorithm::Es256, Algorithm::ES256), (1, TokenAlgorithm::Rs256, Algorithm::RS256)] {
        let token = keys.sign_claims(algorithm, "JWT", &json!({ "sub": "u1" })).expect("a key");
        let jwk = serde_json::from_value(jwks["keys"][number].clone()).expect("a JWK");
        let mut validation = Validation::new(theirs);
        validation.validate_exp = false;
        validation.set_required_spec_claims::<&str>(&[]);
        let read = decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).expect("a key"), &validation).expect("it verifies");
        assert_eq!(read.claims["sub"], "u1");
    }
}

/// What is signed is ours, and the header says of it what it wants.
fn with_header(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign(signed.as_bytes())))
}

/// Lesson 90
/// Attacks J-18, X-01
#[test]
fn a_token_that_names_another_algorithm_than_its_key_has_is_refused() {
    let keys = both();
    let (es256, rs256) = (
        |signed: &[u8]| keys.find("e").expect("a key").signature(signed),
        |signed: &[u8]| keys.find("r").expect("a key").signature(signed),
    );
    let public = keys.jwks()["keys"][1]["n"].as_str().expect("a modulus").to_owned();
    let by_public_key = |signed: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()), signed).as_ref().to_vec();
    let nothing = |_: &[u8]| Vec::new();
    let claims = json!({ "sub": "u1" });
    let header = |alg: &str, kid: &str| json!({ "typ": "JWT", "alg": alg, "kid": kid });
    let with = |name: &str, value: Value| {
        let mut header = header("RS256", "r");
        header[name] = value;
        header
    };
    for (token, expected) in [
        (with_header(&header("ES256", "e"), &claims, es256), true),
        (with_header(&header("RS256", "r"), &claims, rs256), true),
        (with_header(&header("ES256", "r"), &claims, rs256), false),
        (with_header(&header("ES256", "r"), &claims, es256), false),
        (with_header(&header("RS256", "e"), &claims, es256), false),
        (with_header(&header("RS256", "e"), &claims, rs256), false),
        (with_header(&header("HS256", "r"), &claims, by_public_key), false),
        (with_header(&header("HS256", "e"), &claims, by_public_key), false),
        (with_header(&header("none", "r"), &claims, nothing), false),
        (with_header(&header("RS256", "r"), &claims, nothing), false),
        (with_header(&header("RS384", "r"), &claims, rs256), false),
        (with_header(&header("PS256", "r"), &claims, rs256), false),
        (with_header(&header("rs256", "r"), &claims, rs256), false),
        (with_header(&header("RS256", "x"), &claims, rs256), false),
        (with_header(&with("crit", json!(["exp"])), &claims, rs256), false),
        (with_header(&with("crit", json!([])), &claims, rs256), false),
        (with_header(&with("kid", json!(["r"])), &claims, rs256), false),
        (with_header(&with("jwk", keys.jwks()["keys"][1].clone()), &claims, rs256), true),
        (with_header(&json!({ "typ": "JWT", "alg": "RS256" }), &claims, rs256), false),
        (with_header(&header("RS256", "r"), &json!(["u1"]), rs256), false),
    ] {
        assert_eq!(keys.verify_claims(&token, "JWT", 4096).is_some(), expected, "{} {token}", part(&token, 0));
        assert!(keys.verify_claims(&format!("{token}."), "JWT", 4096).is_none());
        assert!(keys.verify_claims(&format!("{token}="), "JWT", 4096).is_none());
    }
}

/// Attack X-02
#[test]
fn a_token_of_one_type_is_never_accepted_as_another() {
    let keys = both();
    let claims = json!({ "sub": "u1" });
    for (signed, asked, expected) in [
        ("at+jwt", "at+jwt", true),
        ("AT+JWT", "at+jwt", true),
        ("application/at+jwt", "at+jwt", true),
        ("Application/At+Jwt", "at+jwt", true),
        ("JWT", "JWT", true),
        ("jwt", "JWT", true),
        ("JWT", "at+jwt", false),
        ("at+jwt", "JWT", false),
        ("logout+jwt", "at+jwt", false),
        ("application/application/at+jwt", "at+jwt", false),
        ("text/at+jwt", "at+jwt", false),
        ("", "JWT", false),
    ] {
        for algorithm in TokenAlgorithm::ALL {
            let token = keys.sign_claims(algorithm, signed, &claims).expect("a key");
            assert_eq!(keys.verify_claims(&token, asked, 4096).is_some(), expected, "{signed} as {asked}");
        }
    }
    let signed = |bytes: &[u8]| keys.find("r").expect("a key").signature(bytes);
    let without = with_header(&json!({ "alg": "RS256", "kid": "r" }), &claims, signed);
    assert!(keys.verify_claims(&without, "JWT", 4096).is_none());
}

/// Session tokens and ID tokens are both of the type `JWT`, and the same key may sign both.
/// Attack X-02
#[test]
fn an_id_token_is_no_session_and_a_session_by_a_key_for_apps_is_none_either() {
    let keys = both();
    let id_token = json!({
        "iss": PARTIES.issuer, "sub": "u1", "aud": "webstore", "iat": 0, "exp": 100, "auth_time": 0, "sid": "s", "nonce": "n",
        "email": "ana@loja.example", "email_verified": true, "name": "Ana"
    });
    let session_token = keys.sign(&session(0), PARTIES);
    let Value::Object(session_claims) = part(&session_token, 1) else { panic!("an object") };
    assert!(keys.verify(&session_token, PARTIES, 1).is_some());

    for algorithm in TokenAlgorithm::ALL {
        let sign = |typ: &str, claims: &Map<String, Value>| keys.sign_claims(algorithm, typ, claims).expect("a key");
        assert_eq!(keys.verify(&sign("JWT", id_token.as_object().expect("an object")), PARTIES, 1), None, "{algorithm:?}");
        assert_eq!(keys.verify(&sign("at+jwt", &session_claims), PARTIES, 1), None, "{algorithm:?}");
        let is_for_sessions = algorithm == TokenAlgorithm::Es256;
        assert_eq!(keys.verify(&sign("JWT", &session_claims), PARTIES, 1).is_some(), is_for_sessions, "{algorithm:?}");
    }
}
