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

/// A part of a specification that no plan of the suite covers, and the tests of `tests/web/apps` that send its requests.
struct SpecificationRow {
    part: &'static str,
    what: &'static str,
    file: &'static str,
    tests: &'static [&'static str],
}

const BEYOND_THE_SUITE: &[SpecificationRow] = &[
    SpecificationRow {
        part: "RFC 8693, token exchange: the request (2.1)",
        what: "`subject_token` of the type `id_token` or `access_token` gives tokens of the store; `scope`, `resource`, `audience` and \
               `requested_token_type` are obeyed; `actor_token` and other types are `invalid_request`",
        file: "token_exchange",
        tests: &["an_id_token_of_the_provider_gives_tokens_of_the_store", "what_the_app_requests_stands_in_the_answer"],
    },
    SpecificationRow {
        part: "RFC 8693: the answer (2.2.1)",
        what: "`issued_token_type` and `token_type` (`N_A` for a token that opens nothing), `scope` and `expires_in`; a refresh token comes \
               where `offline_access` was granted",
        file: "token_exchange",
        tests: &["an_id_token_of_the_provider_gives_tokens_of_the_store", "what_the_app_requests_stands_in_the_answer"],
    },
    SpecificationRow {
        part: "RFC 8693: errors (2.2.2)",
        what: "a token that is not acceptable is `invalid_request`, an audience that the app does not have `invalid_target`; nothing is \
               given for a token of another client, an expired one or one that was used",
        file: "token_exchange",
        tests: &[
            "only_a_token_that_the_provider_issued_to_our_client_counts_and_with_a_nonce_once",
            "an_access_token_counts_only_if_the_provider_says_that_our_client_got_it",
            "a_token_of_the_store_is_not_exchanged",
        ],
    },
    SpecificationRow {
        part: "RFC 8693: the client (2.1, 5)",
        what: "an app without the grant is `unauthorized_client`; one without a secret shows that the ID token was made for it",
        file: "token_exchange",
        tests: &["a_token_of_the_store_is_not_exchanged", "an_app_without_a_secret_shows_that_the_id_token_was_made_for_it"],
    },
];

/// The rows of the page for what no plan covers.
fn page_beyond_the_suite() -> String {
    let row = |row: &SpecificationRow| {
        let tests: Vec<String> = row.tests.iter().map(|test| format!("`{}::{test}`", row.file)).collect();
        format!("| {} | {} | {} |", row.part, row.what, tests.join(", "))
    };
    let rows: Vec<String> = BEYOND_THE_SUITE.iter().map(row).collect();
    format!(
        "## Beyond the plans of the suite\n\nThe tests are those of `cargo test web::apps`.\n\n\
         | specification | what is sent and demanded | tests |\n|---|---|---|\n{}\n",
        rows.join("\n")
    )
}

#[test]
fn what_the_page_names_beyond_the_suite_is_tested() {
    for SpecificationRow { part, file, tests, .. } in BEYOND_THE_SUITE {
        let source = text(&root().join(format!("tests/web/apps/{file}.rs")));
        for test in *tests {
            assert!(source.contains(&format!("#[actix_web::test]\nasync fn {test}()")), "{part}: {test}");
        }
    }
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
    let page = format!("{head}\n{}\n{}", plans.join("\n"), page_beyond_the_suite());
    let path = root().join("docs/conformance-apps.md");
    if std::env::var("ACCEPT").is_ok() {
        std::fs::write(path, page).expect("the page is written");
    } else {
        assert_eq!(text(&path), page, "run `ACCEPT=1 cargo test conformance`");
    }
}
