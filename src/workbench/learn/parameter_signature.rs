//! Finds a signature over parameters: the forms of the word `sign` are tried until one gives the value that was sent.

use crate::vocabulary::hash::hex;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::learn::known_values::KnownValues;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

/// A signature whose form is known.
pub(crate) struct LearnedSignature {
    /// The parameter that holds it.
    pub(crate) into: String,
    /// The words of `sign` or `verify`.
    pub(crate) words: Vec<YamlLine>,
    /// Whether it is made with a private key of the client, which no recording holds.
    pub(crate) needs_private_key: bool,
    /// Whether it is made with a secret that was never sent.
    pub(crate) needs_hidden_secret: bool,
}

/// Requests with more parameters are not examined.
const MOST: usize = 40;

/// Finds the signature among parameters. `strict` admits only forms with separators, as `verify` requires them.
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

/// Finds the header that holds a signature over the parameters of a request.
pub(crate) fn find_header_signature(
    headers: &[(String, String)],
    pairs: &[(String, String)],
    known: &KnownValues,
) -> Option<LearnedSignature> {
    if pairs.is_empty() || pairs.len() > MOST {
        return None;
    }
    let is_likely = |name: &str, value: &str| {
        let name = normalize_key(name);
        value.len() >= 20 && (name.contains("sig") || name.contains("hmac") || name.contains("hash") || name.contains("digest"))
    };
    let others: Vec<&(String, String)> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    headers.iter().filter(|(name, value)| is_likely(name, value) && known.expression_for(value).is_none()).find_map(|(name, value)| {
        let mut found = recompute_signature(name, value, &others, known, false)?;
        if let Some(line) = found.words.iter_mut().find(|line| line.key == "into") {
            "intoHeader".clone_into(&mut line.key);
        }
        Some(found)
    })
}

/// The usual form of a signature that cannot be recomputed, because the secret in it was never sent. `is_header` says that
/// these are headers.
pub(crate) fn guess_signature(pairs: &[(String, String)], is_header: bool) -> Option<LearnedSignature> {
    pairs.iter().find_map(|(into, value)| {
        let name = normalize_key(into);
        let is_likely = ["sig", "hmac", "digest"].iter().any(|part| name.contains(part)) || matches!(name.as_str(), "hash" | "mac");
        if !is_likely {
            return None;
        }
        let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let encoding = if is_hex && value.bytes().any(|byte| byte.is_ascii_uppercase()) { "hexUpper" } else { "hex" };
        let (algorithm, encoding) = match (is_hex, value.len()) {
            (true, 32) => ("md5", encoding),
            (true, 64) => ("hmacSha256", encoding),
            (false, 44) if STANDARD.decode(value).is_ok() => ("hmacSha256", "base64"),
            (false, 43) if URL_SAFE_NO_PAD.decode(value).is_ok() => ("hmacSha256", "base64url"),
            _ => return None,
        };
        let word = if is_header { "intoHeader" } else { "into" };
        let reason = "a signature with a secret that was never sent, so this is the usual form; compare it with the manual";
        let mut words = vec![YamlLine::with_comment(word, YamlValue::text(into), reason)];
        if algorithm == "md5" {
            words.push(YamlLine::new("after", YamlValue::text("${clientSecret}")));
        }
        words.push(YamlLine::new("algorithm", YamlValue::text(algorithm)));
        if algorithm != "md5" {
            words.push(YamlLine::new("key", YamlValue::text("${clientSecret}")));
        }
        let found = learned_signature(into, words, encoding);
        Some(LearnedSignature { needs_hidden_secret: true, ..found })
    })
}

/// A signature by a private key cannot be recomputed, but it is recognised by its length.
fn rsa_signature(into: &str, value: &str, strict: bool) -> Option<LearnedSignature> {
    STANDARD.decode(value).ok().filter(|bytes| !strict && matches!(bytes.len(), 128 | 256 | 384 | 512))?;
    let words = vec![
        YamlLine::with_comment(
            "into",
            YamlValue::text(into),
            "a signature by a private key; a recording cannot show what was signed, so this is the usual form",
        ),
        YamlLine::new("algorithm", YamlValue::text("rsaSha256")),
        YamlLine::new("key", YamlValue::text("${privateKey}")),
    ];
    Some(LearnedSignature { into: into.to_owned(), words, needs_private_key: true, needs_hidden_secret: false })
}

fn recompute_signature(
    into: &str,
    value: &str,
    others: &[&(String, String)],
    known: &KnownValues,
    strict: bool,
) -> Option<LearnedSignature> {
    let surroundings = possible_surroundings(known);
    let exceptions: Vec<Option<&str>> = std::iter::once(None).chain(others.iter().map(|(name, _)| Some(name.as_str()))).collect();
    let secrets: Vec<(&str, &str)> = known
        .facts()
        .iter()
        .filter(|(fact, _)| fact.to_lowercase().contains("secret") || fact.to_lowercase().contains("key"))
        .map(|(fact, value)| (fact.as_str(), value.as_str()))
        .collect();
    for exception in exceptions {
        let mut signed: Vec<(&str, &str)> = others
            .iter()
            .filter(|(name, _)| Some(name.as_str()) != exception)
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        signed.sort_unstable();
        for (pair, join) in [("=", "&"), ("=", ""), ("", "")] {
            if strict && (pair.is_empty() || join.is_empty()) {
                continue;
            }
            let text = signed.iter().map(|(name, value)| format!("{name}{pair}{value}")).collect::<Vec<_>>().join(join);
            let mut words = vec![YamlLine::with_comment("into", YamlValue::text(into), "recomputed, and equal to this signature")];
            if let Some(name) = exception {
                words.push(YamlLine::new("except", YamlValue::List(vec![YamlValue::text(name)])));
            }
            if pair != "=" {
                words.push(YamlLine::new("pair", YamlValue::text(pair)));
            }
            if join != "&" {
                words.push(YamlLine::new("join", YamlValue::text(join)));
            }
            if let Some(found) = matching_hmac(into, &words, &text, value, &secrets)
                .or_else(|| matching_plain_hash(into, &words, &text, value, &surroundings))
            {
                return Some(found);
            }
        }
    }
    None
}

fn matching_hmac(into: &str, words: &[YamlLine], text: &str, value: &str, secrets: &[(&str, &str)]) -> Option<LearnedSignature> {
    secrets.iter().find_map(|(fact, secret)| {
        let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
        let encoding = matching_encoding(made.as_ref(), value)?;
        let mut words = words.to_vec();
        words.push(YamlLine::new("algorithm", YamlValue::text("hmacSha256")));
        words.push(YamlLine::new("key", YamlValue::text(format!("${{{fact}}}"))));
        Some(learned_signature(into, words, encoding))
    })
}

fn matching_plain_hash(
    into: &str,
    words: &[YamlLine],
    text: &str,
    value: &str,
    surroundings: &[(TemplateAndValue, TemplateAndValue)],
) -> Option<LearnedSignature> {
    surroundings.iter().find_map(|(before, after)| {
        let (algorithm, encoding) = matching_hash(&format!("{}{text}{}", before.1, after.1), value)?;
        let mut words = words.to_vec();
        for (word, (template, _)) in [("before", before), ("after", after)] {
            if !template.is_empty() {
                words.push(YamlLine::new(word, YamlValue::text(template.clone())));
            }
        }
        words.push(YamlLine::new("algorithm", YamlValue::text(algorithm)));
        Some(learned_signature(into, words, encoding))
    })
}

fn learned_signature(into: &str, mut words: Vec<YamlLine>, encoding: &'static str) -> LearnedSignature {
    if encoding != "hex" {
        words.push(YamlLine::new("encoding", YamlValue::text(encoding)));
    }
    LearnedSignature { into: into.to_owned(), words, needs_private_key: false, needs_hidden_secret: false }
}

type TemplateAndValue = (String, String);

/// The texts that may come before and after the signed parameters: the secret, alone or with a name, or a hash of it with the token.
fn possible_surroundings(known: &KnownValues) -> Vec<(TemplateAndValue, TemplateAndValue)> {
    let nothing = || (String::new(), String::new());
    let mut all = vec![];
    let Some(secret) = known.value("clientSecret") else { return all };
    let with_secret = ("${clientSecret}".to_owned(), secret.to_owned());
    all.push((nothing(), with_secret.clone()));
    all.push((with_secret.clone(), nothing()));
    all.push((with_secret.clone(), with_secret.clone()));
    for name in ["key", "secret", "client_secret", "app_secret"] {
        all.push((nothing(), (format!("&{name}=${{clientSecret}}"), format!("&{name}={secret}"))));
    }
    if let Some(token) = known.value("accessToken") {
        for (first, second, expression) in
            [(token, secret, "accessToken | append clientSecret"), (secret, token, "clientSecret | append accessToken")]
        {
            let joined = format!("{first}{second}");
            let md5 = hex(Md5::digest(joined.as_bytes()).as_ref());
            let sha256 = hex(digest::digest(&digest::SHA256, joined.as_bytes()).as_ref());
            all.push((nothing(), (format!("${{{expression} | md5 | hex}}"), md5)));
            all.push((nothing(), (format!("${{{expression} | sha256 | hex}}"), sha256)));
            all.push((nothing(), (format!("${{{expression}}}"), joined)));
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
