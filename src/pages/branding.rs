//! The branding of a store: its name, logo and colour, and the lines of style that follow from them.

use crate::pages::accent::Accent;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoreBranding {
    pub(crate) title: String,
    pub(crate) home: Option<String>,
    /// Whether it has a logo, at `/logo`.
    pub(crate) logo: bool,
    pub(crate) accent: Accent,
    /// The contact for help: an https address or an e-mail address.
    pub(crate) help: Option<String>,
    /// The address of its privacy notice.
    pub(crate) privacy: Option<String>,
}

impl StoreBranding {
    /// The address of the link for help. An e-mail already names the incident.
    pub(crate) fn help_for(&self, code: Option<&str>) -> Option<String> {
        let help = self.help.as_deref()?;
        if help.starts_with("https://") {
            return Some(help.to_owned());
        }
        let subject = code.map_or_else(String::new, |code| format!("?subject={code}"));
        Some(format!("mailto:{help}{subject}"))
    }
}

/// The store's own style: `/look.css`.
pub(crate) fn store_css(look: &StoreBranding) -> String {
    let (picture, side) = if look.logo { ("url(\"/logo\")", "2.5rem") } else { ("none", "0") };
    let (accent, on) = (look.accent.css(), look.accent.contrasting().css());
    format!(
        ":root {{\n  --accent: {accent};\n  --on-accent: {on};\n  --store-logo: {picture};\n  --store-logo-width: {side};\n  \
         --store-logo-height: {side};\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_five_lines() {
        let look = StoreBranding { accent: Accent::parse("#0a6").unwrap(), logo: true, ..StoreBranding::default() };

        assert_eq!(
            store_css(&look),
            ":root {\n  --accent: #00aa66;\n  --on-accent: #000000;\n  --store-logo: url(\"/logo\");\n  \
             --store-logo-width: 2.5rem;\n  --store-logo-height: 2.5rem;\n}\n"
        );
        assert!(store_css(&StoreBranding::default()).contains("--store-logo: none;"));
    }
}
