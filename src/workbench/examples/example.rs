//! A story as written: what is known, what is sent, what comes back, and how it ends.

use crate::provider::keys::Algorithm;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use crate::words;
use serde_json::{Map, Value};

words! {
    /// One story of an examples file: a login that worked, or was refused. Facts that are not given have visible stand-ins: `‹clientId›`, `‹clientSecret›`, `‹redirectUri›`, `‹state›`, `‹nonce›`,
    /// `‹codeChallenge›`, `‹codeVerifier›`, `‹publicUrl›`, and `‹name›` for every setting and secret. What is used as a key gets a fresh key pair by itself.
    pub struct ExampleSpec ("story", elsewhere = elsewhere) {
        /// What happens, in a few words; no two stories of a file have the same.
        /// Example: `what: the code was used before`
        what: Located<String> = "what",
        /// Facts with a value of their own. `now` is 2026-01-02T03:04:05Z unless it stands here; a setting that is part of a host has to.
        /// Default: stand-ins
        /// Example: `facts: { tenant: acme }`
        facts: Option<NamedValues<Located<String>>> = "facts",
        /// What the shopper typed.
        /// Default: nothing
        /// Example: `inputs: { shop: quist }`
        inputs: Option<NamedValues<Located<String>>> = "inputs",
        /// The issuer's document, for files with `discovery`.
        /// Default: one with the usual end points below the issuer
        /// Example: `discovery: { issuer: "https://idp.example", token_endpoint: "https://idp.example/token" }`
        discovery: Option<RawJson> = "discovery",
        /// Signed tokens, made when the story is played: `‹name›` in an answer or in the callback is replaced by the token. The address of the keys answers by itself.
        /// Default: none
        /// Example: `tokens: { idToken: { claims: { iss: "https://idp.example", aud: ‹clientId›, sub: "7" } } }`
        tokens: Option<NamedValues<ExampleTokenSpec>> = "tokens",
        /// Where the browser is sent, compared exactly when it stands here.
        /// Default: not compared
        /// Example: `redirect: { get: https://idp.example/auth, query: { response_type: code } }`
        redirect: Option<ExpectedRequestSpec> = "redirect",
        /// The parameters with which the browser comes back. `‹signature›` stands for the right signature where the file has `verify`.
        /// Default: `{ code: c-1, state: ‹state› }`
        /// Example: `callback: { error: access_denied, state: ‹state› }`
        callback: Option<NamedValues<Located<String>>> = "callback",
        /// The calls in order, keys and discovery apart.
        /// Default: none
        /// Example: `exchanges: [ { answer: { status: 400, json: { error: invalid_grant } } } ]`
        exchanges: Option<OneOrMany<ExampleExchangeSpec>> = "exchanges",
        /// Who signed in: everything that is known about them, and nothing else. `emailVerified` says whether the address is proven under the file's `trustEmail` and may be left out when it is not;
        /// `ask: true` when the shopper has to type or prove an address.
        /// Example: `identity: { id: "7", email: ana@loja.example, emailVerified: true, name: Ana }`
        identity: Option<RawJson> = "identity",
        /// How it was refused.
        /// Example: `refused: { step: getAccessCode, code: invalid_grant }`
        refused: Option<ExpectedRefusalSpec> = "refused",
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
    /// A signed token of a story. `iat` and `exp` are added unless they are given.
    pub struct ExampleTokenSpec ("token") {
        /// Its claims.
        /// Example: `claims: { iss: "https://idp.example", sub: "7" }`
        claims: RawJson = "claims",
        /// How it is signed.
        /// Default: what the file accepts
        /// Example: `algorithm: RS256`
        algorithm: Option<Algorithm> = "algorithm",
        /// `stranger` for a key that is not the provider's.
        /// Default: the provider's key
        /// Example: `signedBy: stranger`
        signed_by: Option<Located<String>> = "signedBy",
        /// The address at which the keys are found; compared with the file's when it stands here.
        /// Default: not compared
        /// Example: `keys: https://idp.example/jwks`
        keys: Option<Located<String>> = "keys",
    }
}

words! {
    /// A call: the request that is expected and the answer that comes.
    pub struct ExampleExchangeSpec ("exchange") {
        /// The request, compared exactly, order included.
        /// Default: not compared
        /// Example: `request: { get: https://api.acme.example/me, headers: { Authorization: Bearer at-1 } }`
        request: Option<ExpectedRequestSpec> = "request",
        /// The answer.
        /// Example: `answer: { status: 200, json: { id: 7 } }`
        answer: ExampleAnswerSpec = "answer",
    }
}

words! {
    /// A request as it is expected. `Accept: application/json`, `User-Agent` and the body's `Content-Type` are not listed when they have their usual value; all other headers are.
    /// What is made from secrets may be written as its value or as its mask: `‹accessToken›` for a fact, a hole with functions as its own text (`‹accessToken | hmacSha256 clientSecret | hex›`),
    /// `Basic ‹clientId:clientSecret›`, `‹signature›`, `‹clientAssertion›`.
    pub struct ExpectedRequestSpec ("expected request") {
        /// The address, called by GET.
        /// Default: `post`
        /// Example: `get: https://api.acme.example/me`
        get: Option<Located<String>> = "get",
        /// The address, called by POST.
        /// Default: `get`
        /// Example: `post: https://sso.acme.example/token`
        post: Option<Located<String>> = "post",
        /// The parameters of the address, beside those that stand in it.
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
        /// The headers.
        /// Default: only the usual ones
        /// Example: `headers: { Authorization: Bearer at-1 }`
        headers: Option<NamedValues<Located<String>>> = "headers",
        /// What the assertion of this request says, looked at behind its mask: every header and claim but `typ`, `iat` and `jti`; `exp` when it stands here.
        /// Default: not looked at
        /// Example: `assertion: { header: { alg: ES256 }, claims: { iss: ‹clientId› } }`
        assertion: Option<ExpectedAssertionSpec> = "assertion",
        /// What the signature of this request is made of, looked at behind its mask.
        /// Default: not looked at
        /// Example: `signature: { algorithm: rsaSha256, encoding: base64, text: "a=1&b=2" }`
        signature: Option<ExpectedSignatureSpec> = "signature",
    }
}

words! {
    /// What an assertion says.
    pub struct ExpectedAssertionSpec ("expected assertion") {
        /// Its header.
        /// Example: `header: { alg: ES256, kid: ‹keyId› }`
        header: RawJson = "header",
        /// Its claims.
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
        /// How it is written.
        /// Example: `encoding: base64`
        encoding: Located<String> = "encoding",
        /// The text that is signed.
        /// Example: `text: "a=1&b=2"`
        text: Located<String> = "text",
    }
}

words! {
    /// An answer as it comes.
    pub struct ExampleAnswerSpec ("answer") {
        /// The HTTP status.
        /// Default: `200`
        /// Example: `status: 400`
        status: Option<i32> = "status",
        /// Its headers.
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
        /// The body, as it is.
        /// Default: no text
        /// Example: `text: "callback( {\"openid\":\"7\"} );"`
        text: Option<Located<String>> = "text",
    }
}

words! {
    /// How a login is refused.
    pub struct ExpectedRefusalSpec ("expected refusal") {
        /// The step in which it ends; left out when all steps were fine and the person may still not come in.
        /// Default: no step
        /// Example: `step: getAccessCode`
        step: Option<crate::provider::step::StepKind> = "step",
        /// The provider's code, or one of portaria's own (see Codes of refusals).
        /// Example: `code: invalid_grant`
        code: Located<String> = "code",
        /// The provider's sentence.
        /// Default: not compared
        /// Example: `message: code expired`
        message: Option<Located<String>> = "message",
    }
}

/// Any value, as JSON.
#[derive(Clone, Debug)]
pub struct RawJson(pub Value);

impl WordValue for RawJson {
    fn read(node: &YamlNode, desk: &mut Reader) -> Option<Self> {
        Some(Self(match &node.kind {
            YamlKind::Scalar { .. } if node.is_null() => Value::Null,
            YamlKind::Scalar { text, plain, .. } => match text.as_str() {
                "true" if *plain => Value::Bool(true),
                "false" if *plain => Value::Bool(false),
                text if *plain && text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                    text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Number)
                }
                _ => Value::String(read_scalar(node, desk)?.value),
            },
            YamlKind::List(nodes) => Value::Array(nodes.iter().map(|node| Self::read(node, desk).map(|raw| raw.0)).collect::<Option<_>>()?),
            YamlKind::Map(entries) => {
                let members = entries.iter().map(|entry| Self::read(&entry.value, desk).map(|raw| (entry.key.value.clone(), raw.0)));
                Value::Object(members.collect::<Option<Map<_, _>>>()?)
            }
        }))
    }
    fn shape() -> ValueShape {
        ValueShape::Json
    }
}
