//! Where the story of a failed login is stored: under a code of its own, or under that of an equal failure.

use crate::directory::StorageUnavailable;
use crate::directory::audit::{AuditEvent, AuditEventKind};
use crate::directory::incidents::{SaveIncident, ShareIncident, StoredIncident};
use crate::pages::ErrorCause;
use crate::story::Story;
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::login_source::LoginSource;
use crate::web::request_context::RequestContext;
use crate::web::story_throttle::{FailureKind, FailurePlace, StoryPlace};
use crate::world::random;

/// What support reads of a failed login.
pub(crate) enum FoundStory {
    /// Its own story; the audit has its line.
    Kept(IncidentCode),
    /// The story of an equal failure.
    Equal(IncidentCode),
    /// No story, because too many different failures came in this minute.
    None,
    /// No story, because the storage is unavailable.
    Unavailable,
}

impl FoundStory {
    pub(crate) fn code(self) -> Option<IncidentCode> {
        match self {
            Self::Kept(code) | Self::Equal(code) => Some(code),
            Self::None | Self::Unavailable => None,
        }
    }
}

/// The kind of a failure, without the words that say what was wrong.
pub(crate) fn failure_kind(
    context: &RequestContext,
    source: LoginSource<'_>,
    cause: ErrorCause,
    at: FailurePlace,
    code: &str,
) -> FailureKind {
    FailureKind {
        store: context.live_store().store.name.clone(),
        provider: source.name.into(),
        version: source.version.into(),
        cause: cause.name().into(),
        at,
        code: Some(code.into()),
        said: None,
    }
}

/// What a failure says, without the words that differ from login to login, such as the number of a request or an age in seconds.
pub(crate) fn without_numbers(said: &str) -> String {
    let words = said.split_whitespace().map(|word| if word.contains(|letter: char| letter.is_ascii_digit()) { "0" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Stores the story and the audit line of a login that failed, or counts it among equal failures; answers with the code for the page.
pub(crate) async fn place_failure(
    context: &RequestContext,
    kind: FailureKind,
    story: impl AsyncFnOnce(&IncidentCode) -> Story,
) -> Option<IncidentCode> {
    let event = AuditEvent::new(context.now(), &kind.store, AuditEventKind::Failed).via_provider(&kind.provider);
    let event = event.with_reason(kind.code.as_ref().unwrap_or(&kind.cause));
    let event = event.of_version(&kind.version);
    let found = place_story(context, &kind, &event, story).await;
    if let FoundStory::Equal(_) | FoundStory::None = found {
        context.app().stories.count_unkept(&kind, context.now() / 60);
    }
    found.code()
}

/// Stores a story and its audit line, or finds an equal one where many were stored in this minute. The story is made only where it is
/// stored, because it may search for a repair.
pub(crate) async fn place_story(
    context: &RequestContext,
    kind: &FailureKind,
    event: &AuditEvent,
    story: impl AsyncFnOnce(&IncidentCode) -> Story,
) -> FoundStory {
    let (app, minute) = (context.app(), context.now() / 60);
    let (place, begins) = app.stories.place_story(kind, context.client_network(), minute, IncidentCode::new(random::bytes()));
    if begins {
        tracing::warn!(
            store = &*kind.store,
            "many logins fail in this minute: further ones get the incident code of an equal failure, or none, and one line in the audit together"
        );
    }
    let intended = match place {
        StoryPlace::Own(code) => code,
        StoryPlace::Equal(code, shared) => {
            // The last number is written once the minute is over.
            if shared.is_power_of_two() {
                let _ = app.directory.write(ShareIncident { code: code.as_str().into(), shared }).await;
            }
            return FoundStory::Equal(code);
        }
        StoryPlace::None => return FoundStory::None,
    };
    let story = Story { page: Some(kind.cause.to_string()), ..story(&intended).await };
    let stored = keep_story(context, event, story, intended.clone()).await.ok().flatten();
    if stored.as_ref() != Some(&intended) {
        app.stories.correct(kind, &intended, stored.as_ref(), minute);
    }
    stored.map_or(FoundStory::Unavailable, FoundStory::Kept)
}

/// Stores a story and its audit line under a new incident code.
pub(crate) async fn keep_story(
    context: &RequestContext,
    event: &AuditEvent,
    mut story: Story,
    mut code: IncidentCode,
) -> Result<Option<IncidentCode>, StorageUnavailable> {
    let (app, store, now) = (context.app(), &context.live_store().store, context.now());
    story.version = event.version.as_ref().map(ToString::to_string);
    story.public_url = Some(store.public_url.to_string());
    let story = serde_json::to_string(&story).unwrap_or_default();
    // A random code may be in use already, once in many millions.
    for _ in 0..3 {
        let incident = StoredIncident { code: code.as_str().into(), store: store.name.clone(), at: now, story: story.clone() };
        if app.directory.write(SaveIncident { incident, event: event.clone() }).await? {
            return Ok(Some(code));
        }
        code = IncidentCode::new(random::bytes());
    }
    Ok(None)
}
