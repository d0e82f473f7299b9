//! Which values of the answers are the person: by what they are called, by how they look, and by what stands beside them.

use crate::workbench::draft::{Entry, Piece};
use crate::workbench::learn::document::{Key, Leaf, is_plain, leaves_of, path};
use crate::workbench::learn::look::{is_address, is_email, plain};
use serde_json::Value;

/// An answer in which a person may be found, in each login of the recording.
pub struct Source {
    /// How much rather it is looked at than others.
    pub weight: i32,
    /// What it said in each login.
    pub said: Vec<Option<Value>>,
}

/// A fact about the person: in which source, and how it is read.
pub struct Chosen {
    /// The number of the source.
    pub source: usize,
    /// The word.
    pub entry: Entry,
    /// Whether only its place tells that this is about the e-mail.
    pub is_doubtful: bool,
}

struct Candidate {
    source: usize,
    login: usize,
    score: i32,
    how: String,
    keys: Vec<Key>,
}

/// Chooses who the person is.
pub fn choose(sources: &[Source]) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    let mut ids = candidates(sources, id_score);
    prefer_company(&mut ids, sources);
    chosen.extend(pick("id", ids, "the person's id, by its name"));
    let mails = candidates(sources, email_score);
    let verified = mails.iter().max_by_key(|candidate| candidate.score).and_then(|mail| proof(mail, sources));
    chosen.extend(pick("email", mails, "looks like an e-mail address"));
    chosen.extend(verified);
    chosen.extend(pick("name", names(sources), "the person's name, by its name"));
    chosen.extend(pictures(sources));
    chosen.extend(pick("locale", candidates(sources, locale_score), "a language, by its name and look"));
    chosen
}

fn candidates(sources: &[Source], score: fn(&Leaf, &Value) -> Option<i32>) -> Vec<Candidate> {
    let mut all = Vec::new();
    for (source, place) in sources.iter().enumerate() {
        for (login, value) in place.said.iter().enumerate() {
            let Some(value) = value else { continue };
            for leaf in leaves_of(value) {
                let Some(points) = score(&leaf, value) else { continue };
                let Some(keys) = through_lists(&leaf, value) else { continue };
                all.push(Candidate { source, login, score: points + place.weight, how: path(&keys), keys });
            }
        }
    }
    all
}

/// The best candidate, and behind it others of the same answer for logins in which it is not there.
fn pick(fact: &str, mut all: Vec<Candidate>, because: &str) -> Option<Chosen> {
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
        Ok([only]) => Piece::Text(only),
        Err(several) => Piece::List(several.into_iter().map(Piece::Text).collect()),
    };
    Some(Chosen { source, entry: Entry::because(fact, value, because), is_doubtful: false })
}

/// A path that finds the same in another person's answer: the primary element of a list, not the third.
fn through_lists(leaf: &Leaf, value: &Value) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    let mut here = value;
    for key in &leaf.keys {
        match key {
            Key::Name(name) => {
                here = here.get(name)?;
                keys.push(key.clone());
            }
            Key::At(at) => {
                let list = here.as_array()?;
                here = list.get(*at)?;
                keys.push(match mark(list, here) {
                    Some(Ok(mark)) => Key::Where(mark),
                    Some(Err(())) => return None,
                    None if *at == 0 => Key::At(0),
                    None => return None,
                });
            }
            Key::Where(_) => return None,
        }
    }
    Some(keys)
}

/// How an element of a list is told from the others; `Err` for one that is not the right one.
fn mark(list: &[Value], element: &Value) -> Option<Result<String, ()>> {
    let members = element.as_object()?;
    for (name, value) in members.iter().filter(|(name, _)| is_plain(name)) {
        if matches!(plain(name).as_str(), "primary" | "isprimary" | "default" | "isdefault" | "main") && value.is_boolean() {
            return Some(if value == &Value::Bool(true) { Ok(format!("[?@.{name} == true]")) } else { Err(()) });
        }
    }
    for (name, value) in members.iter().filter(|(name, _)| is_plain(name)) {
        if matches!(plain(name).as_str(), "type" | "kind")
            && list.iter().all(|other| other.get(name).is_some())
            && let Some(text) = value.as_str().filter(|text| text.chars().all(|letter| letter.is_ascii_alphanumeric()))
        {
            let is_mail = |text: &str| matches!(plain(text).as_str(), "mail" | "email");
            if !list.iter().any(|other| other.get(name).and_then(Value::as_str).is_some_and(is_mail)) {
                continue;
            }
            let right = is_mail(text);
            return Some(if right { Ok(format!("[?@.{name} == \"{text}\"]")) } else { Err(()) });
        }
    }
    None
}

fn depth(leaf: &Leaf) -> i32 {
    i32::try_from(leaf.keys.len()).unwrap_or(i32::MAX) * 2
}

/// Things that are not the person although they have ids and names.
const OTHERS: &[&str] = &[
    "team",
    "company",
    "organization",
    "organisation",
    "org",
    "workspace",
    "role",
    "group",
    "site",
    "app",
    "client",
    "bot",
    "device",
    "tenant",
    "account",
    "guild",
    "city",
    "country",
    "bio",
    "tier",
    "plan",
    "license",
    "location",
    "error",
    "meta",
    "self",
    "bikes",
    "shoes",
    "clubs",
];

fn is_about_others(leaf: &Leaf) -> bool {
    let names: Vec<String> = leaf.keys.iter().filter_map(|key| if let Key::Name(name) = key { Some(plain(name)) } else { None }).collect();
    names.split_last().is_some_and(|(_, above)| {
        above.iter().any(|name| OTHERS.contains(&name.as_str()) || OTHERS.iter().any(|other| *name == format!("{other}s")))
    })
}

fn id_score(leaf: &Leaf, _: &Value) -> Option<i32> {
    if leaf.text.len() > 255 || matches!(leaf.text.as_str(), "true" | "false") {
        return None;
    }
    let name = plain(leaf.name());
    let points = match name.as_str() {
        "sub" => 100,
        "id" => 95,
        "uid" => 92,
        "userid" => 90,
        "unionid" => 89,
        "accountid" => 88,
        "uuid" => 91,
        "openid" => 85,
        "loginid" | "memberid" | "personid" | "customerid" | "idcliente" => 80,
        "number" => 40,
        name if name.ends_with("id") && !name.contains("client") && !name.contains("app") && !name.contains("session") => 30,
        _ => return None,
    };
    let others = if is_about_others(leaf) { 50 } else { 0 };
    // An address is where something lies, not who somebody is.
    let address = if is_address(&leaf.text) && name != "sub" { 20 } else { 0 };
    Some(points - depth(leaf) - others - address - in_list(leaf))
}

/// The first of a bare list may be anything; it is taken where there is nothing better.
fn in_list(leaf: &Leaf) -> i32 {
    if matches!(leaf.keys.first(), Some(Key::At(_))) { 20 } else { 0 }
}

/// An id stands beside a name or an address.
fn prefer_company(ids: &mut [Candidate], sources: &[Source]) {
    for id in ids {
        let above = id.keys.split_last().map_or(&[][..], |(_, above)| above);
        let Some(value) = sources[id.source].said[id.login].as_ref() else { continue };
        let beside = leaves_of(value)
            .into_iter()
            .filter(|leaf| leaf.keys.len() == above.len() + 1 && path(&leaf.keys[..above.len()]) == path(above));
        let beside: Vec<Leaf> = beside.collect();
        if beside.iter().any(|leaf| is_email(&leaf.text)) {
            id.score += 15;
        }
        if beside.iter().any(|leaf| plain(leaf.name()).ends_with("name")) {
            id.score += 5;
        }
    }
}

fn email_score(leaf: &Leaf, value: &Value) -> Option<i32> {
    if !is_email(&leaf.text) {
        return None;
    }
    let name = plain(leaf.name());
    let points = match name.as_str() {
        "email" => 100,
        "defaultemail" | "primaryemail" | "confirmedemail" | "verifiedemail" => 98,
        "mail" | "emailaddress" => 97,
        name if name.contains("mail") => 90,
        "login" | "user" | "username" | "userprincipalname" | "upn" | "preferredusername" | "value" | "address" => 60,
        _ => 40,
    };
    let proven = if beside(leaf, value).is_some() { 15 } else { 0 };
    let others = if is_about_others(leaf) && !leaf.keys.iter().any(|key| matches!(key, Key::Name(name) if plain(name).contains("account")))
    {
        30
    } else {
        0
    };
    Some(points - depth(leaf) - others + proven)
}

/// The name of what stands beside an address and says whether it is proven.
fn beside(leaf: &Leaf, value: &Value) -> Option<String> {
    let (_, above) = leaf.keys.split_last()?;
    let mut here = value;
    for key in above {
        here = match key {
            Key::Name(name) => here.get(name)?,
            Key::At(at) => here.get(*at)?,
            Key::Where(_) => return None,
        };
    }
    let members = here.as_object()?;
    let rank = |name: &str| match plain(name).as_str() {
        "emailverified" | "verifiedemail" | "isemailverified" | "emailisverified" | "mailverified" => Some(0),
        name if name.contains("mail") && (name.contains("verif") || name.contains("confirm")) => Some(1),
        "verified" | "isverified" | "confirmed" | "isconfirmed" | "checked" | "verifiedat" | "confirmedat" => Some(2),
        _ => None,
    };
    let is_flag = |value: &Value| !value.is_object() && !value.is_array() && !value.as_str().is_some_and(is_email);
    let mut flags: Vec<(u8, &String)> =
        members.iter().filter(|(_, value)| is_flag(value)).filter_map(|(name, _)| Some((rank(name)?, name))).collect();
    flags.sort_unstable();
    flags.first().map(|(_, name)| (*name).clone())
}

/// How it is read whether the address is proven.
fn proof(mail: &Candidate, sources: &[Source]) -> Option<Chosen> {
    let (_, above) = mail.keys.split_last()?;
    let mut found: Option<(String, Vec<String>)> = None;
    for value in sources[mail.source].said.iter().flatten() {
        for leaf in leaves_of(value) {
            let same_place = through_lists(&leaf, value).is_some_and(|keys| path(&keys) == mail.how);
            if let Some(name) = beside(&leaf, value).filter(|_| same_place) {
                let mut flag = leaf.keys.clone();
                flag.pop();
                flag.push(Key::Name(name.clone()));
                let text = leaves_of(value).into_iter().find(|other| other.keys == flag).map_or_else(String::new, |leaf| leaf.text);
                found.get_or_insert_with(|| (name, Vec::new())).1.push(text);
            }
        }
    }
    let (name, said) = found?;
    let mut keys = above.to_vec();
    keys.push(Key::Name(name.clone()));
    let in_list = above.iter().any(|key| matches!(key, Key::Where(_)));
    let is_doubtful = !plain(&name).contains("mail") && !in_list;
    let yes =
        said.iter().find(|text| matches!(text.to_lowercase().as_str(), "yes" | "y" | "confirmed" | "verified" | "checked" | "active"));
    let value = match yes {
        Some(word) => Piece::Block(vec![Entry::new("at", Piece::Text(path(&keys))), Entry::new("is", Piece::text(word.clone()))]),
        None => Piece::Text(path(&keys)),
    };
    let because = if is_doubtful {
        "it stands beside the address; decide whether it is about the address"
    } else {
        "says whether the address is proven"
    };
    Some(Chosen { source: mail.source, entry: Entry::because("emailVerified", value, because), is_doubtful })
}

fn name_rank(name: &str) -> Option<i32> {
    Some(match name {
        "name" => 100,
        "globalname" => 99,
        "fullname" | "realname" | "nomecompleto" | "nome" => 98,
        "displayname" | "publicname" => 97,
        "screenname" => 70,
        "nickname" | "nick" => 72,
        "battletag" | "gamertag" | "loginname" => 65,
        "username" | "login" | "vanity" | "handle" => 60,
        name if name.ends_with("ownername") || name.ends_with("displayname") => 90,
        _ => return None,
    })
}

fn name_score(leaf: &Leaf, _: &Value) -> Option<i32> {
    if is_address(&leaf.text) || leaf.text.starts_with("urn:") || leaf.text.len() > 200 {
        return None;
    }
    let own = plain(leaf.name());
    // An address is a name only where there is no other.
    let address = match (is_email(&leaf.text), own.as_str()) {
        (true, "name") => 60,
        (true, _) => return None,
        (false, _) => 0,
    };
    let points = name_rank(&own)?;
    let others = if is_about_others(leaf) { 60 } else { 0 };
    Some(points - depth(leaf) - others - in_list(leaf) - address)
}

/// Whole names, and names in two parts.
fn names(sources: &[Source]) -> Vec<Candidate> {
    let mut all = candidates(sources, name_score);
    let given = candidates(sources, |leaf, _| {
        matches!(plain(leaf.name()).as_str(), "givenname" | "firstname" | "given" | "forename").then(|| -depth(leaf))
    });
    for first in given {
        let (Some((_, above)), Some(value)) = (first.keys.split_last(), sources[first.source].said[first.login].as_ref()) else { continue };
        let base = path(above);
        let family = leaves_of(value).into_iter().find(|leaf| {
            let near = leaf.keys.split_last().is_some_and(|(_, other)| path(other) == base);
            near && matches!(plain(leaf.name()).as_str(), "familyname" | "lastname" | "surname" | "family")
        });
        let family = family.map(|leaf| leaf.path());
        let how = family.map_or_else(|| first.how.clone(), |last| format!("${{{}}} ${{{last}?}}", first.how));
        all.push(Candidate { score: 88 + first.score, how, ..first });
    }
    all.extend(names_by_language(sources));
    // What is an address in one login is no good name in another either.
    let scores: Vec<(String, i32)> = all.iter().map(|candidate| (candidate.how.clone(), candidate.score)).collect();
    for candidate in &mut all {
        let worst = scores.iter().filter(|(how, _)| *how == candidate.how).map(|(_, score)| *score).min();
        candidate.score = worst.unwrap_or(candidate.score);
    }
    all
}

/// Names that stand once for each language: whichever it is.
fn names_by_language(sources: &[Source]) -> Vec<Candidate> {
    let mut all = Vec::new();
    for (source, place) in sources.iter().enumerate() {
        for (login, value) in place.said.iter().enumerate() {
            let leaves = value.as_ref().map_or_else(Vec::new, leaves_of);
            let find = |words: [&str; 2]| {
                let found = leaves.iter().find(|leaf| {
                    let is_language = leaf.text.len() < 200 && leaf.name().len() == 5 && leaf.name().as_bytes()[2] == b'_';
                    is_language && leaf.keys.iter().any(|key| matches!(key, Key::Name(name) if words.contains(&plain(name).as_str())))
                });
                found.map(|leaf| {
                    let mut keys = leaf.keys.clone();
                    keys.pop();
                    keys.push(Key::Where(".*".to_owned()));
                    keys
                })
            };
            if let Some(first) = find(["firstname", "givenname"]) {
                let family = find(["lastname", "familyname"]).map_or_else(String::new, |last| format!(" ${{{}?}}", path(&last)));
                let how = format!("${{{}}}{family}", path(&first));
                all.push(Candidate { source, login, score: 80 + place.weight, how, keys: first });
            }
        }
    }
    all
}

/// A picture; what is escaped for HTML behind a question mark is better left away.
fn pictures(sources: &[Source]) -> Option<Chosen> {
    let mut found = pick("picture", candidates(sources, picture_score), "an address of a picture, by its name")?;
    let said = sources[found.source].said.iter().flatten().flat_map(leaves_of);
    if let Piece::Text(how) = &found.entry.value {
        let is_escaped = said.into_iter().any(|leaf| leaf.path() == *how && leaf.text.contains("&amp;"));
        if is_escaped {
            let ways = [format!("${{{how} | before \"?\"}}"), how.clone()];
            found.entry.value = Piece::List(ways.into_iter().map(Piece::Text).collect());
        }
    }
    Some(found)
}

fn picture_score(leaf: &Leaf, _: &Value) -> Option<i32> {
    if !is_address(&leaf.text) {
        return None;
    }
    let rank = |name: &str| {
        let words = [
            ("picture", 100),
            ("avatar", 95),
            ("photo", 90),
            ("image", 85),
            ("headimg", 85),
            ("icon", 60),
            ("figure", 60),
            ("thumb", 50),
            ("img", 70),
            ("pic", 70),
        ];
        words
            .into_iter()
            .find(|(word, _)| name.contains(word))
            .map(|(_, points)| points)
            .or((name == "profile" || name.starts_with("profilemedium")).then_some(55))
    };
    let own = rank(&plain(leaf.name()));
    let above = leaf.keys.iter().rev().skip(1).find_map(|key| if let Key::Name(name) = key { rank(&plain(name)) } else { None });
    let points = own.or(above.map(|points| points - 2))?;
    let others = if is_about_others(leaf) { 50 } else { 0 };
    // Of several sizes the largest.
    let size =
        leaf.name().split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse::<i32>().ok()).max().unwrap_or(0);
    Some((points - depth(leaf) - others) * 1000 / 1000 + i32::from(size > 0) * (size.min(400) / 100))
}

fn locale_score(leaf: &Leaf, _: &Value) -> Option<i32> {
    let text = leaf.text.as_bytes();
    let shape =
        matches!(text.len(), 2 | 5) && text[..2].iter().all(u8::is_ascii_lowercase) && (text.len() == 2 || matches!(text[2], b'-' | b'_'));
    let points = match plain(leaf.name()).as_str() {
        "locale" => 100,
        "language" => 95,
        "preferredlanguage" => 94,
        "lang" => 90,
        _ => return None,
    };
    let is_part = leaf.keys.iter().rev().skip(1).any(|key| matches!(key, Key::Name(name) if plain(name).contains("locale")));
    (shape && !is_part).then(|| points - depth(leaf))
}
