//! The steps of a login that happened: what was sent, what came back by its looks, and where it ended.

use crate::lab::pages::exchange_view::{AnswerTreeNode, FactView, RequestView, answer_tree, fact_views, path_departure};
use crate::lab::pages::file_sections::LabFactSource;
use crate::lab::pages::masked_file::{MaskedFile, MaskedSpan, caret_line};
use crate::lab::pages::words::LabWords;
use crate::login::error::LoginErrorCode;
use crate::pages::phrases::fill;
use crate::story::proposal::Proposal;
use crate::story::{Story, StoryExchange};
use crate::vocabulary::diagnostic::printable;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepViewStatus {
    Well,
    /// The login ended in it.
    Badly,
    /// Badly, and the login went on.
    Forgiven,
    /// It was not reached.
    Unreached,
}

/// A step of a login.
#[derive(Clone, Debug)]
pub(crate) struct StepView {
    pub(crate) number: usize,
    pub(crate) name: String,
    /// What happened, in short.
    pub(crate) brief: String,
    pub(crate) went: StepViewStatus,
    /// How long it took.
    pub(crate) time: Option<String>,
    pub(crate) asking: Option<RequestView>,
    /// What is said where nothing was sent.
    pub(crate) unsent: Option<String>,
    /// What the answer is, or why there is none.
    pub(crate) about: Option<String>,
    /// Whether that is in English.
    pub(crate) about_english: bool,
    /// The answer by its looks.
    pub(crate) tree: Vec<AnswerTreeNode>,
    pub(crate) facts: Vec<FactView>,
    /// The complaint, where the login ended here.
    pub(crate) complaint: Option<ComplaintView>,
}

/// A complaint with the lines that it is about.
#[derive(Clone, Debug)]
pub(crate) struct ComplaintView {
    pub(crate) message: String,
    /// The file, line and column.
    pub(crate) place: String,
    /// Whether the provider itself said no.
    pub(crate) said_no: bool,
    /// The number of the first line.
    pub(crate) first: usize,
    /// The lines, and whether each is the one.
    pub(crate) lines: Vec<(Vec<MaskedSpan>, bool)>,
    /// The mark under the line.
    pub(crate) caret: String,
    /// Where a path leaves the answer: as far as it goes, what is missing, what is there.
    pub(crate) astray: Option<(String, String, Vec<String>)>,
    /// Whether the file is another one by now.
    pub(crate) changed: bool,
}

/// A change that is proposed.
#[derive(Clone, Debug)]
pub(crate) struct ProposalView {
    pub(crate) number: usize,
    /// What would stand there.
    pub(crate) title: String,
    pub(crate) reason: String,
    /// Whether that is in the page's language.
    pub(crate) translated: bool,
    /// The line that changes.
    pub(crate) line: Option<usize>,
    /// What it is called.
    pub(crate) label: String,
    /// What the button that copies it is called.
    pub(crate) copy: String,
    /// The lines that go and come: which, and what they say.
    pub(crate) diff: Vec<(bool, String)>,
    /// Where the change can be copied from.
    pub(crate) href: Option<String>,
}

/// The steps, and what would help.
#[derive(Clone, Debug)]
pub(crate) struct LoginStepsView {
    pub(crate) stages: Vec<StepView>,
    pub(crate) suggested: Vec<ProposalView>,
}

/// What is known of the file today.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentFile<'a> {
    /// The file; nothing where it is another one than then.
    pub(crate) code: Option<&'a MaskedFile>,
    /// Where each fact is read.
    pub(crate) reads: &'a [LabFactSource],
    /// The names of the calls, in order.
    pub(crate) calls: &'a [String],
}

/// Where a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndingStep {
    Well,
    Callback,
    Exchange(usize),
    Unsent,
    Identity,
}

impl LoginStepsView {
    /// The course of a story; `changes` is the address of its changes.
    pub(crate) fn from_story(story: &Story, today: CurrentFile<'_>, changes: Option<&str>, words: &LabWords) -> Self {
        let end = ending_step(story);
        let mut stages = vec![redirect_step(story, words), callback_step(story, words)];
        let many = |kind: &str| story.exchanges.iter().filter(|other| other.step == kind).count() > 1;
        for (at, exchange) in story.exchanges.iter().enumerate() {
            let nth = story.exchanges[..at].iter().filter(|other| other.step == exchange.step).count() + 1;
            let name = if many(&exchange.step) { format!("{} {nth}", exchange.step) } else { exchange.step.clone() };
            stages.push(call_step(exchange, &name, words));
        }
        let told = stages.len();
        match end {
            EndingStep::Callback => stages[1].went = StepViewStatus::Badly,
            EndingStep::Exchange(at) => stages[2 + at].went = StepViewStatus::Badly,
            EndingStep::Unsent => {
                let name = story.step.clone().unwrap_or_default();
                let unsent = Some(words.test.unsent.clone());
                stages.push(StepView { went: StepViewStatus::Badly, unsent, brief: words.test.unsent.clone(), ..empty_step(&name) });
            }
            EndingStep::Well | EndingStep::Identity => {}
        }
        if !matches!(end, EndingStep::Well | EndingStep::Identity) {
            let made = story.exchanges.len() + (stages.len() - told);
            for name in today.calls.iter().skip(made) {
                stages.push(StepView { went: StepViewStatus::Unreached, brief: words.test.unreached.clone(), ..empty_step(name) });
            }
        }
        stages.push(identity_step(story, end, words));
        if let Some(stage) = stages.iter_mut().find(|stage| stage.went == StepViewStatus::Badly) {
            stage.complaint = Some(complaint_view(story, today, end));
        }
        for (at, stage) in stages.iter_mut().enumerate() {
            stage.number = at + 1;
        }
        let suggested = story.proposals.iter().enumerate().map(|(at, proposal)| proposal_view(at + 1, proposal, changes, words)).collect();
        Self { stages, suggested }
    }

    /// The step in which it ended.
    pub(crate) fn failed(&self) -> Option<&StepView> {
        self.stages.iter().find(|stage| stage.went == StepViewStatus::Badly)
    }

    /// The sentence above the steps of a login that failed.
    pub(crate) fn failure(&self, phrase: &str) -> String {
        let (number, name) = self.failed().map(|stage| (stage.number.to_string(), stage.name.clone())).unwrap_or_default();
        fill(phrase, &[("number", &number), ("step", &name)])
    }
}

impl StepView {
    /// How it went, in a word.
    pub(crate) fn word<'a>(&self, words: &'a LabWords) -> &'a str {
        match self.went {
            StepViewStatus::Well => &words.test.done,
            StepViewStatus::Badly => &words.test.failed_word,
            StepViewStatus::Forgiven => &words.test.forgiven,
            StepViewStatus::Unreached => &words.test.unreached,
        }
    }
}

fn empty_step(name: &str) -> StepView {
    StepView {
        number: 0,
        name: printable(name),
        brief: String::new(),
        went: StepViewStatus::Well,
        time: None,
        asking: None,
        unsent: None,
        about: None,
        about_english: false,
        tree: Vec::new(),
        facts: Vec::new(),
        complaint: None,
    }
}

/// In which step it shows: where a fact was looked for in vain rather than where it was missed later on.
fn ending_step(story: &Story) -> EndingStep {
    if story.code.is_none() {
        return EndingStep::Well;
    }
    let missed =
        |facts: &[crate::story::StoryFact]| facts.iter().any(|fact| fact.looks.is_none() && fact.line.is_some() && fact.line == story.line);
    if let Some(at) = story.exchanges.iter().rposition(|exchange| missed(&exchange.facts)) {
        return EndingStep::Exchange(at);
    }
    if missed(&story.callback_facts) {
        return EndingStep::Callback;
    }
    match story.step.as_deref() {
        None => EndingStep::Identity,
        Some("getAuthorizationCode") => EndingStep::Callback,
        Some(_) if story.own_code().is_some_and(LoginErrorCode::is_before_sending) => EndingStep::Unsent,
        Some(step) => match story.exchanges.last() {
            Some(last) if last.step == step && !last.forgiven => EndingStep::Exchange(story.exchanges.len() - 1),
            _ => EndingStep::Unsent,
        },
    }
}

fn redirect_step(story: &Story, words: &LabWords) -> StepView {
    let asking = story.redirect.as_ref().map(RequestView::from_request);
    let brief = asking.as_ref().map(|asking| asking.brief.clone()).unwrap_or_default();
    StepView { asking, brief, about: Some(words.test.sent_there.clone()), ..empty_step(&words.test.redirect) }
}

fn callback_step(story: &Story, words: &LabWords) -> StepView {
    let names: Vec<String> = story.callback.iter().map(|member| printable(&member.key)).filter(|key| !key.is_empty()).collect();
    StepView {
        brief: names.join(", "),
        unsent: Some(words.test.came_back.clone()),
        tree: answer_tree(&story.callback, words),
        facts: fact_views(&story.callback_facts, words),
        ..empty_step(&words.test.callback)
    }
}

fn call_step(exchange: &StoryExchange, name: &str, words: &LabWords) -> StepView {
    let asking = RequestView::from_request(&exchange.request);
    let (about, about_english, branches) = describe_answer(exchange, words);
    let status = exchange.answer.as_ref().map_or_else(String::new, |answer| format!(" → {}", answer.status));
    StepView {
        brief: format!("{}{status}", asking.brief),
        went: if exchange.forgiven { StepViewStatus::Forgiven } else { StepViewStatus::Well },
        time: exchange.took.map(|took| format_duration(took, words)),
        asking: Some(asking),
        about,
        about_english,
        tree: branches,
        facts: fact_views(&exchange.facts, words),
        ..empty_step(name)
    }
}

/// What came back: a line about it, and its tree.
pub(crate) fn describe_answer(exchange: &StoryExchange, words: &LabWords) -> (Option<String>, bool, Vec<AnswerTreeNode>) {
    let Some(answer) = &exchange.answer else { return (exchange.no_answer.as_deref().map(printable), true, Vec::new()) };
    let (status, bytes) = (answer.status.to_string(), answer.bytes.to_string());
    let mut about = match &answer.content_type {
        Some(kind) => fill(&words.test.about, &[("status", &status), ("kind", &printable(kind)), ("bytes", &bytes)]),
        None => fill(&words.test.about_plain, &[("status", &status), ("bytes", &bytes)]),
    };
    let branches = answer.shape.as_deref().map(|shape| answer_tree(shape, words)).unwrap_or_default();
    if branches.is_empty() {
        let why = if answer.shape.is_some() || answer.bytes == 0 { &words.test.nothing } else { &words.test.unread };
        about = format!("{about}. {why}");
    }
    (Some(about), false, branches)
}

fn format_duration(milliseconds: u64, words: &LabWords) -> String {
    if milliseconds < 1000 {
        return fill(&words.test.milliseconds, &[("count", &milliseconds.to_string())]);
    }
    fill(&words.test.seconds, &[("count", &format!("{}.{}", milliseconds / 1000, milliseconds % 1000 / 100))])
}

fn identity_step(story: &Story, end: EndingStep, words: &LabWords) -> StepView {
    let went = match end {
        EndingStep::Well => StepViewStatus::Well,
        EndingStep::Identity => StepViewStatus::Badly,
        EndingStep::Callback | EndingStep::Exchange(_) | EndingStep::Unsent => StepViewStatus::Unreached,
    };
    let known = |fact: &crate::story::StoryFact| {
        let looks = fact.looks.as_deref().map(|word| words.describe_looks(word, fact.many)).or_else(|| Some(words.test.later.clone()));
        let instead = fact.instead.as_deref().filter(|_| fact.looks.is_some());
        let looks = looks.map(|looks| match instead {
            Some(by) => format!("{looks}, {}", fill(&words.test.by_what, &[("what", &printable(by))])),
            None => looks,
        });
        FactView { name: printable(&fact.name), looks, instead: None, line: None }
    };
    let facts: Vec<FactView> = story.identity.iter().flatten().map(known).collect();
    let brief = match went {
        StepViewStatus::Unreached => words.test.unreached.clone(),
        _ => facts.iter().map(|fact| fact.name.clone()).collect::<Vec<_>>().join(", "),
    };
    StepView { brief, went, facts, ..empty_step(&words.test.identity) }
}

fn complaint_view(story: &Story, today: CurrentFile<'_>, end: EndingStep) -> ComplaintView {
    let (line, column) = (story.line.unwrap_or_default() as usize, story.column.unwrap_or(1) as usize);
    let place = if line > 0 { format!("{}:{line}:{column}", printable(&story.file)) } else { printable(&story.file) };
    let (mut lines, mut first, mut mark) = (Vec::new(), line, String::new());
    if let Some(at) = today.code.and_then(|code| code.lines.iter().position(|other| other.number == line)) {
        let code = today.code.map_or(&[][..], |code| &code.lines);
        let near = &code[at.saturating_sub(2)..(at + 3).min(code.len())];
        first = near.first().map_or(line, |line| line.number);
        lines = near.iter().map(|other| (other.spans.clone(), other.number == line)).collect();
        mark = caret_line(column, word_width(&code[at].text(), column));
    }
    let missed = |facts: &[crate::story::StoryFact]| {
        facts.iter().find(|fact| fact.looks.is_none() && fact.line == story.line).map(|fact| fact.name.clone())
    };
    let astray = match end {
        EndingStep::Exchange(at) => story.exchanges.get(at).and_then(|exchange| {
            let name = missed(&exchange.facts)?;
            let from = today.reads.iter().find(|read| read.fact == name && Some(read.line) == story.line)?;
            path_departure(exchange.answer.as_ref()?.shape.as_deref()?, &from.from)
        }),
        _ => None,
    };
    let message = story.message.as_deref().or(story.code.as_deref()).unwrap_or_default();
    let changed = today.code.is_none() && line > 0;
    ComplaintView { message: printable(message), place, said_no: story.by_provider, first, lines, caret: mark, astray, changed }
}

/// How far the word goes that begins in a column.
fn word_width(line: &str, column: usize) -> usize {
    let rest: Vec<char> = line.chars().skip(column.saturating_sub(1)).collect();
    let is_nested = line.chars().take(column.saturating_sub(1)).any(|letter| matches!(letter, '{' | '['));
    let mut depth = 0_usize;
    let mut end = rest.len();
    for (at, letter) in rest.iter().enumerate() {
        let is_next = is_nested && depth == 0 && matches!(letter, '}' | ']' | ')' | ',');
        if is_next || (*letter == '#' && at > 0 && rest[at - 1] == ' ') {
            end = at;
            break;
        }
        match letter {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    rest[..end].iter().collect::<String>().trim_end().chars().count().max(1)
}

/// A proposal as it is drawn.
pub(crate) fn proposal_view(number: usize, proposal: &Proposal, changes: Option<&str>, words: &LabWords) -> ProposalView {
    let (reason, translated) = words.proposal_reason(proposal);
    let change = proposal.change.as_ref();
    let diff = change.into_iter().flat_map(|change| {
        let removed = change.removed.iter().map(|line| (false, printable(line)));
        removed.chain(change.added.iter().map(|line| (true, printable(line)))).collect::<Vec<_>>()
    });
    ProposalView {
        number,
        title: printable(&proposal.title),
        reason: printable(&reason),
        translated,
        line: change.map(|change| change.line),
        label: fill(&words.test.change, &[("number", &number.to_string())]),
        copy: fill(&words.test.copy_of, &[("number", &number.to_string())]),
        diff: diff.collect(),
        href: change.and(changes).map(|changes| format!("{changes}/change-{number}.txt")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::pages::words::LabLanguage;
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

    fn went(story: &Story, calls: &[&str]) -> Vec<StepViewStatus> {
        let calls: Vec<String> = calls.iter().map(|call| (*call).to_owned()).collect();
        let today = CurrentFile { code: None, reads: &[], calls: &calls };
        LoginStepsView::from_story(story, today, None, &LabLanguage::for_code("en").words).stages.iter().map(|stage| stage.went).collect()
    }

    #[test]
    fn the_step_in_which_a_login_ended_is_found() {
        use StepViewStatus::{Badly, Unreached, Well};
        let calls = ["getAccessCode", "getUserInfo"];

        assert_eq!(went(&story(None, None, &calls), &calls), [Well, Well, Well, Well, Well]);
        assert_eq!(went(&story(None, Some("missingEmail"), &calls), &calls), [Well, Well, Well, Well, Badly]);
        assert_eq!(
            went(&story(Some("getAuthorizationCode"), Some("badState"), &[]), &calls),
            [Well, Badly, Unreached, Unreached, Unreached]
        );
        assert_eq!(went(&story(Some("getAccessCode"), Some("unreadable"), &calls[..1]), &calls), [Well, Well, Badly, Unreached, Unreached]);
        assert_eq!(went(&story(Some("getUserInfo"), Some("badAddress"), &calls[..1]), &calls), [Well, Well, Well, Badly, Unreached]);

        let mut missed = story(Some("getUserInfo"), Some("missingFact"), &calls[..1]);
        missed.line = Some(7);
        missed.exchanges[0].facts = vec![StoryFact { name: "accessToken".to_owned(), line: Some(7), ..StoryFact::default() }];
        assert_eq!(went(&missed, &calls), [Well, Well, Badly, Unreached, Unreached], "where it was looked for");
    }

    #[test]
    fn a_mark_ends_with_the_word() {
        for (line, column, expected) in [
            ("    email: $.data.email", 12, 12),
            ("    email: $.data.email   # why", 12, 12),
            ("  read: { id: $.id, email: $.e[0] }", 28, 6),
            ("x", 9, 1),
        ] {
            assert_eq!(word_width(line, column), expected, "{line}");
        }
        assert_eq!(format_duration(8412, &LabLanguage::for_code("en").words), "8.4 s");
    }
}
