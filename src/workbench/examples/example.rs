//! A story as written: what is known, what is sent, what comes back, and how it ends.

use crate::choice;
use crate::provider::keys::Algorithm;
use crate::provider::step::StepKind;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use crate::words;
use crate::workbench::examples::handed_in::HandedInSpec;
use serde_json::{Map, Value};

words! {
    /// One story of an examples file: a login that succeeded, or one that was refused. Facts without a value have
    /// visible placeholders: `‹clientId›`, `‹clientSecret›`, `‹redirectUri›`, `‹state›`, `‹nonce›`,
    /// `‹codeChallenge›`, `‹codeVerifier›`, `‹publicUrl›`, and `‹name›` for every setting and secret. A setting or
    /// secret that is used as a key gets a new key pair.
    pub struct ExampleSpec ("story", elsewhere = elsewhere) {
        /// What happens, in a few words. It differs from that of every other story in the file.
        /// Example: `what: the code was used before`
        what: Located<String> = "what",
        /// Values for facts. `now` is 2026-01-02T03:04:05Z unless it is given here. `loginHint`, `uiLocales` and
        /// `reauthenticate: true` are what the address of the login asks for. A setting that is part of a
        /// host must be given.
        /// Default: placeholders
        /// Example: `facts: { tenant: acme }`
        facts: Option<NamedValues<Located<String>>> = "facts",
        /// The values that the shopper typed.
        /// Default: nothing
        /// Example: `inputs: { shop: quist }`
        inputs: Option<NamedValues<Located<String>>> = "inputs",
        /// The issuer's discovery document, for provider files with `discovery`; its metadata, for files with `issuer`.
        /// Default: a document with the usual endpoints below the issuer
        /// Example: `discovery: { issuer: "https://idp.example", token_endpoint: "https://idp.example/token" }`
        discovery: Option<RawJson> = "discovery",
        /// Signed tokens, which are made when the story is replayed. `‹name›` in an answer or in the callback is
        /// replaced by the token. The keys are served at their address without an exchange of their own.
        /// Default: none
        /// Example: `tokens: { idToken: { claims: { iss: "https://idp.example", aud: ‹clientId›, sub: "7" } } }`
        tokens: Option<NamedValues<ExampleTokenSpec>> = "tokens",
        /// What is handed in at `/exchange/{provider}`, for a story without a redirect. `exchanges` begins with the call `ask`, if the provider
        /// file has one and an access token is handed in.
        /// Default: the story begins with the redirect
        /// Example: `handedIn: { idToken: ‹idToken›, accessToken: at-1 }`
        handed_in: Option<HandedInSpec> = "handedIn",
        /// The calls of `prepare`, in order, which are made before the redirect.
        /// Default: none
        /// Example: `prepare: [ { answer: { status: 201, json: { request_uri: "urn:r:1", expires_in: 60 } } } ]`
        prepare: Option<OneOrMany<ExampleExchangeSpec>> = "prepare",
        /// The request with which the browser is sent to the provider. It is compared exactly when it is given.
        /// Default: not compared
        /// Example: `redirect: { get: https://idp.example/auth, query: { response_type: code } }`
        redirect: Option<ExpectedRequestSpec> = "redirect",
        /// The parameters with which the browser comes back. When the provider file has `verify`, `‹signature›`
        /// stands for the correct signature.
        /// Default: `{ code: c-1, state: ‹state› }`
        /// Example: `callback: { error: access_denied, state: ‹state› }`
        callback: Option<NamedValues<Located<String>>> = "callback",
        /// The calls after the callback, in order, without those that fetch keys or the discovery document.
        /// Default: none
        /// Example: `exchanges: [ { answer: { status: 400, json: { error: invalid_grant } } } ]`
        exchanges: Option<OneOrMany<ExampleExchangeSpec>> = "exchanges",
        /// Who signed in: everything that is known about them, and nothing else. `emailVerified` says whether the address is proven under the file's `trustEmail` and may be left out when it is not;
        /// `ask: true` when the shopper has to type or prove an address.
        /// Example: `identity: { id: "7", email: ana@loja.example, emailVerified: true, name: Ana }`
        identity: Option<RawJson> = "identity",
        /// How the login was refused.
        /// Example: `refused: { step: getAccessCode, code: invalid_grant }`
        refused: Option<ExpectedRefusalSpec> = "refused",
    }
}

impl ExampleSpec {
    /// Whether the story begins in a browser that is sent to the provider. Otherwise tokens are handed in.
    pub fn has_redirect(&self) -> bool {
        self.handed_in.is_none()
    }

    /// All exchanges: those before the redirect, then those after the callback.
    pub(crate) fn all_exchanges(&self) -> impl Iterator<Item = &ExampleExchangeSpec> {
        self.prepare.iter().chain(&self.exchanges).flat_map(|exchanges| &exchanges.0)
    }
}

fn elsewhere(word: &str) -> Option<&'static str> {
    match word {
        "name" | "title" | "story" => Some("write `what: …`"),
        "request" | "answer" => Some("requests and answers stand under `exchanges`"),
        "result" | "expected" | "person" => Some("a story ends in `identity: {…}` or `refused: {…}`"),
        _ => None,
    }
}

words! {
    /// A signed token of a story. `iat` and `exp` are added when they are not given, and `c_hash` and `at_hash`
    /// where an ID token of the callback must have them; `null` leaves them out.
    pub struct ExampleTokenSpec ("token") {
        /// The claims.
        /// Example: `claims: { iss: "https://idp.example", sub: "7" }`
        claims: RawJson = "claims",
        /// The algorithm with which the token is signed.
        /// Default: an algorithm that the provider file accepts
        /// Example: `algorithm: RS256`
        algorithm: Option<Algorithm> = "algorithm",
        /// `stranger` signs the token with a key that is not the provider's.
        /// Default: the provider's key
        /// Example: `signedBy: stranger`
        signed_by: Option<Located<String>> = "signedBy",
        /// The address of the keys. When it is given, it is compared with the address in the provider file.
        /// Default: not compared
        /// Example: `keys: https://idp.example/jwks`
        keys: Option<Located<String>> = "keys",
    }
}

words! {
    /// A call: the expected request, and the answer to it.
    pub struct ExampleExchangeSpec ("exchange") {
        /// The request. All of it is compared; the order of its parameters only with `order: exact`.
        /// Default: not compared
        /// Example: `request: { get: https://api.acme.example/me, headers: { Authorization: Bearer at-1 } }`
        request: Option<ExpectedRequestSpec> = "request",
        /// The answer.
        /// Example: `answer: { status: 200, json: { id: 7 } }`
        answer: ExampleAnswerSpec = "answer",
    }
}

choice! {
    /// Whether the order of parameters counts.
    pub enum ParameterOrder {
        /// Every order is right.
        Any = "any",
        /// They are sent as they stand in the story.
        Exact = "exact",
    }
}

words! {
    /// An expected request. All headers are listed, except `Accept: application/json`, `User-Agent` and the
    /// `Content-Type` of the body when they have their usual values. A value that is made from secrets may be
    /// written as it is, or as its mask: `‹accessToken›` for a fact, the text of the hole for a hole with functions
    /// (`‹accessToken | hmacSha256 clientSecret | hex›`), `Basic ‹clientId:clientSecret›`, `‹signature›`,
    /// `‹clientAssertion›`.
    pub struct ExpectedRequestSpec ("expected request") {
        /// The address of a GET request.
        /// Default: `post`
        /// Example: `get: https://api.acme.example/me`
        get: Option<Located<String>> = "get",
        /// The address of a POST request.
        /// Default: `get`
        /// Example: `post: https://sso.acme.example/token`
        post: Option<Located<String>> = "post",
        /// The parameters of the address, in addition to those that are written in the address itself.
        /// Default: none
        /// Example: `query: { v: "5.199" }`
        query: Option<NamedValues<OneOrMany<Located<String>>>> = "query",
        /// The parameters of the body.
        /// Default: no form
        /// Example: `form: { code: c-1 }`
        form: Option<NamedValues<OneOrMany<Located<String>>>> = "form",
        /// The body, as JSON.
        /// Default: no JSON
        /// Example: `json: { code: c-1 }`
        json: Option<RawJson> = "json",
        /// The body, as text.
        /// Default: no text
        /// Example: `text: token=at-1`
        text: Option<Located<String>> = "text",
        /// Whether the order of the parameters and of the members of the JSON counts: `any` or `exact`. The values of a
        /// repeated parameter are always compared in their order.
        /// Default: `any`
        /// Example: `order: exact`
        order: Option<ParameterOrder> = "order",
        /// The headers.
        /// Default: only the usual ones
        /// Example: `headers: { Authorization: Bearer at-1 }`
        headers: Option<NamedValues<Located<String>>> = "headers",
        /// The contents of the assertion behind its mask: every header and claim except `typ`, `iat` and `jti`.
        /// `exp` is compared only when it is given.
        /// Default: not checked
        /// Example: `assertion: { header: { alg: ES256 }, claims: { iss: ‹clientId› } }`
        assertion: Option<ExpectedAssertionSpec> = "assertion",
        /// What the signature behind its mask is made of.
        /// Default: not checked
        /// Example: `signature: { algorithm: rsaSha256, encoding: base64, text: "a=1&b=2" }`
        signature: Option<ExpectedSignatureSpec> = "signature",
    }
}

words! {
    /// The contents of an assertion.
    pub struct ExpectedAssertionSpec ("expected assertion") {
        /// The header.
        /// Example: `header: { alg: ES256, kid: ‹keyId› }`
        header: RawJson = "header",
        /// The claims.
        /// Example: `claims: { iss: ‹clientId› }`
        claims: RawJson = "claims",
    }
}

words! {
    /// What a signature is made of.
    pub struct ExpectedSignatureSpec ("expected signature") {
        /// The algorithm.
        /// Example: `algorithm: rsaSha256`
        algorithm: Located<String> = "algorithm",
        /// The encoding of the signature.
        /// Example: `encoding: base64`
        encoding: Located<String> = "encoding",
        /// The text that is signed.
        /// Example: `text: "a=1&b=2"`
        text: Located<String> = "text",
    }
}

words! {
    /// An answer of the provider.
    pub struct ExampleAnswerSpec ("answer") {
        /// The HTTP status.
        /// Default: `200`
        /// Example: `status: 400`
        status: Option<i32> = "status",
        /// The headers.
        /// Default: the content type of the body
        /// Example: `headers: { X-Region: eu }`
        headers: Option<NamedValues<Located<String>>> = "headers",
        /// The body, as JSON.
        /// Default: no JSON
        /// Example: `json: { access_token: at-1 }`
        json: Option<RawJson> = "json",
        /// The body, as a form.
        /// Default: no form
        /// Example: `form: { access_token: at-1 }`
        form: Option<NamedValues<Located<String>>> = "form",
        /// The body, as plain text.
        /// Default: no text
        /// Example: `text: "callback( {\"openid\":\"7\"} );"`
        text: Option<Located<String>> = "text",
    }
}

words! {
    /// How a login is expected to be refused.
    pub struct ExpectedRefusalSpec ("expected refusal") {
        /// The step in which the login is refused. It is left out when every step succeeds but the person may not
        /// sign in.
        /// Default: no step
        /// Example: `step: getAccessCode`
        step: Option<StepKind> = "step",
        /// The provider's error code, or one of portaria's own codes (see [Codes of refusals](#codes-of-refusals)).
        /// Example: `code: invalid_grant`
        code: Located<String> = "code",
        /// The provider's error message.
        /// Default: not compared
        /// Example: `message: code expired`
        message: Option<Located<String>> = "message",
    }
}

/// Any value, as JSON.
#[derive(Clone, Debug)]
pub struct RawJson(pub Value);

impl WordValue for RawJson {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        Some(Self(match &node.kind {
            YamlKind::Scalar { .. } if node.is_null() => Value::Null,
            YamlKind::Scalar { text, plain, .. } => match text.as_str() {
                "true" if *plain => Value::Bool(true),
                "false" if *plain => Value::Bool(false),
                text if *plain && text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                    text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Number)
                }
                _ => Value::String(read_scalar(node, reader)?.value),
            },
            YamlKind::List(nodes) => {
                Value::Array(nodes.iter().map(|node| Self::read(node, reader).map(|raw| raw.0)).collect::<Option<_>>()?)
            }
            YamlKind::Map(entries) => {
                let members = entries.iter().map(|entry| Self::read(&entry.value, reader).map(|raw| (entry.key.value.clone(), raw.0)));
                Value::Object(members.collect::<Option<Map<_, _>>>()?)
            }
        }))
    }
    fn shape() -> ValueShape {
        ValueShape::Json
    }
}
