//! The placeholder of `missingEmail`: an address that no person can have, made from the id at the provider.
//!
//! The address identifies a user to the store, so two ids never give the same one: an id is kept as it is, or it is replaced by a hash
//! in a form that no kept id can have.

use crate::provider::facts::Facts;
use crate::provider::hole::Hole;
use crate::provider::template::{FactUse, Template, TemplatePiece};
use crate::vocabulary::email::Email;
use crate::vocabulary::hash::{hex, sha256};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::Reader;

/// How a hashed local part begins. A kept one has no `+`.
const HASHED: &str = "hash+";
/// How many bytes of the hash are written, as two digits each.
const HASH_BYTES: usize = 20;
/// The longest local part that is kept.
const LONGEST: usize = 64;

/// A placeholder, as the file writes it.
#[derive(Clone, Debug)]
pub struct Placeholder {
    template: Template,
    before: Box<str>,
    id: Hole,
    after: Box<str>,
    domain: Vec<TemplatePiece>,
}

/// How an id became the local part of a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceholderForm {
    /// The text is as the file writes it.
    Kept,
    /// The text cannot stand in an address, so its hash stands there.
    Hashed,
}

impl Placeholder {
    /// Takes the text of a file apart, or complains.
    pub(crate) fn compile(template: Template, reader: &mut Reader) -> Option<Self> {
        let (local, domain) = split_at_sign(&template);
        let Some(domain) = domain.filter(|domain| becomes_address(&local, domain)) else {
            let help = "write it in small letters with one `@`: `${id}@acme.invalid`";
            reader.complain(template.place, "this does not become an address", help);
            return None;
        };
        let (at, id) = sole_hole(&local, template.place, reader)?;
        if id.bare_fact().is_none() || id.is_optional() {
            reader.complain(
                id.place,
                "two ids could get the same placeholder: its hole is more than a fact",
                "write the fact alone: `${id}@acme.invalid`; an id that cannot stand in an address is hashed by itself",
            );
            return None;
        }
        let text = |pieces: &[TemplatePiece]| filled(pieces, "").into_boxed_str();
        let (before, after) = (text(local.get(..at).unwrap_or_default()), text(local.get(at.saturating_add(1)..).unwrap_or_default()));
        Some(Self { template, before, id, after, domain })
    }

    /// The fact from which it is made, and the place of its hole.
    pub(crate) fn id_fact(&self) -> (Option<Slot>, Place) {
        (self.id.fact(), self.id.place)
    }

    /// The uses of facts behind the `@`.
    pub(crate) fn domain_uses(&self) -> Vec<FactUse> {
        let holes = self.domain.iter().filter_map(|piece| if let TemplatePiece::Hole(hole) = piece { Some(hole) } else { None });
        holes.flat_map(Hole::uses).collect()
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        self.template.uses().collect()
    }

    /// The placeholder of a login.
    pub(crate) fn fill(&self, facts: &Facts) -> Option<Email> {
        let id = self.id.fill(facts, None).ok()??;
        self.of_id(id.expose(), facts).map(|(email, _)| email)
    }

    /// The placeholder of an id, and whether the id stands in it or its hash.
    pub fn of_id(&self, id: &str, facts: &Facts) -> Option<(Email, PlaceholderForm)> {
        let mut domain = Text::default();
        for piece in &self.domain {
            match piece {
                TemplatePiece::Literal(text) => domain.push_str(text),
                TemplatePiece::Hole(hole) => domain.push(&*hole.fill(facts, None).ok()??),
            }
        }
        let domain = domain.expose();
        let local = format!("{}{id}{}", self.before, self.after);
        if has_kept_letters(&local)
            && local.len() <= LONGEST
            && let Ok(email) = Email::parse(&format!("{local}@{domain}"))
        {
            return Some((email, PlaceholderForm::Kept));
        }
        Some((Email::parse(&format!("{}@{domain}", hashed_local(&local))).ok()?, PlaceholderForm::Hashed))
    }
}

/// The hashed form of a kept placeholder, for a person whose own placeholder another user has. `None` if it is hashed already.
pub(crate) fn hashed_placeholder(placeholder: &Email) -> Option<Email> {
    let (local, domain) = placeholder.key().split_once('@')?;
    if local.starts_with(HASHED) {
        return None;
    }
    Email::parse(&format!("{}@{domain}", hashed_local(local))).ok()
}

fn hashed_local(local: &str) -> String {
    let hash = sha256::<HASH_BYTES>(local.as_bytes());
    format!("{HASHED}{}", hex(&hash))
}

fn has_kept_letters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
}

/// The pieces before the first `@`, and those after it, if there is one.
fn split_at_sign(template: &Template) -> (Vec<TemplatePiece>, Option<Vec<TemplatePiece>>) {
    let mut local: Vec<TemplatePiece> = Vec::new();
    let mut domain: Option<Vec<TemplatePiece>> = None;
    for piece in template.pieces() {
        match (&mut domain, piece) {
            (Some(domain), piece) => domain.push(piece.clone()),
            (None, TemplatePiece::Literal(text)) if text.contains('@') => {
                let (before, after) = text.split_once('@').unwrap_or_default();
                local.push(TemplatePiece::Literal(before.into()));
                domain = Some(vec![TemplatePiece::Literal(after.into())]);
            }
            (None, piece) => local.push(piece.clone()),
        }
    }
    (local, domain)
}

/// The pieces with this text in place of each hole.
fn filled(pieces: &[TemplatePiece], hole: &str) -> String {
    pieces.iter().map(|piece| if let TemplatePiece::Literal(text) = piece { text } else { hole }).collect()
}

/// Whether the parts before and behind the `@` give an address for an id, and for a hashed one.
fn becomes_address(local: &[TemplatePiece], domain: &[TemplatePiece]) -> bool {
    let is_kept = |piece: &TemplatePiece| if let TemplatePiece::Literal(text) = piece { has_kept_letters(text) } else { true };
    let samples = [filled(local, "x"), hashed_local("x")].map(|local| format!("{local}@{}", filled(domain, "x")));
    local.iter().all(is_kept) && samples.iter().all(|text| Email::parse(text).is_ok_and(|email| email.key() == text))
}

/// The only hole of the local part, and its position; or a complaint.
fn sole_hole(local: &[TemplatePiece], place: Place, reader: &mut Reader) -> Option<(usize, Hole)> {
    let holes =
        local.iter().enumerate().filter_map(|(at, piece)| if let TemplatePiece::Hole(hole) = piece { Some((at, hole)) } else { None });
    match holes.collect::<Vec<_>>().as_slice() {
        [(at, hole)] => return Some((*at, (*hole).clone())),
        [] => reader.complain(place, "every person would get the same placeholder", "make it from the id: `${id}@acme.invalid`"),
        [_, (_, second), ..] => {
            let help = "write one hole before the `@`, and let it be the id: `${id}@acme.invalid`";
            let message = "two ids could get the same placeholder: it has more than one hole before the `@`";
            reader.complain(second.place, message, help);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;
    use proptest::prelude::*;

    fn placeholder(template: &str) -> (Placeholder, Facts) {
        let file = format!(
            "name: Acme\nclientSecret: none\nsettings: {{ tenant: lojas }}\nmissingEmail: \"{template}\"\n\
             getAuthorizationCode: {{ get: \"https://a.example/x\" }}\ngetAccessCode: {{ post: \"https://a.example/y\" }}\n\
             getUserInfo: {{ get: \"https://a.example/z\", read: {{ id: $.id }}, headers: {{ X-T: \"${{tenant}}\" }} }}\n"
        );
        let (provider, report) = compile(&Source::new("acme.yaml", file), InstallationContext { loopback: false });
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let mut facts = provider.empty_facts();
        for (slot, text) in provider.literals() {
            facts.set(slot, text);
        }
        (provider.identity.placeholder().expect("a placeholder").clone(), facts)
    }

    /// The address of an id under the rule of version 0.1, whose users are still there.
    fn old_address(id: &str) -> Option<Email> {
        let text = format!("{id}@acme.invalid");
        let looks_like_a_hash = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        Email::parse(&text).ok().filter(|email| email.key() == text && !looks_like_a_hash).or_else(|| {
            let hash = sha256::<16>(id.as_bytes());
            Email::parse(&format!("{}@acme.invalid", hex(&hash))).ok()
        })
    }

    #[test]
    fn an_id_is_kept_or_becomes_a_hash_that_no_id_can_be() {
        let kept = |text: &str| (format!("{text}@acme.invalid"), PlaceholderForm::Kept);
        let hashed = |text: &str| (format!("{}@acme.invalid", hashed_local(text)), PlaceholderForm::Hashed);
        let hex = "0123456789abcdef0123456789abcdef";
        let long = "a".repeat(65);
        for (id, expected) in [
            ("4711", kept("4711")),
            ("a.b_c-d", kept("a.b_c-d")),
            (hex, kept(hex)),
            (&long[..64], kept(&long[..64])),
            ("hash-x", kept("hash-x")),
            (&long, hashed(&long)),
            ("Ana", hashed("Ana")),
            ("ana@loja.example", hashed("ana@loja.example")),
            ("a..b", hashed("a..b")),
            (".a", hashed(".a")),
            ("a+b", hashed("a+b")),
            ("é", hashed("é")),
            ("a b", hashed("a b")),
            (&hashed_local("Ana"), hashed(&hashed_local("Ana"))),
        ] {
            let (placeholder, facts) = placeholder("${id}@acme.invalid");
            let (email, form) = placeholder.of_id(id, &facts).expect("every id has a placeholder");
            assert_eq!((email.key().to_owned(), form), expected, "{id}");
        }
        assert_eq!(hashed_local("Ana"), "hash+dea210f058b407db5c1b5ea89b2e42a57221c003");
    }

    #[test]
    fn text_around_the_hole_and_settings_behind_it_stay() {
        let (placeholder, facts) = placeholder("acme-${id}.x@${tenant}.acme.invalid");

        let of = |id: &str| placeholder.of_id(id, &facts).map(|(email, _)| email.key().to_owned());

        assert_eq!(of("7").as_deref(), Some("acme-7.x@lojas.acme.invalid"));
        assert_eq!(of("A"), Some(format!("{}@lojas.acme.invalid", hashed_local("acme-A.x"))));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn two_ids_never_share_an_address(ids in proptest::collection::hash_set("[a-zA-Z0-9._+@-]{1,6}|[0-9a-f]{32}|[\\PC]{1,5}", 2..30)) {
            let (placeholder, facts) = placeholder("${id}@acme.invalid");
            // Ids that imitate the hash of another, in the new form and in the old one.
            let imitations = ids.iter().flat_map(|id| [Some(hashed_local(id)), old_address(id).map(|old| old.key().split('@').next().unwrap_or_default().to_owned())]);
            let all: std::collections::BTreeSet<String> = ids.iter().cloned().chain(imitations.flatten()).collect();
            let mut seen = std::collections::BTreeMap::new();
            for id in &all {
                let (email, _) = placeholder.of_id(id, &facts).expect("every id has a placeholder");
                if let Some(other) = seen.insert(email.key().to_owned(), id) {
                    prop_assert!(false, "{id:?} and {other:?} share {email}");
                }
                let hashed = hashed_placeholder(&email);
                prop_assert!(hashed.is_none_or(|hashed| !seen.contains_key(hashed.key())), "{id:?}");
            }
        }
    }
}
