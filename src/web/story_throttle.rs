//! How many stories of failed logins are kept in a minute, and for how many of them proposals are searched.

use crate::vocabulary::incident_code::IncidentCode;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts the stories of each minute.
#[derive(Default)]
pub(crate) struct StoryThrottle {
    codes: Mutex<HashMap<KeptStoryKey, (i64, IncidentCode)>>,
    stories: Mutex<HashMap<u32, MinuteCount>>,
    repairs: Mutex<HashMap<StoryThrottleKey, MinuteCount>>,
}

/// Stories that a store keeps in a minute.
const MOST_STORIES: u32 = 120;

/// Failed logins of a provider in a minute for which a repair of its file is searched.
const MOST_REPAIRS: u32 = 6;

/// The store's number, and the provider.
type StoryThrottleKey = (u32, Box<str>);

/// What a kept story is about: failures share it only while the provider's file and the code of the failure are the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeptStoryKey {
    pub(crate) store: u32,
    pub(crate) provider: Box<str>,
    /// The version of the provider's file.
    pub(crate) version: Box<str>,
    /// The code of the failure.
    pub(crate) failure: String,
}

/// A count that begins again with each minute.
#[derive(Default)]
struct MinuteCount {
    minute: i64,
    count: u32,
}

impl MinuteCount {
    /// Counts one more, and returns the count of this minute.
    fn count_one(&mut self, minute: i64) -> u32 {
        if self.minute != minute {
            *self = Self { minute, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

impl StoryThrottle {
    pub(crate) fn code_of_minute(&self, key: &KeptStoryKey, minute: i64) -> Option<IncidentCode> {
        let codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.get(key).filter(|(stored, _)| *stored == minute).map(|(_, code)| code.clone())
    }

    pub(crate) fn set_code_of_minute(&self, key: KeptStoryKey, minute: i64, code: IncidentCode) {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, (stored, _)| *stored == minute);
        codes.insert(key, (minute, code));
    }

    pub(crate) fn may_keep_story(&self, store: u32, minute: i64) -> bool {
        let mut counts = self.stories.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(store).or_default().count_one(minute) <= MOST_STORIES
    }

    pub(crate) fn may_search_repair(&self, key: StoryThrottleKey, minute: i64) -> bool {
        let mut counts = self.repairs.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(key).or_default().count_one(minute) <= MOST_REPAIRS
    }
}
