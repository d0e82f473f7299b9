//! Who came: the id at the provider, the address and how far it is proven, and what else is known.

use crate::email::Email;
use crate::names::{Names, Slot};
use crate::place::{At, Place};
use crate::provider::facts::Facts;
use crate::provider::reading::{Nothing, Reading};
use crate::provider::template::Use;
use crate::provider::trust::{Evidence, MissingEmail, TrustEmail};
use crate::words;
use crate::words::{Desk, OneOrMany};

words! {
    /// Composes the identity when a single `read` is not enough: from facts of several steps, with alternatives.
    pub struct IdentitySpec ("identity", elsewhere = elsewhere) {
        /// The person's id at the provider.
        /// Default: the fact `id`
        /// Example: `id: [ "${unionId}", "${openId}" ]`
        id: Option<Reading> = "id",
        /// The e-mail address.
        /// Default: the fact `email`
        /// Example: `email: [ "${mail}", "${login}" ]`
        email: Option<Reading> = "email",
        /// Whether the provider has checked the address: true for `true`, `1` and a date.
        /// Default: the fact `emailVerified`
        /// Example: `emailVerified: { at: "${state}", is: confirmed }`
        email_verified: Option<Reading> = "emailVerified",
        /// The person's name.
        /// Default: the fact `name`
        /// Example: `name: "${firstName} ${lastName?}"`
        name: Option<Reading> = "name",
        /// The https address of a picture.
        /// Default: the fact `picture`
        /// Example: `picture: "https://cdn.acme.example/${id}.png"`
        picture: Option<Reading> = "picture",
        /// The person's language.
        /// Default: the fact `locale`
        /// Example: `locale: ${language}`
        locale: Option<Reading> = "locale",
        /// Further facts that belong to the identity.
        /// Default: none
        /// Example: `more: [ shop, plan ]`
        more: Option<OneOrMany<At<String>>> = "more",
    }
}

fn elsewhere(word: &str) -> Option<&'static str> {
    matches!(word, "firstName" | "lastName" | "givenName" | "familyName")
        .then_some("compose the name: `name: \"${firstName} ${lastName?}\"`")
}

/// How an identity is made from the facts.
#[derive(Clone, Debug)]
pub struct Composition {
    parts: Vec<(&'static str, Slot, Part)>,
    more: Vec<(Slot, Place)>,
    trust: TrustEmail,
    missing: MissingEmail,
}

#[derive(Clone, Debug)]
enum Part {
    /// The fact of that name, as some answer gave it.
    Fact,
    /// Composed here; it becomes the fact of that name.
    Composed(Reading),
}

/// Who came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The file's name.
    pub provider: Box<str>,
    /// The id at the provider, compared byte for byte.
    pub id: Box<str>,
    /// The address.
    pub address: Mailbox,
    /// The name.
    pub name: Option<String>,
    /// A picture.
    pub picture: Option<String>,
    /// The language.
    pub locale: Option<String>,
    /// What `identity.more` names.
    pub more: Vec<(Box<str>, String)>,
}

/// The address of who came in, and how far it can be relied upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mailbox {
    /// Theirs, and by what that is proven.
    Proven(Email, Evidence),
    /// Nobody's: the file's placeholder.
    Placeholder(Email),
    /// To be asked of the shopper and proven; the provider may have suggested one.
    Ask(Option<Email>),
}

/// Why the facts make no identity.
#[derive(Clone, Debug)]
pub enum NoIdentity {
    /// There is no id.
    MissingId(Option<Nothing>),
    /// There is no address.
    MissingEmail(Option<Nothing>),
    /// There is an address, and it is not proven.
    UnprovenEmail(Option<Nothing>),
}

impl Composition {
    /// Compiles it.
    pub fn compile(spec: Option<IdentitySpec>, trust: TrustEmail, missing: MissingEmail, desk: &mut Desk) -> Self {
        let mut parts = Vec::new();
        let mut more = Vec::new();
        let spec = spec.map(|spec| {
            more = spec.more.iter().flat_map(|list| &list.0).map(|name| (desk.names.slot(name), name.place)).collect();
            [
                ("id", spec.id),
                ("email", spec.email),
                ("emailVerified", spec.email_verified),
                ("name", spec.name),
                ("picture", spec.picture),
                ("locale", spec.locale),
            ]
        });
        let mut written: Vec<(&'static str, Option<Reading>)> = spec.map_or_else(Vec::new, Vec::from);
        for name in ["id", "email", "emailVerified", "name", "picture", "locale"] {
            let reading = written.iter_mut().find(|(word, _)| *word == name).and_then(|(_, reading)| reading.take());
            if let Some(path) = reading.as_ref().and_then(|reading| reading.paths().first().map(|path| path.place)) {
                desk.complain(
                    path,
                    "a path cannot stand here: there is no answer to look at",
                    "read it as a fact in a step, and write `${fact}` here",
                );
            }
            parts.push((name, desk.names.slot(name), reading.map_or(Part::Fact, Part::Composed)));
        }
        Self { parts, more, trust, missing }
    }

    /// The parts that `identity` composes itself, in order: name, fact, place and what each is made of.
    pub fn composed(&self) -> impl Iterator<Item = (&'static str, Slot, Place, Vec<Use>)> {
        self.parts.iter().filter_map(|(name, fact, part)| match part {
            Part::Composed(reading) => Some((*name, *fact, reading.place(), reading.uses())),
            Part::Fact => None,
        })
    }

    /// The facts that are parts of the identity as they are.
    pub fn facts(&self) -> impl Iterator<Item = Slot> {
        self.parts.iter().map(|(_, fact, _)| *fact)
    }

    /// The facts that the placeholder is made of.
    pub fn placeholder_uses(&self) -> Option<Vec<Use>> {
        if let MissingEmail::Placeholder(template) = &self.missing { Some(template.uses().collect()) } else { None }
    }

    /// Every use of a fact in it.
    pub fn uses(&self) -> Vec<Use> {
        let more = self.more.iter().map(|(fact, place)| Use { fact: *fact, place: *place, whole: true });
        let composed = self.composed().flat_map(|(.., uses)| uses);
        composed.chain(more).chain(self.placeholder_uses().unwrap_or_default()).collect()
    }

    /// Composes what is composed here: from then on they are facts like others.
    pub fn compose(&self, facts: &mut Facts) {
        for (_, fact, part) in &self.parts {
            let Part::Composed(reading) = part else { continue };
            match reading.find(None, facts) {
                Ok(text) => facts.learn(*fact, text.revealed()),
                Err(nothing) => {
                    // The path that found nothing explains more than the hole that waited for it.
                    let deeper = reading.uses().iter().find_map(|used| facts.missed(used.fact).cloned());
                    facts.miss(*fact, deeper.unwrap_or(nothing));
                }
            }
        }
    }

    /// The identity that the facts make.
    pub fn identity(&self, provider: &str, facts: &Facts, names: &Names) -> Result<Identity, NoIdentity> {
        let fact = |wanted: &str| self.parts.iter().find(|(name, ..)| *name == wanted).map(|(_, fact, _)| *fact);
        let find = |wanted: &str| facts.get(fact(wanted)?).cloned().map(crate::text::Text::revealed);
        let missed = |wanted: &str| facts.missed(fact(wanted)?).cloned();
        let id = find("id").filter(|id| is_an_id(id)).ok_or_else(|| NoIdentity::MissingId(missed("id")))?;
        let claim = find("emailVerified");
        let email = find("email").and_then(|text| Email::parse(&text).ok());
        let evidence = email.as_ref().and_then(|email| self.trust.evidence(email.domain(), claim.as_deref()));
        let address = match (email, evidence, &self.missing) {
            (Some(email), Some(evidence), _) => Mailbox::Proven(email, evidence),
            (email, _, MissingEmail::Ask) => Mailbox::Ask(email),
            (_, _, MissingEmail::Placeholder(template)) => {
                let placeholder = template.fill(facts).ok().and_then(|text| placeholder(text.expose()));
                Mailbox::Placeholder(placeholder.ok_or(NoIdentity::MissingEmail(None))?)
            }
            (Some(_), _, MissingEmail::Refuse) => return Err(NoIdentity::UnprovenEmail(missed("emailVerified"))),
            (None, _, MissingEmail::Refuse) => return Err(NoIdentity::MissingEmail(missed("email"))),
        };
        let short =
            |text: String, most: usize| Some(visible(text.trim()).chars().take(most).collect::<String>()).filter(|text| !text.is_empty());
        Ok(Identity {
            provider: provider.into(),
            id: id.into(),
            address,
            name: find("name").and_then(|name| short(name, 200)),
            picture: find("picture").filter(|picture| {
                picture.starts_with("https://")
                    && picture.len() <= 2048
                    && !picture.chars().any(|letter| letter.is_control() || letter.is_whitespace())
            }),
            locale: find("locale").and_then(|locale| short(locale, 35)),
            more: self
                .more
                .iter()
                .filter_map(|(slot, _)| Some((names.name(*slot).as_ref().into(), short(facts.get(*slot)?.clone().revealed(), 1000)?)))
                .collect(),
        })
    }
}

/// A name as people write them, without what would turn the rest of a line round or end it.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control() && !matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .collect()
}

/// An id is something that a provider tells apart; what programs write for "nothing" is none.
fn is_an_id(id: &str) -> bool {
    !id.trim().is_empty()
        && id.len() <= 255
        && !id.chars().any(char::is_control)
        && !matches!(
            id.to_ascii_lowercase().as_str(),
            "null" | "undefined" | "none" | "nil" | "nan" | "0" | "-0" | "0.0" | "true" | "false" | "[object object]"
        )
}

/// A placeholder. An id that holds what addresses do not, or differs only in its capitals, is replaced by its hash.
fn placeholder(text: &str) -> Option<Email> {
    // An id that looks like a hash is hashed as well, so that nobody can choose another's.
    let looks_like_a_hash = text.split('@').next().is_some_and(|local| local.len() == 32 && local.bytes().all(|b| b.is_ascii_hexdigit()));
    Email::parse(text).ok().filter(|email| email.key() == text && !looks_like_a_hash).or_else(|| {
        let (local, domain) = text.rsplit_once('@')?;
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, local.as_bytes());
        Email::parse(&format!("{}@{domain}", crate::provider::functions::hex(&hash.as_ref()[..16]))).ok()
    })
}
