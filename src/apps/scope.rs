//! The scopes of a request: words, separated by blanks, each once.

/// A person signs in: the answer holds an ID token.
pub(crate) const OPENID: &str = "openid";
/// The app may read the e-mail address.
pub(crate) const EMAIL: &str = "email";
/// The app may read the name, the picture and what else the store hands out.
pub(crate) const PROFILE: &str = "profile";
/// The app keeps its access when the person signs out.
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

/// The words of a request, in its order, each once.
pub(crate) fn words(scope: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for word in scope.split(' ').filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Whether a scope holds a word.
pub(crate) fn has(scope: &str, word: &str) -> bool {
    scope.split(' ').any(|other| other == word)
}

/// The words of a request that are allowed, separated by blanks.
pub(crate) fn granted(asked: &str, is_allowed: impl Fn(&str) -> bool) -> Box<str> {
    words(asked).into_iter().filter(|word| is_allowed(word)).collect::<Vec<_>>().join(" ").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_is_not_allowed_is_left_out() {
        let allowed = |word: &str| ["openid", "email", "orders:read"].contains(&word);

        for (asked, expected) in [
            ("openid email", "openid email"),
            ("email  openid email", "email openid"),
            ("openid admin", "openid"),
            ("OPENID", ""),
            ("orders:read", "orders:read"),
            ("", ""),
        ] {
            assert_eq!(&*granted(asked, allowed), expected, "{asked}");
        }
        assert!(has("openid email", "email") && !has("openid emails", "email"));
    }
}
