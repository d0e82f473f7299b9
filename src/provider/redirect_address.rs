//! The word `redirectUri`: the address to which the provider sends the browser back, where it is another one than the usual.

use crate::provider::callback::StateLocation;
use crate::provider::hosts::{is_host, is_loopback};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::Reader;

/// The address that is registered at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedirectAddress(Option<RegisteredAddress>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct RegisteredAddress {
    /// Scheme and host; `None` for those of `publicUrl`.
    origin: Option<Box<str>>,
    path: Box<str>,
    place: Place,
}

impl RedirectAddress {
    /// The address below `publicUrl` that every provider has.
    pub(crate) const USUAL: Self = Self(None);

    /// The address of a file, or a complaint.
    pub(crate) fn compile(written: Option<&Located<String>>, state_in: StateLocation, reader: &mut Reader) -> Self {
        let Some(written) = written else { return Self::USUAL };
        if state_in == StateLocation::Path {
            let help = "leave `redirectUri` out, or let the state come back as a parameter";
            reader.complain(
                written.place,
                "with `stateIn: path` the state stands in the redirect address, so it cannot be a fixed one",
                help,
            );
        }
        let (origin, path) = split_origin(written);
        if origin.is_some_and(|origin| !is_origin(origin)) || !is_path(path) {
            reader.complain(
                written.place,
                format!("`{}` is not an address to which a provider could send the browser", printable(written)),
                "write a path of `publicUrl`, such as `/oauth/volta`, or a whole address with https, without a query: `https://www.loja.example/oauth/volta`",
            );
            return Self::USUAL;
        }
        Self(Some(RegisteredAddress { origin: origin.map(Into::into), path: path.into(), place: written.place }))
    }

    /// The address for a broker at this address and a file of this name.
    pub(crate) fn of(&self, public_url: &str, name: &str) -> String {
        let public_url = public_url.trim_end_matches('/');
        match &self.0 {
            None => format!("{public_url}/callback/{name}"),
            Some(RegisteredAddress { origin, path, .. }) => format!("{}{path}", origin.as_deref().unwrap_or(public_url)),
        }
    }

    /// The path at which the callback arrives, and the place that says so, if it is not the usual one.
    pub(crate) fn own_path(&self) -> Option<(&str, Place)> {
        self.0.as_ref().map(|registered| (&*registered.path, registered.place))
    }
}

/// The origin of an address, if it has one, and its path.
fn split_origin(address: &str) -> (Option<&str>, &str) {
    let Some(behind_scheme) = address.find("://").map(|at| at.saturating_add(3)) else { return (None, address) };
    let rest = address.get(behind_scheme..).unwrap_or_default();
    let host_length = rest.find('/').unwrap_or(rest.len());
    let (origin, path) = address.split_at(behind_scheme.saturating_add(host_length));
    (Some(origin), path)
}

fn is_origin(origin: &str) -> bool {
    match origin.split_once("://") {
        Some(("https", host)) => is_host(host),
        Some(("http", host)) => is_host(host) && is_loopback(host),
        Some(_) | None => false,
    }
}

/// Whether every program reads the path in the same way.
fn is_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(is_plain);
    path.len() <= 200 && path.strip_prefix('/').is_some_and(|rest| rest.strip_suffix('/').unwrap_or(rest).split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_a_whole_address_takes_the_place_of_the_usual_one() {
        for (written, expected) in [
            (Some("/oauth/volta"), Some("https://login.loja.example/oauth/volta")),
            (Some("/volta.php/"), Some("https://login.loja.example/volta.php/")),
            (Some("https://www.loja.example/api/vtexid/oauth/finish"), Some("https://www.loja.example/api/vtexid/oauth/finish")),
            (Some("http://localhost:3000/volta"), Some("http://localhost:3000/volta")),
            (None, Some("https://login.loja.example/callback/acme")),
            (Some("/"), None),
            (Some(""), None),
            (Some("volta"), None),
            (Some("//www.loja.example/volta"), None),
            (Some("/a/../b"), None),
            (Some("/a//b"), None),
            (Some("/volta?x=1"), None),
            (Some("/volta#x"), None),
            (Some("/vo%6cta"), None),
            (Some("https://www.loja.example"), None),
            (Some("https://www.loja.example/"), None),
            (Some("http://www.loja.example/volta"), None),
            (Some("https://user@www.loja.example/volta"), None),
            (Some("javascript://www.loja.example/volta"), None),
            (Some("${publicUrl}/volta"), None),
        ] {
            let mut reader = Reader::default();
            let located = written.map(|text| Located::new(text.to_owned(), Place::default()));
            let address = RedirectAddress::compile(located.as_ref(), StateLocation::Query, &mut reader);
            let found = reader.complaints.is_empty().then(|| address.of("https://login.loja.example/", "acme"));
            assert_eq!(found.as_deref(), expected, "{written:?}");
        }
    }
}
