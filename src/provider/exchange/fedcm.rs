//! The word `fedcm`: where the provider says how browsers sign in there without leaving the page of the store (Federated Credential
//! Management).

use crate::provider::hosts::is_loopback;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::Reader;
use url::Url;

/// The provider's configuration for browsers.
#[derive(Clone, Debug)]
pub(crate) struct FedCm {
    pub(crate) place: Place,
    pub(crate) config: Box<str>,
}

impl FedCm {
    pub(crate) fn compile(config: &Located<String>, reader: &mut Reader) -> Self {
        if !is_address(config) {
            let help = "write the whole address, such as `https://accounts.acme.example/fedcm.json`; holes are not filled here";
            reader.complain(config.place, format!("`{}` is not the https address of a configuration", config.value), help);
        }
        Self { place: config.place, config: config.value.as_str().into() }
    }
}

/// Browsers take https, and http on this machine.
fn is_address(config: &str) -> bool {
    let Ok(url) = Url::parse(config) else { return false };
    let is_secure = url.scheme() == "https" || url.scheme() == "http" && url.host_str().is_some_and(is_loopback);
    is_secure && url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && !config.contains("${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_at_an_address_that_browsers_take() {
        for (config, expected) in [
            ("https://accounts.acme.example/fedcm.json", true),
            ("https://accounts.acme.example/gsi/fedcm.json?v=2", true),
            ("http://localhost:9001/fedcm.json", true),
            ("http://accounts.acme.example/fedcm.json", false),
            ("https://ana:senha@accounts.acme.example/fedcm.json", false),
            ("https://${host}/fedcm.json", false),
            ("https://accounts.acme.example/fedcm.json#x", false),
            ("/fedcm.json", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(is_address(config), expected, "{config}");
        }
    }
}
