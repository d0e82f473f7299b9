//! `<portaria-login>`, the login buttons in a page of the store: a script with the labels of all languages.

use crate::pages::branding::StoreBranding;
use crate::pages::languages::{PageLanguage, PageLanguages};
use serde_json::{Value, json};

/// The script of `/embed.js`.
pub(crate) fn embed_js(languages: &PageLanguages, look: &StoreBranding) -> String {
    let of = |language: &PageLanguage| (language.code.clone(), json!([look.button_phrase(language), language.phrases.login.title]));
    let labels: Value = languages.0.iter().map(of).collect::<serde_json::Map<String, Value>>().into();
    include_str!("embed.js").replace("LABELS", &labels.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_knows_all_languages_and_is_small() {
        let script = embed_js(&PageLanguages::embedded(), &StoreBranding::default());

        assert!(script.contains(r#""pt-BR":["Continuar com {name}","Entrar"]"#), "{script}");
        assert!(!script.contains("LABELS"));
        assert!(script.len() < 4096, "{} bytes", script.len());
        assert!(!script.contains("://") && !script.contains("innerHTML") && !script.contains("eval"));
    }
}
