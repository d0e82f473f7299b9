//! Userinfo: when it is requested, and how it is tied to the ID token.

use crate::login::{OPENID, assert_examples};
use crate::openid::TOKEN;
use crate::support::provider;

/// Attack U-09
#[test]
fn userinfo_is_asked_for_what_the_id_token_lacks() {
    let story = |claims: &str, userinfo: &str, end: &str| {
        let userinfo = if userinfo.is_empty() {
            String::new()
        } else {
            format!(
                "    - request: {{ get: https://idp.acme.example/userinfo, headers: {{ Authorization: Bearer at-1 }} }}\n      answer: {{ {userinfo} }}\n"
            )
        };
        format!(
            "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {TOKEN}{claims} }} }} }}\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}\n{userinfo}  {end}\n"
        )
    };
    let ana = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";

    assert_examples(OPENID, &story(", email: ana@loja.example, email_verified: true", "", ana));
    assert_examples(OPENID, &story("", "json: { sub: \"7\", email: ana@loja.example, email_verified: true }", ana));
    assert_examples(
        OPENID,
        &story(", email: old@loja.example", "json: { sub: \"7\", email: ana@loja.example, email_verified: true }", ana),
    );
    // A claim is not taken from one document for the address of the other.
    assert_examples(
        OPENID,
        &story(", email: ana@loja.example", "json: { sub: \"7\", email_verified: true }", "refused: { code: unprovenEmail }"),
    );
    assert_examples(
        OPENID,
        &story(", email_verified: true", "json: { sub: \"7\", email: ana@loja.example }", "refused: { code: unprovenEmail }"),
    );
    assert_examples(OPENID, &story(", email: ana@loja.example, email_verified: false", "", "refused: { code: unprovenEmail }"));
    // What userinfo does not say is unknown; only another person is never passed over.
    let ask = format!("{OPENID}missingEmail: ask\n");
    for silent in ["status: 403, json: { error: insufficient_scope }", "status: 503, text: closed", "text: no json"] {
        assert_examples(&ask, &story("", silent, "identity: { id: \"7\", ask: true }"));
    }
    assert_examples(&ask, &story("", "json: { sub: \"8\" }", "refused: { step: getUserInfo, code: badToken }"));
    for other in ["sub: \"8\", email: ana@loja.example, email_verified: true", "email: ana@loja.example, email_verified: true"] {
        assert_examples(OPENID, &story("", &format!("json: {{ {other} }}"), "refused: { step: getUserInfo, code: badToken }"));
    }
    assert_examples(OPENID, &story("", "status: 503, text: closed", "refused: { step: getUserInfo, code: \"503\" }"));
}

#[test]
fn userinfo_is_asked_only_for_what_the_file_needs() {
    let story = |file: &str, claims: &str, end: &str| {
        assert_examples(
            &format!("{OPENID}{file}"),
            &format!(
                "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {TOKEN}{claims} }} }} }}\n  exchanges: [ {{ answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }} }} ]\n  {end}\n"
            ),
        );
    };
    story("trustEmail: always\n", ", email: ana@loja.example", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }");
    // What the file reads itself is not read elsewhere.
    story(
        "trustEmail: always\ngetAccessCode: { signed: { read: { id: $.sub, email: $.upn } } }\n",
        ", upn: ana@loja.example",
        "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }",
    );
    let without_endpoint = "discovery: { issuer: https://idp.acme.example, authorization_endpoint: https://idp.acme.example/a, token_endpoint: https://idp.acme.example/t, jwks_uri: https://idp.acme.example/k }";
    story("", "", &format!("{without_endpoint}\n  refused: {{ code: missingEmail }}"));
}

#[test]
fn two_id_tokens_of_one_login_are_about_one_person() {
    let file = format!(
        "{OPENID}getAccessCode:
  - signed: {{ read: {{ id: $.sub, email: $.email, emailVerified: $.email_verified }} }}
  - post: https://idp.acme.example/exchange
    form: {{ token: \"${{accessToken}}\" }}
    read: {{ secondToken: $.second }}
    signed: {{ token: \"${{secondToken}}\", nonce: none, read: {{ plan: $.plan }} }}
identity: {{ more: [ plan ] }}
"
    );
    let refused = "refused: { step: getAccessCode, code: badToken }";
    for (subject, end) in [
        ("\"7\"", "identity: { id: \"7\", email: ana@loja.example, emailVerified: true, plan: gold }"),
        ("\"8\"", refused),
        ("[ \"8\" ]", refused),
        ("{ a: \"8\" }", refused),
        ("0", refused),
        ("\"\"", refused),
        ("null", refused),
    ] {
        assert_examples(
            &file,
            &format!(
                "- what: a login\n  tokens: {{ idToken: {{ claims: {{ {TOKEN}, email: ana@loja.example, email_verified: true }} }}, second: {{ claims: {{ iss: https://idp.acme.example, aud: ‹clientId›, sub: {subject}, plan: gold }} }} }}\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}\n    - answer: {{ json: {{ second: ‹second› }} }}\n  {end}\n"
            ),
        );
    }
}

#[test]
fn a_userinfo_answer_that_is_a_signed_token_is_verified_with_the_keys_of_the_issuer() {
    let story = |claims: &str, how: &str, answer: &str, end: &str| {
        format!(
            "- what: a login
  tokens:
    idToken: {{ claims: {{ {TOKEN} }} }}
    person: {{ claims: {{ {claims} }}{how} }}
  exchanges:
    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}
    - request: {{ get: https://idp.acme.example/userinfo, headers: {{ Authorization: Bearer at-1 }} }}
      answer: {{ {answer} }}
  {end}
"
        )
    };
    let answer = "headers: { Content-Type: application/jwt }, text: ‹person›";
    let parties = "iss: https://idp.acme.example, aud: ‹clientId›";
    let person = "email: ana@loja.example, email_verified: true";
    let ana = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    let refused = "refused: { step: getUserInfo, code: badToken }";
    let written = format!("{OPENID}getUserInfo: {{ read: {{ email: $.email, emailVerified: $.email_verified }} }}\n");
    for file in [OPENID, &format!("{OPENID}getUserInfo: {{}}\n"), &written] {
        for how in ["", ", algorithm: RS256"] {
            assert_examples(file, &story(&format!("{parties}, sub: \"7\", {person}, exp: null, iat: null"), how, answer, ana));
        }
        assert_examples(file, &story(&format!("{parties}, sub: \"7\", {person}"), "", "text: ‹person›", ana));
        for claims in [
            format!("{parties}, sub: \"8\", {person}"),
            format!("{parties}, {person}"),
            format!("iss: https://other.example, aud: ‹clientId›, sub: \"7\", {person}"),
            format!("aud: ‹clientId›, sub: \"7\", {person}"),
            format!("iss: https://idp.acme.example, aud: another, sub: \"7\", {person}"),
            format!("iss: https://idp.acme.example, sub: \"7\", {person}"),
            format!("{parties}, sub: \"7\", {person}, exp: 1000"),
        ] {
            assert_examples(file, &story(&claims, "", answer, refused));
        }
        let right = format!("{parties}, sub: \"7\", {person}");
        assert_examples(file, &story(&right, ", signedBy: stranger", answer, refused));
        // {"alg":"none"}
        let unsigned = "text: eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.eA";
        assert_examples(file, &story(&right, "", unsigned, refused));
        assert_examples(file, &story(&right, "", &format!("status: 503, {answer}"), "refused: { step: getUserInfo, code: \"503\" }"));
    }
    // A subject that is there has to be the same, also where the file itself says how the token is read.
    let signed =
        format!("{OPENID}getUserInfo: {{ signed: {{ token: answer, read: {{ email: $.email, emailVerified: $.email_verified }} }} }}\n");
    for (subject, end) in [("\"7\"", ana), ("[ \"8\" ]", refused), ("{ a: \"8\" }", refused), ("8", refused), ("\"\"", refused)] {
        assert_examples(&signed, &story(&format!("{parties}, sub: {subject}, {person}"), "", answer, end));
    }
    // The file's rules judge its claims.
    assert_examples(
        &format!("{OPENID}refused: {{ at: $.blocked, is: true, code: $.why }}\n"),
        &story(
            &format!("{parties}, sub: \"7\", {person}, blocked: true, why: left"),
            "",
            answer,
            "refused: { step: getUserInfo, code: left }",
        ),
    );
    // Where the file says what the answer is, it is that.
    assert_examples(
        &format!("{OPENID}getUserInfo: {{ answer: json }}\n"),
        &story(&format!("{parties}, sub: \"7\", {person}"), "", answer, "refused: { step: getUserInfo, code: unreadable }"),
    );
}

#[test]
fn a_file_that_composes_the_person_asks_no_userinfo_that_it_does_not_write() {
    for (identity, calls) in [
        ("", 2),
        ("identity: { name: \"Ana ${id}\" }\n", 2),
        ("identity: { id: \"acme-${id}\" }\n", 1),
        ("identity: { email: \"${id}@loja.example\" }\ntrustEmail: always\n", 1),
        ("identity: { emailVerified: { at: \"${email}\", matches: \"^.*@loja\\\\.example$\" } }\n", 1),
    ] {
        assert_eq!(provider(&format!("{OPENID}{identity}")).calls.len(), calls, "{identity}");
    }
}
