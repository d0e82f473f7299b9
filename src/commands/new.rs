//! `portaria new NAME`: writes a provider's file from answers, asked on a terminal or given as flags.

pub(crate) mod dialog;
pub(crate) mod issuer;

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line, uses_colour};
use crate::commands::{GlobalOptions, new_provider_file};
use crate::stores::catalogue;
use crate::stores::read_policy::ReadPolicy;
use crate::vocabulary::place::Source;
use crate::workbench::checklist;
use crate::workbench::checklist::questions::{ChecklistAnswers, ChecklistQuestion, QUESTIONS};
use crate::world::files;
use clap::Args;
use serde_json::json;
use std::io::IsTerminal as _;

/// Write a provider's file.
#[derive(Debug, Args)]
pub(crate) struct NewCommand {
    /// The name of the provider: letters, digits, `-` and `_`
    name: String,
    /// The text on the button
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// The issuer whose document names the addresses
    #[arg(long, value_name = "URL")]
    discovery: Option<String>,
    /// The client's id, or `env` for a variable
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Where the client's secret is kept, `env`, or `none`
    #[arg(long, value_name = "REFERENCE")]
    client_secret: Option<String>,
    /// The address to which the browser is sent
    #[arg(long, value_name = "URL")]
    authorize: Option<String>,
    /// What it carries: `standard`, or `app_key=clientId, state=state`
    #[arg(long, value_name = "PAIRS")]
    authorize_parameters: Option<String>,
    /// What is asked for, or `none`
    #[arg(long, value_name = "TEXT")]
    scope: Option<String>,
    /// `S256`, `plain` or `off`
    #[arg(long, value_name = "WORD")]
    pkce: Option<String>,
    /// The parameter in which the code comes back
    #[arg(long, value_name = "NAME")]
    code: Option<String>,
    /// The address at which the code is exchanged for a token
    #[arg(long, value_name = "URL")]
    token: Option<String>,
    /// How the token request is written: `form`, `json` or `query`
    #[arg(long, value_name = "WORD")]
    token_encoding: Option<String>,
    /// What the token request carries: `standard`, or `auth_code=code`
    #[arg(long, value_name = "PAIRS")]
    token_parameters: Option<String>,
    /// Where the credentials go: `form`, `query`, `basic`, `basicEncoded` or `none`
    #[arg(long, value_name = "WORD")]
    credentials: Option<String>,
    /// Where the access token stands in the answer
    #[arg(long, value_name = "PATH")]
    token_path: Option<String>,
    /// The address that describes the person, or `none`
    #[arg(long, value_name = "URL")]
    userinfo: Option<String>,
    /// How that request is written: `query`, `form` or `json`
    #[arg(long, value_name = "WORD")]
    userinfo_encoding: Option<String>,
    /// What that request carries besides the token
    #[arg(long, value_name = "PAIRS")]
    userinfo_parameters: Option<String>,
    /// Where the person's id stands in the answer
    #[arg(long, value_name = "PATH")]
    id: Option<String>,
    /// Where the e-mail address stands, or `none`
    #[arg(long, value_name = "PATH")]
    email: Option<String>,
    /// Where the answer says whether the address is proven, or `none`
    #[arg(long, value_name = "PATH")]
    email_verified: Option<String>,
    /// Where the name stands, or `none`
    #[arg(long, value_name = "PATH")]
    name_path: Option<String>,
    /// Whether its addresses are proven: `claim`, `always` or `never`
    #[arg(long, value_name = "WORD")]
    trust: Option<String>,
    /// Ask nothing: what no flag gives has its default
    #[arg(long, conflicts_with = "ask")]
    yes: bool,
    /// Ask even where this is no terminal
    #[arg(long)]
    ask: bool,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

impl NewCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        new_provider_file::check_name(&self.name)?;
        let path = new_provider_file::provider_path(&settings, &self.name);
        new_provider_file::check_is_free(&path, self.force)?;
        let mut answers = self.answers_from_flags();
        answers.insert("name", self.name.clone());
        let policy = ReadPolicy::for_file(&settings, &path);
        let check_answer = |question: &ChecklistQuestion, answer: &str| {
            let refused = || policy.problem_with(&self.name, answer).filter(|_| matches!(question.name, "client-id" | "client-secret"));
            checklist::check_answer(question, answer, settings.installation_context()).or_else(refused)
        };
        for question in QUESTIONS {
            if let Some(answer) = answers.get(question.name)
                && let Some(why) = check_answer(question, answer)
            {
                return Err(CommandFailure::Usage(format!("--{}: {why}", question.name), format!("an example: `{}`", question.example)));
            }
        }
        if let Some(issuer) = &self.discovery {
            issuer::fill_in_from_discovery(issuer, &settings, &mut answers)?;
        }
        let asks = !self.yes && (self.ask || std::io::stdin().is_terminal());
        if asks {
            dialog::ask_questions(&mut answers, &check_answer)?;
        } else {
            fill_in_defaults(&mut answers)?;
        }
        let text = checklist::draft_from_answers(&answers).to_yaml();
        let source = Source::new(path.display().to_string(), text.as_str());
        let (provider, report) = catalogue::compile_allowed(&source, settings.installation_context(), &policy);
        if provider.is_none() {
            return Err(CommandFailure::No(format!("{}\nnothing was written", report.draw(uses_colour()).trim_end())));
        }
        files::write(&path, &text).map_err(|error| CommandFailure::file_error(&path, &error))?;
        let next = new_provider_file::next_steps(&path, &settings)?;
        if global.json {
            print_line(&json!({ "file": path.display().to_string() }).to_string());
        } else {
            print_line(&format!("{} is written.\n\n{}", path.display(), next.trim_end()));
        }
        Ok(CommandOutcome::Fine)
    }

    /// The answers that the flags give.
    fn answers_from_flags(&self) -> ChecklistAnswers {
        let all: [(&'static str, &Option<String>); 22] = [
            ("title", &self.title),
            ("discovery", &self.discovery),
            ("client-id", &self.client_id),
            ("client-secret", &self.client_secret),
            ("authorize", &self.authorize),
            ("authorize-parameters", &self.authorize_parameters),
            ("scope", &self.scope),
            ("pkce", &self.pkce),
            ("code", &self.code),
            ("token", &self.token),
            ("token-encoding", &self.token_encoding),
            ("token-parameters", &self.token_parameters),
            ("credentials", &self.credentials),
            ("token-path", &self.token_path),
            ("userinfo", &self.userinfo),
            ("userinfo-encoding", &self.userinfo_encoding),
            ("userinfo-parameters", &self.userinfo_parameters),
            ("id", &self.id),
            ("email", &self.email),
            ("email-verified", &self.email_verified),
            ("name-path", &self.name_path),
            ("trust", &self.trust),
        ];
        all.into_iter().filter_map(|(name, answer)| Some((name, answer.clone()?))).collect()
    }
}

/// Gives every open question its default, and names those that have none.
fn fill_in_defaults(answers: &mut ChecklistAnswers) -> Result<(), CommandFailure> {
    let mut missing = Vec::new();
    for question in QUESTIONS {
        if answers.contains_key(question.name) || !(question.matters)(answers) {
            continue;
        }
        match (question.usual)(answers) {
            Some(usual) => {
                answers.insert(question.name, usual);
            }
            None => missing.push(format!("--{}", question.name)),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(CommandFailure::Usage(
        format!("this is no terminal, and {} not given: {}", if missing.len() == 1 { "this is" } else { "these are" }, missing.join(", ")),
        "give them as flags, or `--discovery URL`, or run it on a terminal".to_owned(),
    ))
}
