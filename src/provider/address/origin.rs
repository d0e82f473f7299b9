//! The origin of an address that may come from outside, and what is wrong with such an address.

use crate::provider::hosts::{Scheme, is_host, without_port};

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
pub(crate) struct FilledOrigin<'a> {
    pub(crate) scheme: Scheme,
    /// The host in small letters, with its port.
    pub(crate) host: String,
    pub(crate) rest: &'a str,
}

/// Takes an address apart that may come from outside.
pub(crate) fn split_origin(address: &str) -> Result<FilledOrigin<'_>, AddressProblem> {
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
    let name = without_port(&host);
    let read_by_others = url::Url::parse(&format!("https://{name}/")).ok();
    if read_by_others.as_ref().and_then(url::Url::host_str) != Some(name) {
        return Err(AddressProblem::AmbiguousHost);
    }
    Ok(FilledOrigin { scheme, host, rest })
}

/// What keeps a value from standing for scheme and host.
pub(crate) fn problem_with_origin(value: &str) -> Option<AddressProblem> {
    match split_origin(value) {
        Err(problem) => Some(problem),
        Ok(FilledOrigin { rest: "", .. }) => None,
        Ok(FilledOrigin { rest: "/", .. }) => Some(AddressProblem::TrailingSlash),
        Ok(FilledOrigin { rest, .. }) if rest.starts_with('?') => Some(AddressProblem::Query),
        Ok(FilledOrigin { rest, .. }) if rest.starts_with('#') => Some(AddressProblem::Fragment),
        Ok(_) => Some(AddressProblem::Path),
    }
}
