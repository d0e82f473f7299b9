//! `/enter`: the browser comes, somebody chooses who they are and what goes wrong, and the browser goes back.

use crate::simulated::playground::Playground;
use crate::simulated::playground::answer::PlaygroundAnswer;
use crate::simulated::playground::authorization_request::PlaygroundAuthorizationRequest;
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::pages::{self, TypedPerson};
use crate::simulated::playground::person::{PlaygroundPerson, PlaygroundSamplePerson};
use crate::simulated::playground::phrases::PlaygroundLanguage;
use crate::simulated::playground::request::{PlaygroundFields, PlaygroundRequest};
use crate::simulated::playground::ticket::PlaygroundTicket;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest name and the longest address that can be typed, in bytes.
const LONGEST: usize = 320;

impl Playground {
    /// Shows the choice, or sends the browser back with what was chosen.
    pub(super) fn authorize(
        &self,
        asked: &PlaygroundRequest<'_>,
        language: PlaygroundLanguage,
        now: i64,
        chance: [u8; 16],
    ) -> PlaygroundAnswer {
        let fields = asked.fields();
        let visit = match PlaygroundAuthorizationRequest::read(&fields, asked.public_url) {
            Ok(visit) => visit,
            Err(why) => return pages::bad_request(language, asked.public_url, why),
        };
        let fault = fields.unique("fault").and_then(PlaygroundFault::named);
        let typed = typed_person(&fields);
        match chosen_person(&fields, &typed) {
            ChosenPerson::NotYet => pages::chooser(language, asked.public_url, &visit, &typed, 200),
            ChosenPerson::Nobody => pages::chooser(language, asked.public_url, &visit, &typed, 400),
            ChosenPerson::Somebody(person) => self.redirect_back(&visit, person, fault, (language, asked.public_url), (now, chance)),
        }
    }

    fn redirect_back(
        &self,
        visit: &PlaygroundAuthorizationRequest,
        person: PlaygroundPerson,
        fault: Option<PlaygroundFault>,
        (language, public_url): (PlaygroundLanguage, &str),
        (now, chance): (i64, [u8; 16]),
    ) -> PlaygroundAnswer {
        let state = ("nonce_of_yours", visit.nonce_of_yours.as_str());
        if fault == Some(PlaygroundFault::Cancel) {
            let no = [("error", "access_denied"), ("error_description", "somebody pressed Cancel at the playground"), state];
            return PlaygroundAnswer::redirect(visit.redirect_address(&no));
        }
        let ticket = PlaygroundTicket {
            number: URL_SAFE_NO_PAD.encode(chance),
            made: now,
            app: visit.app.clone(),
            back: visit.back.clone(),
            riddle: visit.riddle.clone(),
            person,
            fault: fault.map(|fault| fault.word().to_owned()),
        };
        if fault == Some(PlaygroundFault::SpentTicket) {
            // In a crowd it is not remembered, and then the login works: nothing depends on it.
            let _ = self.consume_ticket(&ticket, now);
        }
        let sealed = self.seal.seal(&ticket);
        match fault {
            Some(PlaygroundFault::WrongState) => {
                PlaygroundAnswer::redirect(visit.redirect_address(&[("ticket", &sealed), ("nonce_of_yours", "somebody-elses")]))
            }
            Some(PlaygroundFault::FormPost) => pages::form_post(language, public_url, visit, &ticket.person, &[("ticket", &sealed), state]),
            _ => PlaygroundAnswer::redirect(visit.redirect_address(&[("ticket", &sealed), state])),
        }
    }
}

enum ChosenPerson {
    NotYet,
    Nobody,
    Somebody(PlaygroundPerson),
}

fn chosen_person(fields: &PlaygroundFields<'_>, typed: &TypedPerson) -> ChosenPerson {
    match fields.unique("who") {
        None => ChosenPerson::NotYet,
        Some("typed") => {
            let fits = |text: &str| text.len() <= LONGEST && !text.chars().any(char::is_control);
            if typed.name.is_empty() && typed.email.is_empty() || !fits(&typed.name) || !fits(&typed.email) {
                return ChosenPerson::Nobody;
            }
            let email = Some(typed.email.as_str()).filter(|email| !email.is_empty());
            ChosenPerson::Somebody(PlaygroundPerson::made_up(&typed.name, email, typed.checked))
        }
        Some(word) => PlaygroundSamplePerson::named(word).map_or(ChosenPerson::NotYet, |regular| ChosenPerson::Somebody(regular.person())),
    }
}

fn typed_person(fields: &PlaygroundFields<'_>) -> TypedPerson {
    let text = |name| fields.unique(name).unwrap_or_default().trim().to_owned();
    let is_typed = fields.unique("who") == Some("typed");
    TypedPerson { name: text("name"), email: text("email"), checked: !is_typed || fields.unique("checked").is_some(), fault: text("fault") }
}
