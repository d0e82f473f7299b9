//! The page that asks whether to sign out, where an app has sent the person here without proof that it is theirs.

use crate::pages::frame::Frame;
use crate::pages::initials::initial;
use crate::pages::phrases::{Phrases, fill};
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "sign_out.html")]
pub(crate) struct SignOutPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// The name of the app that has sent the person, if it is known.
    pub(crate) app: Option<&'a str>,
    /// The address by which the store knows the person.
    pub(crate) person: &'a str,
    /// The parameters of the app's request, which the form repeats.
    pub(crate) fields: &'a [(&'static str, String)],
    /// The token that protects the form against other sites.
    pub(crate) form: &'a str,
}

impl SignOutPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        &self.words().sign_out.title
    }

    fn initial(&self) -> String {
        initial(None, self.person)
    }

    fn app_sentence(&self) -> Option<String> {
        self.app.map(|app| fill(&self.words().sign_out.app, &[("app", app)]))
    }
}
