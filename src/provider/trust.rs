//! When an e-mail counts as proven, and what happens when there is none.

use crate::provider::hosts::is_host;
use crate::provider::placeholder::Placeholder;
use crate::provider::template::Template;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::{Reader, ValueShape, WordValue, complain_not_among, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use chrono::Datelike as _;

/// When an address that this provider hands out counts as proven.
#[derive(Clone, Debug)]
pub enum EmailTrustPolicy {
    /// When `emailVerified` is true.
    Claim,
    /// Always.
    Always,
    /// Never.
    Never,
    /// When its domain is one of these.
    Domains(Vec<Located<String>>),
}

impl WordValue for Located<EmailTrustPolicy> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let trust = match &node.kind {
            YamlKind::List(nodes) => {
                let domains: Vec<Located<String>> = nodes.iter().filter_map(|node| read_domain(node, reader)).collect();
                if domains.is_empty() {
                    if nodes.is_empty() {
                        let help = "name the domains for which this provider is the authority, or write `never`";
                        reader.complain(node.place, "this list of domains is empty", help);
                    }
                    return None;
                }
                EmailTrustPolicy::Domains(domains)
            }
            YamlKind::Scalar { .. } | YamlKind::Map(_) => {
                let text = read_scalar(node, reader)?;
                match text.as_str() {
                    "claim" => EmailTrustPolicy::Claim,
                    "always" => EmailTrustPolicy::Always,
                    "never" => EmailTrustPolicy::Never,
                    other => {
                        if other.contains('.') {
                            reader.complain(text.place, format!("`{other}` stands alone"), format!("domains are a list: `[ {other} ]`"));
                        } else {
                            complain_not_among(&text, &["claim", "always", "never"], reader);
                        }
                        return None;
                    }
                }
            }
        };
        Some(Located::new(trust, node.place))
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![
            ValueShape::Choice(&["claim", "always", "never"]),
            ValueShape::List(Box::new(ValueShape::Text("a domain"))),
        ])
    }
}

fn read_domain(node: &YamlNode, reader: &mut Reader) -> Option<Located<String>> {
    let text = read_scalar(node, reader)?;
    let lower = idna::domain_to_ascii(&text.value).unwrap_or_default();
    let fine = is_host(&lower) && !lower.contains([':', '_']) && lower.contains('.');
    if !fine {
        reader.complain(
            text.place,
            format!("`{}` is not a domain", text.value),
            "write the part behind the `@`, such as `loja.example`; subdomains are named one by one",
        );
        return None;
    }
    Some(Located::new(lower, text.place))
}

/// What happens when no address is read, or it is not proven.
#[derive(Clone, Debug)]
pub enum MissingEmailPolicy {
    /// The login is refused.
    Refuse,
    /// The shopper types an address and proves it.
    Ask,
    /// A placeholder, which is no real address.
    Placeholder(Box<Placeholder>),
}

impl WordValue for Located<MissingEmailPolicy> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        let missing = match text.as_str() {
            "refuse" => MissingEmailPolicy::Refuse,
            "ask" => MissingEmailPolicy::Ask,
            other if other.ends_with(".invalid") => {
                let template = Template::parse(other, node, false, reader)?;
                MissingEmailPolicy::Placeholder(Box::new(Placeholder::compile(template, reader)?))
            }
            other if other.contains('@') => {
                reader.complain(
                    text.place,
                    format!("`{other}` could be the address of a person"),
                    "a placeholder ends in `.invalid`, which no person can have: `${id}@acme.invalid`",
                );
                return None;
            }
            _ => {
                complain_not_among(&text, &["refuse", "ask"], reader);
                return None;
            }
        };
        Some(Located::new(missing, node.place))
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![ValueShape::Choice(&["refuse", "ask"]), ValueShape::Text("a text ending in `.invalid`")])
    }
}

/// Whether a claim says that an address is proven: `true`, `1`, or the date on which that happened. `now` is the last date that
/// can have happened, in seconds since 1970; clocks and zones differ by a day at most.
pub(crate) fn is_verified_claim(text: &str, now: i64) -> bool {
    let latest = chrono::DateTime::from_timestamp(now.saturating_add(24 * 60 * 60), 0).map(|moment| moment.date_naive());
    let date = || {
        let moment = chrono::DateTime::parse_from_rfc3339(text).map(|moment| moment.date_naive());
        let moment = moment.or_else(|_| chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").map(|moment| moment.date()));
        let day = moment.or_else(|_| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d"));
        // Many programs write a date in 1970 or before it for "never".
        day.is_ok_and(|day| day.year() > 1970 && latest.is_some_and(|latest| day <= latest))
    };
    matches!(text, "true" | "1") || date()
}

/// The evidence that an address belongs to the person who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailEvidence {
    /// The provider says so in a claim, and claims count.
    Claim,
    /// The provider hands out only proven addresses.
    Always,
    /// The provider is the authority for the address's domain.
    Domain,
    /// The shopper entered the code that was sent to the address.
    Mail,
}

impl EmailEvidence {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Always => "always",
            Self::Domain => "domain",
            Self::Mail => "mail",
        }
    }
}

impl EmailTrustPolicy {
    /// What proves an address at this time, if anything does.
    pub(crate) fn evidence(&self, domain: &str, claim: Option<&str>, now: i64) -> Option<EmailEvidence> {
        let (proven, evidence) = match self {
            Self::Claim => (claim.is_some_and(|claim| is_verified_claim(claim, now)), EmailEvidence::Claim),
            Self::Always => (true, EmailEvidence::Always),
            Self::Never => return None,
            Self::Domains(domains) => (domains.iter().any(|one| one.value == domain), EmailEvidence::Domain),
        };
        proven.then_some(evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Place;

    /// Lesson 4
    /// Attack U-07
    #[test]
    fn only_true_one_and_dates_that_have_come_prove_an_address() {
        // The time is 2026-01-02T03:04:05Z.
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
            ("1580000000", false),
            ("2026-01-03", true),
            ("2026-01-04", false),
            ("2026-01-04T00:00:00Z", false),
            ("2999-01-01", false),
            ("[]", false),
        ] {
            assert_eq!(is_verified_claim(text, 1_767_323_045), expected, "{text}");
        }
    }

    #[test]
    fn domains_are_compared_whole() {
        let trust = EmailTrustPolicy::Domains(vec![Located::new("loja.example".to_owned(), Place::default())]);

        assert_eq!(trust.evidence("loja.example", None, 0), Some(EmailEvidence::Domain));
        assert!(trust.evidence("evil-loja.example", None, 0).is_none() && trust.evidence("x.loja.example", None, 0).is_none());
    }
}
