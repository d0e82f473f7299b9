//! Compiles the words of a call into a step.

use crate::provider::address::Address;
use crate::provider::answer::{AnswerFormat, AnswerParser};
use crate::provider::assertion::Assertion;
use crate::provider::call::CallSpec;
use crate::provider::call::check::{check_call, check_header_name};
use crate::provider::choice::{EntryChoice, compile_choices};
use crate::provider::moment::TimeSpan;
use crate::provider::parameters::{ParameterValues, check_no_paths};
use crate::provider::refusal::RefusalRule;
use crate::provider::request_payload::RequestPayload;
use crate::provider::signature::{ParameterSignature, SignedParameters};
use crate::provider::signed_token::{ExpiryRequirement, SignedToken, SignedTokenContext, SignedTokenSpec};
use crate::provider::standard::{self, TokenGrant};
use crate::provider::step::{ReadRule, Step, StepBody, StepKind};
use crate::provider::step_context::{StepContext, check_fact_name, check_read_name, compile_reads};
use crate::provider::template::Template;
use crate::provider::token_type::AcceptedTokenType;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::{LONGEST_TIMEOUT, Method, USUAL_TIMEOUT};
use crate::vocabulary::words::{NamedValues, Reader};
use std::time::Duration;

/// Compiles a call, or complains.
pub(crate) fn compile(
    mut spec: CallSpec,
    (kind, position): (StepKind, u16),
    context: &StepContext<'_>,
    reader: &mut Reader,
) -> Option<Step> {
    let (place, is_written) = (spec.place, spec.is_written());
    // The call that `discovery` implies has no address of its own.
    let reads_standard_person = !context.person_is_listed || (context.discovery && spec.get.is_none() && spec.post.is_none());
    let (method, address) = method_and_address(&mut spec, kind, context, reader);
    let assertion = spec.assertion.take().map(|spec| Assertion::compile(spec, reader));
    let places_assertion = spec_uses_fact(&spec, "clientAssertion", reader);
    let carried = RequestPayload::compile(&mut spec, kind, method, context, assertion.is_some() && !places_assertion, reader);
    let headers = headers(spec.headers.take().unwrap_or_default(), reader);
    let address = address.and_then(|address| Address::compile(address, &context.addresses, reader));
    let usual = if matches!(carried.body, StepBody::Form(_)) { SignedParameters::Form } else { SignedParameters::Query };
    let reads = CallReads::compile(&mut spec, (kind, reads_standard_person), context, reader);
    let (refused, accepted) = compile_rules(&mut spec, kind, context, reader);
    let refuses_error_member = kind != StepKind::GetUserInfo && !accepted.iter().any(RefusalRule::allows_error_member);
    let mut step = Step {
        kind,
        call: Some(position),
        place,
        known: context.known,
        method,
        address: address?,
        query: carried.query,
        is_standard_push: kind == StepKind::GetAuthorizationCode && !is_written,
        reauthenticate: Vec::new(),
        demands_auth_time: false,
        body: carried.body,
        headers,
        basic: carried.basic,
        negotiated: carried.negotiated,
        bearer: None,
        assertion,
        sign: spec.sign.take().and_then(|spec| ParameterSignature::compile(spec, usual, reader)),
        verify: None,
        when: spec.when.take(),
        implied: None,
        timeout: timeout(spec.timeout.take(), reader),
        optional: spec.optional.unwrap_or(false),
        answers: AnswerParser { formats: spec.answer.take(), skip_prefix: spec.skip_prefix.take() },
        refused,
        accepted,
        refuses_error_member,
        token_type: accepted_token_type(spec.token_type.take(), kind, reader),
        reads: reads.answer,
        choices: reads.choices,
        header_reads: reads.headers,
        carried: [].into(),
        signed: reads.token,
        signed_answer: reads.signed_answer,
        signed_reads: reads.claims,
        signed_choices: reads.claim_choices,
    };
    step.bearer = bearer(spec.bearer.take(), &step, reader);
    check_call(&step, reader);
    Some(step)
}

/// The rules by which an answer is refused or accepted: those of the call, then those of the file.
fn compile_rules(
    spec: &mut CallSpec,
    kind: StepKind,
    context: &StepContext<'_>,
    reader: &mut Reader,
) -> (Vec<RefusalRule>, Vec<RefusalRule>) {
    let (refused, accepted) = (spec.refused.take().unwrap_or_default().0, spec.accepted.take().unwrap_or_default().0);
    if kind == StepKind::GetUserInfo {
        accepted.iter().for_each(|rule| rule.check_outside_of_token_answer(reader));
    }
    let with_those_of_file = |own: Vec<RefusalRule>, of_file: &[RefusalRule]| own.into_iter().chain(of_file.iter().cloned()).collect();
    (with_those_of_file(refused, context.refused), with_those_of_file(accepted, context.accepted))
}

/// What a call reads from its answer.
struct CallReads {
    answer: Vec<ReadRule>,
    headers: Vec<(Slot, Located<String>)>,
    token: Option<SignedToken>,
    signed_answer: Option<SignedToken>,
    claims: Vec<ReadRule>,
    choices: Vec<EntryChoice>,
    claim_choices: Vec<EntryChoice>,
}

impl CallReads {
    fn compile(
        spec: &mut CallSpec,
        (kind, reads_standard_person): (StepKind, bool),
        context: &StepContext<'_>,
        reader: &mut Reader,
    ) -> Self {
        let place = spec.place;
        let signed_context = SignedTokenContext {
            addresses: &context.addresses,
            discovery: context.discovery,
            client_id: context.client_id,
            nonce_is_sent: context.nonce_is_sent,
            callback_facts: &context.callback_facts,
            kind,
            own_facts: own_facts(spec, kind, context, reader),
        };
        let signed_spec = spec.signed.take().or_else(|| implied_id_token(kind, context, place));
        let token = signed_spec.as_ref().and_then(|spec| SignedToken::compile(spec, &signed_context, reader));
        let signed_answer = implied_signed_answer(spec, &signed_context, token.is_some(), reader);
        let (written_claims, chosen_claims) = signed_spec.map_or((None, None), |spec| (spec.read, spec.choose));
        let reads_written_claims = written_claims.is_some() || chosen_claims.is_some();
        let mut claims = written_claims.map_or_else(Vec::new, |read| compile_reads(read, reader));
        let has_read = spec.read.is_some() || spec.choose.is_some();
        let choices = compile_choices(spec.choose.take(), reader);
        let claim_choices = compile_choices(chosen_claims, reader);
        let own = spec.read.take().map_or_else(Vec::new, |read| compile_reads(read, reader));
        let chosen = choices.iter().chain(&claim_choices).flat_map(|choice| &choice.reads);
        for read in own.iter().chain(&claims).chain(chosen) {
            check_read_name(read, reader);
        }
        let headers = compile_header_reads(spec.read_headers.take().unwrap_or_default(), reader);
        let has_keys = has_keys(spec);
        let mut answer = match kind {
            // In XML everything is below the root, and a plain text has no places at all.
            _ if !has_keys => Vec::new(),
            StepKind::GetAccessCode => context.standard_reads(standard::TOKEN, &own, place, reader),
            StepKind::GetUserInfo if reads_standard_person && !has_read && !reads_written_claims && token.is_none() => {
                context.standard_reads(standard::PERSON, &own, place, reader)
            }
            StepKind::GetClientToken => context.standard_reads(standard::CLIENT_TOKEN, &own, place, reader),
            StepKind::GetUserInfo | StepKind::GetAuthorizationCode => Vec::new(),
        };
        if token.is_some() && !reads_written_claims && context.discovery && kind == StepKind::GetAccessCode {
            claims = context.standard_reads(standard::PERSON, &[], place, reader);
        }
        answer.extend(own);
        Self { answer, headers, token, signed_answer, claims, choices, claim_choices }
    }
}

/// Whether an answer can have the standard places.
fn has_keys(spec: &CallSpec) -> bool {
    let is_keyed = |format: &AnswerFormat| !matches!(format, AnswerFormat::Xml | AnswerFormat::Text);
    spec.answer.as_ref().is_none_or(|formats| formats.0.iter().any(is_keyed))
}

/// The facts that a call reads from its own answer, and from nothing else.
fn own_facts(spec: &CallSpec, kind: StepKind, context: &StepContext<'_>, reader: &mut Reader) -> Vec<Slot> {
    let written = spec.read.iter().flat_map(|named| &named.0).filter(|(_, reading)| reading.uses().is_empty());
    let written = written.map(|(name, _)| name.value.clone());
    let mut facts: Vec<Slot> = written.map(|name| reader.names.intern(&name)).collect();
    if kind == StepKind::GetAccessCode && has_keys(spec) {
        facts.extend(standard::TOKEN.iter().map(|(name, _)| reader.names.intern(name)).filter(|fact| !context.written.contains(fact)));
    }
    facts
}

fn compile_header_reads(named: NamedValues<Located<String>>, reader: &mut Reader) -> Vec<(Slot, Located<String>)> {
    let compile = |(fact, name): (Located<String>, Located<String>)| {
        check_fact_name(&fact, fact.place, reader);
        (reader.names.intern(&fact), Located::new(name.value, fact.place))
    };
    named.0.into_iter().map(compile).collect()
}

fn method_and_address(spec: &mut CallSpec, kind: StepKind, context: &StepContext<'_>, reader: &mut Reader) -> (Method, Option<Template>) {
    let usual = match kind {
        StepKind::GetAuthorizationCode => ("pushedAuthorizationRequestEndpoint", Method::Post),
        StepKind::GetAccessCode | StepKind::GetClientToken => ("tokenEndpoint", Method::Post),
        StepKind::GetUserInfo => ("userinfoEndpoint", Method::Get),
    };
    match (spec.get.take(), spec.post.take()) {
        (Some(get), None) => (Method::Get, Some(get)),
        (None, Some(post)) => (Method::Post, Some(post)),
        (Some(_), Some(post)) => {
            reader.complain(post.place, "one call has both `get` and `post`", "keep one; a second call is a second item of a list");
            (Method::Post, None)
        }
        (None, None) if context.discovery => (usual.1, Some(Template::from_fact(usual.0, spec.place, reader))),
        (None, None)
            if reader.is_unusable_word(spec.place, "get")
                || reader.is_unusable_word(spec.place, "post")
                || reader.has_unknown_words(spec.place) =>
        {
            (usual.1, None)
        }
        (None, None) => {
            let (name, word) = match kind {
                StepKind::GetAuthorizationCode => ("`prepare`", "post"),
                StepKind::GetAccessCode | StepKind::GetClientToken => (kind.word(), "post"),
                StepKind::GetUserInfo => (kind.word(), "get"),
            };
            reader.complain(spec.place, format!("{name} does not say which address is called"), format!("add `{word}: https://…`"));
            (usual.1, None)
        }
    }
}

/// The `signed` that `discovery` implies: the ID token next to the access token.
fn implied_id_token(kind: StepKind, context: &StepContext<'_>, place: Place) -> Option<SignedTokenSpec> {
    let redeems_code = kind == StepKind::GetAccessCode && context.grant == TokenGrant::AuthorizationCode;
    (context.discovery && redeems_code).then(|| SignedTokenSpec::empty(place)).flatten()
}

/// How the answer of a userinfo call is verified when it is a signed token (`OpenID` Connect Core 5.3.2), unless the file says itself
/// what the answer is. Such a token need not say until when it is good.
fn implied_signed_answer(spec: &CallSpec, context: &SignedTokenContext<'_>, has_signed: bool, reader: &mut Reader) -> Option<SignedToken> {
    let says_what_it_is = has_signed || spec.answer.is_some() || spec.skip_prefix.is_some();
    if !context.discovery || context.kind != StepKind::GetUserInfo || says_what_it_is {
        return None;
    }
    let usual = SignedTokenSpec::empty(spec.place)?;
    let spec = SignedTokenSpec { token: Some(Template::literal("answer", spec.place)), exp: Some(ExpiryRequirement::Optional), ..usual };
    SignedToken::compile(&spec, context, reader)
}

/// More headers than this are refused.
const MOST_HEADERS: usize = 50;

fn headers(named: NamedValues<Template>, reader: &mut Reader) -> Vec<(Located<String>, Template)> {
    if let Some((name, _)) = named.0.get(MOST_HEADERS) {
        reader.complain(name.place, format!("a call has at most {MOST_HEADERS} headers"), "write only those that the provider asks for");
    }
    for (name, value) in &named.0 {
        check_header_name(name, name.place, reader);
        if value.as_literal().is_some_and(|text| text.chars().any(char::is_control)) {
            reader.complain(value.place, "a header is one line, and this value has several", "write it in one line");
        }
        check_no_paths([value], reader);
    }
    named
        .0
        .into_iter()
        .map(|(name, value)| {
            let value = value.named(&name.value);
            (name, value)
        })
        .collect()
}

/// How long the provider may take.
fn timeout(written: Option<Located<TimeSpan>>, reader: &mut Reader) -> Duration {
    let Some(written) = written else { return USUAL_TIMEOUT };
    if written.value.0 > LONGEST_TIMEOUT {
        reader.complain(
            written.place,
            "a call may take at most 30 seconds",
            "write at most `timeout: 30s`; without `timeout` the provider may take 10 seconds",
        );
    }
    written.value.0.min(LONGEST_TIMEOUT)
}

/// Only the calls of getAccessCode give the access token.
fn accepted_token_type(written: Option<Located<AcceptedTokenType>>, kind: StepKind, reader: &mut Reader) -> AcceptedTokenType {
    if kind == StepKind::GetAccessCode {
        return written.map_or(AcceptedTokenType::Bearer, |written| written.value);
    }
    if let Some(written) = written {
        let help = "write it in getAccessCode, whose answer gives the access token";
        reader.complain(written.place, "this call does not give the access token, so it accepts no type of token", help);
    }
    AcceptedTokenType::Any
}

fn bearer(written: Option<Template>, step: &Step, reader: &mut Reader) -> Option<Template> {
    let signed_header = step.sign.as_ref().and_then(ParameterSignature::header);
    let has_header = step.headers.iter().map(|(name, _)| name).chain(signed_header).any(|name| name.eq_ignore_ascii_case("authorization"));
    match written {
        Some(template) if template.as_literal().as_deref() == Some("none") => None,
        Some(template) if template.is_literal() => {
            let help = format!(
                "write `bearer: ${{{}}}` for a fact, or `bearer: none`",
                if template.source.len() < 40 { &template.source } else { "accessToken" }
            );
            reader.complain(template.place, format!("`{}` is neither a fact nor `none`", template.source), help);
            None
        }
        Some(template) => {
            if has_header || step.basic.is_some() {
                reader.complain(
                    template.place,
                    "this call already has an `Authorization` header",
                    "keep one: `bearer`, `credentials: basic` or the header",
                );
            }
            check_no_paths([&template], reader);
            Some(template)
        }
        None if step.kind != StepKind::GetUserInfo || has_header || step.basic.is_some() => None,
        None => {
            // A part of the token, such as its hash, is the token's own place as well. A call that shows the client's token asks with that.
            let placed = [step.known.access_token, step.known.client_token].into_iter().any(|token| step.carries(token));
            (!placed).then(|| Template::from_fact("accessToken", step.place, reader))
        }
    }
}

fn spec_uses_fact(spec: &CallSpec, name: &str, reader: &mut Reader) -> bool {
    let fact = reader.names.intern(name);
    let in_values = |values: &Option<NamedValues<ParameterValues>>| {
        values
            .iter()
            .flat_map(|named| &named.0)
            .filter_map(|(_, values)| values.texts.as_ref())
            .flatten()
            .flat_map(Template::uses)
            .any(|used| used.fact == fact)
    };
    in_values(&spec.extra)
        || in_values(&spec.query)
        || in_values(&spec.form)
        || spec.json.as_ref().is_some_and(|json| json.uses().iter().any(|used| used.fact == fact))
        || spec.text.as_ref().is_some_and(|text| text.uses().any(|used| used.fact == fact))
        || spec.headers.iter().flat_map(|headers| &headers.0).any(|(_, value)| value.uses().any(|used| used.fact == fact))
}
