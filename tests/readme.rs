//! The examples of the README, and of the pages on provider files that go on with its file, are run.

use crate::command_line::{Folder, portaria};
use crate::support::{root, text};
use portaria::world::files::read_bytes;

/// What `explain` prints of the first file of the README, from one heading to the next.
fn explained(arguments: &[&str], from: &str, to: &str) -> String {
    let page = text(&root().join("README.md"));
    let file = page.split("```yaml\n").nth(1).and_then(|block| block.split("```").next()).expect("the README begins with a file");
    let folder = Folder::new("readme")
        .with("providers.d/clube-acme.yaml", file)
        .with("token.json", r#"{"status": "ok", "data": {"token": "at-1"}}"#)
        .with("me.json", r#"{"data": {"id": 4711, "email": "ana@loja.example", "nome": "Ana", "sobrenome": "Prova"}}"#);
    let (code, out, err) = portaria(&folder.0, &[&["explain", "clube-acme"], arguments].concat(), &[]);
    assert_eq!(code, 0, "{out}{err}");
    let start = out.find(from).unwrap_or_else(|| panic!("{from}: {out}"));
    let end = out[start..].find(to).map_or(out.len(), |at| start + at);
    out[start..end].trim_end().to_owned()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts changed sentences")]
fn what_the_pages_of_provider_files_show_of_explain_is_what_it_prints() {
    let answers = ["--answer", "getAccessCode=token.json", "--answer", "getUserInfo=me.json"];
    let accept = std::env::var_os("ACCEPT").is_some();

    for path in ["docs/provider-files.md", "docs/pt-BR/provider-files.md"].map(|page| root().join(page)) {
        for (arguments, from, to) in [(&[][..], "getAccessCode\n", "\ngetUserInfo\n"), (&answers[..], "getAccessCode\n", "\nnote: ")] {
            let page = text(&path);
            let command =
                format!("$ portaria explain clube-acme{}\n", arguments.iter().map(|argument| format!(" {argument}")).collect::<String>());
            let (before, rest) = page.split_once(&command).unwrap_or_else(|| panic!("{command}"));
            let (shown, after) = rest.split_once("```").expect("a block ends");
            let printed = format!("…\n{}\n…\n", explained(arguments, from, to));
            if accept {
                std::fs::write(&path, format!("{before}{command}{printed}```{after}")).expect("the page can be written");
            } else {
                assert_eq!(shown, printed, "run `ACCEPT=1 cargo test readme` and read what changed");
            }
        }
    }
}

#[test]
fn the_test_command_of_the_readme_is_the_one_that_runs_everything() {
    let page = text(&root().join("README.md"));

    assert!(page.contains("tests/run"));
    assert!(text(&root().join(".ci/run")).contains("tests/run"));
}

/// The documents that a reader of the repository follows.
const DOCUMENTS: [&str; 6] =
    ["README.md", "CONTRIBUTING.md", "docs/accounts.md", "docs/apps.md", "docs/architecture.md", "docs/support.md"];

#[test]
fn every_path_of_the_documents_exists() {
    let mut found = 0;
    for document in DOCUMENTS {
        let page = text(&root().join(document));
        for quoted in page.split('`').skip(1).step_by(2) {
            let path = quoted.split([':', '*', '{']).next().unwrap_or_default();
            let is_path =
                ["src/", "tests/", "docs/", "schemas/", "fuzz/", "benches/", ".ci/"].iter().any(|folder| path.starts_with(folder));
            if is_path && !path.contains([' ', '‹', '<']) && !path.contains("NAME") {
                assert!(root().join(path).exists(), "{document} names `{path}`, which does not exist");
                found += 1;
            }
        }
    }
    assert!(found > 40, "only {found} paths are found");
}

#[test]
fn the_example_test_of_contributing_runs() {
    let page = text(&root().join("CONTRIBUTING.md"));
    let examples = page.split("```rust\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let tests = text(&root().join("tests/web/session.rs"));

    let is_a_test = |example: &&str| example.contains("#[actix_web::test]");
    let examples: Vec<&str> = examples.filter(is_a_test).collect();
    assert_eq!(examples.len(), 1);
    assert!(tests.contains(examples[0]), "the example is not a test of tests/web/session.rs:\n{}", examples[0]);
}

#[test]
fn the_readme_shows_the_pages_in_pictures_that_are_small_and_sharp() {
    let page = text(&root().join("README.md"));

    for name in ["login", "lab"] {
        let address = format!("docs/images/{name}.png");
        let shown = page.split(&format!("<img src=\"{address}\" width=\"")).nth(1).and_then(|rest| rest.split('"').next());
        let shown: u32 = shown.and_then(|width| width.parse().ok()).unwrap_or_else(|| panic!("README.md lacks {address}"));

        let picture =
            read_bytes(&root().join(&address), 1 << 20).expect("`ACCEPT=1 node tests/browser/run.mjs pictures` takes the picture");

        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n") && picture.len() < 120_000, "{address}: {} bytes", picture.len());
        let width = u32::from_be_bytes(picture[16..20].try_into().expect("four bytes"));
        assert!(width >= 2 * shown, "{address} is {width} pixels wide and shown in {shown}");
    }
}
