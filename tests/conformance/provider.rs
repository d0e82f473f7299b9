//! The provider side of `OpenID` Connect, which the store is for its apps, as the conformance suite of the `OpenID` Foundation tests it:
//! every module of the plans under the suite's own name. `docs/conformance-apps.md` is written from the table.

mod basic;
mod discovery;
mod logout;
mod modules;
mod relying_party;

use crate::conformance::provider::modules::{PLANS, ProviderModule, SuiteResult};
use crate::support::{root, text};
use std::collections::BTreeSet;

#[test]
fn every_module_has_a_test_of_its_name() {
    let sources: Vec<String> =
        ["basic", "discovery", "logout"].iter().map(|name| text(&root().join(format!("tests/conformance/provider/{name}.rs")))).collect();
    let modules: Vec<&ProviderModule> = PLANS.iter().flat_map(|(_, _, modules)| modules.iter()).collect();
    let names: BTreeSet<String> = modules.iter().map(|module| module.test()).collect();

    assert_eq!(names.len(), modules.len(), "a module stands twice");
    for module in modules {
        assert_eq!(module.why.is_empty(), module.result == SuiteResult::Passed, "{}", module.name);
    }
    let tests = sources.iter().flat_map(|source| source.split("\nasync fn oidcc_").skip(1)).filter_map(|rest| rest.split('(').next());
    let tests: BTreeSet<String> = tests.map(|name| format!("oidcc_{name}")).collect();
    assert_eq!(tests, names);
}

/// The rows of the page for one plan.
fn page_of_plan(plan: &str, variant: &str, modules: &[ProviderModule]) -> String {
    let row = |module: &ProviderModule| {
        let why = if module.why.is_empty() { String::new() } else { format!(": {}", module.why) };
        format!("| `{}` | {} | {}{why} | `{}` |", module.name, module.what, module.result.word(), module.test())
    };
    let rows: Vec<String> = modules.iter().map(row).collect();
    let of = |result: SuiteResult| modules.iter().filter(|module| module.result == result).count();
    let words = [SuiteResult::Passed, SuiteResult::Review, SuiteResult::Warning, SuiteResult::Skipped, SuiteResult::LeftOut]
        .into_iter()
        .filter(|result| of(*result) > 0)
        .map(|result| format!("{} {}", of(result), result.word()))
        .collect::<Vec<_>>()
        .join("; ");
    format!(
        "## {plan}\n\n{variant}. {} modules: {words}.\n\n| module | what it does and demands | result | test |\n|---|---|---|---|\n{}\n",
        modules.len(),
        rows.join("\n")
    )
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts a changed table")]
fn the_page_of_the_provider_is_written_from_the_table() {
    let head = "# Conformance of the provider

How a store, as the issuer of its [apps](apps.md), meets the provider test plans of the OpenID Foundation's conformance suite, module by module
and under the suite's own names. The suite itself needs a network; here each module is a test of the module's name that sends the
same requests to the whole broker over its routes, does in the browser what the person does, and demands what the module demands. The store has the
clients of the suite with their secrets and redirect addresses, and the defaults for the rest. A warning of the suite is no failure; where it
stands, it is decided so. No module fails.

The tests are those of `cargo test conformance::provider`; this page is written by
`ACCEPT=1 cargo test conformance`. The other side, where the broker is the client, is in [conformance.md](conformance.md).
";
    let plans: Vec<String> = PLANS.iter().map(|(plan, variant, modules)| page_of_plan(plan, variant, modules)).collect();
    let page = format!("{head}\n{}", plans.join("\n"));
    let path = root().join("docs/conformance-apps.md");
    if std::env::var("ACCEPT").is_ok() {
        std::fs::write(path, page).expect("the page is written");
    } else {
        assert_eq!(text(&path), page, "run `ACCEPT=1 cargo test conformance`");
    }
}
