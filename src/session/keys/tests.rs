//! Tests of the signing keys and their tokens.

use crate::session::TokenReach;
use crate::session::further_facts::FurtherFacts;
use crate::session::keys::TokenParties;
use crate::session::signing_key::tests::{key, keys_of, opened};
use crate::session::tests::session;
use crate::session::token_algorithm::TokenAlgorithm;
use crate::session::token_claims::LONGEST;
use crate::vocabulary::email::Email;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

const NOTHING: FurtherFacts = FurtherFacts { claims: Vec::new(), headers: Vec::new() };
pub(crate) const PARTIES: TokenParties<'_> =
    TokenParties { issuer: "https://login.loja.example", audience: "webstore", earlier_audience: None, store: "main", further: &NOTHING };

fn forged(header: &Value, claims: &Value, key: &jsonwebtoken::EncodingKey) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::ES256).expect("it signs");
    format!("{message}.{signature}")
}

#[test]
fn a_token_says_again_what_the_session_was() {
    let keys = keys_of(vec![key("a"), key("b")]);

    let token = keys.sign(&session(1000), PARTIES);

    assert_eq!(keys.verify(&token, PARTIES, 1099), Some(session(1000)));
    assert_eq!(keys.verify(&token, PARTIES, 1100), None, "the second in which it is over");
}

/// Brokers of earlier versions sign tokens without the claim, also in the place of one for the store alone.
#[test]
fn a_token_that_leaves_the_host_is_known_by_its_claim() {
    let keys = keys_of(vec![key("a")]);
    let claim_of = |token: &str| keys.verify_claims(token, "JWT", 4096).expect("it is ours").get("for").cloned();
    let (own, for_store) = (keys.sign(&session(0), PARTIES), keys.sign(&session(0).for_store(), PARTIES));

    assert_eq!((claim_of(&own), claim_of(&for_store)), (Some(json!("broker")), Some(json!("store"))));
    assert_eq!(keys.verify(&for_store, PARTIES, 1), Some(session(0).for_store()));
    for value in [json!("store"), json!("anything"), json!(null), json!(["broker"])] {
        let mut claims = keys.verify_claims(&own, "JWT", 4096).expect("it is ours");
        claims.insert("for".to_owned(), value.clone());
        let token = keys.sign_claims(TokenAlgorithm::Es256, "JWT", &claims).expect("it signs");
        assert_eq!(keys.verify(&token, PARTIES, 1).map(|session| session.reach), Some(TokenReach::Store), "{value}");
    }
    let mut claims = keys.verify_claims(&own, "JWT", 4096).expect("it is ours");
    claims.remove("for");
    let token = keys.sign_claims(TokenAlgorithm::Es256, "JWT", &claims).expect("it signs");
    assert_eq!(keys.verify(&token, PARTIES, 1).map(|session| session.reach), Some(TokenReach::Store));
}

#[test]
fn a_rotation_logs_nobody_out_until_the_old_key_is_gone() {
    let bytes = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key").to_pkcs8v1().expect("its bytes");
    let before = keys_of(vec![opened("old", TokenAlgorithm::Es256, bytes.as_ref())]);
    let token = before.sign(&session(0), PARTIES);

    let during = keys_of(vec![key("new"), opened("old", TokenAlgorithm::Es256, bytes.as_ref())]);
    let after = keys_of(vec![key("new")]);

    assert!(during.verify(&token, PARTIES, 1).is_some());
    assert!(after.verify(&token, PARTIES, 1).is_none());
}

/// Attack N-08
/// Lesson 103
#[test]
fn a_token_for_another_store_issuer_or_audience_means_nothing() {
    let keys = keys_of(vec![key("a")]);
    let token = keys.sign(&session(0), PARTIES);

    for other in [
        TokenParties { store: "atacado", ..PARTIES },
        TokenParties { issuer: "https://login.loja.example/", ..PARTIES },
        TokenParties { audience: "app", ..PARTIES },
    ] {
        assert_eq!(keys.verify(&token, other, 1), None, "{other:?}");
    }
    let later = TokenParties { audience: "https://login.loja.example", earlier_audience: Some("webstore"), ..PARTIES };
    assert!(keys.verify(&token, later, 1).is_some(), "what an earlier version issued is valid until it expires");
    assert_eq!(keys.verify(&keys.sign(&session(0), later), PARTIES, 1), None, "but the new audience is not the earlier one");
}

/// Lessons 80, 90, 159
/// Attacks J-18, X-01
#[test]
fn forged_headers_and_claims_of_other_kinds_are_refused() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key").to_pkcs8v1().expect("its bytes");
    let keys = keys_of(vec![opened("a", TokenAlgorithm::Es256, pair.as_ref())]);
    let ours = jsonwebtoken::EncodingKey::from_ec_der(pair.as_ref());
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "a" });
    let claims = json!({
        "iss": PARTIES.issuer, "sub": "ana@loja.example", "uid": "u", "email_verified": true, "idp": "acme", "idp_sub": "1",
        "store": "main", "aud": "webstore", "sid": "s", "iat": 0, "exp": 100, "auth_time": 0
    });
    let with = |value: &Value, name: &str, new: Value| {
        let mut value = value.clone();
        if new.is_null() {
            value.as_object_mut().expect("an object").remove(name);
        } else {
            value[name] = new;
        }
        value
    };
    assert!(keys.verify(&forged(&header, &claims, &ours), PARTIES, 1).is_some(), "the honest one");

    for (name, new) in [
        ("iss", json!(["https://login.loja.example"])),
        ("iss", json!(7)),
        ("iss", Value::Null),
        ("aud", json!(["webstore"])),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("not an address")),
        ("exp", Value::Null),
        ("exp", json!("100")),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("store", json!("Main")),
    ] {
        assert_eq!(keys.verify(&forged(&header, &with(&claims, name, new.clone()), &ours), PARTIES, 1), None, "{name}: {new}");
    }
    for (name, new) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES384")),
        ("typ", json!("at+jwt")),
        ("kid", json!("b")),
        ("kid", json!("../a")),
        ("kid", Value::Null),
        ("crit", json!(["x"])),
    ] {
        assert_eq!(keys.verify(&forged(&with(&header, name, new.clone()), &claims, &ours), PARTIES, 1), None, "{name}: {new}");
    }
}

#[test]
fn every_flipped_letter_is_noticed() {
    let keys = keys_of(vec![key("a")]);
    let token = keys.sign(&session(0), PARTIES);

    for at in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).expect("ascii");
        assert_eq!(keys.verify(&other, PARTIES, 1), None, "letter {at}");
    }
}

/// Attack X-15
#[test]
fn a_million_random_texts_are_no_tokens() {
    let keys = keys_of(vec![key("a")]);
    let token = keys.sign(&session(0), PARTIES);
    let letters = b"ABCDwxyz0189-_.=%{}\"\x00\xff";
    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance >> 33).unwrap_or_default()
    };

    for at in 0..1_000_000 {
        let text: Vec<u8> = (0..next() % 40).map(|_| letters[next() % letters.len()]).collect();
        let text = String::from_utf8_lossy(&text);
        // Most are rubbish; some begin as a token of ours does.
        let text = if at % 50 == 0 { format!("{}{text}", &token[..next() % token.len()]) } else { text.into_owned() };
        // By chance a token may be put together again, letter by letter.
        assert!(text == token || keys.verify(&text, PARTIES, 1).is_none(), "{text:?}");
    }
}

/// Attack X-09
#[test]
fn a_token_stays_below_a_kibibyte_whatever_the_provider_says() {
    let keys = keys_of(vec![key("a")]);
    let long = |letters: usize| "é".repeat(letters);
    let mut session = session(0);
    session.person.email =
        Email::parse(&format!("{}@{}.example", "a".repeat(64), ["b".repeat(60), "c".repeat(60), "d".repeat(50)].join(".")))
            .expect("an address");
    session.person.name = Some(long(64).into());
    session.person.provider_id = long(127).into();

    let token = keys.sign(&session, PARTIES);

    assert!(token.len() <= LONGEST, "{} bytes", token.len());
    assert_eq!(keys.verify(&token, PARTIES, 1).map(|session| session.person.email), Some(session.person.email));
}

#[test]
fn further_facts_travel_under_the_names_of_the_settings() {
    let keys = keys_of(vec![key("a")]);
    let named = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, fact)| ((*name).into(), (*fact).into())).collect();
    let further = FurtherFacts { claims: named(&[("cpf", "taxId")]), headers: named(&[("x-auth-cpf", "taxId"), ("x-auth-plan", "plan")]) };
    let parties = TokenParties { further: &further, ..PARTIES };
    let mut session = session(0);
    session.person.facts = vec![("taxId".into(), "123".into()), ("plan".into(), "ouro".into()), ("secret".into(), "x".into())];

    let token = keys.sign(&session, parties);
    let read = keys.verify(&token, parties, 1).expect("it is good").person;

    assert_eq!((read.fact("taxId"), read.fact("plan"), read.fact("secret")), (Some("123"), Some("ouro"), None));
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64")).expect("JSON");
    assert_eq!((&claims["cpf"], &claims["more"]), (&json!("123"), &json!({ "plan": "ouro" })));
    assert_eq!(keys.verify(&token, PARTIES, 1).map(|session| session.person.facts), Some(Vec::new()), "the settings name them no more");
}

#[test]
fn a_further_fact_that_does_not_fit_is_left_out_and_the_others_stay() {
    let keys = keys_of(vec![key("a")]);
    let fact = |name: &str, value: String| (Box::<str>::from(name), Box::<str>::from(value));
    let named = |names: &[&str]| names.iter().map(|name| ((*name).into(), (*name).into())).collect();
    let further = FurtherFacts { claims: named(&["small", "large", "last"]), headers: Vec::new() };
    let parties = TokenParties { further: &further, ..PARTIES };
    for length in 0..400 {
        let mut session = session(0);
        session.person.facts = vec![fact("small", "a".into()), fact("large", "é".repeat(length)), fact("last", "z".into())];

        let left_out = keys.remove_what_does_not_fit(&mut session, parties);
        let token = keys.sign(&session, parties);

        assert!(token.len() <= LONGEST, "{} bytes", token.len());
        let read = keys.verify(&token, parties, 1).expect("it is good").person;
        assert_eq!(read.facts, session.person.facts);
        assert_eq!(read.name.as_deref(), Some("Ana"), "the name is not given up for a further fact");
        assert_eq!(read.fact("large").is_none(), left_out.iter().any(|name| **name == *"large"), "{length}");
        if !(100..=350).contains(&length) {
            assert_eq!((read.fact("small"), read.fact("last"), left_out.len()), (Some("a"), Some("z"), usize::from(length > 350)));
        }
    }
}

/// Lesson 99
#[test]
fn only_public_halves_are_published() {
    let keys = keys_of(vec![key("a"), key("b")]);

    let jwks = keys.jwks().to_string();

    assert!(jwks.contains("\"kid\":\"b\"") && !jwks.contains("\"d\":"));
}
