//! Measures what is learnt of providers that do something of their own, from recordings of two people each.

use crate::import::measure::{Case, cases_of, comparable, differences, edits, recorded};
use crate::support::{STRICT, root};
use portaria::provider::compile;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::yaml::writer::YamlLine;
use portaria::workbench::draft::ProviderDraft;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::learn::learn;
use portaria::workbench::recorded_exchange::RecordedExchange;
use portaria::workbench::{curl, har, synthetic_recording};
use std::fmt::Write as _;
use std::path::PathBuf;

/// The invented providers, each with two people.
fn odd_cases() -> Vec<Case> {
    let folders = ["tests/import/odd", "tests/repair/odd_providers"].map(|folder| root().join(folder));
    let files = folders.iter().filter(|folder| folder.is_dir());
    let files: Vec<PathBuf> =
        files.flat_map(|folder| portaria::stores::catalogue::provider_files(folder).expect("the providers are there")).collect();
    let two_people =
        |case: &Case| case.stories.len() >= 2 && case.stories.iter().all(|story| replay(&case.provider, story).differences.is_empty());
    cases_of(files).into_iter().filter(two_people).collect()
}

/// Why not everybody of the stories signs in with this file: a request that is another one, or another person.
fn why_not_signed_in(case: &Case, words: &[YamlLine]) -> Vec<String> {
    let (provider, report) = compile(&Source::new(format!("{}.yaml", case.name), written(words)), STRICT);
    if provider.is_none() {
        return vec![report.draw(false)];
    }
    // What the store makes of an address belongs to the policy, and a name more or less keeps no person out.
    let keeps_out = |difference: &String| {
        ["address: ", ": name", ": picture", ": locale", ": emailVerified", ": ask"]
            .iter()
            .all(|harmless| !difference.contains(&format!("identity{harmless}")))
    };
    differences(case, words).into_iter().filter(keeps_out).collect()
}

fn written(words: &[YamlLine]) -> String {
    ProviderDraft { head: Vec::new(), words: words.to_vec() }.to_yaml()
}

/// How many edits until nothing differs, at most two.
fn edits_until(case: &Case, words: &[YamlLine], differs: &dyn Fn(&Case, &[YamlLine]) -> Vec<String>) -> Option<Vec<String>> {
    if differs(case, words).is_empty() {
        return Some(Vec::new());
    }
    let first = edits(case, words);
    let mut begun = Vec::new();
    for edit in &first {
        for once in edit.apply(words) {
            let left = differs(case, &once);
            if left.is_empty() {
                return Some(vec![edit.what.clone()]);
            }
            begun.push((left.len(), edit.what.clone(), once));
        }
    }
    begun.sort_by_key(|(left, ..)| *left);
    for (_, what, once) in begun.into_iter().take(12) {
        for edit in edits(case, &once) {
            if edit.apply(&once).iter().any(|twice| differs(case, twice).is_empty()) {
                return Some(vec![what, edit.what]);
            }
        }
    }
    None
}

/// A case with its first person alone.
fn first_person(case: &Case) -> Vec<RecordedExchange> {
    let made =
        synthetic_recording::record_story(&case.provider, &case.stories[0], &[], true).unwrap_or_else(|why| panic!("{}: {why}", case.name));
    made.exchanges
}

#[derive(Default)]
struct Figures {
    all: usize,
    sign_in: usize,
    exact: usize,
    within_two: usize,
}

/// One person shows less: what is a constant and what is theirs is decided by look and name.
#[test]
fn the_other_person_signs_in_with_a_file_that_was_learnt_from_one() {
    let (mut all, mut sign_in, mut report) = (0, 0, String::new());
    for case in odd_cases() {
        all += 1;
        let why = match learn(&case.name, &first_person(&case), STRICT) {
            Ok(learned) => why_not_signed_in(&case, &comparable(&case, &learned, &[])),
            Err(why) => vec![why.to_string()],
        };
        sign_in += usize::from(why.is_empty());
        if !why.is_empty() {
            let why: String = why.join("\n  ").chars().take(1500).collect();
            writeln!(report, "{}:\n  {why}", case.name).expect("a text takes more");
        }
    }
    println!("odd, one person: both people of {sign_in} of {all} sign in\n{report}");
    assert!(all >= 30 && sign_in * 10 >= all * 6, "{sign_in} of {all}");
}

#[test]
fn people_of_odd_providers_sign_in_with_the_file_that_is_learnt() {
    let mut figures = Figures::default();
    let mut report = String::new();
    for case in odd_cases() {
        figures.all += 1;
        let (exchanges, values) = recorded(&case);
        let as_har = har::read(har::write(&exchanges).as_bytes()).expect("a HAR");
        let as_curl = curl::read(&curl::write(&exchanges)).expect("curl lines");
        let learned = match learn(&case.name, &as_har, STRICT) {
            Ok(learned) => learned,
            Err(why) => {
                writeln!(report, "{}: {why}", case.name).expect("a text takes more");
                continue;
            }
        };
        let from_curl = learn(&case.name, &as_curl, STRICT).map_or_else(|why| why.to_string(), |learned| learned.text);
        if from_curl != learned.text {
            writeln!(report, "{}: curl lines give another file\n{from_curl}", case.name).expect("a text takes more");
        }
        let words = comparable(&case, &learned, &values);
        let left = why_not_signed_in(&case, &words);
        let to_sign_in = edits_until(&case, &words, &|case, words| why_not_signed_in(case, words));
        figures.sign_in += usize::from(left.is_empty());
        figures.within_two += usize::from(to_sign_in.is_some());
        let differs = differences(&case, &words);
        figures.exact += usize::from(differs.is_empty());
        if differs.is_empty() {
            continue;
        }
        let verdict = match &to_sign_in {
            Some(none) if none.is_empty() => format!("signs in, and differs:\n  {}", differs.join("\n  ")),
            Some(some) => format!("signs in with {} edit(s): {}", some.len(), some.join("; ")),
            None => format!("more than two edits:\n  {}\n{}", left.join("\n  "), learned.text),
        };
        writeln!(report, "{}: {verdict}", case.name).expect("a text takes more");
    }
    let Figures { all, sign_in, exact, within_two } = figures;
    println!(
        "odd: of {all} {sign_in} sign in without an edit, {exact} are as the true file, {within_two} sign in with at most two edits\n{report}"
    );
    assert!(all >= 30 && sign_in * 34 >= all * 30 && exact * 34 >= all * 24, "{sign_in} and {exact} of {all}");
}
