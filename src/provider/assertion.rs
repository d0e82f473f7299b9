//! A token that the client signs to authenticate itself: `private_key_jwt`, `client_secret_jwt`, or a signed client secret.

use crate::provider::facts::Facts;
use crate::provider::keys::{Algorithm, JwsSigningKey, KeyError};
use crate::provider::moment::TimeSpan;
use crate::provider::parameters::{JsonTemplate, check_no_paths};
use crate::provider::step_error::StepError;
use crate::provider::template::{FactUse, KeyTemplate, Template};
use crate::vocabulary::hash::{hex, sha256};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{NamedValues, Reader};
use crate::words;
use std::sync::Arc;

words! {
    /// A token that portaria makes and signs for this request. It becomes the fact `clientAssertion`. `iat`, `exp`
    /// and `jti` are added to its claims. In a standard request it is sent as `client_assertion` in place of the
    /// client secret, unless the step itself uses `${clientAssertion}`.
    pub(crate) struct AssertionSpec ("assertion") {
        /// The algorithm with which the token is signed.
        /// Example: `algorithm: ES256`
        algorithm: Algorithm = "algorithm",
        /// The private key (PEM, or its base64 without the header and footer lines); for `HS256`, `HS384` and
        /// `HS512` the shared secret.
        /// Example: `key: ${signingKey}`
        key: KeyTemplate = "key",
        /// Further members of the token's header. `alg` and `typ` are there already.
        /// Default: none
        /// Example: `header: { kid: "${keyId}" }`
        header: Option<NamedValues<JsonTemplate>> = "header",
        /// The claims of the token.
        /// Example: `claims: { iss: "${clientId}", sub: "${clientId}", aud: "https://idp.example/token" }`
        claims: NamedValues<JsonTemplate> = "claims",
        /// How long the token is valid.
        /// Default: `5m`
        /// Example: `lifetime: 1m`
        lifetime: Option<Located<TimeSpan>> = "lifetime",
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Assertion {
    pub(crate) place: Place,
    algorithm: Algorithm,
    key: Template,
    header: JsonTemplate,
    claims: JsonTemplate,
    lifetime: i64,
    names_typ: bool,
}

impl Assertion {
    /// Compiles the words of the file, or complains.
    pub(crate) fn compile(spec: AssertionSpec, reader: &mut Reader) -> Self {
        for (name, _) in spec.claims.0.iter().filter(|(name, _)| matches!(name.as_str(), "iat" | "exp" | "jti")) {
            reader.complain(
                name.place,
                format!("`{}` is added to every assertion", name.value),
                "take the line out; `lifetime` says how long it is good for",
            );
        }
        for (name, _) in spec.header.iter().flat_map(|header| &header.0).filter(|(name, _)| name.as_str() == "alg") {
            reader.complain(name.place, "`alg` stands in the header already", "take the line out; `algorithm` says it");
        }
        if spec.key.0.as_literal().is_some() {
            reader.complain(
                spec.key.0.place,
                "a key may not stand in the file",
                "keep it in `secrets` (`secrets: { signingKey: env:NAME }`) and write `key: ${signingKey}`",
            );
        }
        let names_typ = spec.header.iter().flat_map(|header| &header.0).any(|(name, _)| name.as_str() == "typ");
        let object = |members: Vec<(Located<String>, JsonTemplate)>| {
            JsonTemplate::Object(members.into_iter().map(|(name, value)| (Template::literal(&name.value, name.place), value)).collect())
        };
        let (header, claims) = (object(spec.header.unwrap_or_default().0), object(spec.claims.0));
        check_no_paths(header.templates().into_iter().chain(claims.templates()), reader);
        let lifetime = spec.lifetime.map_or(300, |span| i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX));
        Self { place: spec.place, algorithm: spec.algorithm, key: spec.key.0, header, claims, lifetime, names_typ }
    }

    pub(crate) fn sign(&self, facts: &Facts, now: i64, salt: &str) -> Result<Text, StepError> {
        let label: Arc<str> = Arc::from("clientAssertion");
        if facts.is_preview() {
            return Ok(Text::secret("x", &label));
        }
        let (header, claims) = self.header_and_claims(facts, now, salt)?;
        let key = self.key.fill_bytes(facts).map_err(StepError::missing_fact)?;
        let bad = |KeyError(why)| StepError::Key { why, place: self.key.place };
        let token = JwsSigningKey::read(&key, self.algorithm).map_err(bad)?.sign_token(&header, &claims).map_err(bad)?;
        Ok(Text::secret(token, &label))
    }

    /// The header and the claims of the token, as JSON.
    pub(crate) fn header_and_claims(&self, facts: &Facts, now: i64, salt: &str) -> Result<(String, String), StepError> {
        let mut header = Text::default();
        self.header.fill(facts, &mut header).map_err(StepError::missing_fact)?;
        let typ = if self.names_typ { "" } else { ",\"typ\":\"JWT\"" };
        let header = join_objects(&format!("{{\"alg\":\"{}\"{typ}}}", self.algorithm.word()), header.expose());
        let mut claims = Text::default();
        self.claims.fill(facts, &mut claims).map_err(StepError::missing_fact)?;
        // The id is unique: it is made from the random state of the attempt, from the step, and from the time of the call.
        let id = hex(&sha256::<16>(format!("jti {salt} {} {now}", self.place).as_bytes()));
        let times = format!("{{\"iat\":{now},\"exp\":{},\"jti\":\"{id}\"}}", now.saturating_add(self.lifetime));
        Ok((header, join_objects(claims.expose(), &times)))
    }

    /// Every use of a fact: in the key, and in the claims, which can be read back from the token.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let key = self.key.uses().map(|used| FactUse { whole: false, ..used });
        key.chain(self.header.uses()).chain(self.claims.uses()).collect()
    }

    /// The key, and the algorithm that uses it.
    pub(crate) fn key_and_algorithm(&self) -> (&Template, Algorithm) {
        (&self.key, self.algorithm)
    }
}

/// Joins two JSON objects into one.
fn join_objects(first: &str, second: &str) -> String {
    match (first, second) {
        ("{}", other) | (other, "{}") => other.to_owned(),
        _ => format!("{},{}", first.strip_suffix('}').unwrap_or(first), second.strip_prefix('{').unwrap_or(second)),
    }
}
