//! The pages that people see. Everything that somebody else wrote is escaped by the templates.

use crate::simulated::playground::answer::PlaygroundAnswer;
use crate::simulated::playground::authorization_request::{BadAuthorizationRequest, PlaygroundAuthorizationRequest};
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::person::{PlaygroundPerson, PlaygroundSamplePerson, REGULARS};
use crate::simulated::playground::phrases::{PlaygroundLanguage, PlaygroundPhrases};
use askama::Template;

/// How many of the people are ordinary.
const USUAL: usize = 3;

/// What somebody typed, to be shown again.
pub(super) struct TypedPerson {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) checked: bool,
    pub(crate) fault: String,
}

/// A ticket to take.
struct PersonChoice {
    address: String,
    name: String,
    email: String,
    why: &'static str,
    proof: AddressStatus,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AddressStatus {
    Proven,
    Unproven,
    Nothing,
}

impl AddressStatus {
    fn class(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unproven => "unproven",
            Self::Nothing => "nothing",
        }
    }

    fn told(self, speech: &PlaygroundPhrases) -> &'static str {
        match self {
            Self::Proven => speech.proven,
            Self::Unproven => speech.unproven,
            Self::Nothing => speech.no_email,
        }
    }
}

/// Something that goes wrong, to choose.
struct FaultChoice {
    address: String,
    word: &'static str,
    title: &'static str,
    sight: &'static str,
}

#[derive(Template)]
#[template(path = "chooser.html")]
struct PlaygroundChooserPage<'a> {
    speech: &'static PlaygroundPhrases,
    visit: &'a PlaygroundAuthorizationRequest,
    usual: Vec<PersonChoice>,
    odd: Vec<PersonChoice>,
    mishaps: Vec<FaultChoice>,
    typed: &'a TypedPerson,
    is_nobody: bool,
}

#[derive(Template)]
#[template(path = "handback.html")]
struct PlaygroundFormPostPage<'a> {
    speech: &'static PlaygroundPhrases,
    visit: &'a PlaygroundAuthorizationRequest,
    name: String,
    email: &'a str,
    fields: &'a [(&'a str, &'a str)],
}

#[derive(Template)]
#[template(path = "sign.html")]
struct PlaygroundMessagePage<'a> {
    speech: &'static PlaygroundPhrases,
    title: &'a str,
    lead: &'a str,
    /// What of the request is meant.
    named: &'a str,
    start: String,
}

/// The choice of people and of faults; with status 400 it says that nobody was typed.
pub(super) fn chooser(
    language: PlaygroundLanguage,
    public_url: &str,
    visit: &PlaygroundAuthorizationRequest,
    typed: &TypedPerson,
    status: u16,
) -> PlaygroundAnswer {
    let stubs = |regulars: &[PlaygroundSamplePerson]| regulars.iter().map(|regular| person_choice(regular, visit, language)).collect();
    let mishap = |fault: PlaygroundFault| {
        let (title, sight) = fault.title_and_effect(language);
        FaultChoice { address: visit.choice_address(REGULARS[0].word, Some(fault.word())), word: fault.word(), title, sight }
    };
    let page = PlaygroundChooserPage {
        speech: language.phrases(),
        visit,
        usual: stubs(&REGULARS[..USUAL]),
        odd: stubs(&REGULARS[USUAL..]),
        mishaps: PlaygroundFault::all().map(mishap).collect(),
        typed,
        is_nobody: status != 200,
    };
    PlaygroundAnswer::page(status, render_page(&page), public_url)
}

fn person_choice(regular: &PlaygroundSamplePerson, visit: &PlaygroundAuthorizationRequest, language: PlaygroundLanguage) -> PersonChoice {
    let person = regular.person();
    PersonChoice {
        address: visit.choice_address(regular.word, None),
        name: person.name(),
        proof: match (&person.email, person.checked) {
            (None, _) => AddressStatus::Nothing,
            (Some(_), true) => AddressStatus::Proven,
            (Some(_), false) => AddressStatus::Unproven,
        },
        email: person.email.unwrap_or_default(),
        why: regular.description(language),
    }
}

/// The way back by a form.
pub(super) fn form_post(
    language: PlaygroundLanguage,
    public_url: &str,
    visit: &PlaygroundAuthorizationRequest,
    person: &PlaygroundPerson,
    fields: &[(&str, &str)],
) -> PlaygroundAnswer {
    let email = person.email.as_deref().unwrap_or_default();
    let page = PlaygroundFormPostPage { speech: language.phrases(), visit, name: person.name(), email, fields };
    PlaygroundAnswer::page(200, render_page(&page), public_url)
}

pub(super) fn start_page(language: PlaygroundLanguage, public_url: &str) -> PlaygroundAnswer {
    let speech = language.phrases();
    message_page(200, speech, (speech.welcome, speech.welcome_lead, ""), public_url)
}

pub(super) fn not_found(language: PlaygroundLanguage, public_url: &str) -> PlaygroundAnswer {
    let speech = language.phrases();
    message_page(404, speech, (speech.lost, speech.lost_lead, ""), public_url)
}

pub(super) fn method_not_allowed(language: PlaygroundLanguage, public_url: &str, allowed: &[&str]) -> PlaygroundAnswer {
    let speech = language.phrases();
    message_page(405, speech, (speech.wrong_method, speech.lost_lead, ""), public_url).with_header("Allow", allowed.join(", "))
}

/// The body is too large.
pub(super) fn body_too_large(language: PlaygroundLanguage, public_url: &str) -> PlaygroundAnswer {
    let speech = language.phrases();
    message_page(413, speech, (speech.too_much, speech.lost_lead, ""), public_url)
}

/// The browser was not sent here properly. The value that is wrong is not repeated: it may be somebody's bait.
pub(super) fn bad_request(language: PlaygroundLanguage, public_url: &str, why: BadAuthorizationRequest) -> PlaygroundAnswer {
    let speech = language.phrases();
    let (lead, named) = match why {
        BadAuthorizationRequest::Missing(name) => (speech.missing, name),
        BadAuthorizationRequest::Elsewhere => (speech.elsewhere, ""),
        BadAuthorizationRequest::NoRiddle => (speech.no_riddle, ""),
    };
    message_page(400, speech, (speech.bad_visit, lead, named), public_url)
}

fn message_page(
    status: u16,
    speech: &'static PlaygroundPhrases,
    (title, lead, named): (&str, &str, &str),
    public_url: &str,
) -> PlaygroundAnswer {
    let page = PlaygroundMessagePage { speech, title, lead, named, start: format!("{public_url}/login/playground") };
    PlaygroundAnswer::page(status, render_page(&page), public_url)
}

fn render_page(page: &impl Template) -> String {
    page.render().expect("a page is written from texts alone")
}
