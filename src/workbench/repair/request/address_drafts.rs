//! A wrong address or a wrong method: the other method, and addresses that are related to those of the file.

use crate::provider::step::StepKind;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::site::{are_of_same_site, host_of_address};
use crate::vocabulary::yaml::writer::scalar;
use crate::workbench::answers::refusals::RefusalCause;
use crate::workbench::repair::catalogue_hints::addresses_in_catalogue;
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::request::{RequestDraft, RequestRefusal};

/// Last parts of the addresses at which a token is given out, the most frequent first.
const TOKEN: &[&str] = &["token", "access_token"];
/// Last parts of the addresses that say who the person is, as OpenID Connect has them, and as most others do.
const PERSON: &[&str] = &["userinfo", "me", "user"];
const PERSON_WITHOUT_OPENID: &[&str] = &["me", "userinfo", "user"];

/// The changes of the address and of the method.
pub(crate) fn drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    if refused.is_redirect() {
        return Vec::new();
    }
    let mut drafts: Vec<RequestDraft> = redirect_draft(refused).into_iter().collect();
    let is_wrong = matches!(refused.status, 404 | 410) || refused.has_cause(RefusalCause::AddressWrong, 2);
    if is_wrong || refused.status == 405 {
        drafts.extend(catalogue_drafts(refused));
    }
    if is_wrong {
        drafts.extend(address_drafts(refused));
    }
    drafts.extend(method_draft(refused));
    drafts
}

/// The same request at the address to which the provider redirects.
fn redirect_draft(refused: &RequestRefusal<'_>) -> Option<RequestDraft> {
    let moved_to = refused.moved_to?;
    let method = if refused.call.has("get") { "get" } else { "post" };
    let address = refused.call.text(method).filter(|address| !address.contains("${"))?;
    let whole = match address.split_once('?') {
        Some((_, query)) => format!("{moved_to}?{query}"),
        None => moved_to.to_owned(),
    };
    let last = |address: &str| address.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    // What keeps its last part is the same resource elsewhere; anything else may be a page to sign in on.
    let is_same_end = last(moved_to) == last(address.split('?').next().unwrap_or(address));
    let rule = RepairRule::AddressRedirected { step: refused.step_name(), address: whole.clone() };
    let edits = vec![refused.word(method, scalar(&whole))];
    is_same_end.then(|| RequestDraft { title: format!("{method}: {whole}"), rule, edits, score: 52.0 })
}

fn method_draft(refused: &RequestRefusal<'_>) -> Option<RequestDraft> {
    let (from, to) = if refused.call.has("get") { ("get", "post") } else { ("post", "get") };
    let said = refused.said.to_lowercase();
    let names = |method: &str| {
        let asked = [
            format!("use {method}"),
            format!("{method} only"),
            format!("with {method}"),
            format!("require {method}"),
            format!("must be {method}"),
        ];
        asked.iter().any(|words| said.contains(words))
    };
    let is_allowed = refused.allowed.is_some_and(|allowed| allowed.to_lowercase().split([',', ' ']).any(|method| method == to));
    let is_told = is_allowed || names(to);
    let is_refused = refused.status == 405 || refused.has_cause(RefusalCause::MethodOther, 2) || is_told;
    let score = match is_refused {
        true => 49.0,
        // A page that is not there for one method may be there for the other.
        false if refused.status == 404 => 19.0,
        false => return None,
    };
    let known = &refused.provider.known;
    let carries_secret = |fact| refused.step.uses_in_request().iter().any(|used| used.fact == fact);
    let of_client = [known.client_secret, known.client_assertion].into_iter().any(carries_secret);
    let is_written = |word| refused.call.entries(word).iter().any(|(_, value)| value.is_some_and(|value| refused.is_confidential(value)));
    let sends_secret = refused.step.basic.is_none() && (of_client || is_written("form"));
    // With `get` the secret is written into the address, and so into logs and histories; only the provider itself can ask for that.
    if to == "get" && sends_secret && !is_told {
        return None;
    }
    let mut edits = vec![FileEdit::Rename { step: refused.call.place, from, to }];
    match (to, refused.call.has("form"), refused.call.has("query")) {
        ("get", true, false) => edits.push(FileEdit::Rename { step: refused.call.place, from: "form", to: "query" }),
        ("post", false, true) => edits.push(FileEdit::Rename { step: refused.call.place, from: "query", to: "form" }),
        _ => {}
    }
    match (to, refused.call.text("credentials")) {
        ("get", Some("form")) => edits.push(refused.word("credentials", "query".to_owned())),
        ("post", Some("query")) => edits.push(refused.word("credentials", "form".to_owned())),
        _ => {}
    }
    let rule = RepairRule::MethodOther { step: refused.step_name(), method: to.to_owned() };
    Some(RequestDraft { title: format!("{to}: …"), rule, edits, score })
}

/// The addresses of the catalogue at the same host.
fn catalogue_drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    let method = if refused.call.has("get") { "get" } else { "post" };
    let Some(address) = refused.call.text(method) else { return Vec::new() };
    let drafts = addresses_in_catalogue(refused.step.kind, method, address).into_iter().map(|known| RequestDraft {
        title: format!("{method}: {known}"),
        rule: RepairRule::AddressOther { step: refused.step_name(), address: known.clone() },
        edits: vec![refused.word(method, scalar(&known))],
        score: 40.0,
    });
    drafts.collect()
}

fn address_drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    let method = if refused.call.has("get") { "get" } else { "post" };
    let Some(address) = refused.call.text(method) else { return Vec::new() };
    let mut drafts = Vec::new();
    let rule = |address: &str| RepairRule::AddressOther { step: refused.step_name(), address: address.to_owned() };
    // Where there is a discovery document, it names the address.
    if refused.provider.discovery.is_some() {
        let edits = vec![FileEdit::Drop { step: refused.call.place, key: method.to_owned() }];
        drafts.push(RequestDraft { title: format!("without {method}"), rule: rule("discovery"), edits, score: 34.0 });
    }
    let (bare, query) = address.split_once('?').map_or((address, ""), |(bare, query)| (bare, query));
    let Some((folder, last)) = bare.rsplit_once('/').filter(|(folder, _)| folder.len() > 8) else { return drafts };
    let is_openid = refused.provider.scope.as_deref().is_some_and(|scope| scope.split_whitespace().any(|word| word == "openid"));
    let words = match (refused.step.kind == StepKind::GetUserInfo, is_openid) {
        (true, true) => PERSON,
        (true, false) => PERSON_WITHOUT_OPENID,
        (false, _) => TOKEN,
    };
    // The redirect went well, so what stands beside its address is the likeliest.
    let redirect = refused.others.iter().find_map(|other| other.text("get").filter(|_| other.step.call.is_none()));
    let redirect = redirect.map(|address| address.split(['?', '#']).next().unwrap_or(address)).and_then(|address| address.rsplit_once('/'));
    let mut candidates: Vec<String> = Vec::new();
    if let (Some((folder, name)), true) = (redirect, refused.step.kind != StepKind::GetUserInfo) {
        // As the redirect is written: `Authorize` beside `Token`.
        let is_capital = name.starts_with(|letter: char| letter.is_ascii_uppercase());
        candidates.extend(words.iter().map(|word| {
            let word = if is_capital { word[..1].to_uppercase() + &word[1..] } else { (*word).to_owned() };
            format!("{folder}/{word}")
        }));
    }
    let own = words.iter().map(|word| format!("{folder}/{word}"));
    // The file names another host for this call, so its own folder is the likelier one.
    if redirect.is_some_and(|(beside, _)| !host_of_address(beside).eq_ignore_ascii_case(host_of_address(folder))) {
        candidates.splice(0..0, own);
    } else {
        candidates.extend(own);
    }
    // What authenticates the client goes to no site that does not get it already.
    let stays = |candidate: &str| {
        refused.step.kind == StepKind::GetUserInfo || candidate.starts_with("https://") && are_of_same_site(candidate, bare)
    };
    candidates.retain(|candidate| candidate != bare && !last.contains("${") && stays(candidate));
    let mut seen: Vec<String> = Vec::new();
    for (at, candidate) in candidates.into_iter().enumerate() {
        if seen.contains(&candidate) || seen.len() >= 3 {
            continue;
        }
        let whole = if query.is_empty() { candidate.clone() } else { format!("{candidate}?{query}") };
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let score = 30.0 - at as f32;
        let edits = vec![refused.word(method, scalar(&whole))];
        drafts.push(RequestDraft { title: format!("{method}: {whole}"), rule: rule(&whole), edits, score });
        seen.push(candidate);
    }
    drafts
}
