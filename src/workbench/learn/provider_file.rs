//! Writes the whole file: what every call sends, what every answer is read for, and what there is to decide.

use crate::provider::answer::AnswerFormat;
use crate::provider::declared_values::variable_beginning;
use crate::provider::pkce::Pkce;
use crate::provider::standard::PERSON;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::draft::ProviderDraft;
use crate::workbench::learn::client::named_values;
use crate::workbench::learn::client_token::{self, ClientTokenCall};
use crate::workbench::learn::document::RecordedDocument;
use crate::workbench::learn::entry_choice::split_choice;
use crate::workbench::learn::ids::UNSURE_ID;
use crate::workbench::learn::login_learner::{LoginLearner, ReferencedValue, ValueOrigin};
use crate::workbench::learn::person::ChosenFact;
use crate::workbench::learn::person_sources::PersonFactPlace;
use crate::workbench::learn::recorded_login::RecordedLogin;
use crate::workbench::learn::redirect::state_in_address;
use crate::workbench::learn::signed_token::LearnedSignedToken;
use crate::workbench::learn::{LearnedProvider, ReplayableLogin};
use crate::workbench::learn::{calls, redirect, success_flag};
use crate::workbench::recorded_exchange::host_of;
use serde_json::Value;

impl LoginLearner<'_> {
    pub(crate) fn into_learned_provider(mut self) -> LearnedProvider {
        let prepared = self.login.prepared;
        let mut steps = Vec::new();
        let client_token = calls::client_token_request_entries(&mut self);
        self.add_client_token();
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
        let tokens = self.learn_signed_tokens();
        let placed = self.place_person_facts(&tokens);
        // A doubtful claim proves nothing under `trustEmail: never`, so it is named in the comment only.
        let (doubtful, placed): (Vec<_>, Vec<_>) = placed.into_iter().partition(|(_, chosen)| chosen.is_doubtful);
        let is_named = placed.iter().any(|(_, chosen)| chosen.entry.key == "name");
        let identity = redirect::push_callback_entries(&self, is_named, &mut first);
        for (number, words) in steps.iter_mut().enumerate() {
            self.push_answer_entries(number, words, tokens.iter().find(|token| token.call == number), &placed);
        }
        if self.is_userinfo_implied(&steps, &tokens, &placed) {
            steps.pop();
        }
        let is_callback_tied = self.is_callback_tied(&tokens);
        let client_token = self.client_token_block(client_token);
        let doubtful = doubtful.first().map(|(_, chosen)| chosen);
        self.assemble_file((client_token, first, identity), steps, &placed, doubtful, is_callback_tied)
    }

    /// Adds the token that the client got for itself.
    fn add_client_token(&mut self) {
        if let Some(token) = self.login.client_token.as_ref().and_then(ClientTokenCall::token) {
            self.add_answer_value(ValueOrigin::ClientToken, token);
        }
    }

    /// The whole `getClientToken`: its request, and what is read from its answer.
    fn client_token_block(&self, mut words: Vec<YamlLine>) -> Option<YamlLine> {
        let found = self.login.client_token.as_ref()?;
        let documents: Vec<&Value> =
            self.logins.iter().filter_map(|login| Some(&login.client_token.as_ref()?.call.document.as_ref()?.value)).collect();
        words.extend(success_flag::find_success_flag(&documents, true));
        let own = self.reads.iter().filter(|(origin, _)| *origin == ValueOrigin::ClientToken).map(|(_, entry)| entry.clone());
        let mut read: Vec<YamlLine> = own.collect();
        read.extend(client_token::lifetime_entry(&found.call));
        push_reads(read, &mut words);
        Some(YamlLine::with_comment(
            "getClientToken",
            YamlValue::Block(words),
            "it sends nothing of a login, so all logins share what it gives",
        ))
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
            }
            self.add_answer_value(ValueOrigin::Call(number), leaf);
        }
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
            if let Some(format) = document.format.filter(|_| !token.is_some_and(|token| token.is_whole)) {
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
        if let Some(token) = token {
            let read: Vec<YamlLine> = facts_at(PersonFactPlace::Claims(number)).collect();
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
            && chosen.iter().all(|(place, chosen)| *place == PersonFactPlace::Answer(number) || self.is_read_by_default(*place, chosen));
        if !read.is_empty() {
            self.allow_statuses(number, accepted_at, words);
            words.extend(self.optional_entry(number, chosen));
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
        (client_token, mut first, identity): (Option<YamlLine>, Vec<YamlLine>, Option<YamlLine>),
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
        decide.extend(self.uncertain_findings(chosen));
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
        client_token.into_iter().for_each(|line| draft.push(line));
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
        identity.into_iter().for_each(|line| draft.push(line));
        let (variables, values) = self.variables_and_values();
        let replayable: Vec<ReplayableLogin> = self.logins.iter().map(|login| self.replayable_login(login)).collect();
        let login = self.replayable_login(self.login);
        let (text, logins) = (draft.to_yaml(), self.logins.len());
        LearnedProvider {
            text,
            variables,
            decide,
            logins,
            values,
            login,
            replayable,
            is_replayed: false,
            lacks_address: false,
            differences: Vec::new(),
        }
    }

    /// What there is to decide about an id that is not called so, and about a signature with a secret that was never sent.
    fn uncertain_findings(&self, chosen: &[(PersonFactPlace, ChosenFact)]) -> Vec<String> {
        let is_unsure = chosen.iter().any(|(_, chosen)| chosen.entry.comment.as_deref() == Some(UNSURE_ID));
        let id = "`id`: nothing is called an id; decide whether what is read as the id identifies a person and never changes";
        let sign =
            "`sign`: the secret in the signature was never sent, so its form is the usual one; compare it with the provider's manual";
        let findings = [(is_unsure, id), (self.client.has_hidden_secret, sign)];
        let findings = findings.into_iter().filter(|(is_so, _)| *is_so).map(|(_, finding)| finding.to_owned());
        findings.chain(self.foreign_token_host()).collect()
    }

    /// Adds the lines above the steps.
    fn push_settings(&self, draft: &mut ProviderDraft) {
        draft.push(YamlLine::with_comment("name", YamlValue::Text(display_title(&self.name)), "what the button says"));
        if self.client.secret.is_none() && !self.client.has_hidden_secret {
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
                YamlValue::Text(self.with_client_id(issuer)),
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
        if self.client.secret.is_some() || self.client.has_hidden_secret {
            variables.push(format!("{prefix}_CLIENT_SECRET"));
        }
        variables.extend(self.references.iter().map(|reference| self.variable_of_fact(&reference.fact)));
        let mut values: Vec<(String, String)> =
            self.references.iter().map(|reference| (reference.fact.clone(), reference.value.clone())).collect();
        values.extend(self.client.id.clone().map(|id| ("clientId".to_owned(), id)));
        let hidden = self.client.has_hidden_secret.then(String::new);
        values.extend(self.client.secret.clone().or(hidden).map(|secret| ("clientSecret".to_owned(), secret)));
        (variables, values)
    }

    /// What is needed to replay a login.
    fn replayable_login(&self, login: &RecordedLogin<'_>) -> ReplayableLogin {
        let in_address = || state_in_address(&login.redirect_uri).map_or_else(String::new, |(_, state)| state.to_owned());
        let at = login.calls.get(login.token_call).and_then(|call| call.exchange.at).or(login.redirect.at);
        let client_token = login.client_token.as_ref().map(|found| found.call.exchange);
        let redirected = |login: &RecordedLogin<'_>| login.first_parameters();
        let sent = |login: &RecordedLogin<'_>| named_values(&login.calls[login.token_call]);
        ReplayableLogin {
            redirect: login.redirect.clone(),
            callback: login.callback_parameters.clone(),
            calls: client_token.into_iter().chain(login.calls.iter().map(|call| call.exchange)).cloned().collect(),
            documents: self.published.documents.clone(),
            state: login.state.clone().unwrap_or_else(in_address),
            nonce: self.value_of_login("nonce", login, redirected),
            verifier: self.value_of_login("codeVerifier", login, sent),
            redirect_uri: login.redirect_uri.clone(),
            at,
            client_token: client_token.map(|call| call.address.clone()),
        }
    }

    /// What this login sent under the name under which the followed login sent the value of a fact.
    fn value_of_login(
        &self,
        fact: &str,
        login: &RecordedLogin<'_>,
        sent: impl Fn(&RecordedLogin<'_>) -> Vec<(String, String)>,
    ) -> Option<String> {
        let own = self.known.value(fact)?;
        let (name, _) = sent(self.login).into_iter().find(|(_, value)| value == own)?;
        sent(login).into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
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

/// Adds the lines that read facts: `read`, and `choose` for the facts of one entry.
pub(crate) fn push_reads(read: Vec<YamlLine>, words: &mut Vec<YamlLine>) {
    let (read, choice) = split_choice(read);
    if !read.is_empty() {
        words.push(YamlLine::new("read", YamlValue::Block(read)));
    }
    words.extend(choice);
}

/// Whether these are the facts that are read by default.
pub(crate) fn reads_standard_places(read: &[YamlLine]) -> bool {
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
