//! `<portaria-login>`, the login buttons in a page of the store: a script with the store's address and the labels of all languages.

use crate::pages::branding::StoreBranding;
use crate::pages::languages::{PageLanguage, PageLanguages};
use serde_json::{Value, json};

/// The script of `/embed.js` for the store with this public URL. The address stands in the script, because a module cannot ask where it comes
/// from by the means of a classic script.
pub(crate) fn embed_js(languages: &PageLanguages, look: &StoreBranding, public_url: &str) -> String {
    let of = |language: &PageLanguage| {
        let words = &language.phrases;
        let labels = json!({
            "with": look.button_phrase(language),
            "login": words.login.title,
            "last": words.login.last,
            "email": words.email_code.instead,
            "passkey": words.passkey.button,
            "title": words.person.title,
            "account": words.person.account,
            "out": words.person.out,
        });
        (language.code.clone(), labels)
    };
    let labels: Value = languages.0.iter().map(of).collect::<serde_json::Map<String, Value>>().into();
    let lines = include_str!("embed.js").lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let script = lines.collect::<Vec<_>>().join("\n").replacen("ORIGIN", &json!(public_url).to_string(), 1);
    script.replacen("LABELS", &labels.to_string(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_knows_its_store_and_all_languages_and_is_small() {
        let script = embed_js(&PageLanguages::embedded(), &StoreBranding::default(), "https://login.loja.example");

        assert!(script.contains(r#""with":"Continuar com {name}""#), "{script}");
        assert!(script.contains(r#"const origin = "https://login.loja.example";"#), "{script}");
        assert!(!script.contains("LABELS") && !script.contains("ORIGIN"));
        assert!(script.len() < 10 * 1024, "{} bytes", script.len());
        assert!(script.matches("://").count() == 1 && !script.contains("innerHTML") && !script.contains("eval"));
        assert!(!script.contains("localStorage") && !script.contains("document.cookie"), "nothing is kept in the store's page");
    }
}
