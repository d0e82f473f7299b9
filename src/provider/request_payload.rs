//! The query and the body of a call, as written or as the standard defines them, and the place of the credentials.

use crate::provider::call::CallSpec;
use crate::provider::credentials::ClientAuthMethod;
use crate::provider::facts::WellKnownFacts;
use crate::provider::functions::Function;
use crate::provider::parameters::{self, JsonTemplate, Parameter, check_no_paths};
use crate::provider::pkce::Pkce;
use crate::provider::standard::{self, StandardRequestChanges, StandardValue, TokenGrant};
use crate::provider::step::{BasicCredentials, NegotiatedCredentials, StepBody, StepKind};
use crate::provider::step_context::StepContext;
use crate::provider::template::{Template, TemplatePiece};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::Method;
use crate::vocabulary::words::{NamedValues, Reader};

/// The parameters of a form that carry the credentials of the client.
const CREDENTIALS: &[&str] = &["client_id", "client_secret"];
/// The one of them that is secret.
const SECRET: &[&str] = &["client_secret"];

/// The body and the query of a call.
pub(crate) struct RequestPayload {
    /// The parameters of the query.
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: StepBody,
    /// The credentials, when they are sent in a header.
    pub(crate) basic: Option<BasicCredentials>,
    /// The credentials in a header instead, where the file leaves that to the issuer.
    pub(crate) negotiated: Option<NegotiatedCredentials>,
}

impl RequestPayload {
    /// Compiles the body and the query of a call, as written or as the standard defines them.
    pub(crate) fn compile(
        spec: &mut CallSpec,
        kind: StepKind,
        method: Method,
        context: &StepContext<'_>,
        sends_assertion: bool,
        reader: &mut Reader,
    ) -> Self {
        let place = spec.place;
        let written = spec.is_written();
        let (rename, extra) = (spec.rename.take().unwrap_or_default(), spec.extra.take().unwrap_or_default());
        // The standard requests of getAccessCode, getClientToken and `prepare` prove who the client is.
        let is_standard_proof = kind != StepKind::GetUserInfo && !written;
        let written_method = spec.credentials.as_ref().map(|credentials| credentials.value);
        let auth_method = written_method.unwrap_or(match method {
            _ if !is_standard_proof => ClientAuthMethod::None,
            Method::Post => ClientAuthMethod::Form,
            Method::Get => ClientAuthMethod::Query,
        });
        let credentials = CallCredentials {
            method: auth_method,
            place: spec.credentials.as_ref().map_or(place, |credentials| credentials.place),
            parameters: standard::credential_parameters(auth_method, context.has_secret, sends_assertion),
        };
        if auth_method == ClientAuthMethod::Form && method == Method::Get && is_standard_proof {
            reader.complain(credentials.place, "a standard request by `get` has no form", "write `credentials: query`, or call by `post`");
        }
        let changed: Vec<String> =
            rename.0.iter().map(|(name, _)| name).chain(extra.0.iter().map(|(name, _)| name)).map(|name| name.value.clone()).collect();
        let mut payload = Self { query: Vec::new(), body: StepBody::None, basic: credentials.basic(context.has_secret), negotiated: None };
        let changes = StandardRequestChanges { rename: &rename, extra: &extra, place };
        let added = if written {
            changes.check_are_none("put the parameter into `query`, `form` or `json`, or take these out", reader);
            payload.query = spec.query.take().map_or_else(Vec::new, |query| parameters::compile(&query.0, reader));
            payload.body = written_body(spec, context.known, reader);
            credentials.compile_parameters(&NamedValues::default(), reader)
        } else {
            let (list, added) = credentials.standard_request(kind, method, context, &changes, reader);
            match method {
                Method::Get => payload.query = list,
                Method::Post if list.is_empty() => {}
                Method::Post => payload.body = StepBody::Form(list),
            }
            added
        };
        payload.add_credentials(&credentials, added, method, reader);
        let changes_credentials = CREDENTIALS.iter().any(|name| changed.iter().any(|changed| changed == name));
        let is_open = is_standard_proof && written_method.is_none() && context.discovery && context.has_secret && !sends_assertion;
        if is_open && !changes_credentials {
            // A pushed authorization request names its client in any case.
            let in_header = if kind == StepKind::GetAuthorizationCode { SECRET } else { CREDENTIALS };
            payload.negotiated = payload.without_credentials(in_header, place);
        }
        payload
    }

    /// The form without the parameters that the header carries instead.
    fn without_credentials(&self, in_header: &[&str], place: Place) -> Option<NegotiatedCredentials> {
        let StepBody::Form(form) = &self.body else { return None };
        let form = form.iter().filter(|parameter| !in_header.contains(&&*parameter.name)).cloned().collect();
        Some(NegotiatedCredentials { form, basic: BasicCredentials { encoded: true, has_secret: true, place } })
    }

    /// Adds the parameters that carry the credentials to the query or the body.
    fn add_credentials(&mut self, credentials: &CallCredentials, added: Vec<Parameter>, method: Method, reader: &mut Reader) {
        match (credentials.method, &mut self.body) {
            (ClientAuthMethod::Form, StepBody::Form(form)) => form.extend(added),
            (ClientAuthMethod::Form, StepBody::None) if method == Method::Post && !added.is_empty() => self.body = StepBody::Form(added),
            (ClientAuthMethod::Form, StepBody::None) if !added.is_empty() => {
                reader.complain(
                    credentials.place,
                    "a call by `get` has no form",
                    "write `credentials: query` or `basic`, or call by `post`",
                );
            }
            (ClientAuthMethod::Form, StepBody::Json(JsonTemplate::Object(members))) => {
                members.extend(added.into_iter().flat_map(|parameter| {
                    let name = Template::literal(&parameter.name, credentials.place);
                    parameter.values.into_iter().map(move |value| (name.clone(), JsonTemplate::Text(value)))
                }));
            }
            (ClientAuthMethod::Form, StepBody::Json(_) | StepBody::Text(_)) => {
                reader.complain(
                    credentials.place,
                    "there is no form into which the credentials could go",
                    "place `${clientId}` and `${clientSecret}` in the body by hand, or write `credentials: basic`",
                );
            }
            (ClientAuthMethod::Query, _) => self.query.extend(added),
            _ => {}
        }
    }
}

/// How a call sends the credentials of the client.
struct CallCredentials {
    method: ClientAuthMethod,
    place: Place,
    /// The standard names and values of the parameters that carry them.
    parameters: Vec<(&'static str, StandardValue)>,
}

impl CallCredentials {
    /// The credentials, when they are sent in a header.
    fn basic(&self, has_secret: bool) -> Option<BasicCredentials> {
        let encoded = self.method == ClientAuthMethod::BasicEncoded;
        matches!(self.method, ClientAuthMethod::Basic | ClientAuthMethod::BasicEncoded).then_some(BasicCredentials {
            encoded,
            has_secret,
            place: self.place,
        })
    }

    fn compile_parameters(&self, rename: &NamedValues<Located<String>>, reader: &mut Reader) -> Vec<Parameter> {
        let compile = |(name, value): &(&'static str, StandardValue)| {
            let renamed = rename.0.iter().find(|(old, _)| old.value == *name).map_or(*name, |(_, new)| new.value.as_str());
            Parameter::new(renamed, value.to_template(self.place, reader))
        };
        self.parameters.iter().map(compile).collect()
    }

    /// The parameters of the standard request, and those of the credentials that stand apart from them.
    fn standard_request(
        &self,
        kind: StepKind,
        method: Method,
        context: &StepContext<'_>,
        changes: &StandardRequestChanges<'_>,
        reader: &mut Reader,
    ) -> (Vec<Parameter>, Vec<Parameter>) {
        match kind {
            StepKind::GetAccessCode => self.token_request(method, (context.grant, context.pkce), changes, reader),
            StepKind::GetClientToken => self.token_request(method, (TokenGrant::ClientCredentials, context.pkce), changes, reader),
            StepKind::GetAuthorizationCode => {
                let list = standard::authorization_parameters(
                    context.pkce,
                    context.has_scope,
                    context.sends_state,
                    context.discovery,
                    changes,
                    reader,
                );
                // The authorization request names the client already.
                let mut added = self.compile_parameters(&NamedValues::default(), reader);
                added.retain(|parameter| *parameter.name != *"client_id");
                (list, added)
            }
            StepKind::GetUserInfo => {
                let added = self.compile_parameters(&NamedValues::default(), reader);
                (standard::user_parameters(changes, reader), added)
            }
        }
    }

    /// The parameters of a standard request for a token, and those of the credentials that stand apart from them.
    fn token_request(
        &self,
        method: Method,
        (grant, pkce): (TokenGrant, Pkce),
        changes: &StandardRequestChanges<'_>,
        reader: &mut Reader,
    ) -> (Vec<Parameter>, Vec<Parameter>) {
        // Credentials in the query stand apart from a form; everywhere else they are part of the list, so that they can be renamed.
        if self.method != ClientAuthMethod::Query || method != Method::Post {
            return (standard::token_parameters(grant, pkce, changes, reader, &self.parameters), Vec::new());
        }
        let apart = self.compile_parameters(changes.rename, reader);
        let is_apart = |old: &str| self.parameters.iter().any(|(name, _)| *name == old);
        let rename_in_list = NamedValues(changes.rename.0.iter().filter(|(old, _)| !is_apart(&old.value)).cloned().collect());
        let changes = StandardRequestChanges { rename: &rename_in_list, extra: changes.extra, place: changes.place };
        (standard::token_parameters(grant, pkce, &changes, reader, &[]), apart)
    }
}

fn written_body(spec: &mut CallSpec, known: WellKnownFacts, reader: &mut Reader) -> StepBody {
    let (form, json, text) = (spec.form.take(), spec.json.take(), spec.text.take());
    if [form.is_some(), json.is_some(), text.is_some()].iter().filter(|written| **written).count() > 1 {
        reader.complain(spec.place, "this call has more than one body", "keep one of `form`, `json` and `text`");
    }
    if let Some(json) = json {
        check_no_paths(json.templates(), reader);
        return StepBody::Json(json);
    }
    if let Some(text) = text {
        check_no_paths([&text], reader);
        check_xml_is_escaped(&text, known, reader);
        return StepBody::Text(text);
    }
    form.map_or(StepBody::None, |form| StepBody::Form(parameters::compile(&form.0, reader)))
}

/// Warns about a value that stands in XML as it is.
fn check_xml_is_escaped(text: &Template, known: WellKnownFacts, reader: &mut Reader) {
    let own = [known.now, known.state, known.nonce, known.code_challenge, known.code_verifier];
    let is_xml = matches!(text.pieces().first(), Some(TemplatePiece::Literal(start)) if start.trim_start().starts_with('<'));
    for hole in text.holes().filter(|_| is_xml) {
        let is_plain =
            hole.functions().last().is_some_and(Function::writes_xml_text) || hole.bare_fact().is_some_and(|fact| own.contains(&fact));
        if !is_plain {
            let help = format!("write `${{{} | xmlEscape}}`, outside of CDATA", hole.label());
            reader.warn(hole.place, "this value stands in XML as it is: it could end its element and write others", help);
        }
    }
}
