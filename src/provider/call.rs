//! The words of a call: the second and the third step, whose requests the broker itself sends.

mod check;
mod compilation;

pub(crate) use crate::provider::call::check::{check_header_name, check_repeated_parameters, lacks_verifier};
pub(crate) use crate::provider::call::compilation::compile;

use crate::provider::answer::AnswerFormat;
use crate::provider::assertion::AssertionSpec;
use crate::provider::choice::EntryChoiceSpec;
use crate::provider::condition::Conditions;
use crate::provider::credentials::ClientAuthMethod;
use crate::provider::fact_expression::FactExpression;
use crate::provider::moment::TimeSpan;
use crate::provider::parameters::{JsonTemplate, ParameterValues};
use crate::provider::provider_spec::hint_about_top_word;
use crate::provider::refusal::{AcceptedRules, RefusedRules};
use crate::provider::signature::ParameterSignatureSpec;
use crate::provider::signed_token::SignedTokenSpec;
use crate::provider::template::Template;
use crate::provider::token_type::AcceptedTokenType;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::{NamedValues, OneOrMany};
use crate::words;

words! {
    /// A call that portaria itself makes to the provider. getAccessCode and getUserInfo may be a list of calls, which
    /// are made one after another. Only one of them can be the standard token request.
    pub(crate) struct CallSpec ("call", elsewhere = unknown_word_hint) {
        /// The address of a GET request. Its query is kept byte for byte. The parameters of a standard token
        /// request go into the query.
        /// Default: with `discovery` the endpoint of the document; otherwise `get` or `post` is required
        /// Example: `get: https://api.acme.example/me`
        get: Option<Template> = "get",
        /// The address of a POST request.
        /// Default: see `get`
        /// Example: `post: https://sso.acme.example/token`
        post: Option<Template> = "post",
        /// Other names for the parameters of the standard request: the standard name, then the provider's name for
        /// it.
        /// Default: the standard names
        /// Example: `rename: { client_id: app_key }`
        rename: Option<NamedValues<Located<String>>> = "rename",
        /// Parameters that are added to the standard request. A standard name replaces that parameter's value; with
        /// `null` the parameter is left out.
        /// Default: none
        /// Example: `extra: { fields: "id,name,email" }`
        extra: Option<NamedValues<ParameterValues>> = "extra",
        /// The parameters of the address, exactly as written. A list repeats the parameter. When a step has
        /// `query`, `form`, `json` or `text`, no standard parameter is sent.
        /// Default: the standard request
        /// Example: `query: { method: users.get, v: "5.199" }`
        query: Option<NamedValues<ParameterValues>> = "query",
        /// The body as a form: exactly these parameters, in this order.
        /// Default: the standard request
        /// Example: `form: { grant_type: authorization_code, code: "${code}" }`
        form: Option<NamedValues<ParameterValues>> = "form",
        /// The body as JSON. It may be nested. Every text and every key may contain holes. Numbers are sent as they
        /// are written.
        /// Default: the standard request
        /// Example: `json: { query: "{ viewer { id email } }" }`
        json: Option<JsonTemplate> = "json",
        /// The body as plain text. In XML, which begins with `<`, `xmlEscape` keeps a value from writing elements of its own.
        /// Default: the standard request
        /// Example: `text: "token=${accessToken}"`
        text: Option<Template> = "text",
        /// Headers that are added to the request, standard or written. `Accept: application/json`, `User-Agent` and
        /// the `Content-Type` of the body are sent already and may be replaced. `Host`, `Cookie`, `Content-Length`
        /// and the headers of the connection cannot be written. No cookie is ever kept between calls.
        /// Default: none
        /// Example: `headers: { Client-Id: "${clientId}" }`
        headers: Option<NamedValues<Template>> = "headers",
        /// Where the client id and the client secret are sent: `form` (in the body, be it a form or `json`), `query`
        /// (in the address), `basic` (in the `Authorization` header, like `curl -u`), `basicEncoded` (the same,
        /// percent-encoded first as in RFC 6749) or `none`. In a written request they are not sent unless this word
        /// is there. `basic` and `basicEncoded` differ only where the id or the secret holds other characters than
        /// letters, digits, `-`, `.` and `_`.
        /// Default: `form` in the standard requests of getAccessCode, getClientToken and `prepare`, or `query` when such a request is
        /// a `get`; otherwise `none`. With `discovery`, `basicEncoded` when the document names `client_secret_basic`
        /// and not `client_secret_post`; when it names neither or both and the provider answers `invalid_client`, the
        /// call is made once more with `basicEncoded`, and the method that succeeds is remembered
        /// Example: `credentials: basic`
        credentials: Option<Located<ClientAuthMethod>> = "credentials",
        /// The token that is sent as `Authorization: Bearer …`: a text with holes, or `none`. For a call to another
        /// provider's address, with a token of its own, write `bearer: none`; where a manual asks for the token and
        /// for a part of it, write `bearer: ${accessToken}`.
        /// Default: in getUserInfo `${accessToken}`, unless the request itself places the access token or `${clientToken}`, whole or
        /// in part (in any hole, as the argument of a function, in the text of `sign`, in an assertion), or an
        /// `Authorization` header (`credentials: basic` is one); elsewhere `none`
        /// Example: `bearer: ${clientToken}`
        bearer: Option<Template> = "bearer",
        /// A token that portaria makes and signs for this request.
        /// Default: none
        assertion: Option<AssertionSpec> = "assertion",
        /// A signature over the parameters of this request.
        /// Default: none
        /// Example: `sign: { into: sig, algorithm: md5, after: "${clientSecret}" }`
        sign: Option<ParameterSignatureSpec> = "sign",
        /// The call is made only when these conditions hold.
        /// Default: always
        /// Example: `when: { at: "${kind}", is: business }`
        when: Option<Conditions> = "when",
        /// How long the provider may take for the whole answer, from `1s` to `30s`. All calls of a login together may
        /// take 25 seconds, or the longest `timeout` and 10 seconds where that is more.
        /// Default: `10s`
        /// Example: `timeout: 20s`
        timeout: Option<Located<TimeSpan>> = "timeout",
        /// `true` lets the login go on when this call fails.
        /// Default: `false`
        /// Example: `optional: true`
        optional: Option<bool> = "optional",
        /// The format of the answer: `auto`, `json`, `form`, `jsonp`, `xml`, `text`, or a list of formats that are
        /// tried in turn. In XML the root element is the first key, namespace prefixes are dropped, attributes are
        /// written `@name`, repeated elements are a list, and the text of an element with attributes is found at
        /// the element. With `text` the whole answer is found at `$`, without the blanks at both ends.
        /// Default: `auto`: JSON, whatever the content type says, otherwise a form
        /// Example: `answer: [ json, jsonp ]`
        answer: Option<OneOrMany<AnswerFormat>> = "answer",
        /// A text that the provider puts in front of the answer and that is not part of it.
        /// Default: none
        /// Example: `skipPrefix: "for(;;);"`
        skip_prefix: Option<Located<String>> = "skipPrefix",
        /// Which answers are refusals, besides those of the default.
        /// Default: a status outside 2xx refuses, and in getAccessCode, getClientToken and `prepare` a member `error`
        /// Example: `refused: { at: $.errcode, present: true, code: $.errcode, message: $.errmsg }`
        refused: Option<RefusedRules> = "refused",
        /// What an answer must say to be accepted.
        /// Default: every answer is accepted that is not refused
        /// Example: `accepted: { at: $.ok, is: true }`
        accepted: Option<AcceptedRules> = "accepted",
        /// The facts that are read from the answer. Each is a path, a list of paths of which the first that finds a
        /// value counts, a text with holes, a condition, or a list of conditions of which all must hold. Where a path
        /// finds a list or an object, no later path takes its place, unless it leads into it. In getAccessCode the
        /// standard places are read as well; in getUserInfo only what is written here is read.
        /// Default: in getAccessCode the standard places (`access_token`, `refresh_token`,
        /// `id_token`, `token_type`, `scope` as `grantedScope`, and with `keepTokens` `expires_in`), each unless the file names the fact; in getClientToken
        /// `access_token` as `clientToken` and `expires_in` as `clientTokenExpiresIn`; in getUserInfo, when it is a single call without `read` and `choose`, OpenID's `sub` as `id`, `email`,
        /// `email_verified`, `name`, `picture`, `locale`; a call of a list without `read` reads nothing
        /// Example: `read: { id: $.data.id, name: [ $.data.name, $.data.login ] }`
        read: Option<NamedValues<FactExpression>> = "read",
        /// An entry that is chosen from a list in the answer, and the facts that are read from it; or a list of such
        /// choices. It stands beside `read`, or in its place.
        /// Default: none
        /// Example: `choose: { from: $.emails, where: { at: $.primary, is: true }, read: { email: $.email, emailVerified: $.verified } }`
        choose: Option<OneOrMany<EntryChoiceSpec>> = "choose",
        /// In getAccessCode: which type of access token is accepted. `bearer` accepts `Bearer` in any case, and an
        /// answer that names no type; `any` is for a provider that gives its bearer tokens a name of its own.
        /// Default: `bearer`
        /// Example: `tokenType: any`
        token_type: Option<Located<AcceptedTokenType>> = "tokenType",
        /// The facts that are read from the headers of the answer: the fact, and the name of the header.
        /// Default: none
        /// Example: `readHeaders: { region: X-Region }`
        read_headers: Option<NamedValues<Located<String>>> = "readHeaders",
        /// A signed token in the answer, or the answer itself when it is a signed token.
        /// Default: none; with `discovery` the ID token in getAccessCode, and in getUserInfo the answer itself when it
        /// turns out to be a signed token: it must come from the issuer, for this client, and about the same person
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
        "error" | "errors" => Some("write `refused: { at: …, is: … }`"),
        "id" | "email" | "name" => Some("what is read stands under `read`: `read: { id: $.id }`"),
        _ => hint_about_top_word(word),
    }
}

impl CallSpec {
    /// Whether the request is written out, so that nothing standard is sent.
    pub(crate) fn is_written(&self) -> bool {
        self.query.is_some() || self.form.is_some() || self.json.is_some() || self.text.is_some()
    }
}
