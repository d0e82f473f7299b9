//! The rotation of signing keys. A key is published before it signs, so that all services that verify tokens know it by then; a
//! key that no longer signs verifies until its last token has expired. No session ends by a rotation. The keys of each algorithm rotate
//! apart. Pure.

use crate::session::token_algorithm::TokenAlgorithm;

/// The state of a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyState {
    /// It is published and does not sign yet.
    Next,
    /// It signs, and verifies.
    Active,
    /// It no longer signs, and still verifies.
    Retiring,
}

impl SigningKeyState {
    /// The word of the state in storage and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
        }
    }

    /// The state of a word; an unknown word is a key that only verifies.
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "next" => Self::Next,
            "active" => Self::Active,
            _ => Self::Retiring,
        }
    }
}

/// A key and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyStatus {
    /// The id by which tokens name the key.
    pub id: Box<str>,
    /// The algorithm by which it signs.
    pub algorithm: TokenAlgorithm,
    /// Whether it signs, or only verifies.
    pub state: SigningKeyState,
    pub(crate) since: i64,
}

/// How long each state of a key lasts, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationPlan {
    /// How long it signs.
    pub signs: i64,
    /// How long it is published before it signs.
    pub published: i64,
    /// How long it verifies after it has signed; no session lasts longer.
    pub believed: i64,
}

impl RotationPlan {
    /// The default, for sessions of at most this lifetime.
    pub fn for_sessions_lasting(longest: i64) -> Self {
        // One day more, so that a wrong clock ends no session.
        Self { signs: 90 * 86400, published: 15 * 60, believed: longest.saturating_add(86400) }
    }
}

/// A step of the rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationChange {
    /// Make the first key, which signs at once.
    Begin,
    /// Make and publish a further key.
    Publish,
    /// Let a key sign in place of the one before it.
    Activate(Box<str>),
    /// Remove a key whose last token has expired.
    Forget(Box<str>),
}

impl RotationChange {
    /// Whether a new key has to be made for it.
    pub(crate) fn needs_new_key(&self) -> bool {
        match self {
            Self::Begin | Self::Publish => true,
            Self::Activate(_) | Self::Forget(_) => false,
        }
    }
}

/// The steps that are due for the keys of one algorithm. `wanted` means that an operator has asked for a new key.
pub(crate) fn due_changes<'a>(
    keys: impl IntoIterator<Item = &'a SigningKeyStatus>,
    algorithm: TokenAlgorithm,
    now: i64,
    plan: RotationPlan,
    wanted: bool,
) -> Vec<RotationChange> {
    let keys: Vec<&SigningKeyStatus> = keys.into_iter().filter(|key| key.algorithm == algorithm).collect();
    let the = |state| keys.iter().find(|key| key.state == state);
    let age = |key: &SigningKeyStatus| now.saturating_sub(key.since);
    let mut changes = Vec::new();
    match (the(SigningKeyState::Active), the(SigningKeyState::Next)) {
        (None, None) => changes.push(RotationChange::Begin),
        (None, Some(next)) => changes.push(RotationChange::Activate(next.id.clone())),
        // A key that seems to be published in the future was published by a wrong clock; it is known by now.
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

    #[test]
    fn a_key_signs_for_ninety_days_and_is_believed_a_day_longer_than_the_last_session() {
        let plan = RotationPlan { signs: 7_776_000, published: 900, believed: 1000 + 86_400 };
        assert_eq!(RotationPlan::for_sessions_lasting(1000), plan);
    }

    const PLAN: RotationPlan = RotationPlan { signs: 1000, published: 10, believed: 100 };

    fn key(id: &str, state: SigningKeyState, since: i64) -> SigningKeyStatus {
        SigningKeyStatus { id: id.into(), algorithm: TokenAlgorithm::Es256, state, since }
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
            assert_eq!(due_changes(&keys, TokenAlgorithm::Es256, now, PLAN, wanted), expected, "{keys:?} at {now}");
        }
    }

    #[test]
    fn the_keys_of_one_algorithm_decide_nothing_about_those_of_another() {
        let of = |algorithm, id, state| SigningKeyStatus { algorithm, ..key(id, state, 0) };
        let keys = [
            of(TokenAlgorithm::Es256, "a", SigningKeyState::Active),
            of(TokenAlgorithm::Rs256, "b", SigningKeyState::Next),
            of(TokenAlgorithm::Rs256, "c", SigningKeyState::Retiring),
        ];

        assert_eq!(due_changes(&keys, TokenAlgorithm::Es256, 100, PLAN, false), []);
        let expected = [RotationChange::Activate("b".into()), RotationChange::Forget("c".into())];
        assert_eq!(due_changes(&keys, TokenAlgorithm::Rs256, 100, PLAN, false), expected);
        assert_eq!(due_changes(&keys[..1], TokenAlgorithm::Rs256, 0, PLAN, false), [RotationChange::Begin]);
    }
}
