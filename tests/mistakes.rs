//! Every way to get a word wrong: a file in `tests/mistakes/` beside its exact complaint.
//!
//! `NAME.yaml` is a provider file, `NAME.settings.yaml` a settings file, `NAME.examples.yaml` an examples file; the complaint stands in `NAME….txt`.
//! After a change of wording: `ACCEPT=1 cargo test mistakes`, then read what changed.

use crate::support::{STRICT, files, root, text};
use portaria::provider::compile;
use portaria::stores::settings::Settings;
use portaria::vocabulary::diagnostic::Report;
use portaria::vocabulary::place::Source;
use std::path::Path;

fn report(path: &Path) -> Report {
    let name = name_of(path);
    let source = Source::new(name.clone(), text(path));
    if name.ends_with(".settings.yaml") {
        Settings::read(&source).1
    } else if name.ends_with(".examples.yaml") {
        portaria::workbench::examples::read(&source).err().unwrap_or_else(|| Report::new(source, Vec::new()))
    } else {
        compile(&source, STRICT).1
    }
}

/// Lessons 68, 73, 153, 156
/// Attacks Y-02, Y-06, Y-08, Y-11, Y-12, Y-13, Y-17, N-04
#[test]
#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts changed sentences")]
fn every_mistake_is_shown_in_the_file_with_what_to_do() {
    let accept = std::env::var_os("ACCEPT").is_some();
    let mut wrong = Vec::new();
    let mut seen: Vec<(String, String)> = Vec::new();
    let all = files(&root().join("tests/mistakes"), ".yaml");

    for path in &all {
        let report = report(path);
        let drawn = report.draw(false);
        let expected = path.with_extension("txt");
        if accept {
            std::fs::write(&expected, &drawn).unwrap();
        }
        if !expected.is_file() || text(&expected) != drawn {
            wrong.push(format!(
                "{}\n--- expected\n{}\n--- found\n{drawn}",
                path.display(),
                if expected.is_file() { text(&expected) } else { String::new() }
            ));
        }
        assert!(!report.complaints.is_empty(), "{}: nothing is complained about", path.display());
        for complaint in &report.complaints {
            assert!(!complaint.help.is_empty() && !complaint.message.ends_with('.'), "{}: {complaint:?}", path.display());
        }
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == without_name(&drawn, path)) {
            wrong.push(format!("{} says the same as {other}", path.display()));
        }
        seen.push((without_name(&drawn, path), path.display().to_string()));
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(all.len() >= 80, "only {} mistakes", all.len());
}

fn without_name(drawn: &str, path: &Path) -> String {
    drawn.replace(&name_of(path), "")
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a file has a name").to_string_lossy().into_owned()
}
