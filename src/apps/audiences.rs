//! The audiences of access tokens: those that the app names by `resource` (RFC 8707), within what it was granted.

use crate::apps::client_app::ClientApp;
use crate::apps::scope::words;

/// What a grant says about audiences.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GrantedAudiences<'a> {
    /// Those to which the request was limited, with blanks between them; empty for all of the app.
    pub(crate) resources: &'a str,
    /// Those of the tokens where nothing else is asked for; empty if the app named none.
    pub(crate) usual: &'a str,
}

/// The audiences of an access token; empty for the first of the app. `None` if the app may not have what it asks for, or not any more.
pub(crate) fn choose_audiences<'a>(
    app: &ClientApp,
    granted: GrantedAudiences<'_>,
    asked: impl Iterator<Item = &'a str>,
) -> Option<Vec<Box<str>>> {
    let GrantedAudiences { resources, usual } = granted;
    let is_granted = |name: &str| resources.is_empty() || words(resources).contains(&name);
    let is_allowed = |name: &str| is_granted(name) && app.audiences.iter().any(|own| **own == *name);
    let mut named: Vec<Box<str>> = Vec::new();
    for name in asked {
        if !is_allowed(name) {
            return None;
        }
        if !named.iter().any(|known| **known == *name) {
            named.push(name.into());
        }
    }
    let remembered = if usual.is_empty() { resources } else { usual };
    if !named.is_empty() || remembered.is_empty() {
        return Some(named);
    }
    let still: Vec<Box<str>> = words(remembered).into_iter().filter(|name| is_allowed(name)).map(Into::into).collect();
    (!still.is_empty()).then_some(still)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::client_app::public_app;

    #[test]
    fn an_app_chooses_within_what_was_granted_and_what_it_chose_is_remembered() {
        let app = ClientApp { audiences: ["a", "b", "c"].map(Into::into).to_vec(), ..public_app() };
        let chosen = |resources: &str, usual: &str, asked: &str| {
            choose_audiences(&app, GrantedAudiences { resources, usual }, asked.split_whitespace()).map(|chosen| chosen.join(" "))
        };
        for (resources, usual, asked, expected) in [
            ("", "", "", Some("")),
            ("", "", "b", Some("b")),
            ("", "", "b a b", Some("b a")),
            ("", "", "x", None),
            ("", "", "a x", None),
            ("", "b", "", Some("b")),
            ("", "b", "c", Some("c")),
            ("a b", "", "", Some("a b")),
            ("a b", "a", "", Some("a")),
            ("a b", "a", "b", Some("b")),
            ("a b", "a", "c", None),
            ("", "x", "", None),
            ("a x", "a x", "", Some("a")),
            ("x", "", "a", None),
            ("x", "", "x", None),
        ] {
            assert_eq!(chosen(resources, usual, asked).as_deref(), expected, "{resources}/{usual}/{asked}");
        }
    }
}
