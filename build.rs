//! Gives a release the commit that it is made from, as `portaria version` shows it, and the program the provider files of the catalogue,
//! from which `portaria new --from` begins. A build for development has no commit, so that a commit compiles nothing anew.

#![expect(clippy::disallowed_methods, reason = "cargo gives a build its parameters by variables")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=PORTARIA_COMMIT");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = env::var("PORTARIA_COMMIT").ok().or_else(|| if is_release { commit_of_checkout() } else { None });
    if let Some(commit) = commit {
        println!("cargo::rustc-env=PORTARIA_COMMIT={}", commit.trim());
    }
    embed_catalogue();
}

/// Writes a table with the name of each provider file of the catalogue, its text and that of its examples.
fn embed_catalogue() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo names the folder of the package"));
    let folder = root.join("providers.d");
    println!("cargo::rerun-if-changed={}", folder.display());
    let listed = fs::read_dir(&folder).expect("the folder of the catalogue can be listed");
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let (mut table, mut names) = (String::from("&[\n"), Vec::new());
    for file in files {
        let Some(name) = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".yaml")) else { continue };
        if !name.contains('.') {
            let included =
                |path: &Path| if path.exists() { format!("include_str!({:?})", path.display().to_string()) } else { "\"\"".to_owned() };
            let (text, examples) = (included(&file), included(&file.with_extension("examples.yaml")));
            names.push(name.to_owned());
            let _ = writeln!(table, "    CatalogueFile {{ name: {name:?}, text: {text}, examples: {examples} }},");
        }
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo names a folder for what is made"));
    fs::write(out.join("catalogue.rs"), table).expect("the table of the catalogue can be written");
    fs::write(out.join("catalogue_names.rs"), format!("&{names:?}\n")).expect("the names of the catalogue can be written");
}

/// The commit that is checked out, with `-dirty` if files differ from it. A build outside of a checkout has none.
fn commit_of_checkout() -> Option<String> {
    let head = git(&["rev-parse", "--git-path", "HEAD"])?;
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]).and_then(|branch| git(&["rev-parse", "--git-path", &branch]));
    for file in [Some(head), branch].into_iter().flatten().filter(|file| Path::new(file).exists()) {
        println!("cargo::rerun-if-changed={file}");
    }
    git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
