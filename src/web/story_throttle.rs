//! How many stories of failed logins are kept in a minute, and for how many of them proposals are searched.

use crate::vocabulary::incident_code::IncidentCode;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts the stories of this minute, and remembers the code of the one that is kept for each store, provider and cause.
#[derive(Default)]
pub(crate) struct StoryThrottle(
    Mutex<HashMap<StoryThrottleKey, (i64, IncidentCode)>>,
    Mutex<HashMap<u32, (i64, u32)>>,
    Mutex<HashMap<StoryThrottleKey, (i64, u32)>>,
);

const MOST_STORIES: u32 = 120;

/// Failed logins of a provider in a minute for which proposals are searched.
const MOST_MENDED: u32 = 6;

type StoryThrottleKey = (u32, Box<str>, &'static str);

impl StoryThrottle {
    pub(crate) fn code_of_minute(&self, key: &StoryThrottleKey, minute: i64) -> Option<IncidentCode> {
        let stories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stories.get(key).filter(|(kept, _)| *kept == minute).map(|(_, code)| code.clone())
    }

    pub(crate) fn may_keep_story(&self, store: u32, minute: i64) -> bool {
        let mut counts = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = counts.entry(store).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count += 1;
        *count <= MOST_STORIES
    }

    /// Whether proposals are searched for one more failed login of a provider in this minute.
    pub(crate) fn may_search_repair(&self, key: StoryThrottleKey, minute: i64) -> bool {
        let mut counts = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = counts.entry(key).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count += 1;
        *count <= MOST_MENDED
    }

    pub(crate) fn set_code_of_minute(&self, key: StoryThrottleKey, minute: i64, code: IncidentCode) {
        let mut stories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stories.retain(|_, (kept, _)| *kept == minute);
        stories.insert(key, (minute, code));
    }
}
