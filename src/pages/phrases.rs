//! The phrases of a language. A file with a missing or an unknown phrase is refused, so no page has a gap.

mod account; // those of the account page

use crate::pages::error_cause::ErrorCause;
use crate::pages::phrases::account::AccountPhrases;
use crate::vocabulary::incident_code::ALPHABET;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// All phrases of the pages in one language, in the shape of the files in `languages/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Phrases {
    /// Its name in the language itself.
    pub(crate) name: String,
    pub(crate) direction: String,
    pub(crate) login: LoginPhrases,
    pub(crate) person: SignedInPhrases,
    pub(crate) popup: PopupPhrases,
    pub(crate) sign_out: SignOutPhrases,
    pub(crate) prove: ProvePhrases,
    pub(crate) email_code: EmailCodePhrases,
    pub(crate) passkey: PasskeyPhrases,
    pub(crate) in_app: InAppPhrases,
    pub(crate) account: AccountPhrases,
    pub(crate) consent: ConsentPhrases,
    pub(crate) posted: FormPostPhrases,
    pub(crate) mail: MailPhrases,
    pub(crate) error: ErrorPhrases,
    pub(crate) incident: IncidentPhrases,
    pub(crate) tried: TryCallbackPhrases,
    causes: BTreeMap<String, ErrorCausePhrases>,
    spelling: BTreeMap<char, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoginPhrases {
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) afterwards: String,
    pub(crate) to_app: String,
    pub(crate) with: String,
    pub(crate) with_all: String,
    pub(crate) one_account: String,
    pub(crate) received: String,
    pub(crate) last: String,
    pub(crate) go: String,
    pub(crate) skip: String,
    pub(crate) language: String,
    pub(crate) store: String,
    pub(crate) links: String,
    pub(crate) privacy: String,
    pub(crate) help: String,
    pub(crate) contact: String,
    pub(crate) signed_out: String,
    pub(crate) nobody: String,
    pub(crate) nobody_why: String,
    pub(crate) operator: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SignedInPhrases {
    pub(crate) title: String,
    pub(crate) choose: String,
    pub(crate) with: String,
    pub(crate) go: String,
    pub(crate) go_to_app: String,
    pub(crate) another: String,
    pub(crate) out: String,
    pub(crate) note: String,
    pub(crate) account: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PopupPhrases {
    pub(crate) close: String,
    pub(crate) signed_out: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SignOutPhrases {
    pub(crate) title: String,
    pub(crate) app: String,
    pub(crate) what: String,
    pub(crate) stay: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProvePhrases {
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) why_known: String,
    pub(crate) address: String,
    pub(crate) send: String,
    pub(crate) code_title: String,
    pub(crate) sent: String,
    pub(crate) sent_to_users: String,
    pub(crate) look: String,
    pub(crate) code: String,
    pub(crate) confirm: String,
    pub(crate) again: String,
    pub(crate) change: String,
    pub(crate) not_an_address: String,
    pub(crate) too_many_mails: String,
    pub(crate) enough_mails: String,
    pub(crate) not_sent: String,
    pub(crate) wrong_code: String,
    pub(crate) left: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EmailCodePhrases {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) or: String,
    pub(crate) address: String,
    pub(crate) send: String,
    pub(crate) hint: String,
    pub(crate) instead: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasskeyPhrases {
    pub(crate) name: String,
    pub(crate) button: String,
    pub(crate) how: String,
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) create: String,
    pub(crate) offer_title: String,
    pub(crate) offer_what: String,
    pub(crate) later: String,
    pub(crate) remove_label: String,
    pub(crate) remove_sure: String,
    pub(crate) none: String,
    pub(crate) added: String,
    pub(crate) removed: String,
    pub(crate) failed: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InAppPhrases {
    pub(crate) title: String,
    pub(crate) unnamed: String,
    pub(crate) refused: String,
    pub(crate) code: String,
    pub(crate) instead: String,
    /// What stands before the last of several providers.
    pub(crate) or: String,
    pub(crate) open: String,
    pub(crate) copy: String,
    pub(crate) menu: String,
    pub(crate) start_over: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConsentPhrases {
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) gets: String,
    pub(crate) profile: String,
    pub(crate) email: String,
    pub(crate) id: String,
    pub(crate) id_what: String,
    pub(crate) lasting: String,
    pub(crate) lasting_what: String,
    pub(crate) own: String,
    pub(crate) further: String,
    pub(crate) token_providers: String,
    pub(crate) never: String,
    pub(crate) allow: String,
    pub(crate) deny: String,
    pub(crate) later: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FormPostPhrases {
    pub(crate) title: String,
    pub(crate) what: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MailPhrases {
    pub(crate) code_subject: String,
    pub(crate) code_title: String,
    pub(crate) code_use: String,
    pub(crate) code_secret: String,
    pub(crate) code_not_you: String,
    pub(crate) way_subject: String,
    pub(crate) way_title: String,
    pub(crate) way_what: String,
    pub(crate) way_not_you: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ErrorPhrases {
    pub(crate) next: String,
    pub(crate) unchanged: String,
    pub(crate) again: String,
    pub(crate) again_with: String,
    pub(crate) others: String,
    pub(crate) login: String,
    pub(crate) home: String,
    pub(crate) other_browser: String,
    pub(crate) back_to_app: String,
    pub(crate) likeliest: String,
    pub(crate) service: String,
    pub(crate) seconds: String,
    pub(crate) minutes: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct IncidentPhrases {
    pub(crate) title: String,
    pub(crate) line: String,
    pub(crate) aloud: String,
    pub(crate) between: String,
    pub(crate) dash: String,
    pub(crate) day: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TryCallbackPhrases {
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) other_title: String,
    pub(crate) other_what: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ErrorCausePhrases {
    pub(crate) title: String,
    pub(crate) what: String,
}

impl Phrases {
    /// The phrases of a tree, if it is complete.
    pub(crate) fn from_tree(tree: &Value) -> Result<Self, String> {
        let phrases: Self = serde_json::from_value(tree.clone()).map_err(|error| error.to_string())?;
        if let Some(cause) = ErrorCause::ALL.iter().find(|cause| !phrases.causes.contains_key(cause.name())) {
            return Err(format!("`causes.{}` is missing", cause.name()));
        }
        if let Some(letter) = ALPHABET.chars().find(|letter| !phrases.spelling.contains_key(letter)) {
            return Err(format!("`spelling.{letter}` is missing"));
        }
        if !matches!(phrases.direction.as_str(), "ltr" | "rtl") {
            return Err(format!("`{}` is not a direction of writing: write `ltr` or `rtl`", phrases.direction));
        }
        Ok(phrases)
    }

    pub(crate) fn cause(&self, cause: ErrorCause) -> &ErrorCausePhrases {
        self.causes.get(cause.name()).expect("`from_tree` refuses a language without all causes")
    }

    /// A waiting time as text.
    pub(crate) fn waiting_time(&self, seconds: u64) -> String {
        let (phrase, count) =
            if seconds <= 90 { (&self.error.seconds, seconds.max(1)) } else { (&self.error.minutes, seconds.div_ceil(60)) };
        fill(phrase, &[("count", &count.to_string())])
    }

    /// The day of a moment as text.
    pub(crate) fn format_day(&self, moment: i64) -> Option<String> {
        let day = chrono::DateTime::from_timestamp(moment, 0)?;
        let [year, month, day] = ["%Y", "%m", "%d"].map(|part| day.format(part).to_string());
        Some(fill(&self.account.date, &[("year", &year), ("month", &month), ("day", &day)]))
    }

    /// When a session began, as text: how long ago within a day, and otherwise the day.
    pub(crate) fn began(&self, moment: i64, now: i64) -> Option<String> {
        let minutes = now.saturating_sub(moment).max(0) / 60;
        let (phrase, count) = match minutes {
            0..60 => (&self.account.began_minutes, minutes.max(1)),
            60..1440 => (&self.account.began_hours, minutes / 60),
            _ => return self.format_day(moment).map(|day| fill(&self.account.since, &[("when", &day)])),
        };
        Some(fill(phrase, &[("count", &count.to_string())]))
    }

    pub(crate) fn letter_spelling(&self, letter: char) -> Option<&str> {
        self.spelling.get(&letter).map(String::as_str)
    }
}

/// A phrase with values in place of its `{placeholders}`. A value is not searched for placeholders, and a placeholder
/// without a value stays.
pub(crate) fn fill(phrase: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(phrase.len().saturating_add(32));
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        if let Some((value, after)) = known {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

/// Two sentences in a row. Those of Chinese and Japanese have no space between them.
pub(crate) fn in_a_row(first: &str, second: &str) -> String {
    let space = if first.ends_with('。') { "" } else { " " };
    format!("{first}{space}{second}")
}

/// The names of the `{placeholders}` in a phrase, sorted, each once.
pub(crate) fn placeholders(phrase: &str) -> Vec<&str> {
    let mut names: Vec<&str> = phrase.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageLanguages;

    #[test]
    fn placeholders_are_filled_once() {
        for (phrase, expected) in [
            ("Entrar como {name}", "Entrar como {wait}"),
            ("{name}でログイン", "{wait}でログイン"),
            ("{nobody} {name", "{nobody} {name"),
            ("{wait}{wait}", "5 s5 s"),
            ("{{name}", "{{wait}"),
            ("", ""),
        ] {
            assert_eq!(fill(phrase, &[("name", "{wait}"), ("wait", "5 s")]), expected);
        }
    }

    #[test]
    fn a_day_is_written_as_it_is_read() {
        let languages = PageLanguages::embedded();
        for (code, expected) in [
            ("pt-BR", "05/07/2026"),
            ("es", "05/07/2026"),
            ("en", "2026-07-05"),
            ("ru", "05.07.2026"),
            ("zh-TW", "2026年07月05日"),
            ("ja", "2026年07月05日"),
        ] {
            let phrases = &languages.get(code).unwrap().phrases;
            assert_eq!(phrases.format_day(1_783_209_600).as_deref(), Some(expected), "{code}");
        }
    }

    #[test]
    fn a_session_began_some_minutes_or_hours_ago_or_on_a_day() {
        let languages = PageLanguages::embedded();
        let phrases = &languages.get("pt-BR").unwrap().phrases;
        let now = 1_783_209_600;
        for (ago, expected) in [
            (-5, "Entrou há 1 min"),
            (59, "Entrou há 1 min"),
            (3599, "Entrou há 59 min"),
            (3600, "Entrou há 1 h"),
            (86_399, "Entrou há 23 h"),
            (86_400, "Desde 04/07/2026"),
        ] {
            assert_eq!(phrases.began(now - ago, now).as_deref(), Some(expected), "{ago}");
        }
    }

    #[test]
    fn every_placeholder_of_a_phrase_is_found_once() {
        assert_eq!(placeholders("{b} and {a} and {b} and {c"), ["a", "b"]);
    }
}
