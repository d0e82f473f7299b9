//! The identity that a login gives: the id at the provider, the e-mail address and its proof, and what else is known.

use crate::provider::Provider;
use crate::provider::fact_expression::{FactExpression, MissingValue};
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::Facts;
use crate::provider::placeholder::Placeholder;
use crate::provider::template::FactUse;
use crate::provider::trust::{EmailEvidence, EmailTrustPolicy, MissingEmailPolicy};
use crate::vocabulary::email::{Email, NotAnEmail};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{OneOrMany, Reader};
use crate::words;
use std::collections::BTreeSet;

words! {
    /// How the identity is composed when a single `read` is not enough: from the facts of several steps, with
    /// alternatives.
    pub(crate) struct IdentitySpec ("identity", elsewhere = unknown_word_hint) {
        /// The person's id at the provider. With alternatives the first that is found counts, and all of them are ids of the
        /// same kind: where a person can choose a later one, they can choose the id of another person. Values side by
        /// side need a mark between them that none of them can hold. A function that drops a part makes persons alike who
        /// differ only in that part.
        /// Default: the fact `id`
        /// Example: `id: [ "${unionId}", "${openId}" ]`
        id: Option<FactExpression> = "id",
        /// The e-mail address. With alternatives from several answers, `trustEmail` must not be `claim`.
        /// Default: the fact `email`
        /// Example: `email: [ "${mail}", "${login}" ]`
        email: Option<FactExpression> = "email",
        /// Whether the provider has verified the e-mail address (see [Proven addresses](#proven-addresses)).
        /// Default: the fact `emailVerified`
        /// Example: `emailVerified: { at: "${state}", is: confirmed }`
        email_verified: Option<FactExpression> = "emailVerified",
        /// The person's name.
        /// Default: the fact `name`
        /// Example: `name: "${firstName} ${lastName?}"`
        name: Option<FactExpression> = "name",
        /// The address of a picture of the person. It begins with `https://`.
        /// Default: the fact `picture`
        /// Example: `picture: "https://cdn.acme.example/${id}.png"`
        picture: Option<FactExpression> = "picture",
        /// The person's language.
        /// Default: the fact `locale`
        /// Example: `locale: ${language}`
        locale: Option<FactExpression> = "locale",
        /// Further facts that become part of the identity.
        /// Default: none
        /// Example: `more: [ shop, plan ]`
        more: Option<OneOrMany<Located<String>>> = "more",
    }
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    matches!(word, "firstName" | "lastName" | "givenName" | "familyName")
        .then_some("compose the name: `name: \"${firstName} ${lastName?}\"`")
}

impl IdentitySpec {
    /// Whether it composes the id, the address or the claim about it.
    pub(crate) fn composes_person(&self) -> bool {
        self.id.is_some() || self.email.is_some() || self.email_verified.is_some()
    }
}

/// How an identity is composed from the facts.
#[derive(Clone, Debug)]
pub struct IdentityMapping {
    parts: Vec<(&'static str, Slot, IdentityPart)>,
    more: Vec<(Slot, Place)>,
    trust: EmailTrustPolicy,
    missing: MissingEmailPolicy,
}

#[derive(Clone, Debug)]
enum IdentityPart {
    /// The fact of the same name, as an answer gave it.
    Fact,
    /// An expression, whose value becomes the fact of the same name.
    Composed(FactExpression),
}

/// The person who signs in, as the provider describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The key of the provider, under which its identities are kept.
    pub provider: Box<str>,
    /// The name of the provider's file.
    pub file: Box<str>,
    /// Where the file points; see [`ProviderFingerprint`](crate::provider::fingerprint::ProviderFingerprint).
    pub fingerprint: Box<str>,
    /// The id at the provider, compared byte for byte.
    pub id: Box<str>,
    /// The e-mail address.
    pub address: IdentityEmail,
    /// The name.
    pub name: Option<String>,
    /// A picture.
    pub picture: Option<String>,
    /// The language.
    pub locale: Option<String>,
    /// What `identity.more` names.
    pub more: Vec<(Box<str>, String)>,
}

impl Provider {
    /// The identity that a login gives, pinned to a fingerprint of this provider.
    pub fn identity_from(&self, facts: &Facts, fingerprint: &str) -> Result<Identity, IdentityError> {
        self.identity.identity(self, fingerprint, facts)
    }
}

/// The e-mail address of an identity, and whether it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityEmail {
    /// An address that is proven, and the evidence.
    Proven(Email, EmailEvidence),
    /// The file's placeholder, which belongs to no person.
    Placeholder(Email),
    /// The shopper is asked for an address and proves it; the provider may have suggested one.
    Ask(Option<Email>),
}

/// Why the claim `emailVerified` does not prove the address.
#[derive(Clone, Debug)]
pub enum ClaimOfAddress {
    /// It was read, and is not `true`.
    IsFalse {
        /// Whether the condition that makes it looked at nothing.
        of_nothing: bool,
    },
    /// It was looked for and not found.
    Missing(MissingValue),
    /// The file does not read it, or does not ask for it.
    NotAsked,
}

/// Why there is no identity.
#[derive(Clone, Debug)]
pub enum IdentityError {
    /// There is no id.
    MissingId(Option<MissingValue>),
    /// There is no e-mail address.
    MissingEmail(Option<MissingValue>),
    /// What was read as the address is none.
    NoAddress(NotAnEmail),
    /// There is an e-mail address, but it is not proven: a claim says no, or was not found.
    UnprovenEmail(ClaimOfAddress),
}

impl IdentityMapping {
    /// When an address counts as proven.
    pub(crate) fn trust(&self) -> &EmailTrustPolicy {
        &self.trust
    }

    /// What happens without a proven address.
    pub(crate) fn missing(&self) -> &MissingEmailPolicy {
        &self.missing
    }

    pub(crate) fn compile(spec: Option<IdentitySpec>, trust: EmailTrustPolicy, missing: MissingEmailPolicy, reader: &mut Reader) -> Self {
        let spec = spec.or_else(|| IdentitySpec::empty(Place::default())).expect("every word of the block may be left out");
        let more = spec.more.iter().flat_map(|list| &list.0).map(|name| (reader.names.intern(name), name.place)).collect();
        let mut parts = Vec::new();
        for (name, reading) in [
            ("id", spec.id),
            ("email", spec.email),
            ("emailVerified", spec.email_verified),
            ("name", spec.name),
            ("picture", spec.picture),
            ("locale", spec.locale),
        ] {
            if let Some(path) = reading.as_ref().and_then(|reading| reading.paths().first().map(|path| path.place)) {
                reader.complain(
                    path,
                    "a path cannot stand here: there is no answer to look at",
                    "read it as a fact in a step, and write `${fact}` here",
                );
            }
            parts.push((name, reader.names.intern(name), reading.map_or(IdentityPart::Fact, IdentityPart::Composed)));
        }
        Self { parts, more, trust, missing }
    }

    /// The parts that `identity` composes itself, in order: name, fact, place and what each is made of.
    pub(crate) fn composed(&self) -> impl Iterator<Item = (&'static str, Slot, Place, Vec<FactUse>)> {
        self.parts.iter().filter_map(|(name, fact, part)| match part {
            IdentityPart::Composed(reading) => Some((*name, *fact, reading.place(), reading.uses())),
            IdentityPart::Fact => None,
        })
    }

    /// The facts that become parts of the identity unchanged.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Slot> {
        self.parts.iter().map(|(_, fact, _)| *fact)
    }

    /// The facts that a part consists of: the fact of its name, and those from which the file composes it.
    pub(crate) fn facts_of(&self, part: &str) -> Vec<Slot> {
        let composed = self.composed().filter(|(name, ..)| *name == part).flat_map(|(.., uses)| uses).map(|used| used.fact);
        self.fact(part).into_iter().chain(composed).collect()
    }

    /// Holds the values of which these facts are composed to the rule for ids.
    pub(crate) fn hold_to_persons(&mut self, facts: &BTreeSet<Slot>) {
        for (_, fact, part) in &mut self.parts {
            if let IdentityPart::Composed(reading) = part
                && facts.contains(fact)
            {
                reading.hold_to_persons();
            }
        }
    }

    /// The placeholder for a missing address, if the file has one.
    pub fn placeholder(&self) -> Option<&Placeholder> {
        if let MissingEmailPolicy::Placeholder(placeholder) = &self.missing { Some(placeholder) } else { None }
    }

    /// The facts that `more` hands on, each with its place.
    pub(crate) fn more_facts(&self) -> &[(Slot, Place)] {
        &self.more
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let more = self.more.iter().map(|(fact, place)| FactUse { fact: *fact, place: *place, whole: true, optional: false });
        let composed = self.composed().flat_map(|(.., uses)| uses);
        composed.chain(more).chain(self.placeholder().map(Placeholder::uses).unwrap_or_default()).collect()
    }

    /// Composes the parts that `identity` describes. From then on they are facts like all others.
    pub(crate) fn compose(&self, facts: &mut Facts) {
        for (_, fact, part) in &self.parts {
            let IdentityPart::Composed(reading) = part else { continue };
            match reading.evaluate_with_origin(None, FactOrigin::Broker, facts) {
                Ok((text, origin)) => {
                    let is_of_several = reading.finds_several(None, facts);
                    facts.learn(*fact, text.revealed(), origin, reading.place());
                    if is_of_several {
                        facts.mark_of_several(*fact);
                    }
                }
                Err(nothing) => {
                    // The path that found nothing explains more than the hole that needs its value.
                    let deeper = reading.uses().iter().find_map(|used| facts.missing_value(used.fact).cloned());
                    facts.record_missing(*fact, deeper.unwrap_or(nothing));
                    // What was read under the same name is another value.
                    facts.forget(*fact);
                }
            }
        }
        // `require` and `more` must not mistake a claim about one address for a claim about another.
        if let (Some(email), Some(claim)) = (self.fact("email"), self.fact("emailVerified"))
            && facts.get(email).is_some()
            && !facts.origin(claim).vouches_for(facts.origin(email))
        {
            facts.forget(claim);
        }
    }

    /// The fact of a part of the identity.
    fn fact(&self, wanted: &str) -> Option<Slot> {
        self.parts.iter().find(|(name, ..)| *name == wanted).map(|(_, fact, _)| *fact)
    }

    /// The expression with which `identity` composes a fact, if it does.
    pub(crate) fn composition(&self, fact: Slot) -> Option<&FactExpression> {
        self.parts.iter().filter(|(_, composed, _)| *composed == fact).find_map(|(.., part)| match part {
            IdentityPart::Composed(reading) => Some(reading),
            IdentityPart::Fact => None,
        })
    }

    /// Why the claim does not prove the address.
    fn claim_of_address(&self, was_read: bool, missed: Option<MissingValue>) -> ClaimOfAddress {
        if !matches!(self.trust, EmailTrustPolicy::Claim) {
            return ClaimOfAddress::NotAsked;
        }
        if was_read {
            ClaimOfAddress::IsFalse { of_nothing: missed.is_some() }
        } else {
            missed.map_or(ClaimOfAddress::NotAsked, ClaimOfAddress::Missing)
        }
    }

    /// The id at the provider, as [`IdentityMapping::compose`] has left it in the facts.
    pub(crate) fn id(&self, facts: &Facts) -> Option<Box<str>> {
        facts.get(self.fact("id")?).cloned().map(Text::revealed).filter(|id| is_usable_id(id)).map(Into::into)
    }

    fn identity(&self, provider: &Provider, fingerprint: &str, facts: &Facts) -> Result<Identity, IdentityError> {
        let find = |wanted: &str| facts.get(self.fact(wanted)?).cloned().map(Text::revealed);
        let missed = |wanted: &str| facts.missing_value(self.fact(wanted)?).cloned();
        let id = self.id(facts).ok_or_else(|| IdentityError::MissingId(missed("id")))?;
        let origin = |wanted: &str| self.fact(wanted).map(|fact| facts.origin(fact)).unwrap_or_default();
        let claim = find("emailVerified").filter(|_| origin("emailVerified").vouches_for(origin("email")));
        let (email, no_address) = match find("email").map(|text| Email::parse(&text)) {
            Some(Ok(email)) => (Some(email), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        let now = facts.get(provider.known.now).and_then(Text::as_number).unwrap_or(0);
        let evidence = email
            .as_ref()
            // No person can have an address in `.invalid`: it is a placeholder, of this file or of another.
            .filter(|email| origin("email") != FactOrigin::Shopper && !is_placeholder_domain(email.domain()))
            .and_then(|email| self.trust.evidence(email.domain(), claim.as_deref(), now));
        let address = match (email, evidence, &self.missing) {
            (Some(email), Some(evidence), _) => IdentityEmail::Proven(email, evidence),
            (email, _, MissingEmailPolicy::Ask) => IdentityEmail::Ask(email),
            (_, _, MissingEmailPolicy::Placeholder(placeholder)) => {
                IdentityEmail::Placeholder(placeholder.fill(facts).ok_or(IdentityError::MissingEmail(None))?)
            }
            (Some(_), _, MissingEmailPolicy::Refuse) => {
                return Err(IdentityError::UnprovenEmail(self.claim_of_address(claim.is_some(), missed("emailVerified"))));
            }
            (None, _, MissingEmailPolicy::Refuse) => {
                return Err(match no_address {
                    Some(why) => IdentityError::NoAddress(why),
                    None => IdentityError::MissingEmail(missed("email")),
                });
            }
        };
        Ok(Identity {
            provider: provider.key.clone(),
            file: provider.name.clone(),
            fingerprint: fingerprint.into(),
            id,
            address,
            name: find("name").and_then(|name| shortened(&name, 200)),
            picture: find("picture").filter(|picture| is_usable_picture(picture)),
            locale: find("locale").and_then(|locale| shortened(&locale, 35)),
            more: self
                .more
                .iter()
                .filter_map(|(slot, _)| {
                    Some((provider.names.name(*slot).as_ref().into(), shortened(&facts.get(*slot)?.clone().revealed(), 1000)?))
                })
                .collect(),
        })
    }
}

/// A text about a person, cleaned and cut; `None` if nothing is left.
pub(crate) fn shortened(text: &str, most: usize) -> Option<String> {
    Some(without_control_characters(text.trim()).chars().take(most).collect::<String>()).filter(|text| !text.is_empty())
}

/// Whether a text can be the address of a picture.
pub(crate) fn is_usable_picture(picture: &str) -> bool {
    picture.starts_with("https://") && picture.len() <= 2048 && !picture.chars().any(|letter| letter.is_control() || letter.is_whitespace())
}

/// Cleans a person's name: characters that would reverse or end a line are removed.
fn without_control_characters(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control() && !matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .collect()
}

/// Whether addresses of this domain are placeholders.
pub(crate) fn is_placeholder_domain(domain: &str) -> bool {
    domain == "invalid" || domain.ends_with(".invalid")
}

/// Whether a text can be an id. What programs write for "nothing" is no id.
pub(crate) fn is_usable_id(id: &str) -> bool {
    !names_no_person(id) && id.len() <= 255 && !id.chars().any(char::is_control)
}

/// Whether a text is what programs write where there is no person.
pub(crate) fn names_no_person(text: &str) -> bool {
    let is_zero = !text.is_empty() && text.bytes().all(|byte| byte == b'0');
    is_zero
        || matches!(
            text.trim().to_ascii_lowercase().as_str(),
            "" | "null" | "undefined" | "none" | "nil" | "nan" | "0" | "-0" | "0.0" | "true" | "false" | "[object object]"
        )
}
