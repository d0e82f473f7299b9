//! What an app would have got of a test login, as support reads it. Secrets and personal data stand in it by their kind, never by their value.

use crate::choice;
use crate::story::looks::Looks;
use serde::{Deserialize, Serialize};
use serde_json::Value;

choice! {
    /// A part of a sign-in through an app.
    pub(crate) enum AppTrialPart {
        /// The request with which the app sends the browser.
        Request = "request",
        /// What the request leads to.
        Decision = "decision",
        /// The answer that the browser carries to the app.
        Reply = "reply",
        /// The request with which the app redeems the code.
        TokenRequest = "tokenRequest",
        /// The answer to it.
        Tokens = "tokens",
        IdToken = "idToken",
        AccessToken = "accessToken",
        UserInfo = "userInfo",
    }
}

choice! {
    /// What a developer has to know about a part, and where it differs from what common clients expect.
    pub(crate) enum AppTrialNote {
        /// The settings changed between the beginning and the end.
        AppChanged = "appChanged",
        /// The person signs in at the only provider of the app.
        OneProvider = "oneProvider",
        /// The person chooses among several.
        SeveralProviders = "severalProviders",
        /// The sign-in at the provider failed.
        NotSignedIn = "notSignedIn",
        /// The app does not accept this provider any more.
        OtherProvider = "otherProvider",
        AsksConsent = "asksConsent",
        AsksAlways = "asksAlways",
        AsksNothing = "asksNothing",
        CodeOnce = "codeOnce",
        /// Only the hash of the secret is known here.
        SecretUntried = "secretUntried",
        SecretUnset = "secretUnset",
        KeysUntried = "keysUntried",
        PublicClient = "publicClient",
        /// The store has no key for the algorithm of the app yet.
        NoKey = "noKey",
        NoOpenid = "noOpenid",
        SignedWithEs256 = "signedWithEs256",
        LargeIdToken = "largeIdToken",
        NoEmail = "noEmail",
        UnprovenEmail = "unprovenEmail",
        PlaceholderEmail = "placeholderEmail",
        /// The person has to prove an address by a code first.
        AskedForEmail = "askedForEmail",
        NoName = "noName",
        UserNameIsEmail = "userNameIsEmail",
        AudienceIsApp = "audienceIsApp",
    }
}

impl AppTrialNote {
    /// Whether it may keep a common client from working.
    pub(crate) fn is_warning(self) -> bool {
        match self {
            Self::AppChanged
            | Self::NotSignedIn
            | Self::OtherProvider
            | Self::SecretUnset
            | Self::NoKey
            | Self::NoOpenid
            | Self::SignedWithEs256
            | Self::LargeIdToken
            | Self::NoEmail
            | Self::UnprovenEmail
            | Self::PlaceholderEmail
            | Self::NoName => true,
            Self::OneProvider
            | Self::SeveralProviders
            | Self::AsksConsent
            | Self::AsksAlways
            | Self::AsksNothing
            | Self::CodeOnce
            | Self::SecretUntried
            | Self::KeysUntried
            | Self::PublicClient
            | Self::AskedForEmail
            | Self::UserNameIsEmail
            | Self::AudienceIsApp => false,
        }
    }
}

/// A sign-in through an app that support has tried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppTrial {
    /// The client id.
    pub app: String,
    /// Its parts, as far as it came.
    pub steps: Vec<AppTrialStep>,
}

/// A part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppTrialStep {
    /// The word of the part.
    pub part: String,
    /// The names and values of the message.
    pub values: Vec<AppTrialValue>,
    /// The words of what is to be said about it.
    pub notes: Vec<String>,
}

/// A value of a message: as it is, if neither a secret nor personal data; as `‹name›`; or what it looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppTrialValue {
    /// The parameter or claim.
    pub name: String,
    /// The value, or the mask of a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The word for what a value of the person looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks: Option<String>,
    /// How many characters or digits it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub many: Option<usize>,
}

impl AppTrialStep {
    pub(crate) fn new(part: AppTrialPart, values: Vec<AppTrialValue>, notes: &[AppTrialNote]) -> Self {
        Self { part: part.word().to_owned(), values, notes: notes.iter().map(|note| note.word().to_owned()).collect() }
    }
}

/// The names whose values are neither secret nor of a person.
const SHOWN: &[&str] = &[
    "acr",
    "alg",
    "amr",
    "aud",
    "auth_time",
    "client_id",
    "code_challenge_method",
    "email_verified",
    "exp",
    "expires_in",
    "grant_type",
    "iat",
    "iss",
    "redirect_uri",
    "response_type",
    "scope",
    "token_type",
    "typ",
];

/// The names whose values are secret, or lead to a person.
const MASKED: &[&str] = &[
    "access_token",
    "at_hash",
    "code",
    "code_challenge",
    "code_verifier",
    "gid",
    "id_token",
    "jti",
    "nonce",
    "refresh_token",
    "sid",
    "state",
    "sub",
];

impl AppTrialValue {
    /// A value under its name, by which it is shown, masked or described. What is not known is described.
    pub(crate) fn new(name: &str, value: &Value) -> Self {
        let plain = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let named = Self { name: name.to_owned(), ..Self::default() };
        if SHOWN.contains(&name) {
            return Self { value: Some(plain), ..named };
        }
        if MASKED.contains(&name) {
            return Self { value: Some(format!("‹{name}›")), ..named };
        }
        let (looks, many) = Looks::from_text(&plain).word();
        Self { looks: Some(looks.to_owned()), many, ..named }
    }

    pub(crate) fn looks_in_english(&self) -> Option<String> {
        Looks::from_word(self.looks.as_deref()?, self.many).map(|looks| looks.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_secret_and_nothing_of_a_person_stands_in_a_trial() {
        for (name, value, expected) in [
            ("iss", json!("https://login.loja.example"), Some("https://login.loja.example")),
            ("email_verified", json!(true), Some("true")),
            ("amr", json!(["fed"]), Some("[\"fed\"]")),
            ("sub", json!("u-1"), Some("‹sub›")),
            ("code", json!("c"), Some("‹code›")),
            ("email", json!("ana@loja.example"), None),
            ("customer_tier", json!("gold"), None),
        ] {
            assert_eq!(AppTrialValue::new(name, &value).value.as_deref(), expected, "{name}");
        }
        let described = AppTrialValue::new("email", &json!("ana@loja.example"));
        assert_eq!((described.looks.as_deref(), described.many), (Some("address"), None));
        assert!(SHOWN.iter().all(|name| !MASKED.contains(name)));
    }
}
