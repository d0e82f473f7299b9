//! What `portaria import` learns, measured on the whole catalogue.

use crate::command_line::{Folder, portaria};
use crate::support::{STRICT, catalogue, root, text};
use portaria::examples::replay::play;
use portaria::examples::story::StorySpec;
use portaria::place::Source;
use portaria::provider::{Provider, compile};
use portaria::workbench::draft::{Draft, Entry, Piece};
use portaria::workbench::learn::{Learned, learn};
use portaria::workbench::recorded::{Answered, Recorded};
use portaria::workbench::{curl, har, recording};
use portaria::yaml::{Kind, Node};

struct Case {
    name: String,
    file: String,
    provider: Provider,
    stories: Vec<StorySpec>,
}

fn cases() -> Vec<Case> {
    let all = catalogue().into_iter().map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let file = text(&path);
        let (provider, report) = compile(&Source::new(format!("{name}.yaml"), file.as_str()), STRICT);
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let examples = root().join("providers.d").join(format!("{name}.examples.yaml"));
        let stories = portaria::examples::read(&Source::new(examples.display().to_string(), text(&examples))).expect("examples");
        Case { name, file, provider, stories: stories.into_iter().filter(|story| story.identity.is_some()).collect() }
    });
    all.collect()
}

fn recorded(case: &Case, noise: bool) -> (Vec<Recorded>, Vec<(String, String)>) {
    let mut all = Vec::new();
    let mut installation: Vec<(String, String)> = Vec::new();
    let mut values = Vec::new();
    for story in &case.stories {
        let made = recording::make(&case.provider, story, &installation, noise)
            .unwrap_or_else(|why| panic!("{}: {}: {why}", case.name, story.what.value));
        all.extend(made.exchanges);
        if installation.is_empty() {
            let attempt = ["state", "nonce", "codeVerifier", "codeChallenge", "redirectUri", "publicUrl"];
            installation = made.values.iter().filter(|(name, _)| !attempt.contains(&name.as_str())).cloned().collect();
        }
        values.extend(made.values);
    }
    (all, values)
}

/// The words of a file as a tree.
fn tree(text: &str) -> Vec<Entry> {
    let (node, _) = portaria::yaml::parse(&Source::new("tree.yaml", text)).expect("YAML");
    match piece(&node) {
        Piece::Block(words) => words,
        _ => panic!("a block"),
    }
}

fn piece(node: &Node) -> Piece {
    match &node.kind {
        Kind::Scalar { text, plain, .. } => {
            let bare = *plain && (text.parse::<f64>().is_ok() || matches!(text.as_str(), "true" | "false" | "null" | "off" | ""));
            if bare { Piece::Bare(text.clone()) } else { Piece::Text(text.clone()) }
        }
        Kind::List(list) => Piece::List(list.iter().map(piece).collect()),
        Kind::Map(entries) => Piece::Block(entries.iter().map(|entry| Entry::new(entry.key.value.clone(), piece(&entry.value))).collect()),
    }
}

/// One word of a file: the keys that lead there, and its value.
type Line = (Vec<String>, Piece);

/// The words of a tree that count as a line each: texts, lists of alternatives and conditions are one.
fn lines(words: &[Entry], above: &[String], out: &mut Vec<Line>) {
    for entry in words {
        let mut path = above.to_vec();
        path.push(entry.key.clone());
        let is_condition = |words: &[Entry]| words.iter().any(|word| word.key == "at");
        match &entry.value {
            Piece::Block(inner) if !is_condition(inner) && !inner.is_empty() => lines(inner, &path, out),
            Piece::List(list) if list.iter().all(|part| matches!(part, Piece::Block(_))) && !list.is_empty() => {
                for (at, part) in list.iter().enumerate() {
                    let Piece::Block(inner) = part else { continue };
                    let mut path = path.clone();
                    path.push(format!("#{at}"));
                    lines(inner, &path, out);
                }
            }
            value => out.push((path, value.clone())),
        }
    }
}

/// The tree with one word set, or taken out.
fn with(words: &[Entry], path: &[String], value: Option<&Piece>) -> Vec<Entry> {
    let mut words = words.to_vec();
    let (first, rest) = path.split_first().expect("a path");
    let at = words.iter().position(|entry| entry.key == *first);
    if rest.is_empty() {
        match (at, value) {
            (Some(at), Some(value)) => words[at].value = value.clone(),
            (Some(at), None) => drop(words.remove(at)),
            (None, Some(value)) => words.push(Entry::new(first.clone(), value.clone())),
            (None, None) => {}
        }
        return words;
    }
    let at = at.unwrap_or_else(|| {
        words.push(Entry::new(first.clone(), Piece::Block(Vec::new())));
        words.len() - 1
    });
    let changed = match (&words[at].value, rest[0].strip_prefix('#').and_then(|at| at.parse::<usize>().ok())) {
        (Piece::List(list), Some(nth)) if nth < list.len() => {
            let mut list = list.clone();
            if let Piece::Block(inner) = &list[nth] {
                list[nth] = Piece::Block(with(inner, &rest[1..], value));
            }
            Piece::List(list)
        }
        (Piece::Block(inner), Some(0)) => Piece::Block(with(inner, &rest[1..], value)),
        (Piece::Block(inner), None) => Piece::Block(with(inner, rest, value)),
        (other, _) => other.clone(),
    };
    words[at].value = changed;
    if words[at].value == Piece::Block(Vec::new()) && value.is_none() {
        words.remove(at);
    }
    words
}

/// What differs when the catalogue's stories are played with a file.
fn differences(case: &Case, words: &[Entry]) -> Vec<String> {
    let written = Draft { head: Vec::new(), words: words.to_vec() }.yaml();
    let (provider, report) = compile(&Source::new(format!("{}.yaml", case.name), written), STRICT);
    let Some(provider) = provider else { return vec![report.draw(false)] };
    let all = case.stories.iter().flat_map(|story| {
        let played = play(&provider, story);
        let real = played
            .differences
            .into_iter()
            .filter(|difference| !difference.place.starts_with("facts:") && !difference.place.starts_with("inputs:"));
        real.map(|difference| format!("{}: {difference}", story.what.value)).collect::<Vec<_>>()
    });
    all.collect()
}

/// The file that was learnt, with the catalogue's names of what is set and the words of policy that no recording can hold.
fn comparable(case: &Case, learned: &Learned, values: &[(String, String)]) -> Vec<Entry> {
    let mut written = learned.text.clone();
    for (fact, value) in &learned.values {
        if let Some((own, _)) = values.iter().find(|(own, known)| known == value && own != fact && !value.is_empty()) {
            written = written
                .replace(&format!("${{{fact}}}"), &format!("${{{own}}}"))
                .replace(&format!("  {fact}: env:"), &format!("  {own}: env:"));
        }
    }
    let theirs = tree(&case.file);
    let kept_keys: Vec<String> = theirs
        .iter()
        .filter(|entry| entry.key == "secrets")
        .flat_map(
            |entry| if let Piece::Block(words) = &entry.value { words.iter().map(|word| word.key.clone()).collect() } else { Vec::new() },
        )
        .collect();
    for made in ["signingKey", "privateKey"] {
        if let [own] = &kept_keys[..] {
            written = written.replace(&format!("${{{made}}}"), &format!("${{{own}}}")).replace(&format!("  {made}:"), &format!("  {own}:"));
        }
    }
    let mut words = tree(&written);
    words.retain(|entry| !matches!(entry.key.as_str(), "trustEmail" | "missingEmail"));
    words.extend(theirs.into_iter().filter(|entry| matches!(entry.key.as_str(), "trustEmail" | "missingEmail")));
    words
}

/// The one edit that makes a file right, if there is one.
fn one_edit(case: &Case, words: &[Entry]) -> Option<String> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    lines(words, &[], &mut ours);
    lines(&tree(&case.file), &[], &mut theirs);
    let changed = theirs.iter().filter(|line| !ours.contains(line)).map(|(path, value)| (path, Some(value)));
    let gone = ours.iter().filter(|(path, _)| !theirs.iter().any(|(other, _)| other == path)).map(|(path, _)| (path, None));
    changed.chain(gone).find_map(|(path, value)| {
        // The catalogue may have one step where the file has a list, and the other way round.
        let plain: Vec<String> = path.iter().filter(|key| !key.starts_with('#')).cloned().collect();
        let edit = format!("{} {}", if value.is_some() { "set" } else { "take out" }, path.join("."));
        [path.clone(), plain].into_iter().find(|path| differences(case, &with(words, path, value)).is_empty()).map(|_| edit)
    })
}

fn measure(what: &str, route: impl Fn(&[Recorded]) -> Vec<Recorded>) -> (usize, usize, usize) {
    let (mut right, mut nearly, mut report) = (0, 0, String::new());
    let cases = cases();
    for case in &cases {
        let (exchanges, values) = recorded(case, true);
        let learned = match learn(&case.name, &route(&exchanges), STRICT) {
            Ok(learned) => learned,
            Err(why) => {
                report.push_str(&format!("{}: {why}\n", case.name));
                continue;
            }
        };
        for (name, value) in &values {
            let is_hidden = matches!(name.as_str(), "state" | "nonce" | "codeVerifier" | "clientSecret" | "clientId") && value.len() >= 20;
            assert!(!is_hidden || !learned.text.contains(value.as_str()), "{}: {name} stands in the file", case.name);
        }
        let words = comparable(case, &learned, &values);
        let differences = differences(case, &words);
        if differences.is_empty() {
            right += 1;
        } else if let Some(edit) = one_edit(case, &words) {
            nearly += 1;
            report.push_str(&format!("{}: one edit: {edit}\n", case.name));
        } else {
            report.push_str(&format!("{}: more than one edit\n  {}\n", case.name, differences.join("\n  ")));
        }
    }
    println!("{what}: {right} of {} without an edit, {nearly} more with one\n{report}", cases.len());
    (right, nearly, cases.len())
}

/// For each provider of the catalogue a recording is made from its stories that end well, by the engine, with values made by chance in place of the
/// stand-ins and with a browser's noise; from it a file is learnt, and every one of these stories is played with that file. It is right when every request
/// is the one that the story expects and the same person comes in.
///
/// Left out of the comparison is what no recording holds: what the settings, secrets and variables are called, `name` and `logo`, and the policy of
/// `trustEmail` and `missingEmail`, which is taken from the catalogue. A file that is not right is one edit away if setting or taking out one word of it, as
/// the catalogue has that word, makes it right; a word is a text, a list of alternatives, or a condition. Every such edit is tried.
#[test]
fn files_are_learnt_from_what_browsers_keep() {
    let (right, nearly, all) = measure("HAR", |exchanges| har::read(har::write(exchanges).as_bytes()).expect("a HAR"));

    assert!(right * 100 >= all * 85, "{right} of {all}");
    assert!((right + nearly) * 100 >= all * 95, "{right} and {nearly} of {all}");
}

#[test]
fn files_are_learnt_from_curl_lines() {
    let (right, nearly, all) = measure("curl", |exchanges| curl::read(&curl::write(exchanges)).expect("curl lines"));

    assert!(right * 100 >= all * 85, "{right} of {all}");
    assert!((right + nearly) * 100 >= all * 95, "{right} and {nearly} of {all}");
}

fn acme() -> Case {
    let all = cases();
    all.into_iter().find(|case| case.provider.title.contains("Discord")).expect("a provider with everything usual")
}

#[test]
fn the_program_learns_a_file_and_no_value_of_the_recording_gets_out() {
    let case = acme();
    let (exchanges, values) = recorded(&case, true);
    let brought = exchanges.iter().flat_map(|exchange| exchange.query().into_iter().chain(exchange.form().unwrap_or_default()));
    let mut canaries: Vec<String> =
        brought.filter(|(name, _)| matches!(name.as_str(), "code" | "password" | "login" | "state")).map(|(_, value)| value).collect();
    canaries
        .extend(values.iter().filter(|(name, _)| !matches!(name.as_str(), "publicUrl" | "redirectUri")).map(|(_, value)| value.clone()));
    canaries.extend(exchanges.iter().filter_map(|exchange| Some(exchange.header("cookie")?.to_owned())));
    for story in &case.stories {
        let identity = story.identity.as_ref().and_then(|raw| raw.0.as_object()).expect("an identity");
        canaries.extend(identity.values().filter_map(|value| value.as_str().filter(|text| text.len() > 4).map(str::to_owned)));
    }
    assert!(canaries.len() > 10);
    for (file, written) in [("login.har", har::write(&exchanges)), ("login.txt", curl::write(&exchanges))] {
        let folder = Folder::new("import").with(file, &written);

        let (code, out, err) = portaria(&folder.0, &["import", file, "--name", "acme"], &[]);

        assert_eq!(code, 0, "{out}{err}");
        let learned = text(&folder.0.join("providers.d/acme.yaml"));
        for canary in &canaries {
            assert!(![&out, &err, &learned].iter().any(|said| said.contains(canary.as_str())), "{canary}\n{out}\n{learned}");
        }
        assert!(out.contains("/callback/acme") && out.contains("ACME_CLIENT_SECRET"), "{out}");
        let (code, out, _) = portaria(&folder.0, &["check"], &[]);
        assert_eq!(code, 0, "{out}");
        let (code, _, err) = portaria(&folder.0, &["import", file, "--name", "acme"], &[]);
        assert!(code == 2 && err.contains("--force"), "{err}");
        let (code, out, _) = portaria(&folder.0, &["import", file, "--name", "other", "--stdout"], &[]);
        assert!(code == 0 && out.contains("getAccessCode") && !folder.0.join("providers.d/other.yaml").exists(), "{out}");
    }
}

#[test]
fn what_is_missing_in_a_recording_is_named() {
    let mut case = acme();
    case.stories.truncate(1);
    let (exchanges, _) = recorded(&case, false);
    let without_calls: Vec<Recorded> = exchanges.iter().take(2).cloned().collect();
    let without_callback: Vec<Recorded> = exchanges.iter().skip(2).cloned().collect();
    for (exchanges, part) in [(without_calls, "no token call"), (without_callback, "no callback"), (Vec::new(), "no callback")] {
        let folder = Folder::new("import-missing").with("login.har", &har::write(&exchanges));
        let (code, _, err) = portaria(&folder.0, &["import", "login.har", "--name", "acme"], &[]);
        assert_eq!(code, 1, "{err}");
        assert!(err.contains(part) && err.contains("help:") && !folder.0.join("providers.d/acme.yaml").exists(), "{part}: {err}");
    }
}

#[test]
fn hostile_recordings_neither_hang_nor_break_out() {
    let escape = "\u{1b}]0;x\u{7}<script>alert(1)</script>${clientSecret}";
    let mut exchanges = Vec::new();
    for at in 0..3000 {
        let answer = Answered {
            status: 302,
            headers: vec![("Location".to_owned(), format!("https://b.example/{at}?{escape}"))],
            body: "[".repeat(5000),
        };
        let address = format!("https://a.example/{at}?next=https://b.example/{}&state={escape}&x={}", at + 1, "y".repeat(500));
        exchanges.push(Recorded { method: "GET".to_owned(), address, answer: Some(answer), ..Recorded::default() });
    }
    let _ = learn("acme", &exchanges, STRICT);
    let (mut real, _) = recorded(&acme(), true);
    for exchange in &mut real {
        if let Some(answer) = exchange.answer.as_mut().filter(|answer| answer.body.starts_with('{')) {
            answer.body = answer.body.replacen('{', "{\"\\u001b]0;x\\u0007 # name: x\\n\":\"ana\",", 1);
        }
    }
    let learned = learn("acme", &real, STRICT).unwrap_or_else(|why| panic!("{why}"));
    assert!(!learned.text.contains('\u{1b}') && !learned.text.contains('\u{7}'));
}
