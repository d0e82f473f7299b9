//! The pages that people see. Everything that somebody else wrote is escaped by the templates.

use crate::playground::answer::Answer;
use crate::playground::fault::Fault;
use crate::playground::person::{Person, REGULARS, Regular};
use crate::playground::speech::{Language, Speech};
use crate::playground::visit::{BadVisit, Visit};
use askama::Template;

/// How many of the people are ordinary.
const USUAL: usize = 3;

/// What somebody typed, to be shown again.
pub(super) struct Typed {
    pub name: String,
    pub email: String,
    pub checked: bool,
    pub fault: String,
}

/// A ticket to take.
struct Stub {
    address: String,
    name: String,
    email: String,
    why: &'static str,
    proof: Proof,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Proven,
    Unproven,
    Nothing,
}

impl Proof {
    fn class(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unproven => "unproven",
            Self::Nothing => "nothing",
        }
    }

    fn told(self, speech: &Speech) -> &'static str {
        match self {
            Self::Proven => speech.proven,
            Self::Unproven => speech.unproven,
            Self::Nothing => speech.no_email,
        }
    }
}

/// Something that goes wrong, to choose.
struct Mishap {
    address: String,
    word: &'static str,
    title: &'static str,
    sight: &'static str,
}

#[derive(Template)]
#[template(path = "chooser.html")]
struct Chooser<'a> {
    speech: &'static Speech,
    visit: &'a Visit,
    usual: Vec<Stub>,
    odd: Vec<Stub>,
    mishaps: Vec<Mishap>,
    typed: &'a Typed,
    is_nobody: bool,
}

#[derive(Template)]
#[template(path = "handback.html")]
struct HandBack<'a> {
    speech: &'static Speech,
    visit: &'a Visit,
    name: String,
    email: &'a str,
    fields: &'a [(&'a str, &'a str)],
}

#[derive(Template)]
#[template(path = "sign.html")]
struct Sign<'a> {
    speech: &'static Speech,
    title: &'a str,
    lead: &'a str,
    /// What of the request is meant.
    named: &'a str,
    start: String,
}

/// The choice of people and of faults; with status 400 it says that nobody was typed.
pub(super) fn chooser(language: Language, public_url: &str, visit: &Visit, typed: &Typed, status: u16) -> Answer {
    let stubs = |regulars: &[Regular]| regulars.iter().map(|regular| stub(regular, visit, language)).collect();
    let mishap = |fault: Fault| {
        let (title, sight) = fault.told(language);
        Mishap { address: visit.choice(REGULARS[0].word, Some(fault.word())), word: fault.word(), title, sight }
    };
    let page = Chooser {
        speech: language.speech(),
        visit,
        usual: stubs(&REGULARS[..USUAL]),
        odd: stubs(&REGULARS[USUAL..]),
        mishaps: Fault::all().map(mishap).collect(),
        typed,
        is_nobody: status != 200,
    };
    Answer::page(status, drawn(&page), public_url)
}

fn stub(regular: &Regular, visit: &Visit, language: Language) -> Stub {
    let person = regular.person();
    Stub {
        address: visit.choice(regular.word, None),
        name: person.name(),
        proof: match (&person.email, person.checked) {
            (None, _) => Proof::Nothing,
            (Some(_), true) => Proof::Proven,
            (Some(_), false) => Proof::Unproven,
        },
        email: person.email.unwrap_or_default(),
        why: regular.why(language),
    }
}

/// The way back by a form.
pub(super) fn hand_back(language: Language, public_url: &str, visit: &Visit, person: &Person, fields: &[(&str, &str)]) -> Answer {
    let email = person.email.as_deref().unwrap_or_default();
    let page = HandBack { speech: language.speech(), visit, name: person.name(), email, fields };
    Answer::page(200, drawn(&page), public_url)
}

/// What this is.
pub(super) fn welcome(language: Language, public_url: &str) -> Answer {
    let speech = language.speech();
    sign(200, speech, (speech.welcome, speech.welcome_lead, ""), public_url)
}

/// No such page.
pub(super) fn nothing_here(language: Language, public_url: &str) -> Answer {
    let speech = language.speech();
    sign(404, speech, (speech.lost, speech.lost_lead, ""), public_url)
}

/// No such method.
pub(super) fn wrong_method(language: Language, public_url: &str, allowed: &[&str]) -> Answer {
    let speech = language.speech();
    sign(405, speech, (speech.wrong_method, speech.lost_lead, ""), public_url).with("Allow", allowed.join(", "))
}

/// The body is too large.
pub(super) fn too_much(language: Language, public_url: &str) -> Answer {
    let speech = language.speech();
    sign(413, speech, (speech.too_much, speech.lost_lead, ""), public_url)
}

/// The browser was not sent here properly. The value that is wrong is not repeated: it may be somebody's bait.
pub(super) fn bad_visit(language: Language, public_url: &str, why: BadVisit) -> Answer {
    let speech = language.speech();
    let (lead, named) = match why {
        BadVisit::Missing(name) => (speech.missing, name),
        BadVisit::Elsewhere => (speech.elsewhere, ""),
        BadVisit::NoRiddle => (speech.no_riddle, ""),
    };
    sign(400, speech, (speech.bad_visit, lead, named), public_url)
}

fn sign(status: u16, speech: &'static Speech, (title, lead, named): (&str, &str, &str), public_url: &str) -> Answer {
    let page = Sign { speech, title, lead, named, start: format!("{public_url}/login/playground") };
    Answer::page(status, drawn(&page), public_url)
}

fn drawn(page: &impl Template) -> String {
    page.render().expect("a page is written from texts alone")
}
