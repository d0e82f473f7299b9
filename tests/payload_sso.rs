//! A provider that hands over a signed payload, with no call behind it: its file, its stories, and logins against it.

use crate::login::{Network, assert_examples, installation};
use crate::simulate::broker::{Broker, Folder};
use crate::support::{provider, ready, root, text};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portaria::login::attempt::{Attempt, Entropy};
use portaria::login::drive;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;

fn file() -> String {
    text(&root().join("tests/payload_sso/forum.yaml"))
}

fn stories() -> String {
    text(&root().join("tests/payload_sso/forum.examples.yaml"))
}

/// The provider's side: signs a payload with the secret that it shares with the installation.
fn signature(secret: &str, payload: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), payload.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parameter(text: &str, name: &str) -> String {
    let found = url::form_urlencoded::parse(text.as_bytes()).find(|(known, _)| known == name);
    found.map_or_else(|| panic!("{name} in {text}"), |(_, value)| value.into_owned())
}

#[test]
fn the_stories_of_a_payload_hold() {
    assert_examples(&file(), &stories());
}

#[test]
fn a_signed_payload_is_a_login_and_nothing_else_is() {
    let provider = provider(&file());
    let installation = installation(&provider);
    let documents = DocumentCache::default();
    let attempt = Attempt::new(&provider, &installation, &Entropy([5; 80]), 0, Vec::new());

    // The forum reads the payload of the redirect as its manual says, and answers with one of its own.
    let redirect = attempt.redirect_request(&provider, &installation, &documents).expect("the redirect can be written");
    let (_, query) = redirect.address.expose().split_once('?').expect("it has parameters");
    let sent = parameter(query, "sso");
    assert_eq!(parameter(query, "sig"), signature("s-1", &sent));
    let inside = String::from_utf8(STANDARD.decode(sent).expect("it is base64")).expect("it is a text");
    assert_eq!(parameter(&inside, "return_sso_url"), "https://login.loja.example/callback/acme");
    let state = parameter(&inside, "nonce");
    let payload = |state: &str, id: &str| STANDARD.encode(format!("external_id={id}&email=ana%40loja.example&activation=ok&nonce={state}"));
    let right = payload(&state, "7");

    let end = |pairs: &[(&str, &str)]| {
        let callback = CallbackParameters::new(pairs.iter().copied());
        let login = attempt.accept(&provider, &installation, &callback, None, &documents, 1);
        let end = login.map(|login| ready(drive(login, &Network::new(|_| panic!("no call is made")), &documents)).1);
        end.and_then(|end| end).map(|identity| identity.id.to_string()).map_err(|error| error.code().to_owned())
    };
    let signed = |payload: &str| end(&[("sso", payload), ("sig", &signature("s-1", payload))]);
    assert_eq!(signed(&right), Ok("7".to_owned()));
    assert_eq!(end(&[("sso", &right), ("sig", &signature("s-1", &right)), ("external_id", "8")]), Ok("7".to_owned()));

    let other = payload(&state, "8");
    let old = payload("the-state-of-another-login", "7");
    for (what, outcome) in [
        ("a payload of another login", signed(&old)),
        ("a payload without the state", signed(&STANDARD.encode("external_id=7"))),
        ("two states", signed(&STANDARD.encode(format!("external_id=7&nonce={state}&nonce={state}")))),
    ] {
        assert_eq!(outcome, Err("badState".to_owned()), "{what}");
    }
    for (what, outcome) in [
        ("a stranger's key", end(&[("sso", &right), ("sig", &signature("s-2", &right))])),
        ("the signature of another payload", end(&[("sso", &other), ("sig", &signature("s-1", &right))])),
        ("a line break in the payload", end(&[("sso", &format!("{right}\n")), ("sig", &signature("s-1", &right))])),
        ("no signature", end(&[("sso", &right)])),
        ("an empty one", end(&[("sso", &right), ("sig", "")])),
    ] {
        assert_eq!(outcome, Err("badSignature".to_owned()), "{what}");
    }
    assert!(end(&[("sig", &signature("s-1", ""))]).is_err());
    assert_eq!(end(&[("sso", &right), ("sso", &other), ("sig", &signature("s-1", &right))]), Err("badCallback".to_owned()));
}

#[test]
fn a_nonce_in_the_payload_ties_the_callback_to_the_login() {
    let replace = |file: String, old: &str, new: &str| {
        assert!(file.contains(old), "{old}");
        file.replace(old, new)
    };
    let with_nonce = replace(file(), "prepend state", "prepend nonce");
    let with_nonce =
        replace(with_nonce, "state: '${$.sso | base64Decode | form \"nonce\"}' ", "back: '${$.sso | base64Decode | form \"nonce\"}' ");
    let with_nonce = replace(with_nonce, "pkce: off\n", "pkce: off\nrequire: { at: \"${back}\", is: \"${nonce}\" }\n");
    let with_nonce = replace(with_nonce, "  refused:", "  stateIn: cookie\n  refused:");
    let story = |nonce: &str, end: &str| {
        let payload = STANDARD.encode(format!("external_id=7&email=ana%40loja.example&activation=ok&nonce={nonce}"));
        format!("- what: a login\n  callback: {{ sso: {payload}, sig: ‹signature› }}\n  {end}\n")
    };

    let person = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    assert_examples(&with_nonce, &story("‹nonce›", person));
    assert_examples(&with_nonce, &story("that-of-another-login", "refused: { code: notAllowed }"));
}

#[test]
fn a_word_that_stands_twice_in_a_payload_is_not_missing() {
    let read = "    name: '${$.sso | base64Decode | form \"name\"}'\n";
    let required = file().replace(read, "    failed: '${$.sso | base64Decode | form \"failed\"}'\n");
    let required = required.replace("pkce: off\n", "pkce: off\nrequire: { at: \"${failed}\", present: false }\n");
    let end = required.find("  refused:").expect("the file has a rule");
    let story = |more: &str, end: &str| {
        let payload = STANDARD.encode(format!("external_id=7&email=ana%40loja.example&activation=ok&nonce=‹state›{more}"));
        format!("- what: a login\n  callback: {{ sso: {payload}, sig: ‹signature› }}\n  {end}\n")
    };

    let refused = (file(), "step: getAuthorizationCode, code: access_denied");
    for (file, end) in [refused, (required[..end].to_owned(), "code: notAllowed")] {
        assert_examples(&file, &story("&failed=", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
        for more in ["&failed=true", "&failed=true&failed=true", "&failed=&failed=true", "&failed=true&fail%65d=true"] {
            assert_examples(&file, &story(more, &format!("refused: {{ {end} }}")));
        }
    }
}

#[actix_web::test]
async fn a_simulation_returns_the_state_in_the_payload() {
    let folder = Folder::new();
    folder.write("providers.d/forum.yaml", &file());
    folder.write("providers.d/forum.examples.yaml", &stories());
    let broker = Broker::at(folder, &["forum"]).await;
    let browser = broker.browser();

    let visit = browser.arrive("forum", &[]).await;
    assert_eq!(browser.choose(&visit, "story-1").await.status, 303);

    assert_eq!(browser.session().await["email"], "ana@loja.example");
    broker.stop().await;
}

/// A story of a login does not say of a callback whose signature is wrong that something is not in it.
#[test]
fn nothing_is_read_from_a_payload_whose_signature_is_wrong() {
    let folder = crate::command_line::Folder::new("payload-signature").with("providers.d/forum.yaml", &file());
    let inside = STANDARD.encode("external_id=7&email=ana%40loja.example&nonce=n");
    let callback = format!("sso={}&sig=00", url::form_urlencoded::byte_serialize(inside.as_bytes()).collect::<String>());

    let secrets = [("FORUM_SECRET", "s-1"), ("FORUM_CLIENT_SECRET", "s-1")];
    let (code, out, err) = crate::command_line::portaria(&folder.0, &["explain", "forum", "--callback", &callback], &secrets);

    assert!(code == 1 && out.contains("badSignature") && !out.contains("nothing at"), "{out}{err}");
}

#[test]
fn a_client_id_that_nothing_uses_need_not_be_set() {
    let needed = |file: &str| {
        let provider = provider(file);
        provider.needed.iter().map(|needed| provider.names.name(needed.fact).to_string()).collect::<Vec<_>>()
    };

    assert_eq!(needed(&file()), ["clientSecret"]);
    let token = "name: Acme
getAuthorizationCode: { get: https://sso.acme.example/a }
getAccessCode: { post: https://sso.acme.example/t, signed: { token: \"${idToken}\", issuer: https://sso.acme.example, keys: https://sso.acme.example/k, read: { id: $.sub, email: $.email, emailVerified: $.email_verified } } }
";
    assert_eq!(needed(token), ["clientId", "clientSecret"]);
}
