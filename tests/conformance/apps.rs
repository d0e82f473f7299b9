//! The store as an `OpenID` provider as the conformance suite of the `OpenID` Foundation tests it: each module of the plans for logout, under
//! the suite's own name, with the test that does what the module does. `docs/conformance-apps.md` is written from the table.
//!
//! After a change of the table: `ACCEPT=1 cargo test conformance`.

use crate::support::{root, text};

/// A module: its name, what it does, how the store answers, and the test.
type ProviderModule = (&'static str, &'static str, &'static str, &'static str);

/// The plans with their modules (state of August 2026).
const PLANS: &[(&str, &[ProviderModule])] = &[
    ("oidcc-rp-initiated-logout-certification-test-plan", RP_INITIATED),
    ("oidcc-backchannel-rp-initiated-logout-certification-test-plan", BACK_CHANNEL),
];

const RP_INITIATED: &[ProviderModule] = &[
    (
        "oidcc-rp-initiated-logout-discovery-endpoint-verification",
        "looks for `end_session_endpoint` in the document",
        "it is there",
        "end_session::the_document_names_what_there_is_of_logout",
    ),
    (
        "oidcc-rp-initiated-logout",
        "sends the ID token, a registered address and `state`",
        "signed out, and sent to the address with `state`; `prompt=none` is refused from then on",
        "end_session::an_id_token_of_the_session_signs_out_and_leads_back_with_the_state",
    ),
    (
        "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
        "sends an address that is not registered",
        "an error page",
        "end_session::nothing_leads_to_an_address_that_is_not_registered",
    ),
    (
        "oidcc-rp-initiated-logout-modified-id-token-hint",
        "sends the ID token without its signature (`alg: none`), and an address",
        "an error page: without an ID token the address belongs to no app",
        "end_session::nothing_leads_to_an_address_that_is_not_registered",
    ),
    (
        "oidcc-rp-initiated-logout-no-id-token-hint",
        "sends an address and no ID token",
        "an error page, as above; with `client_id` the person is asked",
        "end_session::nothing_leads_to_an_address_that_is_not_registered",
    ),
    ("oidcc-rp-initiated-logout-no-params", "sends nothing", "the person is asked", "end_session::without_proof_the_person_is_asked"),
    (
        "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
        "sends the ID token and no address",
        "signed out, and sent to the storefront or the login page",
        "end_session::an_id_token_of_the_session_signs_out_and_leads_back_with_the_state",
    ),
    (
        "oidcc-rp-initiated-logout-no-state",
        "sends the ID token and a registered address without `state`",
        "signed out, and sent to the address as it was registered",
        "end_session::an_id_token_of_the_session_signs_out_and_leads_back_with_the_state",
    ),
    (
        "oidcc-rp-initiated-logout-only-state",
        "sends `state` alone",
        "the person is asked",
        "end_session::without_proof_the_person_is_asked",
    ),
    (
        "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
        "adds a query to a registered address",
        "an error page",
        "end_session::nothing_leads_to_an_address_that_is_not_registered",
    ),
    (
        "oidcc-rp-initiated-logout-bad-id-token-hint",
        "sends an ID token whose signature is not right, and an address",
        "an error page, as above",
        "end_session::nothing_leads_to_an_address_that_is_not_registered",
    ),
];

const BACK_CHANNEL: &[ProviderModule] = &[
    (
        "oidcc-backchannel-logout-discovery-endpoint-verification",
        "looks for `backchannel_logout_supported` and `backchannel_logout_session_supported`",
        "both are `true`",
        "end_session::the_document_names_what_there_is_of_logout",
    ),
    (
        "oidcc-backchannel-rp-initiated-logout",
        "signs out, and waits for the logout token and the browser",
        "both come: a logout token with `sub`, `sid`, `jti` and the event, and no `nonce`",
        "logout_notices::an_app_gets_a_logout_token_as_the_specification_wants_it",
    ),
];

#[test]
fn every_module_of_the_plans_for_logout_names_a_test() {
    assert_eq!([RP_INITIATED.len(), BACK_CHANNEL.len()], [11, 2]);
    for (name, _, _, test) in PLANS.iter().flat_map(|(_, modules)| modules.iter()) {
        let (file, function) = test.split_once("::").expect("a file and a function");
        let tests = text(&root().join(format!("tests/web/apps/{file}.rs")));
        assert!(tests.contains(&format!("async fn {function}()")), "{name}: there is no test {test}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts a changed table")]
fn the_page_about_apps_is_written_from_the_table() {
    let head = "# Conformance of the provider

How a store meets the logout plans of the OpenID Foundation's conformance suite as the provider of its apps, module by module and under the
suite's own names. The suite itself needs a network; here a test does what each module does. Where the suite wants a picture of a page for a
person to judge, the test looks for the page.

The tests are in `tests/web/apps`; this page is written by `ACCEPT=1 cargo test conformance`.
";
    let row = |(name, does, answer, test): &ProviderModule| format!("| `{name}` | {does} | {answer} | `{test}` |");
    let plan = |(plan, modules): &(&str, &[ProviderModule])| {
        let rows: Vec<String> = modules.iter().map(row).collect();
        format!("\n## {plan}\n\n| module | the suite | the store | test |\n|---|---|---|---|\n{}\n", rows.join("\n"))
    };
    let page = format!("{head}{}", PLANS.iter().map(plan).collect::<String>());
    let path = root().join("docs/conformance-apps.md");
    if std::env::var("ACCEPT").is_ok() {
        std::fs::write(path, page).expect("the page is written");
    } else {
        assert_eq!(text(&path), page, "run `ACCEPT=1 cargo test conformance`");
    }
}
