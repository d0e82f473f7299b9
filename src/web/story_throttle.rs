//! How many stories of failed logins are kept in a minute, and for how many of them proposals are searched.

use crate::vocabulary::incident_code::IncidentCode;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The stories of this minute: store, provider and kind, and the code under which one is kept.
#[derive(Default)]
pub(crate) struct StoryThrottle(
    Mutex<HashMap<StoryThrottleKey, (i64, IncidentCode)>>,
    Mutex<HashMap<u32, (i64, u32)>>,
    Mutex<HashMap<StoryThrottleKey, (i64, u32)>>,
);

/// Stories that a store keeps in a minute.
const MOST_STORIES: u32 = 120;

/// Failed logins of a provider in a minute for which it is looked for what would mend its file.
const MOST_MENDED: u32 = 6;

type StoryThrottleKey = (u32, Box<str>, &'static str);

impl StoryThrottle {
    pub(crate) fn code_of_minute(&self, door: &StoryThrottleKey, minute: i64) -> Option<IncidentCode> {
        let stories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stories.get(door).filter(|(kept, _)| *kept == minute).map(|(_, code)| code.clone())
    }

    /// Whether a store may keep one more story in this minute.
    pub(crate) fn may_keep_story(&self, store: u32, minute: i64) -> bool {
        let mut counts = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = counts.entry(store).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count += 1;
        *count <= MOST_STORIES
    }

    /// Whether one more failed login of a provider is worth looking for what would mend its file, in this minute.
    pub(crate) fn may_search_repair(&self, door: StoryThrottleKey, minute: i64) -> bool {
        let mut counts = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = counts.entry(door).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count += 1;
        *count <= MOST_MENDED
    }

    pub(crate) fn set_code_of_minute(&self, door: StoryThrottleKey, minute: i64, code: IncidentCode) {
        let mut stories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stories.retain(|_, (kept, _)| *kept == minute);
        stories.insert(door, (minute, code));
    }
}
