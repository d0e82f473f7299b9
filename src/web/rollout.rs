//! The next version of a provider file in the logins of shoppers: chance decides at the start whether a login goes through it. Both versions
//! are compared: after a login through the present version, and before a login through the next one signs its person in. Nothing that a
//! browser sends decides anything here.

use crate::directory::StorageUnavailable;
use crate::login::attempt::RedirectError;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::options::LoginOptions;
use crate::login::trace::{Exchange, Trace};
use crate::pages::ErrorCause;
use crate::provider::callback::CallbackParameters;
use crate::rollout::counts::LoginEnd;
use crate::rollout::monitor::{ComparedVersions, DrawnVersion};
use crate::rollout::replay::AnsweredLogin;
use crate::stores::live::LiveProvider;
use crate::web::app::App;
use crate::web::attempt_cookies::CallbackRequest;
use crate::web::rate_limits::wide_network;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::world::random;
use actix_web::rt::task::spawn_blocking;
use actix_web::web::Data;
use std::sync::Arc;

/// The version of the provider's file through which a new login goes.
pub(crate) fn draw_version(context: &RequestContext, present: &Arc<LiveProvider>, options: &LoginOptions) -> DrawnVersion {
    let (live_store, random) = (context.live_store(), u32::from_le_bytes(random::bytes()));
    let drawn = context.app().rollout.draw_version(&live_store.store.name, present, &live_store.providers.snapshot(), random);
    // A version that cannot ask for a login anew takes no part in such a login.
    let is_possible = !options.reauthenticates || drawn.live_provider.provider.can_reauthenticate();
    if is_possible { drawn } else { DrawnVersion { live_provider: Arc::clone(present), drawn_for: None } }
}

/// Counts a login that could not begin, unless the shopper is the reason.
pub(crate) fn count_failed_start(context: &RequestContext, version: &DrawnVersion, why: &RedirectError) {
    let is_of_version = match why {
        RedirectError::Input(_) => false,
        RedirectError::Prepare(error) => is_of_file_or_provider(error),
        RedirectError::NoDocument(_) => true,
        // What the shopper has typed may stand in the address.
        RedirectError::Request(_) => version.live_provider.provider.inputs.is_empty(),
    };
    if is_of_version {
        count_end(context, &version.live_provider, version.drawn_for.as_deref(), LoginEnd::Failed);
    }
}

/// Counts how a login ended whose version was drawn: `drawn_for` is the next version that took part in that.
fn count_end(context: &RequestContext, own: &Arc<LiveProvider>, drawn_for: Option<&str>, end: LoginEnd) {
    let live_store = context.live_store();
    let Some(versions) = ComparedVersions::of(own, &live_store.providers.snapshot()) else { return };
    let is_drawn = drawn_for == Some(&*versions.next.version);
    let from = (wide_network(context.client_network()), context.now());
    if context.app().rollout.count_end(&live_store.store.name, &versions, (is_drawn, end), from) {
        let Some(app) = shared_app(context) else { return };
        // The other brokers learn of it at once.
        actix_web::rt::spawn(async move { app.share_next_versions().await });
    }
}

impl App {
    /// Stores what this broker has counted of next versions, and reads what others have.
    pub async fn share_next_versions(&self) -> Result<(), StorageUnavailable> {
        let live_config = self.live_config();
        let stores = live_config.live_stores().map(|live_store| (&*live_store.store.name, Arc::clone(&live_store.providers.snapshot())));
        self.rollout.synchronize(&self.directory, stores).await
    }
}

fn shared_app(context: &RequestContext) -> Option<Data<App>> {
    context.request().app_data::<Data<App>>().cloned()
}

/// A login that comes to its end, as it is compared afterwards.
pub(crate) struct EndingLogin {
    own: Arc<LiveProvider>,
    /// Both versions, if there are two.
    versions: Option<ComparedVersions>,
    exchanges: Vec<Exchange>,
    /// Whether the conversation with the provider gave an identity; `None` if there was none.
    is_accepted: Option<bool>,
    /// Whether the conversation failed for a reason of the shopper, or of this broker.
    is_of_others: bool,
    /// Whether the login went through the next version.
    is_of_next: bool,
    /// Whether the versions were compared before the sign-in.
    is_compared: bool,
}

impl EndingLogin {
    /// A callback of a login has arrived.
    pub(crate) fn begin(context: &RequestContext, own: &Arc<LiveProvider>, callback_request: &CallbackRequest) -> Self {
        let snapshot = context.live_store().providers.snapshot();
        let is_of_next = callback_request.drawn_for.as_deref() == Some(&*callback_request.version);
        let versions = if is_of_next { ComparedVersions::of_next(own, &snapshot) } else { ComparedVersions::of(own, &snapshot) };
        Self {
            own: Arc::clone(own),
            versions,
            exchanges: Vec::new(),
            is_accepted: None,
            is_of_others: false,
            is_of_next,
            is_compared: false,
        }
    }

    /// Whether the login may sign its person in. Through the next version it may if the present one means the same person; what cannot be
    /// compared is as the operator says in the file.
    pub(crate) async fn is_same_person(
        &mut self,
        context: &RequestContext,
        callback_request: &CallbackRequest,
        callback: &CallbackParameters,
    ) -> bool {
        if !self.is_of_next {
            return true;
        }
        let (Some(versions), Some(app)) = (self.versions.take(), shared_app(context)) else { return false };
        self.is_compared = true;
        let login = self.answered_login(context, callback_request, callback);
        let store = context.live_store().store.name.clone();
        let compared = spawn_blocking(move || {
            let documents = app.connection_of(&versions.present).documents();
            let is_same = app.rollout.compare(&store, &versions, &login, true, documents);
            (is_same, app)
        });
        let Ok((is_same, app)) = compared.await else { return false };
        if !is_same {
            // The other brokers learn of it at once.
            actix_web::rt::spawn(async move { app.share_next_versions().await });
        }
        is_same
    }

    fn answered_login(
        &mut self,
        context: &RequestContext,
        callback_request: &CallbackRequest,
        callback: &CallbackParameters,
    ) -> AnsweredLogin {
        AnsweredLogin {
            saved: callback_request.saved.clone(),
            callback: callback.clone(),
            path_state: context.path_parameter("state"),
            exchanges: std::mem::take(&mut self.exchanges),
            public_url: context.live_store().store.public_url.clone(),
            now: context.now(),
        }
    }

    /// The callback was not accepted, so no conversation began and there is nothing to compare.
    pub(crate) fn note_refused_callback(&mut self, error: &LoginError) {
        (self.is_accepted, self.is_compared) = (Some(false), true);
        self.is_of_others = !is_of_file_or_provider(error);
    }

    /// The conversation with the provider is over.
    pub(crate) fn note_conversation(&mut self, trace: &Trace, error: Option<&LoginError>) {
        if self.versions.is_some() {
            self.exchanges.clone_from(&trace.exchanges);
            self.is_accepted = Some(error.is_none());
            self.is_of_others = error.is_some_and(|error| !is_of_file_or_provider(error));
        }
    }

    /// The answer to the shopper is made. It waits for nothing that happens here.
    pub(crate) fn conclude<T>(
        mut self,
        context: &RequestContext,
        (callback_request, callback): (&CallbackRequest, &CallbackParameters),
        result: &Result<T, UserFacingError>,
    ) {
        let Some(is_accepted) = self.is_accepted else { return };
        let drawn_for = callback_request.drawn_for.as_deref();
        if !self.is_of_others
            && let Some(end) = end_of_login(is_accepted, result.as_ref().err().map(|error| error.cause))
        {
            count_end(context, &self.own, drawn_for, end);
        }
        if self.is_compared {
            return;
        }
        let app = context.app();
        let (Some(versions), Some(place), Some(shared)) = (self.versions.take(), app.rollout.place(), shared_app(context)) else { return };
        let login = self.answered_login(context, callback_request, callback);
        let store = context.live_store().store.name.clone();
        drop(spawn_blocking(move || {
            let documents = shared.connection_of(&versions.present).documents();
            shared.rollout.compare(&store, &versions, &login, is_accepted, documents);
            drop(place);
        }));
    }
}

/// Whether what the file says, or what the provider answers, can be the reason of a failure. Otherwise the request of the shopper is, or the
/// state of this broker.
fn is_of_file_or_provider(error: &LoginError) -> bool {
    match &error.cause {
        LoginErrorCause::OtherProvider
        | LoginErrorCause::StateMismatch
        | LoginErrorCause::NoState { .. }
        | LoginErrorCause::UnknownState
        | LoginErrorCause::Expired
        | LoginErrorCause::TooManyParameters
        | LoginErrorCause::RepeatedParameter
        | LoginErrorCause::FileChanged
        | LoginErrorCause::BadInput(_)
        | LoginErrorCause::TooManyLogins
        | LoginErrorCause::RecordingWaits
        | LoginErrorCause::NotExchangeable(_) => false,
        LoginErrorCause::NoCode { .. }
        | LoginErrorCause::OtherIssuer
        | LoginErrorCause::NoIssuer
        | LoginErrorCause::NoDocument(_)
        | LoginErrorCause::PreparedTooLong
        | LoginErrorCause::OutOfTime(_)
        | LoginErrorCause::NotAllowed(_)
        | LoginErrorCause::MissingFact { .. }
        | LoginErrorCause::BadAddress(_)
        | LoginErrorCause::BadHeader
        | LoginErrorCause::BadKey(_)
        | LoginErrorCause::Unreadable(_)
        | LoginErrorCause::BadToken(_)
        | LoginErrorCause::OtherTokenType
        | LoginErrorCause::BadSignature(_)
        | LoginErrorCause::NoAnswer(_)
        | LoginErrorCause::Redirected(_)
        | LoginErrorCause::MissingId(_)
        | LoginErrorCause::MissingEmail(_)
        | LoginErrorCause::UnprovenEmail(_)
        | LoginErrorCause::Refused(_) => true,
    }
}

/// How a login ended, as far as the version of the file can be the reason.
fn end_of_login(is_accepted: bool, error: Option<ErrorCause>) -> Option<LoginEnd> {
    match error {
        None => Some(LoginEnd::SignedIn),
        Some(ErrorCause::Cancelled) => None,
        Some(_) if !is_accepted => Some(LoginEnd::Failed),
        Some(cause) => is_of_identity(cause).then_some(LoginEnd::Failed),
    }
}

/// Whether a sign-in is refused because of what the identity holds, rather than because of the person or the storage.
fn is_of_identity(cause: ErrorCause) -> bool {
    matches!(
        cause,
        ErrorCause::MissingEmail
            | ErrorCause::UnprovenEmail
            | ErrorCause::AddressTaken
            | ErrorCause::AddressReassigned
            | ErrorCause::ProviderMoved
            | ErrorCause::LinkedElsewhere
    )
}
