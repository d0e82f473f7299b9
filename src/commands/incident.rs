//! `portaria incident CODE`: the story behind the code on an error page.

use crate::commands::Global;
use crate::commands::outcome::{Failure, Outcome, moment, say};
use crate::commands::storage;
use crate::directory::incidents::{Incident as Kept, Recall};
use crate::incident::Code;
use crate::world::clock;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;

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
        let story: Value = serde_json::from_str(&kept.story).unwrap_or_default();
        if global.json {
            say(&json!({ "code": kept.code, "store": kept.store, "at": kept.at, "story": story }).to_string());
        } else {
            say(told(&kept, &story).trim_end());
        }
        Ok(Outcome::Fine)
    }
}

/// The story as people read it.
fn told(kept: &Kept, story: &Value) -> String {
    let text = |name: &str| story[name].as_str().unwrap_or_default().to_owned();
    let mut told = String::new();
    let _ = writeln!(told, "{}  {}  store {}, provider {}", kept.code, moment(kept.at), kept.store, text("provider"));
    let said = if story["byProvider"] == json!(true) { "the provider said no" } else { "the login ended" };
    let step = story["step"].as_str().map_or_else(String::new, |step| format!(" in {step}"));
    let _ = writeln!(told, "{said}{step}: {} ({})", story["message"].as_str().unwrap_or("see the code"), text("code"));
    let line = story["line"].as_u64().map_or_else(String::new, |line| format!(":{line}:{}", story["column"]));
    let version = story["version"].as_str().map_or_else(String::new, |version| format!(" (version {version})"));
    let _ = writeln!(told, "  --> {}{line}{version}", text("file"));
    for exchange in story["exchanges"].as_array().into_iter().flatten() {
        let request = &exchange["request"];
        let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let _ = writeln!(told, "\n{}\n  {} {}", of(&exchange["step"]), of(&request["method"]), of(&request["url"]));
        for header in request["headers"].as_array().into_iter().flatten() {
            let _ = writeln!(told, "  {}: {}", of(&header[0]), of(&header[1]));
        }
        if let Some(body) = request["body"].as_str() {
            let _ = writeln!(told, "  {body}");
        }
        if let Some(why) = exchange["noAnswer"].as_str() {
            let _ = writeln!(told, "  ← {why}");
            continue;
        }
        let answer = &exchange["answer"];
        let _ = writeln!(told, "  ← {} {} ({} bytes)", answer["status"], of(&answer["contentType"]), answer["bytes"]);
        let shape = serde_json::to_string_pretty(&answer["shape"]).unwrap_or_default();
        shape.lines().for_each(|line| _ = writeln!(told, "    {line}"));
    }
    told
}
