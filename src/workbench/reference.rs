//! Writes the generated files: the JSON schemas and the operators' reference.
//!
//! The reference is made of topics, which are Markdown files in `reference/`. A line in braces stands for what the program
//! knows itself: words with their doc comments, tables, the contents (see `page`).

pub(crate) mod json_schema; // the schemas
pub(crate) mod page; //        topics become a page
pub(crate) mod tables; //      the tables of facts, functions and codes
pub(crate) mod word_doc; //    a word's doc comment

use crate::provider::provider_spec::ProviderSpec;
use crate::stores::settings::SettingsSpec;
use crate::vocabulary::words::WordBlock;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::reference::json_schema::json_schema;
use crate::workbench::reference::page::ReferencePage;
use serde_json::json;

/// The topics of the reference of provider files, in order.
const PROVIDER_TOPICS: &[&str] = &[
    include_str!("reference/provider/start.md"),
    include_str!("reference/provider/manual.md"),
    include_str!("reference/provider/requests.md"),
    include_str!("reference/provider/answers.md"),
    include_str!("reference/provider/refusals.md"),
    include_str!("reference/provider/lists.md"),
    include_str!("reference/provider/trust.md"),
    include_str!("reference/provider/tokens.md"),
    include_str!("reference/provider/exchange.md"),
    include_str!("reference/provider/kept.md"),
    include_str!("reference/provider/hosts.md"),
    include_str!("reference/provider/functions.md"),
    include_str!("reference/provider/next.md"),
    include_str!("reference/provider/catalogue.md"),
    include_str!("reference/provider/examples.md"),
];

/// The topics of the reference of the settings, in order.
const SETTINGS_TOPICS: &[&str] = &[
    include_str!("reference/settings/start.md"),
    include_str!("reference/settings/tasks.md"),
    include_str!("reference/settings/machine.md"),
    include_str!("reference/settings/page.md"),
    include_str!("reference/settings/sessions.md"),
    include_str!("reference/settings/apps.md"),
    include_str!("reference/settings/files.md"),
    include_str!("reference/settings/network.md"),
    include_str!("reference/settings/mail.md"),
    include_str!("reference/settings/events.md"),
    include_str!("reference/settings/records.md"),
    include_str!("reference/settings/stores.md"),
];

/// The blocks at the root of each kind of file: provider files, the settings file, and files of examples.
pub fn root_blocks() -> [&'static WordBlock; 3] {
    [ProviderSpec::block(), SettingsSpec::block(), ExampleSpec::block()]
}

/// The pages of the reference: name below `schemas/`, and page.
pub fn pages() -> Vec<(&'static str, ReferencePage)> {
    vec![
        ("provider.md", ReferencePage::write(PROVIDER_TOPICS, &[ProviderSpec::block(), ExampleSpec::block()])),
        ("settings.md", ReferencePage::write(SETTINGS_TOPICS, &[SettingsSpec::block()])),
    ]
}

/// The generated files: name below `schemas/`, and text.
pub fn generated_files() -> Vec<(&'static str, String)> {
    let schemas = [
        ("provider.schema.json", json_schema("A provider file of portaria", ProviderSpec::block())),
        ("settings.schema.json", json_schema("The settings file of portaria", SettingsSpec::block())),
    ];
    let pages = pages().into_iter().map(|(name, page)| (name, page.text));
    schemas.into_iter().chain(std::iter::once(("catalog.json", schema_catalog()))).chain(pages).collect()
}

/// The schemas and the files that they are for, as catalogues of schemas for editors list them. The addresses are relative to the list.
fn schema_catalog() -> String {
    let entry = |name: &str, description: &str, files: &[&str], schema: &str| json!({ "name": name, "description": description, "fileMatch": files, "url": schema });
    let provider_files = ["**/providers.d/*.yaml", "!**/providers.d/*.examples.yaml"];
    let catalog = json!({
        "version": 1,
        "schemas": [
            entry("portaria provider", "A provider file of portaria, an identity broker", &provider_files, "provider.schema.json"),
            entry("portaria settings", "The settings file of portaria, an identity broker", &["portaria.yaml"], "settings.schema.json"),
        ],
    });
    format!("{catalog:#}\n")
}
