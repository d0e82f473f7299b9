//! A list of operations from a seed.

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Start,
    /// A browser comes back.
    Callback,
    /// … once more with what was used already.
    Replay,
    /// … as another than began the login.
    Steal,
    /// … at both brokers at once.
    Twice,
    Session,
    Auth,
    /// A cookie is shown to the other store.
    Foreign,
    Logout,
    Revoke,
    Link,
    Unlink,
    /// Two things at once, at both brokers.
    Race,
    Rotate,
    Retire,
    Reload,
    Mood,
    Crash,
    Database,
    Network,
}

/// How often each is done, in a thousand.
const OFTEN: [(Action, u32); 20] = [
    (Action::Start, 60),
    (Action::Callback, 240),
    (Action::Replay, 30),
    (Action::Steal, 20),
    (Action::Twice, 40),
    (Action::Session, 60),
    (Action::Auth, 273),
    (Action::Foreign, 30),
    (Action::Logout, 50),
    (Action::Revoke, 30),
    (Action::Link, 45),
    (Action::Unlink, 45),
    (Action::Race, 60),
    (Action::Rotate, 3),
    (Action::Retire, 1),
    (Action::Reload, 6),
    (Action::Mood, 6),
    (Action::Crash, 5),
    (Action::Database, 10),
    (Action::Network, 6),
];

/// What is done at once: in one browser, or for one person in two.
pub const RACES: [(Action, Action); 10] = [
    (Action::Callback, Action::Callback),
    (Action::Link, Action::Callback),
    (Action::Callback, Action::Unlink),
    (Action::Link, Action::Link),
    (Action::Link, Action::Logout),
    (Action::Link, Action::Revoke),
    (Action::Unlink, Action::Unlink),
    (Action::Callback, Action::Logout),
    (Action::Callback, Action::Revoke),
    (Action::Logout, Action::Revoke),
];

/// An operation; `picks` choose among what there is when it is its turn.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    pub action: Action,
    pub broker: usize,
    pub picks: [usize; 3],
}

impl Operation {
    pub fn pick<'c, T>(&self, at: usize, among: &'c [T]) -> Option<&'c T> {
        among.get(self.picks[at].checked_rem(among.len())?)
    }
}

/// The operations of a seed; fewer are the first of more.
pub fn operations(seed: u64, many: usize) -> Vec<Operation> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1) | 1;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from((state >> 11) % below).expect("it is small")
    };
    let all: u32 = OFTEN.iter().map(|(_, often)| often).sum();
    let operation = |_| {
        let mut chance = u32::try_from(next(all.into())).expect("it is small");
        let chosen = OFTEN.iter().find(|(_, often)| {
            let is_it = chance < *often;
            chance = chance.saturating_sub(*often);
            is_it
        });
        let action = chosen.expect("one is chosen").0;
        Operation { action, broker: next(2), picks: [next(1 << 30), next(1 << 30), next(1 << 30)] }
    };
    (0..many).map(operation).collect()
}
