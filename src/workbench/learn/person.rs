//! Chooses the values of the answers that describe the person: by their names, by what they look like, and by what stands
//! beside them.

use crate::provider::json_path::is_plain_key;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::answers::vocabulary::{
    is_about_others as is_about_other_people, is_about_passing, is_about_something_else, is_address_of_others, is_family_name,
    is_key_of_person_id, is_whole_name, is_wrapper, means_proven, mentions_email, names_no_person,
};
use crate::workbench::learn::document::{DocumentLeaf, leaves_of};
use crate::workbench::learn::email_verified::{email_verified_fact, is_of_this_person, verified_flag_beside};
use crate::workbench::learn::ids::{UNSURE_ID, id_score, is_weak_id_key, raise_corroborated_ids, unnamed_ids};
use crate::workbench::learn::people::People;
use crate::workbench::learn::person_names::{name_candidates, unnamed_names};
use crate::workbench::learn::pictures::picture_fact;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// An answer that may describe the person, in each login of the recording.
pub(crate) struct PersonSource {
    /// Added to the score of every value in it.
    pub(crate) weight: i32,
    /// Its document in each login.
    pub(crate) documents: Vec<Option<Value>>,
}

/// A fact about the person, with the line that reads it.
pub(crate) struct ChosenFact {
    /// The index of its source.
    pub(crate) source: usize,
    pub(crate) entry: YamlLine,
    /// Whether only its place suggests that this is about the e-mail address.
    pub(crate) is_doubtful: bool,
}

/// A value that may be the fact.
pub(crate) struct FactCandidate {
    /// The index of its source.
    pub(crate) source: usize,
    /// The index of the login that holds it.
    pub(crate) login: usize,
    pub(crate) score: i32,
    /// The path or template that reads it.
    pub(crate) reading: String,
    pub(crate) keys: Vec<PathSegment>,
}

pub(crate) fn choose_person_facts(sources: &[PersonSource]) -> Vec<ChosenFact> {
    let mut chosen = Vec::new();
    let people = People::of(sources);
    let mut ids = find_candidates(sources, id_score);
    raise_corroborated_ids(&mut ids, sources);
    people.judge_ids(&mut ids, sources);
    lower_incomplete_ids(&mut ids);
    ids.sort_by_key(|id| Reverse(id.score));
    let best = ids.first();
    let is_found = best.is_some_and(|id| id.score >= LEAST_SURE);
    let is_sure = is_found && best.is_some_and(is_sure_id);
    if !is_sure {
        ids.extend(unnamed_ids(sources, &people));
    }
    let beside: Option<(usize, Vec<PathSegment>)> = ids
        .iter()
        .max_by_key(|id| id.score)
        .and_then(|id| Some((id.source, id.keys.split_last()?.1.to_vec())))
        .filter(|(_, above)| !above.is_empty());
    chosen.extend(pick_best("id", ids, if is_sure { "the person's id, by its name" } else { UNSURE_ID }, |_, other| is_sure_id(other)));
    let mut mails = find_candidates(sources, email_score);
    people.judge_facts(&mut mails, sources);
    keep_named_addresses(&mut mails);
    // The claim is that of the address which is chosen, also among equals.
    mails.sort_by_key(|candidate| Reverse(candidate.score));
    let verified = mails.first().and_then(|mail| email_verified_fact(mail, sources));
    let address = pick_best("email", mails, "looks like an e-mail address", is_address_too);
    // The claim of one address says nothing of another one.
    let is_of_one = address.as_ref().is_some_and(|address| !matches!(address.entry.value, YamlValue::List(_)));
    chosen.extend(address);
    chosen.extend(verified.map(|verified| ChosenFact { is_doubtful: verified.is_doubtful || !is_of_one, ..verified }));
    let mut names = name_candidates(sources);
    people.judge_facts(&mut names, sources);
    raise_facts_beside(beside.as_ref(), &mut names);
    if names.iter().all(|name| name.score < LEAST_SURE) {
        names.extend(unnamed_names(sources, &people));
    }
    chosen.extend(pick_best("name", names, "the person's name, by its name", |_, _| true));
    chosen.extend(picture_fact(sources, |pictures| raise_facts_beside(beside.as_ref(), pictures)));
    chosen.extend(pick_best("locale", find_candidates(sources, locale_score), "a language, by its name and look", |_, _| true));
    chosen
}

/// Whether the key of an id is that of a person's, and what is above it is not about others.
fn is_sure_id(id: &FactCandidate) -> bool {
    let mut keys = id.keys.iter().rev().filter_map(PathSegment::key);
    let is_named = keys.next().is_some_and(|key| is_key_of_person_id(key) && !is_weak_id_key(key));
    let is_in_list = id.keys.iter().any(|key| matches!(key, PathSegment::Index(_)));
    id.score >= LEAST_SURE && is_named && !is_in_list && keys.all(|key| is_wrapper(key) && !names_no_person(key))
}

/// Whether an address may stand in for a better one where that is missing: it is beside it, or what is above it names no other person.
fn is_address_too(best: &FactCandidate, other: &FactCandidate) -> bool {
    let above = |fact: &FactCandidate| fact.keys.split_last().map_or_else(Vec::new, |(_, above)| above.to_vec());
    other.score >= LEAST_SURE && (above(best) == above(other) || is_of_this_person(&above(other)))
}

/// Lowers the ids that not every login has, if another one is in more of them: a person who lacks the id cannot sign in.
fn lower_incomplete_ids(ids: &mut [FactCandidate]) {
    const INCOMPLETE: i32 = 70;
    let logins_of = |id: &FactCandidate, ids: &[FactCandidate]| {
        let same = ids.iter().filter(|other| other.source == id.source && other.reading == id.reading);
        same.map(|other| other.login).collect::<BTreeSet<usize>>().len()
    };
    let counts: Vec<usize> = ids.iter().map(|id| logins_of(id, ids)).collect();
    let most = counts.iter().max().copied().unwrap_or(0);
    // What is the same in all apps of an owner is worth an alternative.
    let is_wider = |id: &FactCandidate| id.keys.last().and_then(PathSegment::key).is_some_and(|key| normalize_key(key) == "unionid");
    for (id, _) in ids.iter_mut().zip(counts).filter(|(id, count)| *count < most && !is_wider(id)) {
        id.score -= INCOMPLETE;
    }
}

/// Leaves only the values that are called addresses, if the best one is: a login name may look like an address that no person has.
fn keep_named_addresses(mails: &mut Vec<FactCandidate>) {
    let is_named = |mail: &FactCandidate| {
        let mut keys = mail.keys.iter().filter_map(PathSegment::key);
        keys.any(|key| mentions_email(key) || normalize_key(key) == "userprincipalname")
    };
    if mails.iter().max_by_key(|mail| mail.score).is_some_and(is_named) {
        mails.retain(is_named);
    }
}

/// Raises the facts that stand beside the id: another member of the answer may describe the same person at another provider.
fn raise_facts_beside(id: Option<&(usize, Vec<PathSegment>)>, facts: &mut [FactCandidate]) {
    const BESIDE: i32 = 12;
    let Some((source, above)) = id else { return };
    let is_beside = |fact: &FactCandidate| fact.source == *source && fact.keys.split_last().is_some_and(|(_, own)| own == above.as_slice());
    facts.iter_mut().filter(|fact| is_beside(fact)).for_each(|fact| fact.score += BESIDE);
}

/// Below this score, a value without a telling name may be the better choice.
const LEAST_SURE: i32 = 1;

/// Every value that fits, in every source and login.
pub(crate) fn find_candidates(sources: &[PersonSource], score: fn(&DocumentLeaf, &Value) -> Option<i32>) -> Vec<FactCandidate> {
    let mut all = Vec::new();
    for (source, place) in sources.iter().enumerate() {
        for (login, value) in place.documents.iter().enumerate() {
            let Some(value) = value else { continue };
            for leaf in leaves_of(value).into_iter().filter(|leaf| !leaf.text.is_empty()) {
                let Some(points) = score(&leaf, value) else { continue };
                let Some(keys) = transferable_path(&leaf, value) else { continue };
                all.push(FactCandidate { source, login, score: points + place.weight, reading: write_path(&keys), keys });
            }
        }
    }
    all
}

/// The best candidate, followed by others of the same answer for logins that lack it, where those may stand in for the best one.
pub(crate) fn pick_best(
    fact: &str,
    mut all: Vec<FactCandidate>,
    reason: &str,
    stands_in: impl Fn(&FactCandidate, &FactCandidate) -> bool,
) -> Option<ChosenFact> {
    all.sort_by_key(|candidate| Reverse(candidate.score));
    let best = all.first()?;
    let source = best.source;
    let logins = all.iter().map(|candidate| candidate.login).max().unwrap_or(0) + 1;
    let mut readings = vec![best.reading.clone()];
    for login in 0..logins {
        let of_login = || all.iter().filter(|candidate| candidate.source == source && candidate.login == login);
        if !of_login().any(|candidate| readings.contains(&candidate.reading))
            && let Some(next) = of_login().find(|other| stands_in(best, other))
        {
            readings.push(next.reading.clone());
        }
    }
    let value = match <[String; 1]>::try_from(readings) {
        Ok([only]) => YamlValue::Text(only),
        Err(several) => YamlValue::List(several.into_iter().map(YamlValue::Text).collect()),
    };
    Some(ChosenFact { source, entry: YamlLine::with_comment(fact, value, reason), is_doubtful: false })
}

/// A path that finds the same value in another person's answer: the primary element of a list, not the third.
pub(crate) fn transferable_path(leaf: &DocumentLeaf, value: &Value) -> Option<Vec<PathSegment>> {
    let mut keys = Vec::new();
    let mut current = value;
    for key in &leaf.keys {
        match key {
            PathSegment::Key(name) => {
                current = current.get(name)?;
                keys.push(key.clone());
            }
            PathSegment::Index(at) => {
                let list = current.as_array()?;
                current = list.get(*at)?;
                let is_mail = looks_like_email(&leaf.text) || !leaf.name().is_empty() && means_proven(leaf.name());
                keys.push(match list_filter(list, current).or_else(|| proof_filter(current).filter(|_| is_mail)) {
                    Some(Ok(filter)) => PathSegment::Query(filter),
                    None if *at == 0 => PathSegment::Index(0),
                    Some(Err(())) | None => return None,
                });
            }
            PathSegment::Query(_) => return None,
        }
    }
    Some(keys)
}

/// The members of an element of a list, and those one level below, with their paths.
fn members_with_paths(element: &Value) -> Vec<(String, &str, &Value)> {
    let plain = |members: &'_ serde_json::Map<String, Value>| {
        members.iter().filter(|(name, _)| is_plain_key(name)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let Some(members) = element.as_object() else { return Vec::new() };
    let mut all = Vec::new();
    for (name, value) in members.iter().filter(|(name, _)| is_plain_key(name)) {
        all.push((format!("@.{name}"), name.as_str(), value));
    }
    for (name, value) in members.iter().filter(|(name, _)| is_plain_key(name)) {
        let Some(below) = value.as_object() else { continue };
        for inner in plain(below) {
            if let Some((known, value)) = below.get_key_value(&inner) {
                all.push((format!("@.{name}.{inner}"), known.as_str(), value));
            }
        }
    }
    all
}

/// The filter that selects the entry whose address is proven, in a list of entries that hold little else.
fn proof_filter(element: &Value) -> Option<Result<String, ()>> {
    let members = members_with_paths(element);
    let has_address = members.iter().any(|(_, _, value)| value.as_str().is_some_and(looks_like_email));
    let says_more = members.iter().filter(|(_, _, value)| value.is_string()).count() > 4
        || members.iter().any(|(_, name, _)| is_whole_name(&normalize_key(name)) || is_family_name(&normalize_key(name)));
    if !has_address || says_more {
        return None;
    }
    let flag = members.iter().find(|(_, name, value)| value.is_boolean() && means_proven(name));
    if let Some((path, _, value)) = flag {
        return Some(if **value == Value::Bool(true) { Ok(format!("[?{path} == true]")) } else { Err(()) });
    }
    let state = members
        .iter()
        .find(|(_, name, value)| is_state_key(name) && value.as_str().is_some_and(|word| word.chars().all(char::is_alphanumeric)));
    state.map(|(path, _, value)| {
        let word = value.as_str().unwrap_or_default();
        if means_proven(word) { Ok(format!("[?{path} == \"{word}\"]")) } else { Err(()) }
    })
}

/// Whether this is the key of a state.
pub(crate) fn is_state_key(name: &str) -> bool {
    matches!(normalize_key(name).as_str(), "status" | "state" | "estado" | "stato" | "statut" | "etat" | "stan" | "zustand")
}

/// The filter that selects an element of a list; `Err` where the element is not the one that is wanted.
fn list_filter(list: &[Value], element: &Value) -> Option<Result<String, ()>> {
    let members = element.as_object()?;
    for (path, name, value) in members_with_paths(element) {
        if matches!(normalize_key(name).as_str(), "primary" | "isprimary" | "default" | "isdefault" | "main") && value.is_boolean() {
            return Some(if value == &Value::Bool(true) { Ok(format!("[?{path} == true]")) } else { Err(()) });
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
            return Some(if is_mail(text) { Ok(format!("[?@.{name} == \"{text}\"]")) } else { Err(()) });
        }
    }
    None
}

pub(crate) fn depth_penalty(leaf: &DocumentLeaf) -> i32 {
    i32::try_from(leaf.keys.len()).unwrap_or(i32::MAX) * 2
}

/// Whether a key above says that this value is about something other than the person.
pub(crate) fn is_about_others(leaf: &DocumentLeaf) -> bool {
    let names: Vec<&str> = leaf.keys.iter().filter_map(PathSegment::key).collect();
    names.split_last().is_some_and(|(_, above)| {
        above.iter().any(|name| is_about_something_else(&normalize_key(name)) || is_about_passing(&normalize_key(name)))
    })
}

/// The first element of a list at the top may be anything, so it is taken only where there is nothing better.
pub(crate) fn list_penalty(leaf: &DocumentLeaf) -> i32 {
    if matches!(leaf.keys.first(), Some(PathSegment::Index(_))) { 20 } else { 0 }
}

fn email_score(leaf: &DocumentLeaf, value: &Value) -> Option<i32> {
    if !looks_like_email(&leaf.text) || is_address_of_others(leaf.name()) {
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
    let verified_bonus = if verified_flag_beside(leaf, value).is_some() { 15 } else { 0 };
    let above = leaf.keys.iter().rev().skip(1).filter_map(PathSegment::key);
    // The owner of a token is the person who logs in.
    if above.clone().any(|name| is_about_other_people(name) && normalize_key(name) != "owner") {
        return None;
    }
    let others = if is_about_others(leaf) && !above.clone().any(|name| normalize_key(name).contains("account")) { 30 } else { 0 };
    Some(points - depth_penalty(leaf) - others + verified_bonus)
}

fn locale_score(leaf: &DocumentLeaf, _: &Value) -> Option<i32> {
    let text = leaf.text.as_bytes();
    let shape =
        matches!(text.len(), 2 | 5) && text[..2].iter().all(u8::is_ascii_lowercase) && (text.len() == 2 || matches!(text[2], b'-' | b'_'));
    let points = match normalize_key(leaf.name()).as_str() {
        "locale" => 100,
        "language" => 95,
        "preferredlanguage" => 94,
        "languagecode" => 92,
        "lang" => 90,
        _ => return None,
    };
    let is_part = leaf.keys.iter().rev().skip(1).any(|key| matches!(key, PathSegment::Key(name) if normalize_key(name).contains("locale")));
    (shape && !is_part).then(|| points - depth_penalty(leaf))
}
