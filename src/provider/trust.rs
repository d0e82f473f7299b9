//! When an e-mail counts as proven, and what happens when there is none.

use crate::email::Email;
use crate::place::At;
use crate::provider::template::{Piece, Template};
use crate::words::{Desk, Shape, Word, not_among, scalar};
use crate::yaml::{Kind, Node};
use chrono::Datelike as _;

/// When an address that this provider hands out counts as proven.
#[derive(Clone, Debug)]
pub enum TrustEmail {
    /// When `emailVerified` is true.
    Claim,
    /// Always.
    Always,
    /// Never.
    Never,
    /// When its domain is one of these.
    Domains(Vec<At<String>>),
}

impl Word for At<TrustEmail> {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let trust = match &node.kind {
            Kind::List(nodes) => {
                let domains: Vec<At<String>> = nodes.iter().filter_map(|node| domain(node, desk)).collect();
                if domains.is_empty() {
                    desk.complain(
                        node.place,
                        "this list of domains is empty",
                        "name the domains for which this provider is the authority, or write `never`",
                    );
                    return None;
                }
                TrustEmail::Domains(domains)
            }
            Kind::Scalar { .. } | Kind::Map(_) => {
                let text = scalar(node, desk)?;
                match text.as_str() {
                    "claim" => TrustEmail::Claim,
                    "always" => TrustEmail::Always,
                    "never" => TrustEmail::Never,
                    other => {
                        if other.contains('.') {
                            desk.complain(text.place, format!("`{other}` stands alone"), format!("domains are a list: `[ {other} ]`"));
                        } else {
                            not_among(&text, &["claim", "always", "never"], desk);
                        }
                        return None;
                    }
                }
            }
        };
        Some(At::new(trust, node.place))
    }
    fn shape() -> Shape {
        Shape::Either(vec![Shape::Choice(&["claim", "always", "never"]), Shape::List(Box::new(Shape::Text("a domain")))])
    }
}

fn domain(node: &Node, desk: &mut Desk) -> Option<At<String>> {
    let text = scalar(node, desk)?;
    let lower = idna::domain_to_ascii(&text.value).unwrap_or_default();
    let fine = crate::provider::hosts::is_a_host(&lower) && !lower.contains([':', '_']) && lower.contains('.');
    if !fine {
        desk.complain(
            text.place,
            format!("`{}` is not a domain", text.value),
            "write the part behind the `@`, such as `loja.example`; subdomains are named one by one",
        );
        return None;
    }
    Some(At::new(lower, text.place))
}

/// What happens when no address is read, or it is not proven.
#[derive(Clone, Debug)]
pub enum MissingEmail {
    /// The login is refused.
    Refuse,
    /// The shopper types an address and proves it.
    Ask,
    /// A placeholder that is nobody's address.
    Placeholder(Template),
}

impl Word for At<MissingEmail> {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let text = scalar(node, desk)?;
        let missing = match text.as_str() {
            "refuse" => MissingEmail::Refuse,
            "ask" => MissingEmail::Ask,
            other if other.ends_with(".invalid") => {
                let template = Template::parse(other, node, false, desk)?;
                let sample =
                    template.pieces().iter().map(|piece| if let Piece::Literal(text) = piece { text } else { "x" }).collect::<String>();
                if !Email::parse(&sample).is_ok_and(|email| email.key() == sample) {
                    desk.complain(
                        node.place,
                        "this does not become an address",
                        "write it in small letters with one `@`: `${id}@acme.invalid`",
                    );
                    return None;
                }
                if template.is_literal() {
                    desk.complain(node.place, "everybody would get the same placeholder", "make it from the id: `${id}@acme.invalid`");
                    return None;
                }
                MissingEmail::Placeholder(template)
            }
            other if other.contains('@') => {
                desk.complain(
                    text.place,
                    format!("`{other}` could be somebody's address"),
                    "a placeholder ends in `.invalid`, which is nobody's: `${id}@acme.invalid`",
                );
                return None;
            }
            _ => {
                not_among(&text, &["refuse", "ask"], desk);
                return None;
            }
        };
        Some(At::new(missing, node.place))
    }
    fn shape() -> Shape {
        Shape::Either(vec![Shape::Choice(&["refuse", "ask"]), Shape::Text("a text ending in `.invalid`")])
    }
}

/// Whether a claim says that an address is proven: `true`, `1`, or the date on which that happened.
pub fn claims_proof(text: &str) -> bool {
    let date = || {
        let moment = chrono::DateTime::parse_from_rfc3339(text).map(|moment| moment.date_naive());
        let moment = moment.or_else(|_| chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").map(|moment| moment.date()));
        let day = moment.or_else(|_| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d"));
        // What programs write for "never" lies at the beginning of their calendars.
        day.is_ok_and(|day| day.year() > 1970)
    };
    matches!(text, "true" | "1") || date()
}

/// By what an address is proven to be somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The provider says so, and its word counts.
    Claim,
    /// The provider hands out no others.
    Always,
    /// The provider is the authority for the address's domain.
    Domain,
    /// A code that was sent there came back.
    Mail,
}

impl Evidence {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Always => "always",
            Self::Domain => "domain",
            Self::Mail => "mail",
        }
    }
}

impl TrustEmail {
    /// What proves an address, if anything does.
    pub fn evidence(&self, domain: &str, claim: Option<&str>) -> Option<Evidence> {
        let (proven, evidence) = match self {
            Self::Claim => (claim.is_some_and(claims_proof), Evidence::Claim),
            Self::Always => (true, Evidence::Always),
            Self::Never => return None,
            Self::Domains(domains) => (domains.iter().any(|one| one.value == domain), Evidence::Domain),
        };
        proven.then_some(evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;

    #[test]
    fn only_true_one_and_dates_prove_an_address() {
        for (text, expected) in [
            ("true", true),
            ("1", true),
            ("2020-01-31T10:00:00Z", true),
            ("2020-01-31", true),
            ("false", false),
            ("0", false),
            ("True", false),
            ("yes", false),
            ("", false),
            ("0000-00-00", false),
            ("0001-01-01T00:00:00Z", false),
            ("1970-01-01T00:00:00Z", false),
            ("2020-01-01evil", false),
            ("2020-01-31 10:00:00", true),
            ("0001-01-01T00:00:00Z", false),
            ("1970-01-01T00:00:00Z", false),
            ("2020-01-01evil", false),
            ("2020-01-31 10:00:00", true),
            ("1580000000", false),
            ("[]", false),
        ] {
            assert_eq!(claims_proof(text), expected, "{text}");
        }
    }

    #[test]
    fn domains_are_compared_whole() {
        let trust = TrustEmail::Domains(vec![At::new("loja.example".to_owned(), Place::default())]);

        assert_eq!(trust.evidence("loja.example", None), Some(Evidence::Domain));
        assert!(trust.evidence("evil-loja.example", None).is_none() && trust.evidence("x.loja.example", None).is_none());
    }
}
