//! What `portaria explain` says of a file: odd files in `tests/explain/` beside the exact text, and every word of the
//! language. After a change of wording: `ACCEPT=1 cargo test explain`, then read what changed.

use crate::command_line::portaria;
use crate::support::{catalogue, files, root, text};
use serde_json::Value;

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever changes a sentence says so by a variable")]
fn odd_files_are_explained_to_their_end() {
    let all = files(&root().join("tests/explain"), ".yaml");

    for path in &all {
        let name = format!("tests/explain/{}", path.file_name().expect("a file has a name").to_string_lossy());
        let (code, out, err) = portaria(&root(), &["explain", &name, "--public-url", "https://login.loja.example"], &[]);
        assert_eq!(code, 0, "{err}");

        let expected = path.with_extension("txt");
        if std::env::var_os("ACCEPT").is_some() {
            std::fs::write(&expected, &out).unwrap();
        }
        assert_eq!(text(&expected), out, "{name}: run `ACCEPT=1 cargo test explain` and read what changed");
        assert!(!out.contains('\x1b'), "colours are for terminals");
    }

    assert!(all.len() >= 3);
}

/// The rows of the JSON: those of the file, and those of each step.
fn rows(explained: &Value) -> Vec<(String, String, Option<u64>)> {
    let steps = explained["steps"].as_array().into_iter().flatten().flat_map(|step| step["words"].as_array().into_iter().flatten());
    let all = explained["words"].as_array().into_iter().flatten().chain(steps);
    all.map(|row| {
        assert_eq!(row["default"], row["line"].is_null(), "{row}");
        (row["word"].as_str().unwrap().to_owned(), row["value"].as_str().unwrap().to_owned(), row["line"].as_u64())
    })
    .collect()
}

#[test]
fn every_block_of_the_catalogue_is_described_with_its_lines() {
    for path in catalogue() {
        let name = path.display().to_string();
        let (code, out, err) = portaria(&root(), &["explain", &name, "--json", "--public-url", "https://login.loja.example"], &[]);
        assert_eq!(code, 0, "{err}");
        let explained: Value = serde_json::from_str(&out).expect("JSON");
        let rows = rows(&explained);

        for (at, line) in (1_u64..).zip(text(&path).lines()) {
            let Some((key, value)) = line.trim_start().trim_start_matches("- ").split_once(':') else { continue };
            let is_word = !key.is_empty() && !value.starts_with("//") && key.chars().all(|letter| letter.is_ascii_alphanumeric());
            // The words of a condition are one sentence.
            let is_part = ["at", "is", "isNot", "matches", "contains", "present", "within", "status", "all", "any"].contains(&key);
            // A step, a list and a block that is continued below have no line of their own.
            let is_whole = !value.trim().is_empty() && !value.trim().starts_with("{}") && !value.trim().starts_with(['#', '|', '>']);
            if is_word && is_whole && !is_part {
                assert!(rows.iter().any(|(_, _, line)| *line == Some(at)), "{name}:{at}: {line}");
            }
        }
    }
}

#[test]
fn what_a_file_leaves_out_is_described_as_the_default() {
    let (_, out, _) = portaria(&root(), &["explain", "tests/explain/issuer-only.yaml", "--json"], &[]);
    let rows = rows(&serde_json::from_str(&out).expect("JSON"));

    for (word, value) in [
        ("pkce", "S256"),
        ("read.state", "$.state"),
        ("refused", "if the callback has a parameter `error`"),
        ("refused", "if the status is outside 2xx"),
        ("signed.issuer", "${issuer}"),
        ("signed.audience", "${clientId}"),
        ("signed.keys", "${jwksUri}"),
        ("signed.nonce", "required"),
        ("signed.read.email", "$.email"),
    ] {
        assert!(rows.iter().any(|row| *row == (word.to_owned(), value.to_owned(), None)), "{word}: {rows:?}");
    }
}
