//! The values of facts: what the file demands of them, and otherwise what their names say.

use crate::provider::Provider;
use crate::provider::address::Address;
use crate::provider::condition::{Condition, ConditionSubject, ValueCheck};
use crate::provider::discovery::Discovery;
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::issuer::Issuer;
use crate::provider::template::{Template, TemplatePiece};
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::workbench::examples::invented::person::{InventedPerson, fitting_text};
use crate::workbench::examples::stand_ins::{NOW, key_for, stand_in};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What facts have to be, and what is known already.
pub(super) struct FactValues<'a> {
    provider: &'a Provider,
    pub(super) person: &'a InventedPerson,
    /// The facts of the beginning, with which texts of the file are filled.
    pub(super) facts: Facts,
    /// What the file demands of facts.
    wanted: BTreeMap<Slot, String>,
}

impl<'a> FactValues<'a> {
    pub(super) fn new(provider: &'a Provider, person: &'a InventedPerson) -> Self {
        let mut values = Self { provider, person, facts: provider.empty_facts(), wanted: BTreeMap::new() };
        for fact in values.person_facts() {
            let wanted = values.of(fact);
            if let Some(composed) = provider.identity.composition(fact) {
                values.want_expression(composed, &wanted);
            }
        }
        let documents = provider.discovery.iter().map(|discovery| &discovery.address);
        for address in provider.steps().map(|step| &step.address).chain(documents) {
            values.want_host(address);
        }
        values
    }

    /// Takes the facts of the beginning, and what the file demands of others beside them.
    pub(super) fn begin_with(&mut self, facts: Facts) {
        self.facts = facts;
        let provider = self.provider;
        for condition in provider.require.iter().flat_map(|require| &require.0) {
            self.want_condition(condition);
        }
        for condition in provider.calls.iter().filter_map(|step| step.when.as_ref()).flat_map(|when| &when.0) {
            self.want_condition(condition);
        }
    }

    fn person_facts(&self) -> Vec<Slot> {
        let known = self.provider.known;
        let further = ["name", "picture", "locale"].into_iter().filter_map(|name| self.provider.names.find(name));
        [known.id, known.email, known.email_verified].into_iter().chain(further).collect()
    }

    /// Demands a value of a fact, unless another one is demanded already.
    pub(super) fn want(&mut self, fact: Slot, value: &str) {
        self.wanted.entry(fact).or_insert_with(|| value.to_owned());
    }

    /// Demands of the facts in an expression what makes it this value.
    fn want_expression(&mut self, expression: &FactExpression, value: &str) {
        match expression {
            FactExpression::Text(text) => {
                for (hole, part) in parts(text, value) {
                    if let Some(fact) = hole.fact() {
                        let wanted = hole.functions().iter().rev().fold(part, |part, function| function.undo(&part).unwrap_or(part));
                        self.want(fact, &wanted);
                    }
                }
            }
            FactExpression::Condition(condition) => self.want_condition(condition),
            FactExpression::Conditions(conditions, _) => conditions.0.iter().for_each(|condition| self.want_condition(condition)),
            FactExpression::FirstOf(list, _) => list.first().into_iter().for_each(|first| self.want_expression(first, value)),
            FactExpression::Path(_) => {}
        }
    }

    fn want_condition(&mut self, condition: &Condition) {
        for check in condition.checks() {
            if let ConditionSubject::Text(subject) = &check.at
                && let Some(wanted) = self.wanted_by(check)
            {
                self.want_expression(&FactExpression::Text(subject.clone()), &wanted);
            }
        }
    }

    /// A value with which a check holds; `None` where it asks that nothing is there.
    pub(super) fn wanted_by(&self, check: &ValueCheck) -> Option<String> {
        if let Some(first) = check.is.iter().chain(&check.contains).find_map(|list| list.first()) {
            return Some(self.filled(first));
        }
        if check.within.is_some() {
            return Some(NOW.to_string());
        }
        if let Some(pattern) = &check.matches {
            return fitting_text(&pattern.regex, &[self.person.email, self.person.name, self.person.id]);
        }
        if let Some(others) = &check.is_not {
            let others: Vec<String> = others.iter().map(|other| self.filled(other)).collect();
            return ["1", "ok", "other"].into_iter().find(|value| !others.iter().any(|other| other == value)).map(str::to_owned);
        }
        (check.present == Some(true)).then(|| "1".to_owned())
    }

    /// A text of the file with what is known.
    pub(super) fn filled(&self, text: &Template) -> String {
        self.filled_from(text, None)
    }

    /// The same, with what a document holds. A fact that is not known yet has the value that it is going to have.
    pub(super) fn filled_from(&self, text: &Template, document: Option<&Value>) -> String {
        let mut facts = self.facts.clone();
        for fact in text.uses().map(|used| used.fact) {
            if facts.get(fact).is_none() {
                facts.set(fact, Text::plain(self.of(fact)));
            }
        }
        text.fill_from(&facts, document).map_or_else(|_| text.source.to_string(), |text| text.expose().to_owned())
    }

    /// Demands that a hole which decides about a host is filled with one that the file allows.
    fn want_host(&mut self, address: &Address) {
        let (literal, hole, behind) = match address.template.pieces() {
            [TemplatePiece::Hole(hole), rest @ ..] => ("", hole, rest.first()),
            [TemplatePiece::Literal(literal), TemplatePiece::Hole(hole), rest @ ..] if literal.split('/').count() == 3 => {
                (&**literal, hole, rest.first())
            }
            _ => return,
        };
        let Some((fact, pattern)) = hole.bare_fact().zip(address.allowed_hosts().first()) else { return };
        let host = match pattern.as_literal() {
            Some(host) => host.replace(":*", ":8443").replace('*', "loja"),
            None => "idp.provider.example".to_owned(),
        };
        let (scheme, host) = host.split_once("://").unwrap_or(("https", &host));
        let begins_path = |piece: Option<&TemplatePiece>| match piece {
            Some(TemplatePiece::Literal(text)) => text.starts_with(['/', ':', '?', '#']),
            Some(TemplatePiece::Hole(_)) => false,
            None => true,
        };
        let value = match (literal.is_empty(), behind) {
            (true, None) => format!("{scheme}://{host}/id/{}", self.person.id),
            (true, Some(_)) => format!("{scheme}://{host}"),
            (false, behind) if begins_path(behind) && literal.ends_with("//") => host.to_owned(),
            (false, _) => "loja".to_owned(),
        };
        self.want(fact, &value);
    }

    /// The value of a fact.
    pub(super) fn of(&self, fact: Slot) -> String {
        let known = self.provider.known;
        if let Some(wanted) = self.wanted.get(&fact) {
            return wanted.clone();
        }
        if fact == known.id {
            return self.person.id.to_owned();
        }
        if fact == known.email {
            return self.person.email.to_owned();
        }
        let name = &**self.provider.names.name(fact);
        let short = || format!("{}-{}", name.to_lowercase(), self.person.id.chars().last().unwrap_or('1'));
        match name {
            "emailVerified" => "true".to_owned(),
            "name" => self.person.name.to_owned(),
            "picture" => "https://pictures.example/p.png".to_owned(),
            "locale" => self.person.locale.to_owned(),
            "tokenType" => "Bearer".to_owned(),
            "code" => "c-1".to_owned(),
            // The access token may serve as the id, so each invented person has one of their own.
            "accessToken" => format!("at-{}", self.person.id.chars().last().unwrap_or('1')),
            "state" => stand_in("state"),
            "iss" => self.facts.get(known.issuer).map_or_else(short, |issuer| issuer.expose().to_owned()),
            name if name.ends_with("expiresIn") || name.ends_with("ExpiresIn") => "3600".to_owned(),
            _ => short(),
        }
    }

    /// Whether a setting is a part of the issuer's address. There a stand-in would be percent-encoded, and the documents and tokens that
    /// name the issuer would not show it.
    fn is_part_of_issuer(&self, fact: Slot) -> bool {
        let discovery = self.provider.discovery.iter().flat_map(Discovery::uses);
        let issuer = self.provider.issuer.iter().flat_map(Issuer::uses);
        discovery.chain(issuer).any(|used| used.fact == fact)
    }

    /// The values of the installation that have to be given, and those that the shopper types.
    pub(super) fn of_installation(&mut self) -> (Value, Value) {
        let mut facts = Map::new();
        let text = &self.provider.source.text;
        for needed in &self.provider.needed {
            let name = &**self.provider.names.name(needed.fact);
            let is_number = text.contains(&format!("${{{name} | number"));
            let decides_host = text.contains(&format!("://${{{name}}}"))
                || self.provider.steps().any(|step| {
                    let mut hosts = step.address.allowed_hosts().iter().flat_map(Template::uses);
                    hosts.any(|used| used.fact == needed.fact)
                });
            let value = match self.wanted.get(&needed.fact) {
                Some(wanted) => wanted.clone(),
                None if is_number => "1001".to_owned(),
                None if decides_host => "idp.provider.example".to_owned(),
                None if !needed.secret && self.is_part_of_issuer(needed.fact) => format!("{}-1", name.to_lowercase()),
                None => continue,
            };
            if key_for(self.provider, needed.fact).is_none() {
                facts.insert(name.to_owned(), Value::String(value));
            }
        }
        if text.contains("${publicUrl") {
            facts.insert("publicUrl".to_owned(), Value::from("https://login.loja.example"));
        }
        let mut inputs = Map::new();
        for input in &self.provider.inputs {
            let slot = self.provider.names.find(&input.name);
            let wanted = slot.and_then(|slot| self.wanted.get(&slot)).cloned();
            let pattern = input.pattern_text().and_then(|pattern| regex::Regex::new(&format!("^(?:{pattern})$")).ok());
            let made = pattern.and_then(|pattern| fitting_text(&pattern, &["loja", "loja.example", self.person.email]));
            let value = wanted.filter(|wanted| input.accepts(wanted)).or(made).unwrap_or_else(|| "loja".to_owned());
            inputs.insert(input.name.to_string(), Value::String(value));
        }
        (Value::Object(facts), Value::Object(inputs))
    }
}

/// The holes of a text, each with its part of the value: what stands between the literals, or a text of its own where they do not fit.
pub(super) fn parts<'t>(text: &'t Template, value: &str) -> Vec<(&'t crate::provider::hole::Hole, String)> {
    let mut found = Vec::new();
    let mut rest = Some(value);
    let pieces = text.pieces();
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            TemplatePiece::Literal(literal) => rest = rest.and_then(|rest| rest.strip_prefix(&**literal)),
            TemplatePiece::Hole(hole) => {
                let next = pieces.get(at + 1).and_then(|next| if let TemplatePiece::Literal(next) = next { Some(&**next) } else { None });
                let end = rest.and_then(|rest| next.map_or(Some(rest.len()), |next| rest.find(next)));
                let part = rest.zip(end).and_then(|(rest, end)| rest.get(..end)).filter(|part| !part.is_empty());
                // An id of several parts has different ones.
                found
                    .push((hole, part.map_or_else(|| format!("{}{}", value.split(['@', ' ']).next().unwrap_or(value), at), str::to_owned)));
                rest = rest.zip(end).and_then(|(rest, end)| rest.get(end..));
            }
        }
    }
    found
}
