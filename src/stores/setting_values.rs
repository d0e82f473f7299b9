//! The values of settings that stand where addresses name a host: a whole address there would send every login elsewhere.

use crate::provider::Provider;
use crate::vocabulary::diagnostic::{Complaint, Severity};
use crate::world::secrets;
use url::Host;

/// Warnings about settings that are no host, or not only the part of one that the file asks for.
pub(crate) fn odd_hosts(provider: &Provider) -> impl Iterator<Item = Complaint> {
    let text = provider.source.text.to_string();
    provider.needed.iter().filter(|needed| !needed.secret).filter_map(move |needed| {
        let name = provider.names.name(needed.fact);
        let behind = text_behind_host(&text, name)?;
        let value = secrets::setting_value(&needed.reference)?;
        let help = fault_of_host(&value, behind)?;
        let message = format!("`{}` is no host that fits the addresses of this file", needed.reference.location());
        Some(Complaint::new(Severity::Warning, needed.reference_place.or(Some(needed.place)), message, help))
    })
}

/// What stands behind this setting where it is the host of an address, or the beginning of one.
fn text_behind_host<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, behind) = text.split_once(&format!("://${{{name}}}"))?;
    Some(behind.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')).next().unwrap_or_default())
}

/// What to do about a value in front of the rest of a host; `None` if it fits.
fn fault_of_host(value: &str, behind: &str) -> Option<String> {
    if fits(value, behind) && (behind.is_empty() || !value.ends_with(behind)) {
        return None;
    }
    // What may stand around a host: the scheme, who asks (which may be a secret), the path, and what the file says itself.
    let bare = value.split_once("://").map_or(value, |(_, bare)| bare).split(['/', '?', '#']).next().unwrap_or_default();
    let bare = bare.rsplit('@').next().unwrap_or_default();
    let bare = bare.strip_suffix(behind).filter(|_| !behind.is_empty()).unwrap_or(bare);
    let such_as = if fits(bare, behind) && bare != value { format!(", such as `{bare}`") } else { String::new() };
    let what = if behind.is_empty() { "the host alone".to_owned() } else { format!("only what stands in front of `{behind}`") };
    Some(format!("write {what}, without `https://` and without `/`{such_as}"))
}

/// Whether a value and what stands behind it make a host, where there is nothing behind it with a port.
fn fits(value: &str, behind: &str) -> bool {
    let (host, port) = match value.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, Some(port)),
        None => (value, None),
    };
    let is_port = |port: &str| behind.is_empty() && port.parse::<u16>().is_ok();
    !value.contains(['/', '@', '?', '#', ' ']) && Host::parse(&format!("{host}{behind}")).is_ok() && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_stands_alone_in_front_of_what_the_file_says() {
        for (value, behind) in [
            ("quist.acme.example", ""),
            ("localhost:8080", ""),
            ("10.0.0.1", ""),
            ("[::1]", ""),
            ("[::1]:8080", ""),
            ("quist", ".desk.example"),
            ("a.b", ".desk.example"),
        ] {
            assert_eq!(fault_of_host(value, behind), None, "{value}");
        }
        for (value, behind, help) in [
            ("https://quist.acme.example", "", "such as `quist.acme.example`"),
            ("sso.escola.example/", "", "such as `sso.escola.example`"),
            ("https://sso.escola.example/login", "", "such as `sso.escola.example`"),
            ("ana@quist.example", "", "without `https://`"),
            ("quist.example:http", "", "without `https://`"),
            ("quist.desk.example", ".desk.example", "in front of `.desk.example`, without `https://` and without `/`, such as `quist`"),
            ("https://quist.desk.example/", ".desk.example", "such as `quist`"),
            ("https://quist", ".desk.example", "such as `quist`"),
            ("https://ana:hunter2@git.acme.example", "", "without `/`, such as `git.acme.example`"),
        ] {
            let said = fault_of_host(value, behind).unwrap_or_default();
            assert!(said.contains(help), "{value}: {said}");
        }
    }

    #[test]
    fn what_stands_behind_a_setting_ends_with_the_host() {
        let behind = |text: &str| text_behind_host(text, "host").map(str::to_owned);
        assert_eq!(behind("get: https://${host}/a"), Some(String::new()));
        assert_eq!(behind("get: https://${host}.desk.example/a"), Some(".desk.example".to_owned()));
        assert_eq!(behind("get: https://idp.example/${host}"), None);
    }
}
