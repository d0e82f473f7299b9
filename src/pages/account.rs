//! The page of somebody who is signed in: their ways in, what can be added, and the way out of everywhere.

use crate::pages::frame::{Frame, address};
use crate::pages::initials::initial;
use crate::pages::languages::PageLanguage;
use crate::pages::login::{LoginInputField, ProviderIcon};
use crate::pages::phrases::{Phrases, fill};
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub(crate) struct AccountPage<'a> {
    /// What stands around it.
    pub(crate) frame: Frame<'a>,
    pub(crate) email: &'a str,
    pub(crate) name: Option<&'a str>,
    /// The ways in that are theirs.
    pub(crate) ways: Vec<LinkedIdentityRow>,
    /// The ways in that they may add.
    pub(crate) more: Vec<LinkableProvider>,
    /// The hidden proof that a form of ours was sent.
    pub(crate) form: &'a str,
    /// Whether they signed in just now, so that ways in may be added and removed.
    pub(crate) fresh: bool,
    /// Where they sign in again.
    pub(crate) again: &'a str,
    /// What has just happened.
    pub(crate) notice: Option<AccountNotice>,
    /// Where they go on.
    pub(crate) continue_to: Option<&'a str>,
}

/// A way in that is somebody's.
#[derive(Clone, Debug)]
pub(crate) struct LinkedIdentityRow {
    pub(crate) title: String,
    /// What stands before its name.
    pub(crate) mark: ProviderIcon,
    /// What names it in a form.
    pub(crate) handle: String,
    /// Whether they came in by it now.
    pub(crate) current: bool,
    /// Whether it may be removed.
    pub(crate) removable: bool,
    /// Since when it is theirs, in words.
    pub(crate) since: Option<String>,
}

/// A way in that may be added.
#[derive(Clone, Debug)]
pub(crate) struct LinkableProvider {
    /// Its id, as in addresses.
    pub(crate) id: String,
    pub(crate) title: String,
    /// What stands before its name.
    pub(crate) mark: ProviderIcon,
    /// What is asked before it begins.
    pub(crate) inputs: Vec<LoginInputField>,
}

/// Something that has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountNotice {
    /// A way in was added.
    Linked,
    /// A way in was removed.
    Unlinked,
}

impl AccountPage<'_> {
    /// The page as HTML.
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

    fn done(&self) -> Option<&str> {
        let words = &self.words().account;
        Some(match self.notice? {
            AccountNotice::Linked => &words.linked,
            AccountNotice::Unlinked => &words.unlinked,
        })
    }

    fn only(&self) -> bool {
        self.ways.len() == 1
    }

    fn may_go(&self, way: &LinkedIdentityRow) -> bool {
        way.removable && !self.only()
    }

    /// Whether there is anything to change, had they signed in just now.
    fn has_changes(&self) -> bool {
        !self.more.is_empty() || self.ways.iter().any(|way| self.may_go(way))
    }

    fn since(&self, when: &str) -> String {
        fill(&self.words().account.since, &[("when", when)])
    }

    fn removal(&self, way: &LinkedIdentityRow) -> String {
        fill(&self.words().account.remove_way, &[("name", &way.title)])
    }

    fn addition(&self, way: &LinkableProvider) -> String {
        fill(&self.words().account.add, &[("name", &way.title)])
    }

    #[expect(clippy::unused_self, reason = "the template of the languages asks every page in one way")]
    fn in_language(&self, language: &PageLanguage) -> String {
        address(&["account"], &[("lang", Some(&language.code))])
    }
}

impl LinkableProvider {
    fn action(&self) -> String {
        address(&["account", "link", &self.id], &[])
    }
}
