//! `portaria incident CODE`: the story behind the code on an error page.

use crate::commands::Global;
use crate::commands::outcome::{Failure, Outcome, moment, say, say_json};
use crate::commands::storage;
use crate::diagnostic::printable;
use crate::directory::incidents::{Incident as Kept, Recall};
use crate::incident::Code;
use crate::stores::Stores;
use crate::story::Story;
use crate::story::told::told;
use crate::world::clock;
use clap::Args;
use serde_json::json;

/// Tell the story behind a code.
#[derive(Debug, Args)]
pub struct Incident {
    /// The code on the error page, in any spelling
    code: String,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
}

impl Incident {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Outcome, Failure> {
        let code = Code::parse(&self.code).ok_or_else(|| {
            Failure::Usage(
                format!("`{}` is not a code", crate::diagnostic::printable(&self.code)),
                "a code has six letters and digits, such as `K7Q-2MD`".to_owned(),
            )
        })?;
        let settings = global.settings()?;
        let place = storage::place(self.storage.as_deref(), &settings)?;
        let kept = storage::run(async {
            let directory = storage::open_existing(&place).await?;
            let recall = Recall { code: code.as_str().into(), now: clock::now() };
            directory.read(recall).await.map_err(|_| storage::away(&place))
        })?;
        let Some(kept) = kept else {
            return Err(Failure::No(format!("nothing is kept under {code}; stories are kept for 24 hours")));
        };
        let story: Story = serde_json::from_str(&kept.story).unwrap_or_default();
        if global.json {
            say_json(&json!({ "code": kept.code, "store": kept.store, "at": kept.at, "story": story }).to_string());
        } else {
            say(as_text(&kept, &story).trim_end());
            say(next(&kept, &story, &Stores::new(&settings)).trim_end());
        }
        Ok(Outcome::Fine)
    }
}

/// The story as people read it.
fn as_text(kept: &Kept, story: &Story) -> String {
    let test = if story.test { ", a test login" } else { "" };
    format!("{}  {}  store {}, provider {}{test}\n{}", kept.code, moment(kept.at), kept.store, printable(&story.provider), told(story))
}

/// Where there is more to see.
fn next(kept: &Kept, story: &Story, stores: &Stores) -> String {
    let lab = stores.named(&kept.store).filter(|store| store.loopback || !store.staff.is_empty());
    let lab =
        lab.map_or_else(String::new, |store| format!("\nnext: {}/lab/incidents/{} shows it beside the file", store.public_url, kept.code));
    format!("{lab}\nnext: `portaria try {}` tells a login of your own step by step", printable(&story.provider))
}
