//! What is printed while a login is tried: all of it for people; for programs the story at the end, and the way there on stderr.

use crate::commands::outcome::{print_json, print_line};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::provider::Provider;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::story::Story;
use crate::story::plain_text;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity, printable};
use std::fmt::Write as _;

/// Where it is printed, and how.
#[derive(Debug)]
pub(crate) struct TrialScreen {
    /// Whether a program reads what is printed.
    pub(crate) json: bool,
    /// Whether colours are shown.
    pub(crate) colour: bool,
}

impl TrialScreen {
    /// Prints on the way.
    pub(crate) fn print(&self, text: &str) {
        if self.json {
            use std::io::Write as _;
            // That nobody reads any more is no error.
            let _ = writeln!(std::io::stderr(), "{text}");
        } else {
            print_line(text);
        }
    }

    /// Prints a heading.
    pub(crate) fn print_heading(&self, text: &str) {
        let text = printable(text);
        self.print(&if self.colour { format!("\x1b[1m{text}\x1b[0m") } else { text });
    }

    /// Tells how a login ended: to whoever has tried it, who they are; or why they would not come in.
    pub(crate) fn print_outcome(&self, provider: &Provider, story: &Story, end: Result<&Identity, &LoginError>) {
        self.print("");
        match end {
            Ok(identity) => {
                self.print_heading("somebody would come in; nobody was created");
                self.print(identity_as_text(identity).trim_end());
            }
            Err(error) => {
                let place = error.place.filter(|place| place.line > 0);
                let complaint = Complaint {
                    severity: Severity::Error,
                    place,
                    message: plain_text::outcome_line(story),
                    help: help_for_error(&error.cause).to_owned(),
                };
                self.print(Report::new(provider.source.clone(), vec![complaint]).draw(self.colour).trim_end());
                let mut proposals = String::new();
                plain_text::write_proposals(story, &mut proposals);
                if !proposals.is_empty() {
                    self.print(proposals.trim_end());
                }
            }
        }
    }

    /// The whole story, for a program.
    pub(crate) fn print_story(&self, story: &Story) {
        if self.json {
            print_json(&serde_json::to_string(story).unwrap_or_default());
        }
    }
}

/// Who came, in plain text: it is the tester's own account, on the tester's own terminal.
fn identity_as_text(identity: &Identity) -> String {
    let (email, proven) = match &identity.address {
        IdentityEmail::Proven(email, by) => (email.key(), format!(" (proven: {})", by.word())),
        IdentityEmail::Placeholder(email) => (email.key(), " (a placeholder; no mail can reach it)".to_owned()),
        IdentityEmail::Ask(Some(email)) => (email.key(), " (not proven; the shopper proves it by a code)".to_owned()),
        IdentityEmail::Ask(None) => ("none", " (the shopper is asked for it)".to_owned()),
    };
    let mut text = String::new();
    let mut line = |name: &str, value: &str, note: &str| _ = writeln!(text, "  {:<8} {}{note}", printable(name), printable(value));
    line("id", &identity.id, "");
    line("email", email, &proven);
    for (name, value) in [("name", &identity.name), ("picture", &identity.picture), ("locale", &identity.locale)] {
        if let Some(value) = value {
            line(name, value, "");
        }
    }
    for (name, value) in &identity.more {
        line(name, value, "");
    }
    text
}

/// What to do about it.
fn help_for_error(cause: &LoginErrorCause) -> &'static str {
    match cause {
        LoginErrorCause::Refused(_) => "the provider's console or manual says what it means; what it was sent stands above",
        LoginErrorCause::NoAnswer(_) | LoginErrorCause::RecordingWaits | LoginErrorCause::NoDocument => {
            "check the address and whether this machine may reach it; hosts inside your own network stand in `privateHosts`"
        }
        LoginErrorCause::Expired => "begin again: `portaria try` once more",
        LoginErrorCause::BadToken(_) | LoginErrorCause::BadSignature => {
            "compare `signed` or `verify` with the provider's manual, and the secret with its console"
        }
        LoginErrorCause::UnprovenEmail(_) => {
            "say in `trustEmail` what proves an address here, or what happens without one in `missingEmail`"
        }
        LoginErrorCause::MissingEmail(_) => {
            "ask for a scope that gives it, read it from where it stands, or say in `missingEmail` what happens without one"
        }
        LoginErrorCause::NotAllowed => "`require` names who may come in",
        LoginErrorCause::OtherProvider
        | LoginErrorCause::StateMismatch
        | LoginErrorCause::UnknownState
        | LoginErrorCause::TooManyParameters
        | LoginErrorCause::RepeatedParameter
        | LoginErrorCause::OtherIssuer
        | LoginErrorCause::FileChanged
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::TooManyLogins
        | LoginErrorCause::OutOfTime
        | LoginErrorCause::MissingFact { .. }
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::MissingId(_) => "the shape of every answer stands above: compare it with what this line looks for",
    }
}
