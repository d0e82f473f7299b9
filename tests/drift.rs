//! Whether providers' answers have changed: silent in ordinary traffic, soon when something breaks. Both are measured.

mod changed_answers;
mod ordinary_logins;
mod warnings;

use crate::support::{provider, ready};
use portaria::drift::judgement::HealthChange;
use portaria::drift::observation::{DriftPlan, ObservedAnswer, observe_answers};
use portaria::drift::provider_statistics::{DriftNotice, ObservedLogin, ProviderStatistics};
use portaria::drift::warning::DriftWarning;
use portaria::login::attempt::{Attempt, Entropy, InstallationValues};
use portaria::login::drive_observed;
use portaria::login::error::{LoginError, LoginErrorCause};
use portaria::login::trace::Trace;
use portaria::provider::Provider;
use portaria::provider::callback::CallbackParameters;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::identity::Identity;
use portaria::story::recent_logins::LoginsAtHand;
use portaria::story::watch::LoginWatch;
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::{Fetch, Request, Response, ResponseFuture};
use portaria::workbench::drift::cause::assign_causes;
use serde_json::{Value, json};

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
    let ended = ObservedLogin { provider: acme, trace: &trace, end: end.as_ref(), others: &LoginsAtHand::default() };
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
        let turned = counts(
            &mut book,
            &plan,
            &looked,
            &ObservedLogin { provider: &acme, trace: &trace, end: Err(&error), others: &LoginsAtHand::default() },
            now,
        );
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
