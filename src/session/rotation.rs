//! How signing keys follow one another. A key is published before it signs, so that everybody who judges tokens knows it by
//! then; a key that no longer signs is believed until its last token is over. Nobody is logged out. Pure.

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyState {
    /// It is published and does not sign yet.
    Next,
    /// It signs.
    Active,
    /// It no longer signs; what it has signed is believed.
    Retiring,
}

impl SigningKeyState {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
        }
    }

    /// What a word means; what is not known here is believed and does not sign.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "next" => Self::Next,
            "active" => Self::Active,
            _ => Self::Retiring,
        }
    }
}

/// Where a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyStatus {
    /// Its name.
    pub id: Box<str>,
    /// What it does.
    pub state: SigningKeyState,
    pub(crate) since: i64,
}

/// How long each part of a key's life lasts, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationPlan {
    /// It signs.
    pub signs: i64,
    /// It is published before it signs.
    pub published: i64,
    /// It is believed after it has signed: no session lasts longer.
    pub believed: i64,
}

impl RotationPlan {
    /// The usual one, for sessions that last at most so long.
    pub fn for_sessions_lasting(longest: i64) -> Self {
        // A day more: clocks differ, and a wrong one must not log anybody out.
        Self { signs: 90 * 86400, published: 15 * 60, believed: longest.saturating_add(86400) }
    }
}

/// Something that is to be done with the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationChange {
    /// A first key is made, and signs at once.
    Begin,
    /// A further key is made and published.
    Publish,
    /// A key signs from now on; the one before it no longer does.
    Activate(Box<str>),
    /// A key is believed no more.
    Forget(Box<str>),
}

/// What is due now. `wanted` is that somebody has asked for a new key.
pub(crate) fn due_changes(keys: &[SigningKeyStatus], now: i64, plan: RotationPlan, wanted: bool) -> Vec<RotationChange> {
    let the = |state| keys.iter().find(|key| key.state == state);
    let age = |key: &SigningKeyStatus| now.saturating_sub(key.since);
    let mut changes = Vec::new();
    match (the(SigningKeyState::Active), the(SigningKeyState::Next)) {
        (None, None) => changes.push(RotationChange::Begin),
        (None, Some(next)) => changes.push(RotationChange::Activate(next.id.clone())),
        // A key that was published in the future was so by a clock that was wrong; it is known by now.
        (Some(_), Some(next)) if age(next) >= plan.published || age(next) < 0 => changes.push(RotationChange::Activate(next.id.clone())),
        (Some(active), None) if wanted || age(active) >= plan.signs => changes.push(RotationChange::Publish),
        (Some(_), _) => {}
    }
    let over = keys.iter().filter(|key| key.state == SigningKeyState::Retiring && age(key) >= plan.believed);
    changes.extend(over.map(|key| RotationChange::Forget(key.id.clone())));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: RotationPlan = RotationPlan { signs: 1000, published: 10, believed: 100 };

    fn key(id: &str, state: SigningKeyState, since: i64) -> SigningKeyStatus {
        SigningKeyStatus { id: id.into(), state, since }
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_believed_after() {
        let (next, active, retiring) = (SigningKeyState::Next, SigningKeyState::Active, SigningKeyState::Retiring);
        for (keys, now, wanted, expected) in [
            (vec![], 0, false, vec![RotationChange::Begin]),
            (vec![key("a", active, 0)], 999, false, vec![]),
            (vec![key("a", active, 0)], 1000, false, vec![RotationChange::Publish]),
            (vec![key("a", active, 0)], 1, true, vec![RotationChange::Publish]),
            (vec![key("a", active, 0), key("b", next, 1000)], 1009, true, vec![]),
            (vec![key("a", active, 0), key("b", next, 1000)], 1010, false, vec![RotationChange::Activate("b".into())]),
            (vec![key("a", active, 0), key("b", next, 9999)], 20, false, vec![RotationChange::Activate("b".into())]),
            (vec![key("b", next, 5)], 6, false, vec![RotationChange::Activate("b".into())]),
            (vec![key("a", retiring, 1010), key("b", active, 1010)], 1109, false, vec![]),
            (vec![key("a", retiring, 1010), key("b", active, 1010)], 1110, false, vec![RotationChange::Forget("a".into())]),
            (vec![key("a", retiring, 5000), key("b", active, 5000)], 10, false, vec![]),
        ] {
            assert_eq!(due_changes(&keys, now, PLAN, wanted), expected, "{keys:?} at {now}");
        }
    }
}
