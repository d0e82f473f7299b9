//! The pages that people see. Everything that somebody else wrote is escaped by the templates.

use crate::provider::Provider;
use crate::simulated::simulation::SimulationContext;
use crate::simulated::simulation::choices::{SimulatedChoice, SimulatedChoiceKind};
use crate::simulated::simulation::response::SimulatedResponse;
use crate::workbench::examples::difference::Difference;
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Sends the form by itself where a browser runs scripts.
const SEND: &str = "document.forms[0].submit();";

/// Something to choose, as it is shown.
struct SimulatedChoiceItem<'a> {
    address: String,
    word: &'a str,
    title: &'a str,
    sight: &'a str,
}

/// What may be chosen, of one kind.
struct SimulatedChoiceGroup<'a> {
    title: &'static str,
    items: Vec<SimulatedChoiceItem<'a>>,
}

#[derive(Template)]
#[template(path = "simulation.html")]
struct SimulationPage<'a> {
    provider: &'a Provider,
    base: &'a str,
    title: &'a str,
    lead: &'a str,
    groups: Vec<SimulatedChoiceGroup<'a>>,
    left_out: usize,
    differences: &'a [Difference],
    addresses: &'a [(String, String)],
    start: String,
}

#[derive(Template)]
#[template(path = "simulation_back.html")]
struct SimulationFormPostPage<'a> {
    provider: &'a Provider,
    base: &'a str,
    address: &'a str,
    pairs: &'a [(String, String)],
    script: &'static str,
}

fn choice_groups<'a>(choices: &'a [SimulatedChoice], visit: Option<&str>, here: SimulationContext<'_>) -> Vec<SimulatedChoiceGroup<'a>> {
    let kinds = [
        (SimulatedChoiceKind::Login, "Recorded logins"),
        (SimulatedChoiceKind::Refusal, "Recorded refusals"),
        (SimulatedChoiceKind::Fault, "Or let something go wrong"),
    ];
    let group = |(kind, title)| {
        let items = choices.iter().filter(|choice| choice.kind == kind).map(|choice| {
            let address = visit.map_or_else(String::new, |visit| format!("{}/choose?visit={visit}&choice={}", here.base, choice.word));
            SimulatedChoiceItem { address, word: &choice.word, title: &choice.title, sight: &choice.sight }
        });
        SimulatedChoiceGroup { title, items: items.collect() }
    };
    kinds.into_iter().map(group).filter(|group| !group.items.is_empty()).collect()
}

pub(super) fn chooser(
    provider: &Provider,
    choices: &[SimulatedChoice],
    left_out: usize,
    visit: &str,
    here: SimulationContext<'_>,
) -> SimulatedResponse {
    let lead = if choices.is_empty() {
        "The request is exactly what the file sends. No example is recorded beside the file, so there is nothing to choose."
    } else {
        "The request is exactly what the file sends. Choose what the provider answers."
    };
    let page = SimulationPage {
        left_out,
        groups: choice_groups(choices, Some(visit), here),
        ..empty_page(provider, "What happens now?", lead, here)
    };
    render_page(200, &page, here)
}

pub(super) fn overview(
    provider: &Provider,
    choices: &[SimulatedChoice],
    left_out: usize,
    addresses: &[(String, String)],
    here: SimulationContext<'_>,
) -> SimulatedResponse {
    let lead = "This provider is made from its file and its recorded examples. It accepts exactly what the file sends, and nobody here is who they say they are.";
    let page = SimulationPage {
        left_out,
        addresses,
        groups: choice_groups(choices, None, here),
        ..empty_page(provider, "A simulated provider", lead, here)
    };
    render_page(200, &page, here)
}

/// What differs from what the file sends.
pub(super) fn request_differs(provider: &Provider, differences: &[Difference], here: SimulationContext<'_>) -> SimulatedResponse {
    let lead = "The browser came with another request than the file sends.";
    render_page(400, &SimulationPage { differences, ..empty_page(provider, "This is not what the file sends", lead, here) }, here)
}

/// The choice belongs to nobody.
pub(super) fn unknown_visit(provider: &Provider, here: SimulationContext<'_>) -> SimulatedResponse {
    let lead = "This choice is too old, or it was made elsewhere. Begin the login again.";
    render_page(400, &empty_page(provider, "There is nobody to send back", lead, here), here)
}

/// The provider's own session is over.
pub(super) fn signed_out(provider: &Provider, here: SimulationContext<'_>) -> SimulatedResponse {
    render_page(200, &empty_page(provider, "Signed out", "Here the provider ends its own session.", here), here)
}

pub(super) fn not_found(provider: &Provider, here: SimulationContext<'_>) -> SimulatedResponse {
    let lead = "The provider's addresses lie below this one, such as /https/idp.example/token.";
    render_page(404, &empty_page(provider, "There is nothing here", lead, here), here)
}

pub(super) fn method_not_allowed(provider: &Provider, here: SimulationContext<'_>) -> SimulatedResponse {
    render_page(405, &empty_page(provider, "This is not how it is asked", "This page is asked for by GET.", here), here)
        .with_header("Allow", "GET, HEAD")
}

/// The body is too large.
pub(super) fn too_large(provider: &Provider, here: SimulationContext<'_>) -> SimulatedResponse {
    render_page(413, &empty_page(provider, "That is more than is read here", "A request is at most 64 KiB.", here), here)
}

/// The way back by a form.
pub(super) fn form_post(provider: &Provider, address: &str, pairs: &[(String, String)], here: SimulationContext<'_>) -> SimulatedResponse {
    let page = SimulationFormPostPage { provider, base: here.base, address, pairs, script: SEND };
    let page = page.render().expect("a page is written from texts alone");
    let hash = format!("sha256-{}", STANDARD.encode(digest(&SHA256, SEND.as_bytes())));
    SimulatedResponse::page(200, page, here.public_url, &hash)
}

fn empty_page<'a>(provider: &'a Provider, title: &'a str, lead: &'a str, here: SimulationContext<'a>) -> SimulationPage<'a> {
    let start = format!("{}/login/{}", here.public_url, provider.name);
    SimulationPage { provider, base: here.base, title, lead, groups: Vec::new(), left_out: 0, differences: &[], addresses: &[], start }
}

fn render_page(status: u16, page: &SimulationPage<'_>, here: SimulationContext<'_>) -> SimulatedResponse {
    SimulatedResponse::page(status, page.render().expect("a page is written from texts alone"), here.public_url, "")
}
