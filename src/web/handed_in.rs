//! What a program hands in at `/exchange`: a JSON object or a form, read strictly.

use crate::login::exchange::{HandedNonce, HandedTokens};
use crate::pages::ErrorCause;
use crate::provider::json;
use crate::vocabulary::text::Text;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::header::CONTENT_TYPE;
use serde_json::Value;

/// The names of the fields that hold secrets, in both spellings.
const ID_TOKEN: [&str; 2] = ["idToken", "id_token"];
const ACCESS_TOKEN: [&str; 2] = ["accessToken", "access_token"];
const NONCE: [&str; 2] = ["nonce", "nonce"];
const PROVIDER: [&str; 2] = ["providerId", "provider_id"];
const DURATION: [&str; 2] = ["duration", "duration"];

/// The longest duration that is read, in minutes; the lifetime of the store's sessions is the limit in any case.
const LONGEST_DURATION: i64 = 1_000_000;

/// Names and values.
pub(crate) type HandedInFields = Vec<(String, String)>;

/// A request to exchange tokens.
pub(crate) struct HandedIn {
    /// The name of the provider's file.
    pub(crate) provider: String,
    pub(crate) tokens: HandedTokens,
    /// How long the session may last, in seconds.
    pub(crate) longest: Option<i64>,
    pub(crate) shape: HandedInShape,
}

/// The shape of the request, which the answer follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandedInShape {
    /// Our own.
    Own,
    /// The one that names the provider in its body (`providerId`, `accessToken`, `duration`).
    NamesProvider,
}

impl HandedIn {
    pub(crate) fn from_request(context: &RequestContext) -> Result<Self, UserFacingError> {
        let secrets = [ID_TOKEN, ACCESS_TOKEN].concat();
        if context.query_parameters().any(|(name, _)| secrets.contains(&&*name)) {
            return Err(ErrorCause::Malformed.into());
        }
        let fields = match Self::form_fields(context) {
            Some(form) => form,
            None => json_fields(context).ok_or(ErrorCause::Malformed)?,
        };
        let [id_token, access_token, nonce, named, duration] =
            [ID_TOKEN, ACCESS_TOKEN, NONCE, PROVIDER, DURATION].map(|names| field(&fields, names));
        let (id_token, access_token, nonce, named) = (id_token?, access_token?, nonce?, named?);
        let longest = match duration? {
            None => None,
            Some(minutes) => {
                let minutes: i64 = minutes.parse().map_err(|_| ErrorCause::Malformed)?;
                Some((1..=LONGEST_DURATION).contains(&minutes).then(|| minutes.saturating_mul(60)).ok_or(ErrorCause::Malformed)?)
            }
        };
        let shape = if named.is_some() { HandedInShape::NamesProvider } else { HandedInShape::Own };
        let provider = match (context.path_parameter("provider"), named) {
            (Some(path), Some(named)) if path != named => return Err(ErrorCause::Malformed.into()),
            (Some(name), _) | (None, Some(name)) => name,
            (None, None) => return Err(ErrorCause::NoSuchProvider.into()),
        };
        if id_token.is_none() && access_token.is_none() {
            return Err(ErrorCause::Malformed.into());
        }
        let secret = |value: Option<String>, name: &str| value.map(|value| Text::secret(value, &name.into()));
        let nonce = secret(nonce, "nonce").map_or(HandedNonce::None, HandedNonce::Given);
        let tokens = HandedTokens { id_token: secret(id_token, "idToken"), access_token: secret(access_token, "accessToken"), nonce };
        Ok(Self { provider, tokens, longest, shape })
    }

    /// The fields of a form, if the request has one.
    pub(crate) fn form_fields(context: &RequestContext) -> Option<HandedInFields> {
        let is_form = kind_of(context) == "application/x-www-form-urlencoded";
        is_form.then(|| url::form_urlencoded::parse(context.body()).into_owned().collect())
    }
}

/// The type of the body, without its parameters.
pub(crate) fn kind_of(context: &RequestContext) -> String {
    let kind = context.header(CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

/// The texts and numbers at the top of a JSON object. Anything else there is refused, as is a key that stands there twice.
pub(crate) fn json_fields(context: &RequestContext) -> Option<HandedInFields> {
    if kind_of(context) != "application/json" {
        return None;
    }
    let Value::Object(members) = json::parse(context.body()).ok()? else { return None };
    let text = |value: Value| match value {
        Value::String(text) => Some(Some(text)),
        Value::Number(number) => Some(Some(number.to_string())),
        Value::Null => Some(None),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let fields: Option<Vec<(String, Option<String>)>> = members.into_iter().map(|(name, value)| Some((name, text(value)?))).collect();
    Some(fields?.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// A field that may occur once, in one of its spellings. An empty one is none.
pub(crate) fn field(fields: &[(String, String)], names: [&str; 2]) -> Result<Option<String>, UserFacingError> {
    let mut found = fields.iter().filter(|(name, _)| names.contains(&&**name)).map(|(_, value)| value);
    let value = found.next();
    if found.next().is_some() {
        return Err(ErrorCause::Malformed.into());
    }
    Ok(value.filter(|value| !value.is_empty()).cloned())
}
