//! A signed token that is not accepted: what is proposed, and what never is.

use crate::support::provider;
use portaria::story::proposal::Proposal;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::propose;

/// The proposals after a login whose ID token has these claims, where the file verifies it by `signed`.
fn proposals(signed: &str, claims: &str) -> Vec<Proposal> {
    let file = format!(
        "name: Acme\nclientId: loja-42\ngetAuthorizationCode: {{ get: https://idp.example/a, scope: openid email, extra: {{ nonce: \"${{nonce}}\" }} }}\n\
         getAccessCode:\n  post: https://idp.example/t\n  signed: {{ {signed}, keys: https://idp.example/keys, read: {{ id: $.sub, email: $.email, emailVerified: $.email_verified }} }}\n"
    );
    let acme = provider(&file);
    let story = format!(
        "- what: x\n  tokens:\n    idToken: {{ {claims} }}\n  exchanges: [ {{ answer: {{ json: {{ access_token: at-1, token_type: Bearer, id_token: ‹idToken› }} }} }} ]\n  refused: {{ code: x }}\n"
    );
    let stories = examples::read(&Source::new("acme.examples.yaml", story)).unwrap_or_else(|report| panic!("{}", report.draw(false)));
    let played = replay(&acme, &stories[0]);
    assert!(played.end.is_err(), "the token is not accepted");
    propose(&acme, played.end.as_ref(), &played.trace)
}

/// The lines that a proposal with this word would add, and whether there is one.
fn change_of(proposals: &[Proposal], because: &str) -> Option<String> {
    let found = proposals.iter().find(|proposal| proposal.because == because).unwrap_or_else(|| panic!("{because}: {proposals:?}"));
    found.change.as_ref().map(|change| change.added.join("\n"))
}

const CLAIMS: &str = "aud: loja-42, nonce: ‹nonce›, sub: a7, email: ana@loja.example, email_verified: true";

#[test]
fn another_spelling_of_the_issuer_is_proposed_and_another_issuer_never() {
    let with_issuer = |issuer: &str| proposals("issuer: \"https://idp.example\"", &format!("claims: {{ iss: \"{issuer}\", {CLAIMS} }}"));

    let slash = change_of(&with_issuer("https://idp.example/"), "tokenIssuerOther");
    assert!(slash.is_some_and(|added| added.contains("issuer: \"https://idp.example/\"")));
    for issuer in ["https://idp.example/tenant-2", "https://evil.example", "http://idp.example", "https://idp.example.evil.example"] {
        assert_eq!(change_of(&with_issuer(issuer), "tokenIssuerOther"), None, "{issuer}");
    }
    let personal = with_issuer("ana@loja.example");
    assert!(!format!("{personal:?}").contains("ana@loja"), "{personal:?}");
}

#[test]
fn another_audience_is_described_and_never_written() {
    let other = proposals(
        "issuer: \"https://idp.example\", audience: loja-42",
        "claims: { iss: \"https://idp.example\", aud: other-client, nonce: ‹nonce›, sub: a7, email: ana@loja.example, email_verified: true }",
    );

    assert_eq!(change_of(&other, "tokenAudienceOther"), None);
    assert!(other.iter().all(|proposal| proposal.change.is_none()), "{other:?}");
}

#[test]
fn an_algorithm_of_the_published_keys_is_proposed() {
    let claims = format!("algorithm: ES256, claims: {{ iss: \"https://idp.example\", {CLAIMS} }}");
    let other = proposals("issuer: \"https://idp.example\", algorithms: [ ES384 ]", &claims);

    let added = change_of(&other, "tokenAlgorithmOther");
    assert!(added.is_some_and(|added| added.contains("algorithms: [ ES256 ]")), "{other:?}");
}

#[test]
fn the_nonce_is_never_given_up() {
    let claims = "claims: { iss: \"https://idp.example\", aud: loja-42, sub: a7, email: ana@loja.example, email_verified: true }";

    let found = proposals("issuer: \"https://idp.example\"", claims);

    assert_eq!(change_of(&found, "tokenNonceMissing"), None);
    assert!(found.iter().all(|proposal| proposal.change.is_none()), "{found:?}");
}

#[test]
fn a_token_that_cannot_be_trusted_changes_nothing() {
    let claims = format!("claims: {{ iss: \"https://idp.example\", {CLAIMS} }}");
    let expired = format!("claims: {{ iss: \"https://idp.example\", exp: 1000, {CLAIMS} }}");
    for token in [format!("signedBy: stranger, {claims}"), expired] {
        let found = proposals("issuer: \"https://idp.example\"", &token);
        let weaker = ["nonce:", "issuer:", "audience:", "algorithms:", "keys:", "trustEmail", "exp:"];
        let changes = found.iter().filter_map(|proposal| proposal.change.as_ref());
        let is_weaker = |line: &String| weaker.iter().any(|word| line.contains(word));
        assert!(
            changes.flat_map(|change| change.added.iter().filter(|line| !change.removed.contains(line))).all(|line| !is_weaker(line)),
            "{found:?}"
        );
    }
}
