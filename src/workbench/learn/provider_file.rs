//! The whole file: what every call sends, what every answer is read for, and what there is to decide.

use crate::provider::standard::PERSON;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::draft::{DraftEntry, DraftValue, ProviderDraft};
use crate::workbench::learn::document::RecordedDocument;
use crate::workbench::learn::ids::UNSURE_ID;
use crate::workbench::learn::login_learner::{LoginLearner, ValueOrigin};
use crate::workbench::learn::person::{ChosenFact, PersonSource, choose_person_facts};
use crate::workbench::learn::signed_token::LearnedSignedToken;
use crate::workbench::learn::{LearnedProvider, ReplayableLogin};
use crate::workbench::learn::{calls, redirect, success_flag};
use crate::workbench::recorded_exchange::host_of;
use serde_json::Value;

impl LoginLearner<'_> {
    pub(crate) fn into_learned_provider(mut self) -> LearnedProvider {
        let mut first = redirect::redirect_request_entries(&mut self);
        self.add_callback_values();
        let mut steps = Vec::new();
        for number in 0..self.journey.calls.len() {
            steps.push(calls::call_request_entries(&mut self, number));
            self.add_answer(number);
        }
        let token = self.learn_signed_token();
        let (sources, places) = self.person_sources(token.as_ref());
        let chosen = choose_person_facts(&sources);
        let placed: Vec<(PersonFactPlace, ChosenFact)> = chosen.into_iter().map(|chosen| (places[chosen.source], chosen)).collect();
        let is_named = placed.iter().any(|(_, chosen)| chosen.entry.key == "name");
        let identity = redirect::push_callback_entries(&self, is_named, &mut first);
        for (number, words) in steps.iter_mut().enumerate() {
            self.push_answer_entries(number, words, token.as_ref(), &placed);
        }
        self.assemble_file((first, identity), steps, &placed)
    }

    /// An answer has come: whatever stands in it may go out again.
    fn add_answer(&mut self, number: usize) {
        let Some(document) = self.journey.calls[number].document.clone() else { return };
        for leaf in document.leaves() {
            let is_token = number == self.journey.exchange
                && leaf.keys == [PathSegment::Key("access_token".to_owned())]
                && document.format != Some("xml");
            if is_token {
                self.known.add("accessToken", &leaf.text);
            } else {
                self.add_answer_value(ValueOrigin::Call(number), leaf);
            }
        }
    }

    /// Where a person may be found: the later an answer, the rather.
    fn person_sources(&self, token: Option<&LearnedSignedToken>) -> (Vec<PersonSource>, Vec<PersonFactPlace>) {
        let (mut sources, mut places) = (Vec::new(), Vec::new());
        for number in self.journey.exchange..self.journey.calls.len() {
            let said = self.all.iter().map(|journey| {
                let same = journey.calls.len() == self.journey.calls.len() && journey.exchange == self.journey.exchange;
                let call = journey.calls.get(number).filter(|_| same)?;
                call.document.as_ref().map(|document| document.value.clone())
            });
            sources.push(PersonSource { weight: if number > self.journey.exchange { 30 } else { 0 }, said: said.collect() });
            places.push(PersonFactPlace::Answer(number));
        }
        if let Some(token) = token {
            sources.push(PersonSource { weight: 15, said: token.claims.clone() });
            places.push(PersonFactPlace::Claims);
        }
        (sources, places)
    }

    /// What a call's answer is read for.
    fn push_answer_entries(
        &self,
        number: usize,
        words: &mut Vec<DraftEntry>,
        token: Option<&LearnedSignedToken>,
        chosen: &[(PersonFactPlace, ChosenFact)],
    ) {
        let documents: Vec<&RecordedDocument> = self
            .all
            .iter()
            .filter(|journey| journey.calls.len() == self.journey.calls.len())
            .filter_map(|journey| journey.calls.get(number)?.document.as_ref())
            .collect();
        if let Some(document) = documents.first() {
            if let Some(format) = document.format {
                words.push(DraftEntry::with_reason("answer", DraftValue::text(format), "the answer is written so"));
            }
            if let Some(prefix) = &document.prefix {
                words.push(DraftEntry::with_reason("skipPrefix", DraftValue::Text(prefix.clone()), "stands in front of the answer"));
            }
        }
        let values: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
        words.extend(success_flag::find_success_flag(&values));
        let here =
            |wanted: PersonFactPlace| chosen.iter().filter(move |(place, _)| *place == wanted).map(|(_, chosen)| chosen.entry.clone());
        if let Some(token) = token.filter(|token| token.call == number) {
            let read: Vec<DraftEntry> = here(PersonFactPlace::Claims).collect();
            let mut signed = token.words.clone();
            let is_usual = token.by_discovery && reads_standard_places(&read);
            if !read.is_empty() && !is_usual {
                signed.push(DraftEntry::new("read", DraftValue::Block(read)));
            }
            if !signed.is_empty() {
                words.push(DraftEntry::with_reason("signed", DraftValue::Block(signed), "a token that the provider signed"));
            }
        }
        let own = self.reads.iter().filter(|(origin, _)| *origin == ValueOrigin::Call(number)).map(|(_, entry)| entry.clone());
        let own: Vec<DraftEntry> = own.collect();
        let read: Vec<DraftEntry> = own.iter().cloned().chain(here(PersonFactPlace::Answer(number))).collect();
        let is_only = self.journey.calls.len() == number + 1
            && number == self.journey.exchange + 1
            && chosen.iter().all(|(place, _)| *place == PersonFactPlace::Answer(number));
        if !(read.is_empty() || is_only && reads_standard_places(&read)) {
            words.push(DraftEntry::new("read", DraftValue::Block(read)));
        }
    }

    /// The file from its parts.
    fn assemble_file(
        self,
        (first, identity): (Vec<DraftEntry>, Option<DraftEntry>),
        mut steps: Vec<Vec<DraftEntry>>,
        chosen: &[(PersonFactPlace, ChosenFact)],
    ) -> LearnedProvider {
        let mut draft = ProviderDraft::default();
        let mut decide = Vec::new();
        draft.head.push(format!(
            "Learnt from a recording of {}. What stands behind a # tells by what.",
            if self.all.len() == 1 { "one login".to_owned() } else { format!("{} logins", self.all.len()) }
        ));
        draft.push(DraftEntry::with_reason("name", DraftValue::Text(display_title(&self.name)), "what the button says"));
        if self.client.secret.is_none() {
            draft.push(DraftEntry::with_reason("clientSecret", DraftValue::text("none"), "no secret was sent"));
        }
        for (word, secret) in [("settings", false), ("secrets", true)] {
            let kept: Vec<DraftEntry> = self
                .kept
                .iter()
                .filter(|(_, is_secret, ..)| *is_secret == secret)
                .map(|(fact, _, _, because)| {
                    DraftEntry::with_reason(fact, DraftValue::Text(format!("env:{}", self.variable_of_fact(fact))), because)
                })
                .collect();
            if !kept.is_empty() {
                draft.push(DraftEntry::new(word, DraftValue::Block(kept)));
            }
        }
        if let Some(input) = &self.input {
            let words = vec![
                DraftEntry::new("label", DraftValue::Text(display_title(input))),
                DraftEntry::new("pattern", DraftValue::text("[a-z0-9][a-z0-9-]*")),
            ];
            let asked =
                DraftEntry::with_reason(input, DraftValue::Block(words), "it differed between logins; decide what the shopper is asked");
            draft.push(DraftEntry::new("inputs", DraftValue::Block(vec![asked])));
        }
        if let Some((issuer, _)) = &self.issuer {
            draft.push(DraftEntry::with_reason(
                "discovery",
                DraftValue::Text(issuer.clone()),
                "its document was fetched, and names these addresses",
            ));
        }
        if !self.hosts.is_empty() {
            let hosts = self.host_patterns();
            draft.push(DraftEntry::with_reason(
                "hosts",
                DraftValue::List(hosts.into_iter().map(DraftValue::Text).collect()),
                "a part of an address came from an answer; decide which hosts it may name",
            ));
        }
        if self.pkce != "S256" {
            let because = if self.pkce == "off" { "no challenge was sent" } else { "the challenge is the verifier itself" };
            draft.push(DraftEntry::with_reason("pkce", DraftValue::Bare(self.pkce.to_owned()), because));
        }
        if chosen.iter().any(|(_, chosen)| chosen.entry.because.as_deref() == Some(UNSURE_ID)) {
            decide
                .push("`id`: nothing is called an id; decide whether what is read as one tells people apart and never changes".to_owned());
        }
        Self::push_email_trust(chosen, &mut draft, &mut decide);
        let exchange = self.journey.exchange;
        let rest = steps.split_off((exchange + 1).min(steps.len()));
        let has_issuer = self.issuer.is_some();
        if !(first.is_empty() && has_issuer) {
            draft.push(DraftEntry::new("getAuthorizationCode", DraftValue::Block(first)));
        }
        if !(has_issuer && steps.len() == 1 && steps[0].is_empty()) {
            draft.push(DraftEntry::new("getAccessCode", block_or_blocks(steps)));
        }
        if !rest.is_empty() {
            draft.push(DraftEntry::new("getUserInfo", block_or_blocks(rest)));
        }
        if let Some(identity) = identity {
            draft.push(identity);
        }
        let mut variables = vec![format!("{}_CLIENT_ID", variable_name(&self.name))];
        if self.client.secret.is_some() {
            variables.push(format!("{}_CLIENT_SECRET", variable_name(&self.name)));
        }
        variables.extend(self.kept.iter().map(|(fact, ..)| self.variable_of_fact(fact)));
        let mut values: Vec<(String, String)> = self.kept.iter().map(|(fact, _, value, _)| (fact.clone(), value.clone())).collect();
        values.extend(self.client.id.clone().map(|id| ("clientId".to_owned(), id)));
        values.extend(self.client.secret.clone().map(|secret| ("clientSecret".to_owned(), secret)));
        let followed = self.replayable_login();
        LearnedProvider { text: draft.to_yaml(), variables, decide, logins: self.all.len(), values, followed }
    }

    /// What is needed to go through the same login again.
    fn replayable_login(&self) -> ReplayableLogin {
        let journey = self.journey;
        let known = |fact: &str| self.known.value(fact).map(str::to_owned);
        let in_path = journey.back.rsplit('/').next().unwrap_or_default();
        let at = journey.calls.get(journey.exchange).and_then(|call| call.sent.at).or(journey.redirect.at);
        ReplayableLogin {
            callback: journey.brought.clone(),
            answers: journey.calls.iter().filter_map(|call| call.sent.answer.clone()).collect(),
            documents: self.published.documents.clone(),
            state: journey.state.clone().unwrap_or_else(|| in_path.to_owned()),
            nonce: known("nonce"),
            verifier: known("codeVerifier"),
            back: journey.back.clone(),
            at,
        }
    }

    /// The hosts to which addresses with holes may lead: as they were, with a star where they differ.
    fn host_patterns(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for host in &self.hosts {
            let seen = self
                .all
                .iter()
                .flat_map(|journey| journey.calls.iter().map(|call| host_of(call.sent.base())))
                .filter(|other| *other != host);
            let tail = host.split_once('.').map_or("", |(_, tail)| tail);
            let differs = seen
                .into_iter()
                .any(|other| other.split_once('.').is_some_and(|(_, other)| other == tail) && tail.contains('.') && self.all.len() > 1);
            let pattern = if differs { format!("*.{tail}") } else { host.clone() };
            if !all.contains(&pattern) {
                all.push(pattern);
            }
        }
        all
    }

    /// Whether addresses are trusted: what no recording can say.
    fn push_email_trust(chosen: &[(PersonFactPlace, ChosenFact)], draft: &mut ProviderDraft, decide: &mut Vec<String>) {
        let has = |fact: &str| chosen.iter().find(|(_, chosen)| chosen.entry.key == fact);
        let because = match (has("email"), has("emailVerified")) {
            (Some(_), Some((_, proof))) if !proof.is_doubtful => None,
            (Some(_), Some(_)) => {
                let why = "`trustEmail`: write `claim` if what is read as emailVerified is about the address";
                decide.push(why.to_owned());
                Some("the safe word; write `claim` if emailVerified below is about the address")
            }
            (Some(_), None) => {
                decide.push(
                    "`trustEmail`: no answer says whether an address is proven; write `always` only if this provider proves every one"
                        .to_owned(),
                );
                Some("the safe word: nothing says that an address is proven; `always` if this provider proves every one")
            }
            (None, _) => {
                decide.push("`missingEmail`: no address was found; shoppers are asked for one".to_owned());
                draft.push(DraftEntry::with_reason(
                    "missingEmail",
                    DraftValue::text("ask"),
                    "no address was found, so shoppers type one and prove it",
                ));
                return;
            }
        };
        if let Some(because) = because {
            draft.push(DraftEntry::with_reason("trustEmail", DraftValue::text("never"), because));
            draft.push(DraftEntry::with_reason(
                "missingEmail",
                DraftValue::text("ask"),
                "shoppers prove the address; `refuse` keeps them out",
            ));
        }
    }
}

/// Where something about the person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PersonFactPlace {
    /// In a call's answer.
    Answer(usize),
    /// In the claims of the signed token.
    Claims,
}

/// Whether this is what is read where nothing is written.
fn reads_standard_places(read: &[DraftEntry]) -> bool {
    read.iter().all(|entry| PERSON.iter().any(|(fact, key)| entry.key == *fact && entry.value == DraftValue::Text(format!("$.{key}"))))
}

fn block_or_blocks(mut steps: Vec<Vec<DraftEntry>>) -> DraftValue {
    if steps.len() == 1 { DraftValue::Block(steps.remove(0)) } else { DraftValue::Blocks(steps) }
}

fn variable_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect()
}

/// A name for people, from the file's.
pub(crate) fn display_title(name: &str) -> String {
    let words = name.split(['-', '_']).filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect::<String>())
    });
    let title = words.collect::<Vec<_>>().join(" ");
    if title.is_empty() || looks_like_url(&title) { "Provider".to_owned() } else { title }
}
