//! `portaria history`: all that was written down, of people, of logins that failed, and of keys.

use crate::commands::outcome::{Failure, Outcome, cut, say, say_json};
use crate::commands::users::{desk, told};
use crate::commands::{Global, storage};
use crate::directory::audit::Lines;
use crate::stores::Stores;
use clap::Args;
use serde_json::json;

/// Tell what happened.
#[derive(Debug, Args)]
pub struct History {
    /// Only what happened at this store
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Only what happened through this provider, by the name of its file
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// How many lines at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    most: i64,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
}

impl History {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Outcome, Failure> {
        let settings = global.settings()?;
        if let Some(store) = &self.store {
            desk::others(store, &Stores::new(&settings))?;
        }
        let place = storage::place(self.storage.as_deref(), &settings)?;
        let found = storage::run(async {
            let directory = storage::open_existing(&place).await?;
            let named = |name: &Option<String>| name.as_deref().map(Into::into);
            let lines = Lines { store: named(&self.store), provider: named(&self.provider), most: self.most + 1 };
            directory.read(lines).await.map_err(|_| storage::away(&place))
        })?;
        let (lines, more) = cut(found, self.most);
        if global.json {
            say_json(&json!({ "history": told::lines_json(&lines), "more": more }).to_string());
            return Ok(Outcome::Fine);
        }
        for line in &lines {
            say(&told::line(line));
        }
        if lines.is_empty() {
            say("nothing of that kind is written down; lines go when they are as old as `audit: keep` says");
        }
        if more {
            say(&format!("there is more: `--most {}`", self.most.saturating_mul(10)));
        }
        Ok(Outcome::Fine)
    }
}
