//! The README's examples are run.

use crate::support::{report, root, text};
use clap::Parser as _;
use portaria::commands::CommandLine;

#[test]
fn every_provider_file_of_the_readme_is_right() {
    let page = text(&root().join("README.md"));
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap_or_default()).collect();
    let files: Vec<&&str> = blocks.iter().filter(|block| block.contains("getAuthorizationCode") || block.contains("discovery:")).collect();

    assert!(!files.is_empty());
    for file in files {
        let report = report(file);
        assert!(report.complaints.is_empty(), "{}", report.draw(false));
    }
}

#[test]
fn every_command_of_the_readme_is_one_that_the_program_knows() {
    let page = text(&root().join("README.md"));
    let commands = page.lines().filter_map(|line| line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("portaria ")));
    let commands: Vec<&str> = commands.map(|line| line.split('#').next().unwrap_or_default()).collect();

    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let parsed = CommandLine::try_parse_from(std::iter::once("portaria").chain(command.split_whitespace()));
        assert!(parsed.is_ok(), "{command}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
    }
}

#[test]
fn the_test_command_of_the_readme_is_the_one_that_runs_everything() {
    let page = text(&root().join("README.md"));

    assert!(page.contains("tests/run"));
    assert!(text(&root().join(".ci/run")).contains("tests/run"));
}
