//! `portaria incident CODE`: the story behind the code on an error page.

use crate::commands::GlobalOptions;
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::commands::storage;
use crate::directory::incidents::{LoadIncident, StoredIncident};
use crate::stores::{Store, Stores};
use crate::story::Story;
use crate::story::plain_text::plain_text;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::utc_time::format_time;
use crate::world::clock;
use clap::Args;
use serde_json::json;

/// Show the story behind an incident code.
#[derive(Debug, Args)]
pub(crate) struct IncidentCommand {
    /// The code on the error page, in any spelling
    code: String,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
}

impl IncidentCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let code = IncidentCode::parse(&self.code).ok_or_else(|| {
            CommandFailure::Usage(
                format!("`{}` is not a code", printable(&self.code)),
                "a code has six letters and digits, such as `K7Q-2MD`".to_owned(),
            )
        })?;
        let settings = global.settings()?;
        let place = storage::location(self.storage.as_deref(), &settings)?;
        let incident = storage::run(async {
            let directory = storage::open_existing(&place).await?;
            let load = LoadIncident { code: code.as_str().into(), now: clock::now() };
            directory.read(load).await.map_err(|_| storage::unavailable(&place))
        })?;
        let Some(incident) = incident else {
            return Err(CommandFailure::No(format!("there is no story for {code}; stories are kept for 24 hours")));
        };
        let story: Story = serde_json::from_str(&incident.story).unwrap_or_default();
        if global.json {
            print_json(&json!({ "code": incident.code, "store": incident.store, "at": incident.at, "story": story }).to_string());
        } else {
            print_line(as_text(&incident, &story).trim_end());
            print_line(next_steps(&incident, &story, &Stores::new(&settings)).trim_end());
        }
        Ok(CommandOutcome::Fine)
    }
}

fn as_text(incident: &StoredIncident, story: &Story) -> String {
    let test = if story.test { ", a test login" } else { "" };
    format!(
        "{}  {}  store {}, provider {}{test}\n{}",
        incident.code,
        format_time(incident.at),
        incident.store,
        printable(&story.provider),
        plain_text(story)
    )
}

/// The commands and pages that show more.
fn next_steps(incident: &StoredIncident, story: &Story, stores: &Stores) -> String {
    let lab = stores.by_name(&incident.store).filter(|store| store.loopback || !store.staff.is_empty());
    // The broker may have been started with another address than the settings say.
    let address = |store: &Store| story.public_url.clone().unwrap_or_else(|| store.public_url.to_string());
    let lab = lab.map_or_else(String::new, |store| {
        format!("\nnext: {}/lab/incidents/{} shows it beside the file", printable(&address(store)), incident.code)
    });
    format!("{lab}\nnext: `portaria try {}` tells a login of your own step by step", printable(&story.provider))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::settings::Settings;
    use crate::vocabulary::place::Source;

    #[test]
    fn the_address_of_the_lab_is_the_one_at_which_the_broker_was_running() {
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", "publicUrl: http://localhost:8080\n"));
        let stores = Stores::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))));
        let incident = StoredIncident { code: "K7Q-2MD".into(), store: "main".into(), at: 0, story: String::new() };
        let story = Story { public_url: Some("http://localhost:18900".to_owned()), ..Story::default() };

        let next = next_steps(&incident, &story, &stores);

        assert!(next.contains("next: http://localhost:18900/lab/incidents/K7Q-2MD shows"), "{next}");
        assert!(next_steps(&incident, &Story::default(), &stores).contains("http://localhost:8080/lab/incidents"));
    }
}
