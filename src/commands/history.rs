//! `portaria history`: the audit of all users, failed logins and signing keys.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::commands::users::{context, rendering};
use crate::commands::{GlobalOptions, storage};
use crate::directory::audit::ListAuditEvents;
use crate::stores::Stores;
use clap::Args;
use serde_json::json;

/// List what happened.
#[derive(Debug, Args)]
pub(crate) struct HistoryCommand {
    /// Only events of this store
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Only events of this provider, by the name of its file
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The most events
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    most: i64,
    /// Only events before this one, as `next` of the page before names it
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
}

impl HistoryCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        if let Some(store) = &self.store {
            context::other_stores(store, &Stores::new(&settings))?;
        }
        let place = storage::location(self.storage.as_deref(), &settings)?;
        let page = storage::run(async {
            let directory = storage::open_existing(&place).await?;
            let named = |name: &Option<String>| name.as_deref().map(Into::into);
            let (store, provider) = (named(&self.store), named(&self.provider));
            let lines = ListAuditEvents { store, provider, before: self.before, most: self.most };
            directory.read(lines).await.map_err(|_| storage::unavailable(&place))
        })?;
        if global.json {
            let lines = rendering::audit_lines_as_json(&page.events);
            print_json(&json!({ "history": lines, "more": page.next.is_some(), "next": page.next }).to_string());
            return Ok(CommandOutcome::Fine);
        }
        for line in &page.events {
            print_line(&rendering::audit_line_as_text(line));
        }
        if page.events.is_empty() {
            print_line("the audit has no such events; it keeps events for as long as `audit: keep` says");
        }
        if let Some(next) = page.next {
            print_line(&format!("the events before these: `--before {next}`"));
            print_line(&format!("there is more: `--most {}`", self.most.saturating_mul(10)));
        }
        Ok(CommandOutcome::Fine)
    }
}
