//! Which changes give a warning, and how long it lasts.

use crate::drift::{FILE, after_change, comes, fine, lives, person, renamed, taught, without};
use crate::support::provider;
use portaria::drift::observation::{DriftPlan, observe_answers};
use portaria::drift::provider_statistics::{ProviderStatistics, WARNING_LASTS};
use portaria::drift::warning::DriftWarning;
use portaria::login::trace::Trace;
use portaria::vocabulary::wire::Response;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn refusals_silence_and_what_strangers_bring_are_no_change() {
    for answer in [
        (401, json!({ "error": "invalid_token" }).to_string()),
        (200, json!({ "status": "no", "error": "blocked" }).to_string()),
        (500, "<html>".to_owned()),
        (404, "{}".to_owned()),
    ] {
        let (after, warnings) = after_change(200, move |_, _| answer.clone());
        assert_eq!((after, warnings.len()), (None, 0));
    }
}

#[test]
fn a_warning_comes_once_and_ends_by_itself() {
    let (acme, plan, mut book) = taught(200);
    let mut turns = BTreeMap::new();
    for at in 0..100 {
        for (turn, warning) in comes(&acme, &plan, &mut book, at, fine(&without(person(at), "email"))) {
            *turns.entry((format!("{turn:?}"), warning.fact().map(str::to_owned))).or_insert(0) += 1;
        }
    }
    for at in 0..100 {
        for (turn, warning) in comes(&acme, &plan, &mut book, at, fine(&person(at))) {
            *turns.entry((format!("{turn:?}"), warning.fact().map(str::to_owned))).or_insert(0) += 1;
        }
    }

    let email = Some("email".to_owned());
    assert_eq!(turns, BTreeMap::from([(("Broken".to_owned(), email.clone()), 1), (("Well".to_owned(), email), 1)]));
    assert!(book.warnings().is_empty());
}

/// An address with its proof; what turned after the file was taught by 45 people, and another answer came from then on.
fn after_proofs(change: impl Fn(Value) -> Value) -> Vec<DriftWarning> {
    let text =
        FILE.replace("    email: $.email\n", "    email: $.email\n    emailVerified: $.verified\n").replace("trustEmail: always\n", "");
    let acme = provider(&text);
    let (plan, mut book) = (DriftPlan::from_provider(&acme), ProviderStatistics::default());
    let proven = |at| {
        let mut person = person(at);
        person["verified"] = json!(true);
        person
    };
    for at in 0..45 {
        assert!(comes(&acme, &plan, &mut book, at, fine(&proven(at))).is_empty());
    }
    for at in 45..75 {
        comes(&acme, &plan, &mut book, at, fine(&change(proven(at))));
    }
    book.warnings()
}

#[test]
fn what_is_merely_new_proves_no_address_and_is_none() {
    for (fact, key, new) in [("emailVerified", "verified", "newsletter"), ("email", "email", "recovery_email"), ("id", "id", "shard")] {
        let warnings = after_proofs(|mut person| {
            person[new] = if fact == "id" { json!(7) } else { person[key].clone() };
            without(person, key)
        });

        let warning = warnings.iter().find(|warning| warning.fact() == Some(fact)).unwrap_or_else(|| panic!("{warnings:?}"));
        let is_own = |because: &str| because == "driftReplaced";
        assert!(!warning.proposal.as_ref().is_some_and(|proposal| is_own(&proposal.because)), "{warning:?}");
        let proposed = warning.proposal.as_ref().map(|proposal| proposal.title.clone()).unwrap_or_default();
        assert!(fact != "emailVerified" || proposed.is_empty(), "{warning:?}");
    }
    // Repair's proposals are tried, and remain.
    let warnings = after_proofs(|person| renamed(person, "verified", "email_verified"));
    let titles: Vec<_> = warnings.iter().filter_map(|warning| warning.proposal.as_ref()).map(|proposal| proposal.title.as_str()).collect();
    assert_eq!(titles, ["emailVerified: $.email_verified"], "{warnings:?}");
}

#[test]
fn a_callback_counts_only_where_the_provider_knew_what_it_brought() {
    let acme = provider(FILE);
    let plan = DriftPlan::from_provider(&acme);
    let (mut trace, watch, _) = lives(&acme, fine(&person(1)));
    let counts_it = |trace: &Trace| observe_answers(&plan, &acme, trace, &watch).iter().any(|looked| looked.step == 0);
    assert!(counts_it(&trace));

    for exchange in &mut trace.exchanges {
        exchange.answer = Ok(Response { status: 400, headers: Vec::new(), body: Vec::new() });
    }
    assert!(!counts_it(&trace), "a wrong code");
    trace.exchanges.clear();
    assert!(!counts_it(&trace), "no code at all");
}

#[test]
fn with_few_logins_a_warning_is_told_as_long_as_with_many() {
    let (acme, plan, mut book) = taught(30);
    let mut last = 0;
    for day in 1..=20 {
        let at = 10_000 + day * 2 * 86_400;
        let turned = comes(&acme, &plan, &mut book, at, fine(&without(person(at), "email")));
        if !turned.is_empty() {
            last = 1000 + i64::try_from(at).expect("it is small");
            break;
        }
    }

    let since = book.warnings().first().expect("it is told").since;
    assert!(last - since > WARNING_LASTS, "the doubt is old: {since} {last}");
    book.retire_old_warnings(last + 60);
    assert_eq!(book.warnings().len(), 1);
    book.retire_old_warnings(last + WARNING_LASTS + 1);
    assert!(book.warnings().is_empty());
}

#[test]
fn what_is_well_again_before_its_cause_is_found_is_not_told_as_broken() {
    let (acme, plan, mut book) = taught(200);
    let looked_at = |answer: &Value| {
        let (trace, watch, _) = lives(&acme, fine(answer));
        observe_answers(&plan, &acme, &trace, &watch)
    };
    let missed: Vec<_> = (0..20).map(|at| looked_at(&without(person(at), "email"))).collect();
    let well: Vec<_> = (0..60).map(|at| looked_at(&person(at))).collect();

    let broken = missed.iter().map(|looked| book.count(&plan, looked, 1000)).find(|untold| !untold.is_empty()).expect("it breaks");
    let again = well.iter().map(|looked| book.count(&plan, looked, 1001)).find(|untold| !untold.is_empty()).expect("it ends");
    book.record_changes(again, 1001);

    assert!(book.record_changes(broken, 1002).is_empty());
    assert!(book.warnings().is_empty());
}
