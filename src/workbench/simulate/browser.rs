//! The browser comes, somebody chooses who they are and what goes wrong, and the browser goes back.

use crate::examples::replay;
use crate::login::attempt::Attempt;
use crate::provider::callback::{CallbackBy, StateIn};
use crate::provider::facts::Facts;
use crate::text::Text;
use crate::workbench::simulate::answer::Answer;
use crate::workbench::simulate::arrived::Arrived;
use crate::workbench::simulate::compare::sentence;
use crate::workbench::simulate::menu::Choice;
use crate::workbench::simulate::real::Real;
use crate::workbench::simulate::visit::{Login, Visit};
use crate::workbench::simulate::{Here, Simulation, mirror, pages};

/// How old the moment of a redirect may be, in seconds.
const RECENT: i64 = 120;

impl Simulation {
    /// The browser comes: the choice, or what differs from what the file sends.
    pub(super) fn arrive(&self, found: &Arrived, attempt: Attempt, facts: &Facts, here: Here<'_>, unique: String) -> Answer {
        let step = &self.provider.authorization;
        let expected = mirror::expect(&self.provider, step, facts, found, here.now - RECENT..=here.now);
        let challenge = mirror::look_over_challenge(&self.provider, &attempt);
        let facts = match (expected, challenge) {
            (Ok(facts), None) => facts,
            (expected, challenge) => {
                let differences: Vec<_> = expected.err().into_iter().flatten().chain(challenge).collect();
                let told = format!("refused   GET {}: {}", found_base(found), sentence(&differences));
                return pages::differs(&self.provider, &differences, here).told(told);
            }
        };
        let page = pages::chooser(&self.provider, &self.choices, self.left_out, &unique, here);
        let mut under_way = self.under_way();
        under_way.tidy(here.now);
        under_way.came(Visit { number: unique, came: here.now, attempt, facts });
        page.told(format!("accepted  GET {} (getAuthorizationCode)", found_base(found)))
    }

    /// Somebody has chosen: the browser goes back.
    pub(super) fn choose(&self, query: &str, here: Here<'_>, unique: &str) -> Answer {
        let field = |wanted: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value);
        let mut under_way = self.under_way();
        under_way.tidy(here.now);
        let visit = field("visit").and_then(|number| under_way.visit(&number)).map(|visit| (visit.attempt.clone(), visit.facts.clone()));
        let choice = field("choice").and_then(|word| self.choices.iter().find(|choice| choice.word == word));
        let (Some((attempt, facts)), Some(choice)) = (visit, choice) else {
            return pages::nobody_is_choosing(&self.provider, here).told("refused   a choice of nobody who is under way".to_owned());
        };
        let (login, answer) = self.send_back(&attempt, facts, choice, here, unique);
        under_way.begun(login);
        answer.told(format!("chosen    {}", choice.title))
    }

    fn send_back(&self, attempt: &Attempt, mut facts: Facts, choice: &Choice, here: Here<'_>, unique: &str) -> (Login, Answer) {
        let provider = &self.provider;
        let real = Real::of(provider, &choice.story, &facts, here.now);
        let (story, code) = real.story(provider, &choice.story, &facts, unique);
        let tokens = self.keyring.tokens(provider, &story, here.now, &facts);
        let callback = replay::callback(provider, &story, &tokens, &facts);
        let pairs: Vec<(String, String)> =
            callback.pairs.iter().map(|(name, value)| (name.to_string(), value.expose().to_owned())).collect();
        let mut back = attempt.redirect_uri.to_string();
        if choice.wrong_path && provider.state_in == StateIn::Path {
            back = back.strip_suffix(&*attempt.state).map_or(back.clone(), |address| format!("{address}somebody-elses"));
        }
        let answer = if provider.callback == CallbackBy::Post {
            pages::hand_back(provider, &back, &pairs, here)
        } else {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let joint = if back.contains('?') { '&' } else { '?' };
            Answer::redirect(&format!("{back}{joint}{query}"))
        };
        facts.set(provider.known.now, Text::plain(here.now.to_string()));
        self.learn_keys(&facts, here.now);
        // What the broker will read, the mirror reads as well; where it refuses, nothing further is expected.
        let read = provider.authorization.read_callback(&callback, &callback.document(), &mut facts, &self.documents);
        let login = Login {
            unique: unique.chars().take(10).collect(),
            sent_back: here.now,
            facts,
            story,
            tokens,
            calls: choice.calls.clone(),
            code,
            token: None,
            position: 0,
            moment: None,
            late: choice.late,
            over: read.is_err(),
        };
        (login, answer)
    }

    /// Puts the keys where the engine looks for them.
    pub(super) fn learn_keys(&self, facts: &Facts, now: i64) {
        for address in self.provider.steps().filter_map(|step| step.signed()?.keys_address(facts)) {
            self.documents.put(&address, self.keys(facts, now), now);
        }
    }
}

/// The address of a request for telling, without its query.
pub(super) fn found_base(found: &Arrived) -> String {
    crate::workbench::simulate::compare::cut(&found.base)
}
