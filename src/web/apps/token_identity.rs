//! The person in an access token that `/auth` accepts: sealed, so that the broker alone reads it. The app learns no more than its scopes
//! allow, and a check needs no storage.

use crate::directory::app_grants::AppUser;
use crate::session::further_facts::FurtherFacts;
use crate::session::seal::Seal;
use crate::session::short_name;
use crate::world::random;
use serde::{Deserialize, Serialize};

/// The claim that holds it.
pub(crate) const CLAIM: &str = "person";
/// How many bytes the further facts may have together; those beyond are left out.
const LONGEST_FACTS: usize = 1024;

/// What `/auth` says of the person beside the id.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenIdentity {
    pub(crate) email: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Box<str>>,
    /// The key of the provider.
    pub(crate) provider: Box<str>,
    /// The further facts that `/auth` hands to the proxy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) facts: Vec<(Box<str>, Box<str>)>,
}

impl TokenIdentity {
    pub(crate) fn new(user: &AppUser, provider: &str, further: &FurtherFacts) -> Self {
        let mut room = LONGEST_FACTS;
        let wanted = user.facts.iter().filter(|(name, _)| further.headers.iter().any(|(_, fact)| fact == name));
        let fits = |(name, value): &&(Box<str>, Box<str>)| {
            let left = room.checked_sub(name.len().saturating_add(value.len()));
            room = left.unwrap_or(room);
            left.is_some()
        };
        let facts = wanted.filter(fits).cloned().collect();
        Self { email: user.email.key().into(), name: user.name.as_deref().and_then(short_name), provider: provider.into(), facts }
    }

    /// The value of the claim, bound to the store and to the grant.
    pub(crate) fn seal(&self, seal: &Seal, issuer: &str, grant: &str) -> String {
        let text = serde_json::to_vec(self).expect("texts can be written");
        seal.seal(&[issuer, "person", grant], &text, random::bytes())
    }

    pub(crate) fn open(seal: &Seal, issuer: &str, grant: &str, sealed: &str) -> Option<Self> {
        serde_json::from_slice(&seal.open(&[issuer, "person", grant], sealed)?).ok()
    }

    /// A further fact.
    pub(crate) fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(fact, _)| **fact == *name).map(|(_, value)| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::seal::MasterKey;
    use crate::vocabulary::email::Email;

    fn user() -> AppUser {
        let facts = [("cpf", "123".to_owned()), ("long", "x".repeat(2000)), ("tier", "gold".to_owned()), ("other", "y".to_owned())];
        AppUser {
            uid: "u1".into(),
            email: Email::parse("Ana@loja.example").expect("an address"),
            email_verified: true,
            name: Some("Ana".into()),
            picture: None,
            locale: None,
            facts: facts.map(|(name, value)| (name.into(), value.into())).into(),
        }
    }

    #[test]
    fn the_person_is_read_by_the_broker_alone_and_in_the_token_of_the_grant() {
        let headers = ["cpf", "long", "tier"].map(|fact| (format!("x-auth-{fact}").into(), fact.into())).into();
        let further = FurtherFacts { claims: Vec::new(), headers };
        let seal = Seal::new(&MasterKey::new(&"k".repeat(40), true).expect("long enough"), "test");

        let identity = TokenIdentity::new(&user(), "acme", &further);
        let sealed = identity.seal(&seal, "https://login.loja.example", "g1");

        assert_eq!((&*identity.email, identity.fact("cpf"), identity.fact("tier")), ("ana@loja.example", Some("123"), Some("gold")));
        assert_eq!((identity.fact("long"), identity.fact("other")), (None, None), "one is too long, and nothing asks for the other");
        assert!(!sealed.contains("ana"));
        assert_eq!(TokenIdentity::open(&seal, "https://login.loja.example", "g1", &sealed), Some(identity));
        assert_eq!(TokenIdentity::open(&seal, "https://login.loja.example", "g2", &sealed), None);
        assert_eq!(TokenIdentity::open(&seal, "https://login.atacado.example", "g1", &sealed), None);
    }
}
