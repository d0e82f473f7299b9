//! An address with holes, and the hosts that it may lead to.
//!
//! Literal text is kept byte for byte. A hole in the path or the query is percent-encoded. A hole in the host leads only
//! to a host that the file names. A hole that stands for scheme and host takes an origin and nothing else; only a hole that is
//! the whole address may hold a path.
//!
//! It stays one file because all of it ensures that an address leads to an allowed host; a large part is tests.

use crate::provider::facts::Facts;
use crate::provider::fingerprint::fill_settings;
use crate::provider::hole::Hole;
use crate::provider::hosts::{HostMatch, Scheme, UNKNOWN_PART, is_host, is_loopback, match_origin, may_match};
use crate::provider::template::{FactUse, Template, TemplatePiece, UnfilledHole};
use crate::vocabulary::diagnostic::printable;
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

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AddressPart {
    /// The address begins with a hole: scheme and host come with it.
    Base,
    Host,
    Path,
    Query,
    Fragment,
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

/// A filled address. Its query is still separate, so that parameters can be added before the fragment.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilledAddress {
    /// Scheme, host and path.
    pub(crate) base: Text,
    /// The query without `?`, as written.
    pub(crate) query: Option<Text>,
    /// The fragment without `#`.
    pub(crate) fragment: Option<Text>,
}

impl FilledAddress {
    /// The address of a document: base and query, as they are.
    pub(crate) fn document_address(&self) -> String {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{}", query.expose()));
        self.base.expose().to_owned() + &query
    }

    /// Moves the query and the fragment of an address that a fact gave as a whole to their own fields.
    fn separate_query_and_fragment(&mut self) {
        let Some(at) = self.base.judged(|base| base.find(['?', '#'])) else { return };
        let (base, rest) = self.base.split_at(at);
        self.base = base;
        let hash = rest.judged(|rest| rest.find('#'));
        let (query, fragment) = hash.map_or((rest.clone(), None), |at| {
            let (query, fragment) = rest.split_at(at);
            (query, Some(fragment.without_first_byte()))
        });
        if query.judged(|query| query.starts_with('?')) {
            let mut whole = query.without_first_byte();
            if let Some(more) = self.query.take() {
                whole.push_str("&");
                whole.push(&more);
            }
            self.query = Some(whole);
        }
        self.fragment = self.fragment.take().or(fragment);
    }
}

/// Why an address could not be filled.
#[derive(Clone, Debug)]
pub(crate) enum AddressError {
    /// A hole found nothing.
    Missing(UnfilledHole),
    /// It would lead to an address that is not allowed.
    Refused(AddressProblem, Place),
}

/// What is wrong with a filled address. It never holds the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProblem {
    /// It begins with neither `https://` nor `http://`.
    NoScheme,
    Blank,
    Backslash,
    UserPart,
    NoHost,
    BadHost,
    /// The host is written so that programs read another one.
    AmbiguousHost,
    Path,
    TrailingSlash,
    Query,
    Fragment,
    /// `hosts` names the host with another scheme.
    OtherScheme,
    OtherHost,
    NotEncrypted,
    ThisMachine,
    /// A hole in the host holds what is no part of a host.
    HostPart,
    DotSegment,
}

impl AddressProblem {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::NoScheme => "the address does not begin with https://",
            Self::Blank => "the address holds a blank or a control character",
            Self::Backslash => "the address holds a backslash",
            Self::UserPart => "the address holds a user's name before its host",
            Self::NoHost => "the address has no host",
            Self::BadHost => "the host of the address is not a host",
            Self::AmbiguousHost => "the host of the address is written in a way that programs read differently",
            Self::Path => "the value for scheme and host holds a path",
            Self::TrailingSlash => "the value for scheme and host ends in `/`; it has to end with the host",
            Self::Query => "the value for scheme and host holds a query",
            Self::Fragment => "the value for scheme and host holds a fragment",
            Self::OtherScheme => "the address begins with another scheme than `hosts` allows for this host",
            Self::OtherHost => "the address leads to a host that `hosts` does not name",
            Self::NotEncrypted => "the address begins with http://, which is allowed only for a provider on this machine",
            Self::ThisMachine => "the address leads to this machine itself",
            Self::HostPart => "a hole in the host holds more than letters, digits and `-`",
            Self::DotSegment => "a hole would change the path of the address (`.` or `..`)",
        }
    }
}

/// The origin of a filled address, and what follows it.
struct FilledOrigin<'a> {
    scheme: Scheme,
    /// The host in small letters, with its port.
    host: String,
    rest: &'a str,
}

/// Takes an address apart that may come from outside.
fn split_origin(address: &str) -> Result<FilledOrigin<'_>, AddressProblem> {
    if address.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Err(AddressProblem::Blank);
    }
    if address.contains('\\') {
        return Err(AddressProblem::Backslash);
    }
    let (scheme, after) = match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
        (Some(after), _) => (Scheme::Https, after),
        (None, Some(after)) => (Scheme::Http, after),
        (None, None) => return Err(AddressProblem::NoScheme),
    };
    let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
    if authority.contains('@') {
        return Err(AddressProblem::UserPart);
    }
    if authority.is_empty() {
        return Err(AddressProblem::NoHost);
    }
    let host = authority.to_ascii_lowercase();
    if !is_host(host.strip_suffix('.').unwrap_or(&host)) {
        return Err(AddressProblem::BadHost);
    }
    // What is compared here has to be what is called later.
    let name = if host.ends_with(']') { &*host } else { host.rsplit_once(':').map_or(&*host, |(name, _)| name) };
    let read_by_others = url::Url::parse(&format!("https://{name}/")).ok();
    if read_by_others.as_ref().and_then(url::Url::host_str) != Some(name) {
        return Err(AddressProblem::AmbiguousHost);
    }
    Ok(FilledOrigin { scheme, host, rest })
}

/// What an address is compiled with.
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

    pub(crate) fn fill(&self, facts: &Facts) -> Result<FilledAddress, AddressError> {
        let mut filled = FilledAddress::default();
        // The query is appended later, so room is reserved for it.
        filled.base.reserve(self.template.source.len() + 256);
        for (zone, piece) in &self.parts {
            let into = match zone {
                AddressPart::Base | AddressPart::Host | AddressPart::Path => &mut filled.base,
                AddressPart::Query => filled.query.get_or_insert_default(),
                AddressPart::Fragment => filled.fragment.get_or_insert_default(),
            };
            match piece {
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

/// Complains if the written part of a host is excluded by every pattern of `hosts`, whatever its holes hold.
fn check_hosts_can_match(parts: &[(AddressPart, TemplatePiece)], patterns: &[Template], place: Place, reader: &mut Reader) {
    let of_host = parts.iter().filter(|(zone, _)| *zone == AddressPart::Host).skip(1).map(|(_, piece)| piece);
    let host: String = of_host
        .map(|piece| match piece {
            TemplatePiece::Literal(text) => text.to_ascii_lowercase(),
            TemplatePiece::Hole(_) => UNKNOWN_PART.to_owned(),
        })
        .collect();
    let literals: Option<Vec<String>> = patterns.iter().map(Template::as_literal).collect();
    // A pattern that is no pattern is complained about already.
    if patterns.iter().any(|pattern| reader.has_complaint_at(pattern.place)) {
        return;
    }
    // Where the whole origin is a hole, or a pattern has one, only a login can tell.
    if let Some(literals) = literals.filter(|literals| !host.is_empty() && !literals.is_empty())
        && !literals.iter().any(|pattern| may_match(pattern, &host))
    {
        let shown = host.replace(UNKNOWN_PART, "…");
        let help = "add a pattern for this host (`*` is exactly one label), or mend the address";
        reader.complain(place, format!("`hosts` excludes this address: no pattern matches `{shown}`"), help);
    }
}

/// The place of a hole for scheme and host that is followed by more of the host.
fn host_after_base(template: &Template) -> Option<Place> {
    match template.pieces() {
        [TemplatePiece::Hole(_), TemplatePiece::Literal(text), ..] if text.starts_with(['/', '?', '#']) => None,
        [TemplatePiece::Hole(hole), _, ..] => Some(hole.place),
        _ => None,
    }
}

/// The fact that gives a whole address, to which the template adds a query or a fragment at most.
fn document_address(template: &Template) -> Option<Slot> {
    match template.pieces() {
        [TemplatePiece::Hole(hole)] => hole.bare_fact(),
        [TemplatePiece::Hole(hole), TemplatePiece::Literal(next), ..] if next.starts_with(['?', '#']) => hole.bare_fact(),
        _ => None,
    }
}

/// What keeps a value from standing for scheme and host.
fn problem_with_origin(value: &str) -> Option<AddressProblem> {
    match split_origin(value) {
        Err(problem) => Some(problem),
        Ok(FilledOrigin { rest: "", .. }) => None,
        Ok(FilledOrigin { rest: "/", .. }) => Some(AddressProblem::TrailingSlash),
        Ok(FilledOrigin { rest, .. }) if rest.starts_with('?') => Some(AddressProblem::Query),
        Ok(FilledOrigin { rest, .. }) if rest.starts_with('#') => Some(AddressProblem::Fragment),
        Ok(_) => Some(AddressProblem::Path),
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

fn split_into_parts(template: &Template) -> Vec<(AddressPart, TemplatePiece)> {
    let mut parts = Vec::new();
    let mut zone = if matches!(template.pieces().first(), Some(TemplatePiece::Hole(_))) { AddressPart::Base } else { AddressPart::Host };
    let mut scheme_seen = zone == AddressPart::Base;
    for piece in template.pieces() {
        let TemplatePiece::Literal(text) = piece else {
            parts.push((zone, piece.clone()));
            if zone == AddressPart::Base {
                zone = AddressPart::Path;
            }
            continue;
        };
        let mut rest = &**text;
        if !scheme_seen {
            scheme_seen = true;
            let end = rest.find("://").map_or(0, |at| at + 3);
            parts.push((AddressPart::Host, TemplatePiece::Literal(rest[..end].into())));
            rest = &rest[end..];
        }
        while !rest.is_empty() {
            let next = match zone {
                AddressPart::Base | AddressPart::Host => rest.find(['/', '?', '#']),
                AddressPart::Path => rest.find(['?', '#']),
                AddressPart::Query => rest.find('#'),
                AddressPart::Fragment => None,
            };
            let end = next.unwrap_or(rest.len());
            if end > 0 {
                parts.push((zone, TemplatePiece::Literal(rest[..end].into())));
            }
            let Some(mark) = rest[end..].chars().next() else { break };
            zone = match mark {
                '/' => AddressPart::Path,
                '?' => AddressPart::Query,
                _ => AddressPart::Fragment,
            };
            if mark == '/' {
                parts.push((AddressPart::Path, TemplatePiece::Literal("/".into())));
            } else {
                parts.push((zone, TemplatePiece::Literal("".into())));
            }
            rest = &rest[end + 1..];
        }
    }
    parts
}

fn check_literal_start(template: &Template, place: Place, context: &AddressContext<'_>, reader: &mut Reader) -> bool {
    let Some(TemplatePiece::Literal(start)) = template.pieces().first() else { return true };
    let shown = printable(&start.chars().take(60).collect::<String>());
    let (secure, rest) = match (start.strip_prefix("https://"), start.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => {
            reader.complain(place, format!("`{shown}` is not the address of a provider"), help_without_scheme(start, &shown));
            return false;
        }
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let whole_host_is_literal = host.len() < rest.len() || template.is_literal();
    if template.source.chars().any(|letter| letter.is_control() || (letter.is_whitespace() && !template.source.contains("${"))) {
        reader.complain(place, "this address holds a blank or a control character", "write blanks as `%20`");
        return false;
    }
    if host.contains('@') {
        reader.complain(
            place,
            "this address holds a user's name before its host",
            "leave it out; credentials are placed by `credentials` or `headers`",
        );
        return false;
    }
    if whole_host_is_literal && (host.is_empty() || host.starts_with('.') || host.contains("..") || host.starts_with(':')) {
        reader.complain(place, format!("`{shown}` has no host"), "write the whole address, such as `https://sso.acme.example/token`");
        return false;
    }
    if template.source.contains(['{', '}', '<', '>', '\\', '“', '”', '|', '^']) && template.is_literal() {
        let help = if template.source.contains(['{', '<']) {
            "a hole is written `${fact}`"
        } else {
            "write the address with ordinary characters; others are percent-encoded"
        };
        reader.complain(place, "this address holds characters that no address has", help);
        return false;
    }
    if whole_host_is_literal && !is_host(&host) && (context.loopback || !is_loopback(&host)) {
        reader.complain(
            place,
            format!("`{}` is not a host", printable(&host)),
            "write letters, digits, `-` and dots, and a port from 1 to 65535 where there is one: `sso.acme.example:8443`",
        );
        return false;
    }
    check_encryption(&host, secure, whole_host_is_literal, (place, context), reader)
}

fn help_without_scheme(start: &str, shown: &str) -> String {
    if start.starts_with(['“', '”', '‘', '’']) {
        "these are no quotes of YAML: write `\"` or none".to_owned()
    } else if start.contains("://") || start.starts_with('/') {
        "write the whole address, beginning with `https://`".to_owned()
    } else {
        format!("write `https://{shown}`")
    }
}

/// Checks that http and loopback are used only where the installation itself is on loopback.
fn check_encryption(
    host: &str,
    secure: bool,
    whole_host_is_literal: bool,
    (place, context): (Place, &AddressContext<'_>),
    reader: &mut Reader,
) -> bool {
    let local = is_loopback(host);
    if (!secure || local) && !context.loopback {
        let message = if local { format!("`{host}` is this machine itself") } else { format!("`http://{host}` is not encrypted") };
        reader.complain(
            place,
            message,
            "write the provider's https address; http and loopback are accepted only where the installation's own publicUrl is on loopback",
        );
        return false;
    }
    if !secure && !local && whole_host_is_literal {
        let help = "write `https://…`; this is accepted only because the installation's own publicUrl is on loopback";
        reader.warn(place, format!("`http://{host}` is not encrypted"), help);
    }
    true
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
