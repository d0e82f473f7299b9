//! `/enter`: the browser comes, somebody chooses who they are and what goes wrong, and the browser goes back.

use crate::playground::Playground;
use crate::playground::answer::Answer;
use crate::playground::asked::{Asked, Fields};
use crate::playground::fault::Fault;
use crate::playground::pages::{self, Typed};
use crate::playground::person::{Person, Regular};
use crate::playground::speech::Language;
use crate::playground::ticket::Ticket;
use crate::playground::visit::Visit;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest name and the longest address that can be typed, in bytes.
const LONGEST: usize = 320;

impl Playground {
    /// Shows the choice, or sends the browser back with what was chosen.
    pub(super) fn enter(&self, asked: &Asked<'_>, language: Language, now: i64, chance: [u8; 16]) -> Answer {
        let fields = asked.fields();
        let visit = match Visit::read(&fields, asked.public_url) {
            Ok(visit) => visit,
            Err(why) => return pages::bad_visit(language, asked.public_url, why),
        };
        let fault = fields.one("fault").and_then(Fault::named);
        let typed = typed(&fields);
        match who(&fields, &typed) {
            Who::NotYet => pages::chooser(language, asked.public_url, &visit, &typed, 200),
            Who::Nobody => pages::chooser(language, asked.public_url, &visit, &typed, 400),
            Who::Somebody(person) => self.send_back(&visit, person, fault, (language, asked.public_url), (now, chance)),
        }
    }

    fn send_back(
        &self,
        visit: &Visit,
        person: Person,
        fault: Option<Fault>,
        (language, public_url): (Language, &str),
        (now, chance): (i64, [u8; 16]),
    ) -> Answer {
        let state = ("nonce_of_yours", visit.nonce_of_yours.as_str());
        if fault == Some(Fault::Cancel) {
            let no = [("error", "access_denied"), ("error_description", "somebody pressed Cancel at the playground"), state];
            return Answer::redirect(visit.way_back(&no));
        }
        let ticket = Ticket {
            number: URL_SAFE_NO_PAD.encode(chance),
            made: now,
            app: visit.app.clone(),
            back: visit.back.clone(),
            riddle: visit.riddle.clone(),
            person,
            fault: fault.map(|fault| fault.word().to_owned()),
        };
        if fault == Some(Fault::SpentTicket) {
            // In a crowd it is not remembered, and then the login works: nothing depends on it.
            let _ = self.spend(&ticket, now);
        }
        let sealed = self.seal.close(&ticket);
        match fault {
            Some(Fault::WrongState) => Answer::redirect(visit.way_back(&[("ticket", &sealed), ("nonce_of_yours", "somebody-elses")])),
            Some(Fault::FormPost) => pages::hand_back(language, public_url, visit, &ticket.person, &[("ticket", &sealed), state]),
            _ => Answer::redirect(visit.way_back(&[("ticket", &sealed), state])),
        }
    }
}

/// Who was chosen.
enum Who {
    NotYet,
    Nobody,
    Somebody(Person),
}

fn who(fields: &Fields<'_>, typed: &Typed) -> Who {
    match fields.one("who") {
        None => Who::NotYet,
        Some("typed") => {
            let fits = |text: &str| text.len() <= LONGEST && !text.chars().any(char::is_control);
            if typed.name.is_empty() && typed.email.is_empty() || !fits(&typed.name) || !fits(&typed.email) {
                return Who::Nobody;
            }
            let email = Some(typed.email.as_str()).filter(|email| !email.is_empty());
            Who::Somebody(Person::made_up(&typed.name, email, typed.checked))
        }
        Some(word) => Regular::named(word).map_or(Who::NotYet, |regular| Who::Somebody(regular.person())),
    }
}

fn typed(fields: &Fields<'_>) -> Typed {
    let text = |name| fields.one(name).unwrap_or_default().trim().to_owned();
    let is_typed = fields.one("who") == Some("typed");
    Typed { name: text("name"), email: text("email"), checked: !is_typed || fields.one("checked").is_some(), fault: text("fault") }
}
