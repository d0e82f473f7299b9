//! The standard requests of OAuth 2 and `OpenID` Connect, which `rename` and `extra` can change, and the standard places
//! from which facts are read.

use crate::provider::credentials::ClientAuthMethod;
use crate::provider::parameters::{Parameter, ParameterValues, check_parameter};
use crate::provider::pkce::Pkce;
use crate::provider::template::Template;
use crate::vocabulary::diagnostic::{did_you_mean, quoted_alternatives};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{NamedValues, Reader};

/// How many seconds an access token is good for. A login does not need it: it is read where tokens are kept, or where a file names it.
pub(crate) const LIFETIME: &str = "expiresIn";

/// The standard places of the token answer.
pub(crate) const TOKEN: &[(&str, &str)] = &[
    ("accessToken", "access_token"),
    (LIFETIME, "expires_in"),
    ("refreshToken", "refresh_token"),
    ("idToken", "id_token"),
    ("tokenType", "token_type"),
    ("grantedScope", "scope"),
];

/// The standard places of the answer that gives the client a token of its own.
pub(crate) const CLIENT_TOKEN: &[(&str, &str)] = &[("clientToken", "access_token"), ("clientTokenExpiresIn", "expires_in")];

/// The standard places of the person in `OpenID` Connect.
pub(crate) const PERSON: &[(&str, &str)] = &[
    ("id", "sub"),
    ("email", "email"),
    ("emailVerified", "email_verified"),
    ("name", "name"),
    ("picture", "picture"),
    ("locale", "locale"),
];

/// The standard places of a callback.
pub(crate) const CALLBACK: &[(&str, &str)] = &[("code", "code"), ("state", "state"), ("iss", "iss")];

/// What a standard token request redeems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenGrant {
    /// The code of a login.
    AuthorizationCode,
    /// The refresh token that an earlier answer gave.
    RefreshToken,
    /// Nothing but the credentials: the token is the client's own.
    ClientCredentials,
}

/// The words of the file that change a standard request.
pub(crate) struct StandardRequestChanges<'a> {
    /// `rename`.
    pub(crate) rename: &'a NamedValues<Located<String>>,
    /// `extra`.
    pub(crate) extra: &'a NamedValues<ParameterValues>,
    /// The place of the step.
    pub(crate) place: Place,
}

impl StandardRequestChanges<'_> {
    /// Complains about changes of the standard request in a request that is written out.
    pub(crate) fn check_are_none(&self, help: &str, reader: &mut Reader) {
        let rename = self.rename.0.first().map(|(name, _)| ("rename", name.place));
        let extra = self.extra.0.first().map(|(name, _)| ("extra", name.place));
        for (word, place) in rename.into_iter().chain(extra) {
            reader.complain(place, format!("`{word}` changes the standard request, and this request is written out"), help);
        }
    }
}

/// The parameters of the standard authorization request.
pub(crate) fn authorization_parameters(
    pkce: Pkce,
    has_scope: bool,
    sends_state: bool,
    is_openid: bool,
    changes: &StandardRequestChanges<'_>,
    reader: &mut Reader,
) -> Vec<Parameter> {
    let mut list = vec![
        ("response_type", StandardValue::Literal("code")),
        ("client_id", StandardValue::Fact("clientId")),
        ("redirect_uri", StandardValue::Fact("redirectUri")),
    ];
    if has_scope {
        list.push(("scope", StandardValue::Fact("scope")));
    }
    if sends_state {
        list.push(("state", StandardValue::Fact("state")));
    }
    if is_openid {
        list.push(("nonce", StandardValue::Fact("nonce")));
        list.push(("login_hint", StandardValue::OptionalFact("loginHint")));
        list.push(("ui_locales", StandardValue::OptionalFact("uiLocales")));
    }
    match pkce {
        Pkce::Off => {}
        Pkce::S256 | Pkce::Plain => {
            list.push(("code_challenge", StandardValue::Fact("codeChallenge")));
            list.push(("code_challenge_method", StandardValue::Literal(pkce.word())));
        }
    }
    apply_changes(&list, changes, reader)
}

/// The parameters of the standard token request, without the credentials.
pub(crate) fn token_parameters(
    grant: TokenGrant,
    pkce: Pkce,
    changes: &StandardRequestChanges<'_>,
    reader: &mut Reader,
    credentials: &[(&'static str, StandardValue)],
) -> Vec<Parameter> {
    let mut list = match grant {
        TokenGrant::AuthorizationCode => vec![
            ("grant_type", StandardValue::Literal("authorization_code")),
            ("code", StandardValue::Fact("code")),
            ("redirect_uri", StandardValue::Fact("redirectUri")),
        ],
        TokenGrant::RefreshToken => {
            vec![("grant_type", StandardValue::Literal("refresh_token")), ("refresh_token", StandardValue::Fact("refreshToken"))]
        }
        TokenGrant::ClientCredentials => vec![("grant_type", StandardValue::Literal("client_credentials"))],
    };
    if grant == TokenGrant::AuthorizationCode && pkce != Pkce::Off {
        list.push(("code_verifier", StandardValue::Fact("codeVerifier")));
    }
    list.extend_from_slice(credentials);
    apply_changes(&list, changes, reader)
}

/// Warns about a fixed text in `extra` that takes the place of a fact which differs between logins or installations.
fn warn_about_fixed_facts(standard: &[(&str, StandardValue)], changes: &StandardRequestChanges<'_>, reader: &mut Reader) {
    for (name, values) in &changes.extra.0 {
        let fact = standard.iter().find(|(known, _)| *known == name.value).and_then(|(_, value)| match value {
            StandardValue::Fact(fact) | StandardValue::OptionalFact(fact) => Some(fact),
            StandardValue::Literal(_) => None,
        });
        let texts = values.texts.as_deref().unwrap_or_default();
        // A secret in the file is a mistake of its own.
        let fact = fact.filter(|fact| **fact != "clientSecret");
        if let Some(fact) = fact.filter(|_| !texts.is_empty() && texts.iter().all(|text| text.as_literal().is_some())) {
            reader.warn(
                name.place,
                format!("`{}` is a standard parameter, and this text is sent in the place of `${{{fact}}}`", name.value),
                format!("take it out, and write the value as `{fact}` of the file, or place `${{{fact}}}` in the text"),
            );
        }
    }
}

/// The parameters of the standard user-info request: only those of `extra`.
pub(crate) fn user_parameters(changes: &StandardRequestChanges<'_>, reader: &mut Reader) -> Vec<Parameter> {
    apply_changes(&[], changes, reader)
}

/// The parameters that carry the client's credentials.
pub(crate) fn credential_parameters(
    credentials: ClientAuthMethod,
    has_secret: bool,
    assertion: bool,
) -> Vec<(&'static str, StandardValue)> {
    match credentials {
        ClientAuthMethod::None | ClientAuthMethod::Basic | ClientAuthMethod::BasicEncoded => Vec::new(),
        ClientAuthMethod::Form | ClientAuthMethod::Query if assertion => vec![
            ("client_id", StandardValue::Fact("clientId")),
            ("client_assertion_type", StandardValue::Literal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")),
            ("client_assertion", StandardValue::Fact("clientAssertion")),
        ],
        ClientAuthMethod::Form | ClientAuthMethod::Query if has_secret => {
            vec![("client_id", StandardValue::Fact("clientId")), ("client_secret", StandardValue::Fact("clientSecret"))]
        }
        ClientAuthMethod::Form | ClientAuthMethod::Query => vec![("client_id", StandardValue::Fact("clientId"))],
    }
}

/// A value of a standard request.
#[derive(Clone, Copy)]
pub(crate) enum StandardValue {
    Literal(&'static str),
    Fact(&'static str),
    /// A fact that may be unknown; then the parameter is left out.
    OptionalFact(&'static str),
}

impl StandardValue {
    /// As a text with holes.
    pub(crate) fn to_template(self, place: Place, reader: &mut Reader) -> Template {
        match self {
            Self::Literal(text) => Template::literal(text, place),
            Self::Fact(name) => Template::from_fact(name, place, reader),
            Self::OptionalFact(name) => Template::from_optional_fact(name, place, reader),
        }
    }
}

/// Names that may be renamed or left out although this request does not contain them, such as the secret with `basic`.
const SOMETIMES: &[&str] =
    &["client_id", "client_secret", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "code_verifier", "redirect_uri"];

fn apply_changes(standard: &[(&'static str, StandardValue)], changes: &StandardRequestChanges<'_>, reader: &mut Reader) -> Vec<Parameter> {
    let known: Vec<&str> = standard.iter().map(|(name, _)| *name).collect();
    for (name, new) in &changes.rename.0 {
        if new.value.is_empty() || new.value.contains("${") {
            reader.complain(
                new.place,
                format!("`{}` is not the name of a parameter", new.value),
                "write the name as the provider's manual has it",
            );
        }
        if !known.contains(&name.as_str()) {
            let help = if SOMETIMES.contains(&name.as_str()) {
                "this request does not carry it as it stands; take the line out".to_owned()
            } else {
                match did_you_mean(name, known.iter().copied()) {
                    Some(word) => format!("did you mean `{word}`? The standard name stands first: `{word}: {}`", new.value),
                    None if known.contains(&new.value.as_str()) => {
                        format!("the standard name stands first: `{}: {}`", new.value, name.value)
                    }
                    None if known.is_empty() => "the standard request to this address has no parameters; add some with `extra`".to_owned(),
                    None => format!("the standard names here are {}", quoted_alternatives(known.iter().copied())),
                }
            };
            reader.complain(name.place, format!("`{}` is no parameter of this standard request", name.value), help);
        }
    }
    let mut list: Vec<Parameter> = Vec::new();
    for (name, value) in standard {
        let over = changes.extra.0.iter().find(|(extra, _)| extra.value == *name);
        let new_name = changes.rename.0.iter().find(|(old, _)| old.value == *name).map_or(*name, |(_, new)| new.value.as_str());
        match over {
            Some((_, ParameterValues { texts: None, .. })) => {}
            Some((_, ParameterValues { texts: Some(texts), .. })) => list.push(Parameter::with_values(new_name, texts.clone())),
            None => list.push(Parameter::new(new_name, value.to_template(changes.place, reader))),
        }
    }
    warn_about_fixed_facts(standard, changes, reader);
    for (name, values) in &changes.extra.0 {
        check_parameter(name, values, reader);
        match &values.texts {
            _ if known.contains(&name.value.as_str()) => {}
            Some(_) if list.iter().any(|parameter| *parameter.name == *name.value) => {
                reader.complain(
                    name.place,
                    format!("`{}` is sent already, under a name that `rename` gave", name.value),
                    "use another name, or take one of the two out",
                );
            }
            Some(texts) => list.push(Parameter::with_values(&name.value, texts.clone())),
            None if SOMETIMES.contains(&name.value.as_str()) => {}
            None => reader.complain(
                name.place,
                format!("`{}` is no standard parameter, so there is nothing to take out", name.value),
                "`null` takes a standard parameter out; for an empty value write `\"\"`",
            ),
        }
    }
    list
}
