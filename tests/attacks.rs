//! Every attack of the list is tried by a test, or there is a sentence why it cannot happen here.
//!
//! A test says which attacks it tries in a line of its own above it: `/// Attack C-04`, or `/// Attacks C-04, C-05`; in
//! other languages the same words stand in a comment. The sentences are in `tests/attacks/reasons`. The table of all of
//! them, `tests/attacks/README.md`, is written by `ACCEPT=1 cargo test attacks`.

use crate::support::{files, root, text};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A list of numbers and the table in which each of them has a row.
struct Table {
    /// The word in front of the numbers.
    word: &'static str,
    /// The file with all numbers, one a line, each with half a line about it.
    list: &'static str,
    /// The table that is written.
    written: &'static str,
    /// What stands above the rows.
    head: &'static str,
    /// The folder with the sentences, one a line.
    reasons: &'static str,
}

const ATTACKS: Table = Table {
    word: "Attack",
    list: "tests/attacks/attacks.txt",
    written: "tests/attacks/README.md",
    head: "# The attacks, and the tests that try them

Each number of `attacks.txt` has a row: it is `tested`, and a test is named that tries it (others may carry the number too; search for
`Attack` and the number), or it is `impossible` here, and why. A name with `::` is a test of
`cargo test`, and any other is a file with the title of the test in it. Written by `ACCEPT=1 cargo test attacks`.

| attack | state | test or reason |
|---|---|---|
",
    reasons: "tests/attacks/reasons",
};

const LESSONS: Table = Table {
    word: "Lesson",
    list: "tests/attacks/lessons.txt",
    written: "tests/attacks/lessons.md",
    head: "# What went wrong elsewhere, and the tests that notice it here

Each number of `lessons.txt`, a published mistake of another program of this kind, has a row: it is `tested`, and a test is named that
notices it (search for `Lesson` and the number for others), or it is `impossible` here, and why. Written by `ACCEPT=1 cargo test attacks`.

| lesson | state | test or reason |
|---|---|---|
",
    reasons: "tests/attacks/reasons/lessons",
};

/// What is known about a number.
#[derive(Default)]
struct Row {
    tests: BTreeSet<String>,
    reasons: Vec<String>,
}

/// The files below a folder whose names end in one of these.
fn all_files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = endings.iter().flat_map(|ending| files(folder, ending)).collect();
    for inner in files(folder, "").into_iter().filter(|path| path.is_dir()) {
        all.extend(all_files(&inner, endings));
    }
    all
}

/// The numbers of a comment such as `/// Attacks C-04, C-05`.
fn numbers<'a>(line: &'a str, word: &str) -> Option<Vec<&'a str>> {
    let said = line.trim_start().strip_prefix("///").or(line.trim_start().strip_prefix("//")).or(line.trim_start().strip_prefix('#'))?;
    let said = said.trim_start().strip_prefix(word)?;
    let said = said.strip_prefix("s ").or(said.strip_prefix(' '))?;
    let looks_like_one = said.split(',').next().is_some_and(|first| first.trim_start().bytes().any(|byte| byte.is_ascii_digit()));
    looks_like_one.then(|| said.split(',').map(str::trim).collect())
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The name of the test that begins in these lines, which follow a comment with numbers.
fn test_below(lines: &[&str], path: &Path) -> Option<String> {
    let is_rust = path.extension().is_some_and(|ending| ending == "rs");
    let mut is_test = !is_rust;
    for line in lines.iter().map(|line| line.trim_start()) {
        if is_rust {
            is_test |= line.starts_with("#[") && line.trim_end().ends_with("test]");
            // In `on_both! { … }` stands a name and what is shown on both engines.
            let shown = line.split_once(": ").filter(|(name, _)| is_name(name));
            if let Some((name, _)) = shown {
                return Some(name.to_owned());
            }
            let function = line.strip_prefix("async fn ").or(line.strip_prefix("fn "));
            if let Some(function) = function {
                return is_test.then(|| function.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect());
            }
        } else if let Some(python) = line.strip_prefix("def ").or(line.strip_prefix("async def ")) {
            return python.split('(').next().map(str::to_owned);
        } else if let Some(title) = line.strip_prefix("test(").or(line.strip_prefix("it(")) {
            let quote = title.chars().next()?;
            return title[quote.len_utf8()..].split(quote).next().map(str::to_owned);
        }
        if !(line.is_empty() || line.starts_with("//") || line.starts_with('#')) {
            return None;
        }
    }
    None
}

/// How a test is called for: by its modules, or by the file and its title.
fn full_name(path: &Path, above: &[&str], name: &str) -> String {
    let below_root = path.strip_prefix(root()).expect("a file lies below the root");
    if path.extension().is_none_or(|ending| ending != "rs") {
        return format!("{}: {name}", below_root.display());
    }
    let module = below_root.with_extension("");
    let mut modules: Vec<String> = module.iter().skip(1).map(|part| part.to_string_lossy().into_owned()).collect();
    modules.retain(|part| part != "mod" && part != "lib");
    let inner = above.iter().rev().find_map(|line| line.strip_prefix("mod ")?.strip_suffix(" {"));
    modules.extend(inner.map(str::to_owned));
    modules.push(name.to_owned());
    modules.join("::")
}

impl Table {
    /// The numbers of the list, in its order.
    fn numbers(&self) -> Vec<String> {
        let list = text(&root().join(self.list));
        let numbers: Vec<String> = list.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len(), "{}: a number stands twice", self.list);
        numbers
    }

    /// The row of a number that was named at this place.
    fn row<'a>(&self, rows: &'a mut BTreeMap<String, Row>, number: &str, at: &str) -> &'a mut Row {
        rows.get_mut(number).unwrap_or_else(|| panic!("{at}: {} `{number}` is not in {}", self.word, self.list))
    }

    /// What tests and reasons say.
    fn rows(&self) -> BTreeMap<String, Row> {
        let mut rows: BTreeMap<String, Row> = self.numbers().into_iter().map(|number| (number, Row::default())).collect();
        let mut sources = all_files(&root().join("src"), &[".rs"]);
        sources.extend(all_files(&root().join("tests"), &[".rs", ".mjs", ".py"]));
        for path in sources {
            let source = text(&path);
            let lines: Vec<&str> = source.lines().collect();
            for (at, line) in lines.iter().enumerate().filter(|_| !path.ends_with("tests/attacks.rs")) {
                let Some(numbers) = numbers(line, self.word) else { continue };
                let place = format!("{}:{}", path.display(), at + 1);
                let name = test_below(&lines[at + 1..], &path).unwrap_or_else(|| panic!("{place}: no test begins below this comment"));
                let name = full_name(&path, &lines[..at], &name);
                for number in numbers {
                    self.row(&mut rows, &self.padded(number), &place).tests.insert(name.clone());
                }
            }
        }
        for path in files(&root().join(self.reasons), ".txt") {
            for line in text(&path).lines() {
                let (number, why) = line.split_once(": ").unwrap_or_else(|| panic!("{}: `{line}` is not `number: why`", path.display()));
                self.row(&mut rows, number, &path.display().to_string()).reasons.push(why.to_owned());
            }
        }
        rows
    }

    /// A number as the list writes it.
    fn padded(&self, number: &str) -> String {
        if self.word == "Attack" { number.to_owned() } else { format!("{number:0>3}") }
    }

    /// The table as it should be.
    fn table(&self) -> String {
        let (rows, mut table) = (self.rows(), self.head.to_owned());
        for number in self.numbers() {
            let row = &rows[&number];
            let state = match (row.tests.first(), &*row.reasons) {
                (Some(name), []) => format!("tested | {} ", name.replace('|', "\\|")),
                (None, [why]) => format!("impossible | {why} "),
                (None, []) => panic!("no test carries {number}, and there is no reason why it cannot happen"),
                (Some(name), [..]) => {
                    panic!("{number} is tested by {name}, and there is a reason why it cannot happen: delete one of them")
                }
                (None, [..]) => panic!("{number} has two reasons: delete one of them"),
            };
            writeln!(table, "| {number} | {state}|").expect("a text takes everything");
        }
        table
    }
}

#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts a changed table")]
fn assert_up_to_date(table: &Table) {
    let (now, written) = (table.table(), root().join(table.written));
    if std::env::var_os("ACCEPT").is_some() {
        std::fs::write(&written, now).expect("the table can be written");
    } else {
        assert_eq!(text(&written), now, "run `ACCEPT=1 cargo test attacks` and read what changed");
    }
}

#[test]
fn the_table_of_attacks_is_up_to_date() {
    assert_eq!(ATTACKS.numbers().len(), 307);
    assert_up_to_date(&ATTACKS);
}

#[test]
fn the_table_of_lessons_is_up_to_date() {
    assert_eq!(LESSONS.numbers().len(), 187);
    assert_up_to_date(&LESSONS);
}
