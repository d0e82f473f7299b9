//! Signatures over parameters: the manners of the word `sign` are tried until one gives what was sent.

use crate::provider::functions::hex;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::draft::{DraftEntry, DraftValue};
use crate::workbench::learn::known_values::KnownValues;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

/// A signature that was found out.
pub(crate) struct LearnedSignature {
    /// The parameter that holds it.
    pub(crate) into: String,
    /// The words of `sign` or `verify`.
    pub(crate) words: Vec<DraftEntry>,
    /// Whether its key is one of the client's own, which no recording holds.
    pub(crate) wants_key: bool,
}

/// More parameters than these are not signed in a way that is looked for.
const MOST: usize = 40;

/// Looks for a signature among parameters. `strict` asks for a manner that can be taken apart again, as for a callback.
pub(crate) fn find_signature(pairs: &[(String, String)], known: &KnownValues, strict: bool) -> Option<LearnedSignature> {
    if pairs.len() > MOST {
        return None;
    }
    let candidates = pairs.iter().filter(|(name, value)| {
        let name = normalize_key(name);
        known.expression_for(value).is_none()
            && (name.contains("sig") || name == "hmac" || name == "hash" || name == "mac")
            && value.len() >= 20
    });
    candidates.into_iter().find_map(|(into, value)| {
        let others: Vec<&(String, String)> = pairs.iter().filter(|(name, value)| name != into && !value.is_empty()).collect();
        recompute_signature(into, value, &others, known, strict).or_else(|| rsa_signature(into, value, strict))
    })
}

/// A signature by a private key cannot be made again, but it can be told by its length.
fn rsa_signature(into: &str, value: &str, strict: bool) -> Option<LearnedSignature> {
    let bytes = STANDARD.decode(value).ok().filter(|bytes| !strict && matches!(bytes.len(), 128 | 256 | 384 | 512))?;
    drop(bytes);
    let words = vec![
        DraftEntry::with_reason(
            "into",
            DraftValue::text(into),
            "a signature by a private key; a recording cannot show over what, so this is the usual manner",
        ),
        DraftEntry::new("algorithm", DraftValue::text("rsaSha256")),
        DraftEntry::new("key", DraftValue::text("${privateKey}")),
    ];
    Some(LearnedSignature { into: into.to_owned(), words, wants_key: true })
}

fn recompute_signature(
    into: &str,
    value: &str,
    others: &[&(String, String)],
    known: &KnownValues,
    strict: bool,
) -> Option<LearnedSignature> {
    let around = possible_surroundings(known);
    let leave: Vec<Option<&str>> = std::iter::once(None).chain(others.iter().map(|(name, _)| Some(name.as_str()))).collect();
    let secrets: Vec<(&str, &str)> = known
        .facts()
        .iter()
        .filter(|(fact, _)| fact.to_lowercase().contains("secret") || fact.to_lowercase().contains("key"))
        .map(|(fact, value)| (fact.as_str(), value.as_str()))
        .collect();
    for left_out in leave {
        let mut signed: Vec<(&str, &str)> = others
            .iter()
            .filter(|(name, _)| Some(name.as_str()) != left_out)
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        signed.sort_unstable();
        for (pair, join) in [("=", "&"), ("=", ""), ("", "")] {
            if strict && (pair.is_empty() || join.is_empty()) {
                continue;
            }
            let text = signed.iter().map(|(name, value)| format!("{name}{pair}{value}")).collect::<Vec<_>>().join(join);
            let mut words = vec![DraftEntry::with_reason("into", DraftValue::text(into), "recomputed: it is this signature")];
            if let Some(name) = left_out {
                words.push(DraftEntry::new("except", DraftValue::List(vec![DraftValue::text(name)])));
            }
            if pair != "=" {
                words.push(DraftEntry::new("pair", DraftValue::text(pair)));
            }
            if join != "&" {
                words.push(DraftEntry::new("join", DraftValue::text(join)));
            }
            for (fact, secret) in &secrets {
                let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
                if let Some(encoding) = matching_encoding(made.as_ref(), value) {
                    words.push(DraftEntry::new("algorithm", DraftValue::text("hmacSha256")));
                    words.push(DraftEntry::new("key", DraftValue::text(format!("${{{fact}}}"))));
                    return Some(learned_signature(into, words, encoding));
                }
            }
            for (before, after) in &around {
                let all = format!("{}{text}{}", before.1, after.1);
                if let Some((algorithm, encoding)) = matching_hash(&all, value) {
                    if !before.0.is_empty() {
                        words.push(DraftEntry::new("before", DraftValue::text(before.0.clone())));
                    }
                    if !after.0.is_empty() {
                        words.push(DraftEntry::new("after", DraftValue::text(after.0.clone())));
                    }
                    words.push(DraftEntry::new("algorithm", DraftValue::text(algorithm)));
                    return Some(learned_signature(into, words, encoding));
                }
            }
        }
    }
    None
}

fn learned_signature(into: &str, mut words: Vec<DraftEntry>, encoding: &'static str) -> LearnedSignature {
    if encoding != "hex" {
        words.push(DraftEntry::new("encoding", DraftValue::text(encoding)));
    }
    LearnedSignature { into: into.to_owned(), words, wants_key: false }
}

type TemplateAndValue = (String, String);

/// What may stand before and after the parameters: the secret, alone or with a name, or a hash of it with the token.
fn possible_surroundings(known: &KnownValues) -> Vec<(TemplateAndValue, TemplateAndValue)> {
    let nothing = || (String::new(), String::new());
    let mut all = vec![];
    let Some(secret) = known.value("clientSecret") else { return all };
    let told = ("${clientSecret}".to_owned(), secret.to_owned());
    all.push((nothing(), told.clone()));
    all.push((told.clone(), nothing()));
    all.push((told.clone(), told.clone()));
    for name in ["key", "secret", "client_secret", "app_secret"] {
        all.push((nothing(), (format!("&{name}=${{clientSecret}}"), format!("&{name}={secret}"))));
    }
    if let Some(token) = known.value("accessToken") {
        for (one, other, how) in
            [(token, secret, "accessToken | append clientSecret"), (secret, token, "clientSecret | append accessToken")]
        {
            let joined = format!("{one}{other}");
            let md5 = hex(Md5::digest(joined.as_bytes()).as_ref());
            let sha256 = hex(digest::digest(&digest::SHA256, joined.as_bytes()).as_ref());
            all.push((nothing(), (format!("${{{how} | md5 | hex}}"), md5)));
            all.push((nothing(), (format!("${{{how} | sha256 | hex}}"), sha256)));
            all.push((nothing(), (format!("${{{how}}}"), joined)));
        }
    }
    all
}

fn matching_hash(text: &str, value: &str) -> Option<(&'static str, &'static str)> {
    let bytes = text.as_bytes();
    let all: [(&'static str, Vec<u8>); 3] = [
        ("md5", Md5::digest(bytes).to_vec()),
        ("sha1", digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()),
        ("sha256", digest::digest(&digest::SHA256, bytes).as_ref().to_vec()),
    ];
    all.into_iter().find_map(|(name, made)| matching_encoding(&made, value).map(|encoding| (name, encoding)))
}

fn matching_encoding(bytes: &[u8], value: &str) -> Option<&'static str> {
    let small = hex(bytes);
    if small == value {
        Some("hex")
    } else if small.eq_ignore_ascii_case(value) && value == small.to_uppercase() {
        Some("hexUpper")
    } else if STANDARD.encode(bytes) == value {
        Some("base64")
    } else if URL_SAFE_NO_PAD.encode(bytes) == value {
        Some("base64url")
    } else {
        None
    }
}
