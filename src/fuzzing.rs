//! What a fuzzer tries: one function for each reader of bytes that a stranger chooses. Each panics if the reader panics, or if the
//! answer breaks the rule that stands above it. `fuzz/targets` runs them on invented bytes, and `cargo test` on the corpora.

use crate::login::attempt::{Attempt, Entropy, InstallationValues};
use crate::login::return_to::allowed_return_address;
use crate::login::{discover, drive};
use crate::pages::languages::PageLanguages;
use crate::passkeys::ceremony::{self, AssertionAnswer, KnownPasskey, RegistrationAnswer, RelyingParty};
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::hosts::{is_host, is_loopback, may_match};
use crate::provider::json_path::JsonPath;
use crate::provider::keys::{Algorithm, JwsVerifyingKey};
use crate::provider::{InstallationContext, Provider, compile, json, xml};
use crate::session::further_facts::FurtherFacts;
use crate::session::keys::{SessionSigningKeys, TokenParties};
use crate::session::seal::{MasterKey, Seal};
use crate::session::signing_key::SessionSigningKey;
use crate::session::token_algorithm::TokenAlgorithm;
use crate::stores::ip_network::IpNetwork;
use crate::stores::settings::Settings;
use crate::vocabulary::email::Email;
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, Request, Response, ResponseFuture};
use crate::vocabulary::words::Reader;
use crate::web::cookies::RequestCookies;
use crate::web::request_context::named_client;
use crate::web::request_framing::RequestFraming;
use crate::workbench::{curl, examples, har};
use crate::world::addresses::is_public;
use crate::world::random;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use serde_json::Value;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use url::Url;

/// A fuzz target.
pub type FuzzTarget = fn(&[u8]);

/// The targets, by the names of their corpora.
pub const TARGETS: [(&str, FuzzTarget); 20] = [
    ("addresses", addresses),
    ("attempt", attempt),
    ("callback", callback),
    ("cookies", cookies),
    ("curl", curl_lines),
    ("discovery", discovery),
    ("email", email),
    ("forwarded", forwarded),
    ("framing", framing),
    ("har", har_recording),
    ("hosts", hosts),
    ("jwks", jwks),
    ("language", language),
    ("passkey", passkey),
    ("path", path),
    ("return_address", return_address),
    ("session_token", session_token),
    ("settings", settings),
    ("stories", stories),
    ("xml", xml_answer),
];

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// What an authenticator sends of a new passkey is registered as it is written, and no signature is accepted that the key did not make.
pub fn passkey(bytes: &[u8]) {
    let store = RelyingParty { host: "login.loja.example", origin: "https://login.loja.example" };
    let client_data = |ceremony: &str| format!(r#"{{"type":"{ceremony}","challenge":"YWJj","origin":"{}"}}"#, store.origin).into_bytes();
    // The name of the credential stands where the shortest head of an attestation leaves it.
    let id = bytes.windows(16).find(|part| part.iter().all(|byte| *byte == 0x42)).unwrap_or_default();
    let answer = RegistrationAnswer { id, client_data: &client_data("webauthn.create"), attestation: bytes };
    let Ok(registered) = ceremony::register(store, b"abc", answer) else { return };
    assert!(bytes.windows(registered.key.len()).any(|part| *part == *registered.key), "the key stands in the bytes");
    let known = KnownPasskey { key: &registered.key, counter: registered.counter, backup_eligible: registered.backup_eligible };
    let client_data = client_data("webauthn.get");
    for at in 0..bytes.len().min(80) {
        let (authenticator_data, signature) = bytes.split_at(at);
        let answer = AssertionAnswer { client_data: &client_data, authenticator_data, signature };
        assert!(ceremony::assert(store, b"abc", known, answer).is_err(), "nothing has signed this");
    }
}

/// A cookie counts only if exactly one cookie has its name, byte for byte.
pub fn cookies(bytes: &[u8]) {
    let Ok(line) = HeaderValue::from_bytes(bytes) else { return };
    let mut headers = HeaderMap::new();
    headers.append(COOKIE, line);
    let name = "__Host-portaria";
    let Some(value) = RequestCookies::new(&headers).unique(name) else { return };
    let written = format!("{name}={value}");
    let times = bytes.split(|byte| *byte == b';').filter(|part| part.trim_ascii_start() == written.as_bytes()).count();
    assert!(times >= 1 && !value.contains(';'), "{value} is not what stands there");
    // Cookies are separated by a semicolon and one space. What follows a bare semicolon, or is no text, is no cookie of ours.
    let is_ours = |(at, part): &(usize, &[u8])| {
        let beginning: &[u8] = if *at == 0 { b"__Host-portaria=" } else { b" __Host-portaria=" };
        part.starts_with(beginning) && std::str::from_utf8(part).is_ok()
    };
    assert_eq!(bytes.split(|byte| *byte == b';').enumerate().filter(is_ours).count(), 1);
}

const PLAIN: &str = "name: Acme
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo: { get: \"https://sso.acme.example/eu\", read: { id: $.sub, email: $.email, emailVerified: $.ok } }
";
const OPENID: &str = "name: Acme\ndiscovery: https://sso.acme.example\n";

fn provider(file: &str) -> Provider {
    compile(&Source::new("acme.yaml", file), InstallationContext { loopback: false }).0.expect("the file is right")
}

fn installation(provider: &Provider) -> InstallationValues {
    let known = provider.known;
    let values =
        vec![(known.client_id, Text::plain("loja")), (known.client_secret, Text::secret("s3cr3t-of-the-store", &"clientSecret".into()))];
    InstallationValues { public_url: "https://login.loja.example".into(), values }
}

/// A callback is accepted only if it has the attempt's state, once.
pub fn callback(bytes: &[u8]) {
    static PROVIDER: LazyLock<Provider> = LazyLock::new(|| provider(PLAIN));
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(bytes).into_owned().collect();
    let (values, documents) = (installation(&PROVIDER), DocumentCache::default());
    let attempt = Attempt::new(&PROVIDER, &values, &Entropy([7; 80]), 0, Vec::new());
    let states: Vec<&String> = pairs.iter().filter(|(name, _)| name == "state").map(|(_, value)| value).collect();
    let answers = matches!(states.as_slice(), [state] if ***state == *attempt.state);
    let callback = CallbackParameters::new(pairs.clone());
    assert!(callback.document().is_object());
    let accepted = attempt.accept(&PROVIDER, &values, &callback, None, &documents, 1).is_ok();
    assert!(!accepted || answers, "a callback with the states {states:?} is accepted");
}

/// No sealed text opens but ours, and ours not after a change.
pub fn attempt(bytes: &[u8]) {
    static SEAL: LazyLock<Seal> = LazyLock::new(|| {
        let master = MasterKey::new("0123456789abcdef0123456789abcdefABCDEF-x", true).unwrap_or_else(|_| unreachable!("it is long enough"));
        Seal::new(&master, "fuzzing")
    });
    assert!(SEAL.open(&["a"], text(bytes)).is_none());
    let sealed = SEAL.seal(&["a"], bytes, [9; 12]);
    assert_eq!(SEAL.open(&["a"], &sealed).as_deref().map(Vec::as_slice), Some(bytes));
    assert!(SEAL.open(&["b"], &sealed).is_none());
    assert!(SEAL.open(&["a"], sealed.get(..sealed.len().saturating_sub(1)).unwrap_or_default()).is_none());
}

/// No token is a session but those that we signed.
pub fn session_token(bytes: &[u8]) {
    static KEYS: LazyLock<SessionSigningKeys> = LazyLock::new(|| {
        let key = |(id, algorithm)| SessionSigningKey::new(id, algorithm, &random::signing_key(algorithm)).expect("a fresh key");
        let keys = [("k1", TokenAlgorithm::Es256), ("k2", TokenAlgorithm::Rs256)].map(|named| Arc::new(key(named)));
        SessionSigningKeys::new(keys.to_vec(), Vec::new()).expect("one key for each algorithm")
    });
    let further = FurtherFacts::default();
    let store = "https://login.loja.example";
    let parties = TokenParties { issuer: store, audience: store, earlier_audience: None, store: "main", further: &further };
    assert!(KEYS.verify(text(bytes), parties, 0).is_none());
    assert!(KEYS.verify_ignoring_expiry(text(bytes), parties).is_none());
    assert!(["JWT", "at+jwt"].iter().all(|typ| KEYS.verify_claims(text(bytes), typ, bytes.len()).is_none()));
}

/// Whatever keys an issuer publishes, none of them takes an empty signature.
pub fn jwks(bytes: &[u8]) {
    let Ok(published) = json::parse(bytes) else { return };
    for algorithm in [Algorithm::Rs256, Algorithm::Ps512, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Hs256] {
        for key in JwsVerifyingKey::from_jwks(&published, algorithm, None) {
            assert!(!key.verifies(b"message", "", algorithm) && !key.verifies(b"message", "AAAA", algorithm));
        }
    }
}

/// An allowed address has a listed origin for the parser of browsers.
pub fn return_address(bytes: &[u8]) {
    let Some(allowed) = allowed_return_address(text(bytes), ["https://www.loja.example", "http://localhost:3000"]) else { return };
    let url = Url::parse(&allowed).expect("an allowed address can be read");
    assert!(["https://www.loja.example", "http://localhost:3000"].contains(&url.origin().ascii_serialization().as_str()), "{allowed}");
    assert!(allowed.bytes().all(|byte| byte.is_ascii_graphic()));
}

/// A key is an address itself, equal to itself, and can stand in a header.
pub fn email(bytes: &[u8]) {
    let Ok(address) = Email::parse(text(bytes)) else { return };
    assert_eq!(Email::parse(address.key()).as_ref().map(Email::key), Ok(address.key()));
    assert!(address.key().bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
    assert_eq!(address.key().matches('@').count(), 1);
}

/// The address of a client is the peer's, or one that stands in the header, and never a trusted proxy's while another is named.
pub fn forwarded(bytes: &[u8]) {
    let proxy: IpAddr = IpAddr::from([10, 0, 0, 7]);
    let named = named_client(proxy, std::iter::once(bytes), |address| address == proxy);
    let stranger = IpAddr::from([192, 0, 2, 1]);
    assert_eq!(named_client(stranger, std::iter::once(bytes), |address| address == proxy), stranger);
    assert!(named == proxy || bytes.len() > 1, "{named} stands nowhere");
}

/// However the bytes are cut, a connection is followed alike.
pub fn framing(bytes: &[u8]) {
    let (mut whole, mut cut) = (bytes.to_vec(), bytes.to_vec());
    let (mut at_once, mut piecewise) = (RequestFraming::default(), RequestFraming::default());
    let read = at_once.read(&mut whole);
    let readable = read.err().unwrap_or(bytes.len());
    for (at, byte) in cut.chunks_mut(1).enumerate() {
        if piecewise.read(byte).is_err() {
            assert_eq!(read, Err(at));
            return;
        }
    }
    assert_eq!(readable, bytes.len(), "read at once it ends early, and byte by byte it does not");
    assert_eq!(whole, cut);
    assert_eq!((at_once.part(), at_once.begun()), (piecewise.part(), piecewise.begun()));
}

/// The settings are read, or refused with complaints that are bounded.
pub fn settings(bytes: &[u8]) {
    let (read, report) = Settings::read(&Source::new("portaria.yaml", text(bytes)));
    assert!(read.is_some() || !report.complaints.is_empty());
    assert!(report.draw(false).len() <= 1 << 20);
}

/// A recording that was read and is written is read again with as many exchanges.
pub fn har_recording(bytes: &[u8]) {
    let Ok(exchanges) = har::read(bytes) else { return };
    let again = har::read(har::write(&exchanges).as_bytes());
    assert_eq!(again.map(|again| again.len()), Ok(exchanges.len()));
}

/// Lines of curl are read or refused.
pub fn curl_lines(bytes: &[u8]) {
    if let Ok(exchanges) = curl::read(text(bytes)) {
        assert!(curl::write(&exchanges).len() <= bytes.len().saturating_mul(20).saturating_add(1 << 16));
    }
}

/// Example stories are read, or refused with a complaint.
pub fn stories(bytes: &[u8]) {
    if let Err(report) = examples::read(&Source::new("acme.examples.yaml", text(bytes))) {
        assert!(!report.complaints.is_empty());
    }
}

/// XML is read within bounds.
pub fn xml_answer(bytes: &[u8]) {
    if let Ok(document) = xml::parse(text(bytes)) {
        assert!(document.to_string().len() <= bytes.len().saturating_mul(8).saturating_add(1 << 12));
    }
}

/// A path that is accepted finds a bounded number of values in any document.
pub fn path(bytes: &[u8]) {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(
        || serde_json::json!({ "data": { "id": 4711, "emails": [{ "value": "ana@loja.example", "primary": true }, { "value": "b" }], "a b": null }, "x": [[1, 2], [3]] }),
    );
    let mut reader = Reader::default();
    if let Some(path) = JsonPath::parse(text(bytes), Place::default(), &mut reader) {
        assert!(path.all(&DOCUMENT).len() <= 20_000);
        assert_eq!(path.first(&DOCUMENT), path.all(&DOCUMENT).first().copied());
    }
}

/// A host that the standard library reads as an address of this machine is one for us, and no pattern takes a host that is none.
pub fn hosts(bytes: &[u8]) {
    let host = text(bytes);
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>()
        && address.is_loopback()
        && is_host(host)
    {
        assert!(is_loopback(host), "{host}");
    }
    let _ = may_match("*.loja.example", host);
    if let Some(network) = IpNetwork::parse(host) {
        let _ = network.contains(IpAddr::from([127, 0, 0, 1]));
    }
}

/// An address is public in every spelling or in none.
pub fn addresses(bytes: &[u8]) {
    let Some(octets) = bytes.first_chunk::<16>() else { return };
    let wide = Ipv6Addr::from(*octets);
    if let Some(narrow) = wide.to_ipv4_mapped() {
        assert_eq!(is_public(wide.into()), is_public(narrow.into()));
    }
    if let Some(four) = bytes.first_chunk::<4>() {
        let narrow = std::net::Ipv4Addr::from(*four);
        assert!(
            !is_public(narrow.into()) || !(narrow.is_private() || narrow.is_loopback() || narrow.is_link_local() || narrow.is_multicast())
        );
    }
    assert!(!is_public(wide.into()) || !(wide.is_loopback() || wide.is_multicast() || wide.is_unspecified()));
}

/// Some language is always chosen, and one that is allowed.
pub fn language(bytes: &[u8]) {
    static LANGUAGES: LazyLock<PageLanguages> = LazyLock::new(PageLanguages::embedded);
    let allowed = ["pt-BR".to_owned(), "es".to_owned()];
    let chosen = LANGUAGES.choose(&allowed, Some(text(bytes)), text(bytes), text(bytes));
    assert!(allowed.contains(&chosen.code));
}

struct Answer(Vec<u8>);

impl Fetch for Answer {
    fn send<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
        Box::pin(std::future::ready(Ok(Response { status: 200, headers: Vec::new(), body: self.0.clone() })))
    }
}

fn finished<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("every answer is there at once"),
    }
}

/// Whatever is published as an issuer's document and answered to all calls, no user is signed in: no key of the document signed a token.
pub fn discovery(bytes: &[u8]) {
    static PROVIDER: LazyLock<Provider> = LazyLock::new(|| provider(OPENID));
    let (values, documents, answer) = (installation(&PROVIDER), DocumentCache::default(), Answer(bytes.to_vec()));
    let attempt = Attempt::new(&PROVIDER, &values, &Entropy([7; 80]), 0, Vec::new());
    finished(discover(&PROVIDER, &PROVIDER.empty_facts(), &answer, &documents, 1));
    let callback = CallbackParameters::new([("code", "c"), ("state", &*attempt.state)]);
    if let Ok(login) = attempt.accept(&PROVIDER, &values, &callback, None, &documents, 1) {
        let (_, result) = finished(drive(login, &answer, &documents));
        assert!(result.is_err());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_corpus_of_each_fuzz_target_replays() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        for (name, target) in TARGETS {
            let corpus =
                std::fs::read_dir(folder.join("corpus").join(name)).unwrap_or_else(|error| panic!("the corpus of {name}: {error}"));
            let mut replayed = 0;
            for seed in corpus {
                let seed = seed.expect("a folder can be listed").path();
                target(&crate::world::files::read_bytes(&seed, 1 << 20).expect("a seed can be read"));
                replayed += 1;
            }
            assert!(replayed > 0, "the corpus of {name} is empty");
            assert!(folder.join("targets").join(format!("{name}.rs")).is_file(), "fuzz/targets has no {name}.rs");
        }
    }

    #[test]
    fn each_fuzz_target_survives_changed_seeds() {
        // A few thousand changed bytes, always the same: what a fuzzer finds in its first seconds is found here too.
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in TARGETS {
            let seeds: Vec<_> = std::fs::read_dir(folder.join(name)).expect("a corpus").map(|seed| seed.expect("a seed").path()).collect();
            let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
            for round in 0..200_usize {
                let mut bytes = crate::world::files::read_bytes(&seeds[round % seeds.len()], 1 << 20).expect("a seed can be read");
                for _ in 0..=round % 4 {
                    chance ^= chance << 13;
                    chance ^= chance >> 7;
                    chance ^= chance << 17;
                    let (at, byte) = (usize::try_from(chance >> 16).unwrap_or_default() % bytes.len().max(1), chance.to_le_bytes()[0]);
                    match chance >> 62 {
                        0 if !bytes.is_empty() => bytes[at] = byte,
                        1 if !bytes.is_empty() => drop(bytes.remove(at)),
                        2 => bytes.insert(at.min(bytes.len()), byte),
                        _ => bytes.truncate(at.max(1)),
                    }
                }
                target(&bytes);
            }
        }
    }
}
