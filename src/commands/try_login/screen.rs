//! The output of a trial login: every step for people; with `--json` the story at the end on stdout, and the steps on stderr.

use crate::commands::outcome::{print_json, print_line};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::provider::Provider;
use crate::provider::fact_expression::FoundInstead;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::story::Story;
use crate::story::plain_text;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity, printable};
use std::fmt::Write as _;

#[derive(Debug)]
pub(crate) struct TrialScreen {
    pub(crate) json: bool,
    pub(crate) colour: bool,
}

impl TrialScreen {
    /// Prints a text on stdout, or with `--json` on stderr.
    pub(crate) fn print(&self, text: &str) {
        if self.json {
            use std::io::Write as _;
            // A closed pipe is no error.
            let _ = writeln!(std::io::stderr(), "{text}");
        } else {
            print_line(text);
        }
    }

    pub(crate) fn print_heading(&self, text: &str) {
        let text = printable(text);
        self.print(&if self.colour { format!("\x1b[1m{text}\x1b[0m") } else { text });
    }

    /// Prints the identity that would sign in, or why the login failed.
    pub(crate) fn print_outcome(&self, provider: &Provider, story: &Story, end: Result<&Identity, &LoginError>) {
        self.print("");
        match end {
            Ok(identity) => {
                self.print_heading("would sign in; no user was created");
                self.print(identity_as_text(identity).trim_end());
                for fact in story.identity.iter().flatten().filter(|fact| fact.omitted) {
                    self.print(&format!("  note: {}{}", printable(&fact.name), plain_text::OMITTED));
                }
            }
            Err(error) => {
                let place = error.place.filter(|place| place.line > 0);
                let complaint = Complaint::new(Severity::Error, place, plain_text::outcome_line(story), help_for_error(&error.cause));
                self.print(Report::new(provider.source.clone(), vec![complaint]).draw(self.colour).trim_end());
                let mut proposals = String::new();
                plain_text::write_proposals(story, &mut proposals);
                if !proposals.is_empty() {
                    self.print(proposals.trim_end());
                }
            }
        }
    }

    /// Prints the story as JSON, for a program.
    pub(crate) fn print_story(&self, story: &Story) {
        if self.json {
            print_json(&serde_json::to_string(story).unwrap_or_default());
        }
    }
}

/// The identity in plain text. It is not masked, because it is the tester's own account.
fn identity_as_text(identity: &Identity) -> String {
    let (email, proven) = match &identity.address {
        IdentityEmail::Proven(email, by) => (email.key(), format!(" (proven: {})", by.word())),
        IdentityEmail::Placeholder(email) => (email.key(), " (a placeholder; no mail can reach it)".to_owned()),
        IdentityEmail::Ask(Some(email)) => (email.key(), " (unproven; the shopper proves it by a code)".to_owned()),
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

fn help_for_error(cause: &LoginErrorCause) -> &'static str {
    match cause {
        LoginErrorCause::Refused(_) => "the provider's console or manual says what it means; the requests are shown above",
        LoginErrorCause::NoAnswer(_)
        | LoginErrorCause::RecordingWaits
        | LoginErrorCause::NoDocument(_)
        | LoginErrorCause::Redirected(_)
        | LoginErrorCause::BadToken(_)
        | LoginErrorCause::OtherProvider
        | LoginErrorCause::StateMismatch
        | LoginErrorCause::NoState { .. }
        | LoginErrorCause::UnknownState
        | LoginErrorCause::OutOfTime(_)
        | LoginErrorCause::TooManyLogins => cause.exact().remedy(),
        LoginErrorCause::OtherTokenType => "compare with the provider's manual how the access token is sent",
        LoginErrorCause::Expired => "run `portaria try` again",
        LoginErrorCause::BadSignature(_) => "compare `signed` or `verify` with the provider's manual, and the secret with its console",
        LoginErrorCause::UnprovenEmail(_) => {
            "set `trustEmail` to what proves an address here, or `missingEmail` to what happens without a proven one"
        }
        LoginErrorCause::MissingEmail(Some(FoundInstead::NoAddress(_))) => {
            "correct the path of `email`, or what is cut out of the text, so that one address is left; or set `missingEmail`"
        }
        LoginErrorCause::MissingEmail(Some(FoundInstead::NoFittingEntry)) => {
            "compare `where` with the entries above, or set `missingEmail` to what happens without one that fits"
        }
        LoginErrorCause::MissingEmail(_) => {
            "request a scope that returns it, correct its path, or set `missingEmail` to what happens without one"
        }
        LoginErrorCause::NotAllowed(_) => "`require` says who may sign in",
        LoginErrorCause::NoCode { .. }
        | LoginErrorCause::TooManyParameters
        | LoginErrorCause::RepeatedParameter
        | LoginErrorCause::OtherIssuer
        | LoginErrorCause::NoIssuer
        | LoginErrorCause::PreparedTooLong
        | LoginErrorCause::FileChanged
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::MissingFact { .. }
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::NotExchangeable(_)
        | LoginErrorCause::MissingId(_) => "compare this line with the shapes of the answers above",
    }
}
