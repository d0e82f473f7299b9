//! From what went wrong to a status and a page: the one place that decides what a visitor gets to know.

use crate::directory::Away;
use crate::directory::linking::NotWelcome;
use crate::incident::Code;
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::pages::frame::address;
use crate::pages::{Cause, ErrorPage, Frame};
use crate::web::asked::Asked;
use crate::web::cookies;
use crate::web::login_page;
use crate::wire::NoAnswer;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::json;

/// A request that does not get what it asked for.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub cause: Cause,
    /// What is told of the login that ended by it.
    pub login: Option<Box<Ended>>,
    /// Cookies that are set or taken away all the same.
    pub cookies: Vec<HeaderValue>,
    /// A page that helps more than being told.
    pub instead: Option<String>,
}

/// A login that ended badly, as its page tells of it.
#[derive(Debug, Default)]
pub struct Ended {
    /// The provider's name.
    pub title: String,
    /// The provider's file name.
    pub provider: String,
    /// Where the shopper wanted to go.
    pub return_to: Option<String>,
    /// The code under which support finds the story.
    pub code: Option<Code>,
}

impl From<Cause> for Refused {
    fn from(cause: Cause) -> Self {
        Self { cause, login: None, cookies: Vec::new(), instead: None }
    }
}

impl From<Away> for Refused {
    fn from(_: Away) -> Self {
        Cause::Away.into()
    }
}

/// Why somebody is not let in, in the words of the page.
pub fn not_welcome(why: NotWelcome) -> Cause {
    match why {
        NotWelcome::Blocked => Cause::Blocked,
        NotWelcome::AddressTaken | NotWelcome::Detached => Cause::AddressTaken,
        NotWelcome::AddressReassigned => Cause::AddressReassigned,
        NotWelcome::LinkedElsewhere => Cause::LinkedElsewhere,
        NotWelcome::SignedOut => Cause::NotFresh,
        NotWelcome::NoAddress => Cause::MissingEmail,
    }
}

/// What a failed login is called on the page.
pub fn cause_of(error: &LoginError, trace: &Trace) -> Cause {
    if error.by_provider {
        let code = error.code.to_ascii_lowercase();
        // The protocol's own word, and the words that providers have for it.
        let said_no = ["denied", "cancel"].iter().any(|word| code.contains(word)) && trace.exchanges.is_empty();
        return if said_no { Cause::Cancelled } else { Cause::Refused };
    }
    match error.code.as_str() {
        "expired" => Cause::Expired,
        "badState" | "badIssuer" => Cause::Lost,
        "badCallback" => Cause::Malformed,
        "missingEmail" => Cause::MissingEmail,
        "unprovenEmail" => Cause::UnprovenEmail,
        "notAllowed" => Cause::NotAllowed,
        "noAnswer" => match trace.exchanges.last().map(|exchange| &exchange.answer) {
            Some(Err(NoAnswer::TooSlow)) => Cause::Slow,
            Some(Err(NoAnswer::TooLarge)) => Cause::Odd,
            _ => Cause::Unreachable,
        },
        "tooSlow" => Cause::Slow,
        "noDocument" => Cause::Unreachable,
        _ => Cause::Odd,
    }
}

fn status(refused: &Refused) -> StatusCode {
    match refused.cause {
        // The shopper changed their mind; nothing went wrong.
        Cause::Cancelled => StatusCode::OK,
        Cause::Expired | Cause::AlreadyUsed | Cause::Lost | Cause::Changed | Cause::ProofOver | Cause::BadInput | Cause::Malformed => {
            StatusCode::BAD_REQUEST
        }
        Cause::MissingEmail
        | Cause::UnprovenEmail
        | Cause::AddressTaken
        | Cause::AddressReassigned
        | Cause::NotStaff
        | Cause::NotFresh
        | Cause::NotAllowed
        | Cause::Blocked
        | Cause::CrossSite => StatusCode::FORBIDDEN,
        Cause::LastWay | Cause::LinkedElsewhere => StatusCode::CONFLICT,
        Cause::Refused | Cause::Unreachable | Cause::Odd => StatusCode::BAD_GATEWAY,
        Cause::Slow => StatusCode::GATEWAY_TIMEOUT,
        Cause::NoSuchProvider | Cause::NoSuchPage => StatusCode::NOT_FOUND,
        Cause::TooMany { .. } | Cause::TooManyTests { .. } => StatusCode::TOO_MANY_REQUESTS,
        Cause::Away => StatusCode::SERVICE_UNAVAILABLE,
        Cause::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Cause::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
    }
}

impl Refused {
    /// The answer to whoever asked: a page for people, JSON for programs.
    pub fn answer(self, asked: &Asked) -> HttpResponse {
        let mut response = HttpResponse::build(self.instead.as_ref().map_or_else(|| status(&self), |_| StatusCode::SEE_OTHER));
        cookies::send(&mut response, self.cookies.iter().cloned());
        if let Some(place) = self.instead {
            return response.insert_header((LOCATION, place)).finish();
        }
        match self.cause {
            Cause::TooMany { seconds } | Cause::TooManyTests { seconds } => _ = response.insert_header((RETRY_AFTER, seconds)),
            Cause::Away => _ = response.insert_header((RETRY_AFTER, 5)),
            _ => {}
        }
        let wants_a_page = asked.header(ACCEPT).is_some_and(|accept| accept.contains("text/html"));
        if self.login.is_none() && !wants_a_page {
            return response.json(json!({ "error": self.cause.name() }));
        }
        response.content_type("text/html; charset=utf-8").body(self.page(asked))
    }

    fn page(&self, asked: &Asked) -> String {
        let front = asked.front();
        let login = self.login.as_deref();
        let return_to = login.and_then(|login| login.return_to.as_deref());
        let again = login.filter(|login| !login.provider.is_empty());
        let again = again.map(|login| address(&["login", &login.provider], &[("return_to", return_to)]));
        let others = address(&["login"], &[("return_to", return_to)]);
        ErrorPage {
            frame: Frame { look: &front.look, language: asked.language(), offered: &[], version: &front.version },
            cause: self.cause,
            provider: login.map(|login| login.title.as_str()).filter(|title| !title.is_empty()),
            again: again.as_deref(),
            others: Some(&others),
            has_others: login_page::offers(front).len() > 1,
            home: front.look.home.as_deref(),
            code: login.and_then(|login| login.code.as_ref()).map(Code::as_str),
            until: None,
        }
        .render()
    }
}

/// The answer that leads elsewhere.
pub fn leads_to(place: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER).insert_header((LOCATION, place)).finish()
}

/// The answer to a method that a page does not know.
pub fn wrong_method(asked: &Asked, allowed: &'static str) -> HttpResponse {
    let mut response = Refused::from(Cause::WrongMethod).answer(asked);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
