//! The answers of invented providers with two people: damaged paths, changed answers, and answers from which the id is gone. Whatever is
//! proposed, nobody gets an id that is another's, or everybody's.

use crate::repair::answers::{changes, with_answer};
use crate::repair::damage::{PathDamages, damage_paths};
use crate::repair::{Known, Sample, Table, compiled, held, is_of, odd_providers, outcome, strange_ids};
use portaria::provider::identity::Identity;
use portaria::workbench::examples::example::{ExampleSpec, RawJson};
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::propose;
use serde_json::Value;

#[test]
fn a_damaged_path_of_an_odd_provider_is_mended() {
    let mut counted = PathDamages::default();
    for known in odd_providers() {
        damage_paths(&known, Sample::new(0, 1), &mut counted);
    }
    let (first, three) = counted.table.print("Odd providers: the file is damaged, the answers are as recorded");
    assert!(first >= 97.0 && three >= 97.0, "{first:.1} % first, {three:.1} % among three");
    assert!(counted.strange.is_empty(), "with these proposals a person gets a strange id: {:#?}", counted.strange);
}

fn json_answers(story: &ExampleSpec) -> Vec<Option<Value>> {
    let exchanges = story.exchanges.iter().flat_map(|exchanges| &exchanges.0);
    exchanges.map(|exchange| exchange.answer.json.as_ref().map(|json| json.0.clone())).collect()
}

/// Changes each answer in turn, for both people alike.
fn change_answers(known: &Known, table: &mut Table, strange: &mut Vec<String>) {
    let answers: Vec<Vec<Option<Value>>> = known.stories.iter().map(|(story, _)| json_answers(story)).collect();
    for at in 0..answers[0].len() {
        let Some(first) = &answers[0][at] else { continue };
        for (number, (kind, what, _)) in changes(first).into_iter().enumerate() {
            let changed: Vec<(ExampleSpec, Identity)> = known
                .stories
                .iter()
                .zip(&answers)
                .filter_map(|((story, right), answers)| {
                    Some((with_answer(story, at, changes(answers[at].as_ref()?).into_iter().nth(number)?.2), right.clone()))
                })
                .collect();
            let played = replay(&known.provider, &changed[0].0);
            let for_all = known.provider.source.text.lines().any(|line| line.starts_with("accepted:") || line.starts_with("refused:"));
            if for_all && played.end.is_err_and(|error| error.refusal().is_some() && error.place.is_some()) {
                continue;
            }
            let others = Known { provider: known.provider.clone(), stories: changed.clone(), refusals: Vec::new() };
            let (outcome, proposals) = outcome(&known.provider, &changed[0].0, &changed[0].1, Some(&others));
            strange.extend(strange_ids(&known.provider, &changed, &proposals).into_iter().map(|said| format!("{kind} {what}: {said}")));
            table.count(kind, outcome, &proposals, |said| format!("{} answer {} {what}: {said:?}", known.provider.name, at + 1));
        }
    }
}

#[test]
fn a_changed_answer_of_an_odd_provider_is_followed() {
    let (mut table, mut strange) = (Table::default(), Vec::new());
    for known in odd_providers() {
        change_answers(&known, &mut table, &mut strange);
    }
    let (first, three) = table.print("Odd providers: the answers have changed, the file is as it was");
    assert!(first >= 97.0 && three >= 98.0, "{first:.1} % first, {three:.1} % among three");
    assert!(strange.is_empty(), "with these proposals a person gets a strange id: {strange:#?}");
}

/// A document without the values that hold this text.
fn without_value(value: &Value, gone: &str) -> Value {
    let holds = |value: &Value| match value {
        Value::String(text) => text.contains(gone),
        Value::Number(number) => number.to_string() == gone,
        _ => false,
    };
    match value {
        Value::Object(all) => {
            let kept = all.iter().filter(|(_, value)| !holds(value));
            kept.map(|(key, value)| (key.clone(), without_value(value, gone))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(all) => all.iter().filter(|value| !holds(value)).map(|value| without_value(value, gone)).collect(),
        other => other.clone(),
    }
}

fn without_id(story: &ExampleSpec, id: &str) -> ExampleSpec {
    let mut story = story.clone();
    for exchange in story.exchanges.iter_mut().flat_map(|exchanges| &mut exchanges.0) {
        if let Some(RawJson(json)) = &mut exchange.answer.json {
            *json = without_value(json, id);
        }
        if let Some(headers) = &mut exchange.answer.headers {
            headers.0.retain(|(_, value)| !value.value.contains(id));
        }
    }
    for (_, token) in story.tokens.iter_mut().flat_map(|tokens| &mut tokens.0) {
        token.claims.0 = without_value(&token.claims.0, id);
    }
    story
}

/// The proposals that read an id in logins of which the id is gone, and the number of these logins.
fn ids_where_none_is_left(all: impl Iterator<Item = Known>) -> (usize, Vec<String>) {
    let (mut tried, mut strange) = (0, Vec::new());
    for known in all {
        for (story, right) in &known.stories {
            let story = without_id(story, right.id.as_ref());
            let played = replay(&known.provider, &story);
            if played.end.as_ref().is_ok_and(|identity| is_of(identity, right)) {
                continue;
            }
            tried += 1;
            let proposals = propose(&known.provider, played.end.as_ref(), &played.trace);
            let of_id = proposals.iter().filter(|proposal| proposal.title.starts_with("id: "));
            let of_id = of_id.map(|proposal| format!("{} {}", known.provider.name, proposal.title)).collect::<Vec<_>>();
            strange.extend(strange_ids(&known.provider, &[(story, right.clone())], &proposals));
            strange.extend(of_id);
        }
    }
    println!("{} proposals after {tried} logins without an id read a strange one", strange.len());
    strange.iter().for_each(|one| println!("  {one}"));
    (tried, strange)
}

#[test]
fn where_the_id_is_gone_no_other_is_proposed() {
    let (tried, strange) = ids_where_none_is_left(held().into_iter().chain(odd_providers()));

    assert!(tried > 400 && strange.is_empty(), "{tried}: {strange:#?}");
}

/// The same provider at a host that the catalogue does not have.
fn at_unknown_host(known: Known) -> Option<Known> {
    let text = known.provider.source.text.to_string();
    let at = text.find("getAuthorizationCode:").and_then(|at| Some(at + text[at..].find("https://")? + 8))?;
    let host = text[at..].split(['/', '\n', ' ', '?']).next().filter(|host| !host.contains('$'))?;
    let provider = compiled(&known.provider, &text.replace(host, "login.unknown.example"))?;
    let logs_in = |(story, right): &(ExampleSpec, Identity)| replay(&provider, story).end.is_ok_and(|identity| identity.id == right.id);
    let stories: Vec<_> = known.stories.into_iter().filter(logs_in).collect();
    (!stories.is_empty()).then_some(Known { provider, stories, refusals: Vec::new() })
}

#[test]
fn without_any_other_login_hardly_ever_an_id_of_something_else_is_proposed() {
    let (tried, strange) = ids_where_none_is_left(held().into_iter().filter_map(at_unknown_host));

    assert!(tried > 200 && strange.len() * 50 <= tried, "{tried}: {strange:#?}");
}

/// Words below which nothing is a person's id, whatever the person is called there.
const NO_IDS: &[&str] = &[
    "iat",
    "exp",
    "nbf",
    "auth_time",
    "jti",
    "sid",
    "azp",
    "aud",
    "iss",
    "country",
    "gender",
    "level",
    "status",
    "result",
    "request_id",
    "trace_id",
    "expires_at",
    "expiresIn",
    "login_count",
    "picture",
    "avatar",
    "name",
    "nickname",
    "profile_url",
    "link",
    "account_id",
    "tenant_id",
    "network_id",
    "organization_id",
    "workspace_id",
    "corpId",
    "updated_at",
    "created",
    "kind",
    "type",
    "code",
    "role",
    "points",
];

#[test]
fn an_answer_with_nothing_but_other_things_gives_no_id() {
    let mut proposed = Vec::new();
    for known in odd_providers() {
        // What the file itself reads as the id, in another spelling, is the id.
        let own = known.provider.source.text.to_lowercase();
        for word in NO_IDS.iter().filter(|word| !own.contains(&format!("$.{}", word.replace('_', "").to_lowercase()))) {
            for value in [Value::from(1_767_323_045_u64), Value::from("a7f3c9"), Value::from("BR"), Value::from(12)] {
                let (story, right) = &known.stories[0];
                let mut story = without_id(story, right.id.as_ref());
                let Some(RawJson(Value::Object(last))) = story
                    .exchanges
                    .iter_mut()
                    .flat_map(|exchanges| &mut exchanges.0)
                    .last()
                    .and_then(|exchange| exchange.answer.json.as_mut())
                else {
                    continue;
                };
                last.insert((*word).to_owned(), value);
                let played = replay(&known.provider, &story);
                let proposals = propose(&known.provider, played.end.as_ref(), &played.trace);
                let changes = proposals.iter().filter_map(|proposal| proposal.change.as_ref()).flat_map(|change| &change.added);
                let read: Vec<&String> = changes.filter(|line| line.contains(&format!("id: $.{word}"))).collect();
                if !read.is_empty() {
                    proposed.push(format!("{}: {read:?}", known.provider.name));
                }
            }
        }
    }
    assert!(proposed.is_empty(), "{proposed:#?}");
}
