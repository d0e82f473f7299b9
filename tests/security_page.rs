//! SECURITY.md: the tests that it names are there, and its figures are true.
//!
//! After a change of the figures: `ACCEPT=1 cargo test security_page`.

use crate::support::{files, root, text};
use std::path::Path;

const HEAD: &str = "| what | number |\n|---|---|\n";

/// The Rust files below a folder, with their contents.
fn sources(folder: &Path) -> Vec<String> {
    let own = files(folder, ".rs").into_iter().map(|path| text(&path));
    let below = files(folder, "").into_iter().filter(|path| path.is_dir()).flat_map(|folder| sources(&folder));
    own.chain(below).collect()
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let page = text(&root().join("SECURITY.md"));
    let sources: Vec<String> = [root().join("tests"), root().join("src")].iter().flat_map(|folder| sources(folder)).collect();
    let named: Vec<&str> = page.split('`').filter(|part| part.contains("::") && !part.contains(char::is_whitespace)).collect();

    assert!(named.len() > 40, "{} tests are named", named.len());
    for name in named {
        let test = name.rsplit("::").next().unwrap_or(name);
        assert!(sources.iter().any(|source| source.contains(test)), "there is no test {name}");
    }
}

/// Numbers that grow all the time, rounded down, so that not every commit changes them.
fn at_least(number: usize) -> String {
    format!("over {}", number / 50 * 50)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts changed figures")]
fn the_figures_of_the_page_are_true() {
    let attacks = text(&root().join("tests/attacks/README.md"));
    let attacks_that_are = |state: &str| attacks.lines().filter(|line| line.contains(&format!("| {state} |"))).count();
    let sources: Vec<String> = [root().join("tests"), root().join("src")].iter().flat_map(|folder| sources(folder)).collect();
    let tests = sources.iter().flat_map(|source| source.lines()).filter(|line| line.trim().starts_with("#[") && line.contains("test]"));
    let figures = [
        ("attacks of our list that a test tries", attacks_that_are("tested").to_string()),
        ("attacks that cannot happen here, each with the reason", attacks_that_are("impossible").to_string()),
        ("test functions in Rust; many run on both databases", at_least(tests.count())),
        ("provider files that must be refused or warned about", at_least(files(&root().join("tests/mistakes"), ".yaml").len())),
        ("fuzz targets", files(&root().join("fuzz/targets"), ".rs").len().to_string()),
    ];
    let rows: String = figures.iter().map(|(what, number)| format!("| {what} | {number} |\n")).collect();

    let path = root().join("SECURITY.md");
    let page = text(&path);
    let (before, table) = page.split_once(HEAD).expect("the table of figures");
    if std::env::var("ACCEPT").is_ok() {
        std::fs::write(path, format!("{before}{HEAD}{rows}")).expect("SECURITY.md is written");
    } else {
        assert_eq!(table, rows, "run `ACCEPT=1 cargo test security_page`");
    }
}
