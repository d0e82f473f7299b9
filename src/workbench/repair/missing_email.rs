//! What to do where no answer holds an e-mail address: ask the provider for it, or the person.

use crate::provider::Provider;
use crate::provider::step::Step;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::yaml::writer::scalar;
use crate::workbench::answers::vocabulary::mentions_email;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::edit::FileEdit;

/// The drafts for a login without an address that is proven. With `AskBecauseMissing` as the reason the answers hold none at all.
pub(crate) fn missing_email_drafts(provider: &Provider, rule: RepairRule) -> Vec<RepairDraft> {
    let mut drafts = Vec::new();
    let scope = provider.scope.as_deref().unwrap_or_default();
    let words: Vec<&str> = scope.split(' ').collect();
    let is_missing = matches!(rule, RepairRule::AskBecauseMissing {});
    if is_missing && words.contains(&"openid") && !words.contains(&"email") && !scope.contains([':', '#', ',']) {
        let value = format!("{scope} email");
        let title = format!("scope: {value}");
        let rule = RepairRule::ScopeLacksEmail { scope: "email".to_owned() };
        let edit = FileEdit::Word { step: provider.authorization.place, word: "getAuthorizationCode", key: "scope", value };
        drafts.push(RepairDraft::new(title, rule, vec![edit], 60.0));
    }
    let reads_email = provider.steps().flat_map(Step::all_reads).any(|read| read.fact == provider.known.email && read.written);
    if is_missing && drafts.is_empty() && reads_email && !scope.is_empty() && !mentions_email(scope) {
        for (word, score) in email_scopes(scope).into_iter().zip([58.0, 49.0]) {
            let separator = scope.chars().find(|letter| matches!(letter, ' ' | ',' | ';')).unwrap_or(' ');
            let value = format!("{scope}{separator}{word}");
            let title = format!("scope: {value}");
            let rule = RepairRule::ScopeMayLack { fact: "email".to_owned(), scope: word };
            let step = provider.authorization.place;
            let edit = FileEdit::Word { step, word: "getAuthorizationCode", key: "scope", value: scalar(&value) };
            drafts.push(RepairDraft::new(title, rule, vec![edit], score));
        }
    }
    let behind = &["trustEmail", "pkce", "clientSecret", "clientId", "name"];
    let edit = FileEdit::Top { key: "missingEmail", value: "ask".to_owned(), behind };
    drafts.push(RepairDraft::new("missingEmail: ask".to_owned(), rule, vec![edit], 50.0));
    drafts
}

/// The words that may bring an address, in the style of the others.
fn email_scopes(scope: &str) -> Vec<String> {
    let first = scope.split([' ', ',', ';']).next().unwrap_or_default();
    let is_loud = scope.chars().any(char::is_uppercase) && !scope.chars().any(char::is_lowercase);
    let styled = |word: &str| if is_loud { word.to_uppercase() } else { word.to_owned() };
    match first.split_once([':', '.']) {
        Some((_, _)) if first.contains(':') => vec!["user:email".to_owned(), styled("email")],
        Some((start, _)) => vec![format!("{start}.email"), styled("email")],
        None => vec![styled("email"), styled("mail")],
    }
}
