//! The ways in which the requests of a file go wrong, by rule.

use crate::repair::damage::other_case;
use crate::repair::tree::Tree;

/// A damage: its kind, what was damaged, and the damaged file.
pub type Damage = (&'static str, String, Tree);

/// Words by which parameters are known elsewhere.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("client_id", "app_id"),
    ("client_secret", "app_secret"),
    ("code", "auth_code"),
    ("redirect_uri", "callback_url"),
    ("access_token", "token"),
    ("grant_type", "grant"),
];

fn other_name(name: &str) -> String {
    OTHER_NAMES.iter().find(|(known, _)| *known == name).map_or_else(|| other_case(name), |(_, other)| (*other).to_owned())
}

/// The calls of a file: the way to each, and its step.
fn calls(file: &Tree) -> Vec<(Vec<String>, &'static str)> {
    let mut list = Vec::new();
    for step in ["getAuthorizationCode", "getAccessCode", "getUserInfo"] {
        match file.get(step) {
            Some(Tree::List(items)) => (0..items.len()).for_each(|at| list.push((vec![step.to_owned(), at.to_string()], step))),
            Some(_) => list.push((vec![step.to_owned()], step)),
            None => {}
        }
    }
    list
}

struct Damaged<'a> {
    file: &'a Tree,
    call: Vec<&'a str>,
    step: &'static str,
    list: Vec<Damage>,
}

impl Damaged<'_> {
    fn word(&self, word: &str) -> Option<&Tree> {
        self.file.at(&self.call)?.get(word)
    }

    fn set(&mut self, kind: &'static str, word: &str, below: &[&str], value: Option<Tree>) {
        let way: Vec<&str> = self.call.iter().copied().chain([word]).chain(below.iter().copied()).collect();
        let what = format!("{} → {}", way.join("."), value.as_ref().map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}")));
        self.list.push((kind, what, self.file.with(&way, value)));
    }

    fn renames(&mut self) {
        let renames: Vec<(String, Tree)> = self.word("rename").map(Tree::entries).unwrap_or_default().to_vec();
        for (name, value) in &renames {
            self.set("name: a rename is dropped", "rename", &[name], None);
            let other = other_case(value.as_text().unwrap_or_default());
            self.set("name: a rename is misspelt", "rename", &[name], Some(Tree::text(&other)));
        }
        let is_written = ["query", "form", "json", "text"].iter().any(|word| self.word(word).is_some());
        let extra = self.word("extra").cloned().unwrap_or(Tree::Map(Vec::new()));
        let standard: &[&str] = match self.step {
            "getAuthorizationCode" => &["client_id", "redirect_uri"],
            "getAccessCode" => &["code", "client_id", "client_secret", "redirect_uri"],
            _ => &[],
        };
        for name in standard.iter().filter(|name| !is_written && extra.get(name).is_none()) {
            if renames.iter().all(|(known, _)| known != *name) {
                self.set("name: a rename too many", "rename", &[name], Some(Tree::text(&other_name(name))));
            }
        }
    }

    fn parameters(&mut self) {
        for word in ["extra", "query", "form", "json"] {
            for (name, value) in self.word(word).map(Tree::entries).unwrap_or_default().to_vec() {
                if value.as_text() == Some("null") {
                    continue;
                }
                self.set("parameter: dropped", word, &[&name], None);
                let way: Vec<&str> = self.call.iter().copied().chain([word]).collect();
                let renamed = self.file.renamed(&way, &name, &other_name(&name));
                self.list.push(("parameter: another name", format!("{}.{name}", way.join(".")), renamed));
                let is_word = value.as_text().is_some_and(|text| !text.contains('$') && text.len() > 1);
                if is_word && name != "fields" && name != "query" {
                    self.set(
                        "parameter: another value",
                        word,
                        &[&name],
                        Some(Tree::text(&format!("{}x", value.as_text().unwrap_or_default()))),
                    );
                }
            }
        }
    }

    fn places(&mut self) {
        let way = self.call.clone();
        let moved = |from: &str, to: &str| {
            let call = self.file.at(&way)?;
            let body = call.get(from)?;
            if call.get(to).is_some() {
                return None;
            }
            let entries: Vec<(String, Tree)> = call
                .entries()
                .iter()
                .map(|(key, value)| if key == from { (to.to_owned(), body.clone()) } else { (key.clone(), value.clone()) })
                .collect();
            Some(self.file.with(&way, Some(Tree::Map(entries))))
        };
        let found: Vec<(&'static str, String, Option<Tree>)> = [("form", "json"), ("json", "form"), ("form", "query")]
            .iter()
            .map(|(from, to)| ("place: another body", format!("{} {from} → {to}", way.join(".")), moved(from, to)))
            .collect();
        self.list.extend(found.into_iter().filter_map(|(kind, what, tree)| Some((kind, what, tree?))));
    }

    fn credentials(&mut self) {
        if self.step != "getAccessCode" || self.word("form").is_some() || self.word("json").is_some() {
            return;
        }
        let own = self.word("credentials").and_then(Tree::as_text).unwrap_or("form").to_owned();
        for other in ["basic", "form", "query", "none"] {
            if other != own && !(own == "basicEncoded" && other == "none") {
                self.set("credentials: elsewhere", "credentials", &[], Some(Tree::text(other)));
            }
        }
        if own.starts_with("basic") {
            self.set("credentials: dropped", "credentials", &[], None);
        }
    }

    fn address(&mut self) {
        for (method, other) in [("get", "post"), ("post", "get")] {
            let Some(address) = self.word(method).and_then(Tree::as_text).map(str::to_owned) else { continue };
            if self.step == "getAuthorizationCode" {
                continue;
            }
            let way = self.call.clone();
            self.list.push(("method: the other", format!("{} {other}", way.join(".")), self.file.renamed(&way, method, other)));
            let (before, last) = address.rsplit_once('/').unwrap_or((&address, ""));
            if !last.contains('$') {
                let strange = format!("{before}/{}", if last == "oauth" { "auth" } else { "oauth" });
                self.set("address: the last part is strange", method, &[], Some(Tree::Text(strange, false)));
            }
        }
    }

    fn headers(&mut self) {
        for (name, value) in self.word("headers").map(Tree::entries).unwrap_or_default().to_vec() {
            let text = value.as_text().unwrap_or_default().to_owned();
            if text.contains("accessToken") {
                self.set("token: its header is dropped", "headers", &[&name], None);
                if let Some((_, token)) = text.split_once(' ') {
                    self.set("token: another scheme", "headers", &[&name], Some(Tree::text(&format!("Token {token}"))));
                } else {
                    let way: Vec<&str> = self.call.iter().copied().chain(["headers"]).collect();
                    self.list.push(("token: another header", name.clone(), self.file.renamed(&way, &name, "X-Access-Token")));
                }
            } else {
                self.set("header: dropped", "headers", &[&name], None);
                let way: Vec<&str> = self.call.iter().copied().chain(["headers"]).collect();
                self.list.push(("header: another name", name.clone(), self.file.renamed(&way, &name, &format!("X-{name}"))));
            }
        }
    }

    fn token(&mut self) {
        let writes_token =
            ["extra", "query", "form", "json", "headers"].iter().any(|word| format!("{:?}", self.word(word)).contains("accessToken"));
        if self.step != "getUserInfo" || writes_token || self.word("signed").is_some() {
            return;
        }
        let token = || Some(Tree::text("${accessToken}"));
        self.set("token: in the address", "extra", &["access_token"], token());
        self.set("token: in a header of its own", "headers", &["X-Access-Token"], token());
        self.set("token: another scheme", "headers", &["Authorization"], Some(Tree::text("token ${accessToken}")));
        self.set("token: not sent", "bearer", &[], Some(Tree::text("none")));
    }

    fn scope(&mut self) {
        let Some(scope) = self.word("scope").and_then(Tree::as_text).map(str::to_owned) else { return };
        let separator = scope.chars().find(|letter| [' ', ',', ';'].contains(letter)).unwrap_or(' ');
        let words: Vec<&str> = scope.split(separator).collect();
        for word in &words {
            let with = |new: Option<String>| {
                let kept: Vec<String> =
                    words.iter().filter_map(|one| if one == word { new.clone() } else { Some((*one).to_owned()) }).collect();
                kept.join(&separator.to_string())
            };
            if words.len() > 1 && *word != "openid" {
                let lost = with(None);
                self.set("scope: a word is lost", "scope", &[], Some(Tree::text(&lost)));
            }
        }
        let more = format!("{scope}{separator}orders");
        self.set("scope: a word too many", "scope", &[], Some(Tree::text(&more)));
    }
}

/// All damages of the requests of a file.
pub fn damages(file: &Tree) -> Vec<Damage> {
    let mut list = Vec::new();
    for (way, step) in calls(file) {
        let mut damaged = Damaged { file, call: way.iter().map(String::as_str).collect(), step, list: Vec::new() };
        damaged.renames();
        damaged.parameters();
        damaged.places();
        damaged.credentials();
        damaged.address();
        damaged.headers();
        damaged.token();
        damaged.scope();
        list.extend(damaged.list);
    }
    let pkce = if file.get("pkce").is_some() { None } else { Some(Tree::text("off")) };
    list.push((if pkce.is_some() { "pkce: off" } else { "pkce: on" }, "pkce".to_owned(), file.with(&["pkce"], pkce)));
    list
}
