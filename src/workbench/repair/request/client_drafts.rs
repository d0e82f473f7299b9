//! A refused client: its id and its secret may belong elsewhere, or under the names that another request of the file gives them.

use crate::provider::step::StepBody;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::yaml::writer::flow_scalar;
use crate::workbench::answers::keys::spelling_similarity;
use crate::workbench::answers::refusals::RefusalCause;
use crate::workbench::repair::edit::EntryChange;
use crate::workbench::repair::request::{RequestDraft, RequestRefusal};

/// The changes of how the client shows who it is.
pub(crate) fn drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    if !refused.shows_client() || matches!(refused.status, 404 | 405 | 410 | 415) {
        return Vec::new();
    }
    let score = match () {
        () if refused.has_cause(RefusalCause::CredentialsElsewhere, 2) => 36.0,
        // The words name the secret itself.
        () if refused.has_cause(RefusalCause::SecretRefused, 3) || refused.has_cause(RefusalCause::ClientUnknown, 2) => 17.0,
        () if refused.has_cause(RefusalCause::SecretRefused, 1) || refused.has_cause(RefusalCause::ClientUnknown, 1) => 28.0,
        () if refused.status == 401 || refused.status == 403 => 26.0,
        // Other words speak of something else.
        () if refused.causes.iter().any(|(_, weight)| *weight > 1) => return Vec::new(),
        () => 9.0,
    };
    let mut drafts = rename_drafts(refused, score + 4.0);
    if refused.sends_secret() {
        drafts.extend(place_drafts(refused, score));
    }
    drafts
}

/// The names of id and secret are those of another request, or the standard ones.
fn rename_drafts(refused: &RequestRefusal<'_>, score: f32) -> Vec<RequestDraft> {
    let mut drafts = Vec::new();
    let own = refused.call.renames();
    let of_others: Vec<(&str, &str, &str)> =
        refused.others.iter().flat_map(|other| other.renames().into_iter().map(|(name, new)| (name, new, other.step_word()))).collect();
    for name in ["client_id", "client_secret"] {
        let mine = own.iter().find(|(known, _)| *known == name);
        let theirs = of_others.iter().find(|(known, ..)| *known == name);
        match (mine, theirs) {
            (None, Some((_, new, other))) if !refused.call.is_written() => {
                let change = EntryChange::Set { key: name.to_owned(), value: flow_scalar(new) };
                let rule = RepairRule::LikeOtherStep { step: refused.step_name(), other: (*other).to_owned(), what: (*new).to_owned() };
                let title = format!("rename: {{ {name}: {new} }}");
                drafts.push(RequestDraft { title, rule, edits: vec![refused.entry("rename", change)], score: score + 2.0 });
            }
            (Some((_, mine)), Some((_, theirs, other))) if mine != theirs => {
                let change = EntryChange::Set { key: name.to_owned(), value: flow_scalar(theirs) };
                let rule = RepairRule::LikeOtherStep { step: refused.step_name(), other: (*other).to_owned(), what: (*theirs).to_owned() };
                let title = format!("rename: {{ {name}: {theirs} }}");
                drafts.push(RequestDraft { title, rule, edits: vec![refused.entry("rename", change)], score: score + 2.0 });
            }
            (Some((_, mine)), None) => {
                // A provider that has a name of its own for the id has one for the secret, too.
                let fits = name == "client_secret" && own.iter().any(|(known, _)| *known == "client_id");
                let rule =
                    RepairRule::ParameterOtherName { parameter: name.to_owned(), step: refused.step_name(), was: (*mine).to_owned() };
                let title = format!("without rename: {{ {name}: {mine} }}");
                let edits = vec![refused.entry("rename", EntryChange::Drop { key: name.to_owned() })];
                drafts.push(RequestDraft { title, rule, edits, score: if fits { score - 8.0 } else { score } });
            }
            _ => {}
        }
    }
    // The secret is named as the id is.
    let written = |name: &str| own.iter().find(|(known, _)| *known == name).map(|(_, new)| *new);
    if let Some(id) = written("client_id")
        && let Some(secret) = secret_beside(id).filter(|_| refused.step.basic.is_none())
        && written("client_secret") != Some(secret.as_str())
    {
        let change = EntryChange::Set { key: "client_secret".to_owned(), value: flow_scalar(&secret) };
        let rule = RepairRule::ParameterOtherName { parameter: secret.clone(), step: refused.step_name(), was: "client_secret".to_owned() };
        let title = format!("rename: {{ client_secret: {secret} }}");
        // A name that is nearly this one was meant to be it.
        let is_slip = written("client_secret").is_some_and(|mine| spelling_similarity(mine, &secret) >= 0.7);
        let score = if is_slip { score + 3.0 } else { score + 1.0 };
        drafts.push(RequestDraft { title, rule, edits: vec![refused.entry("rename", change)], score });
    }
    drafts
}

/// The name of a secret beside a name of an id: `app_secret` beside `app_id` or `app_key`.
fn secret_beside(id: &str) -> Option<String> {
    for (end, secret) in [("_id", "_secret"), ("_key", "_secret"), ("Id", "Secret"), ("Key", "Secret"), ("ID", "Secret")] {
        if let Some(start) = id.strip_suffix(end) {
            return Some(format!("{start}{secret}"));
        }
    }
    (id == "appid").then(|| "secret".to_owned())
}

/// The other places for id and secret, the likeliest first.
fn place_drafts(refused: &RequestRefusal<'_>, score: f32) -> Vec<RequestDraft> {
    let step = refused.step;
    let by_hand = step.assertion.is_some() || step.sign.is_some() || refused.call.is_written() && !refused.call.has("credentials");
    if by_hand || matches!(step.body, StepBody::Text(_)) || !refused.call.renames().is_empty() && refused.call.text("credentials").is_none()
    {
        return Vec::new();
    }
    let is_get = refused.call.has("get");
    let usual = if is_get { "query" } else { "form" };
    let places: &[&str] = match refused.call.text("credentials").unwrap_or(usual) {
        "form" => &["basic", "query"],
        // The two differ in these credentials, so the other of them is the likeliest.
        "basic" if refused.depends_on_encoding => &["basicEncoded", "form"],
        "basicEncoded" if refused.depends_on_encoding => &["basic", "form"],
        "basic" | "basicEncoded" if is_get => &["query"],
        "basic" | "basicEncoded" => &["form", "query"],
        "query" if is_get => &["basic"],
        "query" => &["form", "basic"],
        _ if is_get => &["query", "basic"],
        _ => &["form", "basic"],
    };
    let drafts = places.iter().filter(|place| !(is_get && **place == "form")).enumerate().map(|(at, place)| {
        #[expect(clippy::cast_precision_loss, reason = "two at most")]
        let behind = 3.0 * at as f32;
        RequestDraft {
            title: format!("credentials: {place}"),
            rule: RepairRule::CredentialsElsewhere { place: (*place).to_owned() },
            edits: vec![refused.word("credentials", (*place).to_owned())],
            score: score - behind,
        }
    });
    drafts.collect()
}
