//! A sign-in through an app that support has tried out, part by part.

use crate::lab::pages::exchange_view::{MaskedPart, masked_parts};
use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use crate::story::app_trial::{AppTrial, AppTrialNote, AppTrialStep, AppTrialValue};
use crate::vocabulary::diagnostic::printable;

#[derive(Clone, Debug)]
pub(crate) struct AppTrialView {
    pub(crate) title: String,
    pub(crate) parts: Vec<AppTrialPartView>,
}

/// A part of the sign-in.
#[derive(Clone, Debug)]
pub(crate) struct AppTrialPartView {
    pub(crate) number: usize,
    pub(crate) title: String,
    /// Whether something in it may keep a common client from working.
    pub(crate) has_warning: bool,
    pub(crate) rows: Vec<AppTrialRow>,
    pub(crate) notes: Vec<AppTrialNoteView>,
}

/// What is to be said about a part.
#[derive(Clone, Debug)]
pub(crate) struct AppTrialNoteView {
    pub(crate) text: String,
    pub(crate) is_warning: bool,
}

/// A parameter or a claim.
#[derive(Clone, Debug)]
pub(crate) struct AppTrialRow {
    pub(crate) name: String,
    pub(crate) value: Vec<MaskedPart>,
    /// What a value that is not shown looks like.
    pub(crate) looks: Option<String>,
    pub(crate) explanation: String,
}

impl AppTrialView {
    pub(crate) fn new(trial: &AppTrial, words: &LabWords) -> Self {
        let app = printable(&trial.app);
        let parts = trial.steps.iter().enumerate().map(|(at, step)| part_view(at.saturating_add(1), step, words)).collect();
        Self { title: fill(&words.trial.title, &[("app", &app)]), parts }
    }
}

fn part_view(number: usize, step: &AppTrialStep, words: &LabWords) -> AppTrialPartView {
    let is_warning = |word: &str| AppTrialNote::named(word).is_some_and(AppTrialNote::is_warning);
    let note = |word: &String| Some(AppTrialNoteView { text: words.trial_notes.get(word)?.clone(), is_warning: is_warning(word) });
    AppTrialPartView {
        number,
        title: words.trial_parts.get(&step.part).cloned().unwrap_or_default(),
        has_warning: step.notes.iter().any(|word| is_warning(word)),
        rows: step.values.iter().map(|value| row(value, words)).collect(),
        notes: step.notes.iter().filter_map(note).collect(),
    }
}

fn row(value: &AppTrialValue, words: &LabWords) -> AppTrialRow {
    let explained = words.trial_names.get(&value.name).or_else(|| words.trial_names.get("other"));
    AppTrialRow {
        name: printable(&value.name),
        value: value.value.as_deref().map(masked_parts).unwrap_or_default(),
        looks: value.looks.as_deref().map(|word| words.describe_looks(word, value.many)),
        explanation: explained.cloned().unwrap_or_default(),
    }
}
