//! Which values a proposal may write into a request: no secret and no token goes to a place that does not get it already, whatever an answer or a
//! callback asks for.

use crate::provider::step::Step;
use crate::provider::template::Template;
use crate::vocabulary::names::Slot;
use crate::vocabulary::site::are_of_same_site;
use crate::workbench::answers::meaning::{FactMeaning, meaning_of_key};
use crate::workbench::answers::path::{last_key, parse_path};
use crate::workbench::repair::request::RequestRefusal;

/// What proves who the client is, as far as the broker itself knows it.
const OF_CLIENT: &[&str] = &["clientSecret", "clientAssertion", "codeVerifier", "code", "clientToken"];
/// The tokens of the person.
const OF_PERSON: &[&str] = &["accessToken", "refreshToken", "idToken"];

impl RequestRefusal<'_> {
    /// Whether this request may carry a value that the file writes, or that another of its requests has. What proves who the client is stays
    /// where the client shows it, a token where the person is asked about, and each of them and every other secret at the hosts to which the
    /// file sends it.
    pub(crate) fn may_carry(&self, value: &str) -> bool {
        let secrets = self.provider.facts_made_of_secrets();
        self.mentioned_facts(value).into_iter().all(|(name, fact)| {
            if OF_CLIENT.contains(&name.as_str()) {
                // Where the file sends it nowhere yet, this is the place for it.
                self.shows_client() && self.is_known_here(fact).unwrap_or(true)
            } else if OF_PERSON.contains(&name.as_str()) {
                self.call.is_about_person()
            } else if secrets.contains(&fact) || self.is_token(fact) {
                !self.is_redirect() && self.is_known_here(fact).unwrap_or(false)
            } else {
                true
            }
        })
    }

    /// Whether the request shows the secret of the client already, or the client has none, so that another place for it shows it to no one else.
    pub(crate) fn sends_secret(&self) -> bool {
        let known = &self.provider.known;
        let is_declared = self.provider.facts_made_of_secrets().contains(&known.client_secret);
        !is_declared || self.step.carries(known.client_secret) || self.is_known_here(known.client_secret).unwrap_or(false)
    }

    /// Whether a value as the file writes it holds a secret, or a token.
    pub(crate) fn is_confidential(&self, value: &str) -> bool {
        let secrets = self.provider.facts_made_of_secrets();
        self.mentioned_facts(value).into_iter().any(|(name, fact)| {
            OF_CLIENT.contains(&name.as_str()) || OF_PERSON.contains(&name.as_str()) || secrets.contains(&fact) || self.is_token(fact)
        })
    }

    /// The facts in the holes of a value.
    fn mentioned_facts(&self, value: &str) -> Vec<(String, Slot)> {
        let holes = value.split("${").skip(1).map(|rest| rest.split('}').next().unwrap_or(rest));
        let words = holes.flat_map(|hole| hole.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-'));
        words.filter_map(|word| Some((word.to_owned(), self.provider.names.find(word)?))).collect()
    }

    /// Whether a fact is a token, by its name, by where it is read, or because a call shows it as one.
    fn is_token(&self, fact: Slot) -> bool {
        let is_name = |name: &str| matches!(meaning_of_key(name), FactMeaning::Access | FactMeaning::Refresh | FactMeaning::Identity);
        let mut reads = self.provider.steps().flat_map(Step::all_reads).filter(|read| read.fact == fact);
        let is_shown = |step: &Step| {
            let headers = step.headers.iter().filter(|(name, _)| name.value.eq_ignore_ascii_case("authorization")).map(|(_, value)| value);
            headers.chain(&step.bearer).flat_map(Template::uses).any(|used| used.fact == fact)
        };
        is_name(self.provider.names.name(fact))
            || reads.any(|read| {
                let keys = read.reading.paths().into_iter().filter_map(|path| parse_path(&path.source));
                keys.into_iter().any(|path| last_key(&path).is_some_and(is_name))
            })
            || self.provider.steps().any(is_shown)
    }

    /// Whether this request goes to a site that gets a fact from the file already, or gives it; `None` if no call sends or reads it.
    fn is_known_here(&self, fact: Slot) -> Option<bool> {
        let settings = self.provider.settings_among(&self.provider.empty_facts());
        let own = self.step.address.origin(&settings);
        let knows = |step: &&Step| !step.is_redirect() && (step.carries(fact) || step.learned_facts().any(|(learned, ..)| learned == fact));
        let mut origins = self.provider.steps().filter(knows).map(|step| step.address.origin(&settings)).peekable();
        let are_secure = |other: &str| other.starts_with("https://") && own.starts_with("https://");
        origins.peek()?;
        Some(origins.any(|other| other == own || are_secure(&other) && are_of_same_site(&other, &own)))
    }
}
