//! The house rules that a compiler does not know: who may import whom, who may expose secrets, and that no provider
//! is known by name.

mod modules;
mod secrets;

use crate::support::{catalogue, files, root, text};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = files(folder, ".rs");
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            all.extend(sources(&path));
        }
    }
    all
}

/// A source without its module of tests, which stands at the end. A single item for tests in the middle does not count, nor does a
/// module in a file of its own.
pub(crate) fn production_code(source: &str) -> &str {
    let declares_module = |rest: &str| {
        let line = rest.lines().skip(1).find(|line| !line.starts_with("#[")).unwrap_or_default();
        (line.starts_with("mod ") || line.starts_with("pub(crate) mod ")) && line.ends_with('{')
    };
    let mut tests = source.match_indices("#[cfg(test)]").filter(|(at, _)| declares_module(&source[*at..]));
    tests.next().map_or(source, |(at, _)| &source[..at])
}

/// The types that a source declares, except associated types and those inside functions.
fn declared_types(source: &str) -> Vec<String> {
    let declares = |line: &&str| -> Option<String> {
        let indent = line.len() - line.trim_start().len();
        let mut line = line.trim_start();
        for visibility in ["pub(crate) ", "pub(super) ", "pub "] {
            line = line.strip_prefix(visibility).unwrap_or(line);
        }
        // Types of `words!` and `choice!` and of test modules are indented once.
        let keywords: &[&str] = if indent == 0 { &["struct ", "enum ", "trait ", "type "] } else { &["struct ", "enum ", "trait "] };
        let rest = keywords.iter().find_map(|keyword| line.strip_prefix(keyword)).filter(|_| indent <= 4)?;
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        name.starts_with(|letter: char| letter.is_ascii_uppercase()).then_some(name)
    };
    source.lines().filter_map(|line| declares(&line)).collect()
}

#[test]
fn no_two_types_have_the_same_name() {
    let mut first: std::collections::HashMap<String, PathBuf> = std::collections::HashMap::new();
    for path in sources(&root().join("src")) {
        for name in declared_types(&text(&path)) {
            if let Some(other) = first.insert(name.clone(), path.clone()) {
                panic!("`{name}` is declared in {} and in {}", other.display(), path.display());
            }
        }
    }
    assert!(first.len() > 400, "the types are found: {}", first.len());
}

/// Files below `src`, each with the reason why it may do something.
type FilesWithReasons = &'static [(&'static str, &'static str)];

/// Attack T-12
#[test]
fn nothing_switches_off_the_checks_of_certificates() {
    let switches = [
        "accept_invalid",
        "tls_danger",
        "dangerous()",
        "certificate_verifier",
        "ServerCertVerifier",
        "native_tls",
        "tls_certs_only",
        "RootCertStore::",
    ];
    let mut found = Vec::new();
    let tls = root().join("src/world/tls.rs");
    for path in sources(&root().join("src")).iter().filter(|path| **path != tls) {
        let code = text(path);
        for line in production_code(&code).lines().filter(|line| switches.iter().any(|switch| line.contains(switch))) {
            found.push(line.trim().to_owned());
        }
    }

    // A mail server of this machine.
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found.iter().any(|line| line.contains("dangerous_accept_invalid_certs(server.safety == MailEncryption::Loopback)")));
    // The one verifier asks that of the machine, if there is one, and changes nothing but its error.
    let code = production_code(&text(&tls)).to_owned();
    let asks = ["verify_server_cert(", "verify_tls12_signature(", "verify_tls13_signature("];
    assert!(asks.iter().all(|ask| code.matches(&format!("self.machine().and_then(|machine| machine.{ask}")).count() == 1), "{code}");
    assert!(!code.contains("assertion()") && !code.contains("Ok(_)") && code.matches("dangerous()").count() == 1, "{code}");
    assert!(code.contains("Verifier::new_with_extra_roots(further.0"), "{code}");
}

#[test]
fn the_compiler_sees_every_word_that_is_never_read() {
    for path in sources(&root().join("src")) {
        let code = text(&path);
        let blocks = code.split("words! {").skip(1).filter_map(|block| block.lines().find(|line| line.contains(" struct ")));
        let open: Vec<&str> = blocks.filter(|line| line.trim_start().starts_with("pub struct ")).collect();
        let is_examples = ["example.rs", "handed_in.rs"].iter().any(|file| path.ends_with(format!("workbench/examples/{file}")));
        assert!(is_examples || open.is_empty(), "{}: a block of words is `pub(crate)`, not {open:?}", path.display());
    }
}

#[test]
fn no_provider_is_known_by_name() {
    // Words of English besides.
    let ordinary = ["line", "box", "square"];
    // The playground is a room of the program itself; its file is there so that the program has something to log in with.
    let own = ["playground"];
    let names: Vec<String> =
        catalogue().iter().map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned()).collect();

    for path in sources(&root().join("src")) {
        // The examples of the command line name a file that everyone has.
        let is_example = |line: &&str| line.contains("portaria catalogue ") || line.contains(" --from ");
        let code = text(&path);
        let lines: Vec<String> = code.lines().filter(|line| !is_example(line)).map(str::to_lowercase).collect();
        let split = |line| str::split(line, |letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let words: HashSet<&str> = lines.iter().flat_map(|line| split(line)).collect();
        for name in names.iter().filter(|name| !ordinary.contains(&name.as_str()) && !own.contains(&name.as_str())) {
            assert!(!words.contains(name.as_str()), "{} knows `{name}`: a word is missing from the language", path.display());
        }
    }
}

#[test]
fn nothing_is_left_over() {
    for path in sources(&root().join("src")).into_iter().chain(sources(&root().join("tests"))) {
        let code = text(&path);
        for mark in [
            "to".to_owned() + "do!",
            "unimpl".to_owned() + "emented!",
            "FIX".to_owned() + "ME",
            "TO".to_owned() + "DO",
            "#[ign".to_owned() + "ore",
        ] {
            assert!(!code.contains(&mark), "{}: {mark}", path.display());
        }
    }
}

/// The functions that are longer than 60 lines, each with its reason.
const MAY_BE_LONG: FilesWithReasons = &[
    ("assemble", "it brings the parts of a file together, one line for each"),
    ("leaf_candidate", "the score is one sum, and its signals look at each other"),
];

/// The functions of a source that are longer than 60 lines, tests apart.
fn long_functions(code: &str) -> Vec<String> {
    let lines: Vec<&str> = production_code(code).lines().collect();
    let name_at = |line: &str| {
        let mut rest = line.trim_start();
        for word in ["pub ", "pub(crate) ", "pub(super) ", "const ", "async "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        rest.strip_prefix("fn ")
            .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>())
    };
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = name_at(line) else { continue };
        let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let length =
            if line.ends_with('}') || line.ends_with(';') { 1 } else { lines[at..].iter().take_while(|line| **line != end).count() + 1 };
        if length > 60 {
            found.push(name);
        }
    }
    found
}

#[test]
fn a_file_over_400_lines_says_why_and_no_function_is_over_60() {
    let mut exceptions: Vec<&str> = Vec::new();
    for path in sources(&root().join("src")) {
        let code = text(&path);
        let says_why = code.lines().take_while(|line| line.starts_with("//!")).any(|line| line.starts_with("//! Long because "));
        let lines = code.lines().count();
        assert!(
            lines <= 400 || says_why,
            "{} has {lines} lines: give a subject a file of its own, or say `Long because …`",
            path.display()
        );
        assert!(lines > 400 || !says_why, "{} is not long any more: take `Long because …` out", path.display());
        let is_tests = path.file_name().is_some_and(|name| name == "tests.rs");
        for name in if is_tests { Vec::new() } else { long_functions(&code) } {
            let known = MAY_BE_LONG.iter().find(|(known, _)| *known == name);
            let (known, _) = known.unwrap_or_else(|| panic!("{}: `{name}` is over 60 lines: split it", path.display()));
            exceptions.push(known);
        }
    }
    assert_eq!(exceptions.len(), MAY_BE_LONG.len(), "each exception is needed: {exceptions:?}");
}

/// Attack P-12
#[test]
fn a_line_of_the_audit_is_added_and_goes_with_its_time_or_its_person_and_is_never_changed() {
    let mut touching = Vec::new();
    for path in sources(&root().join("src")) {
        let source = text(&path);
        let code = production_code(&source).to_owned();
        for verb in ["UPDATE audit", "DELETE FROM audit", "INSERT INTO audit", "remove_oldest!(\"audit\""] {
            touching.extend(code.match_indices(verb).map(|(at, _)| code[at..].lines().next().unwrap_or_default().to_owned()));
        }
    }
    touching.sort();

    let begins = ["INSERT INTO audit", "UPDATE audit SET uid = NULL", "remove_oldest!(\"audit\", \"at\"), audit_since"];
    assert_eq!(touching.len(), begins.len(), "{touching:#?}");
    assert!(touching.iter().zip(begins).all(|(is, begins)| is.starts_with(begins)), "{touching:#?}");
}
