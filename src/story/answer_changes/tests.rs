//! What is said of answers that differ, and what is not.

use crate::story::answer_changes::{AnswerChange, MOST, changes_of_answer};
use crate::story::good_login::good_members;
use crate::story::good_login::{GoodAnswer, GoodMember};
use crate::story::shape::document_shape;
use serde_json::{Value, json};

fn answer(document: &Value) -> GoodAnswer {
    GoodAnswer { call: Some(1), step: "getUserInfo".into(), status: 200, shape: Some(good_members(&document_shape(document))) }
}

fn drawn(before: &Value, now: &Value, reads: &[&str]) -> Vec<String> {
    let one = |change: &AnswerChange| {
        let part = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
        let read = if change.read { "read " } else { "" };
        format!("{read}{} {} → {} {} {}", change.what, change.path, part(&change.to), part(&change.before), part(&change.now))
    };
    changes_of_answer(&answer(before), &answer(now), reads).iter().map(one).collect()
}

#[test]
fn a_member_that_was_renamed_or_has_moved_is_recognised() {
    let before = json!({ "status": "ok", "data": { "cliente": { "id": 7, "email": "ana@loja.example", "nome": "Ana" } } });
    for (now, expected) in [
        (
            json!({ "status": "ok", "data": { "cliente": { "id": 7, "contato": { "principal": "ana@loja.example" }, "nome": "Ana" } } }),
            vec!["read moved $.data.cliente.email → $.data.cliente.contato.principal - address"],
        ),
        (
            json!({ "status": "ok", "data": { "cliente": { "id": 7, "eMail": "ana@loja.example", "nome": "Ana" } } }),
            vec!["read moved $.data.cliente.email → $.data.cliente.eMail - address"],
        ),
        (
            json!({ "status": "ok", "data": { "pessoa": { "id": 7, "email": "ana@loja.example", "nome": "Ana" } } }),
            vec!["read moved $.data.cliente → $.data.pessoa - object"],
        ),
        (
            json!({ "status": "ok", "data": { "cliente": { "id": 7, "email": "ana@loja.example", "apelido": "Ana" } } }),
            vec!["moved $.data.cliente.nome → $.data.cliente.apelido - text"],
        ),
        // Two addresses are new: which of them it is, nothing says.
        (
            json!({ "status": "ok", "data": { "cliente": { "id": 7, "contato": { "principal": "ana@loja.example", "nota": "b@loja.example" }, "nome": "Ana" } } }),
            vec!["read gone $.data.cliente.email → - address -", "new $.data.cliente.contato → - - object"],
        ),
    ] {
        assert_eq!(drawn(&before, &now, &["$.data.cliente.email"]), expected);
    }
}

#[test]
fn what_is_gone_new_or_of_another_kind_is_told_with_what_is_read_first() {
    let before = json!({ "a": 1, "id": 7, "mail": "ana@loja.example", "list": [ { "x": 1 } ], "none": null });
    let now = json!({ "b": true, "id": { "v": 7 }, "mail": null, "list": [], "none": "now", "c-d": [ 1 ] });

    assert_eq!(
        drawn(&before, &now, &["$.mail", "$.id"]),
        [
            "read kind $.id → - digits object",
            "read kind $.mail → - address empty",
            "gone $.a → - digits -",
            "kind $.none → - empty text",
            "new $.b → - - yesOrNo",
            "new $['c-d'] → - - list"
        ]
    );
    assert!(drawn(&before, &before, &["$.mail"]).is_empty());
}

#[test]
fn what_not_every_login_had_is_not_missed_and_what_was_cut_is_not_compared() {
    let mut known = answer(&json!({ "id": 7, "phone": "1" }));
    let optional = GoodMember { optional: true, ..known.shape.as_ref().unwrap()[1].clone() };
    known.shape.as_mut().unwrap()[1] = optional;
    assert_eq!(changes_of_answer(&known, &answer(&json!({ "id": 8 })), &[]), []);

    let many: Value = (0..300).map(|at| (format!("k{at}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(changes_of_answer(&answer(&json!({ "id": 7 })), &answer(&many), &[]).len(), MOST);
    assert_eq!(changes_of_answer(&answer(&many), &answer(&json!({ "id": 7 })), &[]).len(), MOST);
}

#[test]
fn another_status_and_an_answer_that_is_no_document_are_changes() {
    let good = answer(&json!({ "id": 7 }));
    let page = GoodAnswer { status: 202, shape: None, ..good.clone() };

    let changes = changes_of_answer(&good, &page, &[]);

    let words: Vec<&str> = changes.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(words, ["status", "unreadable"]);
    assert_eq!((changes[0].before.as_deref(), changes[0].now.as_deref()), (Some("200"), Some("202")));
    let error = GoodAnswer { status: 400, ..answer(&json!({ "error": "x" })) };
    assert_eq!(changes_of_answer(&good, &error, &[]).len(), 1, "an error is another document");
}
