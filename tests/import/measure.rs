//! Measures how much of a provider's file is learnt from a recording of it.

use crate::support::{STRICT, catalogue, on_threads, problem_of, text};
use portaria::provider::{Provider, compile};
use portaria::vocabulary::place::Source;
use portaria::vocabulary::yaml::writer::{YamlLine, YamlValue};
use portaria::vocabulary::yaml::{YamlKind, YamlNode};
use portaria::workbench::draft::ProviderDraft;
use portaria::workbench::examples::example::ExampleSpec;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::learn::{LearnedProvider, learn};
use portaria::workbench::recorded_exchange::RecordedExchange;
use portaria::workbench::synthetic_recording;
use std::path::{Path, PathBuf};

/// A provider whose file is learnt again from a recording.
pub struct Case {
    pub name: String,
    pub file: String,
    pub provider: Provider,
    pub stories: Vec<ExampleSpec>,
    /// The requests of each story, where the story itself does not list them.
    pub asked: Vec<Vec<String>>,
}

pub fn cases() -> Vec<Case> {
    cases_of(catalogue())
}

/// The providers of these files, with their stories that end in an identity.
pub fn cases_of(files: Vec<PathBuf>) -> Vec<Case> {
    on_threads(files, |path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let file = text(&path);
        let (provider, report) = compile(&Source::new(format!("{name}.yaml"), file.as_str()), STRICT);
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let examples = path.with_extension("examples.yaml");
        let stories = portaria::workbench::examples::read(&Source::new(examples.display().to_string(), text(&examples))).expect("examples");
        let mut stories: Vec<ExampleSpec> = stories.into_iter().filter(|story| story.identity.is_some() && story.has_redirect()).collect();
        // In no usual login does the shop ask for more, such as the login page of a language.
        let given = |story: &ExampleSpec, fits: &dyn Fn(&str) -> bool| -> Vec<String> {
            let facts = story.facts.iter().flat_map(|facts| &facts.0);
            facts.filter(|(name, _)| fits(&name.value)).map(|(_, value)| value.value.clone()).collect()
        };
        let asks = |name: &str| matches!(name, "loginHint" | "uiLocales" | "reauthenticate");
        if stories.iter().any(|story| given(story, &asks).is_empty()) {
            stories.retain(|story| given(story, &asks).is_empty());
        }
        // A recording is of one installation, so the hosts and the client are the same in all logins.
        let installation =
            |story: &ExampleSpec| given(story, &|name| matches!(name, "clientId" | "clientSecret") || is_in_address(&file, name));
        if let Some(first) = stories.first().map(installation) {
            stories.retain(|story| installation(story) == first);
        }
        let says = |story: &ExampleSpec| story.exchanges.iter().flat_map(|all| &all.0).any(|exchange| exchange.request.is_some());
        let asked =
            if stories.iter().any(says) { Vec::new() } else { stories.iter().map(|story| sent_requests(&provider, story)).collect() };
        Case { name, file, provider, stories, asked }
    })
}

/// Whether a setting stands in the issuer or in a host.
fn is_in_address(file: &str, name: &str) -> bool {
    let hole = format!("${{{name}}}");
    let hosts = file.split("://").skip(1).filter_map(|rest| rest.split(['/', ' ', '\n', '"']).next());
    file.lines().any(|line| line.starts_with("discovery:") && line.contains(&hole)) || hosts.into_iter().any(|host| host.contains(&hole))
}

/// Every request of a story as one text.
fn sent_requests(provider: &Provider, story: &ExampleSpec) -> Vec<String> {
    let played = replay(provider, story);
    let told = played.requests.iter().map(|(_, request)| {
        let mut headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {}", value.expose())).collect();
        headers.sort();
        let body = request.body.as_ref().map_or("", |body| body.expose());
        format!("{} {} {} {body}", request.method, request.address.expose(), headers.join(", "))
    });
    told.collect()
}

/// The recording of all logins of a provider, and the values that were made for it.
pub fn recorded(case: &Case) -> (Vec<RecordedExchange>, Vec<(String, String)>) {
    let made = synthetic_recording::record_all_stories(&case.provider, &case.stories).unwrap_or_else(|why| panic!("{}: {why}", case.name));
    (made.exchanges, made.values)
}

/// The words of a file as a tree.
fn tree(text: &str) -> Vec<YamlLine> {
    let (node, _) = portaria::vocabulary::yaml::parse(&Source::new("tree.yaml", text)).expect("YAML");
    match yaml_value(&node) {
        YamlValue::Block(words) => words,
        _ => panic!("a block"),
    }
}

fn yaml_value(node: &YamlNode) -> YamlValue {
    match &node.kind {
        YamlKind::Scalar { text, plain, .. } => {
            let bare = *plain && (text.parse::<f64>().is_ok() || matches!(text.as_str(), "true" | "false" | "null" | "off" | ""));
            if bare { YamlValue::Bare(text.clone()) } else { YamlValue::Text(text.clone()) }
        }
        YamlKind::List(list) => YamlValue::List(list.iter().map(yaml_value).collect()),
        YamlKind::Map(entries) => {
            YamlValue::Block(entries.iter().map(|entry| YamlLine::new(entry.key.value.clone(), yaml_value(&entry.value))).collect())
        }
    }
}

/// One word of a file: the keys of its path, and its value.
type Line = (Vec<String>, YamlValue);

/// The words of a tree, where a text, a list of alternatives or a condition counts as one.
fn lines(words: &[YamlLine], above: &[String], out: &mut Vec<Line>) {
    for entry in words {
        let mut path = above.to_vec();
        path.push(entry.key.clone());
        let is_condition = |words: &[YamlLine]| words.iter().any(|word| word.key == "at");
        match &entry.value {
            YamlValue::Block(inner) if !is_condition(inner) && !inner.is_empty() => lines(inner, &path, out),
            YamlValue::List(list) if list.iter().all(|part| matches!(part, YamlValue::Block(_))) && !list.is_empty() => {
                for (at, part) in list.iter().enumerate() {
                    let YamlValue::Block(inner) = part else { continue };
                    let mut path = path.clone();
                    path.push(format!("#{at}"));
                    lines(inner, &path, out);
                }
            }
            value => out.push((path, value.clone())),
        }
    }
}

/// The tree with one word set or removed.
fn with(words: &[YamlLine], path: &[String], value: Option<&YamlValue>) -> Vec<YamlLine> {
    let mut words = words.to_vec();
    let (first, rest) = path.split_first().expect("a path");
    let at = words.iter().position(|entry| entry.key == *first);
    if rest.is_empty() {
        match (at, value) {
            (Some(at), Some(value)) => words[at].value = value.clone(),
            (Some(at), None) => drop(words.remove(at)),
            (None, Some(value)) => words.push(YamlLine::new(first.clone(), value.clone())),
            (None, None) => {}
        }
        return words;
    }
    let at = at.unwrap_or_else(|| {
        words.push(YamlLine::new(first.clone(), YamlValue::Block(Vec::new())));
        words.len() - 1
    });
    let changed = match (&words[at].value, rest[0].strip_prefix('#').and_then(|at| at.parse::<usize>().ok())) {
        (YamlValue::List(list), Some(nth)) if nth < list.len() => {
            let mut list = list.clone();
            if let YamlValue::Block(inner) = &list[nth] {
                list[nth] = YamlValue::Block(with(inner, &rest[1..], value));
            }
            YamlValue::List(list)
        }
        (YamlValue::Block(inner), Some(0)) => YamlValue::Block(with(inner, &rest[1..], value)),
        (YamlValue::Block(inner), None) => YamlValue::Block(with(inner, rest, value)),
        (other, _) => other.clone(),
    };
    words[at].value = changed;
    if words[at].value == YamlValue::Block(Vec::new()) && value.is_none() {
        words.remove(at);
    }
    words
}

/// The differences when the catalogue's stories are replayed with a file.
pub fn differences(case: &Case, words: &[YamlLine]) -> Vec<String> {
    let written = ProviderDraft { head: Vec::new(), words: words.to_vec() }.to_yaml();
    let (provider, report) = compile(&Source::new(format!("{}.yaml", case.name), written), STRICT);
    let Some(provider) = provider else { return vec![report.draw(false)] };
    let all = case.stories.iter().enumerate().flat_map(|(nth, story)| {
        let played = replay(&provider, story);
        let asked = sent_requests(&provider, story);
        let otherwise = case.asked.get(nth).filter(|expected| **expected != asked);
        let otherwise = otherwise.map(|expected| format!("{}: sent {asked:#?} in place of {expected:#?}", story.what.value));
        let real = played
            .differences
            .into_iter()
            .filter(|difference| !difference.place.starts_with("facts:") && !difference.place.starts_with("inputs:"));
        real.map(|difference| format!("{}: {difference}", story.what.value)).chain(otherwise).collect::<Vec<_>>()
    });
    all.collect()
}

/// Adds a line to every block that reads the address.
fn read_beside_email(words: &mut Vec<YamlLine>, line: &YamlLine) {
    if words.iter().any(|word| word.key == "email") {
        words.push(line.clone());
    }
    for word in words {
        match &mut word.value {
            YamlValue::Block(inner) => read_beside_email(inner, line),
            YamlValue::List(items) => items.iter_mut().for_each(|item| {
                if let YamlValue::Block(inner) = item {
                    read_beside_email(inner, line);
                }
            }),
            YamlValue::Text(_) | YamlValue::Bare(_) | YamlValue::Flow(_) | YamlValue::Items(_) => {}
        }
    }
}

/// The learned file with the catalogue's names of settings, and with the words of policy that no recording can hold.
pub fn comparable(case: &Case, learned: &LearnedProvider, values: &[(String, String)]) -> Vec<YamlLine> {
    let mut written = learned.text.clone();
    for (fact, value) in &learned.values {
        if let Some((own, _)) = values.iter().find(|(own, known)| known == value && own != fact && !value.is_empty()) {
            written = written
                .replace(&format!("${{{fact}}}"), &format!("${{{own}}}"))
                .replace(&format!("  {fact}: env:"), &format!("  {own}: env:"));
        }
    }
    let theirs = tree(&case.file);
    let kept_keys: Vec<String> =
        theirs
            .iter()
            .filter(|entry| entry.key == "secrets")
            .flat_map(|entry| {
                if let YamlValue::Block(words) = &entry.value { words.iter().map(|word| word.key.clone()).collect() } else { Vec::new() }
            })
            .collect();
    for made in ["signingKey", "privateKey"] {
        if let [own] = &kept_keys[..] {
            written = written.replace(&format!("${{{made}}}"), &format!("${{{own}}}")).replace(&format!("  {made}:"), &format!("  {own}:"));
        }
    }
    let mut words = tree(&written);
    let chosen_here = |entry: &YamlLine| matches!(entry.key.as_str(), "trustEmail" | "missingEmail" | "clientId");
    words.retain(|entry| !chosen_here(entry));
    let trusts_claim = !theirs.iter().any(|entry| entry.key == "trustEmail" && entry.value != YamlValue::Text("claim".to_owned()));
    words.extend(theirs.into_iter().filter(chosen_here));
    // A claim that may be about the address belongs to the policy: the import says which line to write with `trustEmail: claim`.
    let claim = learned.decide.iter().find_map(|line| line.split_once("`emailVerified: ")?.1.split_once("` under `read`"));
    if let Some((claim, _)) = claim.filter(|_| trusts_claim) {
        read_beside_email(&mut words, &tree(&format!("emailVerified: {claim}"))[0]);
    }
    words
}

/// One edit of a file: a word that is set or removed, with a sentence about it.
pub struct Edit {
    /// Where the word stands; a list of steps may be one step in the other file.
    paths: [Vec<String>; 2],
    value: Option<YamlValue>,
    pub what: String,
}

impl Edit {
    /// The files that this edit may give.
    pub fn apply(&self, words: &[YamlLine]) -> Vec<Vec<YamlLine>> {
        self.paths.iter().map(|path| with(words, path, self.value.as_ref())).collect()
    }
}

/// The edits that bring a learned file nearer to the true one.
pub fn edits(case: &Case, words: &[YamlLine]) -> Vec<Edit> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    lines(words, &[], &mut ours);
    lines(&tree(&case.file), &[], &mut theirs);
    let changed = theirs.iter().filter(|line| !ours.contains(line)).map(|(path, value)| (path, Some(value)));
    let gone = ours.iter().filter(|(path, _)| !theirs.iter().any(|(other, _)| other == path)).map(|(path, _)| (path, None));
    let edit = |(path, value): (&Vec<String>, Option<&YamlValue>)| {
        let plain: Vec<String> = path.iter().filter(|key| !key.starts_with('#')).cloned().collect();
        let what = format!("{} {}", if value.is_some() { "set" } else { "take out" }, path.join("."));
        Edit { paths: [path.clone(), plain], value: value.cloned(), what }
    };
    changed.chain(gone).map(edit).collect()
}

/// The one edit that makes a file right, if there is one.
fn one_edit(case: &Case, words: &[YamlLine]) -> Option<String> {
    let is_right = |words: Vec<YamlLine>| differences(case, &words).is_empty();
    edits(case, words).into_iter().find(|edit| edit.apply(words).into_iter().any(is_right)).map(|edit| edit.what)
}

/// How a learned file compares with the true one.
enum Learned {
    Right,
    Nearly(String),
    Wrong(String),
}

/// Learns one provider from its recording as it comes by a route.
fn learned(case: &Case, route: &impl Fn(&[RecordedExchange]) -> Vec<RecordedExchange>) -> Learned {
    let (exchanges, values) = recorded(case);
    let learned = match learn(&case.name, &route(&exchanges), STRICT) {
        Ok(learned) => learned,
        Err(why) => return Learned::Wrong(format!("{}: {why}", case.name)),
    };
    for (name, value) in &values {
        let is_hidden = matches!(name.as_str(), "state" | "nonce" | "codeVerifier" | "clientSecret" | "clientId") && value.len() >= 20;
        assert!(!is_hidden || !learned.text.contains(value.as_str()), "{}: {name} stands in the file", case.name);
    }
    let words = comparable(case, &learned, &values);
    let differences = differences(case, &words);
    if differences.is_empty() {
        return Learned::Right;
    }
    match one_edit(case, &words) {
        Some(edit) => Learned::Nearly(format!("{}: one edit: {edit}", case.name)),
        None => Learned::Wrong(format!("{}: more than one edit\n  {}", case.name, differences.join("\n  "))),
    }
}

/// Prints how many files are right as they are learnt, how many with one edit, and what is wrong in the others.
pub fn measure(what: &str, cases: &[Case], route: impl Fn(&[RecordedExchange]) -> Vec<RecordedExchange> + Sync) -> (usize, usize, usize) {
    let (mut right, mut nearly, mut report) = (0, 0, Vec::new());
    let all = on_threads(cases.iter().collect(), |case| problem_of(Path::new(&case.name), || learned(case, &route)));
    for learned in all {
        // A recording that cannot be made is no leak; a value that stands in a file is.
        assert!(!learned.as_ref().is_err_and(|why| why.contains("stands in the file")), "{:?}", learned.err());
        match learned.unwrap_or_else(Learned::Wrong) {
            Learned::Right => right += 1,
            Learned::Nearly(edit) => {
                nearly += 1;
                report.push(edit);
            }
            Learned::Wrong(why) => report.push(why),
        }
    }
    println!("{what}: {right} of {} without an edit, {nearly} more with one\n{}", cases.len(), report.join("\n"));
    (right, nearly, cases.len())
}
