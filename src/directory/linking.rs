//! The decision to which user of a store an identity belongs. Pure.
//!
//! An identity is found by provider and id first. Then only a proven e-mail address links it to a user who signed in with another
//! identity, unless that user asks for it while signed in. An address that is not proven never opens the account of another
//! user. Every decision names its rule.

use crate::provider::identity::IdentityEmail;
use crate::provider::trust::EmailEvidence;
use crate::vocabulary::email::Email;

/// A user of the directory, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownUser {
    /// The stable random id.
    pub(crate) uid: Box<str>,
    pub(crate) email: Email,
    /// Whether the address was proven.
    pub(crate) email_verified: bool,
    pub(crate) blocked: bool,
    /// How the user relates to the provider of this login.
    pub(crate) provider_link: ProviderLinkStatus,
    /// The address that the linked identity of this login proved last.
    pub(crate) proven_by_link: Option<Box<str>>,
}

/// The relation of a user to the provider and the identity of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProviderLinkStatus {
    NotLinked,
    /// An identity of the provider is linked; it may be another one, or one from a time when the provider's file pointed elsewhere.
    Linked,
    /// This identity was linked once, and the link was removed.
    Removed,
}

impl KnownUser {
    /// Whether the address of the user comes from this identity, so that it follows the address there.
    fn has_address_from_this_link(&self) -> bool {
        !self.email_verified || self.proven_by_link.as_deref() == Some(self.email.key())
    }
}

/// The decision about a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkingDecision {
    /// The identity belongs to this user.
    Same(KnownUser, LinkingRule),
    /// The identity belongs to this user, who has a new address; the third is the user who had that address without proof.
    ChangeAddress(KnownUser, Email, Option<KnownUser>),
    /// The identity is linked to this user.
    Link(KnownUser),
    /// A new user: the address, whether it is proven, and the user who had it without proof.
    New(Email, bool, Option<KnownUser>),
    /// The sign-in is refused; the user who has the address or the identity, if there is one.
    Refuse(SignInRefusalReason, Option<KnownUser>),
}

/// The rule by which an identity was recognized, linked or accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkingRule {
    /// The identity is linked already.
    Known,
    /// The identity is linked already, and the address that the provider names now belongs to another user.
    KnownAddressTaken,
    /// The identity is linked already, and the address at the provider has changed.
    AddressChanged,
    /// No user has the identity or its address, so a user is created.
    New,
    /// A new user, with an address that another user had without proof.
    NewInstead,
    /// A new user with the placeholder of the file as address.
    Placeholder,
    /// The proven address is the address of this user.
    Linked,
    /// The signed-in user asked for it.
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

    /// The stable word of the rule, as the audit and the linked identities store it.
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

/// The users who may be the person of a login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "each field says by what a user was found")]
pub(crate) struct KnownUsers {
    /// The user to whom the identity is linked.
    pub(crate) by_identity: Option<KnownUser>,
    /// Another user who has the address.
    pub(crate) by_email: Option<KnownUser>,
    /// The user to whom the same id is linked from a time when the provider's file pointed elsewhere.
    pub(crate) by_earlier_file: Option<KnownUser>,
}

/// Why a sign-in is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusalReason {
    /// The store has blocked this user.
    Blocked,
    /// The address belongs to a user with another identity.
    AddressTaken,
    /// The address belongs to a user whom the same provider knows under another id.
    AddressReassigned,
    /// The address belongs to a user who has removed this identity.
    Detached,
    /// The store needs a proven address, and there is none.
    NoAddress,
    /// The identity is linked to another user.
    LinkedElsewhere,
    /// The session of the request is over.
    SignedOut,
    /// The id is linked, and the provider's file pointed elsewhere when that happened.
    ProviderMoved,
}

impl SignInRefusalReason {
    pub(crate) const ALL: [Self; 8] = [
        Self::Blocked,
        Self::AddressTaken,
        Self::AddressReassigned,
        Self::Detached,
        Self::NoAddress,
        Self::LinkedElsewhere,
        Self::SignedOut,
        Self::ProviderMoved,
    ];

    /// The stable word of the reason, as the audit stores it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::AddressTaken => "addressTaken",
            Self::AddressReassigned => "addressReassigned",
            Self::Detached => "detached",
            Self::NoAddress => "noAddress",
            Self::LinkedElsewhere => "linkedElsewhere",
            Self::SignedOut => "signedOut",
            Self::ProviderMoved => "providerMoved",
        }
    }
}

/// Decides about a login.
pub(crate) fn decide(known: KnownUsers, address: &IdentityEmail) -> LinkingDecision {
    let KnownUsers { by_identity, by_email, by_earlier_file } = known;
    if let Some(known) = by_identity {
        return decide_for_linked(known, by_email, address);
    }
    // The id meant this user elsewhere. Here it may be the id of another person, so it counts for nothing; but it opens no second
    // account for the same person either, unless the address is proven. What the file says about an address is not enough to reach
    // an account that exists: the author of the changed file decides what it says.
    if let Some(earlier) = by_earlier_file {
        let is_enough = match address {
            IdentityEmail::Proven(_, EmailEvidence::Mail) => true,
            IdentityEmail::Proven(..) => by_email.as_ref().is_none_or(|holder| !holder.email_verified),
            IdentityEmail::Placeholder(_) | IdentityEmail::Ask(_) => false,
        };
        if earlier.blocked || !is_enough {
            return LinkingDecision::Refuse(SignInRefusalReason::ProviderMoved, Some(earlier));
        }
    }
    let proven = match address {
        IdentityEmail::Proven(_, evidence) => Some(*evidence),
        IdentityEmail::Placeholder(_) => None,
        IdentityEmail::Ask(_) => return LinkingDecision::Refuse(SignInRefusalReason::NoAddress, None),
    };
    match (by_email, address, proven) {
        (None, IdentityEmail::Proven(email, _), _) => LinkingDecision::New(email.clone(), true, None),
        (None, IdentityEmail::Placeholder(email), _) => LinkingDecision::New(email.clone(), false, None),
        // A user without proof of the address gives way to a proof.
        (Some(holder), IdentityEmail::Proven(email, _), _) if !holder.email_verified => {
            LinkingDecision::New(email.clone(), true, Some(holder))
        }
        (Some(holder), _, _) if holder.blocked => LinkingDecision::Refuse(SignInRefusalReason::Blocked, Some(holder)),
        // The provider has two accounts that would become one user here: the address may have been given to another person. It does
        // not matter where the file pointed when the user was linked.
        (Some(holder), _, Some(evidence)) if holder.provider_link == ProviderLinkStatus::Linked && evidence != EmailEvidence::Mail => {
            LinkingDecision::Refuse(SignInRefusalReason::AddressReassigned, Some(holder))
        }
        (Some(holder), _, Some(evidence)) if holder.provider_link == ProviderLinkStatus::Removed && evidence != EmailEvidence::Mail => {
            LinkingDecision::Refuse(SignInRefusalReason::Detached, Some(holder))
        }
        (Some(holder), _, Some(_)) => LinkingDecision::Link(holder),
        // Without a proof, the file gave this placeholder to this very identity once.
        (Some(holder), _, None) if holder.provider_link == ProviderLinkStatus::Removed => {
            LinkingDecision::Refuse(SignInRefusalReason::Detached, Some(holder))
        }
        (Some(holder), _, None) => LinkingDecision::Refuse(SignInRefusalReason::AddressTaken, Some(holder)),
        (None, IdentityEmail::Ask(_), _) => LinkingDecision::Refuse(SignInRefusalReason::NoAddress, None),
    }
}

/// Whether a placeholder that another user has is replaced by its hashed form: the user is another person, whose id happens to give
/// the same text.
pub(crate) fn placeholder_is_anothers(holder: &KnownUser) -> bool {
    !holder.blocked && holder.provider_link != ProviderLinkStatus::Removed
}

fn decide_for_linked(known: KnownUser, by_email: Option<KnownUser>, address: &IdentityEmail) -> LinkingDecision {
    if known.blocked {
        return LinkingDecision::Refuse(SignInRefusalReason::Blocked, Some(known));
    }
    let IdentityEmail::Proven(email, _) = address else { return LinkingDecision::Same(known, LinkingRule::Known) };
    match by_email {
        Some(holder) if holder.email_verified => LinkingDecision::Same(known, LinkingRule::KnownAddressTaken),
        // The address changed at the provider that it comes from: it is taken over if no other user has proven it.
        holder if known.has_address_from_this_link() && (known.email != *email || !known.email_verified) => {
            LinkingDecision::ChangeAddress(known, email.clone(), holder)
        }
        _ => LinkingDecision::Same(known, LinkingRule::Known),
    }
}

/// Decides whether an identity may be linked to a signed-in user. `by_identity` is the user to whom it is linked already.
pub(crate) fn decide_to_link(user: &KnownUser, by_identity: Option<&KnownUser>) -> Result<LinkingRule, SignInRefusalReason> {
    match by_identity {
        _ if user.blocked => Err(SignInRefusalReason::Blocked),
        None => Ok(LinkingRule::LinkedByThemselves),
        Some(known) if known.uid == user.uid => Ok(LinkingRule::Known),
        Some(_) => Err(SignInRefusalReason::LinkedElsewhere),
    }
}

/// The address that has to be looked up for the decision.
pub(crate) fn address_to_look_up(address: &IdentityEmail) -> Option<&Email> {
    match address {
        IdentityEmail::Proven(email, _) | IdentityEmail::Placeholder(email) => Some(email),
        IdentityEmail::Ask(_) => None,
    }
}

/// The word for what proves an address.
pub(crate) fn evidence_word(address: &IdentityEmail) -> Option<&'static str> {
    if let IdentityEmail::Proven(_, evidence) = address { Some(evidence.word()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Email {
        Email::parse(text).expect("an address")
    }

    fn user(uid: &str, email: &str, email_verified: bool) -> KnownUser {
        let provider_link = ProviderLinkStatus::NotLinked;
        KnownUser { uid: uid.into(), email: address(email), email_verified, blocked: false, provider_link, proven_by_link: None }
    }

    #[test]
    fn without_a_proof_an_address_opens_no_account_that_exists() {
        let comes_with = IdentityEmail::Placeholder(address("1@acme.invalid"));
        for (provider_link, why) in [
            (ProviderLinkStatus::NotLinked, SignInRefusalReason::AddressTaken),
            (ProviderLinkStatus::Linked, SignInRefusalReason::AddressTaken),
            (ProviderLinkStatus::Removed, SignInRefusalReason::Detached),
        ] {
            let holder = KnownUser { provider_link, ..user("bo", "1@acme.invalid", false) };
            let known = KnownUsers { by_email: Some(holder.clone()), ..KnownUsers::default() };

            assert_eq!(decide(known, &comes_with), LinkingDecision::Refuse(why, Some(holder)));
        }
    }

    #[test]
    fn who_is_blocked_adds_no_identity() {
        let blocked = KnownUser { blocked: true, ..user("ana", "ana@loja.example", true) };

        assert_eq!(decide_to_link(&blocked, None), Err(SignInRefusalReason::Blocked));
        assert_eq!(decide_to_link(&blocked, Some(&blocked)), Err(SignInRefusalReason::Blocked));
    }

    #[test]
    fn an_address_that_its_holder_did_not_prove_goes_to_the_person_who_proves_it() {
        let known = KnownUser { proven_by_link: Some("ana@loja.example".into()), ..user("ana", "ana@loja.example", true) };
        let comes_with = IdentityEmail::Proven(address("nova@loja.example"), EmailEvidence::Claim);
        let decide_beside = |holder: &KnownUser| {
            decide(KnownUsers { by_identity: Some(known.clone()), by_email: Some(holder.clone()), by_earlier_file: None }, &comes_with)
        };

        let holder = user("bo", "nova@loja.example", false);
        assert_eq!(decide_beside(&holder), LinkingDecision::ChangeAddress(known.clone(), address("nova@loja.example"), Some(holder)));
        let holder = user("bo", "nova@loja.example", true);
        assert_eq!(decide_beside(&holder), LinkingDecision::Same(known.clone(), LinkingRule::KnownAddressTaken));
    }
}
