//! Who somebody is: the decision between a login and the people that a store knows already. Pure.
//!
//! An identity is found by provider and id first. Only a proven address links it to a person who came in another way; an
//! address that is not proven never opens somebody else's account. Every decision names its rule.

use crate::provider::identity::IdentityEmail;
use crate::provider::trust::EmailEvidence;
use crate::vocabulary::email::Email;

/// A person as the directory remembers them, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownUser {
    /// The stable random id.
    pub(crate) uid: Box<str>,
    pub(crate) email: Email,
    /// Whether it was proven.
    pub(crate) email_verified: bool,
    /// Whether the store has shut this person out.
    pub(crate) blocked: bool,
    /// What they have at the provider through which somebody comes.
    pub(crate) there: ProviderLinkStatus,
    /// The address that was last proven by the way in that they came.
    pub(crate) proven_here: Option<Box<str>>,
}

/// What a person has at a provider, seen from somebody who comes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProviderLinkStatus {
    Nothing,
    /// A way in, which may be another.
    Way,
    /// This very way in, and it was removed.
    Removed,
}

impl KnownUser {
    /// Whether their address is the one that this way in has proven, so that it goes where that one goes.
    fn has_address_from_this_link(&self) -> bool {
        !self.email_verified || self.proven_here.as_deref() == Some(self.email.key())
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkingDecision {
    /// It is this person.
    Same(KnownUser, LinkingRule),
    /// It is this person, whose address is now this one; and who had it without proof.
    Moved(KnownUser, Email, Option<KnownUser>),
    /// It is this person, who comes in this way for the first time.
    Link(KnownUser),
    /// Nobody the store knows yet: their address, whether it is proven, and who has it without proof.
    New(Email, bool, Option<KnownUser>),
    /// Not like this; who has the address or the way in, if anybody.
    Refuse(SignInRefusalReason, Option<KnownUser>),
}

/// The rule by which somebody was recognised, linked or let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkingRule {
    /// They came in this way before.
    Known,
    /// The same, and the address that the provider names now belongs to somebody else.
    KnownAddressTaken,
    /// The same, and their address at the provider has changed.
    AddressChanged,
    /// Nobody the store knew.
    New,
    /// Nobody the store knew, with an address that somebody else had without proof.
    NewInstead,
    /// Nobody the store knew, without an address.
    Placeholder,
    /// The proven address was this person's.
    Linked,
    /// They were signed in and asked for it.
    LinkedByThemselves,
}

impl LinkingRule {
    pub(crate) const ALL: [Self; 8] = [
        Self::Known,
        Self::KnownAddressTaken,
        Self::AddressChanged,
        Self::New,
        Self::NewInstead,
        Self::Placeholder,
        Self::Linked,
        Self::LinkedByThemselves,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::KnownAddressTaken => "knownAddressTaken",
            Self::AddressChanged => "addressChanged",
            Self::New => "new",
            Self::NewInstead => "newInstead",
            Self::Placeholder => "placeholder",
            Self::Linked => "linked",
            Self::LinkedByThemselves => "linkedByThemselves",
        }
    }
}

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusalReason {
    /// The store has shut this person out.
    Blocked,
    /// The address belongs to somebody who came in another way.
    AddressTaken,
    /// The address belongs to somebody who came in through the same provider, as somebody else there.
    AddressReassigned,
    /// The address belongs to somebody who has removed this very way in.
    Detached,
    /// There is no address that is proven, and the store has to have one.
    NoAddress,
    /// This way in belongs to somebody else.
    LinkedElsewhere,
    /// The session in which it was asked for is over.
    SignedOut,
}

impl SignInRefusalReason {
    pub(crate) const ALL: [Self; 7] = [
        Self::Blocked,
        Self::AddressTaken,
        Self::AddressReassigned,
        Self::Detached,
        Self::NoAddress,
        Self::LinkedElsewhere,
        Self::SignedOut,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::AddressTaken => "addressTaken",
            Self::AddressReassigned => "addressReassigned",
            Self::Detached => "detached",
            Self::NoAddress => "noAddress",
            Self::LinkedElsewhere => "linkedElsewhere",
            Self::SignedOut => "signedOut",
        }
    }
}

/// Decides. `by_identity` is who came in this way before, `by_email` who has the address now, if that is somebody else.
pub(crate) fn decide(by_identity: Option<KnownUser>, by_email: Option<KnownUser>, address: &IdentityEmail) -> LinkingDecision {
    if let Some(known) = by_identity {
        return recognise(known, by_email, address);
    }
    let proven = match address {
        IdentityEmail::Proven(_, evidence) => Some(*evidence),
        IdentityEmail::Placeholder(_) => None,
        IdentityEmail::Ask(_) => return LinkingDecision::Refuse(SignInRefusalReason::NoAddress, None),
    };
    match (by_email, address, proven) {
        (None, IdentityEmail::Proven(email, _), _) => LinkingDecision::New(email.clone(), true, None),
        (None, IdentityEmail::Placeholder(email), _) => LinkingDecision::New(email.clone(), false, None),
        // What was made without proof never stands in the way of proof.
        (Some(holder), IdentityEmail::Proven(email, _), _) if !holder.email_verified => {
            LinkingDecision::New(email.clone(), true, Some(holder))
        }
        (Some(holder), _, Some(_)) if holder.blocked => LinkingDecision::Refuse(SignInRefusalReason::Blocked, Some(holder)),
        // The provider tells two people apart who would be one here: the address may have been given to somebody new.
        (Some(holder), _, Some(evidence)) if holder.there == ProviderLinkStatus::Way && evidence != EmailEvidence::Mail => {
            LinkingDecision::Refuse(SignInRefusalReason::AddressReassigned, Some(holder))
        }
        (Some(holder), _, Some(evidence)) if holder.there == ProviderLinkStatus::Removed && evidence != EmailEvidence::Mail => {
            LinkingDecision::Refuse(SignInRefusalReason::Detached, Some(holder))
        }
        (Some(holder), _, Some(_)) => LinkingDecision::Link(holder),
        (Some(holder), _, None) => LinkingDecision::Refuse(SignInRefusalReason::AddressTaken, Some(holder)),
        (None, IdentityEmail::Ask(_), _) => LinkingDecision::Refuse(SignInRefusalReason::NoAddress, None),
    }
}

fn recognise(known: KnownUser, by_email: Option<KnownUser>, address: &IdentityEmail) -> LinkingDecision {
    if known.blocked {
        return LinkingDecision::Refuse(SignInRefusalReason::Blocked, Some(known));
    }
    let IdentityEmail::Proven(email, _) = address else { return LinkingDecision::Same(known, LinkingRule::Known) };
    match by_email {
        Some(holder) if holder.email_verified => LinkingDecision::Same(known, LinkingRule::KnownAddressTaken),
        // The address changed at the provider from which it was: it is taken over if it is nobody else's for certain.
        holder if known.has_address_from_this_link() && (known.email != *email || !known.email_verified) => {
            LinkingDecision::Moved(known, email.clone(), holder)
        }
        _ => LinkingDecision::Same(known, LinkingRule::Known),
    }
}

/// Decides whether a way in may be added to somebody who is signed in. `by_identity` is who comes in by it already.
pub(crate) fn decide_to_link(myself: &KnownUser, by_identity: Option<&KnownUser>) -> Result<LinkingRule, SignInRefusalReason> {
    match by_identity {
        _ if myself.blocked => Err(SignInRefusalReason::Blocked),
        None => Ok(LinkingRule::LinkedByThemselves),
        Some(known) if known.uid == myself.uid => Ok(LinkingRule::Known),
        Some(_) => Err(SignInRefusalReason::LinkedElsewhere),
    }
}

/// The address that has to be looked up for a decision.
pub(crate) fn address_to_look_up(address: &IdentityEmail) -> Option<&Email> {
    match address {
        IdentityEmail::Proven(email, _) | IdentityEmail::Placeholder(email) => Some(email),
        IdentityEmail::Ask(_) => None,
    }
}

/// What proves an address, in one word.
pub(crate) fn evidence_word(address: &IdentityEmail) -> Option<&'static str> {
    if let IdentityEmail::Proven(_, evidence) = address { Some(evidence.word()) } else { None }
}
