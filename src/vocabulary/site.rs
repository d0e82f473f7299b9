//! Which hosts belong to one site: to one domain that can be registered. Hosts that are numbers belong to themselves alone.

use url::Host;

/// Whether two hosts belong to one site, each with or without a port. Nothing is of the same site as a text that is no host, and a host with a
/// dot at its end is another one than that without, as it is to browsers.
pub(crate) fn is_same_site(one: &str, other: &str) -> bool {
    let (one, other) = (SiteHost::read(one), SiteHost::read(other));
    one == other && one != SiteHost::None || one.site().is_some_and(|site| other.site() == Some(site))
}

/// Whether two addresses, as a file may write them, lead to one site.
pub(crate) fn are_of_same_site(one: &str, other: &str) -> bool {
    is_same_site(host_of_address(one), host_of_address(other))
}

/// The host of an address as a file may write it, with its port.
pub(crate) fn host_of_address(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// A host without its port.
#[derive(PartialEq, Eq)]
enum SiteHost {
    None,
    /// An address of numbers, however it was written.
    Number(String),
    /// A name in small letters.
    Name(String),
}

impl SiteHost {
    fn read(host: &str) -> Self {
        let name = if host.ends_with(']') { host } else { host.rsplit_once(':').map_or(host, |(name, _)| name) };
        match Host::parse(name) {
            Ok(Host::Domain(name)) => Self::Name(name),
            Ok(number @ (Host::Ipv4(_) | Host::Ipv6(_))) => Self::Number(number.to_string()),
            // A hole of a file, which stands for a part of the host.
            Err(_) if name.contains("${") && !name.starts_with('[') => Self::Name(name.to_ascii_lowercase()),
            Err(_) => Self::None,
        }
    }

    /// The registered domain, and whether a dot ends the name. A domain that a hole of the file is part of is not known.
    fn site(&self) -> Option<(&str, bool)> {
        match self {
            Self::Name(name) => {
                let domain = psl::domain_str(name).filter(|site| !site.contains(['$', '{', '}']));
                domain.map(|domain| (domain.trim_end_matches('.'), name.ends_with('.')))
            }
            Self::Number(_) | Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_one_site_below_one_registered_domain() {
        for (one, other, expected) in [
            ("login.loja.example", "www.loja.example", true),
            ("login.loja.example", "loja.example:8443", true),
            ("LOGIN.loja.example", "www.LOJA.example:443", true),
            ("login.loja.com.br", "www.loja.com.br", true),
            ("login.loja.example", "loja.outra.example", false),
            ("acme.example", "acme.example.evil.example", false),
            // Strangers register names below these.
            ("loja.com.br", "outra.com.br", false),
            ("loja.pages.dev", "outra.pages.dev", false),
            ("um.co.uk", "dois.co.uk", false),
            ("com.br", "loja.com.br", false),
            // One host is one site, even if no name can be registered below it.
            ("localhost:8080", "localhost:9000", true),
            ("intranet", "INTRANET:8443", true),
            ("localhost:8080", "127.0.0.1:9000", false),
            // Numbers.
            ("192.0.2.7", "192.0.2.7:81", true),
            ("192.0.2.7", "198.51.2.7", false),
            ("10.0.0.1", "11.0.0.1:443", false),
            ("127.0.0.1", "127.1", true),
            ("2130706433", "127.0.0.1:8080", true),
            ("192.0.2.7", "7", false),
            ("[2001:db8::1]", "[2001:db8::1]:8443", true),
            ("[2001:db8::1]", "[2001:DB8:0::1]", true),
            ("[2001:db8::1]", "[2001:db8::2]", false),
            ("[2001:db8::1]:443", "[2001:db8::2]:443", false),
            ("[::ffff:192.0.2.7]", "192.0.2.7", false),
            // A dot at the end makes another host.
            ("login.loja.example.", "www.loja.example", false),
            ("loja.example.", "loja.example", false),
            ("login.loja.example.", "www.loja.example.", true),
            // Letters beyond ASCII.
            ("login.lojão.example", "www.xn--lojo-ioa.example", true),
            // Holes of a file.
            ("${shop}.shops.example", "api.shops.example", true),
            ("${shop}", "${shop}", true),
            ("sso.${domain}", "api.${domain}", false),
            ("a.${x}.example", "b.${x}.example", false),
            ("${a}.co.uk", "x.co.uk", false),
            // No host.
            ("", "", false),
            ("a b", "a b", false),
            ("[::1", "[::1", false),
        ] {
            assert_eq!(is_same_site(one, other), expected, "{one} {other}");
            assert_eq!(is_same_site(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn the_host_of_an_address_ends_where_a_browser_ends_it() {
        for (address, host) in [
            ("https://sso.acme.example/token?x=/", "sso.acme.example"),
            ("https://sso.acme.example:8443", "sso.acme.example:8443"),
            ("https://acme.example@evil.example/", "evil.example"),
            ("https://evil.example\\@acme.example/", "evil.example"),
            ("https://evil.example#@acme.example/", "evil.example"),
            ("https://[2001:db8::1]:443/t", "[2001:db8::1]:443"),
            ("sso.acme.example/token", "sso.acme.example"),
        ] {
            assert_eq!(host_of_address(address), host, "{address}");
        }
        assert!(are_of_same_site("https://sso.acme.example/token", "https://login.acme.example/me"));
        assert!(!are_of_same_site("https://10.0.0.1/token", "https://11.0.0.1/token"));
    }
}
