//! Writes the request of a step.

use crate::provider::address::AddressError;
use crate::provider::credentials;
use crate::provider::facts::Facts;
use crate::provider::parameters::{self, ParameterPairs};
use crate::provider::signature::{SignatureTarget, SignedParameters};
use crate::provider::step::{Step, StepBody};
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::{Text, form_encode, percent_encode};
use crate::vocabulary::wire::{LARGEST_ANSWER, Request, USER_AGENT};
use std::borrow::Cow;

impl Step {
    /// Writes the request. It fails only because of what the answers gave or lacked.
    pub fn request(&self, facts: &Facts) -> Result<Request, StepError> {
        let made;
        let facts = match &self.assertion {
            None => facts,
            Some(assertion) => {
                let text = |slot: Slot| facts.get(slot).map_or("", Text::expose);
                let now = text(self.known.now).parse().unwrap_or(0);
                let mut with = facts.clone();
                with.set(self.known.client_assertion, assertion.sign(facts, now, text(self.known.state))?);
                made = with;
                &made
            }
        };
        let filled = self.address.fill(facts).map_err(|bad| match bad {
            AddressError::Missing(missing) => StepError::missing_fact(missing),
            AddressError::Refused(problem, place) => StepError::BadAddress { why: problem.message(), place },
        })?;
        let mut query = parameters::fill(&self.query, facts).map_err(StepError::missing_fact)?;
        let mut form = match &self.body {
            StepBody::Form(form) => {
                let form = self.chosen_credentials(facts).map_or(form, |negotiated| &negotiated.form);
                parameters::fill(form, facts).map_err(StepError::missing_fact)?
            }
            StepBody::None | StepBody::Json(_) | StepBody::Text(_) => Vec::new(),
        };
        if facts.get(self.known.reauthenticate).is_some() {
            let asked = parameters::fill(&self.reauthenticate, facts).map_err(StepError::missing_fact)?;
            let pairs = if matches!(self.body, StepBody::Form(_)) { &mut form } else { &mut query };
            pairs.retain(|(name, _)| !asked.iter().any(|(other, _)| other == name));
            pairs.extend(asked);
        }
        let mut signed_header = None;
        if let Some(sign) = &self.sign {
            let all = match sign.over {
                SignedParameters::Query => query_pairs(filled.query.as_ref()).into_iter().chain(query.iter().cloned()).collect(),
                SignedParameters::Form => form.clone(),
            };
            let signature = sign.sign(&all, facts)?;
            match (&sign.into, sign.over) {
                (SignatureTarget::Header(name), _) => signed_header = Some((Cow::Owned(name.value.clone()), signature)),
                (SignatureTarget::Parameter(into), SignedParameters::Query) => query.push((Cow::Borrowed(&**into), Cow::Owned(signature))),
                (SignatureTarget::Parameter(into), SignedParameters::Form) => form.push((Cow::Borrowed(&**into), Cow::Owned(signature))),
            }
        }
        let mut address = filled.base;
        let literal = filled.query.unwrap_or_default();
        if !literal.is_empty() || !query.is_empty() {
            address.push_str("?");
            address.push(&literal);
            parameters::write(&query, percent_encode, !literal.is_empty(), &mut address);
        }
        if let Some(fragment) = filled.fragment {
            address.push_str("#");
            address.push(&fragment);
        }
        let (body, content_type) = self.body(&form, facts)?;
        let mut headers = self.headers(content_type, facts)?;
        headers.extend(signed_header);
        Ok(Request { method: self.method, address, headers, body, largest: LARGEST_ANSWER, timeout: self.timeout })
    }

    fn body(&self, form: &ParameterPairs<'_>, facts: &Facts) -> Result<(Option<Text>, Option<&'static str>), StepError> {
        let mut text = Text::default();
        let content_type = match &self.body {
            StepBody::None => return Ok((None, None)),
            StepBody::Form(_) if form.is_empty() => return Ok((None, None)),
            StepBody::Form(_) => {
                parameters::write(form, form_encode, false, &mut text);
                "application/x-www-form-urlencoded"
            }
            StepBody::Json(json) => {
                json.fill(facts, &mut text).map_err(StepError::missing_fact)?;
                "application/json"
            }
            StepBody::Text(template) => {
                text = template.fill(facts).map_err(StepError::missing_fact)?;
                "text/plain; charset=utf-8"
            }
        };
        Ok((Some(text), Some(content_type)))
    }

    fn headers(&self, content_type: Option<&'static str>, facts: &Facts) -> Result<Vec<(Cow<'static, str>, Text)>, StepError> {
        let own = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let mut headers: Vec<(Cow<'static, str>, Text)> = Vec::with_capacity(self.headers.len().saturating_add(4));
        let mut usual = |name: &'static str, value: Text| {
            if !own(name) {
                headers.push((name.into(), value));
            }
        };
        if !self.is_redirect() {
            usual("Accept", Text::plain("application/json"));
            usual("User-Agent", Text::plain(USER_AGENT));
        }
        if let Some(content_type) = content_type {
            usual("Content-Type", Text::plain(content_type));
        }
        if let Some(basic) = self.chosen_credentials(facts).map(|negotiated| negotiated.basic).or(self.basic) {
            let missing = |fact| StepError::MissingFact { fact: Some(fact), place: basic.place };
            let known = |fact| match facts.get(fact) {
                Some(text) => Ok(text.clone()),
                None if facts.is_preview() => Ok(Text::secret("x", &facts.label(fact))),
                None => Err(missing(fact)),
            };
            let secret = if basic.has_secret { Some(known(self.known.client_secret)?) } else { None };
            usual("Authorization", credentials::basic_authorization(&known(self.known.client_id)?, secret.as_ref(), basic.encoded));
        }
        if let Some(bearer) = &self.bearer {
            let token = bearer.fill(facts).map_err(StepError::missing_fact)?;
            // No token has blanks or letters beyond ASCII, and who reads it would read them in one of several ways.
            if !facts.is_preview() && !token.satisfies(|token| token.bytes().all(|byte| byte.is_ascii_graphic())) {
                return Err(StepError::BadHeader { place: bearer.place });
            }
            let mut value = Text::plain("Bearer ");
            value.push(&token);
            usual("Authorization", value);
        }
        for (name, template) in &self.headers {
            let value = template.fill(facts).map_err(StepError::missing_fact)?;
            if value.is_empty() && template.has_optional_hole() {
                continue;
            }
            check_header_value(&value, template.place)?;
            headers.push((Cow::Owned(name.value.clone()), value));
        }
        Ok(headers)
    }
}

/// The parameters in the query of an address, decoded, so that they can be signed with the others.
fn query_pairs(query: Option<&Text>) -> ParameterPairs<'static> {
    let Some(query) = query else { return Vec::new() };
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.expose().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (Cow::Owned(decode(name)), Cow::Owned(Text::plain(decode(value)))))
        .collect()
}

/// Checks that a header's value is one line of visible characters.
fn check_header_value(value: &Text, place: Place) -> Result<(), StepError> {
    let is_visible = |byte: u8| (b' '..=b'~').contains(&byte) || byte >= 0x80 || byte == b'\t';
    let is_one_line = value.satisfies(|value| value.bytes().all(is_visible) && !value.chars().any(char::is_control));
    if is_one_line { Ok(()) } else { Err(StepError::BadHeader { place }) }
}
