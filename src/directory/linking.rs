//! Who somebody is: the decision between a login and the people that a store knows already. Pure.
//!
//! An identity is found by provider and id first. Only a proven address links it to a person who came in another way; an
//! address that is not proven never opens somebody else's account.

use crate::email::Email;
use crate::provider::identity::Mailbox;

/// A person as the directory remembers them, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The stable random id.
    pub uid: Box<str>,
    /// The address.
    pub email: Email,
    /// Whether it was proven.
    pub email_verified: bool,
    /// Whether the store has shut this person out.
    pub blocked: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is this person; if there is an address, it takes the place of the old one.
    Same(Known, Option<Email>),
    /// It is this person, who comes in this way for the first time.
    Link(Known),
    /// Nobody the store knows yet.
    New(Email, bool),
    /// Not like this.
    Refuse(NotWelcome),
}

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWelcome {
    /// The store has shut this person out.
    Blocked,
    /// The address belongs to somebody who came in another way.
    AddressTaken,
    /// There is no address that is proven, and the store has to have one.
    NoAddress,
}

impl NotWelcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::AddressTaken => "addressTaken",
            Self::NoAddress => "noAddress",
        }
    }
}

/// Decides. `by_identity` is who came in this way before, `by_email` who has the address now.
pub fn decide(by_identity: Option<Known>, by_email: Option<Known>, address: &Mailbox) -> Decision {
    if by_identity.iter().chain(&by_email).any(|known| known.blocked) && by_identity.as_ref().is_none_or(|known| known.blocked) {
        return Decision::Refuse(NotWelcome::Blocked);
    }
    match (by_identity, by_email, address) {
        // The address changed at the provider: it is taken over if it is proven and nobody else's.
        (Some(known), None, Mailbox::Proven(email)) if known.email != *email => Decision::Same(known, Some(email.clone())),
        (Some(known), _, _) => Decision::Same(known, None),
        (None, Some(holder), Mailbox::Proven(_)) if holder.email_verified => Decision::Link(holder),
        (None, Some(_), Mailbox::Proven(_) | Mailbox::Placeholder(_)) => Decision::Refuse(NotWelcome::AddressTaken),
        (None, None, Mailbox::Proven(email)) => Decision::New(email.clone(), true),
        (None, None, Mailbox::Placeholder(email)) => Decision::New(email.clone(), false),
        (None, _, Mailbox::Ask(_)) => Decision::Refuse(NotWelcome::NoAddress),
    }
}

/// The address that has to be looked up for a decision.
pub fn address_of(address: &Mailbox) -> Option<&Email> {
    match address {
        Mailbox::Proven(email) | Mailbox::Placeholder(email) => Some(email),
        Mailbox::Ask(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(name: &str) -> Email {
        Email::parse(&format!("{name}@loja.example")).expect("an address")
    }

    fn known(uid: &str, verified: bool, blocked: bool) -> Known {
        Known { uid: uid.into(), email: email(uid), email_verified: verified, blocked }
    }

    #[test]
    fn who_somebody_is_follows_from_identity_then_from_a_proven_address() {
        let (ana, bo) = (|| known("ana", true, false), || known("bo", true, false));
        let proven = |name| Mailbox::Proven(email(name));
        let placeholder = |name| Mailbox::Placeholder(email(name));
        let refuse = Decision::Refuse;
        for (by_identity, by_email, address, expected) in [
            (None, None, proven("ana"), Decision::New(email("ana"), true)),
            (None, None, placeholder("x"), Decision::New(email("x"), false)),
            (None, None, Mailbox::Ask(None), refuse(NotWelcome::NoAddress)),
            (None, None, Mailbox::Ask(Some(email("ana"))), refuse(NotWelcome::NoAddress)),
            (None, Some(ana()), proven("ana"), Decision::Link(ana())),
            (None, Some(ana()), placeholder("ana"), refuse(NotWelcome::AddressTaken)),
            (None, Some(known("ana", false, false)), proven("ana"), refuse(NotWelcome::AddressTaken)),
            (None, Some(known("ana", true, true)), proven("ana"), refuse(NotWelcome::Blocked)),
            (Some(ana()), Some(ana()), proven("ana"), Decision::Same(ana(), None)),
            (Some(ana()), None, proven("new"), Decision::Same(ana(), Some(email("new")))),
            (Some(ana()), Some(bo()), proven("bo"), Decision::Same(ana(), None)),
            (Some(ana()), Some(known("bo", true, true)), proven("bo"), Decision::Same(ana(), None)),
            (Some(ana()), None, placeholder("x"), Decision::Same(ana(), None)),
            (Some(ana()), None, Mailbox::Ask(None), Decision::Same(ana(), None)),
            (Some(known("ana", true, true)), None, proven("new"), refuse(NotWelcome::Blocked)),
        ] {
            let said = format!("{by_identity:?} {by_email:?} {address:?}");
            assert_eq!(decide(by_identity, by_email, &address), expected, "{said}");
        }
    }
}
