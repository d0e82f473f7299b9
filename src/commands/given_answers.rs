//! Answers of a provider that are given on the command line, in files.

use crate::commands::outcome::CommandFailure;
use crate::login::attempt::InputValues;
use crate::provider::Provider;
use crate::provider::json;
use crate::vocabulary::wire::{LARGEST_ANSWER, LARGEST_DOCUMENT, Response};
use crate::workbench::curl::recorded_answer;
use crate::workbench::explain::forecast::{GivenAnswers, call_name, callback_pairs, step_word};
use crate::world::files;
use clap::Args;
use std::io::Read as _;
use std::path::Path;

/// What a person knows of a login.
#[derive(Debug, Args)]
pub(crate) struct GivenAnswersOptions {
    /// An answer of the provider: `getAccessCode=token.json`, `getUserInfo[2]=emails.json` (or repeated, in order), `discovery=document.json`;
    /// `-` reads standard input. The file may begin with a status line and headers, as `curl -i` prints them
    #[arg(long = "answer", value_name = "CALL=FILE")]
    pub(crate) answers: Vec<String>,
    /// The parameters of the callback, or its whole address [default: a code and the state]
    #[arg(long, value_name = "QUERY")]
    callback: Option<String>,
    /// The value of an input of the file, as a shopper would type it
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
}

impl GivenAnswersOptions {
    /// Whether anything is given.
    pub(crate) fn is_given(&self) -> bool {
        !self.answers.is_empty() || self.callback.is_some()
    }

    /// Reads what is given.
    pub(crate) fn read(&self, provider: &Provider) -> Result<GivenAnswers, CommandFailure> {
        let mut given = GivenAnswers { callback: self.callback.as_deref().map(callback_pairs), ..GivenAnswers::default() };
        for answer in &self.answers {
            let usage = |message: String| CommandFailure::Usage(message, names_of_calls(provider));
            let (call, path) = answer.split_once('=').ok_or_else(|| usage(format!("`--answer {answer}` names no file")))?;
            if call == "discovery" {
                let text = read_text(path, LARGEST_DOCUMENT)?;
                let document = json::parse(text.trim().as_bytes());
                given.discovery = Some(document.map_err(|why| usage(format!("{path} is not the JSON of a discovery document: {why}")))?);
                continue;
            }
            let at = find_call(provider, call, &given.calls)
                .ok_or_else(|| usage(format!("`{call}` is no call of this file that has no answer yet")))?;
            let recorded = recorded_answer(&read_text(path, LARGEST_ANSWER)?);
            let headers = recorded.headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            given.calls.push((at, Response { status: recorded.status, headers, body: recorded.body.into_bytes() }));
        }
        given.calls.sort_by_key(|(call, _)| *call);
        given.inputs = self.inputs.iter().map(|input| input_value(input)).collect::<Result<InputValues, CommandFailure>>()?;
        Ok(given)
    }
}

fn input_value(input: &str) -> Result<(Box<str>, Box<str>), CommandFailure> {
    let pair = input.split_once('=').map(|(name, value)| (name.into(), value.into()));
    pair.ok_or_else(|| {
        CommandFailure::Usage(format!("`--input {input}` has no value"), "write the name and the value: `--input shop=quist`".to_owned())
    })
}

/// The call of a name: `getUserInfo[2]`, or the first call of the step that has no answer yet.
fn find_call(provider: &Provider, name: &str, known: &[(usize, Response)]) -> Option<usize> {
    let free = |call: &usize| !known.iter().any(|(other, _)| other == call);
    let calls = 0..provider.calls.len();
    let exact = calls.clone().find(|call| call_name(provider, *call) == name);
    exact.or_else(|| calls.clone().find(|call| step_word(provider, *call) == name && free(call))).filter(free)
}

fn names_of_calls(provider: &Provider) -> String {
    let names: Vec<String> = (0..provider.calls.len()).map(|call| format!("`--answer {}=FILE`", call_name(provider, call))).collect();
    let callback = "the parameters of the callback are given with `--callback QUERY`";
    if names.is_empty() { callback.to_owned() } else { format!("the calls of this file are {}; {callback}", names.join(", ")) }
}

fn read_text(path: &str, largest: usize) -> Result<String, CommandFailure> {
    let bytes = if path == "-" {
        let mut bytes = Vec::new();
        let limit = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(1);
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes).map(|_| bytes)
    } else {
        files::read_bytes(Path::new(path), largest)
    };
    let bytes = bytes.map_err(|error| CommandFailure::file_error(Path::new(path), &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
