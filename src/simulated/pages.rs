//! The frame of the pages of simulated providers, and the pages that the playground and simulations share. The templates escape every
//! text.

use crate::simulated::response::SimulatedResponse;
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Submits the form by itself where a browser runs scripts.
const SUBMIT_SCRIPT: &str = "document.forms[0].submit();";

/// The look of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SimulatedLook {
    Playground,
    Simulation,
}

impl SimulatedLook {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Playground => "playground",
            Self::Simulation => "simulation",
        }
    }

    pub(crate) fn has_awning(self) -> bool {
        self == Self::Playground
    }
}

/// The common frame of all pages of one simulated provider.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedPageFrame<'a> {
    pub(crate) look: SimulatedLook,
    /// The language tag of the page.
    pub(crate) language: &'static str,
    /// The provider's name.
    pub(crate) name: &'a str,
    /// The sentence that says that this is not a real provider.
    pub(crate) banner: String,
    pub(crate) base: &'a str,
    pub(crate) public_url: &'a str,
    /// Where a login with this provider begins.
    pub(crate) login_address: String,
    pub(crate) login_label: &'static str,
}

impl SimulatedPageFrame<'_> {
    /// The response with a page in this frame.
    pub(crate) fn response(&self, status: u16, page: &impl Template) -> SimulatedResponse {
        SimulatedResponse::page(status, render_page(page), self.public_url, None)
    }

    /// A page with a message and a button that starts a login; `parameter` names the part of the request that is meant.
    pub(crate) fn message(&self, status: u16, title: &str, lead: &str, parameter: &str) -> SimulatedResponse {
        self.response(status, &SimulatedMessagePage { frame: self, title, lead, parameter })
    }

    /// A page whose form carries the authorization response to the callback.
    pub(crate) fn form_post(&self, form: &CallbackForm<'_>) -> SimulatedResponse {
        let CallbackForm { title, lead, button, name, email, address, fields, submits_itself } = *form;
        let script = if submits_itself { SUBMIT_SCRIPT } else { "" };
        let page = SimulatedFormPostPage { frame: self, title, lead, button, name, email, address, fields, script };
        let hash = submits_itself.then(|| format!("sha256-{}", STANDARD.encode(digest(&SHA256, SUBMIT_SCRIPT.as_bytes()))));
        SimulatedResponse::page(200, render_page(&page), self.public_url, hash.as_deref())
    }
}

/// The form that carries an authorization response to the callback, and what its page says.
#[derive(Clone, Copy)]
pub(crate) struct CallbackForm<'a> {
    pub(crate) title: &'a str,
    pub(crate) lead: &'a str,
    pub(crate) button: &'a str,
    /// The name of the person who goes back; empty where the page shows none.
    pub(crate) name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) address: &'a str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
    pub(crate) submits_itself: bool,
}

/// Something that can be chosen on a page; without an address it is only listed.
pub(crate) struct ChoiceLink<'a> {
    pub(crate) address: String,
    pub(crate) word: &'a str,
    pub(crate) title: &'a str,
    pub(crate) effect: &'a str,
}

#[derive(Template)]
#[template(path = "simulated_message.html")]
struct SimulatedMessagePage<'a> {
    frame: &'a SimulatedPageFrame<'a>,
    title: &'a str,
    lead: &'a str,
    parameter: &'a str,
}

#[derive(Template)]
#[template(path = "simulated_form_post.html")]
struct SimulatedFormPostPage<'a> {
    frame: &'a SimulatedPageFrame<'a>,
    title: &'a str,
    lead: &'a str,
    button: &'a str,
    name: &'a str,
    email: &'a str,
    address: &'a str,
    fields: &'a [(&'a str, &'a str)],
    script: &'static str,
}

fn render_page(page: &impl Template) -> String {
    page.render().expect("a page is made of texts alone, and writing those cannot fail")
}
