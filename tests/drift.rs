//! Whether providers' answers have changed: silent in ordinary traffic, soon when something breaks. Both are measured.

use crate::support::{STRICT, catalogue, provider, ready, text};
use portaria::drift::book::{Book, Ended};
use portaria::drift::judgement::Turn;
use portaria::drift::looked::{Looked, Outcome, Plan, look};
use portaria::drift::warning::{Change, Warning};
use portaria::examples;
use portaria::examples::replay::play;
use portaria::login::attempt::{Attempt, Entropy, Installation};
use portaria::login::drive_before;
use portaria::login::trace::Trace;
use portaria::place::Source;
use portaria::provider::callback::Callback;
use portaria::provider::documents::Documents;
use portaria::provider::selector::scalar_text;
use portaria::provider::{Provider, compile};
use portaria::story::watch::Watch;
use portaria::text::Text;
use portaria::wire::{Answering, Fetch, Request, Response};
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
    plan: Plan,
    book: Book,
    /// Ordinary people, and a crowd of whom more lack something.
    people: [Vec<Vec<Looked>>; 2],
    crowd: usize,
}

/// One answer of somebody who lacks what chance takes from them.
fn lived(plan: &Plan, step: usize, document: &Value, lacks: &[f64], more: f64, dice: &mut Dice) -> Looked {
    let mut found = Vec::new();
    let mut document = document.clone();
    for (at, reading) in plan.steps[step].readings.iter().enumerate() {
        let share = if lacks[at] > 0.0 { (lacks[at] * more).min(0.95) } else { 0.0 };
        let is_lacking = dice.happens(share);
        if is_lacking && let Some(key) = reading.paths.first().and_then(|planned| planned.path.source.strip_prefix("$.")) {
            if let Some(members) = document.as_object_mut() {
                match dice.below(3) {
                    0 => drop(members.remove(key)),
                    1 => members.get_mut(key).into_iter().for_each(|value| *value = Value::Null),
                    _ => members.get_mut(key).into_iter().for_each(|value| *value = json!("")),
                }
            }
        }
        let stands =
            reading.paths.is_empty() || reading.paths.iter().any(|planned| planned.path.first(&document).and_then(scalar_text).is_some());
        found.push((at, if stands && !is_lacking { Ok(()) } else { Err(None) }));
    }
    if let Some(members) = document.as_object_mut().filter(|_| dice.happens(0.3)) {
        members.insert(format!("new_{}", dice.below(400)), json!(1));
    }
    Looked { step, outcome: Outcome::Read(found), document: Some(document), print: dice.next() }
}

fn simulated(dice: &mut Dice) -> Vec<Simulated> {
    let mut all = Vec::new();
    for path in catalogue() {
        let source = Source::new(path.display().to_string(), text(&path));
        let (provider, _) = compile(&source, STRICT);
        let beside = path.with_extension("examples.yaml");
        let stories = examples::read(&Source::new(beside.display().to_string(), text(&beside))).unwrap_or_default();
        let Some(provider) = provider else { continue };
        let Some(played) = stories.iter().map(|story| play(&provider, story)).find(|played| played.end.is_ok()) else { continue };
        let plan = Plan::of(&provider);
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
        all.push(Simulated { provider, plan, book: Book::default(), people, crowd: 0 });
    }
    all
}

#[test]
fn a_million_ordinary_logins_are_silent() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut providers = simulated(&mut dice);
    assert!(providers.len() > 40, "the catalogue is there: {}", providers.len());
    let (trace, documents) = (Trace::default(), providers.len());
    let error = portaria::login::error::LoginError::bad_callback("x", "y");
    let (mut now, mut warnings, mut logins) = (1_000_000_i64, Vec::new(), 0);
    while logins < 1_000_000 {
        // Nights are quiet, days are busy.
        let night = (now / 3600) % 24 < 7;
        now += i64::try_from(dice.below(if night { 60 } else { 4 })).expect("it is small");
        let at = dice.below(documents);
        let Simulated { provider, plan, book, people, crowd } = &mut providers[at];
        logins += 1;
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
        // Documents cost most; they are looked at in one of four.
        let is_looked_at = dice.happens(0.25);
        let aside: Vec<Option<Value>> = calls.iter_mut().map(|looked| if is_looked_at { None } else { looked.document.take() }).collect();
        calls.iter_mut().for_each(|looked| looked.print = dice.next());
        let ended = Ended { provider, trace: &trace, end: Err(&error), now };
        let turned = book.count(plan, &calls[..until], &ended);
        warnings.extend(turned.into_iter().map(|turned| format!("{}: {}", provider.name, turned.warning.sentence)));
        for (looked, document) in calls.iter_mut().zip(aside) {
            looked.document = looked.document.take().or(document);
        }
    }

    println!("{logins} logins at {} providers over {} days: {} warnings", providers.len(), (now - 1_000_000) / 86_400, warnings.len());
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
    fn send<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        let is_token = request.body.is_some();
        let (status, body) =
            if is_token { (200, json!({ "access_token": "at-1", "token_type": "Bearer" }).to_string()) } else { (self.0)("/me") };
        Box::pin(std::future::ready(Ok(Response { status, headers: Vec::new(), body: body.into_bytes() })))
    }
}

/// One login with this answer about the person; what turned.
fn comes(acme: &Provider, plan: &Plan, book: &mut Book, at: usize, (status, body): (u16, String)) -> Vec<(Turn, Warning)> {
    let secret = acme.names.find("clientSecret").expect("it is named");
    let installation = Installation {
        public_url: "https://login.loja.example".into(),
        values: vec![(secret, Text::secret("geheim", &"clientSecret".into()))],
    };
    let attempt = Attempt::new(acme, &installation, &Entropy([7; 80]), 100, Vec::new());
    let callback = Callback::new([("code", "c-1".to_owned()), ("state", attempt.state.to_string())]);
    let documents = Documents::default();
    let login = attempt.accept(acme, &installation, &callback, None, &documents, 100).unwrap_or_else(|error| panic!("{error:?}"));
    let mut watch = Watch::default();
    let fetch = Answers(move |_: &str| (status, body.clone()));
    let (trace, end) = ready(drive_before(&mut watch, login, &fetch, &documents));
    let looked = look(plan, acme, &trace, &watch);
    let now = 1000 + i64::try_from(at).expect("it is small");
    let ended = Ended { provider: acme, trace: &trace, end: end.as_ref(), now };
    book.count(plan, &looked, &ended).into_iter().map(|turned| (turned.turn, turned.warning)).collect()
}

fn person(at: usize) -> Value {
    json!({ "status": "ok", "id": at, "email": format!("p{at}@loja.example"), "name": format!("Ana {at}"), "login": format!("l{at}"), "plan": "gold" })
}

fn taught(logins: usize) -> (Provider, Plan, Book) {
    let acme = provider(FILE);
    let plan = Plan::of(&acme);
    let mut book = Book::default();
    for at in 0..logins {
        let turned = comes(&acme, &plan, &mut book, at, (200, person(at).to_string()));
        assert!(turned.is_empty(), "{turned:?}");
    }
    (acme, plan, book)
}

/// After how many logins the first warning comes, and all that are warned about after sixty.
fn after_change(logins: usize, change: impl Fn(usize, Value) -> (u16, String)) -> (Option<usize>, Vec<Warning>) {
    let (acme, plan, mut book) = taught(logins);
    let mut first = None;
    for at in 1..=60 {
        let turned = comes(&acme, &plan, &mut book, logins + at, change(at, person(logins + at)));
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

#[test]
fn a_change_is_noticed_within_thirty_logins_and_told_with_what_would_mend_it() {
    let cases: [(&str, Changing, Option<&str>, Change, Option<&str>); 10] = [
        (
            "path renamed",
            |_, person| fine(&renamed(person, "email", "mail_address")),
            Some("email"),
            Change::Replaced,
            Some("$.mail_address"),
        ),
        ("id renamed", |_, person| fine(&renamed(person, "id", "user_id")), Some("id"), Change::Replaced, Some("$.user_id")),
        ("wrapped", |_, person| fine(&json!({ "status": "ok", "data": person })), Some("id"), Change::Replaced, Some("$.data.id")),
        (
            "number becomes text",
            |at, mut person| {
                person["id"] = json!(format!("{at}"));
                fine(&person)
            },
            Some("id"),
            Change::Type,
            None,
        ),
        (
            "text becomes object",
            |_, mut person| {
                person["email"] = json!({ "type": 1 });
                fine(&person)
            },
            Some("email"),
            Change::Type,
            None,
        ),
        ("lost for everybody", |_, person| fine(&without(person, "email")), Some("email"), Change::Lost, None),
        (
            "becomes null",
            |_, mut person| {
                person["email"] = Value::Null;
                fine(&person)
            },
            Some("email"),
            Change::Lost,
            None,
        ),
        ("first alternative lost", |_, person| fine(&without(person, "name")), Some("name"), Change::Lost, None),
        ("HTML", |_, _| (200, "<!DOCTYPE html><p>We are moving</p>".to_owned()), None, Change::Unreadable, None),
        (
            "accepted no longer matches",
            |_, mut person| {
                person["status"] = json!("success");
                fine(&person)
            },
            None,
            Change::Unaccepted,
            None,
        ),
    ];
    for (what, change, fact, kind, title) in cases {
        let mut line = format!("{what:<28}");
        for logins in [40, 200, 1000] {
            let (after, warnings) = after_change(logins, change);
            line += &format!("  after {logins}: {}", after.map_or_else(|| "never".to_owned(), |after| after.to_string()));
            assert!(after.is_some_and(|after| after <= 30), "{what} after {logins}: {after:?}");
            let warning = warnings.iter().find(|warning| warning.fact.as_deref() == fact).unwrap_or_else(|| panic!("{what}: {warnings:?}"));
            assert_eq!((warning.kind, warning.step.as_str()), (kind, "getUserInfo"), "{what}: {warning:?}");
            assert_eq!(warning.proposal.as_ref().map(|proposal| proposal.title.as_str()), title, "{what}: {warning:?}");
            let of_fact = warnings.iter().filter(|warning| warning.fact.as_deref() == fact).count();
            assert_eq!(of_fact, 1, "{what}: {warnings:?}");
        }
        println!("{line}");
    }
    let (half, _) = after_change(1000, |at, person| fine(&if at % 2 == 0 { without(person, "email") } else { person }));
    println!("{:<28}  after 1000: {half:?}", "lost for half of the people");
    assert!(half.is_some_and(|half| half <= 40), "{half:?}");
}

#[test]
fn a_proposal_mends_the_file() {
    let (_, warnings) = after_change(100, |_, person| fine(&renamed(person, "email", "mail_address")));

    let warning = warnings.first().expect("a warning");
    assert_eq!((warnings.len(), warning.line), (1, Some(12)), "{warnings:?}");
    let change = warning.proposal.as_ref().and_then(|proposal| proposal.change.clone()).expect("a change");
    let mended = change.apply(FILE).expect("it is the same file");
    assert!(mended.contains("    email: $.mail_address\n"), "{mended}");
    provider(&mended);
    assert!(warning.share_before > 0.999 && warning.share_now < 0.001, "{warning:?}");
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
            *turns.entry((format!("{turn:?}"), warning.fact)).or_insert(0) += 1;
        }
    }
    for at in 0..100 {
        for (turn, warning) in comes(&acme, &plan, &mut book, at, fine(&person(at))) {
            *turns.entry((format!("{turn:?}"), warning.fact)).or_insert(0) += 1;
        }
    }

    let email = Some("email".to_owned());
    assert_eq!(turns, BTreeMap::from([(("Broken".to_owned(), email.clone()), 1), (("Well".to_owned(), email), 1)]));
    assert!(book.warnings().is_empty());
}
