//! Gives a release the commit that it is made from, as `portaria version` shows it. A build for development has none, so that a commit
//! compiles nothing anew.

#![expect(clippy::disallowed_methods, reason = "cargo gives a build its parameters by variables")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=PORTARIA_COMMIT");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = env::var("PORTARIA_COMMIT").ok().or_else(|| if is_release { commit_of_checkout() } else { None });
    if let Some(commit) = commit {
        println!("cargo::rustc-env=PORTARIA_COMMIT={}", commit.trim());
    }
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
