//! Two brokers on one PostgreSQL, eight workers with operations from a seed, and bad weather between all of them. What was asked and
//! answered is written down, and judged afterwards by what holds in every history. `tests/checker/run SEED…` tries long seeds.

mod forged;
mod generator;
mod history;
mod invariants;
mod proxy;
mod provider;
mod worker;
mod world;

use crate::database::Server;
use crate::support::{root, text};
use generator::{Action, Operation, operations};
use history::{Line, Outcome, What};
use portaria::world::random;
use std::sync::atomic::{AtomicUsize, Ordering};
use worker::Worker;
use world::{World, held};

const WORKERS: usize = 8;

/// How many sessions and identities are looked at in the end, at most.
const LAST: usize = 400;

/// The history of the operations.
fn run(operations: &[Operation]) -> Vec<Line> {
    let world = World::new(Server::shared());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..WORKERS {
            let worker = Worker { world: &world, number };
            let next = &next;
            scope.spawn(move || {
                while let at = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(operation) = operations.get(at)
                {
                    worker.perform(operation, at);
                }
            });
        }
    });
    world.calm();
    let worker = Worker { world: &world, number: 0 };
    let tokens: Vec<String> = held(&world.tokens).iter().rev().take(LAST).cloned().collect();
    for (raw, broker) in tokens.iter().flat_map(|raw| [(raw, 0), (raw, 1)]) {
        worker.check(broker, raw, 0, true);
    }
    for at in 0..operations.len().min(60) {
        worker.perform(&Operation { action: Action::Callback, broker: at % 2, picks: [random_pick(), random_pick(), random_pick()] }, 0);
    }
    assert!(!world.place.logged().contains("panicked"), "{}", world.place.logged());
    world.end()
}

fn random_pick() -> usize {
    usize::from(u16::from_le_bytes(random::bytes()))
}

/// What a history holds, in one line.
fn summary(history: &[Line]) -> String {
    let many = |counted: &dyn Fn(&Line) -> bool| history.iter().filter(|line| counted(line)).count();
    format!(
        "{} lines, {} logins, {} links, {} unlinks, {} sign-outs, {} of 200, {} of 401, {} of 503, {} unknown, {} not asked, {} crashes, {} faults",
        history.len(),
        many(&|line| line.login().is_some()),
        many(&|line| line.linked().is_some()),
        many(&|line| line.what == What::Unlink && line.is_done()),
        many(&|line| matches!(line.what, What::Logout | What::Revoke) && line.is_done()),
        many(&|line| line.what == What::Auth && line.status == 200),
        many(&|line| line.what == What::Auth && line.status == 401),
        many(&|line| line.status == 503),
        many(&|line| line.outcome == Outcome::Unknown),
        many(&|line| line.outcome == Outcome::NotAsked),
        many(&|line| line.what == What::Crash),
        many(&|line| matches!(line.what, What::Database | What::Network | What::Mood)),
    )
}

/// Runs a seed; what it breaks, with the history kept.
fn try_seed(seed: u64, many: usize) -> Result<String, String> {
    let began = crate::bad_times::place::now();
    let file = root().join(format!("target/checker/{seed}.jsonl"));
    std::fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("a folder can be made");
    std::fs::write(&file, history::write(&run(&operations(seed, many)))).expect("a history can be kept");
    let history = history::read(&text(&file));
    let found = invariants::violations(&history);
    let line = format!("seed {seed}: {many} operations in {:?}, {}", began.elapsed(), summary(&history));
    if found.is_empty() {
        let _ = std::fs::remove_file(&file);
        return Ok(format!("{line}: fine"));
    }
    let prefix = invariants::shortest_prefix(&history);
    let first: Vec<String> = found.iter().take(10).cloned().collect();
    Err(format!("{line}: {} broken, from line {prefix} of {}:\n{}", found.len(), file.display(), first.join("\n")))
}

/// Attacks C-08, F-02, F-04, F-06, F-11
#[test]
fn two_brokers_in_bad_weather_keep_their_word() {
    #[expect(clippy::disallowed_methods, reason = "the script says which seeds and how many operations")]
    let variable = |name: &str| std::env::var(name).ok();
    let many = variable("CHECKER_OPERATIONS").map_or(250, |many| many.parse().expect("a number"));
    let seeds = variable("CHECKER_SEEDS").unwrap_or_else(|| "1".to_owned());
    let tried: Vec<Result<String, String>> = seeds
        .split_whitespace()
        .map(|seed| {
            let tried = try_seed(seed.parse().expect("a seed is a number"), many);
            eprintln!("{}", tried.as_ref().unwrap_or_else(|broken| broken));
            tried
        })
        .collect();
    let broken: Vec<String> = tried.into_iter().filter_map(Result::err).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
