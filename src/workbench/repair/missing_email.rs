//! What to do where no answer holds an e-mail address: ask the provider for it, or the person.

use crate::provider::Provider;
use crate::story::repair_rule::RepairRule;
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
    let behind = &["trustEmail", "pkce", "clientSecret", "clientId", "name"];
    let edit = FileEdit::Top { key: "missingEmail", value: "ask".to_owned(), behind };
    drafts.push(RepairDraft::new("missingEmail: ask".to_owned(), rule, vec![edit], 50.0));
    drafts
}
