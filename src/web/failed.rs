//! Logins that ended badly: the story is kept under a code, the log says one line, the shopper gets a page.

use crate::directory::Away;
use crate::directory::audit::{Event, Note, What};
use crate::directory::incidents::{Incident, Remember};
use crate::directory::linking::NotWelcome;
use crate::directory::reasons;
use crate::directory::welcome::TurnedAway;
use crate::incident::Code;
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::pages::Cause;
use crate::roster::Offer;
use crate::story::watch::Watch;
use crate::story::{Happened, Story, plainly, short, tell};
use crate::web::asked::Asked;
use crate::web::refused::{Ended, Refused, cause_of, not_welcome};
use crate::world::dice;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

fn ended(cause: Cause, offer: &Offer, return_to: Option<&str>, code: Option<Code>) -> Refused {
    let (title, provider) = (offer.provider.title.to_string(), offer.provider.name.to_string());
    let login = Ended { title, provider, return_to: return_to.map(str::to_owned), code };
    Refused { login: Some(Box::new(login)), ..cause.into() }
}

/// An end that has nothing to do with what the provider said. Its story is the same for everybody, so one a minute is kept: whoever
/// knocks could fill the storage otherwise.
pub async fn without_a_conversation(asked: &Asked, cause: Cause, offer: &Offer, return_to: Option<&str>) -> Refused {
    let (store, provider) = (&asked.front().store.name, &offer.provider.name);
    let (minute, door) = (asked.now() / 60, (asked.front().number, provider.clone(), cause.name()));
    let mut code = asked.app().stories.of(&door, minute);
    if code.is_none() {
        let event = Event::new(asked.now(), store, What::Failed).through(provider).because(cause.name());
        let event = Event { version: Some(offer.version.clone()), ..event };
        let story = Story {
            provider: provider.to_string(),
            file: offer.provider.source.name.to_string(),
            code: Some(cause.name().to_owned()),
            message: Some(sentence(cause).to_owned()),
            ..Story::default()
        };
        code = remember(asked, &event, || story).await.ok().flatten();
        if let Some(code) = &code {
            asked.app().stories.keep(door, minute, code.clone());
        }
    }
    asked.app().metrics.login(store, provider, cause.name());
    tracing::info!(
        store = &**store,
        provider = &**provider,
        incident = code.as_ref().map(Code::as_str),
        cause = cause.name(),
        "a login ended"
    );
    ended(cause, offer, return_to, code)
}

/// What support should know of such an end.
fn sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::AlreadyUsed => "this callback came a second time, as by a double click or the back button; a login counts once",
        Cause::Slow => "so many logins wait for this provider that it was not this one's turn within 10 seconds",
        Cause::Changed => "the provider's file changed while the shopper was away, and what came back fits the new one only",
        Cause::ProofOver => "the code was not typed in time, or was wrong too often, or the login began in another browser",
        Cause::Malformed => "the callback's address was opened without any parameter",
        _ => {
            "the callback belongs to no login that this browser began: its cookie is gone, blocked or older than ten minutes, or the login began in another browser"
        }
    }
}

/// A login that ended before anything was asked of the provider.
pub async fn early(asked: &Asked, offer: &Offer, return_to: Option<&str>, error: &LoginError) -> Refused {
    login(asked, offer, return_to, error, &Trace::default(), &Watch::default()).await
}

/// A login that went wrong on the way to an identity.
pub async fn login(asked: &Asked, offer: &Offer, return_to: Option<&str>, error: &LoginError, trace: &Trace, watch: &Watch) -> Refused {
    let cause = cause_of(error, trace);
    let (store, provider) = (&asked.front().store.name, &offer.provider.name);
    asked.app().metrics.login(store, provider, cause.name());
    let event = Event::new(asked.now(), store, What::Failed).through(provider).because(&short(&error.code));
    let event = Event { version: Some(offer.version.clone()), ..event };
    // While everybody fails in the same way, what would mend it is looked for a few times a minute.
    let (minute, door) = (asked.now() / 60, (asked.front().number, provider.clone(), "mending"));
    let telling = if asked.app().stories.is_to_be_mended(door, minute) { tell } else { plainly };
    let code = remember(asked, &event, || telling(Happened { provider: &offer.provider, redirect: None, trace, watch, end: Err(error) }))
        .await
        .ok()
        .flatten();
    if cause == Cause::Cancelled {
        tracing::info!(store = &*asked.front().store.name, provider = &*offer.provider.name, "a shopper changed their mind");
        return ended(cause, offer, return_to, code);
    }
    tracing::warn!(
        store = &*asked.front().store.name,
        provider = &*offer.provider.name,
        incident = code.as_ref().map(Code::as_str),
        cause = cause.name(),
        step = error.step.map(crate::provider::step::StepKind::word),
        code = short(&error.code),
        said = short(&error.message),
        file = &*offer.provider.source.name,
        line = error.place.map(|place| place.line),
        "a login failed"
    );
    ended(cause, offer, return_to, code)
}

/// A login that cannot even begin. Whoever knocks could fill the storage with such stories, so one a minute is kept.
pub async fn at_the_start(asked: &Asked, offer: &Offer, return_to: Option<&str>, error: &LoginError) -> Refused {
    let (minute, door) = (asked.now() / 60, (asked.front().number, offer.provider.name.clone(), "start"));
    if let Some(code) = asked.app().stories.of(&door, minute) {
        let cause = cause_of(error, &Trace::default());
        asked.app().metrics.login(&asked.front().store.name, &offer.provider.name, cause.name());
        return ended(cause, offer, return_to, Some(code));
    }
    let refused = early(asked, offer, return_to, error).await;
    if let Some(code) = refused.login.as_ref().and_then(|ended| ended.code.clone()) {
        asked.app().stories.keep(door, minute, code);
    }
    refused
}

/// The stories of this minute: store, provider and kind, and the code under which one is kept.
#[derive(Default)]
pub struct Stories(Mutex<HashMap<Door, (i64, Code)>>, Mutex<HashMap<u32, (i64, u32)>>, Mutex<HashMap<Door, (i64, u32)>>);

/// Stories that a store keeps in a minute.
const MOST_STORIES: u32 = 120;

/// Failed logins of a provider in a minute for which it is looked for what would mend its file.
const MOST_MENDED: u32 = 6;

type Door = (u32, Box<str>, &'static str);

impl Stories {
    fn of(&self, door: &Door, minute: i64) -> Option<Code> {
        let stories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stories.get(door).filter(|(kept, _)| *kept == minute).map(|(_, code)| code.clone())
    }

    /// Whether a store may keep one more story in this minute.
    fn one_more(&self, store: u32, minute: i64) -> bool {
        let mut counts = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = counts.entry(store).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count += 1;
        *count <= MOST_STORIES
    }

    /// Whether one more failed login of a provider is worth looking for what would mend its file, in this minute.
    fn is_to_be_mended(&self, door: Door, minute: i64) -> bool {
        let mut counts = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = counts.entry(door).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count += 1;
        *count <= MOST_MENDED
    }

    fn keep(&self, door: Door, minute: i64, code: Code) {
        let mut stories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stories.retain(|_, (kept, _)| *kept == minute);
        stories.insert(door, (minute, code));
    }
}

/// Somebody who showed who they are, and does not come in all the same. It is written down once, with a code or without.
pub async fn not_let_in(asked: &Asked, offer: &Offer, return_to: Option<&str>, away: TurnedAway) -> Refused {
    let TurnedAway { why, event } = away;
    let (store, provider, cause) = (&asked.front().store.name, &offer.provider.name, not_welcome(why));
    asked.app().metrics.login(store, provider, cause.name());
    let file = &*offer.provider.source.name;
    let story = Story {
        provider: provider.to_string(),
        file: file.to_owned(),
        code: Some(why.word().to_owned()),
        message: Some(reasons::refusal(why.word()).clone()),
        ..Story::default()
    };
    // To whoever is blocked, or only has to sign in again, the page says everything.
    let is_told = matches!(why, NotWelcome::Blocked | NotWelcome::SignedOut);
    let kept = if is_told { Ok(None) } else { remember(asked, &event, || story).await };
    // Where storage is away there is no line either, and that has been logged.
    if let Ok(None) = kept {
        let _ = asked.app().directory.write(Note(event)).await;
    }
    let code = kept.ok().flatten();
    tracing::warn!(
        store = &**store,
        provider = &**provider,
        incident = code.as_ref().map(Code::as_str),
        cause = cause.name(),
        because = why.word(),
        "somebody was not let in"
    );
    ended(cause, offer, return_to, code)
}

/// Keeps a story, and writes down what happened with its code; without storage there is no code.
async fn remember(asked: &Asked, event: &Event, story: impl FnOnce() -> Story) -> Result<Option<Code>, Away> {
    // Anybody can fail again and again; the storage is not theirs to fill.
    if !asked.app().stories.one_more(asked.front().number, asked.now() / 60) {
        return Ok(None);
    }
    // What would mend the file is looked for here, which is work: not for whoever fails again and again.
    keep(asked, event, story()).await
}

/// The same, however many there are.
pub async fn keep(asked: &Asked, event: &Event, mut story: Story) -> Result<Option<Code>, Away> {
    let (app, store, now) = (asked.app(), &asked.front().store, asked.now());
    story.version = event.version.as_ref().map(ToString::to_string);
    let story = serde_json::to_string(&story).unwrap_or_default();
    // A code is taken once in many millions; then another is drawn.
    for _ in 0..3 {
        let code = Code::new(dice::bytes());
        let incident = Incident { code: code.as_str().into(), store: store.name.clone(), at: now, story: story.clone() };
        if app.directory.write(Remember { incident, event: event.clone() }).await? {
            return Ok(Some(code));
        }
    }
    Ok(None)
}
