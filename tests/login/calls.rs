//! The calls of a login: their order, what they carry, and what they give to each other.

use crate::login::{PLAIN, assert_examples};
use crate::support::provider;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;

/// Attack T-08
#[test]
fn tokens_that_no_header_can_carry_are_never_sent() {
    let story = |token: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: \"{token}\" }} }}\n  refused: {{ step: getUserInfo, code: badHeader }}\n"
        )
    };

    for token in ["a\\r\\nX-Evil: 1", "a\\0b", "a\\nb"] {
        assert_examples(PLAIN, &story(token));
    }
    for empty in ["\"\"", "null", "{}", "[]"] {
        assert_examples(
            PLAIN,
            &format!(
                "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: {empty} }} }}\n  refused: {{ step: getUserInfo, code: missingFact }}\n"
            ),
        );
    }
}

#[test]
fn chains_of_calls_depend_on_the_facts() {
    assert_examples(
        "name: Acme
trustEmail: always
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  - post: https://sso.acme.example/app
    json: { id: \"${clientId}\", secret: \"${clientSecret}\" }
    read: { appToken: $.access_token }
  - post: https://sso.acme.example/user
    bearer: ${appToken}
    json: { code: \"${code}\", code_verifier: \"${codeVerifier}\" }
getUserInfo:
  - get: https://sso.acme.example/me
    read: { id: $.id, kind: $.kind }
  - get: https://sso.acme.example/empresa
    when: { at: \"${kind}\", is: empresa }
    optional: true
    read: { companyMail: $.mail }
  - get: https://sso.acme.example/mail
    optional: true
    read: { personMail: $.mail }
identity: { email: [ \"${companyMail}\", \"${personMail}\" ] }
",
        "- what: a company
  exchanges:
    - request: { post: https://sso.acme.example/app, json: { id: ‹clientId›, secret: ‹clientSecret› } }
      answer: { json: { access_token: app-1 } }
    - request: { post: https://sso.acme.example/user, headers: { Authorization: Bearer app-1 }, json: { code: c-1, code_verifier: ‹codeVerifier› } }
      answer: { json: { access_token: at-1 } }
    - request: { get: https://sso.acme.example/me, headers: { Authorization: Bearer at-1 } }
      answer: { json: { id: 7, kind: empresa } }
    - answer: { json: { mail: empresa@loja.example } }
    - answer: { status: 500 }
  identity: { id: \"7\", email: empresa@loja.example, emailVerified: true }
- what: a person
  exchanges:
    - answer: { json: { access_token: app-1 } }
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, kind: pessoa } }
    - request: { get: https://sso.acme.example/mail, headers: { Authorization: Bearer at-1 } }
      answer: { json: { mail: ana@loja.example } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
",
    );
}

#[test]
fn a_person_may_be_asked_about_with_another_token_and_a_fact_of_the_exchange() {
    assert_examples(
        "name: Acme
trustEmail: always
pkce: off
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  - { post: \"https://sso.acme.example/app\", form: { grant_type: client_credentials }, credentials: basic, read: { appToken: $.token } }
  - { post: \"https://sso.acme.example/code\", form: { code: \"${code}\" }, headers: { X-App-Token: \"${appToken}\" }, read: { u: $.u } }
getUserInfo: { get: \"https://sso.acme.example/users\", query: { u: \"${u}\" }, headers: { Authorization: \"App ${appToken}\" }, read: { id: $.id, email: $.email } }
",
        "- what: a login
  exchanges:
    - answer: { json: { token: app-1 } }
    - answer: { json: { u: u-7 } }
    - request: { get: https://sso.acme.example/users, query: { u: u-7 }, headers: { Authorization: App app-1 } }
      answer: { json: { id: \"7\", email: ana@loja.example } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
",
    );
}

#[test]
fn a_request_may_be_signed_with_a_secret_that_an_answer_brought() {
    let file = format!("{PLAIN}trustEmail: always\n").replace(
        "getAccessCode: { post: \"https://sso.acme.example/token\" }\ngetUserInfo: { get: \"https://sso.acme.example/me\" }",
        "getAccessCode: { post: \"https://sso.acme.example/token\", read: { sessionKey: $.key } }\ngetUserInfo:\n  get: https://sso.acme.example/me\n  extra: { a: \"1\" }\n  sign: { into: sig, algorithm: md5, after: \"${sessionKey}\" }\n  read: { id: $.id, email: $.email }",
    );
    assert_examples(
        &file,
        "- what: a login\n  exchanges:\n    - answer: { json: { access_token: at-1, key: k-1 } }\n    - request: { get: https://sso.acme.example/me, query: { a: \"1\", sig: ‹signature› }, headers: { Authorization: Bearer at-1 }, signature: { algorithm: md5, encoding: hex, text: a=1k-1 } }\n      answer: { json: { id: 7, email: ana@loja.example } }\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }\n",
    );
}

/// A provider that hands out a ticket before the redirect.
const PREPARED: &str = "name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_SECRET
trustEmail: always
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  prepare:
    - post: https://sso.acme.example/app-token
      form: { grant_type: client_credentials }
      credentials: basic
      read: { appToken: $.access_token }
    - post: https://sso.acme.example/tickets
      bearer: ${appToken}
      json: { state: \"${state}\", challenge: \"${codeChallenge}\", method: S256 }
      accepted: { at: $.ok, is: true }
      read: { ticket: $.ticket }
  query: { ticket: \"${ticket}\" }
getAccessCode: { post: \"https://sso.acme.example/token\", extra: { ticket: \"${ticket}\" } }
getUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id, email: $.email } }
";

#[test]
fn calls_before_the_redirect_give_facts_to_the_redirect_and_to_later_calls() {
    assert_examples(
        PREPARED,
        "- what: a login
  prepare:
    - request: { post: https://sso.acme.example/app-token, form: { grant_type: client_credentials }, headers: { Authorization: 'Basic ‹clientId:clientSecret›' } }
      answer: { json: { access_token: app-1 } }
    - request: { post: https://sso.acme.example/tickets, json: { state: ‹state›, challenge: ‹codeChallenge›, method: S256 }, headers: { Authorization: Bearer app-1 } }
      answer: { json: { ok: true, ticket: t-1 } }
  redirect: { get: https://sso.acme.example/entrar, query: { ticket: t-1 } }
  exchanges:
    - request: { post: https://sso.acme.example/token, form: { grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›,
                 code_verifier: ‹codeVerifier›, client_id: loja-42, client_secret: ‹clientSecret›, ticket: t-1 } }
      answer: { json: { access_token: at-1 } }
    - answer: { json: { id: 7, email: ana@loja.example } }
  identity: { id: \"7\", email: ana@loja.example, emailVerified: true }
- what: the ticket is refused
  prepare: [ { answer: { json: { access_token: app-1 } } }, { answer: { json: { ok: false, error: no_tickets } } } ]
  refused: { step: getAuthorizationCode, code: no_tickets }
- what: there is no ticket
  prepare: [ { answer: { json: { access_token: app-1 } } }, { answer: { json: { ok: true } } } ]
  refused: { step: getAuthorizationCode, code: missingFact }
- what: an error with 200
  prepare: [ { answer: { json: { access_token: app-1, error: server_error } } } ]
  refused: { step: getAuthorizationCode, code: server_error }
",
    );
    let missing = examples::read(&Source::new(
        "acme.examples.yaml",
        "- what: no call is recorded\n  refused: { step: getAuthorizationCode, code: noAnswer }\n",
    ));
    let played = replay(&provider(PREPARED), &missing.expect("it can be read")[0]);
    assert!(played.differences.iter().any(|difference| difference.to_string().starts_with("prepare 1")), "{:?}", played.differences);
}

#[test]
fn in_get_user_info_the_token_stands_once() {
    let request = |words: &str| {
        PLAIN.replace(
            "getUserInfo: { get: \"https://sso.acme.example/me\"",
            &format!("getUserInfo: {{ get: \"https://sso.acme.example/me\", {words}"),
        )
    };
    let story = |request: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - request: {{ get: https://sso.acme.example/me, {request} }}\n      answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: true }} }}\n  identity: {{ id: \"7\", email: ana@loja.example, emailVerified: true }}\n"
        )
    };
    let header = "headers: { Authorization: Bearer at-1 }";

    for (words, sent) in [
        ("extra: { v: \"1\" }", format!("query: {{ v: \"1\" }}, {header}")),
        ("extra: { t: \"${accessToken}\" }", "query: { t: at-1 }".to_owned()),
        ("extra: { p: '${accessToken | before \"-\"}' }", "query: { p: at }".to_owned()),
        (
            "extra: { p: \"${accessToken | hmacSha256 clientSecret | hex}\" }",
            "query: { p: ‹accessToken | hmacSha256 clientSecret | hex› }".to_owned(),
        ),
        (
            "extra: { p: \"${clientId | hmacSha256 accessToken | hex}\" }",
            "query: { p: ‹clientId | hmacSha256 accessToken | hex› }".to_owned(),
        ),
        (
            "extra: { v: \"1\" }, sign: { into: s, algorithm: md5, before: \"${clientSecret}\", after: \"${accessToken}\" }",
            "query: { v: \"1\", s: ‹signature› }".to_owned(),
        ),
        (
            "extra: { p: \"${accessToken | sha256 | hex}\" }, bearer: \"${accessToken}\"",
            format!("query: {{ p: ‹accessToken | sha256 | hex› }}, {header}"),
        ),
        (
            "extra: { v: \"1\" }, headers: { authorization: \"Token ${accessToken}\" }",
            "query: { v: \"1\" }, headers: { authorization: Token at-1 }".to_owned(),
        ),
    ] {
        assert_examples(&request(words), &story(&sent));
    }
}

/// Attack T-10
#[test]
fn an_access_token_that_is_no_bearer_token_is_refused_unless_the_file_accepts_its_name() {
    let file = |word: &str| {
        format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: https://a.example/a }}\ngetAccessCode: {{ post: https://a.example/t{word} }}\n\
             getUserInfo: {{ get: https://a.example/me, read: {{ id: $.id, email: $.email }} }}\n"
        )
    };
    let named = |name: &str, end: &str| {
        let person = ", { answer: { json: { id: u-1, email: ana@loja.example } } }";
        let person = if end.starts_with("refused") { "" } else { person };
        format!(
            "- what: \"the token answer with {name}\"\n  exchanges: [ {{ answer: {{ json: {{ access_token: at-1{name} }} }} }}{person} ]\n  {end}\n"
        )
    };
    let (user, refused) =
        ("identity: { id: u-1, email: ana@loja.example, emailVerified: true }", "refused: { code: badToken, step: getAccessCode }");

    for (name, end) in [
        ("", user),
        (", token_type: Bearer", user),
        (", token_type: bEaReR", user),
        (", token_type: null", user),
        (", token_type: ''", user),
        (", token_type: mac", refused),
        (", token_type: DPoP", refused),
        (", token_type: Bearer2", refused),
        (", token_type: [ Bearer ]", refused),
        (", token_type: 1", refused),
    ] {
        assert_examples(&file(""), &named(name, end));
        assert_examples(&file(", tokenType: bearer"), &named(name, end));
        assert_examples(&file(", tokenType: any"), &named(name, user));
        let read_elsewhere = name.replace("token_type", "kind");
        assert_examples(&file(", read: { tokenType: $.kind }"), &named(&read_elsewhere, end));
    }
}

#[test]
fn the_answer_of_a_call_before_the_redirect_may_be_a_document_of_any_depth() {
    provider(
        "name: Acme
trustEmail: always
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  prepare: { post: \"https://sso.acme.example/ticket\", accepted: { at: $.status.code, is: 0 }, read: { ticket: $.response.ticket } }
  extra: { ticket: \"${ticket}\" }
getAccessCode: { post: \"https://sso.acme.example/token\", read: { id: $.id, email: $.email } }
",
    );
}
