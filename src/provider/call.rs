//! A call as written: the second and third step, which the broker sends itself.
//!
//! It stays one file because half of it is the words of a call, whose meaning is told to operators here.

use crate::provider::address::Address;
use crate::provider::answer::{AnswerFormat, AnswerParser};
use crate::provider::assertion::{Assertion, AssertionSpec};
use crate::provider::condition::Conditions;
use crate::provider::credentials::ClientAuthMethod;
use crate::provider::fact_expression::FactExpression;
use crate::provider::parameters::{self, JsonTemplate, ParameterValues, check_no_paths};
use crate::provider::pkce::Pkce;
use crate::provider::refusal::RefusalRule;
use crate::provider::request_payload::RequestPayload;
use crate::provider::signature::{ParameterSignature, ParameterSignatureSpec, SignedParameters};
use crate::provider::signed_token::{SignedToken, SignedTokenSpec};
use crate::provider::standard;
use crate::provider::step::{Step, StepBody, StepKind};
use crate::provider::step_context::{StepContext, check_read_name, compile_reads};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::Method;
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader};
use crate::words;

words! {
    /// A call that portaria makes itself. In getAccessCode without `query`, `form`, `json` and `text` the standard token request is sent: `grant_type`, `code`,
    /// `redirect_uri`, for PKCE `code_verifier`, and the credentials. In getUserInfo the standard request has no parameters and shows the access token as Bearer. Both may be
    /// a list of calls, made one after another; only one of them can be the standard token request.
    pub(crate) struct CallSpec ("call", elsewhere = unknown_word_hint) {
        /// The address, called by GET. Its query is kept byte for byte. A standard token request by `get` goes into the query.
        /// Default: with `discovery` the document's end point; otherwise `get` or `post` is required
        /// Example: `get: https://api.acme.example/me`
        get: Option<Template> = "get",
        /// The address, called by POST.
        /// Default: see `get`
        /// Example: `post: https://sso.acme.example/token`
        post: Option<Template> = "post",
        /// Other names for the parameters of the standard request: the standard name first.
        /// Default: the standard names
        /// Example: `rename: { client_id: app_key }`
        rename: Option<NamedValues<Located<String>>> = "rename",
        /// Parameters added to the standard request; `null` takes a standard one out, a standard name gives it another value.
        /// Default: none
        /// Example: `extra: { fields: "id,name,email" }`
        extra: Option<NamedValues<ParameterValues>> = "extra",
        /// Parameters of the address exactly as written. A list repeats the parameter. As soon as `query`, `form`, `json` or `text` stands in a step, nothing standard is sent.
        /// Default: the standard request
        /// Example: `query: { method: users.get, v: "5.199" }`
        query: Option<NamedValues<ParameterValues>> = "query",
        /// A body written as a form, exactly these parameters in this order.
        /// Default: the standard request
        /// Example: `form: { grant_type: authorization_code, code: "${code}" }`
        form: Option<NamedValues<ParameterValues>> = "form",
        /// A body written as JSON. It may nest; holes may stand in every text and key; numbers stay as they are written.
        /// Default: the standard request
        /// Example: `json: { query: "{ viewer { id email } }" }`
        json: Option<JsonTemplate> = "json",
        /// A body of plain text.
        /// Default: the standard request
        /// Example: `text: "token=${accessToken}"`
        text: Option<Template> = "text",
        /// Headers, always added. `Accept: application/json`, `User-Agent` and the body's `Content-Type` are there already and may be replaced. `Host`, `Cookie`, `Content-Length` and the
        /// headers of the connection are portaria's own; no cookie is ever kept between calls.
        /// Default: none
        /// Example: `headers: { Client-Id: "${clientId}" }`
        headers: Option<NamedValues<Template>> = "headers",
        /// Where the client's name and secret go: `form` (the body), `query`, `basic` (as `curl -u`), `basicEncoded` (percent-encoded first, RFC 6749) or `none`. In a written
        /// request nothing is added unless this word stands there.
        /// Default: `form` in the standard token request (the query when it is a `get`), otherwise `none`
        /// Example: `credentials: basic`
        credentials: Option<Located<ClientAuthMethod>> = "credentials",
        /// The token that is shown as `Authorization: Bearer …`: a fact in `${…}`, or `none`. In getUserInfo it is shown in written requests as well: a chain that calls another
        /// provider's address with a token of its own says `bearer: none`.
        /// Default: in getUserInfo `${accessToken}`, unless the step itself places the whole `${accessToken}` or an `Authorization` header; in getAccessCode `none`
        /// Example: `bearer: ${appToken}`
        bearer: Option<Template> = "bearer",
        /// A token made and signed for this request.
        /// Default: none
        assertion: Option<AssertionSpec> = "assertion",
        /// A signature over this request's own parameters.
        /// Default: none
        /// Example: `sign: { into: sig, algorithm: md5, after: "${clientSecret}" }`
        sign: Option<ParameterSignatureSpec> = "sign",
        /// The call is made only if this holds.
        /// Default: always
        /// Example: `when: { at: "${kind}", is: business }`
        when: Option<Conditions> = "when",
        /// The login goes on when this call fails.
        /// Default: `false`
        /// Example: `optional: true`
        optional: Option<bool> = "optional",
        /// How the answer is written: `auto`, `json`, `form`, `jsonp`, `xml`, `text`, or a list tried in turn. In XML the root element is the first key, prefixes of namespaces are dropped,
        /// attributes are `@name`, repeated elements are a list, and an element with attributes still says its text. With `text` the whole answer, without blanks at its ends, stands at `$`.
        /// Default: `auto`: JSON whatever the content type says, else a form
        /// Example: `answer: [ json, jsonp ]`
        answer: Option<OneOrMany<AnswerFormat>> = "answer",
        /// A guard that stands in front of the answer and is not part of it.
        /// Default: none
        /// Example: `skipPrefix: "for(;;);"`
        skip_prefix: Option<Located<String>> = "skipPrefix",
        /// When the answer means no although it came with status 200. Every status outside 2xx means no, and in getAccessCode a member `error` that says something.
        /// Default: only what is said above
        /// Example: `refused: { at: $.errcode, isNot: "0", code: $.errcode, message: $.errmsg }`
        refused: Option<RefusalRule> = "refused",
        /// The only case in which the answer means yes, whatever the status.
        /// Default: every answer that does not mean no
        /// Example: `accepted: { at: $.ok, is: true }`
        accepted: Option<RefusalRule> = "accepted",
        /// Facts from the answer: a path, a list of paths of which the first that finds something counts, a text with holes, a condition, or a list of conditions of which all must hold.
        /// What is read in getAccessCode is read besides the standard places; in getUserInfo it takes their place.
        /// Default: in getAccessCode the standard places (`access_token`, `expires_in`, `refresh_token`, `id_token`, `token_type`, `scope` as `grantedScope`), each unless the file
        /// names the fact; in getUserInfo, when there is no `read` at all, OpenID's `sub` as `id`, `email`, `email_verified`, `name`, `picture`, `locale`
        /// Example: `read: { id: $.data.id, name: [ $.data.name, $.data.login ] }`
        read: Option<NamedValues<FactExpression>> = "read",
        /// Facts from the answer's headers: the name of the header.
        /// Default: none
        /// Example: `readHeaders: { region: X-Region }`
        read_headers: Option<NamedValues<Located<String>>> = "readHeaders",
        /// A signed token in the answer, or the answer itself when it is one.
        /// Default: none; with `discovery` the ID token in getAccessCode
        /// Example: `signed: { issuer: https://idp.example, keys: https://idp.example/jwks, read: { id: $.sub, email: $.email } }`
        signed: Option<SignedTokenSpec> = "signed",
    }
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "body" => Some("write the body as `form: {…}`, `json: {…}` or `text: …`"),
        "params" | "parameters" => Some("write `query` (address), `form` or `json` (body); or `extra` to add to the standard request"),
        "callback" | "stateIn" | "scope" | "verify" => Some("this word belongs to getAuthorizationCode"),
        "url" | "uri" | "address" | "method" => Some("write `get: https://…` or `post: https://…`"),
        "authorization" => Some("write `headers: { Authorization: … }`, or `bearer: ${…}`"),
        "condition" | "if" => Some("write `when: { at: …, is: … }`"),
        "pkce" | "hosts" | "trustEmail" | "missingEmail" | "require" | "inputs" | "settings" | "secrets" | "clientId" | "clientSecret"
        | "discovery" | "identity" | "logout" | "logo" | "order" | "hidden" | "enabled" => {
            Some("this word stands at the top of the file, beside `name`")
        }
        "error" | "errors" => Some("write `refused: { at: …, is: … }`"),
        "id" | "email" | "name" => Some("what is read stands under `read`: `read: { id: $.id }`"),
        _ => None,
    }
}

impl CallSpec {
    /// Whether the request is written out, so that nothing standard is sent.
    pub(crate) fn is_written(&self) -> bool {
        self.query.is_some() || self.form.is_some() || self.json.is_some() || self.text.is_some()
    }
}

impl crate::vocabulary::words::WordValue for Located<ClientAuthMethod> {
    fn read(node: &crate::vocabulary::yaml::YamlNode, desk: &mut Reader) -> Option<Self> {
        ClientAuthMethod::read(node, desk).map(|value| Located::new(value, node.place))
    }
    fn shape() -> crate::vocabulary::words::ValueShape {
        <ClientAuthMethod as crate::vocabulary::words::WordValue>::shape()
    }
}

/// Compiles a call, or complains.
pub(crate) fn compile(mut spec: CallSpec, (kind, position): (StepKind, u16), around: &StepContext<'_>, desk: &mut Reader) -> Option<Step> {
    let place = spec.place;
    let (method, address) = method_and_address(&mut spec, kind, around, desk);
    let assertion = spec.assertion.take().map(|spec| Assertion::compile(spec, desk));
    let places_assertion = spec_uses_fact(&spec, "clientAssertion", desk);
    let carried = RequestPayload::compile(&mut spec, kind, method, around, assertion.is_some() && !places_assertion, desk);
    let headers = headers(spec.headers.take().unwrap_or_default(), desk);
    let address = address.and_then(|address| Address::compile(address, &around.addresses, desk));
    let usual = if matches!(carried.body, StepBody::Form(_)) { SignedParameters::Form } else { SignedParameters::Query };
    let around_signed = crate::provider::signed_token::SignedTokenContext {
        addresses: &around.addresses,
        discovery: around.discovery,
        nonce_is_sent: around.nonce_is_sent,
        about_the_login: kind == StepKind::GetAccessCode,
    };
    let signed_spec = spec.signed.take().or_else(|| implied_id_token(kind, around, place));
    let signed = signed_spec.as_ref().and_then(|spec| SignedToken::compile(spec, &around_signed, desk));
    let explicit_signed_read = signed_spec.as_ref().is_some_and(|spec| spec.read.is_some());
    let mut signed_reads = signed_spec.and_then(|spec| spec.read).map_or_else(Vec::new, |read| compile_reads(read, desk));
    let has_read = spec.read.is_some();
    let own = spec.read.take().map_or_else(Vec::new, |read| compile_reads(read, desk));
    for read in own.iter().chain(&signed_reads) {
        check_read_name(read, desk);
    }
    let header_reads: Vec<_> = spec
        .read_headers
        .take()
        .unwrap_or_default()
        .0
        .into_iter()
        .map(|(fact, name)| {
            crate::provider::step_context::check_fact_name(&fact, fact.place, desk);
            (desk.names.intern(&fact), Located::new(name.value, fact.place))
        })
        .collect();
    let has_keys =
        spec.answer.as_ref().is_none_or(|formats| formats.0.iter().any(|format| !matches!(format, AnswerFormat::Xml | AnswerFormat::Text)));
    let mut all = match kind {
        // In XML everything stands below the root, and a text has no places at all.
        _ if !has_keys => Vec::new(),
        StepKind::GetAccessCode => around.standard_reads(standard::TOKEN, &own, place, desk),
        StepKind::GetUserInfo if !has_read && !explicit_signed_read && signed.is_none() => {
            around.standard_reads(standard::PERSON, &own, place, desk)
        }
        StepKind::GetUserInfo | StepKind::GetAuthorizationCode => Vec::new(),
    };
    if signed.is_some() && !explicit_signed_read && around.discovery && kind == StepKind::GetAccessCode {
        signed_reads = around.standard_reads(standard::PERSON, &[], place, desk);
    }
    all.extend(own);
    let refused: Vec<RefusalRule> = spec.refused.take().into_iter().chain(around.refused.cloned()).collect();
    let accepted: Vec<RefusalRule> = spec.accepted.take().into_iter().chain(around.accepted.cloned()).collect();
    let minds_error = kind == StepKind::GetAccessCode && accepted.is_empty() && !refused.iter().any(|refusal| refusal.reads_key("error"));
    let sign = spec.sign.take().and_then(|spec| ParameterSignature::compile(spec, usual, desk));
    if let Some(sign) = &sign
        && sign.over == SignedParameters::Form
        && !matches!(carried.body, StepBody::Form(_))
    {
        desk.complain(
            sign.place,
            "this request has no form that could be signed",
            "write `over: query`, or send the parameters as a `form`",
        );
    }
    let mut step = Step {
        kind,
        call: Some(position),
        place,
        known: around.known,
        method,
        address: address?,
        query: carried.query,
        body: carried.body,
        headers,
        basic: carried.basic,
        bearer: None,
        assertion,
        sign,
        verify: None,
        when: spec.when.take(),
        optional: spec.optional.unwrap_or(false),
        answers: AnswerParser { formats: spec.answer.take(), skip_prefix: spec.skip_prefix.take() },
        refused,
        accepted,
        minds_error,
        reads: all,
        header_reads,
        signed,
        signed_reads,
    };
    step.bearer = bearer(spec.bearer.take(), &step, desk);
    check_call(&step, desk);
    Some(step)
}

fn method_and_address(spec: &mut CallSpec, kind: StepKind, around: &StepContext<'_>, desk: &mut Reader) -> (Method, Option<Template>) {
    let usual = if kind == StepKind::GetAccessCode { ("tokenEndpoint", Method::Post) } else { ("userinfoEndpoint", Method::Get) };
    match (spec.get.take(), spec.post.take()) {
        (Some(get), None) => (Method::Get, Some(get)),
        (None, Some(post)) => (Method::Post, Some(post)),
        (Some(_), Some(post)) => {
            desk.complain(post.place, "one call has both `get` and `post`", "keep one; a second call is a second item of a list");
            (Method::Post, None)
        }
        (None, None) if around.discovery => (usual.1, Some(Template::from_fact(usual.0, spec.place, desk))),
        (None, None)
            if desk.is_unusable_word(spec.place, "get")
                || desk.is_unusable_word(spec.place, "post")
                || desk.has_unknown_words(spec.place) =>
        {
            (usual.1, None)
        }
        (None, None) => {
            let word = if kind == StepKind::GetAccessCode { "post" } else { "get" };
            desk.complain(spec.place, format!("{} does not say which address is called", kind.word()), format!("add `{word}: https://…`"));
            (usual.1, None)
        }
    }
}

/// The `signed` that `discovery` brings along: the ID token beside the access token.
fn implied_id_token(kind: StepKind, around: &StepContext<'_>, place: Place) -> Option<SignedTokenSpec> {
    let nothing =
        SignedTokenSpec { place, token: None, issuer: None, audience: None, keys: None, algorithms: None, nonce: None, read: None };
    (around.discovery && kind == StepKind::GetAccessCode).then_some(nothing)
}

fn headers(named: NamedValues<Template>, desk: &mut Reader) -> Vec<(Located<String>, Template)> {
    const OURS: &[&str] = &[
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "te",
        "trailer",
        "upgrade",
        "cookie",
        "keep-alive",
        "proxy-authorization",
    ];
    for (name, value) in &named.0 {
        let is_token =
            !name.is_empty() && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_token {
            desk.complain(
                name.place,
                format!("`{}` is not the name of a header", name.value),
                "write letters, digits and `-`, such as `X-Api-Key`",
            );
        } else if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            desk.complain(name.place, format!("`{}` is written by portaria itself", name.value), "take the line out");
        }
        if value.as_literal().is_some_and(|text| text.chars().any(char::is_control)) {
            desk.complain(value.place, "a header is one line, and this value has several", "write it in one line");
        }
        check_no_paths([value], desk);
    }
    named.0
}

fn bearer(written: Option<Template>, step: &Step, desk: &mut Reader) -> Option<Template> {
    let has_header = step.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    match written {
        Some(template) if template.as_literal().as_deref() == Some("none") => None,
        Some(template) if template.is_literal() => {
            let help = format!(
                "write `bearer: ${{{}}}` for a fact, or `bearer: none`",
                if template.source.len() < 40 { &template.source } else { "accessToken" }
            );
            desk.complain(template.place, format!("`{}` is neither a fact nor `none`", template.source), help);
            None
        }
        Some(template) => {
            if has_header || step.basic.is_some() {
                desk.complain(
                    template.place,
                    "this call already has an `Authorization` header",
                    "keep one: `bearer`, `credentials: basic` or the header",
                );
            }
            check_no_paths([&template], desk);
            Some(template)
        }
        None if step.kind != StepKind::GetUserInfo || has_header || step.basic.is_some() => None,
        None => {
            let token = step.known.access_token;
            let placed = step.uses_in_request().iter().any(|FactUse { fact, whole, .. }| *fact == token && *whole);
            (!placed).then(|| Template::from_fact("accessToken", step.place, desk))
        }
    }
}

fn spec_uses_fact(spec: &CallSpec, name: &str, desk: &mut Reader) -> bool {
    let fact = desk.names.intern(name);
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

/// What a call says twice, or in vain.
fn check_call(step: &Step, desk: &mut Reader) {
    if let StepBody::Json(JsonTemplate::Object(members)) = &step.body {
        for (name, value) in members {
            if let JsonTemplate::Text(text) = value {
                parameters::check_no_literal_secret(&name.source, text, desk);
            }
        }
    }
    for (name, value) in &step.headers {
        parameters::check_no_literal_secret(name, value, desk);
    }
    let form = if let StepBody::Form(form) = &step.body { form.as_slice() } else { &[] };
    if let Some(sign) = &step.sign
        && step.query.iter().chain(form).any(|parameter| parameter.name == sign.into)
    {
        desk.complain(
            sign.place,
            format!("`{}` is sent already, so the signature has no place", sign.into),
            "take the parameter out; `into` adds it",
        );
    }
    for condition in step.when.iter().flat_map(|when| &when.0) {
        if let Some(path) = condition.paths().first() {
            let help = "read it as a fact in an earlier step, and write `at: ${fact}`";
            desk.complain(path.place, "a path cannot stand in `when`: there is no answer yet", help);
        }
    }
    if let Some(assertion) = &step.assertion
        && !step.uses_in_request().iter().any(|used| used.fact == step.known.client_assertion)
    {
        desk.complain(assertion.place, "the assertion is made and never sent", "place `${clientAssertion}` in the request");
    }
    for (at, (name, value)) in step.headers.iter().enumerate() {
        if step.headers[..at].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
            desk.complain(name.place, format!("the header `{}` stands here twice", name.value), "keep one of the two");
        }
        if name.eq_ignore_ascii_case("authorization") && step.basic.is_some() {
            let help = "keep one: `credentials: basic` or the header";
            desk.complain(name.place, "this call already has an `Authorization` header", help);
        }
        if name.eq_ignore_ascii_case("authorization") && value.is_literal() {
            desk.complain(value.place, "a secret may not stand in the file", "keep it in `secrets` and write a hole: `Basic ${name}`");
        }
    }
    check_repeated_parameters(step, desk);
}

/// A parameter that stands in the address as well is sent twice.
pub(crate) fn check_repeated_parameters(step: &Step, desk: &mut Reader) {
    let literal_query = step.address.template.source.split_once('?').map_or("", |(_, query)| query);
    for parameter in &step.query {
        if literal_query.split(['&', '#']).any(|pair| pair.split('=').next() == Some(&*parameter.name)) {
            let message = format!("`{}` is sent already, and stands in the address as well", parameter.name);
            desk.complain(step.address.template.place, message, "take it out of the address");
        }
    }
}

/// Whether PKCE has to be placed by hand in this step and is not.
pub(crate) fn lacks_verifier(step: &Step, pkce: Pkce) -> bool {
    pkce != Pkce::Off && !step.uses_in_request().iter().any(|used| used.fact == step.known.code_verifier)
}
