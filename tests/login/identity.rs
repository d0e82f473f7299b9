//! The identity that a login gives: the id, the address and whether it is proven, and the name.

use crate::login::{OPENID, PLAIN, assert_examples};
use crate::support::provider;
use portaria::provider::fact_origin::FactOrigin;
use portaria::vocabulary::place::Place;

/// Attacks U-01, U-02, U-03
#[test]
fn ids_are_texts_exact_to_the_last_digit_and_empty_values_are_no_ids() {
    let story = |id: &str, end: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ sub: {id}, email: ana@loja.example, email_verified: true }} }}\n  {end}\n"
        )
    };
    let comes_in = |id: &str| format!("identity: {{ id: \"{id}\", email: ana@loja.example, emailVerified: true }}");

    for (written, id) in [
        ("9007199254740993", "9007199254740993"),
        ("9007199254740992", "9007199254740992"),
        ("18446744073709551617000", "18446744073709551617000"),
        ("\"Abc\"", "Abc"),
        ("\"aBc\"", "aBc"),
    ] {
        assert_examples(PLAIN, &story(written, &comes_in(id)));
    }
    let long = format!("\"{}\"", "x".repeat(256));
    for nothing in ["null", "\"\"", "\" \"", "\"null\"", "\"undefined\"", "0", "false", "[]", "{}", "\"a\\u0000b\"", "\"a\\nb\"", &long] {
        assert_examples(PLAIN, &story(nothing, "refused: { code: missingId }"));
    }
}

/// Attacks U-02, U-03
#[test]
fn what_names_no_person_composes_neither_an_id_nor_an_address() {
    let file = |access: &str, reads: &str, identity: &str| {
        format!(
            "name: Acme
trustEmail: always
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}
getAccessCode: {{ post: \"https://sso.acme.example/token\", read: {{ accessToken: $.access_token{access} }} }}
getUserInfo: {{ get: \"https://sso.acme.example/me\", read: {{ {reads} }} }}
{identity}"
        )
    };
    let story = |id: &str, end: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1, uid: {id} }} }}\n    - answer: {{ json: {{ id: {id}, open: o-7, shop: s1, mail: ana@loja.example }} }}\n  {end}\n"
        )
    };
    let comes_in = |id: &str, email: &str| format!("identity: {{ id: \"{id}\", email: {email}, emailVerified: true }}");
    let ana = "ana@loja.example";
    for (access, reads, identity, id, email) in [
        ("", "id: \"u:${$.id}\", email: $.mail", "", "u:7", ana),
        ("", "id: \"${$.id}:${$.shop}\", email: $.mail", "", "7:s1", ana),
        ("", "id: '${$.id | prepend \"u:\"}', email: $.mail", "", "u:7", ana),
        ("", "id: '${$.id | append \"@acme\" | upper}', email: $.mail", "", "7@ACME", ana),
        (", uid: $.uid", "id: '${$.shop | append \":\" | append uid}', email: $.mail", "", "s1:7", ana),
        ("", "id: [ \"u:${$.id}\", \"o:${$.open}\" ], email: $.mail", "", "u:7", ana),
        ("", "union: $.id, open: $.open, email: $.mail", "identity: { id: [ \"u:${union}\", \"o:${open}\" ] }\n", "u:7", ana),
        ("", "key: \"u:${$.id}\", email: $.mail", "identity: { id: \"${key}\" }\n", "u:7", ana),
        ("", "shop: $.id, open: $.open, email: $.mail", "identity: { id: \"${shop}:${open}\" }\n", "7:o-7", ana),
        ("", "id: $.open, email: \"${$.id}@loja.example\"", "", "o-7", "7@loja.example"),
        ("", "id: $.open, user: $.id", "identity: { email: \"u-${user}@loja.example\" }\n", "o-7", "u-7@loja.example"),
    ] {
        let file = file(access, reads, identity);
        assert_examples(&file, &story("\"7\"", &comes_in(id, email)));
        let end = format!("refused: {{ code: {} }}", if email == ana { "missingId" } else { "missingEmail" });
        for nothing in ["0", "\"0\"", "true", "false", "\"null\"", "\" \"", "\"undefined\"", "None", "\"NaN\"", "\" null \"", "0.0"] {
            assert_examples(&file, &story(nothing, &end));
        }
    }
}

#[test]
fn trust_and_missing_addresses_follow_the_file() {
    let story = |answer: &str, end: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ sub: \"7\"{answer} }} }}\n  {end}\n"
        )
    };
    let (proven, unproven, nothing) =
        (", email: Ana@Loja.Example, email_verified: true", ", email: ana@loja.example, email_verified: false", "");
    let came = "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }";
    let asked = "identity: { id: \"7\", email: ana@loja.example, ask: true }";
    for (words, answer, end) in [
        ("", proven, came),
        ("", unproven, "refused: { code: unprovenEmail }"),
        ("", nothing, "refused: { code: missingEmail }"),
        ("", ", email: not-an-address, email_verified: true", "refused: { code: missingEmail }"),
        ("trustEmail: always\n", unproven, came),
        ("trustEmail: [ loja.example ]\n", unproven, came),
        ("trustEmail: [ outra.example ]\n", proven, "refused: { code: unprovenEmail }"),
        ("trustEmail: never\nmissingEmail: ask\n", proven, asked),
        ("missingEmail: ask\n", unproven, asked),
        ("missingEmail: ask\n", nothing, "identity: { id: \"7\", ask: true }"),
        ("missingEmail: \"${id}@acme.invalid\"\n", nothing, "identity: { id: \"7\", email: 7@acme.invalid }"),
        ("missingEmail: \"${id}@acme.invalid\"\n", unproven, "identity: { id: \"7\", email: 7@acme.invalid }"),
        ("missingEmail: \"${id}@acme.invalid\"\n", proven, came),
    ] {
        assert_examples(&format!("{PLAIN}{words}"), &story(answer, end));
    }
}

#[test]
fn what_identity_composes_is_a_fact_like_others() {
    assert_examples(
        "name: Acme
trustEmail: always
missingEmail: \"${id}@acme.invalid\"
require: { at: \"${id}\", isNot: blocked }
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  read: { unionId: $.union, openId: $.open, mail: $.mail }
identity: { id: [ \"${unionId}\", \"${openId}\" ], email: \"${mail}\", picture: \"https://img.acme.example/${id}.png\" }
",
        "- what: a person without an address
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { open: o-7 } }
  identity: { id: o-7, email: o-7@acme.invalid, picture: https://img.acme.example/o-7.png }
- what: a person who may not sign in
  exchanges:
    - answer: { json: { access_token: at-1 } }
    - answer: { json: { union: blocked, mail: ana@loja.example } }
  refused: { code: notAllowed }
",
    );
}

#[test]
fn a_picture_is_a_short_https_address_without_blanks() {
    let provider = provider(PLAIN);
    let long = |length: usize| format!("https://fotos.example/{}", "a".repeat(length - 22));
    for (picture, is_kept) in [
        ("https://fotos.example/7.png".to_owned(), true),
        ("http://fotos.example/7.png".to_owned(), false),
        ("https://fotos.example/a b".to_owned(), false),
        ("https://fotos.example/a\u{7}b".to_owned(), false),
        (long(2048), true),
        (long(2049), false),
    ] {
        let mut facts = provider.empty_facts();
        for (name, value) in [("id", "7"), ("email", "ana@loja.example"), ("emailVerified", "true"), ("picture", &picture)] {
            facts.learn(provider.names.find(name).expect("a fact of the file"), value, FactOrigin::Answer(Some(1)), Place::default());
        }

        let identity = provider.identity_from(&facts, "here").unwrap_or_else(|error| panic!("{error:?}"));

        assert_eq!(identity.picture, is_kept.then_some(picture.clone()), "{picture}");
    }
}

#[test]
fn names_are_kept_as_people_write_them() {
    assert_examples(
        PLAIN,
        "- what: a login\n  exchanges:\n    - answer: { json: { access_token: at-1 } }\n    - answer: { json: { sub: \"7\", email: ana@loja.example, email_verified: true, name: \"Ana\\u00a0Lima 👩\\u200d💻\\u202e\\n\" } }\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true, name: \"Ana\\u00a0Lima 👩\\u200d💻\" }\n",
    );
}

/// Attack U-09
#[test]
fn a_claim_never_proves_the_address_of_another_document() {
    let file = format!("{OPENID}getUserInfo: {{}}\n");
    let story = |person: &str, end: &str| {
        format!(
            "- what: a login
  tokens: {{ idToken: {{ claims: {{ iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›, email: mallory@loja.example, email_verified: true }} }} }}
  exchanges:
    - answer: {{ json: {{ access_token: at-1, id_token: ‹idToken› }} }}
    - answer: {{ json: {{ {person} }} }}
  {end}
"
        )
    };

    assert_examples(&file, &story("sub: \"7\", email: ana@loja.example", "refused: { code: unprovenEmail }"));
    assert_examples(
        &file,
        &story(
            "sub: \"7\", email: ana@loja.example, email_verified: true",
            "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }",
        ),
    );
    assert_examples(&file, &story("sub: \"7\"", "identity: { id: \"7\", email: mallory@loja.example, emailVerified: true }"));
    assert_examples(&file, &story("email: ana@loja.example, email_verified: true", "refused: { step: getUserInfo, code: badToken }"));
}

/// Lesson 121
#[test]
fn require_sees_only_a_proven_address() {
    let file =
        format!("{PLAIN}missingEmail: \"${{id}}@acme.invalid\"\nrequire: {{ at: \"${{email}}\", matches: \"^.*@loja\\\\.example$\" }}\n");
    let story = |proven: bool, end: &str| {
        format!(
            "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ sub: \"7\", email: ana@loja.example, email_verified: {proven} }} }}\n  {end}\n"
        )
    };

    assert_examples(&file, &story(true, "identity: { id: \"7\", email: ana@loja.example, emailVerified: true }"));
    assert_examples(&file, &story(false, "refused: { code: notAllowed }"));
}

/// Attacks Y-04, U-13
#[test]
fn texts_have_a_longest_length() {
    let steps: String = (1..40).map(|at| format!("    a{at}: \"${{a{}}}${{a{}}}\"\n", at - 1, at - 1)).collect();
    let file = format!(
        "name: Acme\nmissingEmail: ask\ngetAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\ngetAccessCode: {{ post: \"https://sso.acme.example/token\" }}\ngetUserInfo:\n  get: https://sso.acme.example/me\n  read:\n    a0: $.a\n{steps}    id: ${{a39}}\n"
    );

    assert_examples(
        &file,
        "- what: a login\n  exchanges:\n    - answer: { json: { access_token: at-1 } }\n    - answer: { json: { a: \"0123456789\" } }\n  refused: { code: missingId }\n",
    );
}

#[test]
fn a_list_of_names_is_joined_to_one_and_a_number_is_one_id_with_its_marks_and_without() {
    let file = "name: Acme
trustEmail: always
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  read:
    id: '${$.cpf | digits \"000.000.000-00\"}'
    email: $.mail
    name: '${$.names | join \" \"} ${$.surnames? | join \" \"}'
";
    for (answer, end) in [
        ("cpf: \"123.456.789-09\", names: [ Ana, Rita ], surnames: [ Prova ]", "identity: { id: \"12345678909\", name: Ana Rita Prova"),
        ("cpf: 123456789-09, names: [ Ana, \"\", null ], surnames: []", "identity: { id: \"12345678909\", name: Ana"),
        ("cpf: 12345678909, names: Ana, surnames: Prova", "identity: { id: \"12345678909\", name: Ana Prova"),
        ("cpf: \"12345678909\", names: [ Ana ], surnames: [ { of: Prova } ]", "identity: { id: \"12345678909\""),
        ("cpf: \"12345678909\", names: []", "identity: { id: \"12345678909\""),
        ("cpf: \"1234567890\", names: [ Ana ]", ""),
        ("cpf: \"1234567890X\", names: [ Ana ]", ""),
        ("cpf: \"12.345.678.909\", names: [ Ana ]", ""),
    ] {
        let end = if end.is_empty() {
            "refused: { code: missingId }".to_owned()
        } else {
            format!("{end}, email: ana@loja.example, emailVerified: true }}")
        };
        assert_examples(
            file,
            &format!(
                "- what: a login\n  exchanges:\n    - answer: {{ json: {{ access_token: at-1 }} }}\n    - answer: {{ json: {{ mail: ana@loja.example, {answer} }} }}\n  {end}\n"
            ),
        );
    }
}
