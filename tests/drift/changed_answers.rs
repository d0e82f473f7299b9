//! A change of the answers is noticed soon, and described with what would mend the file.

use crate::drift::{FILE, after_change, changed, comes, fine, lives, person, reads, renamed, taught, without};
use crate::support::provider;
use portaria::drift::observation::{DriftPlan, observe_answers};
use portaria::drift::provider_statistics::ProviderStatistics;
use portaria::drift::warning::DriftKind;
use serde_json::{Value, json};

type Changing = fn(usize, Value) -> (u16, String);

/// What changes, how, and what is warned about: the fact, the change, the proposal.
type Case = (&'static str, Changing, Option<&'static str>, DriftKind, Option<&'static str>);

fn column(after: Option<usize>) -> String {
    format!("{:>8}", after.map_or_else(|| "never".to_owned(), |after| after.to_string()))
}

#[test]
fn a_change_is_noticed_within_thirty_logins_and_told_with_what_would_mend_it() {
    let cases: [Case; 10] = [
        (
            "path renamed",
            |_, person| fine(&renamed(person, "email", "mail_address")),
            Some("email"),
            DriftKind::Replaced,
            Some("email: $.mail_address"),
        ),
        ("id renamed", |_, person| fine(&renamed(person, "id", "user_id")), Some("id"), DriftKind::Replaced, Some("id: $.user_id")),
        ("wrapped", |_, person| fine(&json!({ "status": "ok", "data": person })), None, DriftKind::Moved, Some("$.… → $.data.…")),
        (
            "number becomes text",
            |at, mut person| {
                person["id"] = json!(format!("{at}"));
                fine(&person)
            },
            Some("id"),
            DriftKind::Type,
            None,
        ),
        (
            "text becomes object",
            |_, mut person| {
                person["email"] = json!({ "type": 1 });
                fine(&person)
            },
            Some("email"),
            DriftKind::Type,
            None,
        ),
        ("lost for everybody", |_, person| fine(&without(person, "email")), Some("email"), DriftKind::Lost, None),
        (
            "becomes null",
            |_, mut person| {
                person["email"] = Value::Null;
                fine(&person)
            },
            Some("email"),
            DriftKind::Lost,
            None,
        ),
        ("first alternative lost", |_, person| fine(&without(person, "name")), Some("name"), DriftKind::Lost, None),
        ("HTML", |_, _| (200, "<!DOCTYPE html><p>We are moving</p>".to_owned()), None, DriftKind::Unreadable, Some("getUserInfo")),
        (
            "accepted no longer matches",
            |_, mut person| {
                person["status"] = json!("success");
                fine(&person)
            },
            None,
            DriftKind::Unaccepted,
            None,
        ),
    ];
    let known = [30, 100, 10_000].map(|logins| (logins, taught(logins)));
    println!("{:<30}{}", "logins before the change", known.each_ref().map(|(logins, _)| column(Some(*logins))).concat());
    for (what, change, fact, kind, title) in cases {
        let mut line = format!("{what:<30}");
        for (logins, taught) in &known {
            let (after, warnings) = changed(taught, change);
            line += &column(after);
            assert!(after.is_some_and(|after| after <= 30), "{what} after {logins}: {after:?}");
            let warning = warnings.iter().find(|warning| warning.fact() == fact).unwrap_or_else(|| panic!("{what}: {warnings:?}"));
            assert_eq!((warning.cause.kind(), warning.step.as_str()), (kind, "getUserInfo"), "{what}: {warning:?}");
            assert_eq!(warning.proposal.as_ref().map(|proposal| proposal.title.as_str()), title, "{what}: {warning:?}");
            assert_eq!(warnings.len(), 1, "one cause, one warning: {what}: {warnings:?}");
        }
        println!("{line}");
    }
    let half = known.map(|(_, taught)| changed(&taught, |at, person| fine(&if at % 2 == 0 { without(person, "email") } else { person })).0);
    println!("{:<30}{}", "lost for half of the people", half.map(column).concat());
    assert!(half[2].is_some_and(|after| after <= 30), "{half:?}");
}

#[test]
fn an_answer_that_is_wrapped_is_one_warning_and_one_change() {
    let (_, warnings) = after_change(100, |_, person| fine(&json!({ "status": "ok", "data": person })));

    let [warning] = warnings.as_slice() else { panic!("{warnings:#?}") };
    assert_eq!((warning.fact_names().join(" ").as_str(), warning.line), ("email id name", Some(12)), "{warning:?}");
    let mended = warning.proposal.as_ref().and_then(|proposal| proposal.change.as_ref()?.apply(FILE)).expect("a change");
    assert!(mended.contains("    id: $.data.id\n    email: $.data.email\n    name: [ $.data.name, $.data.login ]\n"), "{mended}");

    // Nothing that is read is there any more, and nothing tells where it went.
    let (_, warnings) = after_change(100, |_, _| fine(&json!({ "status": "ok", "message": "come back later" })));
    let summary: Vec<_> =
        warnings.iter().map(|warning| (warning.cause.kind(), warning.fact_names().len(), warning.proposal.is_none())).collect();
    assert_eq!(summary, [(DriftKind::Moved, 3, true)], "{warnings:#?}");
}

#[test]
fn a_proposal_mends_the_file() {
    let (_, warnings) = after_change(100, |_, person| fine(&renamed(person, "email", "mail_address")));

    let warning = warnings.first().expect("a warning");
    assert_eq!((warnings.len(), warning.line), (1, Some(13)), "{warnings:?}");
    let change = warning.proposal.as_ref().and_then(|proposal| proposal.change.clone()).expect("a change");
    let mended = change.apply(FILE).expect("it is the same file");
    assert!(mended.contains("    email: $.mail_address\n"), "{mended}");
    provider(&mended);
    assert!(warning.share_before > 0.999 && warning.share_now < 0.001, "{warning:?}");
}

#[test]
fn few_answers_are_read_a_second_time_and_all_of_them_while_something_is_missed() {
    let (acme, plan, mut book) = taught(300);
    let mut read = |answer: &Value| {
        let (trace, watch, _) = lives(&acme, fine(answer));
        let mut looked = observe_answers(&plan, &acme, &trace, &watch);
        reads(&mut book, &plan, &mut looked, &acme, &trace);
        looked.iter().filter(|looked| looked.step == 2 && looked.document.is_some()).count()
    };

    assert_eq!((0..80).map(|at| read(&person(at))).sum::<usize>(), 10, "one in eight");
    assert_eq!((0..80).map(|at| read(&without(person(at), "email"))).sum::<usize>(), 80);
}

#[test]
fn what_a_chosen_entry_no_longer_gives_is_noticed() {
    let choose = "  choose: { from: $.emails, where: { at: $.primary, is: true }, read: { email: $.address } }\n";
    let text = FILE.replace("    email: $.email\n", "") + choose;
    let acme = provider(&text);
    let (plan, mut book) = (DriftPlan::from_provider(&acme), ProviderStatistics::default());
    let listed = |at, key: &str| {
        let mut person = without(person(at), "email");
        let other = json!({ "address": "outra@loja.example", "primary": false });
        person["emails"] = json!([other, { key: format!("p{at}@loja.example"), "primary": true }]);
        person
    };
    for at in 0..45 {
        assert!(comes(&acme, &plan, &mut book, at, fine(&listed(at, "address"))).is_empty());
    }
    for at in 45..75 {
        comes(&acme, &plan, &mut book, at, fine(&listed(at, "mail")));
    }

    let warnings = book.warnings();
    assert!(warnings.iter().any(|warning| warning.fact() == Some("email") && warning.line.is_some()), "{warnings:?}");
}
