//! `portaria new NAME`: writes a provider's file from answers, asked on a terminal or given as flags.

pub(crate) mod dialog;
pub(crate) mod issuer;
mod growing_request; // the request, as it is by the answers so far
mod starting_file; //   begins with a file of the catalogue

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line, uses_colour};
use crate::commands::{GlobalOptions, new_provider_file};
use crate::provider::Provider;
use crate::stores::catalogue;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::Report;
use crate::vocabulary::place::Source;
use crate::workbench::checklist;
use crate::workbench::checklist::answered_file::draft_from_answers;
use crate::workbench::checklist::pairs::{pairs, unknown_facts};
use crate::workbench::checklist::question::{ChecklistAnswers, ChecklistQuestion, FURTHER};
use crate::workbench::checklist::questions::QUESTIONS;
use crate::world::files;
use clap::Args;
use serde_json::json;
use std::io::IsTerminal as _;
use std::path::Path;

/// Write a provider's file.
#[derive(Debug, Args)]
pub(crate) struct NewCommand {
    /// The name of the provider: letters, digits, `-` and `_`
    name: String,
    #[command(flatten)]
    flags: ChecklistFlags,
    /// Ask nothing: what no flag gives has its default
    #[arg(long, conflicts_with = "ask")]
    yes: bool,
    /// Ask even where this is no terminal
    #[arg(long)]
    ask: bool,
    /// Begin with a file of the catalogue, or of the folder of the provider files, and ask nothing
    #[arg(long, value_name = "NAME", conflicts_with = "ask")]
    from: Option<String>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// One flag for each question of the checklist.
#[derive(Debug)]
struct ChecklistFlags(ChecklistAnswers);

impl Args for ChecklistFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        let questions = QUESTIONS.iter().filter(|question| question.name != FURTHER);
        questions.fold(command, |command, question| {
            let flag = clap::Arg::new(question.name).long(question.name).value_name(question.value_name()).help(question.ask);
            command.arg(match question.name {
                "authorize-parameters" => flag.visible_alias("query"),
                "missing-email" => flag.visible_alias("placeholder"),
                _ => flag,
            })
        })
    }
    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for ChecklistFlags {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let questions = QUESTIONS.iter().filter(|question| question.name != FURTHER);
        let answers = questions.filter_map(|question| Some((question.name, matches.get_one::<String>(question.name)?.clone())));
        Ok(Self(answers.collect()))
    }
    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl NewCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        new_provider_file::check_name(&self.name)?;
        let path = new_provider_file::provider_path(&settings, &self.name);
        new_provider_file::check_are_free(&[&path], self.force, new_provider_file::OTHER_NAME)?;
        let policy = ReadPolicy::for_file(&settings, &path).with_files_of_others();
        let file = NewFile { name: &self.name, path: &path, settings: &settings, policy: &policy };
        file.check_flags(&self.flags.0)?;
        let text = match &self.from {
            Some(other) => file.text_of_other(other, &self.flags.0)?,
            None => self.text_of_answers(&file)?,
        };
        let text = new_provider_file::without_lost_schema(&text, &path);
        files::write(&path, &text).map_err(|error| CommandFailure::file_error(&path, &error))?;
        let next = new_provider_file::next_steps(&path, &settings)?;
        if global.json {
            print_line(&json!({ "file": path.display().to_string() }).to_string());
        } else {
            print_line(&format!("{} is written.\n\n{}", path.display(), next.trim_end()));
        }
        Ok(CommandOutcome::Fine)
    }

    /// The text of the file by the flags and what is typed.
    fn text_of_answers(&self, file: &NewFile<'_>) -> Result<String, CommandFailure> {
        let mut answers = self.flags.0.clone();
        answers.insert("name", self.name.clone());
        if let Some(issuer) = answers.get("discovery").filter(|issuer| *issuer != "none").cloned() {
            issuer::fill_in_from_discovery(&issuer, file.settings, &mut answers)?;
        }
        if !self.yes && (self.ask || std::io::stdin().is_terminal()) {
            dialog::ask_questions(&mut answers, file.settings, &|question, answer, given| file.check_answer(question, answer, given))?;
        } else {
            fill_in_defaults(&mut answers)?;
        }
        if let Some(fact) = unknown_facts(&answers).first() {
            return Err(CommandFailure::Usage(
                format!("no fact is called `{fact}`, and the answers name it"),
                format!("say where its value is kept: `--settings {fact}=env:…`, or correct its name"),
            ));
        }
        let mut draft = draft_from_answers(&answers);
        let provider = file.compile(&draft.to_yaml(), Some(&answers))?;
        draft.head = new_provider_file::head_lines(&provider);
        Ok(draft.to_yaml())
    }
}

/// The file that is to be written.
struct NewFile<'a> {
    name: &'a str,
    path: &'a Path,
    settings: &'a Settings,
    policy: &'a ReadPolicy,
}

impl NewFile<'_> {
    fn check_answer(&self, question: &ChecklistQuestion, answer: &str, given: &ChecklistAnswers) -> Option<String> {
        let refused = || self.policy.problem_with(self.name, answer).filter(|_| matches!(question.name, "client-id" | "client-secret"));
        checklist::check_answer(question, answer, given, self.settings.installation_context()).or_else(refused)
    }

    fn check_flags(&self, flags: &ChecklistAnswers) -> Result<(), CommandFailure> {
        for question in QUESTIONS.iter() {
            if let Some(answer) = flags.get(question.name)
                && let Some(why) = self.check_answer(question, answer, flags)
            {
                return Err(CommandFailure::Usage(format!("--{}: {why}", question.name), format!("an example: `{}`", question.example)));
            }
        }
        Ok(())
    }

    /// The text of another file, with what the flags change.
    fn text_of_other(&self, other: &str, flags: &ChecklistAnswers) -> Result<String, CommandFailure> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let text = starting_file::text_from(other, self.name, folder, flags)?;
        let provider = self.compile(&text, None)?;
        let head = new_provider_file::head_lines(&provider).into_iter().map(|line| format!("# {line}\n"));
        let (first, rest) = text.split_once('\n').filter(|(first, _)| first.starts_with("# yaml-language-server")).unwrap_or(("", &text));
        let first = if first.is_empty() { String::new() } else { format!("{first}\n") };
        Ok(format!("{first}{}{rest}", head.collect::<String>()))
    }

    /// The compiled file. Not even a warning is accepted in a new file.
    fn compile(&self, text: &str, answers: Option<&ChecklistAnswers>) -> Result<Provider, CommandFailure> {
        let source = Source::new(self.path.display().to_string(), text);
        let (provider, report) = catalogue::compile_allowed(&source, self.settings.installation_context(), self.policy);
        match provider {
            Some(provider) if report.complaints.is_empty() => Ok(provider),
            Some(_) | None => {
                let flags = answers.map_or_else(String::new, |answers| flags_of_complaints(&report, text, answers));
                Err(CommandFailure::No(format!("{}{flags}\nnothing was written", report.draw(uses_colour()).trim_end())))
            }
        }
    }
}

/// The flags, or questions, whose answers stand in the lines that are complained about.
fn flags_of_complaints(report: &Report, text: &str, answers: &ChecklistAnswers) -> String {
    let lines = report.complaints.iter().filter_map(|complaint| text.lines().nth(complaint.place?.line.checked_sub(1)? as usize));
    let lines: Vec<&str> = lines.collect();
    let begins = |line: &str, name: &str| line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
    let stands_in = |line: &str, answer: &str| line.contains(answer) || pairs(answer).iter().any(|(name, _)| begins(line, name));
    let stands_there = |answer: &str| answer.len() > 2 && lines.iter().any(|line| stands_in(line, answer));
    let flags = answers.iter().filter(|(name, answer)| **name != "name" && stands_there(answer)).map(|(name, _)| format!("`--{name}`"));
    let flags: Vec<String> = flags.collect();
    if flags.is_empty() { String::new() } else { format!("\nthese lines are made of {}", flags.join(", ")) }
}

/// Gives every open question its default, and names those that have none.
fn fill_in_defaults(answers: &mut ChecklistAnswers) -> Result<(), CommandFailure> {
    let mut missing = Vec::new();
    for question in QUESTIONS.iter() {
        if answers.contains_key(question.name) || !question.is_open(answers) {
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
        format!(
            "nothing is asked here, and {} no default: {}",
            if missing.len() == 1 { "this has" } else { "these have" },
            missing.join(", ")
        ),
        "give them as flags, or `--discovery URL`, or `--from NAME`, or answer the questions on a terminal".to_owned(),
    ))
}
