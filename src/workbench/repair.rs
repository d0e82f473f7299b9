//! Proposes changes that mend a provider's file after a login, exact enough to be copied.
//!
//! Where an answer holds what is needed in another place than the file reads, the answers are searched, and each change is compiled
//! and tried on the same answers before it is proposed. Where the provider refuses, its words lead to a cause. No proposal holds a
//! value of an answer, makes an address proven that was not, or removes a check that the provider did not refuse in words.

pub(crate) mod missing_email;
pub(crate) mod candidates;
pub(crate) mod draft;
pub(crate) mod edit;
pub(crate) mod answer_format;
pub(crate) mod nested_json;
pub(crate) mod answer_repairs;
pub(crate) mod path_move;
pub(crate) mod request_repairs;
pub(crate) mod reread;
pub(crate) mod email_proof_safety;
pub(crate) mod entry_choice;
pub(crate) mod answer_index;
pub(crate) mod unresolved_path;

use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::fact_expression::FoundInstead;
use crate::provider::identity::Identity;
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::wire::Response;
use crate::workbench::repair::answer_repairs::{RepairGoal, answer_proposals, holds_email, try_drafts};
use crate::workbench::repair::edit::changed_lines;
use crate::workbench::repair::request_repairs::{ObservedRefusal, is_page, no_answer_proposal};
use crate::workbench::repair::reread::{RepairCase, reread_login};

/// At most this many proposals are shown; more would not help.
const MOST: usize = 3;

/// A proposal and how good it is.
type RatedProposal = (Proposal, f32);

/// The proposals after a login that failed, or that worked without finding all facts; the best first.
pub fn propose(provider: &Provider, end: Result<&Identity, &LoginError>, trace: &Trace) -> Vec<Proposal> {
    let case = case_from_trace(provider, end, trace);
    let rated = match end {
        Ok(_) => {
            answer_proposals(provider, &case, &RepairGoal::default()).into_iter().map(|(proposal, rating, _)| (proposal, rating)).collect()
        }
        Err(error) => proposals_after_failure(provider, error, trace, &case),
    };
    best_proposals(rated)
}

/// The proposals that would make the file read an answer of one of its calls; the best first.
pub fn propose_for_answer(provider: &Provider, call: usize, answer: &Response) -> Vec<Proposal> {
    let case = RepairCase { answers: vec![(call, answer, false)], reads_refused: true, ..RepairCase::default() };
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
    let reached = answers.last().is_some_and(|(call, ..)| call + 1 == provider.calls.len()) || provider.calls.is_empty();
    RepairCase {
        callback: (!trace.callback.pairs.is_empty()).then(|| trace.callback.document()),
        answers,
        complete: reached || end.map_or_else(|error| error.step.is_none(), |_| true),
        reads_refused: false,
    }
}

fn proposals_after_failure(provider: &Provider, error: &LoginError, trace: &Trace, case: &RepairCase<'_>) -> Vec<RatedProposal> {
    if let LoginErrorCause::NoAnswer(why) = &error.cause {
        return vec![(no_answer_proposal(why, error.step), 100.0)];
    }
    if error.cause == LoginErrorCause::OtherTokenType {
        return vec![(ObservedRefusal::from_login(provider, error, trace).token_type_proposal(), 100.0)];
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
    if is_unreadable {
        rated.extend(proposals_for_unreadable(provider, case, &goal));
    }
    if let LoginErrorCause::MissingEmail(_) | LoginErrorCause::UnprovenEmail(_) = &error.cause {
        let reason = match &error.cause {
            LoginErrorCause::UnprovenEmail(_) => RepairRule::AskBecauseUnproven {},
            LoginErrorCause::MissingEmail(Some(FoundInstead::NoFittingEntry | FoundInstead::NoAddress(_))) => {
                RepairRule::AskBecauseUnfit {}
            }
            _ => RepairRule::AskBecauseMissing {},
        };
        let own = RepairGoal { facts: Vec::new(), ..goal.clone() };
        let ask = try_drafts(provider, case, &own, missing_email::missing_email_drafts(provider, reason));
        let unless_found = if rated.is_empty() && !holds_email(&reread_login(provider, case)) { 40.0 } else { 0.0 };
        rated.extend(ask.into_iter().filter_map(|mended| {
            let change = changed_lines(&provider.source.text, &mended.text)?;
            let score = mended.draft.score + unless_found;
            Some((mended.draft.into_proposal(change), score))
        }));
    }
    let says_no = is_refused || is_unreadable || last.is_some_and(|(_, answer, _)| !(200..300).contains(&answer.status) || is_page(answer));
    // A refusal that the file does not recognize is proposed as well, after what would be read.
    let unheard = is_about_reading && !is_refused && rated.iter().all(|(_, rating)| *rating < 120.0);
    if says_no || unheard {
        let least = if says_no { 0 } else { 2 };
        let no = ObservedRefusal::from_login(provider, error, trace).proposals();
        rated.extend(no.into_iter().enumerate().filter(|(_, (_, weight))| *weight >= least).map(|(at, (proposal, weight))| {
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let behind = at as f32;
            // A clear refusal counts more than a format in which the answer could be read.
            let plain = if is_unreadable && weight >= 2 { 250.0 } else { 0.0 };
            (proposal, plain + 60.0 + 10.0 * f32::from(weight) - behind)
        }));
    }
    rated
}

fn goal_from_error(error: &LoginError) -> RepairGoal {
    let fact = match &error.cause {
        LoginErrorCause::MissingFact { fact, .. } => fact.as_deref(),
        LoginErrorCause::MissingId(_) => Some("id"),
        LoginErrorCause::MissingEmail(_) => Some("email"),
        LoginErrorCause::UnprovenEmail(_) => Some("emailVerified"),
        LoginErrorCause::OtherProvider
        | LoginErrorCause::StateMismatch
        | LoginErrorCause::NoState
        | LoginErrorCause::UnknownState
        | LoginErrorCause::Expired
        | LoginErrorCause::TooManyParameters
        | LoginErrorCause::RepeatedParameter
        | LoginErrorCause::OtherIssuer
        | LoginErrorCause::NoIssuer
        | LoginErrorCause::NoDocument
        | LoginErrorCause::PreparedTooLong
        | LoginErrorCause::FileChanged
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::TooManyLogins
        | LoginErrorCause::OutOfTime
        | LoginErrorCause::NotAllowed(_)
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::BadToken(_)
        | LoginErrorCause::OtherTokenType
        | LoginErrorCause::BadSignature
        | LoginErrorCause::NoAnswer(_)
        | LoginErrorCause::RecordingWaits
        | LoginErrorCause::Refused(_) => None,
    };
    let refused = error.refusal().is_some() && error.place.is_some();
    RepairGoal { facts: fact.map(str::to_owned).into_iter().collect(), refused, failed: true }
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
            known.because == proposal.because && known.title == proposal.title
                || (known.change.is_some() && known.change == proposal.change)
        });
        if !known && list.len() < MOST {
            list.push(proposal);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;
    use crate::workbench::examples::replay::replay;

    const FILE: &str = "name: Acme\ngetAuthorizationCode: { get: https://idp.example/a, scope: openid }\ngetAccessCode: { post: https://idp.example/t }\ngetUserInfo:\n  get: https://idp.example/me\n  read:\n    id: $.user.id\n    email: $.user.email          # theirs\n    emailVerified: $.user.verified\n    name: $.user.name\n";

    /// The proposals after these two answers.
    fn after(file: &str, token: &str, person: &str) -> Vec<Proposal> {
        let (provider, report) = compile(&Source::new("acme.yaml", file), InstallationContext { loopback: false });
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let quoted = |text: &str| text.replace('\'', "''");
        let story = format!(
            "- what: x\n  exchanges: [ {{ answer: {{ text: '{}' }} }}, {{ answer: {{ text: '{}' }} }} ]\n  refused: {{ code: x }}\n",
            quoted(token),
            quoted(person)
        );
        let stories = crate::workbench::examples::read(&Source::new("acme.examples.yaml", story))
            .unwrap_or_else(|report| panic!("{}", report.draw(false)));
        let played = replay(&provider, &stories[0]);
        propose(&provider, played.end.as_ref(), &played.trace)
    }

    fn diff(proposals: &[Proposal]) -> String {
        proposals.first().and_then(|proposal| proposal.change.as_ref()).expect("a change").diff()
    }

    const TOKEN: &str = r#"{"access_token":"at-1"}"#;

    #[test]
    fn one_change_follows_an_envelope_and_keeps_the_comments() {
        let found = after(FILE, TOKEN, r#"{"data":{"user":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}}"#);

        assert_eq!(found[0].because, "answerMoved");
        assert_eq!(
            diff(&found),
            "-     id: $.user.id\n-     email: $.user.email          # theirs\n-     emailVerified: $.user.verified\n-     name: $.user.name\n\
             +     id: $.data.user.id\n+     email: $.data.user.email          # theirs\n+     emailVerified: $.data.user.verified\n+     name: $.data.user.name\n"
        );
    }

    #[test]
    fn a_key_with_another_name_is_found_by_its_look_and_its_word() {
        let found = after(FILE, TOKEN, r#"{"user":{"id":"7","mail":"ana@loja.example","verified":true,"name":"Ana"}}"#);
        assert_eq!(diff(&found), "-     email: $.user.email          # theirs\n+     email: $.user.mail          # theirs\n");

        let found = after(FILE, TOKEN, r#"{"user":{"id":"7","email":"ana@loja.example","email_verificado":true,"name":"Ana"}}"#);
        assert_eq!(diff(&found), "-     emailVerified: $.user.verified\n+     emailVerified: $.user.email_verificado\n");
    }

    #[test]
    fn a_bearer_token_of_another_name_is_proposed_to_be_accepted() {
        let found = after(FILE, r#"{"access_token":"at-1","token_type":"session"}"#, "{}");
        assert_eq!((&*found[0].because, diff(&found).contains("tokenType: any")), ("tokenTypeOther", true));
    }

    #[test]
    fn a_standard_place_that_moved_is_written_out() {
        let found = after(FILE, r#"{"data":{"access_token":"at-1"}}"#, "{}");
        assert_eq!(
            diff(&found),
            "- getAccessCode: { post: https://idp.example/t }\n+ getAccessCode: { post: https://idp.example/t, read: { accessToken: $.data.access_token } }\n"
        );
    }

    #[test]
    fn no_address_becomes_proven_by_what_is_not_about_it() {
        // A flag of another kind, another person's address, an address without a claim beside it.
        for person in [
            r#"{"user":{"id":"7","email":"ana@loja.example","active":true,"name":"Ana"}}"#,
            r#"{"user":{"id":"7","recovery_email":"ana@loja.example","verified":true,"name":"Ana"}}"#,
            r#"{"user":{"id":"7","verified":true,"name":"Ana"},"team":{"contact":{"email":"boss@loja.example"}}}"#,
            r#"{"user":{"id":"7","username":"boss@loja.example","verified":true,"name":"Ana"}}"#,
        ] {
            for proposal in after(FILE, TOKEN, person) {
                let is_ask = proposal.title.contains("missingEmail") || proposal.title.contains("scope");
                assert!(is_ask || !proposal.title.starts_with("email"), "{person}: {proposal:?}");
            }
        }
    }

    /// What the first lines of a file read for the address, and everything that is proposed after an answer.
    fn changes(file: &str, person: &str) -> String {
        after(file, TOKEN, person)
            .iter()
            .filter_map(|proposal| proposal.change.as_ref())
            .map(|change| change.added.join("\n") + "\n")
            .collect()
    }

    #[test]
    fn the_proof_of_something_else_is_none_of_the_address() {
        let file = FILE.replace("$.user.verified", "$.user.email_verified");
        for key in ["phone_verified", "verifiedPhone", "phoneverified", "identityVerified", "verified_account"] {
            let told = changes(&file, &format!(r#"{{"user":{{"id":"7","email":"ana@loja.example","{key}":true,"name":"Ana"}}}}"#));
            assert!(!told.contains(key), "{told}");
        }
    }

    #[test]
    fn data_below_another_persons_key_is_not_proposed() {
        let file = FILE.replace("$.user.", "$.");
        for container in ["inviter", "manager", "owner", "parent", "friends"] {
            let person = r#"{"id":"7","email":"boss@loja.example","verified":true,"name":"Bo"}"#;
            for answer in
                [format!(r#"{{"{container}":{person}}}"#), format!(r#"{{"{container}":{{"a":{{"b":{{"c":{{"d":{person}}}}}}}}}}}"#)]
            {
                let told = changes(&file, &answer);
                let taken = ["id", "email", "emailVerified"].iter().any(|fact| told.contains(&format!("    {fact}: $.{container}")));
                assert!(!taken, "{told}");
            }
        }
    }

    #[test]
    fn an_address_that_moved_away_from_its_claim_is_not_proven_by_it() {
        let file = FILE.replace("$.user.", "$.");
        let told = changes(&file, r#"{"id":"7","verified":true,"post":{"box":{"email":"boss@loja.example","name":"Bo"}}}"#);
        assert!(!told.contains("email: $.post"), "{told}");
    }

    #[test]
    fn a_name_to_log_in_with_is_no_proven_address_in_any_alternative() {
        let file = FILE.replace("$.user.email ", "[ $.user.mail, $.user.email ] ");
        let told = changes(&file, r#"{"user":{"id":"7","username":"boss@loja.example","verified":true,"name":"Ana"}}"#);
        assert!(!told.contains("email: [ $.user.username"), "{told}");
    }

    #[test]
    fn where_no_address_is_it_is_asked_for() {
        let found = after(FILE, TOKEN, r#"{"user":{"id":"7","name":"Ana"}}"#);
        let because: Vec<&str> = found.iter().map(|proposal| proposal.because.as_str()).collect();

        assert_eq!(because[..2], ["scopeLacksEmail", "askBecauseMissing"]);
        assert!(found[1].change.as_ref().is_some_and(|change| change.added == ["missingEmail: ask"]), "{found:?}");
    }

    #[test]
    fn an_answer_in_another_format_gets_its_word() {
        let person = r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}"#;
        let found = after(FILE, TOKEN, &format!("for(;;);{person}"));
        assert_eq!(diff(&found), "+   skipPrefix: \"for(;;);\"\n");

        let found = after(FILE, TOKEN, &format!("cb({person});"));
        assert_eq!(diff(&found), "+   answer: jsonp\n");
    }

    #[test]
    fn each_hole_of_a_text_and_each_alternative_is_mended_by_itself() {
        let after_name = |name: &str, person: &str| {
            let file = FILE.replace("name: $.user.name", &format!("name: {name}"));
            diff(&after(&file, TOKEN, person))
        };
        let person = r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"given":"Ana","family":"Prova","status":"active"}}"#;

        let found = after_name("${$.user.wrong} ${$.user.family}", person);
        assert!(found.ends_with("+     name: ${$.user.given} ${$.user.family}\n"), "{found}");
        let found = after_name("[ $.user.nick, $.user ]", person);
        assert!(found.contains("$.user.given") && !found.contains("status"), "{found}");
    }

    #[test]
    fn a_path_behind_a_filter_and_one_into_a_text_are_mended_where_they_stand() {
        let file =
            FILE.replace("$.user.email ", "$.user.reach[?@.kind == \"mail\"].vlaue ").replace("    emailVerified: $.user.verified\n", "")
                + "trustEmail: always\n";
        let file = file.replace("name: $.user.name", "name: ${$.user.extra | json \"$.name.wrong\"}");
        let person = r#"{"user":{"id":"7","reach":[{"kind":"phone","value":"1","checked":true},{"kind":"mail","value":"ana@loja.example","checked":true}],"extra":"{\"name\":{\"first\":\"Ana\"}}"}}"#;

        let found = after(&file, TOKEN, person);
        assert!(diff(&found).contains("reach[?@.kind == \"mail\"].value"), "{found:?}");
        let file = file.replace("vlaue", "value");
        assert!(diff(&after(&file, TOKEN, person)).contains("json \"$.name.first\"}"));
    }

    #[test]
    fn a_name_that_a_person_does_not_have_is_no_mistake_of_the_file() {
        for name in ["null", "\"\""] {
            let person = format!(r#"{{"user":{{"id":"7","email":"ana@loja.example","verified":true,"name":{name},"plan":"Gold"}}}}"#);
            assert!(after(FILE, TOKEN, &person).is_empty());
        }
    }

    #[test]
    fn a_login_that_works_and_lacks_nothing_gets_no_proposal() {
        assert!(after(FILE, TOKEN, r#"{"user":{"id":"7","email":"ana@loja.example","verified":true,"name":"Ana"}}"#).is_empty());
    }
}
