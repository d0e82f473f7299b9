//! Proposes changes that mend a provider's file after a login, exact enough to be copied.
//!
//! Where an answer holds what is needed in another place than the file reads, the answers are searched, and each change is compiled
//! and tried on the same answers before it is proposed. Where the provider refuses, its words lead to a cause. No proposal holds a
//! value of an answer but the issuer, the audience and the algorithm of a token, reads an id that is no person's, makes an address
//! proven that was not, or removes a check that the provider did not refuse in words or leave out in its answer.

pub(crate) mod answer_format;
pub(crate) mod answer_index;
pub(crate) mod answer_repairs;
pub(crate) mod answer_search;
pub(crate) mod as_it_was;
pub(crate) mod candidates;
pub(crate) mod catalogue_hints;
pub(crate) mod document_search;
pub(crate) mod cause_proposals;
pub(crate) mod draft;
pub(crate) mod edit;
pub(crate) mod email_proof_safety;
pub(crate) mod entry_choice;
pub(crate) mod filter_candidates;
pub(crate) mod lost_state;
pub(crate) mod missing_email;
pub(crate) mod nested_json;
pub(crate) mod path_move;
pub(crate) mod person_id;
pub(crate) mod refusal_path;
pub(crate) mod refusal_proposals;
pub(crate) mod request;
pub(crate) mod request_repairs;
pub(crate) mod required_fact;
pub(crate) mod reread;
pub(crate) mod token_repairs;
pub(crate) mod unresolved_path;

use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::answer::is_web_page;
use crate::provider::fact_expression::FoundInstead;
use crate::provider::identity::Identity;
use crate::story::proposal::Proposal;
use crate::story::recent_logins::LoginsAtHand;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::wire::Response;
use crate::workbench::repair::answer_repairs::{RepairGoal, answer_proposals, holds_email, try_drafts};
use crate::workbench::repair::edit::changed_lines;
use crate::workbench::repair::request_repairs::ObservedRefusal;
use crate::workbench::repair::reread::{RepairCase, reread_login};

/// At most this many proposals are shown; more would not help.
const MOST: usize = 3;

/// A proposal and how good it is.
type RatedProposal = (Proposal, f32);

/// The proposals after a login that failed, or that worked without finding all facts; the best first.
pub fn propose(provider: &Provider, end: Result<&Identity, &LoginError>, trace: &Trace) -> Vec<Proposal> {
    propose_among(provider, end, trace, &LoginsAtHand::default())
}

/// The same where other logins of the provider are at hand, with which a proposed id is compared.
pub fn propose_among(provider: &Provider, end: Result<&Identity, &LoginError>, trace: &Trace, others: &LoginsAtHand) -> Vec<Proposal> {
    propose_given(provider, end, trace, others, &[])
}

/// The same where further answers are given, which the login did not come to.
pub fn propose_given(
    provider: &Provider,
    end: Result<&Identity, &LoginError>,
    trace: &Trace,
    others: &LoginsAtHand,
    further: &[(usize, Response)],
) -> Vec<Proposal> {
    let mut case = RepairCase { others: Some(others), ..case_from_trace(provider, end, trace) };
    let is_new = |call: usize| trace.exchanges.iter().all(|exchange| exchange.call != call);
    case.answers.extend(further.iter().filter(|(call, _)| is_new(*call)).map(|(call, answer)| (*call, answer, false)));
    let last = provider.calls_after_callback().last().map(|(call, _)| call);
    case.complete |= case.answers.last().map(|(call, ..)| *call) == last;
    let mut rated = match end {
        Ok(_) => {
            answer_proposals(provider, &case, &RepairGoal::default()).into_iter().map(|(proposal, rating, _)| (proposal, rating)).collect()
        }
        Err(error) => proposals_after_failure(provider, error, trace, &case),
    };
    // Anyone can make up a callback that refuses a protection. Where the logins of others succeed with it, it is not given up.
    let gives_up = |proposal: &Proposal| matches!(proposal.rule(), Some(RepairRule::PkceRefused {}));
    if others.has_success() {
        rated.iter_mut().filter(|(proposal, _)| gives_up(proposal)).for_each(|(proposal, _)| proposal.change = None);
    }
    best_proposals(rated)
}

/// The proposals that would make the file read an answer of one of its calls; the best first.
pub fn propose_for_answer(provider: &Provider, call: usize, answer: &Response, others: &LoginsAtHand) -> Vec<Proposal> {
    let case = RepairCase { answers: vec![(call, answer, false)], reads_refused: true, others: Some(others), ..RepairCase::default() };
    let Some(step) = provider.calls.get(call) else { return Vec::new() };
    let goal = RepairGoal { failed: false, ..RepairGoal::default() };
    let mut rated: Vec<RatedProposal> =
        answer_proposals(provider, &case, &goal).into_iter().map(|(proposal, rating, _)| (proposal, rating)).collect();
    if step.answers.read(answer).is_err() {
        rated.extend(proposals_for_unreadable(provider, &case, &goal));
    }
    best_proposals(rated)
}

fn case_from_trace<'a>(provider: &Provider, end: Result<&Identity, &LoginError>, trace: &'a Trace) -> RepairCase<'a> {
    let answers: Vec<_> = trace
        .exchanges
        .iter()
        .filter_map(|exchange| exchange.answer.as_ref().ok().map(|answer| (exchange.call, answer, exchange.forgiven)))
        .collect();
    let last = provider.calls_after_callback().last().map(|(call, _)| call);
    let reached = answers.last().map(|(call, ..)| *call) == last || last.is_none();
    RepairCase {
        callback: (!trace.callback.pairs.is_empty()).then(|| trace.callback.document()),
        answers,
        complete: reached || end.map_or_else(|error| error.step.is_none(), |_| true),
        reads_refused: false,
        others: None,
    }
}

fn proposals_after_failure(provider: &Provider, error: &LoginError, trace: &Trace, case: &RepairCase<'_>) -> Vec<RatedProposal> {
    if let Some(only) = only_proposal(provider, error, trace) {
        return vec![(only, 100.0)];
    }
    let goal = goal_from_error(error);
    let is_refused = error.refusal().is_some();
    let is_unreadable = matches!(error.cause, LoginErrorCause::Unreadable(_));
    let last = case.answers.last().filter(|_| !trace.ends_with_callback(error.step) || !is_refused);
    let mut rated: Vec<RatedProposal> = Vec::new();
    let is_about_reading = !goal.facts.is_empty() || goal.refused;
    if is_about_reading {
        rated.extend(
            answer_proposals(provider, case, &goal)
                .into_iter()
                .map(|(proposal, rating, whole)| (proposal, rating + if whole { 100.0 } else { 0.0 })),
        );
    }
    if let LoginErrorCause::NotAllowed(_) = &error.cause {
        rated.extend(proposals_for_require(provider, case, &goal));
    }
    if let LoginErrorCause::BadToken(_) = &error.cause {
        rated.extend(token_repairs::token_proposals(provider, case, error.place).into_iter().map(|proposal| (proposal, 90.0)));
    }
    if is_unreadable {
        rated.extend(proposals_for_unreadable(provider, case, &goal));
    }
    rated.extend(proposals_for_missing_email(provider, case, error, (&goal, rated.is_empty())));
    rated.extend(proposals_of_catalogue(provider, case, error, &goal));
    let is_refusal =
        is_refused || is_unreadable || last.is_some_and(|(_, answer, _)| !(200..300).contains(&answer.status) || is_web_page(&answer.body));
    // A refusal that the file does not recognize is proposed as well, after what would be read.
    let is_unrecognized = is_about_reading && !is_refused && rated.iter().all(|(_, rating)| *rating < 120.0);
    if is_unrecognized && !is_unreadable {
        rated.extend(refusal_path::refusal_proposal(provider, case).map(|proposal| (proposal, 70.0)));
    }
    if is_refusal || is_unrecognized {
        let least = if is_refusal { -10.0 } else { 15.0 };
        let causes = ObservedRefusal::from_login(provider, error, trace).proposals();
        rated.extend(causes.into_iter().filter(|(_, score)| *score >= least).map(|(proposal, score)| {
            // A clear refusal counts more than a format in which the answer could be read.
            let plain = if is_unreadable && score >= 15.0 { 250.0 } else { 0.0 };
            (proposal, plain + 60.0 + score)
        }));
    }
    let is_missing = goal.facts.first().filter(|_| !is_refusal && rated.iter().all(|(proposal, _)| proposal.change.is_none()));
    rated.extend(is_missing.map(|fact| (Proposal::new(fact.clone(), &RepairRule::NothingLike { fact: fact.clone() }, None), 1.0)));
    if rated.is_empty() {
        rated.extend(cause_proposals::redirect_hint(error).map(|hint| (hint, 5.0)));
    }
    if !is_refused {
        rated.extend(cause_proposals::condition_hints(provider, trace).into_iter().map(|hint| (hint, 0.5)));
    }
    rated
}

/// The proposals to ask for an e-mail address that no answer holds or proves. `is_alone` says that nothing else was found.
fn proposals_for_missing_email(
    provider: &Provider,
    case: &RepairCase<'_>,
    error: &LoginError,
    (goal, is_alone): (&RepairGoal, bool),
) -> Vec<RatedProposal> {
    let reason = match &error.cause {
        LoginErrorCause::UnprovenEmail(_) => RepairRule::AskBecauseUnproven {},
        LoginErrorCause::MissingEmail(Some(FoundInstead::NoFittingEntry | FoundInstead::NoAddress(_))) => RepairRule::AskBecauseUnfit {},
        LoginErrorCause::MissingEmail(_) => RepairRule::AskBecauseMissing {},
        _ => return Vec::new(),
    };
    let own = RepairGoal { facts: Vec::new(), ..goal.clone() };
    let ask = try_drafts(provider, case, &own, missing_email::missing_email_drafts(provider, reason));
    let unless_found = if is_alone && !holds_email(&reread_login(provider, case)) { 40.0 } else { 0.0 };
    let proposals = ask.into_iter().filter_map(|mended| {
        let change = changed_lines(&provider.source.text, &mended.text)?;
        let score = mended.draft.score + unless_found;
        Some((mended.draft.into_proposal(change), score))
    });
    proposals.collect()
}

/// The scope of the catalogue with which a fact is read that was not found.
fn proposals_of_catalogue(provider: &Provider, case: &RepairCase<'_>, error: &LoginError, goal: &RepairGoal) -> Vec<RatedProposal> {
    let is_missing =
        matches!(error.cause, LoginErrorCause::MissingFact { .. } | LoginErrorCause::MissingId(_) | LoginErrorCause::MissingEmail(None));
    let Some(fact) = goal.facts.first().filter(|_| is_missing) else { return Vec::new() };
    let drafts = catalogue_hints::scope_draft(provider, fact).into_iter().collect();
    let own = RepairGoal { facts: Vec::new(), ..goal.clone() };
    let proposals = try_drafts(provider, case, &own, drafts).into_iter().filter_map(|mended| {
        let change = changed_lines(&provider.source.text, &mended.text)?;
        let score = mended.draft.score;
        Some((mended.draft.into_proposal(change), score))
    });
    proposals.collect()
}

/// The one proposal after a failure whose cause says it all.
fn only_proposal(provider: &Provider, error: &LoginError, trace: &Trace) -> Option<Proposal> {
    if let Some(proposal) = cause_proposals::cause_proposal(provider, error, trace) {
        return Some(proposal);
    }
    if let LoginErrorCause::NoState { found_as: Some(name), .. } = &error.cause {
        return lost_state::state_proposal(provider, name);
    }
    let is_other_type = error.cause == LoginErrorCause::OtherTokenType;
    is_other_type.then(|| ObservedRefusal::from_login(provider, error, trace).token_type_proposal())
}

fn goal_from_error(error: &LoginError) -> RepairGoal {
    let fact = match &error.cause {
        LoginErrorCause::MissingFact { fact, .. } => fact.as_deref(),
        LoginErrorCause::NoCode { fact } => Some(&**fact),
        LoginErrorCause::MissingId(_) => Some("id"),
        LoginErrorCause::MissingEmail(_) => Some("email"),
        LoginErrorCause::UnprovenEmail(_) => Some("emailVerified"),
        LoginErrorCause::OtherProvider
        | LoginErrorCause::StateMismatch
        | LoginErrorCause::NoState { .. }
        | LoginErrorCause::UnknownState
        | LoginErrorCause::Expired
        | LoginErrorCause::TooManyParameters
        | LoginErrorCause::RepeatedParameter
        | LoginErrorCause::OtherIssuer
        | LoginErrorCause::NoIssuer
        | LoginErrorCause::NoDocument(_)
        | LoginErrorCause::PreparedTooLong
        | LoginErrorCause::FileChanged
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::TooManyLogins
        | LoginErrorCause::OutOfTime(_)
        | LoginErrorCause::NotAllowed(_)
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::BadToken(_)
        | LoginErrorCause::OtherTokenType
        | LoginErrorCause::BadSignature(_)
        | LoginErrorCause::NoAnswer(_)
        | LoginErrorCause::Redirected(_)
        | LoginErrorCause::RecordingWaits
        | LoginErrorCause::NotExchangeable(_)
        | LoginErrorCause::Refused(_) => None,
    };
    let refused = error.refusal().is_some() && error.place.is_some();
    RepairGoal { facts: fact.map(str::to_owned).into_iter().collect(), refused, failed: true }
}

/// The changes that mend the spelling of a fact that `require` asks about.
fn proposals_for_require(provider: &Provider, case: &RepairCase<'_>, goal: &RepairGoal) -> Vec<RatedProposal> {
    let slips = required_fact::slip_drafts(provider, &reread_login(provider, case));
    let proposals = try_drafts(provider, case, goal, slips).into_iter().filter_map(|mended| {
        let change = changed_lines(&provider.source.text, &mended.text)?;
        Some((mended.draft.into_proposal(change), mended.rating))
    });
    proposals.collect()
}

/// The changes that make an answer readable, together with what is then still missing.
fn proposals_for_unreadable(provider: &Provider, case: &RepairCase<'_>, goal: &RepairGoal) -> Vec<RatedProposal> {
    let Some((call, answer, _)) = case.answers.last() else { return Vec::new() };
    let Some(step) = provider.calls.get(*call) else { return Vec::new() };
    let mut rated = Vec::new();
    let open = RepairGoal { facts: Vec::new(), refused: false, ..goal.clone() };
    for mended in try_drafts(provider, case, &open, answer_format::format_drafts(step, answer)) {
        let inner = answer_proposals(&mended.provider, case, &RepairGoal { failed: false, ..open.clone() });
        let reads_all = unresolved_path::unresolved_paths(&mended.provider, &reread_login(&mended.provider, case))
            .iter()
            .all(|wanted| wanted.reason == unresolved_path::UnresolvedReason::Alternative || !wanted.written);
        let Some(own) = changed_lines(&provider.source.text, &mended.text) else { continue };
        if let Some((proposal, rating, _)) = inner.into_iter().next().filter(|_| !reads_all)
            && let Some(text) = proposal.change.as_ref().and_then(|change| change.apply(&mended.text))
            && let Some(both) = changed_lines(&provider.source.text, &text)
        {
            let title = format!("{}, {}", mended.draft.title, proposal.title);
            let rule = RepairRule::SeveralMoved { first: mended.draft.title.clone(), all: title.clone() };
            rated.push((Proposal::new(title, &rule, Some(both)), 120.0 + rating));
        }
        let score = mended.draft.score;
        rated.push((mended.draft.into_proposal(own), 110.0 + score));
    }
    rated
}

/// The best proposals, each change once.
fn best_proposals(mut rated: Vec<RatedProposal>) -> Vec<Proposal> {
    rated.sort_by(|one, other| other.1.total_cmp(&one.1));
    let mut list: Vec<Proposal> = Vec::new();
    for (proposal, _) in rated {
        let known = list.iter().any(|known| {
            known.because == proposal.because && known.title == proposal.title && known.change == proposal.change
                || (known.change.is_some() && known.change == proposal.change)
        });
        if !known && list.len() < MOST {
            list.push(proposal);
        }
    }
    list
}

#[cfg(test)]
mod tests;
