//! The parameters of a request of a program: a form, in which no parameter stands twice (RFC 6749, 3.2).

use crate::web::apps::oauth_error::OAuthError;
use crate::web::request_context::RequestContext;
use actix_web::http::header::CONTENT_TYPE;

/// A form of a program.
pub(crate) struct OAuthForm(Vec<(String, String)>);

impl OAuthForm {
    pub(crate) fn of_request(context: &RequestContext) -> Result<Self, OAuthError> {
        let kind = context.header(CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(OAuthError::new("invalid_request", "the request is a form: `application/x-www-form-urlencoded`"));
        }
        Self::parse(context.body())
    }

    pub(crate) fn parse(body: &[u8]) -> Result<Self, OAuthError> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
        // Several resources or audiences are several parameters (RFC 8707; RFC 8693, 2.1).
        let is_repeated =
            |name: &str| !["resource", "audience"].contains(&name) && pairs.iter().filter(|(other, _)| other == name).count() > 1;
        if pairs.len() > 50 || pairs.iter().any(|(name, _)| is_repeated(name)) {
            return Err(OAuthError::new("invalid_request", "a parameter stands twice"));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter; an empty one counts as left out.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that may stand several times.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that has to be there.
    pub(crate) fn required(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.value(name).ok_or(OAuthError::new("invalid_request", missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_once() {
        let form = OAuthForm::parse(b"code=a%20b&scope=&resource=x&resource=y&audience=z&audience=z").expect("it is fine");

        assert_eq!((form.value("code"), form.value("scope"), form.value("other")), (Some("a b"), None, None));
        assert_eq!(form.values("resource").collect::<Vec<_>>(), ["x", "y"]);
        for twice in ["code=a&code=b", "client_id=a&code=1&client_id=a", "a=&a="] {
            assert!(OAuthForm::parse(twice.as_bytes()).is_err(), "{twice}");
        }
    }
}
