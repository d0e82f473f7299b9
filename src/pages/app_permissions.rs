//! What an app gets by its scopes, in the words of people.

use crate::apps::scope::{self, EMAIL, OFFLINE_ACCESS, OPENID, PROFILE};

/// What an app gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppPermission<'a> {
    /// The name, the picture and the language.
    Profile,
    /// The e-mail address, which is the user name of the profile as well.
    Email,
    /// An id of the account, and nothing else of the person.
    Id,
    /// Access that goes on after the person has signed out.
    Lasting,
    /// A scope of the app's own.
    Own(&'a str),
}

/// What a scope gives to an app, in the order in which it is shown.
pub(crate) fn app_permissions(scope: &str) -> Vec<AppPermission<'_>> {
    let has_profile = scope::has(scope, PROFILE);
    let has_email = has_profile || scope::has(scope, EMAIL);
    let standard = [
        (has_profile, AppPermission::Profile),
        (has_email, AppPermission::Email),
        (!has_email, AppPermission::Id),
        (scope::has(scope, OFFLINE_ACCESS), AppPermission::Lasting),
    ];
    let is_own = |word: &&str| ![OPENID, PROFILE, EMAIL, OFFLINE_ACCESS].contains(word);
    let own = scope::words(scope).into_iter().filter(is_own).map(AppPermission::Own);
    standard.into_iter().filter(|(is_given, _)| *is_given).map(|(_, permission)| permission).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack V-08
    #[test]
    fn a_person_reads_all_that_a_scope_gives() {
        use AppPermission::{Email, Id, Lasting, Own, Profile};
        for (scope, expected) in [
            ("openid", vec![Id]),
            ("", vec![Id]),
            ("openid email", vec![Email]),
            ("openid profile", vec![Profile, Email]),
            ("offline_access email profile openid", vec![Profile, Email, Lasting]),
            ("orders:read openid orders:read", vec![Id, Own("orders:read")]),
        ] {
            assert_eq!(app_permissions(scope), expected, "{scope}");
        }
    }
}
