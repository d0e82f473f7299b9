//! Compiles the words of a signed token, and complains about a token that would prove nothing.

use crate::provider::address::{Address, AddressContext};
use crate::provider::condition::Condition;
use crate::provider::keys::{Algorithm, KeyFamily, looks_like_pem};
use crate::provider::signed_token::{
    ExpiryRequirement, NonceRequirement, SignedToken, SignedTokenContext, SignedTokenSpec, TokenExpiry, TokenKeys,
};
use crate::provider::step::StepKind;
use crate::provider::template::Template;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;

impl SignedToken {
    /// Compiles the words of the file, or complains.
    pub(crate) fn compile(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<Self> {
        let place = spec.place;
        let token = compile_token(spec, context, reader);
        let issuers = compile_issuers(spec, context, reader)?;
        let audience = match &spec.audience {
            None => Some(vec![Template::from_fact("clientId", place, reader)]),
            Some(list) if is_any(&list.0) => None,
            Some(list) => Some(checked_audience(&list.0, context, token.as_ref(), reader)),
        };
        let keys = compile_keys(spec, context, reader)?;
        let algorithms = spec.algorithms.as_ref().map(|list| list.0.clone());
        check_algorithms(&keys, algorithms.as_deref(), place, reader);
        let is_the_access_token = token.as_ref().is_some_and(|token| &*token.source == "${accessToken}");
        let requires_nonce = compile_nonce(spec, context, is_the_access_token, reader);
        let is_own = token.as_ref().is_none_or(|token| token.sole_fact().is_some_and(|fact| context.own_facts.contains(&fact)));
        let is_direct = context.kind != StepKind::GetAuthorizationCode && is_own;
        let about_the_login = context.kind != StepKind::GetUserInfo;
        let is_id_token = about_the_login && token.is_some() && !is_the_access_token;
        let has_usual_name = token.as_ref().is_some_and(|token| &*token.source == "${idToken}");
        let is_standard = context.discovery && about_the_login && has_usual_name;
        let is_of_callback = |template: &Template| template.uses().any(|used| context.callback_facts.contains(&used.fact));
        let requires_code_hash = is_id_token && !is_direct && token.as_ref().is_some_and(is_of_callback);
        let gives_access_token = context.callback_facts.contains(&reader.names.intern("accessToken"));
        let requires_token_hash = requires_code_hash && context.kind == StepKind::GetAuthorizationCode && gives_access_token;
        let expiry = compile_expiry(spec, is_direct, reader);
        let require = spec.require.as_ref().map_or_else(Vec::new, |require| require.0.clone());
        for condition in &require {
            check_claim_condition(condition, place, reader);
        }
        Some(Self {
            place,
            token,
            issuers,
            audience,
            keys,
            algorithms,
            requires_nonce,
            expiry,
            require,
            is_id_token,
            is_standard,
            is_direct,
            requires_code_hash,
            requires_token_hash,
        })
    }
}

/// The token, or `None` when the answer is the token.
fn compile_token(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<Template> {
    let id_token = reader.names.intern("idToken");
    if spec.token.is_none() && context.kind != StepKind::GetAuthorizationCode && !context.own_facts.contains(&id_token) {
        let help = "write `token: answer` when the whole answer is the token, or `token: ${fact}` for one that `read` finds in it";
        let message = match context.kind {
            StepKind::GetUserInfo => "this `signed` does not say which token it checks: the ID token came with an earlier answer",
            StepKind::GetAccessCode | StepKind::GetAuthorizationCode | StepKind::GetClientToken => {
                "this `signed` does not say which token it checks: a text has no place for an ID token"
            }
        };
        reader.complain(spec.place, message, help);
        return None;
    }
    let written = spec.token.clone().unwrap_or_else(|| Template::from_fact("idToken", spec.place, reader));
    let token = if written.as_literal().as_deref() == Some("answer") { None } else { Some(written) };
    if let Some(template) = token.as_ref().filter(|template| template.has_path()) {
        reader.complain(template.place, "a path cannot stand here", "read the token as a fact in `read`, and write `token: ${fact}`");
    }
    if let Some(template) = token.as_ref().filter(|template| template.is_literal()) {
        reader.complain(
            template.place,
            format!("`{}` is no token", template.source),
            "write `${idToken}` or another fact, or `answer` when the whole answer is the token",
        );
    }
    token
}

fn compile_issuers(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<Vec<Template>> {
    let place = spec.place;
    let issuers = match &spec.issuer {
        Some(issuers) => issuers.0.clone(),
        None if context.discovery => vec![Template::from_fact("issuer", place, reader)],
        None if reader.is_unusable_word(place, "issuer") || reader.has_unknown_words(place) => return None,
        None => {
            reader.complain(place, "this signed token may come from any issuer", "add `issuer: …`, exactly as the token's `iss` says it");
            return None;
        }
    };
    for template in &issuers {
        check_issuer_can_match(template, reader);
    }
    for template in issuers.iter().filter(|template| template.has_path()) {
        let host_is_literal =
            template.source.strip_prefix("https://").and_then(|rest| rest.split_once('/')).is_some_and(|(host, _)| !host.contains("${"));
        if !host_is_literal {
            reader.complain(
                template.place,
                "the token would name its own issuer",
                "write the issuer; only a part of its path may come from the token: `https://idp.example/${$.tid}`",
            );
        }
    }
    Some(issuers)
}

fn compile_keys(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, reader: &mut Reader) -> Option<TokenKeys> {
    let place = spec.place;
    match &spec.keys {
        Some(template) => compile_key_source(template.clone(), context.addresses, reader),
        None if context.discovery => compile_key_source(Template::from_fact("jwksUri", place, reader), context.addresses, reader),
        None if reader.is_unusable_word(place, "keys") || reader.has_unknown_words(place) => None,
        None => {
            reader.complain(
                place,
                "this signed token could be signed by anyone",
                "add `keys: https://…` (the provider's JWKS), a public key, or `keys: ${clientSecret}`",
            );
            None
        }
    }
}

fn compile_key_source(template: Template, context: &AddressContext<'_>, reader: &mut Reader) -> Option<TokenKeys> {
    let from_document = template.sole_fact().is_some_and(|fact| context.documents.contains(&fact));
    if from_document || template.source.starts_with("http:") || template.source.starts_with("https:") {
        return Address::compile(template, context, reader).map(TokenKeys::Address);
    }
    match template.as_literal() {
        Some(text) if !looks_like_pem(text.as_bytes()) => {
            reader.complain(
                template.place,
                "these are neither keys nor where keys are",
                "write the address of the provider's JWKS (`https://…`), a public key (PEM), or `${clientSecret}`",
            );
            None
        }
        Some(text) if text.contains("PRIVATE KEY") => {
            reader.complain(
                template.place,
                "a private key may not stand in the file",
                "a token is checked by the provider's public key; write that, or the address of its JWKS",
            );
            None
        }
        _ => Some(TokenKeys::Text(template)),
    }
}

/// Complains about algorithms that do not go with the keys.
fn check_algorithms(keys: &TokenKeys, algorithms: Option<&[Algorithm]>, place: Place, reader: &mut Reader) {
    let takes_secret = |list: &[Algorithm]| list.iter().any(|algorithm| algorithm.family() == KeyFamily::Secret);
    match (keys, algorithms) {
        (TokenKeys::Address(_), Some(list)) if takes_secret(list) => {
            reader.complain(
                place,
                "a shared secret (`HS256`) cannot be fetched from an address",
                "write `keys: ${clientSecret}` for `HS…`, or leave `algorithms` to RSA and curves",
            );
        }
        (TokenKeys::Text(template), Some(list))
            if template.source.contains("clientSecret") && list.iter().any(|algorithm| algorithm.family() != KeyFamily::Secret) =>
        {
            reader.complain(
                place,
                "the client secret is no public key",
                "with `keys: ${clientSecret}` the algorithms are `HS256`, `HS384` and `HS512`",
            );
        }
        _ => {}
    }
}

/// Complains about an issuer that no token names.
fn check_issuer_can_match(template: &Template, reader: &mut Reader) {
    let Some(issuer) = template.as_literal() else { return };
    if issuer.trim().is_empty() || matches!(&*issuer, "any" | "*") {
        let help = "write the issuer exactly as the token's `iss` says it; several are a list";
        reader.complain(template.place, format!("no token names `{}` as its issuer", issuer.trim()), help);
    } else if issuer.contains("/.well-known/") {
        let help = "write the issuer that the document names, such as `https://idp.example`";
        reader.complain(template.place, "this is the address of a document, and no token names it as its issuer", help);
    }
}

/// Whether every audience is accepted.
fn is_any(audience: &[Template]) -> bool {
    matches!(audience, [one] if one.as_literal().as_deref() == Some("any"))
}

/// The accepted audiences, or complaints about one that no token names.
fn checked_audience(
    audience: &[Template],
    context: &SignedTokenContext<'_>,
    token: Option<&Template>,
    reader: &mut Reader,
) -> Vec<Template> {
    for template in audience {
        let Some(text) = template.as_literal() else { continue };
        if text == "any" {
            let help = "write `audience: any` alone to accept every audience, or take it out of the list";
            reader.complain(template.place, "`any` beside other audiences", help);
        } else if text.trim().is_empty() {
            reader.complain(
                template.place,
                "no token is issued for an empty audience",
                "write `${clientId}`, or the audience that the token names",
            );
        }
    }
    let is_id_token =
        context.discovery && context.kind == StepKind::GetAccessCode && token.is_some_and(|token| &*token.source == "${idToken}");
    let client = context.client_id.filter(|_| is_id_token);
    if let (Some(client), Some(first)) = (client, audience.first())
        && audience.iter().all(|template| template.as_literal().is_some_and(|text| text != client))
    {
        let help = "an ID token names the client that it was issued to: leave `audience` out, or add `${clientId}`";
        reader.complain(first.place, format!("the ID token is issued for `{client}`, which is not among these"), help);
    }
    audience.to_vec()
}

/// How old the token may be.
fn compile_expiry(spec: &SignedTokenSpec, is_direct: bool, reader: &mut Reader) -> TokenExpiry {
    let is_optional = spec.exp == Some(ExpiryRequirement::Optional);
    let max_age = spec.max_age.as_ref().map(|age| i64::try_from(age.value.0.as_secs()).unwrap_or(i64::MAX));
    if is_optional && max_age.is_none() && !is_direct {
        let help = "add `maxAge: 5m`, so that the token's `iat` says how old it may be";
        reader.complain(spec.place, "a token that was issued long ago would be accepted: it does not come directly from this call", help);
    }
    TokenExpiry { is_optional, max_age }
}

/// Complains about a condition that looks at no claim.
fn check_claim_condition(condition: &Condition, place: Place, reader: &mut Reader) {
    if condition.paths().is_empty() {
        let help = "write the claim as a path into the token: `at: $.acr`; conditions on facts stand in `require` at the top of the file";
        reader.complain(place, "`require` of a signed token looks at its claims", help);
    }
}

/// Whether the token must repeat the nonce of the login. A token of the token answer proves the login only with it; a person's data
/// elsewhere are bound to the login by the access token, and most providers do not repeat it there.
fn compile_nonce(spec: &SignedTokenSpec, context: &SignedTokenContext<'_>, is_the_access_token: bool, reader: &mut Reader) -> bool {
    let by_default = context.nonce_is_sent && context.kind == StepKind::GetAccessCode && !is_the_access_token;
    let is_required = spec.nonce.map_or(by_default, |nonce| nonce == NonceRequirement::Required);
    let is_id_token = context.kind == StepKind::GetAccessCode && !is_the_access_token;
    if context.discovery && is_id_token && !context.nonce_is_sent && spec.nonce.is_none() {
        let help = "add `nonce: \"${nonce}\"` to the request, or write `signed: { nonce: none }` for a provider that does not know it";
        reader.complain(spec.place, "nothing ties this token to the login: the request does not send the nonce", help);
    }
    if is_required && !context.nonce_is_sent {
        reader.complain(
            spec.place,
            "the token has to repeat a nonce that is never sent",
            "add `extra: { nonce: \"${nonce}\" }` to getAuthorizationCode",
        );
    }
    is_required
}
