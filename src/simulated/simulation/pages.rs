//! The pages of a simulation.

use crate::provider::Provider;
use crate::simulated::pages::{CallbackForm, ChoiceLink, SimulatedLook, SimulatedPageFrame};
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::choices::{SimulatedChoice, SimulatedChoiceKind};
use crate::simulated::simulation::{Simulation, SimulationContext};
use crate::workbench::examples::difference::Difference;
use askama::Template;

/// The choices of one kind.
struct SimulatedChoiceGroup<'a> {
    title: &'static str,
    choices: Vec<ChoiceLink<'a>>,
}

#[derive(Template)]
#[template(path = "simulation.html")]
struct SimulationPage<'a> {
    frame: &'a SimulatedPageFrame<'a>,
    provider: &'a Provider,
    title: &'a str,
    lead: &'a str,
    groups: Vec<SimulatedChoiceGroup<'a>>,
    left_out: usize,
    differences: &'a [Difference],
    addresses: &'a [(String, String)],
}

impl Simulation {
    fn frame<'a>(&'a self, context: SimulationContext<'a>) -> SimulatedPageFrame<'a> {
        let title = &*self.provider.title;
        SimulatedPageFrame {
            look: SimulatedLook::Simulation,
            language: "en",
            name: title,
            // The two invisible characters keep a name that is written from right to left apart from the sentence.
            banner: format!("This is a simulation of \u{2068}{title}\u{2069}, not the real provider."),
            base: context.base,
            public_url: context.public_url,
            login_address: format!("{}/login/{}", context.public_url, self.provider.name),
            login_label: "Start a login",
        }
    }

    /// The choices, as links that belong to a visit; without one they are only listed.
    fn choice_groups(&self, visit: Option<&str>, base: &str) -> Vec<SimulatedChoiceGroup<'_>> {
        let kinds = [
            (SimulatedChoiceKind::Login, "Recorded logins"),
            (SimulatedChoiceKind::Refusal, "Recorded refusals"),
            (SimulatedChoiceKind::Fault, "Or let something go wrong"),
        ];
        let link = |choice: &'_ SimulatedChoice| {
            visit.map_or_else(String::new, |visit| format!("{base}/choose?visit={visit}&choice={}", choice.word))
        };
        let group = |(kind, title)| {
            let choices = self.choices.iter().filter(|choice| choice.kind == kind).map(|choice| ChoiceLink {
                address: link(choice),
                word: &choice.word,
                title: &choice.title,
                effect: &choice.effect,
            });
            SimulatedChoiceGroup { title, choices: choices.collect() }
        };
        kinds.into_iter().map(group).filter(|group| !group.choices.is_empty()).collect()
    }

    pub(super) fn chooser_page(&self, visit: &str, context: SimulationContext<'_>) -> SimulatedResponse {
        let lead = if self.choices.is_empty() {
            "The request is exactly what the file sends. No example is recorded beside the file, so there is nothing to choose."
        } else {
            "The request is exactly what the file sends. Choose what the provider answers."
        };
        let frame = self.frame(context);
        let groups = self.choice_groups(Some(visit), context.base);
        let page = SimulationPage { groups, left_out: self.left_out, ..self.empty_page(&frame, "What happens now?", lead) };
        frame.response(200, &page)
    }

    pub(super) fn overview_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let lead = "This provider is made from its file and its recorded examples. It accepts exactly what the file sends, and it proves \
                    nothing about the person who signs in.";
        let frame = self.frame(context);
        let addresses = self.addresses(context.public_url, context.base, context.now);
        let mut groups = self.choice_groups(None, context.base);
        let tokens = self.token_links(context.base);
        if !tokens.is_empty() {
            groups.push(SimulatedChoiceGroup { title: "Tokens to hand in at /exchange", choices: tokens });
        }
        let page = SimulationPage {
            groups,
            left_out: self.left_out,
            addresses: &addresses,
            ..self.empty_page(&frame, "A simulated provider", lead)
        };
        frame.response(200, &page)
    }

    /// The browser came with another request than the file sends.
    pub(super) fn differences_page(&self, differences: &[Difference], context: SimulationContext<'_>) -> SimulatedResponse {
        let lead = "The browser came with another request than the file sends.";
        let frame = self.frame(context);
        frame.response(400, &SimulationPage { differences, ..self.empty_page(&frame, "This is not what the file sends", lead) })
    }

    pub(super) fn unknown_visit_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let lead = "This choice is too old, or it belongs to another simulation. Start the login again.";
        self.message_page(400, "This login is not known here", lead, context)
    }

    pub(super) fn signed_out_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        self.message_page(200, "Signed out", "The real provider would end its own session here.", context)
    }

    pub(super) fn not_found_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let lead = "The provider's addresses lie below this one, such as /https/idp.example/token.";
        self.message_page(404, "There is nothing here", lead, context)
    }

    pub(super) fn method_not_allowed_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let page = self.message_page(405, "This method is not supported here", "This page answers GET and HEAD.", context);
        page.with_header("Allow", "GET, HEAD")
    }

    pub(super) fn too_large_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        self.message_page(413, "The request is too large", "A request is at most 64 KiB.", context)
    }

    /// The authorization response as a form.
    pub(super) fn form_post_page(&self, address: &str, pairs: &[(String, String)], context: SimulationContext<'_>) -> SimulatedResponse {
        let fields: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.frame(context).form_post(&CallbackForm {
            title: "Form post",
            lead: "This form carries the answer back to the broker.",
            button: "Continue",
            name: "",
            email: "",
            address,
            fields: &fields,
            submits_itself: true,
        })
    }

    fn message_page(&self, status: u16, title: &str, lead: &str, context: SimulationContext<'_>) -> SimulatedResponse {
        self.frame(context).message(status, title, lead, "")
    }

    fn empty_page<'a>(&'a self, frame: &'a SimulatedPageFrame<'a>, title: &'a str, lead: &'a str) -> SimulationPage<'a> {
        SimulationPage { frame, provider: &self.provider, title, lead, groups: Vec::new(), left_out: 0, differences: &[], addresses: &[] }
    }
}
