//! Ids and addresses of other people and of things, which stand where the person's could be.

use crate::support::provider;
use portaria::story::recent_logins::LoginsAtHand;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::wire::Response;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::{propose, propose_for_answer};
use serde_json::{Value, json};

/// What is proposed for a file that reads this, after such an answer about the person: title and what is written.
fn proposed(read: &str, person: &Value) -> Vec<String> {
    let acme = provider(&format!(
        "name: Acme\ngetAuthorizationCode: {{ get: https://idp.example/a }}\ngetAccessCode: {{ post: https://idp.example/t }}\n\
         getUserInfo:\n  get: https://idp.example/me\n  {read}\n"
    ));
    let answer = Response { status: 200, headers: Vec::new(), body: person.to_string().into_bytes() };
    let found = propose_for_answer(&acme, 1, &answer, &LoginsAtHand::default());
    found.iter().filter_map(|proposal| Some(proposal.change.as_ref()?.added.join("\n"))).collect()
}

fn assert_never(read: &str, person: &Value, path: &str) {
    let found = proposed(read, person);
    assert!(!found.iter().any(|change| change.contains(path)), "{person}: {found:#?}");
}

const ADDRESS: &str = "email: $.result.email, emailVerified: $.result.verified";

#[test]
fn the_id_of_a_request_is_no_persons_and_the_one_in_the_answer_is_found() {
    let person = json!({ "jsonrpc": "2.0", "id": 1, "result": { "uid": "u-7", "email": "ana@loja.example", "verified": true } });
    let found = proposed(&format!("read: {{ id: $.result.id, {ADDRESS} }}"), &person);

    assert!(
        found.iter().any(|change| change.contains("$.result.uid")) && !found.iter().any(|change| change.contains("id: $.id")),
        "{found:#?}"
    );
}

#[test]
fn while_the_object_of_the_person_is_there_no_id_is_read_elsewhere() {
    let about = json!({ "email": "ana@loja.example", "verified": true });
    for (own, other) in
        [("customer", "current_user"), ("buyer", "user"), ("user", "page"), ("user", "version"), ("user", "identity"), ("user", "customer")]
    {
        let read = format!("read: {{ id: $.{own}.id, email: $.{own}.email, emailVerified: $.{own}.verified }}");
        assert_never(&read, &json!({ other: { "id": "staff-1" }, own: about }), &format!("$.{other}.id"));
    }
}

#[test]
fn within_an_id_only_its_value_is_read() {
    for word in ["scheme", "issuer", "system", "format"] {
        let person = json!({ "user": { "id": { word: "crm", "content": "771" }, "email": "ana@loja.example", "verified": true } });
        assert_never("read: { id: $.user.id, email: $.user.email, emailVerified: $.user.verified }", &person, &format!("$.user.id.{word}"));
    }
}

#[test]
fn the_first_of_a_list_is_no_id_even_if_it_is_the_only_one_today() {
    for list in ["users", "members", "customers"] {
        let person = json!({ list: [{ "id": "m-1" }], "user": { "email": "ana@loja.example", "verified": true } });
        assert_never("read: { id: $.user.id, email: $.user.email, emailVerified: $.user.verified }", &person, "[0].id");
    }
}

#[test]
fn a_key_that_is_only_written_alike_is_another_one() {
    let person = json!({ "user": { "customerIp": "10.0.0.1", "email": "ana@loja.example", "verified": true } });
    assert_never("read: { id: $.user.customerId, email: $.user.email, emailVerified: $.user.verified }", &person, "customerIp");
}

#[test]
fn the_address_of_another_person_is_never_proposed() {
    let other = json!({ "email": "bo@loja.example", "email_verified": true });
    for key in ["spouse", "advisor", "admin", "approver", "household", "linked_account"] {
        let together = "read: { id: $.sub, email: $.profile.email, emailVerified: $.profile.email_verified }";
        assert_never(together, &json!({ "sub": "u-1", key: other }), &format!("$.{key}.email"));
        let own_claim = "read: { id: $.sub, email: $.email, emailVerified: $.email_verified }";
        assert_never(
            own_claim,
            &json!({ "sub": "u-1", "email_verified": true, key: { "email": "bo@loja.example" } }),
            &format!("$.{key}.email"),
        );
    }
    let entry = json!({ "email": "bo@loja.example", "primary": true, "verified": true });
    let choose = "read: { id: $.sub }\n  choose: { from: $.emails, where: { at: $.primary, is: true }, read: { email: $.email, emailVerified: $.verified } }";
    for list in ["admins", "invitations", "delegates", "guests", "household"] {
        assert_never(choose, &json!({ "sub": "u-1", list: [entry] }), &format!("$.{list}"));
    }
    assert!(!proposed(choose, &json!({ "sub": "u-1", "addresses": [entry] })).is_empty());
}

#[test]
fn that_a_proof_is_required_or_was_sent_for_proves_nothing() {
    for key in ["email_verification_required", "email_needs_verification", "email_confirmation_sent", "emailVerify", "verification"] {
        let person = json!({ "user": { "id": "u-1", "email": "ana@loja.example", key: true } });
        assert_never("read: { id: $.user.id, email: $.user.email, emailVerified: $.user.email_verified }", &person, key);
    }
}

/// The redirect stands at another site than the calls.
#[test]
fn the_secret_is_sent_to_no_site_that_does_not_get_it() {
    let acme = provider(
        "name: Acme\nmissingEmail: ask\ngetAuthorizationCode: { get: https://login.parceiro.example/authorize }\ngetAccessCode: { post: https://api.acme.example/tokn }\n\
         getUserInfo: { get: https://api.acme.example/me, read: { id: $.id } }\n",
    );
    let story = "- what: x\n  exchanges: [ { answer: { status: 404, text: nothing here } } ]\n  refused: { code: x }\n";
    let story =
        examples::read(&Source::new("acme.examples.yaml", story)).unwrap_or_else(|report| panic!("{}", report.draw(false))).remove(0);
    let played = replay(&acme, &story);

    let found = propose(&acme, played.end.as_ref(), &played.trace);

    let titles: Vec<&str> = found.iter().map(|proposal| proposal.title.as_str()).collect();
    assert!(
        titles.contains(&"post: https://api.acme.example/token") && !titles.iter().any(|title| title.contains("parceiro")),
        "{titles:?}"
    );
}
