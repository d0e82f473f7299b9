//! The first step as written: where the browser is sent, and what it brings back.

use crate::place::{At, Place};
use crate::provider::address::Address;
use crate::provider::answer::Answers;
use crate::provider::assertion::{Assertion, AssertionSpec};
use crate::provider::callback::{CallbackBy, StateIn};
use crate::provider::parameters::{self, Parameter, Values};
use crate::provider::pkce::Pkce;
use crate::provider::reading::Reading;
use crate::provider::refusal::Refusal;
use crate::provider::signature::{Over, Signature, SignatureSpec};
use crate::provider::signed::{Signed, SignedSpec};
use crate::provider::standard::{self, Shaping};
use crate::provider::step::{Body, Read, Step, StepKind};
use crate::provider::surroundings::{Around, check_name, reads, standard_path};
use crate::provider::template::Template;
use crate::wire::Method;
use crate::words;
use crate::words::{Desk, Named};

words! {
    /// The first step: the browser is sent to the provider, and comes back to `redirectUri` with a code. Without `query` the standard request is sent:
    /// `response_type=code`, `client_id`, `redirect_uri`, `scope`, `state`, with `discovery` a `nonce`, and for PKCE `code_challenge` and `code_challenge_method`.
    pub struct AuthorizationSpec ("getAuthorizationCode step", elsewhere = elsewhere) {
        /// The provider's address for the browser. Its query and fragment are kept byte for byte.
        /// Default: with `discovery` the document's `authorization_endpoint`; otherwise required
        /// Example: `get: https://sso.acme.example/entrar`
        get: Option<Template> = "get",
        /// What is asked for: one text, sent as written, commas and all; also the fact `${scope}`.
        /// Default: none; with `discovery` `openid email profile`
        /// Example: `scope: identify email`
        scope: Option<At<String>> = "scope",
        /// Other names for the parameters of the standard request: the standard name first.
        /// Default: the standard names
        /// Example: `rename: { client_id: app_key, redirect_uri: return_url }`
        rename: Option<Named<At<String>>> = "rename",
        /// Parameters added to the standard request; `null` takes a standard one out, a standard name gives it another value.
        /// Default: none
        /// Example: `extra: { prompt: consent, nonce: "${nonce}" }`
        extra: Option<Named<Values>> = "extra",
        /// The parameters exactly as written; nothing standard is added to them.
        /// Default: the standard request
        /// Example: `query: { app_key: "${clientId}", return_url: "${redirectUri}", state: "${state}" }`
        query: Option<Named<Values>> = "query",
        /// A token made and signed for this request.
        /// Default: none
        assertion: Option<AssertionSpec> = "assertion",
        /// A signature over this request's own parameters.
        /// Default: none
        sign: Option<SignatureSpec> = "sign",
        /// How the browser comes back: `get`, `post` or `either`.
        /// Default: `get`
        /// Example: `callback: post`
        callback: Option<CallbackBy> = "callback",
        /// How the state comes back: as a parameter (`query`), in the redirect address (`path`), or only in the browser's cookie (`cookie`).
        /// Default: `query`
        /// Example: `stateIn: path`
        state_in: Option<StateIn> = "stateIn",
        /// The signature that the callback's parameters have to carry.
        /// Default: none
        /// Example: `verify: { into: hmac, algorithm: hmacSha256, key: "${clientSecret}" }`
        verify: Option<SignatureSpec> = "verify",
        /// Facts from the callback's parameters. `code`, `state` and `iss` are taken from the parameters of these names unless they are read here.
        /// Default: the standard parameters
        /// Example: `read: { code: $.auth_code }`
        read: Option<Named<Reading>> = "read",
        /// When the callback means no. A parameter `error` always does.
        /// Default: never
        /// Example: `refused: { at: $.errorCode, present: true, code: $.errorCode, message: $.errorMessage }`
        refused: Option<Refusal> = "refused",
        /// The only case in which the callback means yes.
        /// Default: always
        /// Example: `accepted: { at: $.result, is: ok }`
        accepted: Option<Refusal> = "accepted",
        /// A signed token among the callback's parameters.
        /// Default: none
        signed: Option<SignedSpec> = "signed",
    }
}

fn elsewhere(word: &str) -> Option<&'static str> {
    match word {
        "post" => Some("a browser is sent by `get`"),
        "form" | "json" | "text" | "body" => Some("a browser is sent by its address alone: write `query`"),
        "headers" | "credentials" | "bearer" | "when" | "optional" | "answer" | "readHeaders" => {
            Some("this word belongs to the calls that portaria makes itself: getAccessCode and getUserInfo")
        }
        "params" | "parameters" => Some("write `extra` to add to the standard request, or `query` to write all of it"),
        "url" | "uri" | "address" => Some("write `get: https://…`"),
        "state" => Some("the state is sent by itself; in a written request place it with `state: \"${state}\"`"),
        "pkce" => Some("`pkce` stands at the top of the file, beside `name`"),
        _ => None,
    }
}

/// The first step, compiled, and what only it says.
pub struct Authorization {
    /// The step.
    pub step: Step,
    /// How the browser comes back.
    pub callback: CallbackBy,
    /// How the state comes back.
    pub state_in: StateIn,
    /// Where the state stands in the callback.
    pub state: Reading,
    /// Whether the nonce is sent.
    pub sends_nonce: bool,
    /// What is asked for.
    pub scope: Option<At<String>>,
}

/// Compiles the first step, or complains.
pub fn compile(spec: AuthorizationSpec, around: &Around<'_>, desk: &mut Desk) -> Option<Authorization> {
    let place = spec.place;
    let state_in = spec.state_in.unwrap_or(StateIn::Query);
    let (rename, extra) = (spec.rename.unwrap_or_default(), spec.extra.unwrap_or_default());
    let scope = spec.scope.or_else(|| around.discovery.then(|| At::new("openid email profile".to_owned(), place)));
    let query = if let Some(written) = &spec.query {
        for (word, names) in
            [("rename", rename.0.first().map(|(name, _)| name.place)), ("extra", extra.0.first().map(|(name, _)| name.place))]
        {
            if let Some(place) = names {
                desk.complain(
                    place,
                    format!("`{word}` changes the standard request, and this request is written out"),
                    "put the parameter into `query`, or take `query` out",
                );
            }
        }
        let query = parameters::compile(&written.0, desk);
        look_over_written(&query, around, written.0.first().map_or(place, |(name, _)| name.place), desk);
        query
    } else {
        let shaping = Shaping { rename: &rename, extra: &extra, place };
        standard::authorization(around.pkce, scope.is_some(), state_in == StateIn::Query, around.discovery, &shaping, desk)
    };
    let sends = |name: &str| {
        desk.names
            .find(name)
            .is_some_and(|fact| query.iter().flat_map(|parameter| &parameter.values).flat_map(Template::uses).any(|used| used.fact == fact))
    };
    let (sends_nonce, sends_state) = (sends("nonce"), sends("state"));
    let address = match spec.get {
        Some(get) => Some(get),
        None if around.discovery => Some(Template::of_fact("authorizationEndpoint", place, desk)),
        None if desk.is_spoiled_word(place, "get") || desk.is_misspelt(place) => None,
        None => {
            desk.complain(
                place,
                "getAuthorizationCode does not say where the browser is sent",
                "add `get: https://…`, the provider's authorization address",
            );
            None
        }
    };
    let in_address =
        address.as_ref().is_some_and(|address| desk.names.find("state").is_some_and(|state| address.uses().any(|used| used.fact == state)));
    if state_in == StateIn::Query && !sends_state && !in_address {
        let at = spec.query.as_ref().and_then(|query| query.0.first()).map_or(place, |(name, _)| name.place);
        desk.complain(
            at,
            "the state is never sent, so anybody's answer would be taken",
            "add `state: \"${state}\"`; for a provider that does not give it back write `stateIn: path` or `stateIn: cookie`",
        );
    }
    let address = address.and_then(|address| Address::compile(address, &around.addresses, desk));
    let around_signed =
        crate::provider::signed::Around { addresses: &around.addresses, discovery: around.discovery, nonce_is_sent: sends_nonce };
    let signed = spec.signed.as_ref().and_then(|spec| Signed::compile(spec, &around_signed, desk));
    let signed_reads = spec.signed.and_then(|spec| spec.read).map_or_else(Vec::new, |read| reads(read, desk));
    let mut all = spec.read.map_or_else(Vec::new, |read| reads(read, desk));
    let state_fact = around.known.state;
    let state =
        all.iter().position(|read| read.fact == state_fact).map_or_else(|| standard_path("state", place), |at| all.remove(at).reading);
    for (fact, key) in standard::CALLBACK {
        let slot = desk.names.slot(fact);
        if matches!(*fact, "code" | "iss") && !all.iter().any(|read| read.fact == slot) {
            all.push(Read { fact: slot, reading: standard_path(key, place), place, written: false });
        }
    }
    let step = Step {
        kind: StepKind::GetAuthorizationCode,
        place,
        known: around.known,
        method: Method::Get,
        address: address?,
        query,
        body: Body::None,
        headers: Vec::new(),
        basic: None,
        bearer: None,
        assertion: spec.assertion.map(|spec| Assertion::compile(spec, desk)),
        sign: spec.sign.and_then(|spec| Signature::compile(spec, Over::Query, desk)),
        verify: spec.verify.and_then(|spec| Signature::compile(spec, Over::Query, desk)),
        when: None,
        optional: false,
        answers: Answers::default(),
        refused: spec.refused.into_iter().collect(),
        accepted: spec.accepted.into_iter().collect(),
        minds_error: false,
        reads: all,
        header_reads: Vec::new(),
        signed,
        signed_reads,
    };
    for read in step.reads.iter().chain(&step.signed_reads).filter(|read| read.written) {
        check_name(read, desk);
    }
    Some(Authorization { step, callback: spec.callback.unwrap_or(CallbackBy::Get), state_in, state, sends_nonce, scope })
}

fn look_over_written(query: &[Parameter], around: &Around<'_>, place: Place, desk: &mut Desk) {
    let challenge = around.known.code_challenge;
    let sends_challenge = query.iter().flat_map(|parameter| &parameter.values).flat_map(Template::uses).any(|used| used.fact == challenge);
    match around.pkce {
        Pkce::S256 | Pkce::Plain if !sends_challenge => desk.complain(
            place,
            "this request is written out without PKCE",
            format!("add `code_challenge: \"${{codeChallenge}}\", code_challenge_method: {}`, or write `pkce: off` at the top if the provider does not know it", around.pkce.word()),
        ),
        Pkce::Off if sends_challenge => desk.complain(place, "`${codeChallenge}` is sent, and `pkce` is `off`", "take `pkce: off` out, or the parameter"),
        Pkce::S256 | Pkce::Plain | Pkce::Off => {}
    }
}
