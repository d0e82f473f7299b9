//! Decisions in words, for support: why a way in leads to somebody, why somebody was refused and what they can do.

use crate::directory::audit::{Event, What};
use crate::directory::linking::{NotWelcome, Rule};
use crate::directory::people::Way;

/// Why a way in leads to this person.
pub fn linked_because(way: &Way) -> String {
    let why = rule(&way.because, way.evidence.as_deref());
    format!("linked because {why}{}", by_version(&way.provider, way.version.as_deref()))
}

/// What happened, in one sentence.
pub fn told(event: &Event) -> String {
    let through = event.provider.as_deref().map_or_else(String::new, |provider| format!(" through {provider}"));
    let (because, evidence) = (event.because.as_deref().unwrap_or_default(), event.evidence.as_deref());
    let version = event.provider.as_deref().map_or_else(String::new, |provider| by_version(provider, event.version.as_deref()));
    match event.what {
        What::Login => format!("came in{through} because {}{version}", rule(because, evidence)),
        What::Refused => format!("refused{through} because {}{version}", refusal(because)),
        What::Failed => format!("a login{through} failed: {because}"),
        What::Tested if because.is_empty() => format!("a test login{through} worked, and nobody came in{version}"),
        What::Tested => format!("a test login{through} failed: {because}{version}"),
        What::Unproven => format!("the codes for an address that was to be proven{through} were typed wrong too often"),
        What::Linked => format!("added the way in{through}{version}"),
        What::Unlinked => format!("the way in{through} was removed by {}", who(because)),
        What::Moved => format!("the address changed{through}: {}{version}", rule(because, evidence)),
        What::Displaced => "the address went to somebody who proved that it is theirs".to_owned(),
        What::Logout => "signed out".to_owned(),
        What::SignedOut => format!("signed out everywhere by {}", who(because)),
        What::Blocked => format!("blocked by {}", who(because)),
        What::Unblocked => format!("unblocked by {}", who(because)),
        What::Exported => "what is kept was handed out".to_owned(),
        What::Erased => "somebody was forgotten".to_owned(),
        What::KeyPublished => format!("{} was published by {}", key(event), who(because)),
        What::KeyActive => format!("{} signs, by {}", key(event), who(because)),
        What::KeyGone => format!("{} is gone, by {}", key(event), who(because)),
        What::Other => "something that this version does not know".to_owned(),
    }
}

/// Of a key the version is its name.
fn key(event: &Event) -> String {
    event.version.as_deref().map_or_else(|| "a signing key".to_owned(), |id| format!("signing key {id}"))
}

fn by_version(provider: &str, version: Option<&str>) -> String {
    version.map_or_else(String::new, |version| format!(" ({provider}.yaml, version {version})"))
}

fn who(word: &str) -> &'static str {
    match word {
        "person" => "the person",
        "support" => "support",
        _ => "the broker",
    }
}

/// A rule in words, with what proved the address.
fn rule(word: &str, evidence: Option<&str>) -> String {
    let proven = match evidence {
        Some("claim") => "the provider says that the address is theirs",
        Some("always") => "this provider is trusted with addresses",
        Some("domain") => "this provider is the authority for the address's domain",
        Some("mail") => "a code that was sent to the address came back",
        _ => "nothing proves an address",
    };
    let Some(rule) = Rule::ALL.into_iter().find(|rule| rule.word() == word) else { return word.to_owned() };
    match rule {
        Rule::Known => "they came in this way before".to_owned(),
        Rule::KnownAddressTaken => {
            "they came in this way before; the address that the provider names now is somebody else's, so theirs stays".to_owned()
        }
        Rule::AddressChanged => format!("they came in this way before, and the new address is nobody else's: {proven}"),
        Rule::New => format!("nobody had this address: {proven}"),
        Rule::NewInstead => format!("whoever had this address had not proven it: {proven}"),
        Rule::Placeholder => "the provider names no address that is proven, and the file gives a placeholder".to_owned(),
        Rule::Linked => format!("this person has the same address: {proven}"),
        Rule::LinkedByThemselves => "they were signed in and asked for it".to_owned(),
    }
}

/// A refusal in words, and what can be done.
pub fn refusal(word: &str) -> String {
    let Some(why) = NotWelcome::ALL.into_iter().find(|why| why.word() == word) else { return word.to_owned() };
    match why {
        NotWelcome::Blocked => "the store has blocked this person; `portaria users unblock` lets them in again",
        NotWelcome::AddressTaken => {
            "the address belongs to somebody who comes in another way, and nothing proves that it is theirs; \
             the shopper can use the way they used before"
        }
        NotWelcome::AddressReassigned => {
            "the address belongs to somebody whom the same provider knows under another id; the shopper can use the account they used \
             before, or prove the address by mail where `mail` is set; if it is the same person, `portaria users unlink` removes the old id"
        }
        NotWelcome::Detached => {
            "this way in was removed from the person who has the address, so it does not come back by itself; the shopper can use another \
             way and add it again on the page of their account, or prove the address by mail where `mail` is set"
        }
        NotWelcome::NoAddress => {
            "there is no address that is proven; the shopper can use another way in, or be asked for the address, \
             which takes both `missingEmail: ask` in the file and `mail` in the settings"
        }
        NotWelcome::LinkedElsewhere => {
            "this way in belongs to another person of the store; that person can remove it, then it can be added"
        }
        NotWelcome::SignedOut => "the session in which this was asked for is over; the shopper can sign in again and repeat it",
    }
    .to_owned()
}
