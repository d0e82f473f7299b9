//! `choose`: one entry of a list is chosen, and several facts are read from it.
//!
//! Two paths with a filter each may find their values in two entries. What is read by one `choose` always comes from one
//! entry, so that a claim in it is about the address in it.

use crate::provider::condition::{Condition, Conditions, ValueCheck};
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::json_path::JsonPath;
use crate::provider::step::ReadRule;
use crate::provider::step_context::compile_reads;
use crate::provider::template::FactUse;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader};
use crate::words;
use serde_json::Value;

words! {
    /// Chooses one entry of a list and reads facts from it. Inside this block `$` is the entry. Write it wherever an
    /// address and the claim about it stand in a list: they then always come from the same entry. When no entry fits,
    /// none of these facts is known.
    pub(crate) struct EntryChoiceSpec ("choice", elsewhere = unknown_word_hint) {
        /// The path to the list. When it finds a single object, as XML with one element does, that object is the only
        /// entry. When it finds several lists, their entries are taken together. `..` is not allowed here.
        /// Example: `from: $.emails`
        from: JsonPath = "from",
        /// The conditions that an entry must meet: all of them. The first entry that meets them is chosen.
        /// Default: every entry fits
        /// Example: `where: { at: $.primary, is: true }`
        conditions: Option<Conditions> = "where",
        /// Among the entries that fit, the first one that meets these conditions as well is chosen. When there is none,
        /// the first entry that fits is chosen.
        /// Default: the first entry that fits
        /// Example: `prefer: { at: $.kind, is: home }`
        prefer: Option<Conditions> = "prefer",
        /// The facts that are read from the entry, as in `read` of a call.
        /// Example: `read: { email: $.email, emailVerified: $.verified }`
        read: NamedValues<FactExpression> = "read",
    }
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "at" | "path" | "list" | "in" => Some("write `from: $.list` for the list"),
        "when" | "if" | "condition" | "filter" => Some("write `where: { at: $.primary, is: true }`"),
        "is" | "isNot" | "matches" | "contains" | "present" | "all" | "any" => {
            Some("a condition stands under `where`: `where: { at: $.primary, is: true }`")
        }
        "order" | "first" | "default" => Some("write `prefer: { at: $.kind, is: home }`"),
        "email" | "emailVerified" | "id" | "name" => Some("what is read stands under `read`: `read: { email: $.email }`"),
        _ => None,
    }
}

/// Compiles the word `choose` of a call or of `signed`.
pub(crate) fn compile_choices(written: Option<OneOrMany<EntryChoiceSpec>>, reader: &mut Reader) -> Vec<EntryChoice> {
    written.into_iter().flat_map(|list| list.0).map(|spec| EntryChoice::compile(spec, reader)).collect()
}

/// A compiled `choose`.
#[derive(Clone, Debug)]
pub(crate) struct EntryChoice {
    pub(crate) from: JsonPath,
    conditions: Option<Conditions>,
    prefer: Option<Conditions>,
    pub(crate) reads: Vec<ReadRule>,
}

impl EntryChoice {
    /// The paths by which it finds its entry.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &JsonPath> {
        let conditions = self.conditions.iter().chain(&self.prefer).flat_map(|conditions| &conditions.0);
        std::iter::once(&self.from).chain(conditions.flat_map(Condition::paths))
    }

    fn compile(spec: EntryChoiceSpec, reader: &mut Reader) -> Self {
        if spec.from.has_descent() {
            let help = "write the path of the list: `from: $.data.emails`";
            reader.complain(spec.from.place, "`..` may find entries of other lists as well", help);
        }
        if spec.read.0.is_empty() && !reader.has_unusable_parts() {
            reader.complain(spec.place, "nothing is read from the entry", "add `read: { email: $.email, emailVerified: $.verified }`");
        }
        Self { from: spec.from, conditions: spec.conditions, prefer: spec.prefer, reads: compile_reads(spec.read, reader) }
    }

    /// The entries of the list in an answer.
    pub(crate) fn entries<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        self.from.all(document).into_iter().flat_map(entries_of).collect()
    }

    /// The chosen entry.
    pub(crate) fn entry<'v>(&self, document: &'v Value, facts: &Facts) -> Option<&'v Value> {
        self.entry_among(self.entries(document), facts)
    }

    /// The entry that would be chosen among these.
    pub(crate) fn entry_among<'v>(&self, entries: Vec<&'v Value>, facts: &Facts) -> Option<&'v Value> {
        let meets = |conditions: &Option<Conditions>, entry: &Value| {
            conditions.as_ref().is_none_or(|conditions| conditions.verdict(Some(entry), facts) == Some(true))
        };
        let mut fitting = entries.into_iter().filter(|entry| meets(&self.conditions, entry));
        if self.prefer.is_none() {
            return fitting.next();
        }
        let fitting: Vec<&Value> = fitting.collect();
        fitting.iter().copied().find(|entry| meets(&self.prefer, entry)).or_else(|| fitting.first().copied())
    }

    /// The checks of the conditions that an entry must meet.
    pub(crate) fn checks(&self) -> Vec<&ValueCheck> {
        self.conditions.iter().flat_map(|conditions| &conditions.0).flat_map(Condition::checks).collect()
    }

    /// The paths of the conditions that an entry must meet.
    pub(crate) fn condition_paths(&self) -> Vec<&JsonPath> {
        self.checks().into_iter().flat_map(ValueCheck::paths).collect()
    }

    /// The place that explains why nothing was found: that of the condition which no entry meets, or that of the list.
    pub(crate) fn place_of_choice(&self) -> Place {
        let condition = self.conditions.as_ref().and_then(|conditions| conditions.0.first());
        condition.map_or(self.from.place, |condition| condition.place)
    }

    /// Whether an entry is chosen only if it meets a condition about a value that this expression reads.
    pub(crate) fn is_chosen_by(&self, reading: &FactExpression) -> bool {
        let conditions = self.conditions.as_ref().map_or([].as_slice(), |conditions| &conditions.0);
        reading.paths().iter().any(|path| conditions.iter().any(|condition| condition.demands_value_at(path)))
    }

    /// Whether it may take an entry that is only not preferred, and reads nothing into the `asked` facts that shows it.
    pub(crate) fn may_take_another(&self, asked: &[Slot]) -> bool {
        let prefer = self.prefer.as_ref().map_or([].as_slice(), |prefer| &prefer.0);
        let shows_preference = |read: &ReadRule| {
            let mut paths = prefer.iter().flat_map(Condition::paths);
            asked.contains(&read.fact) && paths.any(|path| read.reading.paths().iter().any(|other| other.source == path.source))
        };
        !prefer.is_empty() && !self.reads.iter().any(shows_preference)
    }

    /// All its conditions: those that an entry must meet, and those that are preferred.
    pub(crate) fn all_conditions(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().chain(&self.prefer).flat_map(|conditions| &conditions.0)
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let read = self.reads.iter().flat_map(|read| read.reading.uses());
        self.all_conditions().flat_map(Condition::uses).chain(read).collect()
    }

    /// The words of the file, for a story.
    pub(crate) fn source(&self) -> String {
        let list = |conditions: &Conditions| conditions.0.iter().map(Condition::source).collect::<Vec<_>>().join(" and ");
        let wanted = self.conditions.as_ref().map(|conditions| format!(" where {}", list(conditions))).unwrap_or_default();
        let preferred = self.prefer.as_ref().map(|prefer| format!(", preferably where {}", list(prefer))).unwrap_or_default();
        format!("entry of {}{wanted}{preferred}", self.from.source)
    }
}

/// The entries of a list; a single object or text is its own only entry.
pub(crate) fn entries_of(list: &Value) -> Vec<&Value> {
    match list {
        Value::Array(entries) => entries.iter().collect(),
        Value::Null => Vec::new(),
        Value::Object(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) => vec![list],
    }
}
