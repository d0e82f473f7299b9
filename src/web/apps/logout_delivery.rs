//! Apps learn of sessions that have ended (OpenID Connect Back-Channel Logout 1.0), beside all requests. The notices are in storage, so that
//! any machine delivers them, and an app that is down gets them later.

use crate::apps::client_app::ClientApp;
use crate::apps::logout_token::{EndedAppSession, LOGOUT_TOKEN, logout_claims};
use crate::directory::logout_notices::{
    CountLogoutNotices, DropLogoutNotice, ListStoresWithDueNotices, LogoutNotice, TakeDueLogoutNotices,
};
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch as _, LARGEST_ANSWER, Method, Request, USER_AGENT};
use crate::web::app::App;
use crate::web::live_config::LiveStore;
use crate::world::{clock, random};
use actix_web::web::Data;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often notices are looked for that another machine left, or that are to be tried again.
const INTERVAL: Duration = Duration::from_secs(5);
/// How many notices are taken at once.
const TAKEN: i64 = 100;
/// How many apps are notified at the same time.
const AT_ONCE: usize = 8;
/// How long an app may take for its answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long one app may keep the others waiting.
const LONGEST: Duration = Duration::from_secs(10);

/// Delivers notices as long as the broker runs: as soon as a session has ended, and again later where an app did not take one.
pub(crate) async fn deliver_always(app: Data<App>) {
    loop {
        let _ = tokio::time::timeout(INTERVAL, app.storage_sync.sessions_ended()).await;
        let is_wanted =
            app.live_config().live_stores().any(|live_store| live_store.apps.iter().any(|app| app.back_channel_logout.is_some()));
        while is_wanted && deliver_due(&app, clock::now()).await >= TAKEN {}
        if is_wanted && let Ok(waiting) = app.directory.read(CountLogoutNotices { now: clock::now() }).await {
            app.metrics.logout_notices.set_waiting(waiting);
        }
    }
}

/// Delivers the notices that are due of the stores that this machine serves, and answers how many were taken.
pub async fn deliver_due(app: &Data<App>, now: i64) -> i64 {
    // While storage is unavailable the notices wait.
    let due = app.directory.read(ListStoresWithDueNotices { now }).await.unwrap_or_default();
    let mut taken = Vec::new();
    for store in due.into_iter().filter(|store| live_store_of(app, store).is_some()) {
        taken.extend(app.directory.write(TakeDueLogoutNotices { store, now, limit: TAKEN }).await.unwrap_or_default());
    }
    let count = i64::try_from(taken.len()).unwrap_or(i64::MAX);
    let mut by_app: BTreeMap<(Box<str>, Box<str>), Vec<LogoutNotice>> = BTreeMap::new();
    for notice in taken {
        by_app.entry((notice.store.clone(), notice.app.clone())).or_default().push(notice);
    }
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let delivering = by_app.into_values().map(|notices| {
        let (app, turns) = (app.clone(), Arc::clone(&turns));
        actix_web::rt::spawn(async move {
            let _turn = turns.acquire().await;
            deliver_to_app(&app, &notices, now).await;
        })
    });
    for delivery in delivering.collect::<Vec<_>>() {
        let _ = delivery.await;
    }
    count
}

/// What becomes of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
enum DeliveryOutcome {
    /// The app has taken it.
    Delivered,
    /// The app wants no notices.
    NotWanted,
    /// The settings of this machine do not name the app. Those of another may be newer.
    Unknown,
    /// The app answers, and not that it has taken it. It is tried again, unless this was the last time.
    Refused,
    /// There was no answer. All notices for this app are tried again.
    Unanswered(String),
}

/// Delivers the notices for one app. While it does not answer, the rest of them waits.
async fn deliver_to_app(app: &App, notices: &[LogoutNotice], now: i64) {
    let (began, mut waits) = (clock::instant(), false);
    for notice in notices {
        let outcome = if waits || began.elapsed() > LONGEST {
            DeliveryOutcome::Unanswered("its answers to the notices before took too long".to_owned())
        } else {
            deliver(app, notice, now).await
        };
        match &outcome {
            DeliveryOutcome::Delivered => app.metrics.logout_notices.count(&notice.store, &notice.app, "delivered"),
            DeliveryOutcome::NotWanted => {}
            DeliveryOutcome::Unknown => continue,
            DeliveryOutcome::Refused => report_failure(app, notice, "it answered with an error"),
            DeliveryOutcome::Unanswered(reason) => {
                if !waits || notice.is_last {
                    report_failure(app, notice, reason);
                }
                waits = true;
            }
        }
        let is_tried_again = matches!(outcome, DeliveryOutcome::Refused | DeliveryOutcome::Unanswered(_)) && !notice.is_last;
        if !is_tried_again {
            let LogoutNotice { store, app: name, sid, .. } = notice.clone();
            // A notice that cannot be dropped comes twice, which an app has to bear.
            let _ = app.directory.write(DropLogoutNotice { store, app: name, sid }).await;
        }
    }
}

fn report_failure(app: &App, notice: &LogoutNotice, reason: &str) {
    let LogoutNotice { store, app: name, tries, is_last, .. } = notice;
    app.metrics.logout_notices.count(store, name, if *is_last { "given_up" } else { "failed" });
    if *is_last {
        let what = "an app has not taken the notice of an ended session for a day, so it gets none";
        tracing::error!(store = &**store, app = &**name, reason, "{what}");
    } else {
        let what = "an app did not take the notice of an ended session; it is tried again";
        tracing::warn!(store = &**store, app = &**name, tries, reason, "{what}");
    }
}

async fn deliver(app: &App, notice: &LogoutNotice, now: i64) -> DeliveryOutcome {
    let Some(live_store) = live_store_of(app, &notice.store) else { return DeliveryOutcome::Unknown };
    let Some(client) = live_store.apps.find(&notice.app) else { return DeliveryOutcome::Unknown };
    let Some(address) = &client.back_channel_logout else { return DeliveryOutcome::NotWanted };
    let Some(token) = logout_token(app, &live_store, client, notice, now) else {
        return DeliveryOutcome::Unanswered("the store has no signing key for it yet".to_owned());
    };
    let request = Request {
        method: Method::Post,
        address: Text::plain(&**address),
        headers: vec![
            ("Content-Type".into(), Text::plain("application/x-www-form-urlencoded")),
            ("User-Agent".into(), Text::plain(USER_AGENT)),
        ],
        body: Some(Text::secret(format!("logout_token={token}"), &Arc::from("logoutToken"))),
        largest: LARGEST_ANSWER,
        timeout: TIMEOUT,
    };
    match app.connection.network.send(&request).await.map(|answer| answer.status) {
        Ok(200 | 204) => DeliveryOutcome::Delivered,
        Ok(_) => DeliveryOutcome::Refused,
        Err(why) => DeliveryOutcome::Unanswered(why.sentence_about("the app")),
    }
}

fn live_store_of(app: &App, store: &str) -> Option<Arc<LiveStore>> {
    app.live_config().live_stores().find(|live_store| *live_store.store.name == *store).cloned()
}

fn logout_token(app: &App, live_store: &LiveStore, client: &ClientApp, notice: &LogoutNotice, now: i64) -> Option<String> {
    let ended = EndedAppSession { app: &client.name, uid: &notice.uid, sid: &notice.sid };
    let claims = logout_claims(&live_store.store.public_url, ended, &random::id(), now);
    app.signing.keys(&live_store.store.name)?.sign_claims(client.signing, LOGOUT_TOKEN, &claims)
}
