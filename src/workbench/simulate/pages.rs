//! The pages that people see. Everything that somebody else wrote is escaped by the templates.

use crate::examples::difference::Difference;
use crate::provider::Provider;
use crate::workbench::simulate::Here;
use crate::workbench::simulate::answer::Answer;
use crate::workbench::simulate::menu::{Choice, Kind};
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Sends the form by itself where a browser runs scripts.
const SEND: &str = "document.forms[0].submit();";

/// Something to choose, as it is shown.
struct Item<'a> {
    address: String,
    word: &'a str,
    title: &'a str,
    sight: &'a str,
}

/// What may be chosen, of one kind.
struct Group<'a> {
    title: &'static str,
    items: Vec<Item<'a>>,
}

#[derive(Template)]
#[template(path = "simulation.html")]
struct Page<'a> {
    provider: &'a Provider,
    base: &'a str,
    title: &'a str,
    lead: &'a str,
    groups: Vec<Group<'a>>,
    left_out: usize,
    differences: &'a [Difference],
    addresses: &'a [(String, String)],
    start: String,
}

#[derive(Template)]
#[template(path = "simulation_back.html")]
struct Back<'a> {
    provider: &'a Provider,
    base: &'a str,
    address: &'a str,
    pairs: &'a [(String, String)],
    script: &'static str,
}

fn groups<'a>(choices: &'a [Choice], visit: Option<&str>, here: Here<'_>) -> Vec<Group<'a>> {
    let kinds = [(Kind::Login, "Recorded logins"), (Kind::Refusal, "Recorded refusals"), (Kind::Fault, "Or let something go wrong")];
    let group = |(kind, title)| {
        let items = choices.iter().filter(|choice| choice.kind == kind).map(|choice| {
            let address = visit.map_or_else(String::new, |visit| format!("{}/choose?visit={visit}&choice={}", here.base, choice.word));
            Item { address, word: &choice.word, title: &choice.title, sight: &choice.sight }
        });
        Group { title, items: items.collect() }
    };
    kinds.into_iter().map(group).filter(|group| !group.items.is_empty()).collect()
}

/// The choice.
pub(super) fn chooser(provider: &Provider, choices: &[Choice], left_out: usize, visit: &str, here: Here<'_>) -> Answer {
    let lead = if choices.is_empty() {
        "The request is exactly what the file sends. No example is recorded beside the file, so there is nothing to choose."
    } else {
        "The request is exactly what the file sends. Choose what the provider answers."
    };
    let page = Page { left_out, groups: groups(choices, Some(visit), here), ..plain(provider, "What happens now?", lead, here) };
    drawn(200, &page, here)
}

/// What this is.
pub(super) fn welcome(provider: &Provider, choices: &[Choice], left_out: usize, addresses: &[(String, String)], here: Here<'_>) -> Answer {
    let lead = "This provider is made from its file and its recorded examples. It accepts exactly what the file sends, and nobody here is who they say they are.";
    let page = Page { left_out, addresses, groups: groups(choices, None, here), ..plain(provider, "A simulated provider", lead, here) };
    drawn(200, &page, here)
}

/// What differs from what the file sends.
pub(super) fn differs(provider: &Provider, differences: &[Difference], here: Here<'_>) -> Answer {
    let lead = "The browser came with another request than the file sends.";
    drawn(400, &Page { differences, ..plain(provider, "This is not what the file sends", lead, here) }, here)
}

/// The choice belongs to nobody.
pub(super) fn nobody_is_choosing(provider: &Provider, here: Here<'_>) -> Answer {
    let lead = "This choice is too old, or it was made elsewhere. Begin the login again.";
    drawn(400, &plain(provider, "There is nobody to send back", lead, here), here)
}

/// The provider's own session is over.
pub(super) fn signed_out(provider: &Provider, here: Here<'_>) -> Answer {
    drawn(200, &plain(provider, "Signed out", "Here the provider ends its own session.", here), here)
}

/// No such page.
pub(super) fn nothing_here(provider: &Provider, here: Here<'_>) -> Answer {
    let lead = "The provider's addresses lie below this one, such as /https/idp.example/token.";
    drawn(404, &plain(provider, "There is nothing here", lead, here), here)
}

/// No such method.
pub(super) fn wrong_method(provider: &Provider, here: Here<'_>) -> Answer {
    drawn(405, &plain(provider, "This is not how it is asked", "This page is asked for by GET.", here), here).with("Allow", "GET, HEAD")
}

/// The body is too large.
pub(super) fn too_much(provider: &Provider, here: Here<'_>) -> Answer {
    drawn(413, &plain(provider, "That is more than is read here", "A request is at most 64 KiB.", here), here)
}

/// The way back by a form.
pub(super) fn hand_back(provider: &Provider, address: &str, pairs: &[(String, String)], here: Here<'_>) -> Answer {
    let page = Back { provider, base: here.base, address, pairs, script: SEND };
    let page = page.render().expect("a page is written from texts alone");
    let hash = format!("sha256-{}", STANDARD.encode(digest(&SHA256, SEND.as_bytes())));
    Answer::page(200, page, here.public_url, &hash)
}

fn plain<'a>(provider: &'a Provider, title: &'a str, lead: &'a str, here: Here<'a>) -> Page<'a> {
    let start = format!("{}/login/{}", here.public_url, provider.name);
    Page { provider, base: here.base, title, lead, groups: Vec::new(), left_out: 0, differences: &[], addresses: &[], start }
}

fn drawn(status: u16, page: &Page<'_>, here: Here<'_>) -> Answer {
    Answer::page(status, page.render().expect("a page is written from texts alone"), here.public_url, "")
}
