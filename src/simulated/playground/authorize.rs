//! `/enter`: the visitor chooses a person and a fault, and the browser goes back to the broker.

use crate::simulated::playground::Playground;
use crate::simulated::playground::authorization_request::PlaygroundAuthorizationRequest;
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::pages::{PlaygroundPages, TypedPerson};
use crate::simulated::playground::person::{PlaygroundPerson, PlaygroundSamplePerson};
use crate::simulated::playground::ticket::PlaygroundTicket;
use crate::simulated::request::{FormFields, SimulatedRequest};
use crate::simulated::response::SimulatedResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest name and the longest address that can be typed, in bytes.
const LONGEST: usize = 320;

impl Playground {
    /// Shows the choices, or sends the browser back after one was made.
    pub(super) fn authorize(
        &self,
        request: &SimulatedRequest<'_>,
        pages: &PlaygroundPages<'_>,
        now: i64,
        random: [u8; 16],
    ) -> SimulatedResponse {
        let fields = request.fields();
        let authorization = match PlaygroundAuthorizationRequest::read(&fields, request.public_url) {
            Ok(authorization) => authorization,
            Err(problem) => return pages.bad_request(problem),
        };
        let fault = fields.unique("fault").and_then(PlaygroundFault::named);
        let typed = typed_person(&fields);
        match chosen_person(&fields, &typed) {
            ChosenPerson::NotYet => pages.chooser(&authorization, &typed, 200),
            ChosenPerson::Unusable => pages.chooser(&authorization, &typed, 400),
            ChosenPerson::Person(person) => {
                let ticket = PlaygroundTicket {
                    number: URL_SAFE_NO_PAD.encode(random),
                    made: now,
                    app: authorization.app.clone(),
                    back: authorization.back.clone(),
                    riddle: authorization.riddle.clone(),
                    person,
                    fault: fault.map(|fault| fault.word().to_owned()),
                };
                self.redirect_back(&authorization, &ticket, pages)
            }
        }
    }

    fn redirect_back(
        &self,
        authorization: &PlaygroundAuthorizationRequest,
        ticket: &PlaygroundTicket,
        pages: &PlaygroundPages<'_>,
    ) -> SimulatedResponse {
        let state = ("nonce_of_yours", &*authorization.nonce_of_yours);
        let redirect = |fields: &[(&str, &str)]| SimulatedResponse::redirect(&authorization.redirect_address(fields));
        let fault = ticket.fault();
        if fault == Some(PlaygroundFault::Cancel) {
            return redirect(&[("error", "access_denied"), ("error_description", "Cancel was pressed at the playground"), state]);
        }
        if fault == Some(PlaygroundFault::SpentTicket) {
            // While too many tickets are in use it is not remembered, and the login works; nothing depends on it.
            let _ = self.consume_ticket(ticket, ticket.made);
        }
        let sealed = self.seal.seal(ticket);
        match fault {
            Some(PlaygroundFault::WrongState) => redirect(&[("ticket", &sealed), ("nonce_of_yours", "somebody-elses")]),
            Some(PlaygroundFault::FormPost) => pages.form_post(authorization, &ticket.person, &[("ticket", &sealed), state]),
            None
            | Some(
                PlaygroundFault::Cancel
                | PlaygroundFault::Refuse
                | PlaygroundFault::SpentTicket
                | PlaygroundFault::WebPage
                | PlaygroundFault::Slow
                | PlaygroundFault::Silent
                | PlaygroundFault::NoEmail
                | PlaygroundFault::NoId
                | PlaygroundFault::Oversize,
            ) => redirect(&[("ticket", &sealed), state]),
        }
    }
}

enum ChosenPerson {
    NotYet,
    /// The typed values describe no person.
    Unusable,
    Person(PlaygroundPerson),
}

fn chosen_person(fields: &FormFields<'_>, typed: &TypedPerson) -> ChosenPerson {
    match fields.unique("who") {
        None => ChosenPerson::NotYet,
        Some("typed") => {
            let is_usable = |text: &str| text.len() <= LONGEST && !text.chars().any(char::is_control);
            if typed.name.is_empty() && typed.email.is_empty() || !is_usable(&typed.name) || !is_usable(&typed.email) {
                return ChosenPerson::Unusable;
            }
            let email = Some(typed.email.as_str()).filter(|email| !email.is_empty());
            ChosenPerson::Person(PlaygroundPerson::from_typed(&typed.name, email, typed.checked))
        }
        Some(word) => PlaygroundSamplePerson::named(word).map_or(ChosenPerson::NotYet, |sample| ChosenPerson::Person(sample.person())),
    }
}

fn typed_person(fields: &FormFields<'_>) -> TypedPerson {
    let text = |name| fields.unique(name).unwrap_or_default().trim().to_owned();
    let is_typed = fields.unique("who") == Some("typed");
    TypedPerson { name: text("name"), email: text("email"), checked: !is_typed || fields.unique("checked").is_some(), fault: text("fault") }
}
