//! The words of the first step: where the browser is sent, and what is read from the callback.

mod protections;

use crate::provider::address::Address;
use crate::provider::answer::AnswerParser;
use crate::provider::assertion::{Assertion, AssertionSpec};
use crate::provider::authorization::protections::RedirectProtections;
use crate::provider::call::{CallSpec, check_repeated_parameters};
use crate::provider::callback::{CallbackMethod, StateLocation};
use crate::provider::choice::{EntryChoice, compile_choices};
use crate::provider::fact_expression::FactExpression;
use crate::provider::parameters::{self, Parameter, ParameterValues};
use crate::provider::provider_spec::hint_about_top_word;
use crate::provider::reauthentication::Reauthentication;
use crate::provider::refusal::{AcceptedRules, RefusedRules};
use crate::provider::signature::{ParameterSignature, ParameterSignatureSpec, SignedParameters};
use crate::provider::signed_token::{SignedToken, SignedTokenContext, SignedTokenSpec};
use crate::provider::standard::{self, StandardRequestChanges};
use crate::provider::step::{ReadRule, Step, StepBody, StepKind};
use crate::provider::step_context::{StepContext, check_read_name, compile_reads, standard_path};
use crate::provider::template::Template;
use crate::provider::token_type::AcceptedTokenType;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::{Method, USUAL_TIMEOUT};
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader};
use crate::words;

words! {
    /// The first step: the browser is redirected to the provider, and comes back to `redirectUri` with a code.
    pub(crate) struct AuthorizationSpec ("getAuthorizationCode step", elsewhere = unknown_word_hint) {
        /// The provider's authorization address. Its query and fragment are kept byte for byte.
        /// Default: with `discovery` the document's `authorization_endpoint`; otherwise required
        /// Example: `get: https://sso.acme.example/entrar`
        get: Option<Template> = "get",
        /// The scope: one text, which is sent exactly as written, including commas. It is also the fact `${scope}`.
        /// Holes are not filled here; to fill them, write `extra: { scope: "…${fact}…" }`.
        /// Default: none; with `discovery` `openid email profile`
        /// Example: `scope: identify email`
        scope: Option<Located<String>> = "scope",
        /// Other names for the parameters of the standard request: the standard name, then the provider's name for
        /// it.
        /// Default: the standard names
        /// Example: `rename: { client_id: app_key, redirect_uri: return_url }`
        rename: Option<NamedValues<Located<String>>> = "rename",
        /// Parameters that are added to the standard request. A standard name replaces that parameter's value; with
        /// `null` the parameter is left out.
        /// Default: none
        /// Example: `extra: { prompt: consent, nonce: "${nonce}" }`
        extra: Option<NamedValues<ParameterValues>> = "extra",
        /// The parameters, exactly as written. No standard parameter is added to them.
        /// Default: the standard request
        /// Example: `query: { app_key: "${clientId}", return_url: "${redirectUri}", state: "${state}" }`
        query: Option<NamedValues<ParameterValues>> = "query",
        /// A token that portaria makes and signs for this request.
        /// Default: none
        assertion: Option<AssertionSpec> = "assertion",
        /// A signature over the parameters of this request.
        /// Default: none
        sign: Option<ParameterSignatureSpec> = "sign",
        /// The HTTP method with which the browser comes back: `get`, `post` or `either`.
        /// Default: `get`
        /// Example: `callback: post`
        callback: Option<Located<CallbackMethod>> = "callback",
        /// How the state comes back: as a parameter (`query`), in the redirect address (`path`, `redirectQuery`), or only
        /// in the browser's cookie (`cookie`). With `path` the redirect address is
        /// `{publicUrl}/callback/{provider}/{state}`; the provider must then accept every address below the
        /// registered one. With `redirectQuery` it is `{publicUrl}/callback/{provider}?state={state}`, for a provider
        /// that accepts a query behind the registered address and adds its own parameters to it. With `cookie` a login begins with the button of a page of portaria only, because another site could
        /// send the browser to `/login/{provider}` and then to a callback of its own; see also `sessionSwap`.
        /// Default: `query`
        /// Example: `stateIn: path`
        state_in: Option<StateLocation> = "stateIn",
        /// A call, or a list of calls, that portaria makes before the browser is redirected: a pushed authorization
        /// request (RFC 9126), or a ticket for the redirect. The words are those of a [call](#call). Without `query`,
        /// `form`, `json` and `text` the parameters of the standard authorization request and the credentials are
        /// sent. Only what `read` names is read. These facts may stand in the redirect and in everything after it,
        /// except those that a call sends as a bearer token; together they have at most 2048 bytes. They say nothing
        /// about the person, who is not at the provider yet. When a call is refused, the browser is not redirected,
        /// and the login has failed in getAuthorizationCode.
        /// Default: none
        /// Example: `prepare: { post: https://sso.acme.example/par, credentials: basic, read: { requestUri: $.request_uri } }`
        prepare: Option<OneOrMany<CallSpec>> = "prepare",
        /// The parameters that make the provider ask a person whom it knows to log in again. They are added, or
        /// replace those of the same names, when the login begins at `/login/{provider}?reauthenticate=true`; they go
        /// into the standard request of `prepare` where there is one. Where an ID token is read, its `auth_time` must
        /// then not be older than the login; it may be missing unless these parameters name `max_age`. Without this
        /// word, and with `none` for a provider that cannot be asked for it, such an address is answered with an error page
        /// that says so (`noNewLogin`).
        /// Default: with `discovery` `{ prompt: login, max_age: "0" }`; otherwise none
        /// Example: `reauthenticate: { prompt: login }`
        reauthenticate: Option<Reauthentication> = "reauthenticate",
        /// The signature that the parameters of the callback must carry.
        /// Default: none
        /// Example: `verify: { into: hmac, algorithm: hmacSha256, key: "${clientSecret}" }`
        verify: Option<ParameterSignatureSpec> = "verify",
        /// The facts that are read from the parameters of the callback. `code`, `state` and `iss` are read from the
        /// parameters of the same names unless they are read here.
        /// Default: the standard parameters
        /// Example: `read: { code: $.auth_code }`
        read: Option<NamedValues<FactExpression>> = "read",
        /// Which callbacks are refusals, besides those of the default. An entry that holds of a callback with a parameter
        /// `error` decides which code and message are shown.
        /// Default: a parameter `error` always refuses
        /// Example: `refused: { at: $.errorCode, present: true, code: $.errorCode, message: $.errorMessage }`
        refused: Option<RefusedRules> = "refused",
        /// What a callback must say to be accepted.
        /// Default: every callback is accepted that is not refused
        /// Example: `accepted: { at: $.result, is: ok }`
        accepted: Option<AcceptedRules> = "accepted",
        /// A signed token in the parameters of the callback.
        /// Default: none
        signed: Option<SignedTokenSpec> = "signed",
    }
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "post" => Some("a browser is sent by `get`"),
        "form" | "json" | "text" | "body" => Some("a browser is sent by its address alone: write `query`"),
        "headers" | "credentials" | "bearer" | "when" | "optional" | "answer" | "readHeaders" => {
            Some("this word belongs to the calls that portaria makes itself: getAccessCode and getUserInfo")
        }
        "params" | "parameters" => Some("write `extra` to add to the standard request, or `query` to write all of it"),
        "url" | "uri" | "address" => Some("write `get: https://…`"),
        "state" => Some("the state is sent by itself; in a written request place it with `state: \"${state}\"`"),
        _ => hint_about_top_word(word),
    }
}

/// The compiled first step, with the words that only the first step has.
pub(crate) struct Authorization {
    pub(crate) step: Step,
    pub(crate) callback: CallbackMethod,
    pub(crate) state_in: StateLocation,
    /// How the state is read from the callback.
    pub(crate) state: FactExpression,
    /// Whether the nonce is sent.
    pub(crate) sends_nonce: bool,
    pub(crate) scope: Option<Located<String>>,
}

impl Authorization {
    /// What counts for signed tokens: whether the request sends the nonce, and the facts that the callback gives.
    pub(crate) fn for_tokens(&self) -> (bool, Vec<Slot>) {
        (self.sends_nonce, self.step.all_reads().map(|read| read.fact).collect())
    }
}

impl AuthorizationSpec {
    /// Whether the redirect has a scope.
    pub(crate) fn has_scope(&self, context: &StepContext<'_>) -> bool {
        self.scope.is_some() || context.discovery
    }

    /// Whether the standard request sends the state.
    pub(crate) fn sends_state(&self) -> bool {
        self.state_in.unwrap_or(StateLocation::Query) == StateLocation::Query
    }
}

/// Compiles the first step, or complains. `prepare` are the calls before the redirect; `None` where one of them is unusable.
pub(crate) fn compile(
    spec: AuthorizationSpec,
    prepare: Option<&[Step]>,
    context: &StepContext<'_>,
    reader: &mut Reader,
) -> Option<Authorization> {
    let (place, state_in, callback) = (spec.place, spec.state_in.unwrap_or(StateLocation::Query), spec.callback);
    let (rename, extra) = (spec.rename.unwrap_or_default(), spec.extra.unwrap_or_default());
    let scope = spec.scope.or_else(|| context.discovery.then(|| Located::new("openid email profile".to_owned(), place)));
    let changes = &StandardRequestChanges { rename: &rename, extra: &extra, place };
    let query = parameters(spec.query.as_ref(), scope.is_some(), state_in, context, changes, reader);
    let (assertion, address) = (spec.assertion.map(|spec| Assertion::compile(spec, reader)), address(spec.get, place, context, reader));
    let sent = RedirectProtections::detect(&query, assertion.as_ref(), address.as_ref(), prepare.unwrap_or_default(), context);
    if prepare.is_some() {
        sent.check(state_in, spec.read.as_ref(), context, place_of_parameters(spec.query.as_ref(), &extra).unwrap_or(place), reader);
    }
    check_scope(scope.as_ref(), reader);
    let (state, reads) = compile_callback_reads(spec.read, place, context, reader);
    let (signed, signed_reads, signed_choices) = compile_signed(spec.signed, (sent.nonce, &reads), context, reader);
    let (sign, verify) = compile_signatures(spec.sign, spec.verify, reader);
    let step = Step {
        kind: StepKind::GetAuthorizationCode,
        call: None,
        place,
        known: context.known,
        method: Method::Get,
        address: address.and_then(|address| Address::compile(address, &context.addresses, reader))?,
        query,
        is_standard_push: false,
        reauthenticate: Reauthentication::compile(spec.reauthenticate.as_ref(), place, context, reader),
        demands_auth_time: false,
        body: StepBody::None,
        headers: Vec::new(),
        basic: None,
        negotiated: None,
        bearer: None,
        assertion,
        sign,
        verify,
        when: None,
        implied: None,
        timeout: USUAL_TIMEOUT,
        optional: false,
        token_type: AcceptedTokenType::Any,
        answers: AnswerParser::default(),
        refused: spec.refused.unwrap_or_default().0,
        accepted: spec.accepted.unwrap_or_default().0,
        refuses_error_member: false,
        reads,
        choices: Vec::new(),
        header_reads: Vec::new(),
        carried: [].into(),
        signed,
        signed_answer: None,
        signed_reads,
        signed_choices,
    };
    check_step(&step, (&state, state_in, callback.as_ref()), context, reader);
    Some(Authorization { step, callback: method_of(callback.as_ref()), state_in, state, sends_nonce: sent.nonce, scope })
}

/// The method with which the browser comes back.
fn method_of(written: Option<&Located<CallbackMethod>>) -> CallbackMethod {
    written.map_or(CallbackMethod::Get, |method| method.value)
}

/// The place of the first parameter that the file writes.
fn place_of_parameters(query: Option<&NamedValues<ParameterValues>>, extra: &NamedValues<ParameterValues>) -> Option<Place> {
    query.and_then(|query| query.0.first()).or(extra.0.first()).map(|(name, _)| name.place)
}

/// The signature of the request, and the one that the callback must carry.
fn compile_signatures(
    sign: Option<ParameterSignatureSpec>,
    verify: Option<ParameterSignatureSpec>,
    reader: &mut Reader,
) -> (Option<ParameterSignature>, Option<ParameterSignature>) {
    let sign = sign
        .and_then(|spec| ParameterSignature::compile(spec, SignedParameters::Query, reader))
        .filter(|sign| check_signs_the_query(sign, reader));
    let verify = verify
        .and_then(|spec| ParameterSignature::compile_expected(spec, reader))
        .filter(|verify| check_is_parameter(verify, "a callback has no headers of the provider", reader));
    (sign, verify)
}

fn check_scope(scope: Option<&Located<String>>, reader: &mut Reader) {
    if let Some(scope) = scope.filter(|scope| scope.contains("${")) {
        reader.complain(scope.place, "holes are not filled in `scope`", "write `extra: { scope: \"…${fact}…\" }` in place of it");
    }
}

/// Checks the compiled step: its parameters, its rules and the names of its facts.
fn check_step(
    step: &Step,
    (state, state_in, callback): (&FactExpression, StateLocation, Option<&Located<CallbackMethod>>),
    context: &StepContext<'_>,
    reader: &mut Reader,
) {
    let is_standard_state = state.place() == step.place;
    if state_in == StateLocation::Query && is_standard_state {
        RedirectProtections::check_state_comes_back_as_sent(step, reader);
    }
    if state_in == StateLocation::RedirectQuery {
        RedirectProtections::check_state_in_redirect(step, state, callback, reader);
    }
    check_repeated_parameters(step, reader);
    let code_readings: Vec<&FactExpression> =
        step.reads.iter().filter(|read| read.fact == context.known.code).map(|read| &read.reading).collect();
    for rule in step.refused.iter().chain(&step.accepted) {
        rule.check_for_callback(context.known.code, &code_readings, reader);
    }
    for read in step.all_reads().filter(|read| read.written) {
        check_read_name(read, reader);
    }
}

/// The signed token of the callback, and the facts that are read from it.
fn compile_signed(
    spec: Option<SignedTokenSpec>,
    (nonce_is_sent, callback_reads): (bool, &[ReadRule]),
    context: &StepContext<'_>,
    reader: &mut Reader,
) -> (Option<SignedToken>, Vec<ReadRule>, Vec<EntryChoice>) {
    let Some(spec) = spec else { return (None, Vec::new(), Vec::new()) };
    let around_signed = SignedTokenContext {
        addresses: &context.addresses,
        discovery: context.discovery,
        client_id: context.client_id,
        nonce_is_sent,
        callback_facts: &callback_reads.iter().map(|read| read.fact).collect::<Vec<Slot>>(),
        kind: StepKind::GetAuthorizationCode,
        own_facts: Vec::new(),
    };
    let signed = SignedToken::compile(&spec, &around_signed, reader);
    (signed, spec.read.map_or_else(Vec::new, |read| compile_reads(read, reader)), compile_choices(spec.choose, reader))
}

/// How the state is read from the callback, and the other facts that are read from it.
fn compile_callback_reads(
    read: Option<NamedValues<FactExpression>>,
    place: Place,
    context: &StepContext<'_>,
    reader: &mut Reader,
) -> (FactExpression, Vec<ReadRule>) {
    let mut reads = read.map_or_else(Vec::new, |read| compile_reads(read, reader));
    let state_fact = context.known.state;
    let state =
        reads.iter().position(|read| read.fact == state_fact).map_or_else(|| standard_path("state", place), |at| reads.remove(at).reading);
    if !state.uses().is_empty() {
        reader.complain(
            state.place(),
            "the state has to come back, and a fact would always be right",
            "write where it stands in the callback: `state: $.estado`",
        );
    }
    if let Some(iss) = reads.iter().find(|read| {
        read.fact == context.known.iss && !read.reading.alternatives().iter().all(|one| matches!(one, FactExpression::Path(_)))
    }) {
        reader.complain(
            iss.reading.place(),
            "`iss` has to come back, and a text of the file would always be right",
            "write where it stands in the callback: `iss: $.iss`, or take the line out",
        );
    }
    for (fact, key) in standard::CALLBACK {
        let slot = reader.names.intern(fact);
        if matches!(*fact, "code" | "iss") && !reads.iter().any(|read| read.fact == slot) {
            reads.push(ReadRule { fact: slot, reading: standard_path(key, place), place, written: false });
        }
    }
    (state, reads)
}

/// The parameters of the request: as written, or the standard ones.
fn parameters(
    written: Option<&NamedValues<ParameterValues>>,
    has_scope: bool,
    state_in: StateLocation,
    context: &StepContext<'_>,
    changes: &StandardRequestChanges<'_>,
    reader: &mut Reader,
) -> Vec<Parameter> {
    let Some(written) = written else {
        return standard::authorization_parameters(
            context.pkce,
            has_scope,
            state_in == StateLocation::Query,
            context.discovery,
            changes,
            reader,
        );
    };
    changes.check_are_none("put the parameter into `query`, or take `query` out", reader);
    parameters::compile(&written.0, reader)
}

fn address(written: Option<Template>, place: Place, context: &StepContext<'_>, reader: &mut Reader) -> Option<Template> {
    match written {
        Some(get) => Some(get),
        None if context.discovery => Some(Template::from_fact("authorizationEndpoint", place, reader)),
        None if reader.is_unusable_word(place, "get") || reader.has_unknown_words(place) => None,
        None => {
            let help = "add `get: https://…`, the provider's authorization address";
            reader.complain_missing(place, "getAuthorizationCode does not say where the browser is sent", help);
            None
        }
    }
}

fn check_signs_the_query(sign: &ParameterSignature, reader: &mut Reader) -> bool {
    if !check_is_parameter(sign, "a browser is sent without headers of ours", reader) {
        return false;
    }
    let fine = sign.over == SignedParameters::Query;
    if !fine {
        reader.complain(
            sign.place,
            "a browser is sent by its address, so there is no form that could be signed",
            "write `over: query`, or leave `over` out",
        );
    }
    fine
}

/// Complains about a signature in a header where there are only parameters.
fn check_is_parameter(signature: &ParameterSignature, message: &str, reader: &mut Reader) -> bool {
    let header = signature.header().map(|header| header.place);
    if let Some(place) = header {
        reader.complain(place, message, "write `into: …`, the name of the parameter that holds the signature");
    }
    header.is_none()
}
