//! Writes the whole file: what every call sends, what every answer is read for, and what there is to decide.

use crate::provider::answer::AnswerFormat;
use crate::provider::declared_values::variable_beginning;
use crate::provider::pkce::Pkce;
use crate::provider::standard::PERSON;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::draft::ProviderDraft;
use crate::workbench::learn::document::RecordedDocument;
use crate::workbench::learn::entry_choice::split_choice;
use crate::workbench::learn::ids::UNSURE_ID;
use crate::workbench::learn::login_learner::{LoginLearner, ReferencedValue, ValueOrigin};
use crate::workbench::learn::person::{ChosenFact, PersonSource, choose_person_facts};
use crate::workbench::learn::signed_token::LearnedSignedToken;
use crate::workbench::learn::{LearnedProvider, ReplayableLogin};
use crate::workbench::learn::{calls, redirect, success_flag};
use crate::workbench::recorded_exchange::host_of;
use serde_json::Value;

impl LoginLearner<'_> {
    pub(crate) fn into_learned_provider(mut self) -> LearnedProvider {
        let prepared = self.login.prepared;
        let mut steps = Vec::new();
        for number in 0..prepared {
            steps.push(calls::call_request_entries(&mut self, number));
            self.add_answer(number);
        }
        let mut first = redirect::redirect_request_entries(&mut self);
        self.add_callback_values();
        for number in prepared..self.login.calls.len() {
            steps.push(calls::call_request_entries(&mut self, number));
            self.add_answer(number);
        }
        let token = self.learn_signed_token();
        let (sources, places) = self.person_sources(token.as_ref());
        let chosen = choose_person_facts(&sources);
        // A doubtful claim proves nothing under `trustEmail: never`, so it is named in the comment only.
        let (doubtful, chosen): (Vec<ChosenFact>, Vec<ChosenFact>) = chosen.into_iter().partition(|chosen| chosen.is_doubtful);
        let placed: Vec<(PersonFactPlace, ChosenFact)> = chosen.into_iter().map(|chosen| (places[chosen.source], chosen)).collect();
        let is_named = placed.iter().any(|(_, chosen)| chosen.entry.key == "name");
        let identity = redirect::push_callback_entries(&self, is_named, &mut first);
        for (number, words) in steps.iter_mut().enumerate() {
            self.push_answer_entries(number, words, token.as_ref(), &placed);
        }
        let is_callback_tied = self.is_callback_tied(token.as_ref());
        self.assemble_file((first, identity), steps, &placed, doubtful.first(), is_callback_tied)
    }

    /// Adds the values of an answer, which later requests may send.
    fn add_answer(&mut self, number: usize) {
        let Some(document) = self.login.calls[number].document.clone() else { return };
        for leaf in document.leaves() {
            let is_token = number == self.login.token_call
                && leaf.keys == [PathSegment::Key("access_token".to_owned())]
                && document.format != Some(AnswerFormat::Xml);
            if is_token {
                self.known.add("accessToken", &leaf.text);
            } else {
                self.add_answer_value(ValueOrigin::Call(number), leaf);
            }
        }
    }

    /// The documents that may describe the person. Answers after the token call are preferred.
    fn person_sources(&self, token: Option<&LearnedSignedToken>) -> (Vec<PersonSource>, Vec<PersonFactPlace>) {
        let (mut sources, mut places) = (Vec::new(), Vec::new());
        for number in self.login.token_call..self.login.calls.len() {
            let documents = self.logins.iter().map(|login| {
                let same = login.calls.len() == self.login.calls.len() && login.token_call == self.login.token_call;
                let call = login.calls.get(number).filter(|_| same)?;
                call.document.as_ref().map(|document| document.value.clone())
            });
            sources.push(PersonSource { weight: if number > self.login.token_call { 30 } else { 0 }, documents: documents.collect() });
            places.push(PersonFactPlace::Answer(number));
        }
        if let Some(token) = token {
            sources.push(PersonSource { weight: 15, documents: token.claims.clone() });
            places.push(PersonFactPlace::Claims);
        }
        (sources, places)
    }

    /// Adds what a call's answer is read for.
    fn push_answer_entries(
        &self,
        number: usize,
        words: &mut Vec<YamlLine>,
        token: Option<&LearnedSignedToken>,
        chosen: &[(PersonFactPlace, ChosenFact)],
    ) {
        let documents: Vec<&RecordedDocument> = self
            .logins
            .iter()
            .filter(|login| login.calls.len() == self.login.calls.len())
            .filter_map(|login| login.calls.get(number)?.document.as_ref())
            .collect();
        if let Some(document) = documents.first() {
            if let Some(format) = document.format {
                words.push(YamlLine::with_comment("answer", YamlValue::text(format.word()), "the format of the answer"));
            }
            if let Some(prefix) = &document.prefix {
                words.push(YamlLine::with_comment("skipPrefix", YamlValue::Text(prefix.clone()), "precedes the answer"));
            }
        }
        let values: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
        let accepted_at = words.len();
        words.extend(success_flag::find_success_flag(&values, number <= self.login.token_call));
        let facts_at =
            |wanted: PersonFactPlace| chosen.iter().filter(move |(place, _)| *place == wanted).map(|(_, chosen)| chosen.entry.clone());
        if let Some(token) = token.filter(|token| token.call == number) {
            let read: Vec<YamlLine> = facts_at(PersonFactPlace::Claims).collect();
            let mut signed = token.words.clone();
            let is_usual = token.by_discovery && reads_standard_places(&read);
            if !is_usual {
                push_reads(read, &mut signed);
            }
            if !signed.is_empty() {
                words.push(YamlLine::with_comment("signed", YamlValue::Block(signed), "a token that the provider signed"));
            }
        }
        let own = self.reads.iter().filter(|(origin, _)| *origin == ValueOrigin::Call(number)).map(|(_, entry)| entry.clone());
        let own: Vec<YamlLine> = own.collect();
        let read: Vec<YamlLine> = own.iter().cloned().chain(facts_at(PersonFactPlace::Answer(number))).collect();
        let is_only = self.login.calls.len() == number + 1
            && number == self.login.token_call + 1
            && chosen.iter().all(|(place, _)| *place == PersonFactPlace::Answer(number));
        if !read.is_empty() {
            self.allow_statuses(number, accepted_at, words);
        }
        if !(read.is_empty() || is_only && reads_standard_places(&read)) {
            push_reads(read, words);
        }
    }

    /// Allows the statuses outside 2xx with which this call gave what the login needs.
    fn allow_statuses(&self, number: usize, accepted_at: usize, words: &mut Vec<YamlLine>) {
        let answers = self.logins.iter().filter_map(|login| login.calls.get(number)?.exchange.answer.as_ref());
        let mut statuses: Vec<u16> = answers.map(|answer| answer.status).filter(|status| !(200..300).contains(status)).collect();
        statuses.sort_unstable();
        statuses.dedup();
        if statuses.is_empty() {
            return;
        }
        let values = statuses.iter().map(|status| YamlValue::Bare(status.to_string())).collect();
        let status = YamlLine::new("status", YamlValue::List(values));
        match words.get_mut(accepted_at).filter(|line| line.key == "accepted").map(|line| &mut line.value) {
            Some(YamlValue::Block(flag)) => flag.push(status),
            _ => words.push(YamlLine::with_comment("accepted", YamlValue::Flow(vec![status]), "a success came with this status")),
        }
    }

    /// The file from its parts.
    fn assemble_file(
        self,
        (mut first, identity): (Vec<YamlLine>, Option<YamlLine>),
        mut steps: Vec<Vec<YamlLine>>,
        chosen: &[(PersonFactPlace, ChosenFact)],
        doubtful_claim: Option<&ChosenFact>,
        is_callback_tied: bool,
    ) -> LearnedProvider {
        let mut draft = ProviderDraft::default();
        let mut decide = Vec::new();
        draft.head.push(format!(
            "Learnt from a recording of {}. The comments say how each value was found.",
            if self.logins.len() == 1 { "one login".to_owned() } else { format!("{} logins", self.logins.len()) }
        ));
        self.push_settings(&mut draft);
        if chosen.iter().any(|(_, chosen)| chosen.entry.comment.as_deref() == Some(UNSURE_ID)) {
            decide.push(
                "`id`: nothing is called an id; decide whether what is read as the id identifies a person and never changes".to_owned(),
            );
        }
        if !is_callback_tied {
            Self::push_session_swap(&mut draft, &mut decide);
        }
        self.push_email_trust(chosen.iter().map(|(_, chosen)| chosen), doubtful_claim, is_callback_tied, &mut draft, &mut decide);
        let rest = steps.split_off((self.login.token_call + 1).min(steps.len()));
        let prepare: Vec<Vec<YamlLine>> = steps.drain(..self.login.prepared.min(steps.len())).collect();
        if !prepare.is_empty() {
            first.push(YamlLine::with_comment(
                "prepare",
                block_or_blocks(prepare),
                "called before the redirect, which carries what it gave",
            ));
        }
        let has_issuer = self.issuer.is_some();
        if !(first.is_empty() && has_issuer) {
            draft.push(YamlLine::new("getAuthorizationCode", YamlValue::Block(first)));
        }
        if !(has_issuer && steps.len() == 1 && steps[0].is_empty()) {
            draft.push(YamlLine::new("getAccessCode", block_or_blocks(steps)));
        }
        if !rest.is_empty() {
            draft.push(YamlLine::new("getUserInfo", block_or_blocks(rest)));
        }
        if let Some(identity) = identity {
            draft.push(identity);
        }
        let (variables, values) = self.variables_and_values();
        let login = self.replayable_login();
        LearnedProvider { text: draft.to_yaml(), variables, decide, logins: self.logins.len(), values, login }
    }

    /// Adds the lines above the steps.
    fn push_settings(&self, draft: &mut ProviderDraft) {
        draft.push(YamlLine::with_comment("name", YamlValue::Text(display_title(&self.name)), "what the button says"));
        if self.client.secret.is_none() {
            draft.push(YamlLine::with_comment("clientSecret", YamlValue::text("none"), "no secret was sent"));
        }
        for (word, secret) in [("settings", false), ("secrets", true)] {
            let references: Vec<YamlLine> = self
                .references
                .iter()
                .filter(|reference| reference.is_secret == secret)
                .map(|ReferencedValue { fact, reason, .. }| {
                    YamlLine::with_comment(fact, YamlValue::Text(format!("env:{}", self.variable_of_fact(fact))), reason)
                })
                .collect();
            if !references.is_empty() {
                draft.push(YamlLine::new(word, YamlValue::Block(references)));
            }
        }
        if let Some(input) = &self.input {
            let words = vec![
                YamlLine::new("label", YamlValue::Text(display_title(input))),
                YamlLine::new("pattern", YamlValue::text("[a-z0-9][a-z0-9-]*")),
            ];
            let line =
                YamlLine::with_comment(input, YamlValue::Block(words), "it differed between logins; decide what the shopper is asked");
            draft.push(YamlLine::new("inputs", YamlValue::Block(vec![line])));
        }
        if let Some((issuer, _)) = &self.issuer {
            draft.push(YamlLine::with_comment(
                "discovery",
                YamlValue::Text(issuer.clone()),
                "its document was fetched, and names these addresses",
            ));
        }
        if let Some(issuer) = self.callback_issuer().filter(|_| self.issuer.is_none()) {
            draft.push(YamlLine::with_comment(
                "issuer",
                YamlValue::Text(issuer),
                "the callback's iss, which begins addresses of this provider",
            ));
        }
        if !self.hosts.is_empty() {
            let hosts = self.host_patterns();
            draft.push(YamlLine::with_comment(
                "hosts",
                YamlValue::List(hosts.into_iter().map(YamlValue::Text).collect()),
                "a part of an address came from an answer; decide which hosts it may name",
            ));
        }
        let reason = match self.pkce {
            Pkce::S256 => return,
            Pkce::Plain => "the challenge is the verifier itself",
            Pkce::Off => "no challenge was sent",
        };
        draft.push(YamlLine::with_comment("pkce", YamlValue::Bare(self.pkce.word().to_owned()), reason));
    }

    /// The variables that the file refers to, and the values of the installation by the names of their facts.
    fn variables_and_values(&self) -> (Vec<String>, Vec<(String, String)>) {
        let prefix = variable_beginning(&self.name);
        let mut variables = vec![format!("{prefix}_CLIENT_ID")];
        if self.client.secret.is_some() {
            variables.push(format!("{prefix}_CLIENT_SECRET"));
        }
        variables.extend(self.references.iter().map(|reference| self.variable_of_fact(&reference.fact)));
        let mut values: Vec<(String, String)> =
            self.references.iter().map(|reference| (reference.fact.clone(), reference.value.clone())).collect();
        values.extend(self.client.id.clone().map(|id| ("clientId".to_owned(), id)));
        values.extend(self.client.secret.clone().map(|secret| ("clientSecret".to_owned(), secret)));
        (variables, values)
    }

    /// What is needed to replay the login that was followed.
    fn replayable_login(&self) -> ReplayableLogin {
        let login = self.login;
        let known = |fact: &str| self.known.value(fact).map(str::to_owned);
        let in_path = login.redirect_uri.rsplit('/').next().unwrap_or_default();
        let at = login.calls.get(login.token_call).and_then(|call| call.exchange.at).or(login.redirect.at);
        ReplayableLogin {
            callback: login.callback_parameters.clone(),
            answers: login.calls.iter().filter_map(|call| call.exchange.answer.clone()).collect(),
            documents: self.published.documents.clone(),
            state: login.state.clone().unwrap_or_else(|| in_path.to_owned()),
            nonce: known("nonce"),
            verifier: known("codeVerifier"),
            redirect_uri: login.redirect_uri.clone(),
            at,
        }
    }

    /// The hosts to which addresses with holes may lead, with a star in place of the label that differs between logins.
    fn host_patterns(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for host in &self.hosts {
            let seen = self
                .logins
                .iter()
                .flat_map(|login| login.calls.iter().map(|call| host_of(call.exchange.base())))
                .filter(|other| *other != host);
            let tail = host.split_once('.').map_or("", |(_, tail)| tail);
            let differs = seen
                .into_iter()
                .any(|other| other.split_once('.').is_some_and(|(_, other)| other == tail) && tail.contains('.') && self.logins.len() > 1);
            let pattern = if differs { format!("*.{tail}") } else { host.clone() };
            if !all.contains(&pattern) {
                all.push(pattern);
            }
        }
        all
    }
}

/// Where a fact about the person is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PersonFactPlace {
    Answer(usize),
    /// The claims of the signed token.
    Claims,
}

/// Adds the lines that read facts: `read`, and `choose` for the facts of one entry.
pub(crate) fn push_reads(read: Vec<YamlLine>, words: &mut Vec<YamlLine>) {
    let (read, choice) = split_choice(read);
    if !read.is_empty() {
        words.push(YamlLine::new("read", YamlValue::Block(read)));
    }
    words.extend(choice);
}

/// Whether these are the facts that are read by default.
fn reads_standard_places(read: &[YamlLine]) -> bool {
    read.iter().all(|entry| PERSON.iter().any(|(fact, key)| entry.key == *fact && entry.value == YamlValue::Text(format!("$.{key}"))))
}

fn block_or_blocks(mut steps: Vec<Vec<YamlLine>>) -> YamlValue {
    if steps.len() == 1 { YamlValue::Block(steps.remove(0)) } else { YamlValue::Items(steps.into_iter().map(YamlValue::Block).collect()) }
}

/// A title for shoppers, made from the name of the file.
pub(crate) fn display_title(name: &str) -> String {
    let words = name.split(['-', '_']).filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect::<String>())
    });
    let title = words.collect::<Vec<_>>().join(" ");
    if title.is_empty() || looks_like_url(&title) { "Provider".to_owned() } else { title }
}
