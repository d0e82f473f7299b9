//! Complaints about an address that leads nowhere, or elsewhere than the file says.

use crate::provider::address::{AddressContext, AddressPart};
use crate::provider::hosts::{UNKNOWN_PART, is_host, is_loopback, may_match};
use crate::provider::template::{Template, TemplatePiece};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;

/// Complains if the written part of a host is excluded by every pattern of `hosts`, whatever its holes hold.
pub(crate) fn check_hosts_can_match(parts: &[(AddressPart, TemplatePiece)], patterns: &[Template], place: Place, reader: &mut Reader) {
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
pub(crate) fn host_after_base(template: &Template) -> Option<Place> {
    match template.pieces() {
        [TemplatePiece::Hole(_), TemplatePiece::Literal(text), ..] if text.starts_with(['/', '?', '#']) => None,
        [TemplatePiece::Hole(hole), _, ..] => Some(hole.place),
        _ => None,
    }
}

/// The fact that gives a whole address, to which the template adds a query or a fragment at most.
pub(crate) fn document_address(template: &Template) -> Option<Slot> {
    match template.pieces() {
        [TemplatePiece::Hole(hole)] => hole.bare_fact(),
        [TemplatePiece::Hole(hole), TemplatePiece::Literal(next), ..] if next.starts_with(['?', '#']) => hole.bare_fact(),
        _ => None,
    }
}

pub(crate) fn check_literal_start(template: &Template, place: Place, context: &AddressContext<'_>, reader: &mut Reader) -> bool {
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
