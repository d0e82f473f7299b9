//! What the catalogue has for the provider of a file: an address at the host that failed, and a scope with which its file reads a fact that is
//! missing. The host stays the same, so no secret goes to another one.

use crate::provider::step::{Step, StepKind};
use crate::provider::{InstallationContext, Provider, compile};
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::place::Source;
use crate::vocabulary::site::host_of_address;
use crate::vocabulary::yaml::writer::scalar;
use crate::workbench::catalogue::{CATALOGUE, CatalogueFile};
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::edit::{EditableFile, FileEdit};
use crate::workbench::repair::request::file_request::file_requests;

/// At most this many addresses are proposed.
const MOST_ADDRESSES: usize = 2;
/// The most words that are added to a scope.
const MOST_WORDS: usize = 4;
/// How likely the scope is: an address or an id that a file of the catalogue reads with it is most likely read here as well.
const SCORE: f32 = 61.0;

/// The files of the catalogue that name a host.
fn files_with_host(host: &str) -> impl Iterator<Item = Provider> {
    files_of_host(host).map(|(_, provider)| provider)
}

/// The files of the catalogue that name a host, each with what it compiles to.
pub(crate) fn files_of_host(host: &str) -> impl Iterator<Item = (&'static CatalogueFile, Provider)> {
    let mark = format!("https://{}", host.to_ascii_lowercase());
    let named = CATALOGUE.iter().filter(move |file| mark.len() > "https://".len() && file.text.contains(&mark));
    named.filter_map(|file| {
        let source = Source::new(format!("{}.yaml", file.name), file.text);
        Some((file, compile(&source, InstallationContext { loopback: false }).0?))
    })
}

/// Other addresses of a step at the host of this one, as the catalogue has them under the same method.
pub(crate) fn addresses_in_catalogue(kind: StepKind, method: &str, address: &str) -> Vec<String> {
    let host = host_of_address(address);
    let mut found: Vec<String> = Vec::new();
    if !address.starts_with("https://") || host.contains("${") {
        return found;
    }
    for provider in files_with_host(host) {
        let Some(file) = EditableFile::open(&provider.source) else { continue };
        let requests = file_requests(&file, &provider);
        let calls = requests.iter().filter(|request| request.step.kind == kind && !request.step.is_redirect());
        let other = |known: &&str| {
            let is_whole = known.starts_with("https://") && !known.contains("${");
            is_whole && host_of_address(known).eq_ignore_ascii_case(host) && *known != address
        };
        for known in calls.filter_map(|request| request.text(method)).filter(other) {
            if !found.iter().any(|one| one == known) && found.len() < MOST_ADDRESSES {
                found.push(known.to_owned());
            }
        }
    }
    found
}

/// The draft of a scope with which the catalogue's file of the same host reads a fact.
pub(crate) fn scope_draft(provider: &Provider, fact: &str) -> Option<RepairDraft> {
    let host = login_host(provider)?;
    let reads = |other: &Provider| {
        let mut learned = other.steps().filter(|step| !step.is_redirect()).flat_map(Step::learned_facts);
        learned.any(|(learned, ..)| &**other.names.name(learned) == fact)
    };
    let is_border = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';');
    let own = provider.scope.as_deref().unwrap_or_default();
    let has = |word: &str| own.split(is_border).any(|known| known == word);
    let same = files_with_host(&host).filter(|other| login_host(other).as_ref() == Some(&host) && reads(other));
    let scopes = same.filter_map(|other| {
        let scope = other.scope.as_deref()?.to_owned();
        // Another product of the provider has other scopes, and an app that lacks the product would be refused with them.
        let is_part = own.split(is_border).all(|word| word.is_empty() || scope.split(is_border).any(|known| known == word));
        let missing: Vec<String> = scope.split(is_border).filter(|word| !word.is_empty() && !has(word)).map(str::to_owned).collect();
        is_part.then_some((scope, missing))
    });
    // A provider may have several files. The one whose scope is nearest is meant.
    let (theirs, missing) = scopes.min_by_key(|(_, missing)| missing.len())?;
    if missing.is_empty() || missing.len() > MOST_WORDS {
        return None;
    }
    let separator = [own, theirs.as_str()].iter().find_map(|scope| scope.chars().find(|letter| is_border(*letter))).unwrap_or(' ');
    let all: Vec<&str> = own.split(is_border).filter(|word| !word.is_empty()).chain(missing.iter().map(String::as_str)).collect();
    let value = all.join(&separator.to_string());
    let rule = RepairRule::ScopeMayLack { fact: fact.to_owned(), scope: missing.join(" ") };
    let edit = FileEdit::Word { step: provider.authorization.place, word: "getAuthorizationCode", key: "scope", value: scalar(&value) };
    Some(RepairDraft::new(format!("scope: {value}"), rule, vec![edit], SCORE))
}

/// The host to which a login goes first, if the file writes it.
pub(crate) fn login_host(provider: &Provider) -> Option<String> {
    let settings = provider.settings_among(&provider.empty_facts());
    let origin = match &provider.discovery {
        Some(discovery) => discovery.issuer_address(&settings),
        None => provider.authorization.address.origin(&settings),
    };
    let host = host_of_address(&origin).to_ascii_lowercase();
    (origin.starts_with("https://") && !host.contains("${")).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn catalogue() -> impl Iterator<Item = (&'static str, Provider)> {
        let compiled = |text: &str| compile(&Source::new("acme.yaml", text), InstallationContext { loopback: false }).0;
        CATALOGUE.iter().filter_map(move |file| Some((file.text, compiled(file.text)?)))
    }

    #[test]
    fn a_wrong_address_at_a_host_of_the_catalogue_leads_to_the_right_one() {
        let mut found = 0;
        for (_, provider) in catalogue() {
            let file = EditableFile::open(&provider.source).expect("it is a file");
            for request in file_requests(&file, &provider).iter().filter(|request| !request.step.is_redirect()) {
                let method = if request.has("get") { "get" } else { "post" };
                let Some(right) = request.text(method).filter(|address| address.starts_with("https://") && !address.contains("${")) else {
                    continue;
                };
                let wrong = format!("https://{}/not/here", host_of_address(right));

                let addresses = addresses_in_catalogue(request.step.kind, method, &wrong);

                let host = host_of_address(right);
                assert!(!addresses.is_empty() && addresses.iter().all(|address| host_of_address(address) == host), "{right} {addresses:?}");
                found += usize::from(addresses.iter().any(|address| address == right));
            }
        }
        assert!(found > 10, "{found}");
        assert!(addresses_in_catalogue(StepKind::GetUserInfo, "get", "https://api.acme.invalid/me").is_empty());
        assert!(addresses_in_catalogue(StepKind::GetUserInfo, "get", "https://").is_empty());
    }

    /// A proposal compiles the files of a host, so it takes as long however many files the catalogue has.
    #[test]
    fn few_files_of_the_catalogue_name_the_same_host() {
        let hosts: HashSet<String> = CATALOGUE
            .iter()
            .flat_map(|file| file.text.split("https://").skip(1))
            .map(|rest| host_of_address(&format!("https://{rest}")).split(['"', ' ', ',', '\n']).next().unwrap_or_default().to_owned())
            .filter(|host| !host.contains('$'))
            .collect();

        let most = hosts.iter().map(|host| (files_with_host(host).count(), host)).max();

        assert!(hosts.len() > 300 && most.as_ref().is_some_and(|(count, _)| *count <= 5), "{} hosts: {most:?}", hosts.len());
    }

    #[test]
    fn a_scope_that_lacks_a_word_of_the_catalogue_gets_it() {
        let mut found = 0;
        for (text, provider) in catalogue() {
            let scope = provider.scope.as_deref().unwrap_or_default().to_owned();
            let Some((rest, last)) = scope.rsplit_once(' ').filter(|_| text.contains(&scope)) else { continue };
            let less = text.replace(&scope, rest);
            let Some(less) = compile(&Source::new("acme.yaml", less.as_str()), InstallationContext { loopback: false }).0 else { continue };
            let Some(draft) = scope_draft(&less, "email") else { continue };

            assert!(draft.title.split([' ', ':']).any(|word| word == last) || draft.title.contains(last), "{}", draft.title);
            assert!(scope_draft(&provider, "email").is_none(), "nothing is missing: {scope}");
            found += 1;
        }
        assert!(found > 2, "{found}");
    }
}
