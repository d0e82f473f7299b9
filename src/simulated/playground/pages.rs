//! The pages of the playground.

use crate::simulated::pages::{CallbackForm, ChoiceLink, SimulatedLook, SimulatedPageFrame};
use crate::simulated::playground::authorization_request::{BadAuthorizationRequest, PlaygroundAuthorizationRequest};
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::person::{ORDINARY_PEOPLE, PlaygroundPerson, PlaygroundSamplePerson, SAMPLE_PEOPLE};
use crate::simulated::playground::phrases::{PlaygroundLanguage, PlaygroundPhrases};
use crate::simulated::request::SimulatedRequest;
use crate::simulated::response::SimulatedResponse;
use askama::Template;

/// The values that the visitor typed, to be shown again.
pub(super) struct TypedPerson {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) checked: bool,
    pub(crate) fault: String,
}

/// A person to choose.
struct PersonChoice {
    address: String,
    name: String,
    email: String,
    description: &'static str,
    proof: AddressStatus,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AddressStatus {
    Proven,
    Unproven,
    None,
}

impl AddressStatus {
    fn class(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unproven => "unproven",
            Self::None => "nothing",
        }
    }

    fn label(self, phrases: &PlaygroundPhrases) -> &'static str {
        match self {
            Self::Proven => phrases.proven,
            Self::Unproven => phrases.unproven,
            Self::None => phrases.no_email,
        }
    }
}

#[derive(Template)]
#[template(path = "playground_chooser.html")]
struct PlaygroundChooserPage<'a> {
    frame: &'a SimulatedPageFrame<'a>,
    phrases: &'static PlaygroundPhrases,
    title: &'static str,
    lead: &'static str,
    request: &'a PlaygroundAuthorizationRequest,
    usual: Vec<PersonChoice>,
    odd: Vec<PersonChoice>,
    choices: Vec<ChoiceLink<'static>>,
    typed: &'a TypedPerson,
    is_person_missing: bool,
}

/// The pages in the language of one request.
pub(super) struct PlaygroundPages<'a> {
    language: PlaygroundLanguage,
    phrases: &'static PlaygroundPhrases,
    frame: SimulatedPageFrame<'a>,
}

impl<'a> PlaygroundPages<'a> {
    pub(super) fn new(language: PlaygroundLanguage, request: &SimulatedRequest<'a>) -> Self {
        let phrases = language.phrases();
        let frame = SimulatedPageFrame {
            look: SimulatedLook::Playground,
            language: phrases.lang,
            name: phrases.title,
            banner: phrases.banner.to_owned(),
            base: request.base,
            public_url: request.public_url,
            login_address: format!("{}/login/playground", request.public_url),
            login_label: phrases.start,
        };
        Self { language, phrases, frame }
    }

    /// The choice of people and of faults. With status 400 it says that no person was typed.
    pub(super) fn chooser(&self, request: &PlaygroundAuthorizationRequest, typed: &TypedPerson, status: u16) -> SimulatedResponse {
        let people = |people: &[PlaygroundSamplePerson]| people.iter().map(|person| self.person_choice(person, request)).collect();
        let choice = |fault: PlaygroundFault| {
            let (title, effect) = fault.title_and_effect(self.language);
            let address = request.choice_address(self.frame.base, SAMPLE_PEOPLE[0].word, Some(fault.word()));
            ChoiceLink { address, word: fault.word(), title, effect }
        };
        let page = PlaygroundChooserPage {
            frame: &self.frame,
            phrases: self.phrases,
            title: self.phrases.who,
            lead: self.phrases.lead,
            request,
            usual: people(&SAMPLE_PEOPLE[..ORDINARY_PEOPLE]),
            odd: people(&SAMPLE_PEOPLE[ORDINARY_PEOPLE..]),
            choices: PlaygroundFault::all().map(choice).collect(),
            typed,
            is_person_missing: status != 200,
        };
        self.frame.response(status, &page)
    }

    fn person_choice(&self, sample: &PlaygroundSamplePerson, request: &PlaygroundAuthorizationRequest) -> PersonChoice {
        let person = sample.person();
        PersonChoice {
            address: request.choice_address(self.frame.base, sample.word, None),
            name: person.name(),
            proof: match (&person.email, person.checked) {
                (None, _) => AddressStatus::None,
                (Some(_), true) => AddressStatus::Proven,
                (Some(_), false) => AddressStatus::Unproven,
            },
            email: person.email.unwrap_or_default(),
            description: sample.description(self.language),
        }
    }

    /// The authorization response as a form.
    pub(super) fn form_post(
        &self,
        request: &PlaygroundAuthorizationRequest,
        person: &PlaygroundPerson,
        fields: &[(&str, &str)],
    ) -> SimulatedResponse {
        self.frame.form_post(&CallbackForm {
            title: self.phrases.form_post,
            lead: self.phrases.form_post_lead,
            button: self.phrases.go_on,
            name: &person.name(),
            email: person.email.as_deref().unwrap_or_default(),
            address: &request.back,
            fields,
            submits_itself: false,
        })
    }

    pub(super) fn start_page(&self) -> SimulatedResponse {
        self.frame.message(200, self.phrases.welcome, self.phrases.welcome_lead, "")
    }

    pub(super) fn not_found(&self) -> SimulatedResponse {
        self.frame.message(404, self.phrases.not_found, self.phrases.not_found_lead, "")
    }

    pub(super) fn method_not_allowed(&self, allowed: &[&str]) -> SimulatedResponse {
        let page = self.frame.message(405, self.phrases.wrong_method, self.phrases.not_found_lead, "");
        page.with_header("Allow", &allowed.join(", "))
    }

    pub(super) fn body_too_large(&self) -> SimulatedResponse {
        self.frame.message(413, self.phrases.too_large, self.phrases.not_found_lead, "")
    }

    /// The authorization request is wrong. The wrong value is not repeated, because an attacker may have chosen it.
    pub(super) fn bad_request(&self, problem: BadAuthorizationRequest) -> SimulatedResponse {
        let (lead, parameter) = match problem {
            BadAuthorizationRequest::Missing(name) => (self.phrases.missing, name),
            BadAuthorizationRequest::ForeignCallback => (self.phrases.foreign_callback, ""),
            BadAuthorizationRequest::NoChallenge => (self.phrases.no_challenge, ""),
        };
        self.frame.message(400, self.phrases.bad_request, lead, parameter)
    }
}
