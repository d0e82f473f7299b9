//! The account page: the user's linked identities, the providers that can be linked, the apps with access, the sessions, and the data.

use crate::pages::app_permissions::{AppPermission, app_permissions};
use crate::pages::frame::{Frame, address};
use crate::pages::login::{LoginInputField, ProviderIcon};
use crate::pages::passkey::PasskeySection;
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
    /// The passkeys, where the store offers them.
    pub(crate) passkeys: Option<PasskeySection>,
    /// The apps with access.
    pub(crate) apps: Vec<AppWithAccess>,
    /// The running sessions, this one first.
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) deletion: AccountDeletionOffer<'a>,
    /// The token that protects the forms against other sites.
    pub(crate) form: &'a str,
    /// Whether the user signed in a moment ago, so that identities may be linked and unlinked.
    pub(crate) fresh: bool,
    /// The address at which the user signs in again.
    pub(crate) again: &'a str,
    pub(crate) notice: Option<AccountNotice>,
    /// The removal that can still be undone, sealed.
    pub(crate) undo: Option<&'a str>,
    /// The address of the store to which the user can continue.
    pub(crate) continue_to: Option<&'a str>,
}

/// A linked identity of the user.
#[derive(Clone, Debug)]
pub(crate) struct LinkedIdentityRow {
    pub(crate) title: String,
    pub(crate) icon: ProviderIcon,
    /// The e-mail address that it proved last.
    pub(crate) address: Option<String>,
    /// Its value in the form that unlinks it.
    pub(crate) handle: String,
    /// Whether the current session was opened with it.
    pub(crate) current: bool,
    pub(crate) removable: bool,
    /// The day on which it was linked, as text.
    pub(crate) since: Option<String>,
    /// The last day on which it signed the user in, as text.
    pub(crate) used: Option<String>,
}

/// A running session of the user.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    /// The device and the browser in which it began, as text.
    pub(crate) device: String,
    /// Whether that device is held in a hand, like a phone.
    pub(crate) handheld: bool,
    /// Its value in the form that ends it.
    pub(crate) handle: String,
    /// Whether it is the session of this page.
    pub(crate) current: bool,
    /// When and by which provider it began, as text.
    pub(crate) lines: Vec<String>,
}

/// How the user can have the account deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountDeletionOffer<'a> {
    /// By a request at this address.
    AskAt(&'a str),
    /// The settings say nothing, so the user is referred to the store.
    AskStore,
    /// The users do it themselves.
    ByPerson,
}

impl AccountDeletionOffer<'_> {
    fn is_by_person(self) -> bool {
        self == Self::ByPerson
    }
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

/// An app with access to the user.
#[derive(Clone, Debug)]
pub(crate) struct AppWithAccess {
    /// Its value in the form that ends the access.
    pub(crate) id: String,
    /// The name that people read.
    pub(crate) name: String,
    pub(crate) scopes: String,
    /// Whether it gets further details with the profile.
    pub(crate) has_further: bool,
    pub(crate) lasts: AppAccessLasts,
    /// The day on which it got access, or on which the person agreed, as text.
    pub(crate) since: Option<String>,
    /// The day on which it used its access last, as text.
    pub(crate) used: Option<String>,
}

/// How long the access of an app lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppAccessLasts {
    UntilSignOut,
    BeyondSignOut,
    /// It has none now. The person has agreed, so it gets access at the next sign-in without a question.
    NotNow,
}

/// The result of the user's last action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountNotice {
    Linked,
    Unlinked,
    /// The removal of an identity was undone.
    Restored,
    /// It was too late to undo it.
    TooLate,
    SessionEnded,
    AppEnded,
    PasskeyAdded,
    PasskeyRemoved,
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

    fn notice_text(&self) -> Option<&str> {
        let Phrases { account, passkey, .. } = self.words();
        Some(match self.notice? {
            AccountNotice::Linked => &account.linked,
            AccountNotice::Unlinked => &account.unlinked,
            AccountNotice::Restored => &account.undone,
            AccountNotice::TooLate => &account.undo_late,
            AccountNotice::SessionEnded => &account.session_ended,
            AccountNotice::AppEnded => &account.app_ended,
            AccountNotice::PasskeyAdded => &passkey.added,
            AccountNotice::PasskeyRemoved => &passkey.removed,
        })
    }

    fn is_too_late(&self) -> bool {
        self.notice == Some(AccountNotice::TooLate)
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

    /// Since when an identity is linked, and when it was used last if that was on another day.
    fn identity_times(&self, identity: &LinkedIdentityRow) -> Option<String> {
        let since = identity.since.as_deref().map(|when| self.since(when));
        let used = identity.used.as_deref().filter(|used| identity.since.as_deref() != Some(used));
        let used = used.map(|when| fill(&self.words().account.app_used, &[("when", when)]));
        let times: Vec<String> = since.into_iter().chain(used).collect();
        (!times.is_empty()).then(|| times.join(" · "))
    }

    fn end_session_label(&self, session: &SessionRow) -> String {
        fill(&self.words().account.end_session_label, &[("device", &session.device)])
    }

    fn used(&self, when: &str) -> String {
        fill(&self.words().account.app_used, &[("when", when)])
    }

    fn remove_label(&self, identity: &LinkedIdentityRow) -> String {
        fill(&self.words().account.remove_way, &[("name", &identity.title)])
    }

    fn remove_warning(&self, identity: &LinkedIdentityRow) -> String {
        fill(&self.words().account.remove_sure, &[("name", &identity.title)])
    }

    fn link_label(&self, provider: &LinkableProvider) -> String {
        fill(&self.words().account.add, &[("name", &provider.title)])
    }

    /// What an app gets, in one line.
    fn app_gets(&self, app: &AppWithAccess) -> String {
        let words = &self.words().account;
        let mut parts: Vec<&str> = Vec::new();
        for permission in app_permissions(&app.scopes) {
            match permission {
                AppPermission::Profile => parts.push(&words.app_profile),
                AppPermission::Email => parts.push(&words.app_email),
                AppPermission::Id => parts.push(&words.app_id),
                AppPermission::Own(word) => parts.push(word),
                // It has a line of its own.
                AppPermission::Lasting => {}
            }
            if permission == AppPermission::Profile && app.has_further {
                parts.push(&words.app_further);
            }
        }
        fill(&words.app_gets, &[("what", &parts.join(&self.words().incident.between))])
    }

    /// When an app got and used its access, and how long that lasts.
    fn app_lines(&self, app: &AppWithAccess) -> Vec<String> {
        let words = &self.words().account;
        let since = app.since.as_ref().map(|when| self.since(when));
        let used = app.used.as_ref().map(|when| self.used(when));
        let lasting = match app.lasts {
            AppAccessLasts::BeyondSignOut => &words.app_lasting,
            AppAccessLasts::UntilSignOut => &words.app_ending,
            AppAccessLasts::NotNow => &words.app_agreed,
        };
        since.into_iter().chain(used).chain([lasting.clone()]).collect()
    }

    fn end_app_label(&self, app: &AppWithAccess) -> String {
        fill(&self.words().account.end_app_label, &[("name", &app.name)])
    }
}

impl LinkableProvider {
    fn action(&self) -> String {
        address(&["account", "link", &self.id], &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageLanguages;
    use crate::pages::branding::StoreBranding;
    use crate::pages::tests::apps;

    #[test]
    fn a_person_sees_what_each_app_gets_and_ends_it_at_any_time() {
        let languages = PageLanguages::embedded();
        let look = StoreBranding { title: "Loja".to_owned(), ..StoreBranding::default() };
        let frame = Frame { look: &look, language: languages.get("en").unwrap(), offered: &[], here: "/account", version: "1" };
        let page = AccountPage {
            frame,
            email: "ana@loja.example",
            name: None,
            identities: Vec::new(),
            more: Vec::new(),
            passkeys: None,
            apps: apps(3, "painel"),
            sessions: Vec::new(),
            deletion: AccountDeletionOffer::AskStore,
            form: "f0rm",
            fresh: false,
            again: "/login",
            notice: Some(AccountNotice::AppEnded),
            undo: None,
            continue_to: None,
        };

        let html = page.render();

        for expected in [
            "<section aria-labelledby=\"apps\">",
            "<small>It gets: name and picture, further details, e-mail address, painel</small>",
            "<small>It gets: an id of your account</small>",
            "<small>Since painel</small>",
            "<small>Last used painel</small>",
            "<small>Keeps its access when you sign out</small>",
            "<small>Loses its access when you sign out</small>",
            "<small>No access now. You have agreed, so it gets access when you sign in there.</small>",
            "<form method=\"post\" action=\"/account/apps/end\">",
            "<input type=\"hidden\" name=\"app\" value=\"painel\">",
            "aria-label=\"Withdraw the access of painel\">Withdraw</button>",
            "The app has no access to your account any more.",
        ] {
            assert!(html.contains(expected), "{expected}: {html}");
        }
        assert_eq!(html.matches("method=\"post\"").count(), html.matches("name=\"form\" value=\"f0rm\"").count());
        assert!(!AccountPage { apps: Vec::new(), ..page }.render().contains("id=\"apps\""));
    }
}
