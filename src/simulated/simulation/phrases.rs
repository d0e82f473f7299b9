//! The words of a simulation's pages, in the languages of the product.

use crate::simulated::simulation::fault::SimulatedFault;
use crate::simulated::simulation::handed_in::HandedFault;
use crate::vocabulary::data_file::read_data_file;
use crate::vocabulary::localized_text::is_language_tag;
use serde::Deserialize;
use std::sync::LazyLock;

/// The embedded languages; the first is shown to a browser that prefers none of them.
const EMBEDDED: [(&str, &str); 6] = [
    ("en", include_str!("../languages/en.yaml")),
    ("es", include_str!("../languages/es.yaml")),
    ("ja", include_str!("../languages/ja.yaml")),
    ("pt-BR", include_str!("../languages/pt-BR.yaml")),
    ("ru", include_str!("../languages/ru.yaml")),
    ("zh-TW", include_str!("../languages/zh-TW.yaml")),
];

static LANGUAGES: LazyLock<Vec<SimulationLanguage>> =
    LazyLock::new(|| EMBEDDED.iter().map(|(code, text)| SimulationLanguage { code, phrases: read_data_file(text) }).collect());

/// A language of the pages.
pub(super) struct SimulationLanguage {
    pub(super) code: &'static str,
    pub(super) phrases: SimulationPhrases,
}

/// What a fault is called, and what it does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultPhrases {
    pub(super) title: String,
    pub(super) effect: String,
}

/// The words of the pages.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SimulationPhrases {
    pub(super) banner: String,
    pub(super) start: String,
    pub(super) logins: String,
    pub(super) refusals: String,
    pub(super) faults: String,
    pub(super) tokens: String,
    pub(super) choose: String,
    pub(super) choose_lead: String,
    pub(super) nothing_to_choose: String,
    pub(super) overview: String,
    pub(super) overview_lead: String,
    pub(super) differences: String,
    pub(super) differences_lead: String,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) line: String,
    pub(super) the_method: String,
    pub(super) the_address: String,
    pub(super) the_parameter: String,
    pub(super) the_order: String,
    pub(super) the_body: String,
    pub(super) the_challenge: String,
    pub(super) the_redirect: String,
    pub(super) is_missing: String,
    pub(super) is_unsent: String,
    pub(super) has_arrived: String,
    pub(super) another_value: String,
    pub(super) no_body: String,
    pub(super) any_body: String,
    pub(super) good_challenge: String,
    pub(super) letters: String,
    pub(super) prepared: String,
    pub(super) not_prepared: String,
    pub(super) lines_of: String,
    pub(super) left_out: String,
    pub(super) addresses: String,
    pub(super) unknown_visit: String,
    pub(super) unknown_visit_lead: String,
    pub(super) signed_out: String,
    pub(super) signed_out_lead: String,
    pub(super) not_found: String,
    pub(super) not_found_lead: String,
    pub(super) wrong_method: String,
    pub(super) wrong_method_lead: String,
    pub(super) too_large: String,
    pub(super) too_large_lead: String,
    pub(super) form_post: String,
    pub(super) form_post_lead: String,
    pub(super) go_on: String,
    #[serde(rename = "errorIn200")]
    pub(super) error_in_200: FaultPhrases,
    pub(super) web_page: FaultPhrases,
    pub(super) used_code: FaultPhrases,
    pub(super) no_email: FaultPhrases,
    pub(super) other_shape: FaultPhrases,
    pub(super) wrong_state: FaultPhrases,
    pub(super) slow: FaultPhrases,
    pub(super) other_client: FaultPhrases,
    pub(super) expired: FaultPhrases,
    pub(super) other_issuer: FaultPhrases,
    pub(super) with_nonce: FaultPhrases,
    pub(super) stranger: FaultPhrases,
}

impl SimulationPhrases {
    /// What a fault is called.
    pub(super) fn of_fault(&self, fault: SimulatedFault) -> &FaultPhrases {
        match fault {
            SimulatedFault::ErrorIn200 => &self.error_in_200,
            SimulatedFault::WebPage => &self.web_page,
            SimulatedFault::UsedCode => &self.used_code,
            SimulatedFault::NoEmail => &self.no_email,
            SimulatedFault::OtherShape => &self.other_shape,
            SimulatedFault::WrongState => &self.wrong_state,
            SimulatedFault::Slow => &self.slow,
        }
    }

    /// What is wrong with a token that is handed in; nothing is with a good one.
    pub(super) fn of_token(&self, fault: HandedFault) -> Option<&FaultPhrases> {
        match fault {
            HandedFault::None => None,
            HandedFault::OtherClient => Some(&self.other_client),
            HandedFault::Expired => Some(&self.expired),
            HandedFault::OtherIssuer => Some(&self.other_issuer),
            HandedFault::Nonce => Some(&self.with_nonce),
            HandedFault::Stranger => Some(&self.stranger),
        }
    }
}

impl SimulationLanguage {
    pub(super) fn english() -> &'static Self {
        LANGUAGES.first().expect("languages are embedded")
    }

    /// The language that an `Accept-Language` prefers; English where it prefers none of them.
    pub(super) fn preferred(accepted: &str) -> &'static Self {
        let quality = |part: &&str| {
            let weight = part.split_once(";q=").map_or("1", |(_, weight)| weight);
            weight.trim().parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0)
        };
        let mut wanted: Vec<&str> = accepted.split(',').map(str::trim).take(32).filter(|part| quality(part) > 0.0).collect();
        wanted.sort_by(|one, other| quality(other).total_cmp(&quality(one)));
        let primary = |tag: &str| tag.split(['-', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
        let tags = wanted.into_iter().filter(|part| is_language_tag(part.split(';').next().unwrap_or_default().trim()));
        let known = tags.filter_map(|part| LANGUAGES.iter().find(|language| primary(language.code) == primary(part)));
        known.chain(LANGUAGES.iter()).next().expect("languages are embedded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_chosen() {
        for (accepted, expected) in [
            ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
            ("de, es-MX;q=0.5, en;q=0.4", "es"),
            ("zh-Hant-TW", "zh-TW"),
            ("ru;q=0, ja;q=0.1", "ja"),
            ("de", "en"),
            ("", "en"),
            ("ja;q=abc", "en"),
        ] {
            assert_eq!(SimulationLanguage::preferred(accepted).code, expected, "{accepted}");
        }
        assert!(LANGUAGES.iter().all(|language| language.phrases.banner.contains("{name}")));
    }
}
