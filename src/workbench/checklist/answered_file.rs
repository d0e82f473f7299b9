//! The file that the answers give. It holds only what differs from the standard.

use crate::vocabulary::secret_names::is_secret_setting;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::checklist::answered_steps::{authorization_entries, person_request_entries, token_request_entries};
use crate::workbench::checklist::pairs::{condition_entries, name_entries};
use crate::workbench::checklist::question::ChecklistAnswers;
use crate::workbench::draft::ProviderDraft;
use crate::workbench::learn::provider_file::push_reads;

/// The file that the answers give.
pub(crate) fn draft_from_answers(answers: &ChecklistAnswers) -> ProviderDraft {
    let get = |name: &str| answers.get(name).map(String::as_str).filter(|answer| !answer.is_empty());
    let answers = AnswerLookup { get: &get };
    let mut draft = ProviderDraft::default();
    push_installation_entries(&answers, &mut draft);
    push_email_trust(&answers, &mut draft);
    if let Some(entry) = answers.refusal_entry("refused", "a refusal that comes as a success") {
        draft.push(entry);
    }
    if let Some(entry) = answers.refusal_entry("accepted", "everything else is a refusal") {
        draft.push(entry);
    }
    if let Some(conditions) = answers.given("require") {
        draft.push(YamlLine::with_comment("require", condition_entries(conditions, &[]), "who may sign in"));
    }
    let person = person_entries(&answers);
    let steps = [
        ("getAuthorizationCode", authorization_entries(&answers)),
        ("getAccessCode", token_request_entries(&answers, &person)),
        ("getUserInfo", person_request_entries(&answers, person)),
    ];
    for (step, entries) in steps.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        draft.push(YamlLine::new(step, YamlValue::Block(entries)));
    }
    draft
}

/// The answers by the names of their questions.
pub(super) struct AnswerLookup<'a> {
    get: &'a dyn Fn(&str) -> Option<&'a str>,
}

impl<'a> AnswerLookup<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        (self.get)(name)
    }

    /// The answer, unless it is `none`.
    pub(super) fn given(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|answer| *answer != "none")
    }

    /// Whether there is no document from which addresses and keys come.
    pub(super) fn by_hand(&self) -> bool {
        self.given("discovery").is_none()
    }

    pub(super) fn refusal_entry(&self, name: &'static str, reason: &str) -> Option<YamlLine> {
        let conditions = self.given(name)?;
        let places = [("code", "refused-code"), ("message", "refused-message")];
        let places = places.into_iter().filter_map(|(word, question)| Some(YamlLine::new(word, YamlValue::text(self.given(question)?))));
        Some(YamlLine::with_comment(name, condition_entries(conditions, &places.collect::<Vec<_>>()), reason))
    }

    /// The words of `signed`, if a token of this place says who the person is.
    pub(super) fn signed_entry(&self, place: &str, person: &[YamlLine]) -> Option<YamlLine> {
        self.given("signed").filter(|answer| *answer == place)?;
        let mut words = Vec::new();
        if place == "answer" {
            words.push(YamlLine::with_comment("token", YamlValue::text("answer"), "the whole answer is the token"));
        }
        for (word, question) in [("issuer", "signed-issuer"), ("keys", "signed-keys")] {
            words.extend(self.get(question).map(|answer| YamlLine::new(word, YamlValue::text(answer))));
        }
        push_reads(or_standard(person), &mut words);
        Some(YamlLine::with_comment("signed", YamlValue::Block(words), "verified before anything is read from it"))
    }
}

fn push_installation_entries(answers: &AnswerLookup<'_>, draft: &mut ProviderDraft) {
    let text = |text: &str| YamlValue::text(text);
    draft.push(YamlLine::with_comment("name", text(answers.get("title").unwrap_or("Provider")), "what the button says"));
    if let Some(key) = answers.get("key") {
        draft.push(YamlLine::with_comment("key", text(key), "under which the identities are kept"));
    }
    if let Some(logo) = answers.get("logo") {
        draft.push(YamlLine::with_comment("logo", text(logo), "the picture on the button"));
    }
    if let Some(order) = answers.get("order") {
        let written = if order.parse::<i64>().is_ok() { YamlValue::Bare(order.to_owned()) } else { text(order) };
        draft.push(YamlLine::with_comment("order", written, "the position of the button"));
    }
    if answers.get("hidden") == Some("true") {
        draft.push(YamlLine::with_comment("hidden", YamlValue::Bare("true".to_owned()), "it has no button"));
    }
    if let Some(id) = answers.get("client-id").filter(|id| *id != "env") {
        draft.push(YamlLine::new("clientId", text(id)));
    }
    if let Some(secret) = answers.get("client-secret").filter(|secret| *secret != "env") {
        draft.push(YamlLine::with_comment("clientSecret", text(secret), "a secret is never written here, only a reference to it"));
    }
    let (secrets, settings): (Vec<YamlLine>, Vec<YamlLine>) =
        answers.given("settings").map_or_else(Vec::new, name_entries).into_iter().partition(|entry| is_secret_setting(&entry.key));
    for (word, entries) in [("settings", settings), ("secrets", secrets)] {
        if !entries.is_empty() {
            draft.push(YamlLine::with_comment(word, YamlValue::Block(entries), "further values of this shop"));
        }
    }
    if let Some(hosts) = answers.given("hosts") {
        let hosts = hosts.split(',').map(|host| text(host.trim())).collect();
        draft.push(YamlLine::with_comment("hosts", YamlValue::List(hosts), "no request goes anywhere else"));
    }
    if let Some(issuer) = answers.given("discovery") {
        draft.push(YamlLine::with_comment("discovery", text(issuer), "addresses, keys and issuer come from its document"));
    }
    if let Some(issuer) = answers.given("issuer") {
        draft.push(YamlLine::with_comment("issuer", text(issuer), "the callback's iss must be this"));
    }
    if let Some(address) = answers.get("redirect-uri") {
        draft.push(YamlLine::with_comment("redirectUri", text(address), "as it is registered at the provider"));
    }
    if let Some(pkce) = answers.get("pkce").filter(|pkce| *pkce != "S256") {
        draft.push(YamlLine::with_comment("pkce", YamlValue::Bare(pkce.to_owned()), "the default is S256"));
    }
    if let Some(accepted) = answers.get("session-swap") {
        draft.push(YamlLine::with_comment("sessionSwap", YamlValue::text(accepted), "nothing ties the callback to the login"));
    }
    if let Some(address) = answers.get("logout") {
        draft.push(YamlLine::with_comment("logout", text(address), "ends the session at the provider as well"));
    }
}

fn push_email_trust(answers: &AnswerLookup<'_>, draft: &mut ProviderDraft) {
    let reads_email = !answers.by_hand() || answers.get("email") != Some("none");
    let trust = answers.get("trust").filter(|_| reads_email);
    match trust {
        Some("always") => {
            draft.push(YamlLine::with_comment(
                "trustEmail",
                YamlValue::text("always"),
                "it only returns addresses that it has proven itself",
            ));
        }
        Some("never") => {
            draft.push(YamlLine::with_comment("trustEmail", YamlValue::text("never"), "nothing says that its addresses are proven"));
        }
        _ => {}
    }
    let usual = if trust == Some("never") || !reads_email { "ask" } else { "refuse" };
    let reason = match answers.get("missing-email").unwrap_or(usual) {
        "refuse" => return,
        "ask" => "shoppers type and prove an address; `refuse` keeps them out",
        _ => "an address to which no mail can be sent",
    };
    draft.push(YamlLine::with_comment("missingEmail", YamlValue::text(answers.get("missing-email").unwrap_or(usual)), reason));
}

/// What is read about the person; empty if the standard places are used.
fn person_entries(answers: &AnswerLookup<'_>) -> Vec<YamlLine> {
    let usual = [
        ("id", "id", "$.sub"),
        ("email", "email", "$.email"),
        ("email-verified", "emailVerified", "$.email_verified"),
        ("name-path", "name", "$.name"),
    ];
    let further = [("picture", "picture", "$.picture"), ("locale", "locale", "$.locale")];
    // Only with `claim` does a flag decide anything, and only about an address.
    let decides = answers.get("trust").is_none_or(|trust| trust == "claim") && answers.get("email") != Some("none");
    let is_ignored = |fact: &str| fact == "emailVerified" && !decides;
    let is_usual =
        |(question, fact, path): &(&str, &str, &str)| !is_ignored(fact) && answers.get(question).is_none_or(|answer| answer == *path);
    if usual.iter().chain(&further).all(is_usual) {
        return Vec::new();
    }
    let named = usual
        .iter()
        .filter(|(_, fact, _)| !is_ignored(fact))
        .filter_map(|(question, fact, path)| Some((*fact, if answers.get(question).is_none() { *path } else { answers.given(question)? })));
    let further = further.iter().filter_map(|(question, fact, _)| Some((*fact, answers.given(question)?)));
    named.chain(further).map(|(fact, path)| YamlLine::new(fact, YamlValue::text(path))).collect()
}

/// The entries, or those of the standard places.
pub(super) fn or_standard(person: &[YamlLine]) -> Vec<YamlLine> {
    if !person.is_empty() {
        return person.to_vec();
    }
    let standard = [("id", "$.sub"), ("email", "$.email"), ("emailVerified", "$.email_verified"), ("name", "$.name")];
    standard.iter().map(|(fact, path)| YamlLine::new(*fact, YamlValue::text(*path))).collect()
}
