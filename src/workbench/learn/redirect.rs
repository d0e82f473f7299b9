//! Writes the first step: the address to which the browser was sent, and what is read from the callback.

use crate::provider::callback::StateLocation;
use crate::provider::json;
use crate::provider::pkce::Pkce;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_random;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::learn::address::address_template;
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::linking::RequestOf;
use crate::workbench::learn::login_learner::{LoginLearner, ValueOrigin, shortened_name};
use crate::workbench::learn::names::to_camel_case;
use crate::workbench::learn::parameter_signature::find_signature;
use crate::workbench::learn::request_places::RequestPlace;
use crate::workbench::learn::request_shape::{RequestShape, SentParameter, parameter_entries, shortest_shape};
use crate::workbench::recorded_exchange::host_of;

/// An address that the issuer's document names, so that the file does not have to.
fn published_endpoint<'l>(learner: &'l LoginLearner<'_>, key: &str) -> Option<&'l str> {
    learner.issuer.as_ref()?.1.get(key)?.as_str()
}

/// The request of the first step. What is read from the callback is added later, when all calls are known.
pub(crate) fn redirect_request_entries(learner: &mut LoginLearner<'_>) -> Vec<YamlLine> {
    let redirect = learner.login.redirect;
    let mut words = Vec::new();
    let is_published = published_endpoint(learner, "authorization_endpoint") == Some(redirect.base());
    let base = if is_published { redirect.base().to_owned() } else { redirect_address(learner) };
    let fragment = redirect.fragment().map_or_else(String::new, |fragment| format!("#{fragment}"));
    if !is_published || !fragment.is_empty() {
        words.push(YamlLine::with_comment(
            "get",
            YamlValue::Text(format!("{base}{fragment}")),
            "the browser was sent here, and came back with the state",
        ));
    }
    let redirect_parameters = redirect.query();
    let mut sent = Vec::new();
    for (at, (name, value)) in redirect_parameters.iter().enumerate() {
        let differs =
            learner.logins.iter().any(|other| other.redirect.query().iter().any(|(known, other)| known == name && other != value));
        let (text, comment) =
            if normalize_key(name) == "nonce" && looks_random(value) && learner.known.expression_for(value).is_none() && differs {
                learner.known.add("nonce", value);
                ("${nonce}".to_owned(), Some("differs in each login".to_owned()))
            } else {
                let nth = redirect_parameters[..at].iter().filter(|(known, _)| known == name).count();
                let sent = learner.sent(RequestOf::Redirect, RequestPlace::Parameter(name, nth), name, value);
                learner.write_value(&sent, redirect.at, true)
            };
        sent.push(SentParameter { name: name.clone(), value: text, comment });
    }
    let scope = sent_scope(learner);
    let usual_scope = learner.issuer.is_some() && scope.as_deref() == Some("openid email profile");
    if let Some(scope) = scope.filter(|_| !usual_scope) {
        words.push(YamlLine::new("scope", YamlValue::Text(scope)));
    }
    let state_in = state_location(learner);
    if state_in == Some(StateLocation::Path) {
        words.push(YamlLine::new("query", YamlValue::Block(parameter_entries(&sent))));
    } else {
        push_shape(shortest_shape(&standard_redirect_parameters(learner), &sent), "query", &mut words);
    }
    if let Some(location) = state_in {
        words.push(YamlLine::with_comment("stateIn", YamlValue::text(location.word()), comment_on_state(location)));
    }
    words
}

/// How it was seen where the state comes back.
fn comment_on_state(location: StateLocation) -> &'static str {
    match location {
        StateLocation::RedirectQuery => "the state comes back in the query of the redirect address",
        StateLocation::Query | StateLocation::Path | StateLocation::Cookie => "no parameter of the callback repeats one that was sent",
    }
}

/// The scope of the redirect, or of what was pushed before it.
fn sent_scope(learner: &LoginLearner<'_>) -> Option<String> {
    learner.login.first_parameters().into_iter().find(|(name, _)| name == "scope").map(|(_, scope)| scope)
}

/// The parameters of the standard authorization request.
pub(crate) fn standard_redirect_parameters(learner: &LoginLearner<'_>) -> Vec<(&'static str, String)> {
    let mut standard =
        vec![("response_type", "code".to_owned()), ("client_id", "${clientId}".to_owned()), ("redirect_uri", "${redirectUri}".to_owned())];
    if sent_scope(learner).is_some() || learner.issuer.is_some() {
        standard.push(("scope", "${scope}".to_owned()));
    }
    if state_location(learner).is_none() {
        standard.push(("state", "${state}".to_owned()));
    }
    if learner.issuer.is_some() {
        standard.push(("nonce", "${nonce}".to_owned()));
    }
    let challenge = match learner.pkce {
        Pkce::S256 => Some("${codeChallenge}"),
        Pkce::Plain => Some("${codeVerifier}"),
        Pkce::Off => None,
    };
    if let Some(challenge) = challenge {
        standard.push(("code_challenge", challenge.to_owned()));
        standard.push(("code_challenge_method", learner.pkce.word().to_owned()));
    }
    standard
}

/// The address of the first step, with an input in place of the host's first label where it differs between logins.
fn redirect_address(learner: &mut LoginLearner<'_>) -> String {
    let base = learner.login.redirect.base();
    let host = host_of(base);
    let Some((label, tail)) = host.split_once('.').filter(|(_, tail)| tail.contains('.')) else {
        return address_template(learner, RequestOf::Redirect, base);
    };
    let mut others = learner.logins.iter().map(|other| host_of(other.redirect.base())).filter(|other| *other != host).peekable();
    if others.peek().is_none() || !others.all(|other| other.split_once('.').is_some_and(|(_, other)| other == tail)) {
        return address_template(learner, RequestOf::Redirect, base);
    }
    let named =
        learner.login.callback_parameters.iter().find(|(_, value)| value == host || value == label).map(|(name, _)| to_camel_case(name));
    let input = named.unwrap_or_else(|| "shop".to_owned());
    let written = base.replacen(label, &format!("${{{input}}}"), 1);
    learner.input = Some(input);
    learner.hosts.push(host.to_owned());
    written
}

pub(crate) fn push_shape(shape: RequestShape, written: &str, words: &mut Vec<YamlLine>) {
    match shape {
        RequestShape::Written(all) if all.is_empty() => {}
        RequestShape::Written(all) => words.push(YamlLine::new(written, YamlValue::Block(all))),
        RequestShape::Standard { rename, extra } => {
            for (word, list) in [("rename", rename), ("extra", extra)] {
                if !list.is_empty() {
                    words.push(YamlLine::new(word, YamlValue::Block(list)));
                }
            }
        }
    }
}

/// Where the state comes back, if it is no parameter of the callback.
pub(crate) fn state_location(learner: &LoginLearner<'_>) -> Option<StateLocation> {
    if learner.login.state.is_some() {
        return None;
    }
    Some(state_in_address(&learner.login.redirect_uri).map_or(StateLocation::Cookie, |(location, _)| location))
}

/// The state that stands in a redirect address, and where: at its end, or in its query.
pub(crate) fn state_in_address(redirect_uri: &str) -> Option<(StateLocation, &str)> {
    let places = [StateLocation::RedirectQuery, StateLocation::Path].into_iter();
    let mut found = places.filter_map(|location| Some((location, redirect_uri.rsplit_once(location.separator_before_state()?)?.1)));
    found.next().filter(|(_, state)| looks_random(state))
}

/// Adds how the callback comes and what is read from it; returns the `identity` that reads a name only the callback has.
pub(crate) fn push_callback_entries(learner: &LoginLearner<'_>, has_name: bool, words: &mut Vec<YamlLine>) -> Option<YamlLine> {
    let login = learner.login;
    let by_post = learner.logins.iter().filter(|other| other.callback.method == "POST").count();
    if by_post == learner.logins.len() {
        words.push(YamlLine::with_comment("callback", YamlValue::text("post"), "the browser came back with a form"));
    } else if by_post > 0 {
        words.push(YamlLine::with_comment(
            "callback",
            YamlValue::text("either"),
            "the browser came back with a form in some logins, and without in others",
        ));
    }
    let mut read = Vec::new();
    let mut codes: Vec<&str> = vec![&login.code_parameter];
    codes.extend(learner.logins.iter().map(|other| other.code_parameter.as_str()).filter(|code| *code != login.code_parameter));
    codes.dedup();
    let path = |name: &str| write_path(&[PathSegment::Key(name.to_owned())]);
    if codes != ["code"] {
        let value = if let [only] = codes[..] {
            YamlValue::Text(path(only))
        } else {
            YamlValue::List(codes.iter().map(|name| YamlValue::Text(path(name))).collect())
        };
        read.push(YamlLine::with_comment(
            "code",
            value,
            format!("the callback's parameter {} was sent with the token call", shortened_name(&login.code_parameter)),
        ));
    }
    let state = login.state.as_ref().and_then(|state| login.callback_parameters.iter().find(|(_, value)| value == state));
    if let Some((name, _)) = state.filter(|(name, _)| name != "state") {
        read.push(YamlLine::with_comment("state", YamlValue::Text(path(name)), "the state came back here"));
    }
    read.extend(learner.reads.iter().filter(|(origin, _)| *origin == ValueOrigin::Callback).map(|(_, entry)| entry.clone()));
    let identity = if has_name { None } else { name_in_callback(learner, &mut read) };
    if let Some(signature) =
        find_signature(&login.callback_parameters, &learner.known, true).filter(|signature| !signature.needs_private_key)
    {
        words.push(YamlLine::new("verify", YamlValue::Block(signature.words)));
    }
    if !read.is_empty() {
        words.push(YamlLine::new("read", YamlValue::Block(read)));
    }
    identity
}

/// A name that only the callback has, in a parameter that holds JSON.
fn name_in_callback(learner: &LoginLearner<'_>, read: &mut Vec<YamlLine>) -> Option<YamlLine> {
    let parameters = learner.logins.iter().flat_map(|login| &login.callback_parameters).filter(|(_, value)| value.starts_with('{'));
    for (parameter, value) in parameters {
        let Ok(document) = json::parse(value.as_bytes()) else { continue };
        let leaves = leaves_of(&document);
        let find =
            |words: [&str; 3]| leaves.iter().find(|leaf| words.contains(&normalize_key(leaf.name()).as_str())).map(DocumentLeaf::path);
        let inside = write_path(&[PathSegment::Key(parameter.clone())]);
        let mut add = |fact: &str, at: &str| {
            read.push(YamlLine::with_comment(
                fact,
                YamlValue::Text(format!("${{{inside} | json \"{at}\"}}")),
                "a name that only the callback has",
            ));
        };
        let parts = (find(["firstname", "givenname", "given"]), find(["lastname", "familyname", "family"]));
        let name = match (parts, find(["name", "fullname", "displayname"])) {
            ((Some(first), last), _) => {
                add("firstName", &first);
                last.map_or_else(
                    || "${firstName}".to_owned(),
                    |last| {
                        add("lastName", &last);
                        "${firstName} ${lastName?}".to_owned()
                    },
                )
            }
            (_, Some(name)) => {
                add("ownName", &name);
                "${ownName}".to_owned()
            }
            _ => continue,
        };
        return Some(YamlLine::new("identity", YamlValue::Block(vec![YamlLine::new("name", YamlValue::Text(name))])));
    }
    None
}
