//! Browsers inside of apps, such as those that open the links of messages. Some providers refuse a sign-in there.

use crate::vocabulary::data_file::read_data_file;
use serde::Deserialize;
use std::sync::LazyLock;

static KNOWN: LazyLock<Vec<KnownInAppBrowser>> = LazyLock::new(|| read_data_file(include_str!("in_app_browsers.yaml")));

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownInAppBrowser {
    name: Option<String>,
    words: Vec<String>,
}

/// The browser of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InAppBrowser {
    /// The name of the app, if it is known.
    pub(crate) name: Option<&'static str>,
    /// Whether a link can open the browser of the device: on Android it can.
    pub(crate) can_leave_by_link: bool,
}

impl InAppBrowser {
    /// The browser that names itself so, if it is that of an app.
    pub(crate) fn of_user_agent(user_agent: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|known| known.words.iter().any(|word| user_agent.contains(word.as_str())))?;
        Some(Self { name: known.name.as_deref(), can_leave_by_link: user_agent.contains("Android") })
    }
}

/// The link that opens an address in the browser of an Android device.
pub(crate) fn link_out(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    Some(format!("intent://{rest}#Intent;scheme={scheme};end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser names itself, and the app to which it belongs: an empty name is an app that is not known, none a browser of a device.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sample {
        app: Option<String>,
        user_agent: String,
    }

    #[test]
    fn the_browsers_of_apps_are_recognized_and_those_of_devices_are_none() {
        let samples: Vec<Sample> = read_data_file(include_str!("../../tests/user_agents.json"));
        assert!(samples.len() >= 18);

        for Sample { app, user_agent } in samples {
            let found = InAppBrowser::of_user_agent(&user_agent);

            assert_eq!(found.map(|browser| browser.name.unwrap_or_default()), app.as_deref(), "{user_agent}");
            assert!(found.is_none_or(|browser| browser.can_leave_by_link == user_agent.contains("Android")), "{user_agent}");
        }
        assert_eq!(InAppBrowser::of_user_agent(""), None);
    }

    #[test]
    fn a_link_out_names_the_address_and_its_scheme() {
        for (address, expected) in [
            ("https://login.loja.example/login", Some("intent://login.loja.example/login#Intent;scheme=https;end")),
            ("http://localhost:8080/login?a=%3B%23b", Some("intent://localhost:8080/login?a=%3B%23b#Intent;scheme=http;end")),
            ("/login", None),
        ] {
            assert_eq!(link_out(address).as_deref(), expected);
        }
    }
}
