//! The page of somebody who is signed in: their ways in, what can be added, and the way out of everywhere.

use crate::pages::frame::{Frame, address};
use crate::pages::initials::initial;
use crate::pages::languages::PageLanguage;
use crate::pages::login::{LoginInputField, ProviderIcon};
use crate::pages::phrases::{Phrases, fill};
use askama::Template;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// What stands around it.
    pub frame: Frame<'a>,
    /// Their e-mail address.
    pub email: &'a str,
    /// Their name.
    pub name: Option<&'a str>,
    /// The ways in that are theirs.
    pub ways: Vec<LinkedIdentityRow>,
    /// The ways in that they may add.
    pub more: Vec<LinkableProvider>,
    /// The hidden proof that a form of ours was sent.
    pub form: &'a str,
    /// Whether they signed in just now, so that ways in may be added and removed.
    pub fresh: bool,
    /// Where they sign in again.
    pub again: &'a str,
    /// What has just happened.
    pub notice: Option<AccountNotice>,
    /// Where they go on.
    pub continue_to: Option<&'a str>,
}

/// A way in that is somebody's.
#[derive(Clone, Debug)]
pub struct LinkedIdentityRow {
    /// Its name.
    pub title: String,
    /// What stands before its name.
    pub mark: ProviderIcon,
    /// What names it in a form.
    pub handle: String,
    /// Whether they came in by it now.
    pub current: bool,
    /// Whether it may be removed.
    pub removable: bool,
    /// Since when it is theirs, in words.
    pub since: Option<String>,
}

/// A way in that may be added.
#[derive(Clone, Debug)]
pub struct LinkableProvider {
    /// Its id, as in addresses.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What stands before its name.
    pub mark: ProviderIcon,
    /// What is asked before it begins.
    pub inputs: Vec<LoginInputField>,
}

/// Something that has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// A way in was added.
    Linked,
    /// A way in was removed.
    Unlinked,
}

impl AccountPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
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
