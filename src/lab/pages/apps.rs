//! The page with the apps of the store, and what the developer of each needs.

use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "apps.html")]
pub(crate) struct AppsPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    /// The address of the store, which is the issuer of its apps.
    pub(crate) issuer: &'a str,
    pub(crate) apps: Vec<AppView>,
    /// The newest requests that were refused.
    pub(crate) refusals: Vec<AppRefusalView>,
    /// What would become of the pasted request.
    pub(crate) verdict: Option<AppRequestVerdict>,
    pub(crate) csrf_token: String,
}

/// A refused request of an app.
#[derive(Clone, Debug)]
pub(crate) struct AppRefusalView {
    pub(crate) when: String,
    /// The client id, if one is known.
    pub(crate) app: Option<String>,
    /// The word of the reason.
    pub(crate) reason: String,
}

/// What would become of a request that was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AppRequestVerdict {
    /// It is no authorization request.
    NoRequest,
    /// It goes to another address than the store's.
    OtherAddress(String),
    /// A person could sign in.
    Fine { app: String, scope: String },
    Refused {
        /// The word of the reason.
        reason: String,
        /// The sentence that the app gets, in English.
        description: Option<&'static str>,
        /// The redirect address that the request names, and the one of the app that is most like it.
        addresses: Option<(String, String)>,
    },
}

/// An app of the store.
#[derive(Clone, Debug)]
pub(crate) struct AppView {
    /// The name that people read.
    pub(crate) title: String,
    pub(crate) client_id: String,
    pub(crate) proof: AppProof,
    /// Whether the secret or the keys are missing.
    pub(crate) is_unusable: bool,
    pub(crate) grants: Vec<&'static str>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) after_logout: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) signing: &'static str,
    /// The providers through which people may sign in; `None` for all.
    pub(crate) providers: Option<Vec<String>>,
    /// The providers among them that have no file.
    pub(crate) unknown_providers: Vec<String>,
    /// The providers at which a sign-in through the app can be tested, each with its name and title.
    pub(crate) tested_at: Vec<(String, String)>,
}

/// How an app proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppProof {
    Secret,
    Keys,
    Public,
}

impl AppsPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> &str {
        &self.words().apps.title
    }

    /// What the developer of an app needs, each value with its label.
    fn rows(&self, app: &AppView) -> Vec<(&'static str, Vec<String>)> {
        let words = &self.words().apps;
        let proof = match app.proof {
            AppProof::Secret => &words.with_secret,
            AppProof::Keys => &words.with_keys,
            AppProof::Public => &words.public,
        };
        let grants = app.grants.iter().map(|grant| (*grant).to_owned()).collect();
        let rows = vec![
            (words.issuer.as_str(), vec![self.issuer.to_owned()]),
            (words.discovery.as_str(), vec![format!("{}/.well-known/openid-configuration", self.issuer)]),
            (words.client_id.as_str(), vec![app.client_id.clone()]),
            (words.proof.as_str(), vec![proof.clone()]),
            (words.redirect.as_str(), app.redirect_uris.clone()),
            (words.after_logout.as_str(), app.after_logout.clone()),
            (words.grants.as_str(), grants),
            (words.scopes.as_str(), app.scopes.clone()),
            (words.signing.as_str(), vec![app.signing.to_owned()]),
            (words.providers.as_str(), app.providers.clone().unwrap_or_else(|| vec![words.all_providers.clone()])),
        ];
        rows.into_iter().filter(|(_, values)| !values.is_empty()).collect()
    }

    /// The reason of a refusal in plain words.
    fn refusal(&self, reason: &str) -> &'static str {
        let refusals = &self.words().refusals;
        refusals.get(reason).or_else(|| refusals.get("other")).map_or("", String::as_str)
    }

    fn other_address_sentence(&self, address: &str) -> String {
        let here = format!("{}/authorize", self.issuer);
        fill(&self.words().apps.other_address, &[("address", address), ("here", &here)])
    }

    fn fine_sentence(&self, app: &str, scope: &str) -> String {
        fill(&self.words().apps.fine, &[("app", app), ("scopes", scope)])
    }

    #[expect(clippy::unused_self, reason = "the template calls it as a method")]
    fn test_address(&self, app: &AppView) -> String {
        address(&["lab", "apps", &app.client_id, "test"], &[])
    }

    /// What is wrong with an app.
    fn problems(&self, app: &AppView) -> Vec<String> {
        let words = &self.words().apps;
        let unusable = app.is_unusable.then(|| words.unusable.clone());
        let unknown = (!app.unknown_providers.is_empty()).then(|| fill(&words.unknown, &[("names", &app.unknown_providers.join(", "))]));
        unusable.into_iter().chain(unknown).collect()
    }
}
