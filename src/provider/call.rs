//! A call as written: the second and third step, which the broker sends itself.

mod compilation;

pub(crate) use crate::provider::call::compilation::{check_repeated_parameters, compile, lacks_verifier};

use crate::provider::answer::AnswerFormat;
use crate::provider::assertion::AssertionSpec;
use crate::provider::condition::Conditions;
use crate::provider::credentials::ClientAuthMethod;
use crate::provider::fact_expression::FactExpression;
use crate::provider::parameters::{JsonTemplate, ParameterValues};
use crate::provider::refusal::RefusalRule;
use crate::provider::signature::ParameterSignatureSpec;
use crate::provider::signed_token::SignedTokenSpec;
use crate::provider::template::Template;
use crate::vocabulary::place::Located;
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
    fn read(node: &crate::vocabulary::yaml::YamlNode, reader: &mut Reader) -> Option<Self> {
        ClientAuthMethod::read(node, reader).map(|value| Located::new(value, node.place))
    }
    fn shape() -> crate::vocabulary::words::ValueShape {
        <ClientAuthMethod as crate::vocabulary::words::WordValue>::shape()
    }
}
