//! Whether providers' answers have changed: silent in ordinary traffic, soon when something breaks. Both are measured.

use crate::support::{STRICT, catalogue, provider, ready, text};
use portaria::drift::judgement::HealthChange;
use portaria::drift::observation::{DriftPlan, ObservedAnswer, ObservedOutcome, observe_answers};
use portaria::drift::provider_statistics::{DriftNotice, ObservedLogin, ProviderStatistics, WARNING_LASTS};
use portaria::drift::warning::{DriftKind, DriftWarning};
use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::login::drive_observed;
use portaria::login::error::{LoginError, LoginErrorCause};
use portaria::login::trace::Trace;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::identity::Identity;
use portaria::provider::json_path::scalar_text;
use portaria::provider::{Provider, compile};
use portaria::story::watch::LoginWatch;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, Request, Response, ResponseFuture};
use portaria::workbench::drift::cause::assign_causes;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Dice that fall the same way in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("it is small")).expect("it is small")
    }
    fn happens(&mut self, share: f64) -> bool {
        f64::from(u32::try_from(self.next() >> 40).expect("24 bits")) < share * f64::from(1 << 24)
    }
}

/// How often people lack something, in ordinary traffic.
const LACKS: [f64; 10] = [0.0, 0.0, 0.0, 0.0, 0.001, 0.005, 0.02, 0.1, 0.3, 0.6];

/// A provider of the catalogue with what people get from it, drawn beforehand.
struct Simulated {
    provider: Provider,
    plan: DriftPlan,
    book: ProviderStatistics,
    /// Ordinary people, and a crowd of whom more lack something.
    people: [Vec<Vec<ObservedAnswer>>; 2],
    crowd: usize,
}

/// One answer of a person who lacks what chance takes from them.
fn lived(plan: &DriftPlan, step: usize, document: &Value, lacks: &[f64], more: f64, dice: &mut Dice) -> ObservedAnswer {
    let mut found = Vec::new();
    let mut document = document.clone();
    for (at, reading) in plan.steps[step].readings.iter().enumerate() {
        let share = if lacks[at] > 0.0 { (lacks[at] * more).min(0.95) } else { 0.0 };
        let is_lacking = dice.happens(share);
        if is_lacking
            && let Some(key) = reading.paths.first().and_then(|planned| planned.path.source.strip_prefix("$."))
            && let Some(members) = document.as_object_mut()
        {
            match dice.below(3) {
                0 => drop(members.remove(key)),
                1 => members.get_mut(key).into_iter().for_each(|value| *value = Value::Null),
                _ => members.get_mut(key).into_iter().for_each(|value| *value = json!("")),
            }
        }
        let stands =
            reading.paths.is_empty() || reading.paths.iter().any(|planned| planned.path.first(&document).and_then(scalar_text).is_some());
        found.push((at, if stands && !is_lacking { Ok(()) } else { Err(None) }));
    }
    if let Some(members) = document.as_object_mut().filter(|_| dice.happens(0.3)) {
        members.insert(format!("new_{}", dice.below(400)), json!(1));
    }
    ObservedAnswer {
        step,
        outcome: ObservedOutcome::Read(found),
        exchange: None,
        document: Some(document),
        print: dice.next(),
        parameters: None,
    }
}

fn simulated(dice: &mut Dice) -> Vec<Simulated> {
    let mut all = Vec::new();
    for path in catalogue() {
        let source = Source::new(path.display().to_string(), text(&path));
        let (provider, _) = compile(&source, STRICT);
        let beside = path.with_extension("examples.yaml");
        let stories = examples::read(&Source::new(beside.display().to_string(), text(&beside))).unwrap_or_default();
        let Some(provider) = provider else { continue };
        let Some(played) = stories.iter().map(|story| replay(&provider, story)).find(|played| played.end.is_ok()) else { continue };
        let plan = DriftPlan::from_provider(&provider);
        let answers: Vec<(usize, Value)> = played
            .trace
            .exchanges
            .iter()
            .filter_map(|exchange| Some((exchange.call + 1, provider.calls[exchange.call].document(exchange.answer.as_ref().ok()?)?)))
            .collect();
        let lacks: Vec<Vec<f64>> =
            plan.steps.iter().map(|step| step.readings.iter().map(|_| LACKS[dice.below(LACKS.len())]).collect()).collect();
        let people = [1.0, 3.0].map(|more| {
            let one = |dice: &mut Dice| {
                let calls = answers.iter().map(|(step, document)| lived(&plan, *step, document, &lacks[*step], more, dice));
                calls.collect::<Vec<_>>()
            };
            (0..300).map(|_| one(dice)).collect()
        });
        all.push(Simulated { provider, plan, book: ProviderStatistics::default(), people, crowd: 0 });
    }
    all
}

/// Reads those answers that the book wants to see as documents.
fn reads(book: &mut ProviderStatistics, plan: &DriftPlan, looked: &mut [ObservedAnswer], provider: &Provider, trace: &Trace) {
    let wanted = book.wanted_documents(plan, looked);
    looked.iter_mut().zip(wanted).filter(|(_, is_wanted)| *is_wanted).for_each(|(looked, _)| looked.read_document(provider, trace));
}

/// Counts answers, and tells what has turned.
fn counts(
    book: &mut ProviderStatistics,
    plan: &DriftPlan,
    looked: &[ObservedAnswer],
    ended: &ObservedLogin<'_>,
    now: i64,
) -> Vec<DriftNotice> {
    let mut untold = book.count(plan, looked, now);
    untold.iter_mut().for_each(|untold| untold.assign_causes(ended, assign_causes));
    book.record_changes(untold, now)
}

/// Logins of these providers, with what was warned about and how many seconds they took in the providers' time.
fn lived_through(providers: &mut [Simulated], logins: usize, dice: &mut Dice) -> (Vec<String>, i64) {
    let (trace, start) = (Trace::default(), 1_000_000_i64);
    let error = LoginError::before_calls(LoginErrorCause::Expired);
    let (mut now, mut warnings) = (start, Vec::new());
    for _ in 0..logins {
        // Nights are quiet, days are busy.
        let night = (now / 3600) % 24 < 7;
        now += i64::try_from(dice.below(if night { 120 } else { 8 })).expect("it is small");
        let at = dice.below(providers.len());
        let Simulated { provider, plan, book, people, crowd } = &mut providers[at];
        if *crowd == 0 && dice.happens(0.0005) {
            *crowd = 400;
        }
        *crowd = crowd.saturating_sub(1);
        let people = &mut people[usize::from(*crowd > 0)];
        let who = dice.below(people.len());
        let calls = &mut people[who];
        // Some change their minds, some bring a wrong code, some providers are silent for a while.
        if dice.happens(0.08) {
            continue;
        }
        let until = if dice.happens(0.03) { dice.below(calls.len() + 1) } else { calls.len() };
        let calls = &mut calls[..until];
        // Documents are looked at as seldom as in the broker itself.
        let aside: Vec<Option<Value>> =
            calls.iter_mut().map(|looked| if book.wants_document(plan, looked) { None } else { looked.document.take() }).collect();
        calls.iter_mut().for_each(|looked| looked.print = dice.next());
        let turned = counts(book, plan, calls, &ObservedLogin { provider, trace: &trace, end: Err(&error) }, now);
        warnings.extend(turned.into_iter().map(|turned| format!("{}: {}", provider.name, turned.warning.sentence)));
        for (looked, document) in calls.iter_mut().zip(aside) {
            looked.document = looked.document.take().or(document);
        }
    }
    (warnings, now - start)
}

#[test]
fn a_million_ordinary_logins_are_silent() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut providers = simulated(&mut dice);
    let all = providers.len();
    assert!(all > 40, "the catalogue is there: {all}");
    // Two halves of the catalogue live side by side, each through half of the logins.
    let (one, other) = providers.split_at_mut(all / 2);
    let seed = dice.next();
    let lived = std::thread::scope(|scope| {
        let one = scope.spawn(move || lived_through(one, 500_000, &mut dice));
        let other = scope.spawn(move || lived_through(other, 500_000, &mut Dice(seed)));
        [one.join().expect("it ends"), other.join().expect("it ends")]
    });

    let days = lived.iter().map(|(_, seconds)| seconds / 86_400).min().unwrap_or_default();
    let warnings: Vec<&String> = lived.iter().flat_map(|(warnings, _)| warnings).collect();
    println!("1000000 logins at {all} providers over {days} days: {} warnings", warnings.len());
    assert!(warnings.is_empty(), "{warnings:#?}");
}

const FILE: &str = "name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_SECRET
trustEmail: always
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\", scope: perfil }
getAccessCode:
  post: https://sso.acme.example/token
getUserInfo:
  get: https://sso.acme.example/me
  accepted: { at: $.status, is: ok }
  read:
    id: $.id
    email: $.email
    name: [ $.name, $.login ]
";

struct Answers<F>(F);

impl<F: Fn(&str) -> (u16, String) + Sync> Fetch for Answers<F> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let is_token = request.body.is_some();
        let (status, body) =
            if is_token { (200, json!({ "access_token": "at-1", "token_type": "Bearer" }).to_string()) } else { (self.0)("/me") };
        Box::pin(std::future::ready(Ok(Response { status, headers: Vec::new(), body: body.into_bytes() })))
    }
}

/// One login with this answer about the person: what was seen of it.
fn lives(acme: &Provider, (status, body): (u16, String)) -> (Trace, LoginWatch, Result<Identity, LoginError>) {
    let mut values: Vec<_> = acme.literals().collect();
    values.push((acme.names.find("clientSecret").expect("it is named"), Text::secret("geheim", &"clientSecret".into())));
    let installation = InstallationValues { public_url: "https://login.loja.example".into(), values };
    let attempt = Attempt::new(acme, &installation, &Entropy([7; 80]), 100, Vec::new());
    let callback = CallbackParameters::new([("code", "c-1".to_owned()), ("state", attempt.state.to_string())]);
    let documents = DocumentCache::default();
    let login = attempt.accept(acme, &installation, &callback, None, &documents, 100).unwrap_or_else(|error| panic!("{error:?}"));
    let mut watch = LoginWatch::default();
    let fetch = Answers(move |_: &str| (status, body.clone()));
    let (trace, end) = ready(drive_observed(&mut watch, login, &fetch, &documents));
    assert_eq!(trace.exchanges.len(), 2, "it comes as far as the person: {end:?}");
    (trace, watch, end)
}

/// One login with this answer about the person; what turned.
fn comes(
    acme: &Provider,
    plan: &DriftPlan,
    book: &mut ProviderStatistics,
    at: usize,
    answer: (u16, String),
) -> Vec<(HealthChange, DriftWarning)> {
    let (trace, watch, end) = lives(acme, answer);
    let mut looked = observe_answers(plan, acme, &trace, &watch);
    reads(book, plan, &mut looked, acme, &trace);
    let now = 1000 + i64::try_from(at).expect("it is small");
    let ended = ObservedLogin { provider: acme, trace: &trace, end: end.as_ref() };
    counts(book, plan, &looked, &ended, now).into_iter().map(|turned| (turned.direction, turned.warning)).collect()
}

fn person(at: usize) -> Value {
    json!({ "status": "ok", "id": at + 1, "email": format!("p{at}@loja.example"), "name": format!("Ana {at}"), "login": format!("l{at}"), "plan": "gold" })
}

/// What a hundred people log in with is looked at once; where more are asked for, they come again with other answers' prints.
fn taught(logins: usize) -> (Provider, DriftPlan, ProviderStatistics) {
    let acme = provider(FILE);
    let plan = DriftPlan::from_provider(&acme);
    let mut book = ProviderStatistics::default();
    let mut people = Vec::new();
    for at in 0..logins.min(100) {
        let (trace, watch, end) = lives(&acme, fine(&person(at)));
        assert!(end.is_ok(), "{end:?}");
        let mut looked = observe_answers(&plan, &acme, &trace, &watch);
        looked.iter_mut().for_each(|looked| looked.read_document(&acme, &trace));
        people.push(looked);
    }
    let (trace, error) = (Trace::default(), LoginError::before_calls(LoginErrorCause::Expired));
    for at in 0..logins {
        let mut looked = people[at % people.len()].clone();
        for looked in &mut looked {
            looked.print = u64::try_from(at).expect("it is small") + 1;
            looked.document = looked.document.take().filter(|_| book.wants_document(&plan, looked));
        }
        let now = i64::try_from(at).expect("it is small") / 10;
        let turned = counts(&mut book, &plan, &looked, &ObservedLogin { provider: &acme, trace: &trace, end: Err(&error) }, now);
        assert!(turned.is_empty(), "{turned:?}");
    }
    (acme, plan, book)
}

/// After how many logins the first warning comes, and all that are warned about after sixty.
fn after_change(logins: usize, change: impl Fn(usize, Value) -> (u16, String)) -> (Option<usize>, Vec<DriftWarning>) {
    changed(&taught(logins), change)
}

fn changed(
    (acme, plan, book): &(Provider, DriftPlan, ProviderStatistics),
    change: impl Fn(usize, Value) -> (u16, String),
) -> (Option<usize>, Vec<DriftWarning>) {
    let mut book = book.clone();
    let mut first = None;
    for at in 1..=60 {
        let turned = comes(acme, plan, &mut book, 20_000 + at, change(at, person(20_000 + at)));
        if !turned.is_empty() && first.is_none() {
            first = Some(at);
        }
    }
    (first, book.warnings())
}

fn without(mut person: Value, key: &str) -> Value {
    person.as_object_mut().expect("an object").remove(key);
    person
}

fn renamed(person: Value, key: &str, to: &str) -> Value {
    let value = person[key].clone();
    let mut person = without(person, key);
    person[to] = value;
    person
}

fn fine(value: &Value) -> (u16, String) {
    (200, value.to_string())
}

type Changing = fn(usize, Value) -> (u16, String);
/// What changes, how, and what is warned about: the fact, the change, the proposal.
type Case = (&'static str, Changing, Option<&'static str>, DriftKind, Option<&'static str>);

fn column(after: Option<usize>) -> String {
    format!("{:>8}", after.map_or_else(|| "never".to_owned(), |after| after.to_string()))
}

#[test]
fn a_change_is_noticed_within_thirty_logins_and_told_with_what_would_mend_it() {
    let cases: [Case; 10] = [
        (
            "path renamed",
            |_, person| fine(&renamed(person, "email", "mail_address")),
            Some("email"),
            DriftKind::Replaced,
            Some("email: $.mail_address"),
        ),
        ("id renamed", |_, person| fine(&renamed(person, "id", "user_id")), Some("id"), DriftKind::Replaced, Some("id: $.user_id")),
        ("wrapped", |_, person| fine(&json!({ "status": "ok", "data": person })), None, DriftKind::Moved, Some("$.… → $.data.…")),
        (
            "number becomes text",
            |at, mut person| {
                person["id"] = json!(format!("{at}"));
                fine(&person)
            },
            Some("id"),
            DriftKind::Type,
            None,
        ),
        (
            "text becomes object",
            |_, mut person| {
                person["email"] = json!({ "type": 1 });
                fine(&person)
            },
            Some("email"),
            DriftKind::Type,
            None,
        ),
        ("lost for everybody", |_, person| fine(&without(person, "email")), Some("email"), DriftKind::Lost, None),
        (
            "becomes null",
            |_, mut person| {
                person["email"] = Value::Null;
                fine(&person)
            },
            Some("email"),
            DriftKind::Lost,
            None,
        ),
        ("first alternative lost", |_, person| fine(&without(person, "name")), Some("name"), DriftKind::Lost, None),
        ("HTML", |_, _| (200, "<!DOCTYPE html><p>We are moving</p>".to_owned()), None, DriftKind::Unreadable, Some("getUserInfo")),
        (
            "accepted no longer matches",
            |_, mut person| {
                person["status"] = json!("success");
                fine(&person)
            },
            None,
            DriftKind::Unaccepted,
            None,
        ),
    ];
    let known = [30, 100, 10_000].map(|logins| (logins, taught(logins)));
    println!("{:<30}{}", "logins before the change", known.each_ref().map(|(logins, _)| column(Some(*logins))).concat());
    for (what, change, fact, kind, title) in cases {
        let mut line = format!("{what:<30}");
        for (logins, taught) in &known {
            let (after, warnings) = changed(taught, change);
            line += &column(after);
            assert!(after.is_some_and(|after| after <= 30), "{what} after {logins}: {after:?}");
            let warning = warnings.iter().find(|warning| warning.fact() == fact).unwrap_or_else(|| panic!("{what}: {warnings:?}"));
            assert_eq!((warning.cause.kind(), warning.step.as_str()), (kind, "getUserInfo"), "{what}: {warning:?}");
            assert_eq!(warning.proposal.as_ref().map(|proposal| proposal.title.as_str()), title, "{what}: {warning:?}");
            assert_eq!(warnings.len(), 1, "one cause, one warning: {what}: {warnings:?}");
        }
        println!("{line}");
    }
    let half = known.map(|(_, taught)| changed(&taught, |at, person| fine(&if at % 2 == 0 { without(person, "email") } else { person })).0);
    println!("{:<30}{}", "lost for half of the people", half.map(column).concat());
    assert!(half[2].is_some_and(|after| after <= 30), "{half:?}");
}

#[test]
fn an_answer_that_is_wrapped_is_one_warning_and_one_change() {
    let (_, warnings) = after_change(100, |_, person| fine(&json!({ "status": "ok", "data": person })));

    let [warning] = warnings.as_slice() else { panic!("{warnings:#?}") };
    assert_eq!((warning.fact_names().join(" ").as_str(), warning.line), ("email id name", Some(12)), "{warning:?}");
    let mended = warning.proposal.as_ref().and_then(|proposal| proposal.change.as_ref()?.apply(FILE)).expect("a change");
    assert!(mended.contains("    id: $.data.id\n    email: $.data.email\n    name: [ $.data.name, $.data.login ]\n"), "{mended}");

    // Nothing that is read is there any more, and nothing tells where it went.
    let (_, warnings) = after_change(100, |_, _| fine(&json!({ "status": "ok", "message": "come back later" })));
    let summary: Vec<_> =
        warnings.iter().map(|warning| (warning.cause.kind(), warning.fact_names().len(), warning.proposal.is_none())).collect();
    assert_eq!(summary, [(DriftKind::Moved, 3, true)], "{warnings:#?}");
}

#[test]
fn a_proposal_mends_the_file() {
    let (_, warnings) = after_change(100, |_, person| fine(&renamed(person, "email", "mail_address")));

    let warning = warnings.first().expect("a warning");
    assert_eq!((warnings.len(), warning.line), (1, Some(13)), "{warnings:?}");
    let change = warning.proposal.as_ref().and_then(|proposal| proposal.change.clone()).expect("a change");
    let mended = change.apply(FILE).expect("it is the same file");
    assert!(mended.contains("    email: $.mail_address\n"), "{mended}");
    provider(&mended);
    assert!(warning.share_before > 0.999 && warning.share_now < 0.001, "{warning:?}");
}

#[test]
fn few_answers_are_read_a_second_time_and_all_of_them_while_something_is_missed() {
    let (acme, plan, mut book) = taught(300);
    let mut read = |answer: &Value| {
        let (trace, watch, _) = lives(&acme, fine(answer));
        let mut looked = observe_answers(&plan, &acme, &trace, &watch);
        reads(&mut book, &plan, &mut looked, &acme, &trace);
        looked.iter().filter(|looked| looked.step == 2 && looked.document.is_some()).count()
    };

    assert_eq!((0..80).map(|at| read(&person(at))).sum::<usize>(), 10, "one in eight");
    assert_eq!((0..80).map(|at| read(&without(person(at), "email"))).sum::<usize>(), 80);
}

#[test]
fn refusals_silence_and_what_strangers_bring_are_no_change() {
    for answer in [
        (401, json!({ "error": "invalid_token" }).to_string()),
        (200, json!({ "status": "no", "error": "blocked" }).to_string()),
        (500, "<html>".to_owned()),
        (404, "{}".to_owned()),
    ] {
        let (after, warnings) = after_change(200, move |_, _| answer.clone());
        assert_eq!((after, warnings.len()), (None, 0));
    }
}

#[test]
fn a_warning_comes_once_and_ends_by_itself() {
    let (acme, plan, mut book) = taught(200);
    let mut turns = BTreeMap::new();
    for at in 0..100 {
        for (turn, warning) in comes(&acme, &plan, &mut book, at, fine(&without(person(at), "email"))) {
            *turns.entry((format!("{turn:?}"), warning.fact().map(str::to_owned))).or_insert(0) += 1;
        }
    }
    for at in 0..100 {
        for (turn, warning) in comes(&acme, &plan, &mut book, at, fine(&person(at))) {
            *turns.entry((format!("{turn:?}"), warning.fact().map(str::to_owned))).or_insert(0) += 1;
        }
    }

    let email = Some("email".to_owned());
    assert_eq!(turns, BTreeMap::from([(("Broken".to_owned(), email.clone()), 1), (("Well".to_owned(), email), 1)]));
    assert!(book.warnings().is_empty());
}

/// An address with its proof; what turned after the file was taught by 45 people, and another answer came from then on.
fn after_proofs(change: impl Fn(Value) -> Value) -> Vec<DriftWarning> {
    let text =
        FILE.replace("    email: $.email\n", "    email: $.email\n    emailVerified: $.verified\n").replace("trustEmail: always\n", "");
    let acme = provider(&text);
    let (plan, mut book) = (DriftPlan::from_provider(&acme), ProviderStatistics::default());
    let proven = |at| {
        let mut person = person(at);
        person["verified"] = json!(true);
        person
    };
    for at in 0..45 {
        assert!(comes(&acme, &plan, &mut book, at, fine(&proven(at))).is_empty());
    }
    for at in 45..75 {
        comes(&acme, &plan, &mut book, at, fine(&change(proven(at))));
    }
    book.warnings()
}

#[test]
fn what_is_merely_new_proves_no_address_and_is_none() {
    for (fact, key, new) in [("emailVerified", "verified", "newsletter"), ("email", "email", "recovery_email"), ("id", "id", "shard")] {
        let warnings = after_proofs(|mut person| {
            person[new] = if fact == "id" { json!(7) } else { person[key].clone() };
            without(person, key)
        });

        let warning = warnings.iter().find(|warning| warning.fact() == Some(fact)).unwrap_or_else(|| panic!("{warnings:?}"));
        let is_own = |because: &str| because == "driftReplaced";
        assert!(!warning.proposal.as_ref().is_some_and(|proposal| is_own(&proposal.because)), "{warning:?}");
        let proposed = warning.proposal.as_ref().map(|proposal| proposal.title.clone()).unwrap_or_default();
        assert!(fact != "emailVerified" || proposed.is_empty(), "{warning:?}");
    }
    // Repair's proposals are tried, and remain.
    let warnings = after_proofs(|person| renamed(person, "verified", "email_verified"));
    let titles: Vec<_> = warnings.iter().filter_map(|warning| warning.proposal.as_ref()).map(|proposal| proposal.title.as_str()).collect();
    assert_eq!(titles, ["emailVerified: $.email_verified"], "{warnings:?}");
}

#[test]
fn a_callback_counts_only_where_the_provider_knew_what_it_brought() {
    let acme = provider(FILE);
    let plan = DriftPlan::from_provider(&acme);
    let (mut trace, watch, _) = lives(&acme, fine(&person(1)));
    let counts_it = |trace: &Trace| observe_answers(&plan, &acme, trace, &watch).iter().any(|looked| looked.step == 0);
    assert!(counts_it(&trace));

    for exchange in &mut trace.exchanges {
        exchange.answer = Ok(Response { status: 400, headers: Vec::new(), body: Vec::new() });
    }
    assert!(!counts_it(&trace), "a wrong code");
    trace.exchanges.clear();
    assert!(!counts_it(&trace), "no code at all");
}

#[test]
fn with_few_logins_a_warning_is_told_as_long_as_with_many() {
    let (acme, plan, mut book) = taught(30);
    let mut last = 0;
    for day in 1..=20 {
        let at = 10_000 + day * 2 * 86_400;
        let turned = comes(&acme, &plan, &mut book, at, fine(&without(person(at), "email")));
        if !turned.is_empty() {
            last = 1000 + i64::try_from(at).expect("it is small");
            break;
        }
    }

    let since = book.warnings().first().expect("it is told").since;
    assert!(last - since > WARNING_LASTS, "the doubt is old: {since} {last}");
    book.retire_old_warnings(last + 60);
    assert_eq!(book.warnings().len(), 1);
    book.retire_old_warnings(last + WARNING_LASTS + 1);
    assert!(book.warnings().is_empty());
}

#[test]
fn what_is_well_again_before_its_cause_is_found_is_not_told_as_broken() {
    let (acme, plan, mut book) = taught(200);
    let looked_at = |answer: &Value| {
        let (trace, watch, _) = lives(&acme, fine(answer));
        observe_answers(&plan, &acme, &trace, &watch)
    };
    let missed: Vec<_> = (0..20).map(|at| looked_at(&without(person(at), "email"))).collect();
    let well: Vec<_> = (0..60).map(|at| looked_at(&person(at))).collect();

    let broken = missed.iter().map(|looked| book.count(&plan, looked, 1000)).find(|untold| !untold.is_empty()).expect("it breaks");
    let again = well.iter().map(|looked| book.count(&plan, looked, 1001)).find(|untold| !untold.is_empty()).expect("it ends");
    book.record_changes(again, 1001);

    assert!(book.record_changes(broken, 1002).is_empty());
    assert!(book.warnings().is_empty());
}

#[test]
fn what_a_chosen_entry_no_longer_gives_is_noticed() {
    let choose = "  choose: { from: $.emails, where: { at: $.primary, is: true }, read: { email: $.address } }\n";
    let text = FILE.replace("    email: $.email\n", "") + choose;
    let acme = provider(&text);
    let (plan, mut book) = (DriftPlan::from_provider(&acme), ProviderStatistics::default());
    let listed = |at, key: &str| {
        let mut person = without(person(at), "email");
        let other = json!({ "address": "outra@loja.example", "primary": false });
        person["emails"] = json!([other, { key: format!("p{at}@loja.example"), "primary": true }]);
        person
    };
    for at in 0..45 {
        assert!(comes(&acme, &plan, &mut book, at, fine(&listed(at, "address"))).is_empty());
    }
    for at in 45..75 {
        comes(&acme, &plan, &mut book, at, fine(&listed(at, "mail")));
    }

    let warnings = book.warnings();
    assert!(warnings.iter().any(|warning| warning.fact() == Some("email") && warning.line.is_some()), "{warnings:?}");
}
