//! The device and the browser of a session, in words that its person recognizes. They are found when the session begins, and the header
//! from which they come is not kept.

use crate::pages::in_app_browser::InAppBrowser;
use crate::pages::phrases::{Phrases, fill};
use crate::vocabulary::data_file::read_data_file;
use serde::Deserialize;
use std::sync::LazyLock;

static KNOWN: LazyLock<KnownDevices> = LazyLock::new(|| read_data_file(include_str!("devices.yaml")));

/// A longer header names no browser that people use.
const LONGEST: usize = 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownDevices {
    systems: Vec<KnownDevice>,
    browsers: Vec<KnownDevice>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownDevice {
    name: String,
    words: Vec<String>,
    #[serde(default)]
    handheld: bool,
}

/// The device and the browser, each by its name if it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device<'a> {
    browser: Option<&'a str>,
    system: Option<&'a str>,
}

impl Device<'static> {
    /// What a browser says of itself. An app whose browser it is counts as the browser.
    pub(crate) fn of_user_agent(user_agent: &str) -> Option<Self> {
        if user_agent.len() > LONGEST {
            return None;
        }
        let named = |list: &'static [KnownDevice]| {
            let known = list.iter().find(|known| known.words.iter().any(|word| user_agent.contains(word.as_str())));
            known.map(|known| known.name.as_str())
        };
        let app = InAppBrowser::of_user_agent(user_agent).and_then(|app| app.name);
        let device = Self { browser: app.or_else(|| named(&KNOWN.browsers)), system: named(&KNOWN.systems) };
        (device.browser.is_some() || device.system.is_some()).then_some(device)
    }
}

impl<'a> Device<'a> {
    /// As storage keeps it.
    pub(crate) fn to_stored(self) -> Box<str> {
        format!("{}/{}", self.browser.unwrap_or_default(), self.system.unwrap_or_default()).into()
    }

    pub(crate) fn from_stored(stored: &'a str) -> Option<Self> {
        let (browser, system) = stored.split_once('/')?;
        let named = |name: &'a str| Some(name).filter(|name| !name.is_empty());
        Some(Self { browser: named(browser), system: named(system) })
    }

    /// Whether it is held in a hand, like a phone.
    pub(crate) fn is_handheld(self) -> bool {
        KNOWN.systems.iter().any(|known| known.handheld && self.system == Some(known.name.as_str()))
    }

    /// As a person reads it.
    pub(crate) fn describe(self, phrases: &Phrases) -> String {
        match (self.browser, self.system) {
            (Some(browser), Some(system)) => fill(&phrases.account.device, &[("browser", browser), ("system", system)]),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => phrases.account.device_unknown.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageLanguages;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct DeviceSample {
        user_agent: String,
        device: String,
    }

    #[test]
    fn a_device_is_named_by_its_browser_and_its_system() {
        let languages = PageLanguages::embedded();
        let phrases = &languages.get("en").unwrap().phrases;
        let samples: Vec<DeviceSample> = read_data_file(include_str!("../../tests/user_agents.json"));

        for DeviceSample { user_agent, device } in samples {
            let stored = Device::of_user_agent(&user_agent).expect("it is known").to_stored();

            let found = Device::from_stored(&stored).expect("it was stored");
            assert_eq!(found.describe(phrases), device, "{user_agent}");
            let is_mobile = user_agent.contains("Android") || user_agent.contains("iP");
            assert_eq!(found.is_handheld(), is_mobile, "{user_agent}");
        }
    }

    #[test]
    fn only_names_of_the_data_file_are_kept_of_a_header() {
        for (user_agent, stored) in
            [("curl/8.5.0", None), ("", None), ("ana@loja.example Android", Some("/Android")), ("<script>Firefox/140.0", Some("Firefox/"))]
        {
            assert_eq!(Device::of_user_agent(user_agent).map(Device::to_stored).as_deref(), stored, "{user_agent}");
        }
        assert_eq!(Device::of_user_agent(&"Chrome/1 ".repeat(200)), None);
        assert_eq!(Device::from_stored("no slash"), None);
        let all = KNOWN.systems.iter().chain(&KNOWN.browsers);
        assert!(all.clone().count() > 15 && all.clone().all(|known| !known.name.contains('/') && !known.words.is_empty()));
    }
}
