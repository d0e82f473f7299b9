//! Ordinary traffic is silent: a million simulated logins at the providers of the catalogue.

use crate::drift::counts;
use crate::support::{STRICT, catalogue, text};
use portaria::drift::observation::{DriftPlan, ObservedAnswer, ObservedOutcome, PlannedReading};
use portaria::drift::provider_statistics::{ObservedLogin, ProviderStatistics};
use portaria::login::error::{LoginError, LoginErrorCause};
use portaria::login::trace::Trace;
use portaria::provider::json_path::scalar_text;
use portaria::provider::{Provider, compile};
use portaria::story::recent_logins::LoginsAtHand;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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

/// The largest share of a crowd that lacks a value which people have otherwise. Of a larger one it is right to warn: the value seems to be gone.
const MOST: f64 = 0.85;

/// How often people lack what stands at a path. Several readings may begin with the same one.
type Lacks = BTreeMap<String, f64>;

fn first_path(reading: &PlannedReading) -> &str {
    reading.paths.first().map_or("", |planned| &*planned.path.source)
}

/// One answer of a person who lacks what chance takes from them.
fn lived(plan: &DriftPlan, step: usize, document: &Value, lacks: &Lacks, more: f64, dice: &mut Dice) -> ObservedAnswer {
    let mut document = document.clone();
    let mut lacking = BTreeSet::new();
    for (path, share) in lacks {
        if !dice.happens((share * more).min(MOST)) {
            continue;
        }
        lacking.insert(path.as_str());
        if let Some(key) = path.strip_prefix("$.")
            && let Some(members) = document.as_object_mut()
        {
            match dice.below(3) {
                0 => drop(members.remove(key)),
                1 => members.get_mut(key).into_iter().for_each(|value| *value = Value::Null),
                _ => members.get_mut(key).into_iter().for_each(|value| *value = json!("")),
            }
        }
    }
    let found = plan.steps[step].readings.iter().enumerate().map(|(at, reading)| {
        let stands =
            reading.paths.is_empty() || reading.paths.iter().any(|planned| planned.path.first(&document).and_then(scalar_text).is_some());
        (at, if stands && !lacking.contains(first_path(reading)) { Ok(()) } else { Err(None) })
    });
    let found = found.collect();
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
        let mut drawn = |reading| (first_path(reading).to_owned(), LACKS[dice.below(LACKS.len())]);
        let lacks: Vec<Lacks> = plan.steps.iter().map(|step| step.readings.iter().map(&mut drawn).collect()).collect();
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

/// Logins of these providers, with what was warned about and how many seconds they took in the providers' time.
fn lived_through(providers: &mut [Simulated], logins: usize, dice: &mut Dice) -> (Vec<String>, i64) {
    let (trace, start) = (Trace::default(), 1_000_000_i64);
    let error = LoginError::before_calls(LoginErrorCause::Expired);
    let (mut now, mut warnings) = (start, Vec::new());
    for _ in 0..logins {
        // Nights are quiet, days are busy.
        let night = (now / 3600) % 24 < 7;
        now += i64::try_from(dice.below(if night { 120 } else { 8 })).expect("it is small");
        // Few providers are busy, and most are not.
        let busier = dice.below(providers.len()) + 1;
        let at = dice.below(busier);
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
        let turned =
            counts(book, plan, calls, &ObservedLogin { provider, trace: &trace, end: Err(&error), others: &LoginsAtHand::default() }, now);
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
    assert!(all > 150, "the catalogue is there: {all}");
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
