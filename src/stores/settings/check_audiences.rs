//! Complaints about the audiences of access tokens: for whom an app asks, and which service looks tokens up.

use crate::stores::settings::apps::AppSpec;
use crate::vocabulary::diagnostic::did_you_mean;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::Reader;

/// Checks the audiences that an app may ask for, and those that it is itself.
pub(crate) fn check_audiences(name: &Located<String>, app: &AppSpec, apps: &[&(Located<String>, AppSpec)], reader: &mut Reader) {
    for audience in app.audience.iter().flat_map(|list| &list.0) {
        if audience.is_empty() || audience.len() > 200 || !audience.bytes().all(|byte| byte.is_ascii_graphic()) {
            let help = "write its address, such as `https://api.loja.example`, or a name without blanks";
            reader.complain(audience.place, format!("`{}` is not the name of a service", audience.value), help);
        } else if audience.contains('#') {
            let help = "write it without `#` and what follows";
            reader.complain(audience.place, format!("`{}` has a fragment, which `resource` cannot name", audience.value), help);
        } else if apps.iter().any(|(other, _)| other.value == audience.value && other.value != name.value) {
            let help = "give the service an audience of its own, such as `https://api.loja.example`";
            let message = format!("access tokens of this app would seem to be meant for the app `{}`", audience.value);
            reader.complain(audience.place, message, help);
        }
    }
    if let Some(first) = app.serves.as_ref().and_then(|list| list.0.first()).filter(|_| app.is_public()) {
        let help = "give the app a secret, or leave `serves` out";
        reader.complain(first.place, format!("with `secret: none` any program could look up tokens as the app `{}`", name.value), help);
        return;
    }
    for audience in app.serves.iter().flat_map(|list| &list.0) {
        check_is_asked_for(audience, apps, "so there is no token to look up", reader);
    }
}

/// An audience that no app asks for is written wrong.
pub(crate) fn check_is_asked_for(audience: &Located<String>, apps: &[&(Located<String>, AppSpec)], so: &str, reader: &mut Reader) {
    let known: Vec<&str> = apps.iter().flat_map(|(name, app)| audiences_of(name, app)).collect();
    if known.contains(&audience.as_str()) || apps.iter().any(|(_, app)| reader.is_unusable_word(app.place, "audience")) {
        return;
    }
    let help = match did_you_mean(audience, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write one of the audiences below `apps`, exactly as it stands there".to_owned(),
    };
    reader.complain(audience.place, format!("no app of this store asks for the audience `{}`, {so}", audience.value), help);
}

/// For whom an app may ask: the audiences of its block, or its own name.
fn audiences_of<'s>(name: &'s Located<String>, app: &'s AppSpec) -> Vec<&'s str> {
    let written = app.audience.as_ref().map(|list| list.0.iter().map(|audience| audience.value.as_str()).collect());
    written.unwrap_or_else(|| vec![name.value.as_str()])
}
