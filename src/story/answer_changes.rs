//! What differs between the shape of an answer and that of the last login that worked: members that are gone, new, elsewhere or of
//! another kind. No value is compared.

use crate::choice;
use crate::story::good_login::{GoodAnswer, GoodMember, LIST, OBJECT};
use serde::{Deserialize, Serialize};

/// The most changes of one answer that a story holds.
const MOST: usize = 12;
/// The deepest level that is compared.
const DEEPEST: usize = 12;

choice! {
    /// How a member of an answer, or the answer as a whole, has changed.
    pub(crate) enum AnswerChangeKind {
        /// A member that every login has shown is not there.
        Gone = "gone",
        /// A member that no login has shown is there.
        New = "new",
        /// A member stands at another place.
        Moved = "moved",
        /// A member has a value of another kind.
        Kind = "kind",
        /// The status is another one.
        Status = "status",
        /// The answer is no document any more.
        Unreadable = "unreadable",
    }
}

/// A change of an answer since the last login that worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnswerChange {
    /// The word of the step, or `callback`.
    pub(crate) step: String,
    /// The word of an [`AnswerChangeKind`].
    pub(crate) what: String,
    /// The path of the member; empty for the answer as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) path: String,
    /// Where it stands now, if it has moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// What its value looked like, by the word for it; the status before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// What it looks like now; the status now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<String>,
    /// Whether the file reads it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) read: bool,
}

impl AnswerChange {
    fn new(step: &str, kind: AnswerChangeKind, path: String) -> Self {
        Self { step: step.to_owned(), what: kind.word().to_owned(), path, ..Self::default() }
    }

    pub(crate) fn kind(&self) -> Option<AnswerChangeKind> {
        AnswerChangeKind::named(&self.what)
    }
}

/// The changes of an answer, those that the file reads first. `reads` are the paths at which the file reads it.
pub(crate) fn changes_of_answer(before: &GoodAnswer, now: &GoodAnswer, reads: &[&str]) -> Vec<AnswerChange> {
    let step = &before.step;
    let mut changes = Vec::new();
    if before.status != now.status {
        let status = |status: u16| Some(status.to_string());
        changes.push(AnswerChange {
            before: status(before.status),
            now: status(now.status),
            ..AnswerChange::new(step, AnswerChangeKind::Status, String::new())
        });
    }
    match (&before.shape, &now.shape) {
        // An answer that reports an error is another document, and says so by its status.
        _ if before.status / 100 != now.status / 100 => {}
        (Some(before), Some(now)) => {
            let mut found = Differences::default();
            found.compare(&mut Vec::new(), before, now);
            changes.extend(found.into_changes(step));
        }
        (Some(_), None) => changes.push(AnswerChange::new(step, AnswerChangeKind::Unreadable, String::new())),
        (None, _) => {}
    }
    for change in &mut changes {
        change.read = !change.path.is_empty() && reads.iter().any(|read| is_below(read, &change.path) || is_below(&change.path, read));
    }
    // The order among those that are read, and among the others, stays as it is.
    changes.sort_by_key(|change| !(change.read || change.path.is_empty()));
    changes.truncate(MOST);
    changes
}

/// Whether a path is another one or goes on behind it.
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A member that only one of the shapes has.
#[derive(Clone, Debug)]
struct LoneMember {
    path: Vec<String>,
    member: GoodMember,
}

#[derive(Default)]
struct Differences {
    gone: Vec<LoneMember>,
    new: Vec<LoneMember>,
    kinds: Vec<(Vec<String>, GoodMember, GoodMember)>,
}

impl Differences {
    fn compare(&mut self, path: &mut Vec<String>, before: &[GoodMember], now: &[GoodMember]) {
        if path.len() >= DEEPEST {
            return;
        }
        let is_whole = |members: &[GoodMember]| members.iter().all(|member| is_known(&member.key));
        let lone = |path: &[String], member: &GoodMember| {
            let path = path.iter().chain([&member.key]).cloned().collect();
            LoneMember { path, member: member.clone() }
        };
        for member in before.iter().filter(|member| is_known(&member.key)) {
            match now.iter().find(|other| other.key == member.key) {
                Some(other) if is_other_kind(member, other) => {
                    self.kinds.push((path.iter().chain([&member.key]).cloned().collect(), member.clone(), other.clone()));
                }
                // A list that is empty now lacks no entry.
                Some(other) if !member.below.is_empty() && !other.below.is_empty() => {
                    path.push(member.key.clone());
                    self.compare(path, &member.below, &other.below);
                    path.pop();
                }
                // Whether members of a cut or masked object are there is not known.
                None if !member.optional && is_whole(now) => self.gone.push(lone(path, member)),
                Some(_) | None => {}
            }
        }
        for member in now.iter().filter(|member| is_known(&member.key) && is_whole(before)) {
            if before.iter().all(|other| other.key != member.key) {
                self.new.push(lone(path, member));
            }
        }
    }

    fn into_changes(mut self, step: &str) -> Vec<AnswerChange> {
        let mut changes = Vec::new();
        let moved = |from: &LoneMember, to: &LoneMember| AnswerChange {
            to: Some(written_path(&to.path)),
            now: described(&to.member),
            ..AnswerChange::new(step, AnswerChangeKind::Moved, written_path(&from.path))
        };
        for (from, to) in self.take_pairs(have_same_members) {
            changes.push(moved(&from, &to));
        }
        // What an object holds is compared by itself, once the objects that moved as a whole are out of it.
        let (gone, new) = (flattened(&self.gone), flattened(&self.new));
        let mut single = Self { gone: gone.clone(), new: new.clone(), kinds: Vec::new() };
        let pairs = [single.take_pairs(have_same_key), single.take_pairs(are_addresses), single.take_pairs(are_only_ones_of_parent)];
        for (from, to) in pairs.into_iter().flatten() {
            self.gone.retain(|lone| lone.path != from.path);
            self.new.retain(|lone| lone.path != to.path);
            // An object is neither gone nor new where a part of it has only moved.
            open_parent(&mut self.gone, &single.gone, &from.path);
            open_parent(&mut self.new, &single.new, &to.path);
            changes.push(moved(&from, &to));
        }
        changes.extend(self.gone.iter().map(|lone| AnswerChange {
            before: described(&lone.member),
            ..AnswerChange::new(step, AnswerChangeKind::Gone, written_path(&lone.path))
        }));
        changes.extend(self.kinds.iter().map(|(path, before, now)| AnswerChange {
            before: described(before),
            now: described(now),
            ..AnswerChange::new(step, AnswerChangeKind::Kind, written_path(path))
        }));
        changes.extend(self.new.iter().map(|lone| AnswerChange {
            now: described(&lone.member),
            ..AnswerChange::new(step, AnswerChangeKind::New, written_path(&lone.path))
        }));
        changes
    }

    /// Takes out the members that are gone and new, where each fits exactly one of the others.
    fn take_pairs(&mut self, fits: fn(&LoneMember, &LoneMember, &Self) -> bool) -> Vec<(LoneMember, LoneMember)> {
        let mut pairs = Vec::new();
        for from in &self.gone {
            let mut others = self.new.iter().filter(|to| fits(from, to, self));
            let (Some(to), None) = (others.next(), others.next()) else { continue };
            if self.gone.iter().filter(|other| fits(other, to, self)).count() == 1 {
                pairs.push((from.clone(), to.clone()));
            }
        }
        self.gone.retain(|lone| pairs.iter().all(|(from, _)| from.path != lone.path));
        self.new.retain(|lone| pairs.iter().all(|(_, to)| to.path != lone.path));
        pairs
    }
}

/// Replaces an object, of which a part has moved, by the parts that are left.
fn open_parent(tops: &mut Vec<LoneMember>, leaves: &[LoneMember], part: &[String]) {
    if let Some(at) = tops.iter().position(|top| part.len() > top.path.len() && part.starts_with(&top.path)) {
        let top = tops.remove(at);
        let left: Vec<LoneMember> = leaves.iter().filter(|leaf| leaf.path.starts_with(&top.path)).cloned().collect();
        tops.extend(left);
    }
}

/// The values below some members, each by itself.
fn flattened(members: &[LoneMember]) -> Vec<LoneMember> {
    let mut leaves = Vec::new();
    for lone in members {
        if lone.member.below.is_empty() {
            leaves.push(lone.clone());
            continue;
        }
        let below: Vec<LoneMember> = lone
            .member
            .below
            .iter()
            .filter(|member| is_known(&member.key))
            .map(|member| LoneMember { path: lone.path.iter().chain([&member.key]).cloned().collect(), member: member.clone() })
            .collect();
        if lone.path.len() < DEEPEST {
            leaves.extend(flattened(&below));
        }
    }
    leaves
}

fn parent(path: &[String]) -> &[String] {
    path.split_last().map_or(&[], |(_, parent)| parent)
}

/// Whether two objects hold members of the same names.
fn have_same_members(from: &LoneMember, to: &LoneMember, _: &Differences) -> bool {
    let keys = |lone: &LoneMember| {
        let mut keys: Vec<String> = lone.member.below.iter().map(|member| member.key.clone()).collect();
        keys.sort();
        keys
    };
    !from.member.below.is_empty() && !is_other_kind(&from.member, &to.member) && keys(from) == keys(to)
}

/// Whether two values have the same name, however it is written.
fn have_same_key(from: &LoneMember, to: &LoneMember, _: &Differences) -> bool {
    let letters = |path: &[String]| -> String {
        path.last().into_iter().flat_map(|key| key.chars()).filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    letters(&from.path) == letters(&to.path) && !is_other_kind(&from.member, &to.member)
}

fn are_addresses(from: &LoneMember, to: &LoneMember, _: &Differences) -> bool {
    let is_address = |lone: &LoneMember| lone.member.looks == ["address"];
    is_address(from) && is_address(to)
}

/// Whether they are the only ones below the same member, and alike.
fn are_only_ones_of_parent(from: &LoneMember, to: &LoneMember, all: &Differences) -> bool {
    let alone = |members: &[LoneMember]| members.iter().filter(|lone| parent(&lone.path) == parent(&from.path)).count() == 1;
    parent(&from.path) == parent(&to.path)
        && from.member.looks == to.member.looks
        && !from.member.looks.is_empty()
        && alone(&all.gone)
        && alone(&all.new)
}

/// Whether a key is one of the answer, and not a mask or what stands for further members.
fn is_known(key: &str) -> bool {
    !key.contains('‹') && key != "…"
}

/// Whether a member has a value of a kind that it never had. An empty value counts where it never was empty.
fn is_other_kind(before: &GoodMember, now: &GoodMember) -> bool {
    let kinds = |member: &GoodMember| -> Vec<&'static str> { member.looks.iter().map(|word| coarse_kind(word)).collect() };
    let (before, now) = (kinds(before), kinds(now));
    !before.is_empty() && !now.is_empty() && !now.iter().any(|kind| before.contains(kind))
}

/// The kind of a value by the word for what it looks like. Texts of all looks are texts.
fn coarse_kind(word: &str) -> &'static str {
    match word {
        "empty" => "empty",
        "yesOrNo" => "yesOrNo",
        "digits" | "number" => "number",
        OBJECT => OBJECT,
        LIST => LIST,
        _ => "text",
    }
}

/// The word for what a member looks like, where there is one.
fn described(member: &GoodMember) -> Option<String> {
    match member.looks.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        [first, ..] => Some(coarse_kind(first).to_owned()),
    }
}

/// A path as files write it.
fn written_path(path: &[String]) -> String {
    let mut text = "$".to_owned();
    for key in path {
        let is_plain = !key.is_empty() && key.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        match key.as_str() {
            "[]" => text.push_str("[0]"),
            _ if is_plain => text.extend([".", key]),
            _ => text.extend(["['", &key.replace('\'', "\\'"), "']"]),
        }
    }
    text
}

#[cfg(test)]
mod tests;
