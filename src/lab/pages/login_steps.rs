//! The steps of a login: each request, its answer without values, and the step in which the login failed.

use crate::lab::pages::exchange_view::{AnswerTreeNode, FactView, RequestView, answer_tree, fact_views};
use crate::lab::pages::masked_file::MaskedFile;
use crate::lab::pages::step_complaint::StepComplaint;
use crate::lab::pages::words::LabLanguage;
use crate::lab::pages::words::texts::LabWords;
use crate::login::error::LoginErrorCode;
use crate::pages::phrases::fill;
use crate::provider::step::StepKind;
use crate::story::{REPLACED_TOKEN, Story, StoryExchange, StoryFact};
use crate::vocabulary::diagnostic::printable;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepViewStatus {
    Passed,
    /// The login failed in this step.
    Failed,
    /// The step failed, and the login went on because the step is optional.
    FailedOptional,
    NotReached,
}

/// A step of a login.
#[derive(Clone, Debug)]
pub(crate) struct StepView {
    pub(crate) number: usize,
    pub(crate) name: String,
    /// What happened, in short.
    pub(crate) summary: String,
    pub(crate) status: StepViewStatus,
    pub(crate) duration: Option<String>,
    pub(crate) request: Option<RequestView>,
    /// The sentence in place of a request, where the broker sent none.
    pub(crate) no_request: Option<String>,
    /// That the request carries a client token of an earlier login.
    pub(crate) about_token: Option<String>,
    /// What the answer is, or why there is none.
    pub(crate) about: Option<String>,
    pub(crate) tree: Vec<AnswerTreeNode>,
    pub(crate) facts: Vec<FactView>,
    /// The complaint, where the login failed in this step.
    pub(crate) complaint: Option<StepComplaint>,
}

/// The steps of a login.
#[derive(Clone, Debug)]
pub(crate) struct LoginStepsView {
    pub(crate) steps: Vec<StepView>,
    /// The line of the file that decided.
    pub(crate) line: Option<u32>,
}

/// Where a fact is read.
#[derive(Clone, Debug)]
pub(crate) struct LabFactSource {
    pub(crate) fact: String,
    /// The path in the answer.
    pub(crate) from: String,
    /// The line of the file that reads it.
    pub(crate) line: u32,
}

/// The provider's file as it is today.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentFile<'a> {
    /// The file; `None` where it has changed since the login.
    pub(crate) file: Option<&'a MaskedFile>,
    /// Where each fact is read.
    pub(crate) reads: &'a [LabFactSource],
    /// The names of the calls, in order.
    pub(crate) calls: &'a [String],
}

/// The step in which a login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailedStep {
    /// No step failed.
    None,
    /// The last call before the redirect.
    Prepared,
    Callback,
    /// The exchange with this index.
    Exchange(usize),
    /// A call whose request was not sent.
    Unsent,
    Identity,
}

impl LoginStepsView {
    /// The steps of a story. `provider` is the title of the provider.
    pub(crate) fn from_story(story: &Story, current: CurrentFile<'_>, provider: &str, language: &LabLanguage) -> Self {
        let words = &language.words;
        let failed = FailedStep::of_story(story);
        let unreached =
            |name: &String| StepView { status: StepViewStatus::NotReached, summary: words.test.unreached.clone(), ..empty_step(name) };
        let mut steps: Vec<StepView> = story.prepared.iter().map(|exchange| call_step(exchange, &exchange.step, words)).collect();
        let before = steps.len();
        if failed == FailedStep::Prepared {
            steps.extend([unreached(&words.test.redirect), unreached(&words.test.callback)]);
        } else {
            steps.extend([redirect_step(story, words), callback_step(story, words)]);
        }
        steps.extend(story.exchanges.iter().enumerate().map(|(at, exchange)| call_step(exchange, &call_name(story, at), words)));
        if failed == FailedStep::Unsent {
            let name = story.step.clone().unwrap_or_default();
            steps.push(StepView { no_request: Some(words.test.unsent.clone()), summary: words.test.unsent.clone(), ..empty_step(&name) });
        }
        // The calls of the file do not name the one for the client's own token, nor the second try of a call.
        let is_listed = |exchange: &&StoryExchange| {
            exchange.step != StepKind::GetClientToken.word() && exchange.client_token.as_deref() != Some(REPLACED_TOKEN)
        };
        let is_unsent = failed == FailedStep::Unsent && story.step.as_deref() != Some(StepKind::GetClientToken.word());
        let calls_made = story.exchanges.iter().filter(is_listed).count() + usize::from(is_unsent);
        let failed_at = match failed {
            FailedStep::None => None,
            FailedStep::Prepared => before.checked_sub(1),
            FailedStep::Callback => Some(before + 1),
            FailedStep::Exchange(at) => Some(before + 2 + at),
            FailedStep::Unsent => Some(steps.len() - 1),
            FailedStep::Identity => Some(steps.len()),
        };
        if !matches!(failed, FailedStep::None | FailedStep::Identity) {
            steps.extend(current.calls.iter().skip(calls_made).map(unreached));
        }
        steps.push(identity_step(story, failed, words));
        if let Some(step) = failed_at.and_then(|at| steps.get_mut(at)) {
            let exchange = match failed {
                FailedStep::Prepared => story.prepared.last(),
                FailedStep::Exchange(at) => story.exchanges.get(at),
                FailedStep::None | FailedStep::Callback | FailedStep::Unsent | FailedStep::Identity => None,
            };
            step.status = StepViewStatus::Failed;
            step.complaint = Some(StepComplaint::from_story(story, current, exchange, (provider, language)));
        }
        for (step, number) in steps.iter_mut().zip(1..) {
            step.number = number;
        }
        Self { steps, line: story.line }
    }

    /// The step in which the login failed.
    pub(crate) fn failed(&self) -> Option<&StepView> {
        self.steps.iter().find(|step| step.status == StepViewStatus::Failed)
    }

    /// In which step a login failed, and at which line of the file.
    pub(crate) fn place_sentence(&self, step: &StepView, words: &LabWords) -> String {
        let (number, line) = (step.number.to_string(), self.line.unwrap_or_default().to_string());
        let phrase = if self.line.is_some() { &words.incident.step_line } else { &words.incident.step_only };
        fill(phrase, &[("number", &number), ("step", &step.name), ("line", &line)])
    }
}

impl StepView {
    pub(crate) fn status_word<'a>(&self, words: &'a LabWords) -> &'a str {
        match self.status {
            StepViewStatus::Passed => &words.test.done,
            StepViewStatus::Failed => &words.test.failed_word,
            StepViewStatus::FailedOptional => &words.test.failed_optional,
            StepViewStatus::NotReached => &words.test.unreached,
        }
    }
}

impl FailedStep {
    /// A fact that is missing counts for the step that should have read it, rather than for the step that needed it.
    fn of_story(story: &Story) -> Self {
        if story.code.is_none() {
            return Self::None;
        }
        let is_missing = |fact: &StoryFact| fact.looks.is_none() && fact.line.is_some() && fact.line == story.line;
        if let Some(at) = story.exchanges.iter().rposition(|exchange| exchange.facts.iter().any(is_missing)) {
            return Self::Exchange(at);
        }
        if story.callback_facts.iter().any(is_missing) {
            return Self::Callback;
        }
        match story.step.as_deref() {
            None => Self::Identity,
            Some(step)
                if story.redirect.is_none() && story.callback.is_empty() && story.prepared.last().is_some_and(|last| last.step == step) =>
            {
                Self::Prepared
            }
            Some("getAuthorizationCode") => Self::Callback,
            Some(_) if story.own_code().is_some_and(LoginErrorCode::is_before_sending) => Self::Unsent,
            Some(step) => match story.exchanges.last() {
                Some(last) if last.step == step && !last.forgiven => Self::Exchange(story.exchanges.len() - 1),
                _ => Self::Unsent,
            },
        }
    }
}

fn empty_step(name: &str) -> StepView {
    StepView {
        number: 0,
        name: printable(name),
        summary: String::new(),
        status: StepViewStatus::Passed,
        duration: None,
        request: None,
        no_request: None,
        about_token: None,
        about: None,
        tree: Vec::new(),
        facts: Vec::new(),
        complaint: None,
    }
}

/// The name of a call; calls of the same name are numbered.
fn call_name(story: &Story, at: usize) -> String {
    let name = &story.exchanges[at].step;
    let count = |exchanges: &[StoryExchange]| exchanges.iter().filter(|other| other.step == *name).count();
    if count(&story.exchanges) > 1 { format!("{name} {}", count(&story.exchanges[..=at])) } else { name.clone() }
}

fn redirect_step(story: &Story, words: &LabWords) -> StepView {
    let request = story.redirect.as_ref().map(RequestView::from_request);
    let summary = request.as_ref().map(|request| request.summary.clone()).unwrap_or_default();
    StepView { request, summary, about: Some(words.test.sent_there.clone()), ..empty_step(&words.test.redirect) }
}

fn callback_step(story: &Story, words: &LabWords) -> StepView {
    let names: Vec<String> = story.callback.iter().map(|member| printable(&member.key)).filter(|key| !key.is_empty()).collect();
    StepView {
        summary: names.join(", "),
        no_request: Some(words.test.came_back.clone()),
        tree: answer_tree(&story.callback, words),
        facts: fact_views(&story.callback_facts, words),
        ..empty_step(&words.test.callback)
    }
}

fn call_step(exchange: &StoryExchange, name: &str, words: &LabWords) -> StepView {
    let request = RequestView::from_request(&exchange.request);
    let answer = AnswerView::from_exchange(exchange, words);
    let status = exchange.answer.as_ref().map_or_else(String::new, |answer| format!(" → {}", answer.status));
    StepView {
        summary: format!("{}{status}", request.summary),
        status: if exchange.forgiven { StepViewStatus::FailedOptional } else { StepViewStatus::Passed },
        duration: exchange.took.map(|took| format_duration(took, words)),
        request: Some(request),
        about_token: exchange.client_token.as_deref().map(|word| {
            let test = &words.test;
            if word == REPLACED_TOKEN { test.replaced_token.clone() } else { test.kept_token.clone() }
        }),
        about: answer.about,
        tree: answer.tree,
        facts: fact_views(&exchange.facts, words),
        ..empty_step(name)
    }
}

/// The answer in an exchange.
#[derive(Default)]
pub(crate) struct AnswerView {
    /// What the answer is, or why there is none.
    pub(crate) about: Option<String>,
    pub(crate) tree: Vec<AnswerTreeNode>,
}

impl AnswerView {
    pub(crate) fn from_exchange(exchange: &StoryExchange, words: &LabWords) -> Self {
        let Some(answer) = &exchange.answer else {
            return Self { about: exchange.no_answer.as_ref().map(|_| words.test.no_answer.clone()), tree: Vec::new() };
        };
        let (status, bytes) = (answer.status.to_string(), answer.bytes.to_string());
        let mut about = match &answer.content_type {
            Some(kind) => fill(&words.test.about, &[("status", &status), ("kind", &printable(kind)), ("bytes", &bytes)]),
            None => fill(&words.test.about_plain, &[("status", &status), ("bytes", &bytes)]),
        };
        let tree = answer.shape.as_deref().map(|shape| answer_tree(shape, words)).unwrap_or_default();
        if tree.is_empty() {
            let reason = if answer.shape.is_some() || answer.bytes == 0 { &words.test.nothing } else { &words.test.unread };
            about = format!("{about}. {reason}");
        }
        Self { about: Some(about), tree }
    }
}

fn format_duration(milliseconds: u64, words: &LabWords) -> String {
    if milliseconds < 1000 {
        return fill(&words.test.milliseconds, &[("count", &milliseconds.to_string())]);
    }
    fill(&words.test.seconds, &[("count", &format!("{}.{}", milliseconds / 1000, milliseconds % 1000 / 100))])
}

fn identity_step(story: &Story, failed: FailedStep, words: &LabWords) -> StepView {
    let status = match failed {
        FailedStep::None | FailedStep::Identity => StepViewStatus::Passed,
        FailedStep::Prepared | FailedStep::Callback | FailedStep::Exchange(_) | FailedStep::Unsent => StepViewStatus::NotReached,
    };
    let facts: Vec<FactView> = story.identity.iter().flatten().map(|fact| identity_fact_view(fact, words)).collect();
    let summary = match status {
        StepViewStatus::NotReached => words.test.unreached.clone(),
        StepViewStatus::Passed | StepViewStatus::Failed | StepViewStatus::FailedOptional => {
            facts.iter().map(|fact| fact.name.clone()).collect::<Vec<_>>().join(", ")
        }
    };
    StepView { summary, status, facts, ..empty_step(&words.test.identity) }
}

/// A fact of the identity; a fact without a value is one for which the shopper is asked later.
fn identity_fact_view(fact: &StoryFact, words: &LabWords) -> FactView {
    let looks = match (fact.looks.as_deref(), fact.instead.as_deref()) {
        (None, _) => words.test.later.clone(),
        (Some(looks), None) => words.describe_looks(looks, fact.many),
        (Some(looks), Some(proof)) => {
            let proven = fill(&words.test.proven_by, &[("what", &printable(proof))]);
            format!("{}, {proven}", words.describe_looks(looks, fact.many))
        }
    };
    let looks = if fact.omitted { format!("{looks}; {}", words.test.omitted) } else { looks };
    FactView { name: printable(&fact.name), looks: Some(looks), instead: None, line: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::StoryFact;

    fn story(step: Option<&str>, code: Option<&str>, steps: &[&str]) -> Story {
        let exchange = |step: &&str| StoryExchange { step: (*step).to_owned(), ..StoryExchange::default() };
        Story {
            step: step.map(str::to_owned),
            code: code.map(str::to_owned),
            exchanges: steps.iter().map(exchange).collect(),
            ..Story::default()
        }
    }

    fn statuses(story: &Story, calls: &[&str]) -> Vec<StepViewStatus> {
        let calls: Vec<String> = calls.iter().map(|call| (*call).to_owned()).collect();
        let current = CurrentFile { file: None, reads: &[], calls: &calls };
        LoginStepsView::from_story(story, current, "Acme", LabLanguage::for_code("en")).steps.iter().map(|step| step.status).collect()
    }

    #[test]
    fn the_step_in_which_a_login_failed_is_found() {
        use StepViewStatus::{Failed, NotReached, Passed};
        let calls = ["getAccessCode", "getUserInfo"];

        assert_eq!(statuses(&story(None, None, &calls), &calls), [Passed, Passed, Passed, Passed, Passed]);
        assert_eq!(statuses(&story(None, Some("missingEmail"), &calls), &calls), [Passed, Passed, Passed, Passed, Failed]);
        assert_eq!(
            statuses(&story(Some("getAuthorizationCode"), Some("badState"), &[]), &calls),
            [Passed, Failed, NotReached, NotReached, NotReached]
        );
        assert_eq!(
            statuses(&story(Some("getAccessCode"), Some("unreadable"), &calls[..1]), &calls),
            [Passed, Passed, Failed, NotReached, NotReached]
        );
        assert_eq!(
            statuses(&story(Some("getUserInfo"), Some("badAddress"), &calls[..1]), &calls),
            [Passed, Passed, Passed, Failed, NotReached]
        );

        let mut unprepared = story(Some("getAuthorizationCode"), Some("invalid_request"), &[]);
        unprepared.prepared = vec![StoryExchange { step: "getAuthorizationCode".to_owned(), ..StoryExchange::default() }];
        assert_eq!(statuses(&unprepared, &calls), [Failed, NotReached, NotReached, NotReached, NotReached, NotReached]);

        let mut missed = story(Some("getUserInfo"), Some("missingFact"), &calls[..1]);
        missed.line = Some(7);
        missed.exchanges[0].facts = vec![StoryFact { name: "accessToken".to_owned(), line: Some(7), ..StoryFact::default() }];
        assert_eq!(statuses(&missed, &calls), [Passed, Passed, Failed, NotReached, NotReached], "where it was looked for");
    }

    #[test]
    fn a_duration_is_written_in_milliseconds_or_seconds() {
        let words = &LabLanguage::for_code("en").words;

        assert_eq!([format_duration(412, words), format_duration(8412, words)], ["412 ms", "8.4 s"]);
    }
}
