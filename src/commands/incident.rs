//! `portaria incident CODE`: the story behind the code on an error page.

use crate::commands::GlobalOptions;
use crate::commands::outcome::{CommandFailure, CommandOutcome, format_time, print_json, print_line};
use crate::commands::storage;
use crate::directory::incidents::{LoadIncident, StoredIncident};
use crate::stores::Stores;
use crate::story::Story;
use crate::story::plain_text::plain_text;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::incident_code::IncidentCode;
use crate::world::clock;
use clap::Args;
use serde_json::json;

/// Tell the story behind a code.
#[derive(Debug, Args)]
pub(crate) struct IncidentCommand {
    /// The code on the error page, in any spelling
    code: String,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
}

impl IncidentCommand {
    /// Runs the command.
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let code = IncidentCode::parse(&self.code).ok_or_else(|| {
            CommandFailure::Usage(
                format!("`{}` is not a code", crate::vocabulary::diagnostic::printable(&self.code)),
                "a code has six letters and digits, such as `K7Q-2MD`".to_owned(),
            )
        })?;
        let settings = global.settings()?;
        let place = storage::location(self.storage.as_deref(), &settings)?;
        let kept = storage::run(async {
            let directory = storage::open_existing(&place).await?;
            let recall = LoadIncident { code: code.as_str().into(), now: clock::now() };
            directory.read(recall).await.map_err(|_| storage::unavailable(&place))
        })?;
        let Some(kept) = kept else {
            return Err(CommandFailure::No(format!("nothing is kept under {code}; stories are kept for 24 hours")));
        };
        let story: Story = serde_json::from_str(&kept.story).unwrap_or_default();
        if global.json {
            print_json(&json!({ "code": kept.code, "store": kept.store, "at": kept.at, "story": story }).to_string());
        } else {
            print_line(as_text(&kept, &story).trim_end());
            print_line(next_steps(&kept, &story, &Stores::new(&settings)).trim_end());
        }
        Ok(CommandOutcome::Fine)
    }
}

/// The story as people read it.
fn as_text(kept: &StoredIncident, story: &Story) -> String {
    let test = if story.test { ", a test login" } else { "" };
    format!(
        "{}  {}  store {}, provider {}{test}\n{}",
        kept.code,
        format_time(kept.at),
        kept.store,
        printable(&story.provider),
        plain_text(story)
    )
}

/// Where there is more to see.
fn next_steps(kept: &StoredIncident, story: &Story, stores: &Stores) -> String {
    let lab = stores.by_name(&kept.store).filter(|store| store.loopback || !store.staff.is_empty());
    let lab =
        lab.map_or_else(String::new, |store| format!("\nnext: {}/lab/incidents/{} shows it beside the file", store.public_url, kept.code));
    format!("{lab}\nnext: `portaria try {}` tells a login of your own step by step", printable(&story.provider))
}
