//! What the program is made of: the list of it, and what is known against its parts.

use crate::command_line::Folder;
use crate::support::{root, text};
use regex::bytes::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What a command says.
fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).env("CARGO", env!("CARGO")).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

/// The packages of Cargo.lock, as `name@version`, with the hash of their contents.
fn locked() -> BTreeMap<String, String> {
    let lock = text(&root().join("Cargo.lock"));
    let package = |entry: &str| {
        let value =
            |name: &str| entry.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).map(|value| value.trim_matches('"'));
        Some((format!("{}@{}", value("name")?, value("version")?), value("checksum").unwrap_or_default().to_owned()))
    };
    lock.split("[[package]]").filter_map(package).collect()
}

/// The packages that left their mark in the program: where they panic they say in which file.
#[expect(clippy::disallowed_methods, reason = "tests read what was built")]
fn traces() -> BTreeSet<String> {
    let program = std::fs::read(env!("CARGO_BIN_EXE_portaria")).expect("the program is built");
    let place = Regex::new(r"registry/src/[a-z0-9.-]+/([A-Za-z0-9_-]+?)-([0-9]+\.[0-9]+\.[0-9][A-Za-z0-9.+-]*)/").expect("an expression");
    place
        .captures_iter(&program)
        .map(|found| {
            found.iter().skip(1).flatten().map(|part| String::from_utf8_lossy(part.as_bytes()).into_owned()).collect::<Vec<_>>().join("@")
        })
        .collect()
}

#[test]
fn every_package_that_is_linked_stands_in_the_list_of_parts() {
    let list: Value = serde_json::from_str(&output_of("python3", &["tests/sbom"])).expect("it is JSON");
    let (locked, mut required) = (locked(), BTreeSet::new());

    assert_eq!((list["bomFormat"].as_str(), list["specVersion"].as_str()), (Some("CycloneDX"), Some("1.6")));
    assert_eq!(list["metadata"]["component"]["version"], env!("CARGO_PKG_VERSION"));
    for part in list["components"].as_array().expect("components") {
        let package = format!("{}@{}", part["name"].as_str().expect("a name"), part["version"].as_str().expect("a version"));
        assert_eq!(part["purl"], format!("pkg:cargo/{package}"));
        assert!(
            part["licenses"][0]["expression"].as_str().is_some_and(|licence| !licence.is_empty() && !licence.contains('/')),
            "{package}"
        );
        assert_eq!(part["hashes"][0]["content"].as_str(), locked.get(&package).map(String::as_str), "{package}");
        assert!(part["hashes"][0]["content"].as_str().is_some_and(|hash| hash.len() == 64), "{package}");
        if part["scope"] == "required" {
            required.insert(package);
        }
    }
    let traces = traces();
    assert!(traces.len() > 100 && required.len() > 200, "{} {}", traces.len(), required.len());
    assert_eq!(traces.difference(&required).collect::<Vec<_>>(), Vec::<&String>::new(), "it is linked, and not in the list");
    let refs: BTreeSet<&str> =
        list["dependencies"].as_array().expect("dependencies").iter().filter_map(|one| one["ref"].as_str()).collect();
    for package in &required {
        assert!(refs.contains(format!("pkg:cargo/{package}").as_str()), "{package}");
    }
}

#[test]
fn what_is_new_in_a_clone_of_the_database_is_added_to_the_list_and_waits_for_words() {
    let folder = Folder::new("advisories");
    for name in ["tests/deny", "Cargo.lock"] {
        std::fs::create_dir_all(folder.0.join("tests")).expect("a folder can be made");
        std::fs::copy(root().join(name), folder.0.join(name)).expect("a file can be copied");
    }
    let advisory = |id: &str, more: &str| {
        format!(
            "```toml\n[advisory]\nid = \"{id}\"\n{more}\n[versions]\npatched = [\n  \">= 1.2, < 2\",\n  \">= 2.1\",\n]\nunaffected = [\"< 1.0\"]\n```\n\n# Words\n"
        )
    };
    let known = "RUSTSEC-2020-0001 | serde | [\">= 1.1\"] | [] | in words of our own\n";
    let folder = folder
        .with("tests/advisories.txt", known)
        .with("clone/crates/serde/RUSTSEC-2020-0001.md", &advisory("RUSTSEC-2020-0001", ""))
        .with("clone/crates/serde/RUSTSEC-2020-0002.md", &advisory("RUSTSEC-2020-0002", ""))
        .with("clone/crates/serde/RUSTSEC-2020-0003.md", &advisory("RUSTSEC-2020-0003", "withdrawn = \"2020-02-02\"\n"))
        .with("clone/crates/unused/RUSTSEC-2020-0004.md", &advisory("RUSTSEC-2020-0004", ""));

    let output = output_of(&folder.0.join("tests/deny").display().to_string(), &["refresh", &folder.0.join("clone").display().to_string()]);

    let new = "RUSTSEC-2020-0002 | serde | [ \">= 1.2, < 2\", \">= 2.1\", ] | [\"< 1.0\"] | \n";
    assert_eq!(text(&folder.0.join("tests/advisories.txt")), format!("{known}{new}"));
    assert!(output.contains("say in a few words what RUSTSEC-2020-0002 is"), "{output}");
}

/// `tests/deny` compares the list with Cargo.lock, and plants a fault that has to be found.
#[test]
fn every_advisory_of_the_list_is_about_a_crate_of_ours_and_says_what_it_is() {
    let list = text(&root().join("tests/advisories.txt"));
    let crates: BTreeSet<String> = locked().into_keys().filter_map(|package| Some(package.split_once('@')?.0.to_owned())).collect();
    let rows: Vec<Vec<&str>> = list.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(" | ").collect()).collect();
    let mut seen = BTreeSet::new();

    assert!(rows.len() > 100, "{}", rows.len());
    for row in &rows {
        let [id, name, patched, unaffected, what] = row[..] else { panic!("`{row:?}` has not five columns") };
        assert!(id.starts_with("RUSTSEC-20") || id.starts_with("GHSA-"), "{id}");
        assert!(seen.insert(id), "{id} stands twice");
        assert!(crates.contains(name), "{id}: nothing of ours is called {name}; take the row out");
        assert!(patched.starts_with('[') && patched.contains('"') && unaffected.starts_with('['), "{id}");
        assert!(what.len() > 10 && what.len() < 100, "{id}: say in a few words what it is");
    }
}
