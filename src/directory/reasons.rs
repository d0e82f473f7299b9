//! Explains decisions in words for support: why an identity belongs to a user, why a login was refused, and what the user can do.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind};
use crate::directory::ended_grants::SURPLUS;
use crate::directory::identity_links::LAST;
use crate::directory::linking::{LinkingRule, SignInRefusalReason};
use crate::directory::user_import::{BROKEN_OFF, IMPORTED};
use crate::directory::users::IdentityLink;
use crate::provider::passkey::PASSKEY;

/// What stands behind the evidence of an address that imitates another.
pub(crate) const IMITATION: &str = "imitation";

const KEYS_RECOVERED: &str = "the master key was lost, and what it had sealed was given up; every user has to sign in again";

/// Why the identity is linked to the user.
pub fn describe_link(way: &IdentityLink) -> String {
    let why = describe_rule(&way.because, way.evidence.as_deref());
    format!("linked because {why}{}", version_suffix(way.file.as_deref().unwrap_or(&way.provider), way.version.as_deref()))
}

/// What happened, in one sentence.
pub fn describe_event(event: &AuditEvent) -> String {
    let through = event.provider.as_deref().map_or_else(String::new, |provider| format!(" through {provider}"));
    let (because, evidence) = (event.because.as_deref().unwrap_or_default(), event.evidence.as_deref());
    let version = event.provider.as_deref().map_or_else(String::new, |provider| version_suffix(provider, event.version.as_deref()));
    match event.what {
        AuditEventKind::Login if event.provider.as_deref() == Some(PASSKEY) => "signed in by a passkey".to_owned(),
        AuditEventKind::Login => format!("signed in{through} because {}{version}", describe_rule(because, evidence)),
        AuditEventKind::Refused => format!("refused{through} because {}{version}", describe_refusal(because)),
        AuditEventKind::Failed => match evidence {
            None => format!("a login{through} failed: {because}"),
            Some(more) => format!("{more} more logins{through} failed in this minute: {because}"),
        },
        AuditEventKind::Tested if because.is_empty() => format!("a test login{through} worked, and signed no user in{version}"),
        AuditEventKind::Tested => format!("a test login{through} failed: {because}{version}"),
        AuditEventKind::Searched => describe_search(evidence),
        AuditEventKind::Unproven => format!("the codes for an address that was to be proven{through} were typed wrong too often"),
        AuditEventKind::Linked => describe_linked(because, &through, &version),
        AuditEventKind::Unlinked => describe_unlinked(because, evidence, &through),
        AuditEventKind::Restored => format!("the removal of the linked identity{through} was undone by {}", actor_name(because)),
        AuditEventKind::Moved => format!("the address changed{through}: {}{version}", describe_rule(because, evidence)),
        AuditEventKind::Displaced => "the address went to another user, who proved it".to_owned(),
        AuditEventKind::Logout if because == AuditActor::Provider.word() => format!("signed out by the provider{through}"),
        AuditEventKind::Logout => "signed out".to_owned(),
        AuditEventKind::SignedOut => format!("signed out everywhere by {}", actor_name(because)),
        AuditEventKind::Blocked => format!("blocked by {}", actor_name(because)),
        AuditEventKind::Unblocked => format!("unblocked by {}", actor_name(because)),
        AuditEventKind::ProviderMoved => {
            let (count, place) = evidence.and_then(|evidence| evidence.split_once(' ')).unwrap_or(("some", "where the file points"));
            format!("{count} linked identities{through} were moved to `{place}` by {}{version}", actor_name(because))
        }
        AuditEventKind::HostsAccepted => describe_accepted_hosts(evidence, because),
        AuditEventKind::Exported => "the stored data was exported".to_owned(),
        AuditEventKind::Erased => "a user was erased".to_owned(),
        AuditEventKind::PasskeyAdded => "added a passkey".to_owned(),
        AuditEventKind::PasskeyRemoved => format!("a passkey was removed by {}", actor_name(because)),
        AuditEventKind::PasskeyRefused => format!("a passkey was refused: {because}"),
        AuditEventKind::AppGranted => format!("{} got access: {because}", describe_app(evidence)),
        AuditEventKind::AppEnded if because == SURPLUS => {
            format!("{} had access too often, so that of its logins which was used least recently was ended", describe_app(evidence))
        }
        AuditEventKind::AppEnded => {
            let whose = evidence.map_or_else(|| "all apps".to_owned(), |app| format!("the app `{app}`"));
            format!("the access of {whose} was ended by {}", actor_name(because))
        }
        AuditEventKind::AppReused => {
            let what = if because == "code" { "code" } else { "refresh token" };
            format!("a {what} of {} was used twice, so its access was ended: it may have been stolen", describe_app(evidence))
        }
        AuditEventKind::AppRefused => format!("a request of {} was refused: {because}", describe_app(evidence)),
        AuditEventKind::TokenFetched => format!("{} fetched the provider's own token{through}", describe_app(evidence)),
        AuditEventKind::KeyPublished => format!("{} was published by {}", describe_key(event), actor_name(because)),
        AuditEventKind::KeyActive => format!("{} signs, by {}", describe_key(event), actor_name(because)),
        AuditEventKind::KeyGone => format!("{} is gone, by {}", describe_key(event), actor_name(because)),
        AuditEventKind::Imported => describe_import(evidence, because),
        AuditEventKind::KeysRecovered => KEYS_RECOVERED.to_owned(),
        AuditEventKind::Other => "an event that this version does not know".to_owned(),
    }
}

fn describe_linked(because: &str, through: &str, version: &str) -> String {
    if because == IMPORTED {
        return format!("an identity{through} was linked by an import of the operator");
    }
    format!("linked an identity{through}{version}")
}

/// The evidence says whether it was the last one.
fn describe_unlinked(actor: &str, evidence: Option<&str>, through: &str) -> String {
    let which = if evidence == Some(LAST) { "last linked" } else { "linked" };
    format!("the {which} identity{through} was removed by {}", actor_name(actor))
}

/// The evidence holds the hosts.
fn describe_accepted_hosts(evidence: Option<&str>, actor: &str) -> String {
    let hosts = evidence.unwrap_or_default();
    format!("the hosts to which a discovery document leads were accepted by {}: {hosts}", actor_name(actor))
}

/// The evidence holds how many people and how many linked identities, and whether it broke off; it is missing at the beginning.
fn describe_import(evidence: Option<&str>, actor: &str) -> String {
    let actor = actor_name(actor);
    let Some(evidence) = evidence else { return format!("an import of people was begun by {actor}") };
    let (counts, end) = match evidence.strip_suffix(BROKEN_OFF) {
        Some(counts) => (counts.trim_end(), "; it broke off, and what was imported stays"),
        None => (evidence, ""),
    };
    let (people, identities) = counts.split_once(' ').unwrap_or(("some", "some"));
    format!("{people} people and {identities} linked identities were imported by {actor}{end}")
}

/// The evidence holds the user id of the member of the staff, if it is known.
fn describe_search(evidence: Option<&str>) -> String {
    let staff = evidence.map_or_else(String::new, |staff| format!(": user {staff}"));
    format!("looked up in the lab by a member of the staff{staff}")
}

/// For an event of an app, the evidence holds its name.
fn describe_app(evidence: Option<&str>) -> String {
    evidence.map_or_else(|| "an app that is not known".to_owned(), |app| format!("the app `{app}`"))
}

/// For an event of a signing key, the version holds the name of the key.
fn describe_key(event: &AuditEvent) -> String {
    event.version.as_deref().map_or_else(|| "a signing key".to_owned(), |id| format!("signing key {id}"))
}

fn version_suffix(provider: &str, version: Option<&str>) -> String {
    version.filter(|version| !version.is_empty()).map_or_else(String::new, |version| format!(" ({provider}.yaml, version {version})"))
}

fn actor_name(word: &str) -> &'static str {
    match word {
        "person" => "the person",
        "support" => "support",
        "app" => "the app itself",
        _ => "the broker",
    }
}

/// A rule in words, with what proved the address.
fn describe_rule(word: &str, evidence: Option<&str>) -> String {
    let imitates = evidence.and_then(|evidence| evidence.strip_suffix(IMITATION)?.strip_suffix(' '));
    if imitates.is_some() {
        return format!("{}; the address mixes scripts or imitates the letters of another", describe_rule(word, imitates));
    }
    let proven = match evidence {
        Some("claim") => "the provider says that the address is proven",
        Some("always") => "this provider is trusted with addresses",
        Some("domain") => "this provider is the authority for the address's domain",
        Some("mail") => "a code that was sent to the address came back",
        _ => "nothing proves an address",
    };
    if word == IMPORTED {
        return "the operator imported it from another system".to_owned();
    }
    let Some(rule) = LinkingRule::ALL.into_iter().find(|rule| rule.word() == word) else { return word.to_owned() };
    match rule {
        LinkingRule::Known => "the identity was linked before".to_owned(),
        LinkingRule::KnownAddressTaken => {
            "the identity was linked before; the address that the provider names now belongs to another user, so the address stays"
                .to_owned()
        }
        LinkingRule::AddressChanged => format!("the identity was linked before, and no other user has the new address: {proven}"),
        LinkingRule::New => format!("no user had this address: {proven}"),
        LinkingRule::NewInstead => format!("the user who had this address had not proven it: {proven}"),
        LinkingRule::Placeholder => "the provider names no address that is proven, and the file gives a placeholder".to_owned(),
        LinkingRule::Linked => format!("this user has the same address: {proven}"),
        LinkingRule::LinkedByThemselves => "the signed-in user asked for it".to_owned(),
    }
}

/// A refusal in words, and what can be done.
pub(crate) fn describe_refusal(word: &str) -> String {
    let Some(why) = SignInRefusalReason::ALL.into_iter().find(|why| why.word() == word) else { return word.to_owned() };
    match why {
        SignInRefusalReason::Blocked => "the store has blocked this user; `portaria users unblock` lifts that",
        SignInRefusalReason::AddressTaken => {
            "the address belongs to a user with another identity, and nothing proves it for this one; \
             the shopper can sign in as before"
        }
        SignInRefusalReason::AddressReassigned => {
            "the address belongs to a user whom the same provider knows under another id; the shopper can use the account they used \
             before, or prove the address by mail where `mail` is set; if it is the same person, `portaria users unlink` removes the old id"
        }
        SignInRefusalReason::Detached => {
            "this identity was removed from the user who has the address, so it is not linked again by itself; the shopper can use another \
             provider and link it again on the page of their account, or prove the address by mail where `mail` is set"
        }
        SignInRefusalReason::NoAddress => {
            "there is no address that is proven; the shopper can use another provider, or be asked for the address, \
             which takes both `missingEmail: ask` in the file and `mail` in the settings"
        }
        SignInRefusalReason::LinkedElsewhere => {
            "this identity is linked to another user of the store; once that user removes it, it can be linked"
        }
        SignInRefusalReason::ProviderMoved => {
            "this id is linked to a user from the time when the provider's file pointed to another issuer or other addresses, and nothing proves \
             that it is the same person; if the provider itself has moved, `portaria providers move` with its key takes its identities along"
        }
        SignInRefusalReason::SignedOut => "the session in which this was asked for is over; the shopper can sign in again and repeat it",
    }
    .to_owned()
}
