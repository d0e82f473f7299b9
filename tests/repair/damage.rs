//! The file is wrong: each of its paths is damaged in turn, the answers are as recorded.

use crate::repair::{Known, ONE_OF, Outcome, Sample, Table, compiled, held, outcome, strange_ids};
use crate::support::on_threads;
use portaria::workbench::answers::path::{PathSegment, parse_path, write_path, write_path_with};
use regex::Regex;

/// The ways in which a path is damaged, by rule.
fn damages(path: &[PathSegment]) -> Vec<(&'static str, Vec<PathSegment>)> {
    let mut list = Vec::new();
    let keys: Vec<usize> = (0..path.len()).filter(|at| path[*at].key().is_some()).collect();
    let with = |at: usize, key: String| {
        let mut path = path.to_vec();
        path[at] = PathSegment::Key(key);
        path
    };
    let without = |at: usize| [&path[..at], &path[at + 1..]].concat();
    if let Some(last) = keys.last().copied() {
        let key = path[last].key().expect("a key");
        list.push(("a: last key is a strange word", with(last, "wrong".to_owned())));
        list.push(("a: last key has a slip", with(last, slip(key))));
        list.push(("a: last key in another case", with(last, other_case(key))));
    }
    if let Some(first) = keys.first().copied().filter(|_| keys.len() > 1) {
        list.push(("a: first key has a slip", with(first, slip(path[first].key().expect("a key")))));
    }
    if path.len() > 1 {
        list.push(("a: first segment dropped", without(0)));
        list.push(("a: last segment dropped", without(path.len() - 1)));
    }
    if path.len() > 2 {
        list.push(("a: middle segment dropped", without(1)));
    }
    list.push(("a: segment added in front", [&[PathSegment::Key("result".to_owned())], path].concat()));
    list.push(("a: segment added behind", [path, &[PathSegment::Key("value".to_owned())]].concat()));
    list
}

/// Two letters change places, or one is doubled.
fn slip(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let at = letters.len() / 2;
    if at > 0 && letters[at] != letters[at - 1] {
        letters.swap(at, at - 1);
    } else {
        letters.insert(at, letters[at]);
    }
    letters.into_iter().collect()
}

/// `snake_case` becomes `snakeCase` and the other way round; one word gets a capital.
pub fn other_case(key: &str) -> String {
    if key.contains('_') {
        let mut parts = key.split('_').filter(|part| !part.is_empty());
        let first = parts.next().unwrap_or_default().to_owned();
        return parts.fold(first, |all, part| all + &part[..1].to_uppercase() + &part[1..]);
    }
    if key.chars().any(char::is_uppercase) {
        return key
            .chars()
            .map(|letter| if letter.is_uppercase() { format!("_{}", letter.to_lowercase()) } else { letter.to_string() })
            .collect();
    }
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + letters.as_str())
}

/// What became of the paths that were damaged.
#[derive(Default)]
pub struct PathDamages {
    pub table: Table,
    /// The damaged files that do not compile.
    broken: usize,
    /// The paths of checks, which are not counted.
    checks: usize,
    /// The proposals with which a person gets a strange id.
    pub strange: Vec<String>,
}

impl PathDamages {
    /// Takes over what another one has counted.
    fn add(&mut self, other: Self) {
        self.table.add(other.table);
        self.broken += other.broken;
        self.checks += other.checks;
        self.strange.extend(other.strange);
    }
}

/// Damages every path of a file in turn, as far as the sample goes.
pub fn damage_paths(known: &Known, mut sample: Sample, counted: &mut PathDamages) {
    let pattern = Regex::new(r"\$(?:\.[A-Za-z_*][A-Za-z0-9_]*|\[[^\]]*\])+").expect("a pattern");
    let text = known.provider.source.text.to_string();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split(" # ").next().unwrap_or(line);
        for found in pattern.find_iter(code).filter(|_| !line.trim_start().starts_with('#')) {
            let path = parse_path(found.as_str()).expect("a path");
            // Where a state or a token's issuer stands is a check; checks are never mended by what arrives.
            let before = &code[..found.start()];
            if ["issuer: ", "audience: ", "state: "]
                .iter()
                .any(|word| before.rfind(word).is_some_and(|at| !before[at + word.len()..].contains(' ')))
            {
                counted.checks += 1;
                continue;
            }
            for (kind, damaged) in damages(&path) {
                if !sample.takes(kind) {
                    continue;
                }
                let quote = if code[..found.start()].ends_with('\'') { '"' } else { '\'' };
                let mut changed = text.clone();
                changed.replace_range(at + found.start()..at + found.end(), &write_path_with(&damaged, quote));
                let Some(provider) = compiled(&known.provider, &changed) else {
                    counted.broken += 1;
                    continue;
                };
                // The first story that notices counts.
                let noticed = known
                    .stories
                    .iter()
                    .map(|(story, right)| outcome(&provider, story, right, Some(known)))
                    .find(|(outcome, _)| *outcome != Outcome::Unnoticed);
                let (outcome, proposals) = noticed.unwrap_or((Outcome::Unnoticed, Vec::new()));
                counted.strange.extend(strange_ids(&provider, &known.stories, &proposals));
                counted.table.count(kind, outcome, &proposals, |said| {
                    format!("{} {} → {}: {said:?}", known.provider.name, found.as_str(), write_path(&damaged))
                });
            }
        }
        at += line.len();
    }
}

#[test]
fn a_damaged_path_of_a_file_is_mended_by_the_first_proposal() {
    let parts = on_threads(held().into_iter().enumerate().collect(), |(file, known)| {
        let mut counted = PathDamages::default();
        damage_paths(&known, Sample::new(file, ONE_OF), &mut counted);
        counted
    });
    let mut counted = PathDamages::default();
    parts.into_iter().for_each(|part| counted.add(part));
    let (first, three) = counted.table.print("The file is damaged, the answers are as recorded");
    println!("{} damaged files do not compile: those are complained about before anybody logs in", counted.broken);
    println!("{} paths belong to checks (state, issuer, audience) and are not counted", counted.checks);
    assert!(first >= 92.0 && three >= 93.0, "{first:.1} % first, {three:.1} % among three");
    assert!(counted.strange.is_empty(), "with these proposals a person gets a strange id: {:#?}", counted.strange);
}
