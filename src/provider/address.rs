//! An address with holes, and the hosts that it may lead to.
//!
//! Literal text is kept byte for byte. A hole in the path or the query is percent-encoded. A hole in the host leads only
//! to a host that the file names. A hole that stands for scheme and host takes an origin and nothing else; only a hole that is
//! the whole address may hold a path.

mod origin;
mod check;
#[allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "it reads a file, and is fuzzed")]
mod parts;
mod filled;
mod query;

pub(crate) use crate::provider::address::filled::FilledAddress;
pub(crate) use crate::provider::address::origin::AddressProblem;

use crate::provider::address::check::{check_hosts_can_match, check_literal_start, document_address, host_after_base};
use crate::provider::address::origin::{FilledOrigin, problem_with_origin, split_origin};
use crate::provider::address::parts::{AddressPart, split_into_parts};
use crate::provider::address::query::push_query;
use crate::provider::facts::Facts;
use crate::provider::fingerprint::fill_settings;
use crate::provider::hole::Hole;
use crate::provider::hosts::{HostMatch, Scheme, is_loopback, match_origin};
use crate::provider::template::{FactUse, Template, TemplatePiece, UnfilledHole};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::{Text, percent_encode};
use crate::vocabulary::words::Reader;

#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) template: Template,
    parts: Vec<(AddressPart, TemplatePiece)>,
    reach: AllowedHosts,
}

/// Which hosts an address may lead to.
#[derive(Clone, Debug)]
enum AllowedHosts {
    Fixed,
    Hosts {
        patterns: Vec<Template>,
        plain_http: bool,
    },
    /// It comes from the document of the issuer that the file names.
    Document {
        plain_http: bool,
    },
}

/// Why an address could not be filled.
#[derive(Clone, Debug)]
pub(crate) enum AddressError {
    /// A hole found nothing.
    Missing(UnfilledHole),
    /// It would lead to an address that is not allowed.
    Refused(AddressProblem, Place),
}

/// What an address is compiled with.
#[derive(Clone)]
pub(crate) struct AddressContext<'a> {
    /// The file's `hosts`.
    pub(crate) hosts: Option<&'a [Template]>,
    /// Whether the installation itself is on loopback.
    pub(crate) loopback: bool,
    /// The facts that a discovery document gives.
    pub(crate) documents: &'a [Slot],
}

impl Address {
    /// Compiles an address, or complains.
    pub(crate) fn compile(template: Template, context: &AddressContext<'_>, reader: &mut Reader) -> Option<Self> {
        let parts = split_into_parts(&template);
        let place = template.place;
        if template.has_path() {
            reader.complain(place, "a path cannot stand in an address", "read it as a fact in an earlier step, and write `${fact}` here");
            return None;
        }
        let starts_with_hole = parts.first().is_some_and(|(zone, _)| *zone == AddressPart::Base);
        if starts_with_hole && document_address(&template).is_some_and(|fact| context.documents.contains(&fact)) {
            return Some(Self { template, parts, reach: AllowedHosts::Document { plain_http: context.loopback } });
        }
        if !starts_with_hole && !check_literal_start(&template, place, context, reader) {
            return None;
        }
        let host_has_hole = parts
            .iter()
            .any(|(zone, piece)| matches!(zone, AddressPart::Base | AddressPart::Host) && matches!(piece, TemplatePiece::Hole(_)));
        if let Some(place) = host_after_base(&template) {
            reader.complain(
                place,
                "this hole stands for scheme and host, and the text goes on before a `/`",
                "write the scheme out and let holes stand for the host alone: `https://${shop}.shops.example/…`",
            );
            return None;
        }
        let reach = match context.hosts {
            _ if !host_has_hole => AllowedHosts::Fixed,
            Some(hosts) => {
                check_hosts_can_match(&parts, hosts, place, reader);
                AllowedHosts::Hosts { patterns: hosts.to_vec(), plain_http: context.loopback }
            }
            None => {
                reader.complain_once(
                    place,
                    "the host of this address has a hole, and the file does not say which hosts are meant",
                    "add `hosts: [ \"*.shops.example\" ]` at the top of the file (`*` is one label), or `hosts: [ \"${setting}\" ]` for a host that each installation sets",
                );
                return None;
            }
        };
        Some(Self { template, parts, reach })
    }

    /// The hosts that the file allows where a hole decides about the host.
    pub(crate) fn allowed_hosts(&self) -> &[Template] {
        match &self.reach {
            AllowedHosts::Hosts { patterns, .. } => patterns,
            AllowedHosts::Fixed | AllowedHosts::Document { .. } => &[],
        }
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> impl Iterator<Item = FactUse> {
        self.template.uses()
    }

    /// Scheme, host and port, with the settings filled in. A hole that only a login can fill stays as it is written.
    pub(crate) fn origin(&self, settings: &Facts) -> String {
        let base = self.parts.iter().filter(|(zone, _)| matches!(zone, AddressPart::Base | AddressPart::Host)).map(|(_, piece)| piece);
        let text = fill_settings(base, settings);
        let (scheme, rest) = text.split_once("://").unwrap_or(("", &text));
        let scheme = scheme.to_ascii_lowercase();
        let usual_port = if scheme == "http" { ":80" } else { ":443" };
        // A hole keeps its letters, because they name a fact.
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = if host.contains("${") { host.to_owned() } else { host.to_ascii_lowercase() };
        let host = host.strip_suffix(usual_port).unwrap_or(&host);
        if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
    }

    /// The patterns of `hosts` that bound it, with the settings filled in.
    pub(crate) fn host_patterns(&self, settings: &Facts) -> Vec<String> {
        match &self.reach {
            AllowedHosts::Hosts { patterns, .. } => patterns.iter().map(|pattern| fill_settings(pattern.pieces(), settings)).collect(),
            AllowedHosts::Fixed | AllowedHosts::Document { .. } => Vec::new(),
        }
    }

    pub(crate) fn fill(&self, facts: &Facts) -> Result<FilledAddress, AddressError> {
        let mut filled = FilledAddress::default();
        // The query is appended later, so room is reserved for it.
        filled.base.reserve(self.template.source.len().saturating_add(256));
        for (zone, piece) in &self.parts {
            let into = match zone {
                AddressPart::Base | AddressPart::Host | AddressPart::Path => &mut filled.base,
                AddressPart::Query => filled.query.get_or_insert_default(),
                AddressPart::Fragment => filled.fragment.get_or_insert_default(),
            };
            match piece {
                TemplatePiece::Literal(text) if *zone == AddressPart::Query => push_query(text, into),
                TemplatePiece::Literal(text) => into.push_str(text),
                TemplatePiece::Hole(hole) => fill_hole((*zone, self.may_hold_path()), hole, facts, into)?,
            }
        }
        match &self.reach {
            AllowedHosts::Fixed => {}
            // A preview of an address is never requested.
            AllowedHosts::Hosts { .. } | AllowedHosts::Document { .. } if facts.is_preview() => return Ok(filled),
            AllowedHosts::Hosts { patterns, plain_http } => {
                let origin = self.checked_origin(&filled, *plain_http)?;
                let judge = |pattern: &Template| {
                    let pattern = pattern.fill(facts).ok()?;
                    Some(match_origin(pattern.expose(), (origin.scheme, &origin.host)))
                };
                match patterns.iter().filter_map(judge).max() {
                    Some(HostMatch::Matches) => {}
                    Some(HostMatch::OtherScheme) => return Err(self.refused(AddressProblem::OtherScheme)),
                    Some(HostMatch::OtherHost) | None => return Err(self.refused(AddressProblem::OtherHost)),
                }
            }
            AllowedHosts::Document { plain_http } => {
                self.checked_origin(&filled, *plain_http)?;
            }
        }
        filled.separate_query_and_fragment();
        if filled.base.judged(has_dot_segment) {
            return Err(self.refused(AddressProblem::DotSegment));
        }
        Ok(filled)
    }

    /// The origin of a filled address, if an address with this origin may be called at all.
    fn checked_origin<'f>(&self, filled: &'f FilledAddress, plain_http: bool) -> Result<FilledOrigin<'f>, AddressError> {
        let origin = split_origin(filled.base.expose()).map_err(|problem| self.refused(problem))?;
        match (is_loopback(&origin.host), origin.scheme) {
            (true, _) if !plain_http => Err(self.refused(AddressProblem::ThisMachine)),
            (false, Scheme::Http) => Err(self.refused(AddressProblem::NotEncrypted)),
            (true, _) | (false, Scheme::Https) => Ok(origin),
        }
    }

    fn refused(&self, problem: AddressProblem) -> AddressError {
        AddressError::Refused(problem, self.template.place)
    }

    /// Whether the hole with which the address begins is the whole address, or one from a discovery document.
    fn may_hold_path(&self) -> bool {
        matches!(self.template.pieces(), [TemplatePiece::Hole(_)]) || matches!(self.reach, AllowedHosts::Document { .. })
    }
}

fn fill_hole((zone, may_hold_path): (AddressPart, bool), hole: &Hole, facts: &Facts, into: &mut Text) -> Result<(), AddressError> {
    let Some(value) = hole.fill(facts, None).map_err(AddressError::Missing)? else { return Ok(()) };
    match zone {
        AddressPart::Base if facts.is_preview() || may_hold_path => into.push(&value),
        AddressPart::Base => match problem_with_origin(value.expose()) {
            None => into.push(&value),
            Some(problem) => return Err(AddressError::Refused(problem, hole.place)),
        },
        AddressPart::Host if facts.is_preview() => into.push(&value),
        AddressPart::Host => {
            let is_host = value.judged(|value| value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':')));
            if !is_host {
                return Err(AddressError::Refused(AddressProblem::HostPart, hole.place));
            }
            // Next to other text a hole stands for one label, so its value must not contain dots.
            let is_alone = into.judged(|before| before.ends_with("://"));
            if !is_alone && value.judged(|value| value.contains(['.', ':'])) {
                return Err(AddressError::Refused(AddressProblem::HostPart, hole.place));
            }
            into.push(&value);
        }
        AddressPart::Path | AddressPart::Query | AddressPart::Fragment => into.push_encoded(&value, percent_encode),
    }
    Ok(())
}

fn has_dot_segment(base: &str) -> bool {
    base.split('/').skip(3).any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::yaml::{YamlKind, YamlNode};

    fn fill(address: &str, hosts: &[&str], value: &str) -> Result<String, String> {
        fill_at(address, hosts, value, false)
    }

    fn fill_at(address: &str, hosts: &[&str], value: &str, loopback: bool) -> Result<String, String> {
        let mut reader = Reader::default();
        let parse = |text: &str, reader: &mut Reader| {
            Template::parse(
                text,
                &YamlNode { place: Place::default(), kind: YamlKind::Scalar { text: text.to_owned(), plain: true, verbatim: true } },
                false,
                reader,
            )
            .unwrap()
        };
        let patterns: Vec<Template> = hosts.iter().map(|host| parse(host, &mut reader)).collect();
        let template = parse(address, &mut reader);
        let context = AddressContext { hosts: (!hosts.is_empty()).then_some(&patterns), loopback, documents: &[] };
        let Some(address) = Address::compile(template, &context, &mut reader) else { return Err(reader.complaints[0].message.clone()) };
        let mut facts = Facts::empty(&reader.names);
        facts.set(reader.names.intern("x"), Text::plain(value));
        let filled = address.fill(&facts).map_err(|bad| match bad {
            AddressError::Missing(_) => "missing".to_owned(),
            AddressError::Refused(problem, _) => format!("{problem:?}"),
        })?;
        Ok(format!(
            "{}|{}|{}",
            filled.base.expose(),
            filled.query.unwrap_or_default().expose(),
            filled.fragment.unwrap_or_default().expose()
        ))
    }

    /// Attacks Y-05, J-14
    #[test]
    fn holes_lead_only_where_the_file_says() {
        for (address, hosts, value, expected) in [
            ("https://a.example/p?v=2#f", &[][..], "", Some("https://a.example/p|v=2|f")),
            ("https://a.example/u/${x}/e?q=${x}", &[], "a b/é", Some("https://a.example/u/a%20b%2F%C3%A9/e|q=a%20b%2F%C3%A9|")),
            ("https://${x}.shops.example/p", &["*.shops.example"], "quist", Some("https://quist.shops.example/p||")),
            ("https://${x}/p", &["*.shops.example"], "quist.shops.example", Some("https://quist.shops.example/p||")),
            ("${x}", &["login.example"], "https://login.example/id/1?a=b", Some("https://login.example/id/1|a=b|")),
            ("${x}/me", &["*.login.example"], "https://eu.login.example", Some("https://eu.login.example/me||")),
            ("https://${x}/p", &["h.example:8443"], "h.example:8443", Some("https://h.example:8443/p||")),
            ("https://${x}.shops.example/p", &["*.shops.example"], "evil.example/", None),
            ("https://${x}.shops.example/p", &["*.shops.example"], "a.b", None),
            ("https://${x}.shops.example/p", &["*.shops.example"], "user@a", None),
            ("https://${x}/p", &["*.shops.example"], "evil.example", None),
            ("https://${x}/p", &["h.example"], "h.example:8443", None),
            ("https://${x}/p", &["*.shops.example"], ".shops.example", None),
            ("${x}", &["login.example"], "http://login.example/id", None),
            ("${x}", &["login.example"], "https://login.example@evil.example/", None),
            ("${x}", &["login.example"], "https://evil.example\\@login.example/", None),
            ("${x}", &["login.example"], "https://login.example.evil.example/", None),
            ("${x}", &["login.example"], "javascript:alert(1)", None),
            ("https://a.example/u/${x}/e", &[], "..", None),
            ("https://${x}.shops.example/p", &[], "quist", None),
            ("http://a.example/", &[], "", None),
            ("https://localhost/", &[], "", None),
            ("https://127.0.0.1:9/", &[], "", None),
            ("https://u:p@a.example/", &[], "", None),
            ("a.example/x", &[], "", None),
            ("https:///x", &[], "", None),
        ] {
            let filled = fill(address, hosts, value);
            assert_eq!(filled.as_deref().ok(), expected, "{address} {value}: {filled:?}");
        }
    }

    /// What is tried for scheme and host of `${x}/me` and for the whole address `${x}`, and why it is refused; nothing where it is allowed.
    #[test]
    fn a_hole_for_scheme_and_host_takes_an_origin_and_nothing_else() {
        for (value, as_origin, as_whole) in [
            ("https://eu.login.example", "", ""),
            ("https://EU.Login.Example", "", ""),
            ("https://eu.login.example:443", "", ""),
            ("https://eu.login.example/", "TrailingSlash", ""),
            ("https://eu.login.example/evil", "Path", ""),
            ("https://eu.login.example/evil?", "Path", ""),
            ("https://eu.login.example//", "Path", ""),
            ("https://eu.login.example?q=", "Query", ""),
            ("https://eu.login.example#", "Fragment", ""),
            ("https://eu.login.example/a/../b", "Path", "DotSegment"),
            ("https://ana@eu.login.example", "UserPart", "UserPart"),
            ("https://ana:x@eu.login.example", "UserPart", "UserPart"),
            ("https://eu.login.example@evil.example", "UserPart", "UserPart"),
            ("https://eu.login.example\\@evil.example", "Backslash", "Backslash"),
            ("https:\\\\eu.login.example", "Backslash", "Backslash"),
            ("https://evil.example\\.login.example", "Backslash", "Backslash"),
            ("https://eu.login.example ", "Blank", "Blank"),
            (" https://eu.login.example", "Blank", "Blank"),
            ("https://eu.login.example\n", "Blank", "Blank"),
            ("https://eu\t.login.example", "Blank", "Blank"),
            ("https://eu.login.example\u{a0}", "Blank", "Blank"),
            ("http://eu.login.example", "NotEncrypted", "NotEncrypted"),
            ("ftp://eu.login.example", "NoScheme", "NoScheme"),
            ("javascript://eu.login.example/%0aalert(1)", "NoScheme", "NoScheme"),
            ("HTTPS://eu.login.example", "NoScheme", "NoScheme"),
            ("//eu.login.example", "NoScheme", "NoScheme"),
            ("eu.login.example", "NoScheme", "NoScheme"),
            ("https:/eu.login.example", "NoScheme", "NoScheme"),
            ("https:eu.login.example", "NoScheme", "NoScheme"),
            ("https://", "NoHost", "NoHost"),
            ("https:///eu.login.example", "NoHost", "NoHost"),
            ("https://eu.login.example:8443", "OtherHost", "OtherHost"),
            ("https://eu.login.example:x", "BadHost", "BadHost"),
            ("https://eu.login.example:0", "BadHost", "BadHost"),
            ("https://eu.login.example:", "BadHost", "BadHost"),
            ("https://eu.login.example.", "OtherHost", "OtherHost"),
            ("https://eu.login.example.evil.example", "OtherHost", "OtherHost"),
            ("https://a.b.login.example", "OtherHost", "OtherHost"),
            ("https://login.example", "OtherHost", "OtherHost"),
            ("https://.login.example", "BadHost", "BadHost"),
            ("https://eu%2elogin.example", "BadHost", "BadHost"),
            ("https://еu.login.example", "BadHost", "BadHost"),
            ("https://eu。login.example", "BadHost", "BadHost"),
            ("https://evil.example;.login.example", "BadHost", "BadHost"),
            ("https://localhost", "ThisMachine", "ThisMachine"),
            ("https://LOCALHOST:9", "ThisMachine", "ThisMachine"),
            ("https://localhost.", "ThisMachine", "ThisMachine"),
            ("https://127.0.0.1", "ThisMachine", "ThisMachine"),
            ("https://127.1", "AmbiguousHost", "AmbiguousHost"),
            ("https://2130706433", "AmbiguousHost", "AmbiguousHost"),
            ("https://0x7f000001", "AmbiguousHost", "AmbiguousHost"),
            ("https://[::1]", "ThisMachine", "ThisMachine"),
            ("https://[::ffff:7f00:1]", "ThisMachine", "ThisMachine"),
            ("https://[::ffff:127.0.0.1]", "AmbiguousHost", "AmbiguousHost"),
        ] {
            let judge = |address: &str| fill(address, &["*.login.example"], value).err().unwrap_or_default();
            assert_eq!((judge("${x}/me").as_str(), judge("${x}").as_str()), (as_origin, as_whole), "{value:?}");
        }
    }

    #[test]
    fn hosts_may_name_a_scheme_and_any_port() {
        for (hosts, value, loopback, expected) in [
            ("http://127.0.0.1:*", "http://127.0.0.1:9000", true, ""),
            ("http://127.0.0.1:*", "https://127.0.0.1:9000", true, "OtherScheme"),
            ("http://127.0.0.1:*", "http://127.0.0.1:9000", false, "ThisMachine"),
            ("127.0.0.1:9000", "http://127.0.0.1:9000", true, ""),
            ("https://127.0.0.1:9000", "http://127.0.0.1:9000", true, "OtherScheme"),
            ("http://localhost:*", "http://LOCALHOST:9000", true, ""),
            ("https://*.login.example", "https://eu.login.example", false, ""),
            ("https://*.login.example", "http://eu.login.example", true, "NotEncrypted"),
            ("${x}", "https://eu.login.example", false, ""),
        ] {
            let judged = fill_at("${x}/me", &[hosts], value, loopback).err().unwrap_or_default();
            assert_eq!(judged, expected, "{hosts} {value}");
        }
    }
}
