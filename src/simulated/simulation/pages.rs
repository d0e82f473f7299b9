//! The pages of a simulation.

use crate::pages::phrases::fill;
use crate::provider::Provider;
use crate::simulated::pages::{CallbackForm, ChoiceLink, SimulatedLook, SimulatedPageFrame};
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::choices::{SimulatedChoice, SimulatedChoiceKind};
use crate::simulated::simulation::difference::{ShownDifference, SimulatedDifference};
use crate::simulated::simulation::phrases::SimulationPhrases;
use crate::simulated::simulation::{Simulation, SimulationContext};
use askama::Template;

/// The choices of one kind.
struct SimulatedChoiceGroup<'a> {
    title: &'a str,
    choices: Vec<ChoiceLink<'a>>,
}

#[derive(Template)]
#[template(path = "simulation.html")]
struct SimulationPage<'a> {
    frame: &'a SimulatedPageFrame<'a>,
    provider: &'a Provider,
    phrases: &'static SimulationPhrases,
    title: &'a str,
    lead: &'a str,
    groups: Vec<SimulatedChoiceGroup<'a>>,
    left_out: usize,
    differences: Vec<ShownDifference>,
    addresses: &'a [(String, String)],
}

impl Simulation {
    fn frame<'a>(&'a self, context: SimulationContext<'a>) -> SimulatedPageFrame<'a> {
        let title = &*self.provider.title;
        let phrases = &context.language.phrases;
        // The two invisible characters keep a name that is written from right to left apart from the sentence.
        let name = format!("\u{2068}{title}\u{2069}");
        SimulatedPageFrame {
            look: SimulatedLook::Simulation,
            language: context.language.code,
            name: title,
            banner: fill(&phrases.banner, &[("name", &name)]),
            base: context.base,
            public_url: context.public_url,
            login_address: format!("{}/login/{}", context.public_url, self.provider.name),
            login_label: &phrases.start,
        }
    }

    /// The choices, as links that belong to a visit; without one they are only listed.
    fn choice_groups<'a>(&'a self, visit: Option<&str>, context: SimulationContext<'a>) -> Vec<SimulatedChoiceGroup<'a>> {
        let phrases = &context.language.phrases;
        let kinds = [
            (SimulatedChoiceKind::Login, &*phrases.logins),
            (SimulatedChoiceKind::Refusal, &*phrases.refusals),
            (SimulatedChoiceKind::Fault, &*phrases.faults),
        ];
        let link = |choice: &SimulatedChoice| {
            visit.map_or_else(String::new, |visit| format!("{}/choose?visit={visit}&choice={}", context.base, choice.word))
        };
        let group = |(kind, title)| {
            let choices = self.choices.iter().filter(|choice| choice.kind == kind).map(|choice| {
                let fault = choice.fault.map(|fault| phrases.of_fault(fault));
                let (title, effect) = fault.map_or((&*choice.title, &*choice.effect), |fault| (&*fault.title, &*fault.effect));
                ChoiceLink { address: link(choice), word: &choice.word, title, effect }
            });
            SimulatedChoiceGroup { title, choices: choices.collect() }
        };
        kinds.into_iter().map(group).filter(|group| !group.choices.is_empty()).collect()
    }

    pub(super) fn chooser_page(&self, visit: &str, context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        let lead = if self.choices.is_empty() { &phrases.nothing_to_choose } else { &phrases.choose_lead };
        let frame = self.frame(context);
        let groups = self.choice_groups(Some(visit), context);
        let page = SimulationPage { groups, left_out: self.left_out, ..self.empty_page(&frame, &phrases.choose, lead, context) };
        frame.response(200, &page)
    }

    pub(super) fn overview_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        let frame = self.frame(context);
        let addresses = self.addresses(context.public_url, context.base, context.now);
        let mut groups = self.choice_groups(None, context);
        let tokens = self.token_links(context.base, phrases);
        if !tokens.is_empty() {
            groups.push(SimulatedChoiceGroup { title: &phrases.tokens, choices: tokens });
        }
        let page = SimulationPage {
            groups,
            left_out: self.left_out,
            addresses: &addresses,
            ..self.empty_page(&frame, &phrases.overview, &phrases.overview_lead, context)
        };
        frame.response(200, &page)
    }

    /// The browser came with another request than the file sends.
    pub(super) fn differences_page(&self, differences: &[SimulatedDifference], context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        let frame = self.frame(context);
        let page = self.empty_page(&frame, &phrases.differences, &phrases.differences_lead, context);
        let differences = differences.iter().map(|difference| ShownDifference::new(difference, phrases)).collect();
        frame.response(400, &SimulationPage { differences, ..page })
    }

    pub(super) fn unknown_visit_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        self.message_page(400, &phrases.unknown_visit, &phrases.unknown_visit_lead, context)
    }

    pub(super) fn signed_out_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        self.message_page(200, &phrases.signed_out, &phrases.signed_out_lead, context)
    }

    pub(super) fn not_found_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        self.message_page(404, &phrases.not_found, &phrases.not_found_lead, context)
    }

    pub(super) fn method_not_allowed_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        let page = self.message_page(405, &phrases.wrong_method, &phrases.wrong_method_lead, context);
        page.with_header("Allow", "GET, HEAD")
    }

    pub(super) fn too_large_page(&self, context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        self.message_page(413, &phrases.too_large, &phrases.too_large_lead, context)
    }

    /// The authorization response as a form.
    pub(super) fn form_post_page(&self, address: &str, pairs: &[(String, String)], context: SimulationContext<'_>) -> SimulatedResponse {
        let phrases = &context.language.phrases;
        let fields: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.frame(context).form_post(&CallbackForm {
            title: &phrases.form_post,
            lead: &phrases.form_post_lead,
            button: &phrases.go_on,
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

    fn empty_page<'a>(
        &'a self,
        frame: &'a SimulatedPageFrame<'a>,
        title: &'a str,
        lead: &'a str,
        context: SimulationContext<'_>,
    ) -> SimulationPage<'a> {
        SimulationPage {
            frame,
            provider: &self.provider,
            phrases: &context.language.phrases,
            title,
            lead,
            groups: Vec::new(),
            left_out: 0,
            differences: Vec::new(),
            addresses: &[],
        }
    }
}
