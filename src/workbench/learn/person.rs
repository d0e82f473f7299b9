//! Which values of the answers are the person: by what they are called, by how they look, and by what stands beside them.

use crate::provider::json_path::is_plain_key;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::answers::vocabulary::{is_about_something_else, mentions_email};
use crate::workbench::draft::{DraftEntry, DraftValue};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::email_verified::{email_verified_fact, verified_flag_beside};
use crate::workbench::learn::ids::{UNSURE_ID, id_score, is_weak_id_key, raise_corroborated_ids};
use crate::workbench::learn::person_names::name_candidates;
use crate::workbench::learn::pictures::picture_fact;
use serde_json::Value;

/// An answer in which a person may be found, in each login of the recording.
pub(crate) struct PersonSource {
    /// How much rather it is looked at than others.
    pub(crate) weight: i32,
    /// What it said in each login.
    pub(crate) said: Vec<Option<Value>>,
}

/// A fact about the person: in which source, and how it is read.
pub(crate) struct ChosenFact {
    /// The number of the source.
    pub(crate) source: usize,
    pub(crate) entry: DraftEntry,
    /// Whether only its place tells that this is about the e-mail.
    pub(crate) is_doubtful: bool,
}

/// A value that may be what is looked for.
pub(crate) struct FactCandidate {
    /// The number of its source.
    pub(crate) source: usize,
    /// The login in which it stands.
    pub(crate) login: usize,
    /// How well it fits.
    pub(crate) score: i32,
    /// How it is read.
    pub(crate) how: String,
    pub(crate) keys: Vec<PathSegment>,
}

/// Chooses who the person is.
pub(crate) fn choose_person_facts(sources: &[PersonSource]) -> Vec<ChosenFact> {
    let mut chosen = Vec::new();
    let mut ids = find_candidates(sources, id_score);
    raise_corroborated_ids(&mut ids, sources);
    let is_sure = ids.iter().max_by_key(|id| id.score).is_none_or(|id| id.keys.last().is_some_and(|key| !is_weak_id_key(key)));
    chosen.extend(pick_best("id", ids, if is_sure { "the person's id, by its name" } else { UNSURE_ID }));
    let mails = find_candidates(sources, email_score);
    let verified = mails.iter().max_by_key(|candidate| candidate.score).and_then(|mail| email_verified_fact(mail, sources));
    chosen.extend(pick_best("email", mails, "looks like an e-mail address"));
    chosen.extend(verified);
    chosen.extend(pick_best("name", name_candidates(sources), "the person's name, by its name"));
    chosen.extend(picture_fact(sources));
    chosen.extend(pick_best("locale", find_candidates(sources, locale_score), "a language, by its name and look"));
    chosen
}

/// Every value that fits, in every source and login.
pub(crate) fn find_candidates(sources: &[PersonSource], score: fn(&DocumentLeaf, &Value) -> Option<i32>) -> Vec<FactCandidate> {
    let mut all = Vec::new();
    for (source, place) in sources.iter().enumerate() {
        for (login, value) in place.said.iter().enumerate() {
            let Some(value) = value else { continue };
            for leaf in leaves_of(value) {
                let Some(points) = score(&leaf, value) else { continue };
                let Some(keys) = transferable_path(&leaf, value) else { continue };
                all.push(FactCandidate { source, login, score: points + place.weight, how: write_path(&keys), keys });
            }
        }
    }
    all
}

/// The best candidate, and behind it others of the same answer for logins in which it is not there.
pub(crate) fn pick_best(fact: &str, mut all: Vec<FactCandidate>, because: &str) -> Option<ChosenFact> {
    all.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    let best = all.first()?;
    let source = best.source;
    let logins = all.iter().map(|candidate| candidate.login).max().unwrap_or(0) + 1;
    let mut ways = vec![best.how.clone()];
    for login in 0..logins {
        let here = || all.iter().filter(|candidate| candidate.source == source && candidate.login == login);
        if !here().any(|candidate| ways.contains(&candidate.how))
            && let Some(next) = here().next()
        {
            ways.push(next.how.clone());
        }
    }
    let value = match <[String; 1]>::try_from(ways) {
        Ok([only]) => DraftValue::Text(only),
        Err(several) => DraftValue::List(several.into_iter().map(DraftValue::Text).collect()),
    };
    Some(ChosenFact { source, entry: DraftEntry::with_reason(fact, value, because), is_doubtful: false })
}

/// A path that finds the same in another person's answer: the primary element of a list, not the third.
pub(crate) fn transferable_path(leaf: &DocumentLeaf, value: &Value) -> Option<Vec<PathSegment>> {
    let mut keys = Vec::new();
    let mut here = value;
    for key in &leaf.keys {
        match key {
            PathSegment::Key(name) => {
                here = here.get(name)?;
                keys.push(key.clone());
            }
            PathSegment::Index(at) => {
                let list = here.as_array()?;
                here = list.get(*at)?;
                keys.push(match list_filter(list, here) {
                    Some(Ok(mark)) => PathSegment::Query(mark),
                    None if *at == 0 => PathSegment::Index(0),
                    Some(Err(())) | None => return None,
                });
            }
            PathSegment::Query(_) => return None,
        }
    }
    Some(keys)
}

/// How an element of a list is told from the others; `Err` for one that is not the right one.
fn list_filter(list: &[Value], element: &Value) -> Option<Result<String, ()>> {
    let members = element.as_object()?;
    for (name, value) in members.iter().filter(|(name, _)| is_plain_key(name)) {
        if matches!(normalize_key(name).as_str(), "primary" | "isprimary" | "default" | "isdefault" | "main") && value.is_boolean() {
            return Some(if value == &Value::Bool(true) { Ok(format!("[?@.{name} == true]")) } else { Err(()) });
        }
    }
    for (name, value) in members.iter().filter(|(name, _)| is_plain_key(name)) {
        if matches!(normalize_key(name).as_str(), "type" | "kind")
            && list.iter().all(|other| other.get(name).is_some())
            && let Some(text) = value.as_str().filter(|text| text.chars().all(|letter| letter.is_ascii_alphanumeric()))
        {
            let is_mail = |text: &str| matches!(normalize_key(text).as_str(), "mail" | "email");
            if !list.iter().any(|other| other.get(name).and_then(Value::as_str).is_some_and(is_mail)) {
                continue;
            }
            let right = is_mail(text);
            return Some(if right { Ok(format!("[?@.{name} == \"{text}\"]")) } else { Err(()) });
        }
    }
    None
}

/// The deeper, the less likely.
pub(crate) fn depth_penalty(leaf: &DocumentLeaf) -> i32 {
    i32::try_from(leaf.keys.len()).unwrap_or(i32::MAX) * 2
}

/// Whether something above says that this is about somebody or something else.
pub(crate) fn is_about_others(leaf: &DocumentLeaf) -> bool {
    let names: Vec<&str> = leaf.keys.iter().filter_map(PathSegment::key).collect();
    names.split_last().is_some_and(|(_, above)| above.iter().any(|name| is_about_something_else(&normalize_key(name))))
}

/// The first of a bare list may be anything; it is taken where there is nothing better.
pub(crate) fn list_penalty(leaf: &DocumentLeaf) -> i32 {
    if matches!(leaf.keys.first(), Some(PathSegment::Index(_))) { 20 } else { 0 }
}

fn email_score(leaf: &DocumentLeaf, value: &Value) -> Option<i32> {
    if !looks_like_email(&leaf.text) {
        return None;
    }
    let name = normalize_key(leaf.name());
    let points = match name.as_str() {
        "email" => 100,
        "defaultemail" | "primaryemail" | "confirmedemail" | "verifiedemail" => 98,
        "mail" | "emailaddress" => 97,
        name if mentions_email(name) => 90,
        "login" | "user" | "username" | "userprincipalname" | "upn" | "preferredusername" | "value" | "address" => 60,
        _ => 40,
    };
    let proven = if verified_flag_beside(leaf, value).is_some() { 15 } else { 0 };
    let others = if is_about_others(leaf)
        && !leaf.keys.iter().any(|key| matches!(key, PathSegment::Key(name) if normalize_key(name).contains("account")))
    {
        30
    } else {
        0
    };
    Some(points - depth_penalty(leaf) - others + proven)
}

fn locale_score(leaf: &DocumentLeaf, _: &Value) -> Option<i32> {
    let text = leaf.text.as_bytes();
    let shape =
        matches!(text.len(), 2 | 5) && text[..2].iter().all(u8::is_ascii_lowercase) && (text.len() == 2 || matches!(text[2], b'-' | b'_'));
    let points = match normalize_key(leaf.name()).as_str() {
        "locale" => 100,
        "language" => 95,
        "preferredlanguage" => 94,
        "lang" => 90,
        _ => return None,
    };
    let is_part = leaf.keys.iter().rev().skip(1).any(|key| matches!(key, PathSegment::Key(name) if normalize_key(name).contains("locale")));
    (shape && !is_part).then(|| points - depth_penalty(leaf))
}
