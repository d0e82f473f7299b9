//! The query and the body of a call, as written or as the standard defines them, and the place of the credentials.

use crate::provider::call::CallSpec;
use crate::provider::credentials::ClientAuthMethod;
use crate::provider::parameters::{self, JsonTemplate, Parameter, ParameterValues, check_no_paths};
use crate::provider::standard::{self, StandardRequestChanges};
use crate::provider::step::{BasicCredentials, StepBody, StepKind};
use crate::provider::step_context::StepContext;
use crate::provider::template::Template;
use crate::vocabulary::place::Located;
use crate::vocabulary::wire::Method;
use crate::vocabulary::words::{NamedValues, Reader};

/// The body and the query of a call.
pub(crate) struct RequestPayload {
    /// The parameters of the query.
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: StepBody,
    /// The credentials, when they are sent in a header.
    pub(crate) basic: Option<BasicCredentials>,
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
        let is_standard_token = kind == StepKind::GetAccessCode && !written;
        let credentials = spec.credentials.as_ref().map(|credentials| credentials.value);
        let credentials = credentials.unwrap_or(match method {
            _ if !is_standard_token => ClientAuthMethod::None,
            Method::Post => ClientAuthMethod::Form,
            Method::Get => ClientAuthMethod::Query,
        });
        let credentials_place = spec.credentials.as_ref().map_or(place, |credentials| credentials.place);
        if credentials == ClientAuthMethod::Form && method == Method::Get && is_standard_token {
            reader.complain(credentials_place, "a standard request by `get` has no form", "write `credentials: query`, or call by `post`");
        }
        let (mut query, mut body) = (Vec::new(), StepBody::None);
        let carried = standard::credential_parameters(credentials, context.has_secret, sends_assertion);
        let mut added = Vec::new();
        if written {
            check_changes_nothing(&rename, &extra, reader);
            query = spec.query.take().map_or_else(Vec::new, |query| parameters::compile(&query.0, reader));
            body = written_body(spec, reader);
            added = carried.iter().map(|(name, value)| Parameter::new(name, value.to_template(credentials_place, reader))).collect();
        } else {
            let shaping = StandardRequestChanges { rename: &rename, extra: &extra, place };
            let list = match kind {
                StepKind::GetAccessCode => {
                    // Credentials in the query stand apart from a form; everywhere else they are part of the list, so that they can be renamed.
                    let apart = credentials == ClientAuthMethod::Query && method == Method::Post;
                    if apart {
                        added = carried
                            .iter()
                            .map(|(name, value)| {
                                let renamed =
                                    rename.0.iter().find(|(old, _)| old.value == *name).map_or(*name, |(_, new)| new.value.as_str());
                                Parameter::new(renamed, value.to_template(credentials_place, reader))
                            })
                            .collect();
                    }
                    let rename_in_list = NamedValues(
                        rename.0.iter().filter(|(old, _)| !apart || !carried.iter().any(|(name, _)| *name == old.value)).cloned().collect(),
                    );
                    standard::token_parameters(
                        context.pkce,
                        &StandardRequestChanges { rename: &rename_in_list, ..shaping },
                        reader,
                        if apart { &[] } else { &carried },
                    )
                }
                StepKind::GetUserInfo | StepKind::GetAuthorizationCode => {
                    added =
                        carried.iter().map(|(name, value)| Parameter::new(name, value.to_template(credentials_place, reader))).collect();
                    standard::user_parameters(&shaping, reader)
                }
            };
            match method {
                Method::Get => query = list,
                Method::Post if list.is_empty() => {}
                Method::Post => body = StepBody::Form(list),
            }
        }
        match (credentials, &mut body) {
            (ClientAuthMethod::Form, StepBody::Form(form)) => form.extend(added),
            (ClientAuthMethod::Form, StepBody::None) if method == Method::Post && !added.is_empty() => body = StepBody::Form(added),
            (ClientAuthMethod::Form, StepBody::None) if !added.is_empty() => {
                reader.complain(
                    credentials_place,
                    "a call by `get` has no form",
                    "write `credentials: query` or `basic`, or call by `post`",
                );
            }
            (ClientAuthMethod::Form, StepBody::Json(JsonTemplate::Object(members))) => {
                members.extend(added.into_iter().flat_map(|parameter| {
                    let name = Template::literal(&parameter.name, credentials_place);
                    parameter.values.into_iter().map(move |value| (name.clone(), JsonTemplate::Text(value)))
                }));
            }
            (ClientAuthMethod::Form, StepBody::Json(_) | StepBody::Text(_)) => {
                reader.complain(
                    credentials_place,
                    "there is no form into which the credentials could go",
                    "place `${clientId}` and `${clientSecret}` in the body by hand, or write `credentials: basic`",
                );
            }
            (ClientAuthMethod::Query, _) => query.extend(added),
            _ => {}
        }
        let encoded = credentials == ClientAuthMethod::BasicEncoded;
        let basic = matches!(credentials, ClientAuthMethod::Basic | ClientAuthMethod::BasicEncoded).then_some(BasicCredentials {
            encoded,
            has_secret: context.has_secret,
            place: credentials_place,
        });
        Self { query, body, basic }
    }
}

/// Complains about words that change the standard request, in a request that is written out.
fn check_changes_nothing(rename: &NamedValues<Located<String>>, extra: &NamedValues<ParameterValues>, reader: &mut Reader) {
    let first_places = [("rename", rename.0.first().map(|(name, _)| name.place)), ("extra", extra.0.first().map(|(name, _)| name.place))];
    for (word, first) in first_places {
        if let Some(place) = first {
            reader.complain(
                place,
                format!("`{word}` changes the standard request, and this request is written out"),
                "put the parameter into `query`, `form` or `json`, or take these out",
            );
        }
    }
}

fn written_body(spec: &mut CallSpec, reader: &mut Reader) -> StepBody {
    let (form, json, text) = (spec.form.take(), spec.json.take(), spec.text.take());
    if usize::from(form.is_some()) + usize::from(json.is_some()) + usize::from(text.is_some()) > 1 {
        reader.complain(spec.place, "this call has more than one body", "keep one of `form`, `json` and `text`");
    }
    if let Some(json) = json {
        check_no_paths(json.templates(), reader);
        return StepBody::Json(json);
    }
    if let Some(text) = text {
        check_no_paths([&text], reader);
        return StepBody::Text(text);
    }
    form.map_or(StepBody::None, |form| StepBody::Form(parameters::compile(&form.0, reader)))
}
