//! The account page: the user's linked identities, the providers that can be linked, and signing out everywhere.

use crate::pages::frame::{Frame, address};
use crate::pages::initials::initial;
use crate::pages::languages::PageLanguage;
use crate::pages::login::{LoginInputField, ProviderIcon};
use crate::pages::phrases::{Phrases, fill};
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub(crate) struct AccountPage<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) email: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) identities: Vec<LinkedIdentityRow>,
    /// The providers that the user can link.
    pub(crate) more: Vec<LinkableProvider>,
    /// The token that protects the forms against other sites.
    pub(crate) form: &'a str,
    /// Whether the user signed in a moment ago, so that identities may be linked and unlinked.
    pub(crate) fresh: bool,
    /// The address at which the user signs in again.
    pub(crate) again: &'a str,
    pub(crate) notice: Option<AccountNotice>,
    /// The address of the store to which the user can continue.
    pub(crate) continue_to: Option<&'a str>,
}

/// A linked identity of the user.
#[derive(Clone, Debug)]
pub(crate) struct LinkedIdentityRow {
    pub(crate) title: String,
    pub(crate) icon: ProviderIcon,
    /// Its value in the form that unlinks it.
    pub(crate) handle: String,
    /// Whether the current session was opened with it.
    pub(crate) current: bool,
    pub(crate) removable: bool,
    /// The day on which it was linked, as text.
    pub(crate) since: Option<String>,
}

/// A provider that the user can link.
#[derive(Clone, Debug)]
pub(crate) struct LinkableProvider {
    /// Its name in addresses.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) icon: ProviderIcon,
    /// The fields that the shopper fills in before the login starts.
    pub(crate) inputs: Vec<LoginInputField>,
}

/// The result of the user's last action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountNotice {
    Linked,
    Unlinked,
}

impl AccountPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        &self.words().account.title
    }

    fn initial(&self) -> String {
        initial(self.name, self.email)
    }

    fn notice_text(&self) -> Option<&str> {
        let words = &self.words().account;
        Some(match self.notice? {
            AccountNotice::Linked => &words.linked,
            AccountNotice::Unlinked => &words.unlinked,
        })
    }

    fn has_one_identity(&self) -> bool {
        self.identities.len() == 1
    }

    fn is_removable(&self, identity: &LinkedIdentityRow) -> bool {
        identity.removable && !self.has_one_identity()
    }

    /// Whether the user could change anything right after signing in.
    fn has_changes(&self) -> bool {
        !self.more.is_empty() || self.identities.iter().any(|identity| self.is_removable(identity))
    }

    fn since(&self, when: &str) -> String {
        fill(&self.words().account.since, &[("when", when)])
    }

    fn remove_label(&self, identity: &LinkedIdentityRow) -> String {
        fill(&self.words().account.remove_way, &[("name", &identity.title)])
    }

    fn link_label(&self, provider: &LinkableProvider) -> String {
        fill(&self.words().account.add, &[("name", &provider.title)])
    }

    #[expect(clippy::unused_self, reason = "the template of the languages calls this method on every page")]
    fn in_language(&self, language: &PageLanguage) -> String {
        address(&["account"], &[("lang", Some(&language.code))])
    }
}

impl LinkableProvider {
    fn action(&self) -> String {
        address(&["account", "link", &self.id], &[])
    }
}
