//! The page with the apps of the store, and what the developer of each needs.

use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "apps.html")]
pub(crate) struct AppsPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    /// The address of the store, which is the issuer of its apps.
    pub(crate) issuer: &'a str,
    pub(crate) apps: Vec<AppView>,
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

    /// What is wrong with an app.
    fn problems(&self, app: &AppView) -> Vec<String> {
        let words = &self.words().apps;
        let unusable = app.is_unusable.then(|| words.unusable.clone());
        let unknown = (!app.unknown_providers.is_empty()).then(|| fill(&words.unknown, &[("names", &app.unknown_providers.join(", "))]));
        unusable.into_iter().chain(unknown).collect()
    }
}
