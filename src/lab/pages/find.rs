//! What the search of the lab has found.

use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::home::FailuresOfProvider;
use crate::lab::pages::lab_time::ShownMoment;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ProviderIcon;
use crate::pages::phrases::fill;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "find.html")]
pub(crate) struct FindPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    /// What was typed, unless it may be personal data and the page is not the answer of the form.
    pub(crate) typed: &'a str,
    pub(crate) found: SearchResult,
    /// Whether the browser has named its time zone.
    pub(crate) knows_zone: bool,
}

/// What a search leads to.
#[derive(Clone, Debug)]
pub(crate) enum SearchResult {
    /// Nothing was typed.
    Nothing,
    /// It is neither a code nor an address nor a time.
    Unknown,
    /// No incident is kept under this code.
    UnknownCode(String),
    /// An address came by a link.
    AddressByLink,
    /// An address at a lab that needs no sign-in.
    AddressAtLocalLab,
    /// The failures of a span of time.
    Time(FailuresThen),
    /// What is recorded of a person; `None` if no user has the address.
    Person(Option<Vec<PersonEvent>>),
}

/// The failures of a span of time.
#[derive(Clone, Debug)]
pub(crate) struct FailuresThen {
    pub(crate) from: ShownMoment,
    pub(crate) until: ShownMoment,
    pub(crate) failures: Vec<FailuresOfProvider>,
    /// The incidents that are kept of it.
    pub(crate) incidents: Vec<FoundIncident>,
}

/// An incident that is kept.
#[derive(Clone, Debug)]
pub(crate) struct FoundIncident {
    pub(crate) code: String,
    pub(crate) href: String,
    pub(crate) when: ShownMoment,
    pub(crate) provider: String,
    pub(crate) title: String,
    pub(crate) is_english: bool,
}

/// An event of the audit about a person.
#[derive(Clone, Debug)]
pub(crate) struct PersonEvent {
    pub(crate) when: ShownMoment,
    pub(crate) ago: ShownMoment,
    pub(crate) title: String,
    /// The page of its incident, while it is kept.
    pub(crate) href: Option<String>,
    pub(crate) is_failure: bool,
}

impl FindPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> String {
        let words = self.words();
        match &self.found {
            SearchResult::UnknownCode(code) => fill(&words.incident.gone, &[("code", code)]),
            SearchResult::Time(then) => fill(&words.find.between, &[("from", &then.from.text), ("until", &then.until.text)]),
            SearchResult::Person(_) => words.find.person.clone(),
            SearchResult::Nothing | SearchResult::Unknown | SearchResult::AddressByLink | SearchResult::AddressAtLocalLab => {
                words.find.title.clone()
            }
        }
    }

    fn is_unknown(&self) -> bool {
        matches!(self.found, SearchResult::Unknown)
    }

    fn unknown_sentence(&self) -> String {
        fill(&self.words().find.unknown, &[("typed", self.typed)])
    }
}
