//! `portaria users import`: people from another system sign in as themselves, and a line that is wrong says why.

use crate::bad_times::on_both;
use crate::bad_times::place::{Browser, Ending, Place};
use crate::support::{root, text};
use serde_json::Value;
use std::fmt::Write as _;

/// Imports a file, and answers with the exit code and the report.
fn import(place: &Place, file: &str, flags: &[&str]) -> (i32, Value) {
    let storage = place.storage_flag();
    let words = [&["users", "import", file, "--json", "--storage", &storage], flags].concat();
    let (code, out, err) = place.call(&words);
    let report = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}{err}"));
    (code, report)
}

fn counts(report: &Value) -> [Option<u64>; 4] {
    ["people", "linked", "unchanged", "refused"].map(|name| report[name].as_u64())
}

/// The reasons, each behind its line.
fn reasons(report: &Value) -> Vec<String> {
    let reasons = report["reasons"].as_array().expect("a list");
    reasons.iter().map(|one| format!("{}: {}", one["line"], one["reason"].as_str().expect("a text"))).collect()
}

fn people_of(place: &Place) -> i64 {
    place.count("SELECT count(*) FROM users WHERE uid <> $1", "")
}

const PEOPLE: &str = "email,emailVerified,name,provider,providerId
ana@clientes.example,true,Ana Silva,acme,id-ana
bia@clientes.example,,Bia,acme,id-bia
carla@clientes.example,yes,\"Souza, Carla\",,
";

on_both! {
    imported_people_sign_in_as_themselves_and_a_second_import_changes_nothing: |place: Place| {
        drop(Ending(place.start()));
        place.folder.write("people.csv", PEOPLE);

        let (code, planned) = import(&place, "people.csv", &["--dry-run"]);
        assert_eq!((code, counts(&planned), people_of(&place)), (0, [3, 0, 0, 0].map(Some), 0), "{planned}");
        let (code, report) = import(&place, "people.csv", &[]);
        assert_eq!((code, counts(&report), people_of(&place)), (0, [3, 0, 0, 0].map(Some), 3), "{report}");
        let before = place.run(&["users", "show", "ana@clientes.example"]);
        assert_eq!(before["waysIn"][0]["because"], "imported");
        let (code, again) = import(&place, "people.csv", &[]);
        assert_eq!((code, counts(&again), people_of(&place)), (0, [0, 0, 3, 0].map(Some), 3), "{again}");

        let broker = Ending(place.start());
        for who in ["ana", "bia", "carla"] {
            Browser::signed_in(&broker.0, who);
        }
        assert_eq!(people_of(&place), 3, "the identity signs in, and a proven address links");
        assert_eq!(place.run(&["users", "show", "ana@clientes.example"])["uid"], before["uid"]);
        let history = place.run(&["history", "--most", "1000"]);
        let told = history["history"].as_array().expect("a list").iter().find(|event| event["what"] == "imported");
        let told = told.expect("the import is in the audit")["told"].as_str();
        assert_eq!(told, Some("3 people and 2 linked identities were imported by support"));
        place.assert_whole();
    };

    an_address_that_is_not_called_proven_links_nothing_to_a_person_who_is_there: |place: Place| {
        drop(Browser::signed_in(&Ending(place.start()).0, "ana"));
        place.folder.write("claims.jsonl", "{\"email\":\"ana@clientes.example\",\"provider\":\"acme\",\"providerId\":\"id-eva\"}\n");

        let (code, report) = import(&place, "claims.jsonl", &[]);

        assert_eq!((code, counts(&report)), (1, [0, 0, 0, 1].map(Some)), "{report}");
        assert!(reasons(&report)[0].contains("does not say that it is proven"), "{report}");
        assert_eq!(place.count("SELECT count(*) FROM identities WHERE provider_id = $1", "id-eva"), 0);
    };

    bad_lines_are_named_and_stop_nothing_unless_the_import_is_strict: |place: Place| {
        drop(Ending(place.start()));
        let lines = [
            r#"{"email":"ana@clientes.example","emailVerified":true,"identities":[{"provider":"acme","providerId":"id-ana"},{"provider":"acme","providerId":"id-a2"}]}"#,
            r#"{"email":"bia@clientes","emailVerified":true}"#,
            r#"{"email":"bia@clientes.example"}"#,
            r#"{"emial":"bia@clientes.example"}"#,
            r#"{"email":"bia@clientes.example","provider":"acmee","providerId":"1x"}"#,
            r#"{"email":"bia@clientes.example","provider":"acme","providerId":"null"}"#,
            r#"{"email":"bia@clientes.example","provider":"acme","providerId":7}"#,
            r#"{"email":"bia@clientes.example","provider":"acme"}"#,
            r#"{"email":"bia@clientes.example","emailVerified":"perhaps"}"#,
            r#"{"email":"bia@clientes.example","store":"atacado","emailVerified":true}"#,
            r#"{"email":"x@y.invalid","emailVerified":true}"#,
            "hello",
            r#"{"email":"eva@clientes.example","emailVerified":true,"provider":"acme","providerId":"id-ana"}"#,
            r#"{"email":"eva@clientes.example","provider":"acme","providerId":"id-eva"}"#,
        ];
        place.folder.write("people.jsonl", &lines.join("\n"));
        let expected = [
            "2: `bia@clientes` is not an address: what stands behind the `@` is no domain of at least two parts",
            "3: there is neither an identity nor a proven address, so nothing could sign the person in",
            "4: `emial` is not a field; did you mean `email`?",
            "5: no provider has the key `acmee`",
            "6: `null` cannot be the id of a person",
            "7: `providerId` is a number, and a text is expected: write it in quotes",
            "8: there is a `provider` and no `providerId`",
            "9: `emailVerified` is `perhaps`; write `true` or `false`",
            "10: there is no store `atacado`",
            "11: an address in `.invalid` belongs to no person, so it cannot be proven",
            "12: this is not a JSON object: expected value at line 1 column 1",
        ];

        let (code, strict) = import(&place, "people.jsonl", &["--strict"]);
        assert_eq!((code, people_of(&place), strict["dryRun"].as_bool()), (1, 0, Some(true)), "{strict}");
        let (code, report) = import(&place, "people.jsonl", &[]);

        assert_eq!(code, 1);
        assert_eq!(reasons(&report), expected);
        assert_eq!(reasons(&strict), expected, "a dry run says the same");
        assert_eq!(counts(&report), counts(&strict));
        assert_eq!((counts(&report), people_of(&place)), ([2, 1, 1, 11].map(Some), 2), "{report}");
        assert_eq!(place.count("SELECT count(*) FROM identities WHERE provider <> $1", ""), 3);
    };

    what_a_person_has_removed_comes_back_under_no_address_and_a_link_is_in_the_history: |place: Place| {
        let broker = Ending(place.start());
        drop(Browser::signed_in(&broker.0, "ana"));
        drop(broker);
        place.folder.write("more.jsonl", "{\"email\":\"ana@clientes.example\",\"emailVerified\":true,\"provider\":\"acme\",\"providerId\":\"id-ana\"}\n");
        let removed = "INSERT INTO detached (uid, provider, provider_id) SELECT uid, 'acme', 'id-old' FROM users WHERE email = $1 RETURNING CAST(1 AS BIGINT)";
        place.count(removed, "ana@clientes.example");
        place.folder.write(
            "people.jsonl",
            "{\"email\":\"ana.antiga@clientes.example\",\"provider\":\"acme\",\"providerId\":\"id-old\"}\n\
             {\"email\":\"lia@clientes.example\",\"emailVerified\":true}\n",
        );

        let (_, report) = import(&place, "people.jsonl", &[]);
        place.folder.write("lia.jsonl", "{\"email\":\"lia@clientes.example\",\"emailVerified\":true,\"provider\":\"acme\",\"providerId\":\"id-lia\"}\n");
        let (_, linked) = import(&place, "lia.jsonl", &[]);

        assert_eq!((reasons(&report), people_of(&place)), (vec!["1: the person has removed this identity".to_owned()], 2));
        assert_eq!(counts(&linked), [0, 1, 0, 0].map(Some), "{linked}");
        let history = place.run(&["users", "history", "lia@clientes.example"]);
        assert!(history.to_string().contains("an identity through acme was linked by an import of the operator"), "{history}");
    };

    an_import_that_breaks_off_is_in_the_audit: |place: Place| {
        drop(Ending(place.start()));
        let mut people = String::new();
        for number in 0..1000 {
            let _ = writeln!(people, "{{\"email\":\"p{number}@clientes.example\",\"emailVerified\":true}}");
        }
        place.folder.write("people.jsonl", &format!("{people}{}", "x".repeat(1 << 20)));

        let (code, out, err) = place.call(&["users", "import", "people.jsonl", "--storage", &place.storage_flag()]);

        assert!(code == 3 && err.contains("a line is longer than a megabyte"), "{out}{err}");
        assert_eq!(people_of(&place), 1000);
        let history = place.run(&["history", "--most", "1000"]).to_string();
        assert!(history.contains("1000 people and 0 linked identities were imported by support; it broke off"), "{history}");
        assert!(history.contains("an import of people was begun by support"), "{history}");
    };

    thousands_of_lines_are_imported_in_batches: |place: Place| {
        drop(Ending(place.start()));
        let mut people = String::from("[");
        for number in 0..3001 {
            let comma = if number == 0 { "" } else { "," };
            let _ = writeln!(people, "{comma}{{\"email\":\"p{number}@clientes.example\",\"emailVerified\":true,\"provider\":\"acme\",\"providerId\":\"id-p{number}\"}}");
        }
        place.folder.write("people.json", &format!("{people}]"));

        let (code, planned) = import(&place, "people.json", &["--dry-run"]);
        assert_eq!((code, counts(&planned)), (0, [3001, 0, 0, 0].map(Some)));
        let (code, report) = import(&place, "people.json", &["--strict"]);

        assert_eq!((code, counts(&report), people_of(&place)), (0, [3001, 0, 0, 0].map(Some), 3001));
        let broker = Ending(place.start());
        Browser::signed_in(&broker.0, "p2999");
        assert_eq!(people_of(&place), 3001);
        place.assert_whole();
    };
}

#[test]
fn the_files_of_the_page_about_operation_can_be_imported() {
    let place = Place::on_sqlite();
    drop(Ending(place.start()));
    let page = text(&root().join("docs/operations.md"));
    let mut imported = 0;
    for name in ["people.csv", "people.jsonl"] {
        let (_, block) = page.split_once(&format!("```text {name}\n")).expect("the page has it");
        place.folder.write(name, block.split("```").next().expect("it ends"));
        let (code, report) = import(&place, name, &[]);
        assert_eq!(code, 0, "{report}");
        imported += report["people"].as_u64().expect("a number");
    }

    assert_eq!((imported, people_of(&place)), (3, 3), "both name the same people");
}
