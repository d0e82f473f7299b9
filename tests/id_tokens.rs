//! ID tokens and sets of keys that are not what they should be, however well they are signed.

use crate::login::{Network, OPENID, installation, json};
use crate::openid::{DOCUMENT, IssuerKey, claims, learn_document};
use crate::support::{provider, ready};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::drive;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::keys::{Algorithm, JwsSigningKey};

/// Whether a token signs a user in under a set of keys. Only the issuer is ever asked.
fn comes_in(jwks: &str, token: impl Fn(&Attempt) -> String) -> bool {
    let provider = provider(OPENID);
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let attempt = Attempt::new(&provider, &installation, &Entropy([9; 80]), 0, Vec::new());
    let token = serde_json::to_string(&token(&attempt)).expect("a text is JSON");
    let network = Network::new(|address: &str| match address {
        address if address.ends_with("openid-configuration") => json(&format!("{{{DOCUMENT}}}")),
        address if address.ends_with("/k") => json(jwks),
        _ => json(&format!("{{\"access_token\":\"at-1\",\"id_token\":{token}}}")),
    });
    learn_document(&provider, &network, &documents, 0);
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1).expect("the callback answers the attempt");
    let outcome = ready(drive(login, &network, &documents)).1.map_err(|error| error.code().to_owned());
    assert_eq!(network.asked("evil"), 0);
    // An answer may be too large to be read at all.
    let refused = |code: &String| matches!(code.as_str(), "badToken" | "unreadable");
    assert!(outcome.as_ref().err().is_none_or(refused), "{:?}", outcome.err());
    outcome.is_ok()
}

/// Attacks J-03, J-04, J-16
#[test]
fn a_header_that_asks_for_more_or_names_another_purpose_is_refused_and_a_key_in_it_is_not_looked_at() {
    let (ours, stranger) = (IssuerKey::new(), IssuerKey::new());
    let with = |key: &IssuerKey, more: &str| {
        let header = format!("{{\"alg\":\"EdDSA\"{more}}}");
        comes_in(&ours.jwks(None), |attempt| key.signing.sign_token(&header, &claims(attempt, "")).expect("the key signs"))
    };
    assert!(with(&ours, "") && with(&ours, ",\"typ\":\"JWT\"") && !with(&stranger, ""));

    for more in [
        ",\"crit\":[\"x\"]",
        ",\"crit\":[]",
        ",\"b64\":false",
        ",\"zip\":\"DEF\"",
        ",\"enc\":\"A128GCM\"",
        ",\"typ\":\"at+jwt\"",
        ",\"typ\":\"application/at+jwt\"",
        ",\"typ\":\"logout+jwt\"",
    ] {
        assert!(!with(&ours, more), "{more}");
    }
    let jwks = stranger.jwks(None);
    let own = jwks.split_once('[').and_then(|(_, rest)| rest.strip_suffix("]}")).expect("one key");
    for more in [
        format!(",\"jwk\":{own}"),
        ",\"jku\":\"https://evil.example/k\"".to_owned(),
        ",\"x5u\":\"https://evil.example/c\"".to_owned(),
        ",\"x5c\":[\"AAAA\"]".to_owned(),
        ",\"kid\":\"../../key\"".to_owned(),
        ",\"kid\":\"' OR 1=1 --\"".to_owned(),
        format!(",\"kid\":\"{}\"", "k".repeat(10_000)),
    ] {
        assert!(!with(&stranger, &more), "{more:.60}");
    }
}

/// Attacks J-04, J-15
#[test]
fn what_is_not_written_as_a_token_is_none_and_a_very_long_one_is_not_read() {
    let key = IssuerKey::new();
    for change in [
        |token: String| format!("{token}."),
        |token: String| format!("{token}.AAAA.AAAA"),
        |token: String| format!(" {token}"),
        |token: String| format!("{token}\n"),
        |token: String| format!("{token}=="),
        |token: String| token.replacen('.', "=.", 1),
        |token: String| token.replacen('.', "..", 1),
        |token: String| token.rsplit_once('.').map_or_else(String::new, |(message, _)| format!("{message}.")),
        |token: String| token.rsplit_once('.').map_or_else(String::new, |(message, _)| message.to_owned()),
        |token: String| {
            let parts: Vec<&str> = token.split('.').collect();
            format!("{{\"protected\":\"{}\",\"payload\":\"{}\",\"signature\":\"{}\"}}", parts[0], parts[1], parts[2])
        },
    ] {
        assert!(!comes_in(&key.jwks(None), |attempt| change(key.token(None, &claims(attempt, "")))));
    }
    for (more, comes) in [
        (format!(",\"x\":\"{}\"", "a".repeat(8_000)), true),
        (format!(",\"x\":\"{}\"", "a".repeat(20_000)), false),
        (format!(",\"x\":\"{}\"", "a".repeat(1 << 20)), false),
        ((0..100_000).map(|at| format!(",\"k{at}\":1")).collect(), false),
        (format!(",\"x\":{}1{}", "[".repeat(5_000), "]".repeat(5_000)), false),
    ] {
        assert_eq!(comes_in(&key.jwks(None), |attempt| key.token(None, &claims(attempt, &more))), comes, "{} bytes more", more.len());
    }
}

/// Attacks J-10, J-12
#[test]
fn a_key_counts_only_for_what_it_is_and_a_hostile_set_of_keys_does_no_harm() {
    let (ours, stranger) = (IssuerKey::new(), IssuerKey::new());
    let under = |jwks: &str| comes_in(jwks, |attempt| ours.token(None, &claims(attempt, "")));
    let key = |more: &str| ours.jwks(None).replacen("}]}", &format!("{more}}}]}}"), 1);
    let other = stranger.jwks(None);
    let many = |count: usize| {
        let one = other.split_once('[').and_then(|(_, rest)| rest.strip_suffix("]}")).expect("one key");
        ours.jwks(None).replacen('[', &format!("[{}", format!("{one},").repeat(count)), 1)
    };

    for fine in [key(""), key(",\"use\":\"sig\""), key(",\"key_ops\":[\"verify\"]"), key(",\"alg\":\"EdDSA\""), many(63)] {
        assert!(under(&fine), "{fine:.200}");
    }
    for bad in [
        key(",\"use\":\"enc\""),
        key(",\"use\":\"other\""),
        key(",\"key_ops\":[\"encrypt\"]"),
        key(",\"key_ops\":[]"),
        key(",\"alg\":\"RS256\""),
        key("").replace("OKP", "EC"),
        key("").replace("Ed25519", "X25519"),
        key("").replace("Ed25519", "P-256"),
        key("").replacen("\"x\":\"", "\"x\":\"A", 1),
        format!("{{\"keys\":[{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{}\"}}]}}", URL_SAFE_NO_PAD.encode([0; 32])),
        format!("{{\"keys\":[{{\"kty\":\"oct\",\"k\":\"{}\"}}]}}", URL_SAFE_NO_PAD.encode(b"secret")),
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQ\"}]}".to_owned(),
        "{\"keys\":[]}".to_owned(),
        "{\"keys\":{}}".to_owned(),
        "{\"keys\":[null,7,\"x\",[]]}".to_owned(),
        "[]".to_owned(),
        "<html>".to_owned(),
        other.clone(),
        many(10_000),
    ] {
        assert!(!under(&bad), "{bad:.200}");
    }
    let named = |key: &IssuerKey| key.jwks(Some("k")).split_once('[').and_then(|(_, rest)| rest.strip_suffix("]}").map(str::to_owned));
    let both = format!("{{\"keys\":[{},{}]}}", named(&stranger).expect("a key"), named(&ours).expect("a key"));
    assert!(comes_in(&both, |attempt| ours.token(Some("k"), &claims(attempt, ""))), "of two with one name each is tried");
}

/// Attack J-10
#[test]
fn a_signature_on_a_curve_is_two_numbers_of_a_point_that_is_on_it() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("the machine has random bytes");
    let der = pair.to_pkcs8v1().expect("a key can be written");
    let signing = JwsSigningKey::read(STANDARD.encode(der.as_ref()).as_bytes(), Algorithm::Es256).expect("it is a key");
    let point = pair.public_key().as_ref()[1..].to_vec();
    let jwks = |point: &[u8]| {
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[..32]), URL_SAFE_NO_PAD.encode(&point[32..]));
        format!("{{\"keys\":[{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{x}\",\"y\":\"{y}\"}}]}}")
    };
    let with = |point: &[u8], header: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        comes_in(&jwks(point), |attempt| {
            let token = signing.sign_token(header, &claims(attempt, "")).expect("the key signs");
            let (message, signature) = token.rsplit_once('.').expect("a signature");
            let signature = change(URL_SAFE_NO_PAD.decode(signature).expect("it is coded"));
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
        })
    };
    let (header, same) = ("{\"alg\":\"ES256\"}", |signature: Vec<u8>| signature);
    assert!(with(&point, header, &same));

    for change in [
        |_: Vec<u8>| vec![0; 64],
        |_: Vec<u8>| vec![0xff; 64],
        |_: Vec<u8>| Vec::new(),
        |signature: Vec<u8>| signature[..63].to_vec(),
        |signature: Vec<u8>| [&signature[..32], &[0; 32]].concat(),
        |signature: Vec<u8>| [&[0x30, 68, 2, 32], &signature[..32], &[2, 32], &signature[32..]].concat(),
    ] {
        assert!(!with(&point, header, &change));
    }
    let mut beside = point.clone();
    beside[63] ^= 1;
    for (point, header) in [
        (&beside, header),
        (&vec![0; 64], header),
        (&point, "{\"alg\":\"RS256\"}"),
        (&point, "{\"alg\":\"ES384\"}"),
        (&point, "{\"alg\":\"EdDSA\"}"),
        (&point, "{\"alg\":\"HS256\"}"),
    ] {
        assert!(!with(point, header, &same), "{header}");
    }
}
