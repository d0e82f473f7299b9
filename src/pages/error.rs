//! The error page: what happened, what to do next, and an incident code where support can do something.

use crate::pages::error_cause::{CodePlace, ErrorCause, RecoveryStep};
use crate::pages::frame::Frame;
use crate::pages::phrases::{ErrorCausePhrases, Phrases, fill};
use askama::Template;
use std::borrow::Cow;

#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) cause: ErrorCause,
    pub(crate) provider: Option<&'a str>,
    /// The address at which to try the same provider again.
    pub(crate) again: Option<&'a str>,
    pub(crate) others: Option<&'a str>,
    /// The app for which the person wanted to sign in.
    pub(crate) app: Option<WaitingApp<'a>>,
    /// The address at which to sign in by a code that is sent by e-mail.
    pub(crate) email_code: Option<&'a str>,
    /// Whether the person can sign in without this provider.
    pub(crate) has_others: bool,
    /// Whether an identity was to be linked to the account of the person, who is signed in.
    pub(crate) links: bool,
    /// Whether logins at the provider fail alike for others now.
    pub(crate) fails_for_many: bool,
    /// The incident code. It is shown only if the cause ended a login.
    pub(crate) code: Option<&'a str>,
}

/// An app that waits for its person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitingApp<'a> {
    pub(crate) name: &'a str,
    /// The address of the form that leads back to it.
    pub(crate) action: &'a str,
    /// The token that protects the form against other sites.
    pub(crate) form: &'a str,
}

struct RecoveryLink<'a> {
    href: Cow<'a, str>,
    label: String,
    likeliest: bool,
    /// The token of the form, where this leads back to an app.
    form: Option<&'a str>,
}

/// A part of the spelling line.
enum SpelledCharacter<'a> {
    Letter(char, &'a str),
    Word(&'a str),
    Dash(&'a str),
}

impl<'a> ErrorPage<'a> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn cause_phrases(&self) -> &ErrorCausePhrases {
        self.words().cause(self.cause)
    }

    fn title(&self) -> String {
        self.filled(&self.cause_phrases().title)
    }

    fn what(&self) -> String {
        self.filled(&self.cause_phrases().what)
    }

    fn filled(&self, phrase: &str) -> String {
        let wait = self.cause.retry_after().map(|seconds| self.words().waiting_time(seconds)).unwrap_or_default();
        let provider = self.provider.unwrap_or(&self.words().error.service);
        let filled = fill(phrase, &[("provider", provider), ("wait", &wait)]);
        // A provider's name is not changed; the description that replaces it may begin the sentence.
        if self.provider.is_none() { capitalized(&filled) } else { filled }
    }

    /// What helps a person who began in another browser, such as that inside of an app.
    fn hint(&self) -> Option<&str> {
        (self.cause == ErrorCause::UnknownAttempt).then_some(&self.words().error.other_browser)
    }

    /// The links of the page; the first is the main button.
    fn actions(&self) -> Vec<RecoveryLink<'_>> {
        let mut actions: Vec<RecoveryLink<'_>> = self.steps().iter().filter_map(|step| self.recovery_link(*step)).collect();
        let choice = actions.len() > 1;
        if let Some(first) = actions.first_mut() {
            first.likeliest = choice && self.has_others && self.cause.suggests_other_providers() && self.cause != ErrorCause::Cancelled;
        }
        actions
    }

    /// What helps, the likeliest first.
    fn steps(&self) -> Vec<RecoveryStep> {
        // The person is signed in, and goes on where they were.
        let mut steps = if self.links { vec![RecoveryStep::Account, RecoveryStep::Home] } else { self.cause.steps().to_vec() };
        if !self.has_others && self.again.is_some() {
            // The store has one provider, so trying it again comes first.
            steps.sort_by_key(|step| *step != RecoveryStep::Again);
        } else if self.fails_for_many && self.cause.suggests_other_providers() {
            steps.sort_by_key(|step| *step == RecoveryStep::Again);
        }
        if self.cause.ends_a_login() && !steps.contains(&RecoveryStep::Help) {
            steps.push(RecoveryStep::Help);
        }
        steps
    }

    fn recovery_link(&self, step: RecoveryStep) -> Option<RecoveryLink<'_>> {
        let words = self.words();
        if let (RecoveryStep::Home, Some(app)) = (step, self.app) {
            let label = fill(&words.error.back_to_app, &[("app", app.name)]);
            return Some(RecoveryLink { href: app.action.into(), label, likeliest: false, form: Some(app.form) });
        }
        let (href, label) = match step {
            RecoveryStep::Again => {
                let label = match self.provider {
                    Some(provider) => fill(&words.error.again_with, &[("provider", provider)]),
                    None => words.error.again.clone(),
                };
                (self.again?, label)
            }
            RecoveryStep::EmailCode => (self.email_code?, words.email_code.instead.clone()),
            RecoveryStep::Account => ("/account", words.account.back.clone()),
            RecoveryStep::Help => {
                let label = words.login.contact.clone();
                return Some(RecoveryLink {
                    href: self.frame.look.help_for(self.shown_code())?.into(),
                    label,
                    likeliest: false,
                    form: None,
                });
            }
            RecoveryStep::Others if !self.has_others => (self.others?, words.error.login.clone()),
            RecoveryStep::Others
                if self.cause.suggests_other_providers() || self.again.is_some() && self.cause.steps().contains(&RecoveryStep::Again) =>
            {
                (self.others?, words.error.others.clone())
            }
            RecoveryStep::Others => (self.others?, words.error.login.clone()),
            RecoveryStep::Home => {
                let label = if self.cause.ends_a_login() && !self.links { &words.error.home } else { &words.login.store };
                (self.frame.look.home.as_deref()?, label.clone())
            }
        };
        Some(RecoveryLink { href: href.into(), label, likeliest: false, form: None })
    }

    /// The code, wherever the page shows it.
    fn shown_code(&self) -> Option<&'a str> {
        self.code.filter(|_| self.cause.code_place() != CodePlace::Nowhere)
    }

    /// The code as a block, which can be read aloud.
    fn code(&self) -> Option<&'a str> {
        self.code.filter(|_| self.cause.code_place() == CodePlace::Block)
    }

    /// The code as a line: what stands before it, the code, and what stands behind it.
    fn code_line(&self) -> Option<(&str, &'a str, &str)> {
        let code = self.code.filter(|_| self.cause.code_place() == CodePlace::Line)?;
        let line = &self.words().incident.line;
        let (before, after) = line.split_once("{code}").unwrap_or((line, ""));
        Some((before, code, after))
    }

    /// The code, character by character, as it is read aloud.
    fn spelling(&self, code: &str) -> Vec<SpelledCharacter<'_>> {
        let spell = |letter: char| match self.words().letter_spelling(letter) {
            Some(word) if letter.is_ascii_digit() => Some(SpelledCharacter::Word(word)),
            Some(word) => Some(SpelledCharacter::Letter(letter, word)),
            None => (letter == '-').then_some(SpelledCharacter::Dash(&self.words().incident.dash)),
        };
        code.chars().filter_map(spell).collect()
    }

    fn aloud(&self) -> (&str, &str) {
        let aloud = &self.words().incident.aloud;
        aloud.split_once("{code}").unwrap_or((aloud, ""))
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageLanguages;
    use crate::pages::branding::StoreBranding;
    use std::fmt::Write as _;

    /// The situations of the table, and what the page is given in each.
    const SITUATIONS: [&str; 5] = ["a code by e-mail", "other providers", "one provider", "one that fails for many", "linking"];

    fn first_button(page: &ErrorPage<'_>) -> String {
        let actions = page.actions();
        let first = actions.first().expect("no page is a dead end");
        match &*first.href {
            "/login/email" => "a code by e-mail",
            "/login/acme" => "the same again",
            "/login" if first.label == page.words().error.others => "another one",
            "/login" => "the sign-in page",
            "/account" => "the account",
            "https://www.loja.example/" => "the store",
            "mailto:ajuda@loja.example" => "the store’s help",
            other => panic!("{other}"),
        }
        .to_owned()
    }

    /// `docs/support.md` holds the table. After a change, copy it from the message of this test.
    #[test]
    fn the_first_button_of_each_error_page_is_that_of_the_table() {
        let languages = PageLanguages::embedded();
        let (home, help) = (Some("https://www.loja.example/".to_owned()), Some("ajuda@loja.example".to_owned()));
        let look = StoreBranding { title: "Loja".to_owned(), home, help, ..StoreBranding::default() };
        let frame = Frame { look: &look, language: languages.get("en").unwrap(), offered: &[], here: "/here", version: "1" };
        let mut table = format!("| cause | {} |\n|---|---|---|---|---|---|\n", SITUATIONS.join(" | "));

        for cause in ErrorCause::ALL {
            let has_login = cause.ends_a_login();
            let page = ErrorPage {
                frame,
                cause: *cause,
                provider: has_login.then_some("Acme"),
                again: has_login.then_some("/login/acme"),
                others: Some("/login"),
                app: None,
                email_code: None,
                has_others: true,
                links: false,
                fails_for_many: false,
                code: None,
            };
            let all = [
                ErrorPage { email_code: Some("/login/email"), ..page.clone() },
                page.clone(),
                ErrorPage { has_others: false, ..page.clone() },
                ErrorPage { fails_for_many: true, ..page.clone() },
                ErrorPage { links: true, ..page.clone() },
            ];
            let cells: Vec<String> =
                all.iter().enumerate().map(|(at, page)| if has_login || at < 2 { first_button(page) } else { "–".to_owned() }).collect();
            writeln!(table, "| {} | {} |", cause.name(), cells.join(" | ")).expect("a text takes everything");
        }

        assert!(include_str!("../../docs/support.md").contains(&table), "docs/support.md lacks the table:\n{table}");
    }
}
