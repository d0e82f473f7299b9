//! Signing keys are shared by all machines and turned over by one of them.

use crate::directory::{at_once, on_both};
use portaria::directory::keys::{KeyRetirement, ListSigningKeys, NewSigningKey, RetireSigningKey, RotateSigningKeys};
use portaria::directory::served_stores::RecordServedStores;
use portaria::directory::sessions::ReadGenerations;
use portaria::directory::sqlite::migrate;
use portaria::directory::{Directory, StorageLocation, migrations};
use portaria::session::rotation::{RotationChange, RotationPlan, SigningKeyState};
use portaria::world::clock;
use rusqlite::Connection as FileConnection;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, SqlSafeStr as _};
use std::sync::Arc;

const PLAN: RotationPlan = RotationPlan { signs: 1000, published: 10, believed: 100 };

fn turn_of(store: &str, id: &str, now: i64) -> RotateSigningKeys {
    RotateSigningKeys { store: store.into(), ..turn(id, false, now) }
}

fn turn(id: &str, wanted: bool, now: i64) -> RotateSigningKeys {
    RotateSigningKeys {
        store: "main".into(),
        fresh: NewSigningKey { id: id.into(), sealed: format!("sealed {id}") },
        plan: PLAN,
        wanted,
        now,
    }
}

async fn statuses(directory: &Directory) -> String {
    statuses_of(directory, "main").await
}

async fn statuses_of(directory: &Directory, store: &str) -> String {
    let keys = directory.read(ListSigningKeys).await.expect("storage");
    let statuses: Vec<_> =
        keys.iter().filter(|key| &*key.store == store).map(|key| format!("{} {}", key.status.id, key.status.state.word())).collect();
    statuses.join(", ")
}

on_both! {
    of_many_machines_that_start_at_once_one_makes_the_first_key: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let starting = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { directory.write(turn(&format!("k{at}"), false, 0)).await.expect("storage") }
        });

        let changes = at_once(starting).await.concat();

        assert_eq!(changes, [RotationChange::Begin]);
        assert_eq!(machines[0].read(ListSigningKeys).await.expect("storage").len(), 1);
    };

    a_key_is_published_then_signs_then_is_believed_then_goes_and_each_step_is_told: async |place| {
        let directory = place.machine().await;
        let number = async || directory.read(ReadGenerations).await.expect("storage").keys;
        for (now, wanted, expected) in [
            (0, false, "a active"),
            (999, false, "a active"),
            (1000, false, "a active, b next"),
            (1009, true, "a active, b next"),
            (1010, false, "b active, a retiring"),
            (1109, false, "b active, a retiring"),
            (1110, false, "b active"),
            (1111, true, "b active, c next"),
        ] {
            let before = (statuses(&directory).await, number().await);
            let id = match now { 0 => "a", 1000 => "b", _ => "c" };
            directory.write(turn(id, wanted, now)).await.expect("storage");
            let after = (statuses(&directory).await, number().await);
            assert_eq!(after.0, expected, "at {now}");
            assert_eq!(before.0 != after.0, before.1 != after.1, "every machine hears of it, at {now}");
        }
    };

    of_many_who_want_a_new_key_at_once_one_makes_it: async |place| {
        let machines = [place.machine().await, place.machine().await];
        machines[0].write(turn("a", false, 0)).await.expect("storage");
        let wanting = (0..10).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { directory.write(turn(&format!("k{at}"), true, 5)).await.expect("storage") }
        });

        assert_eq!(at_once(wanting).await.concat(), [RotationChange::Publish]);
    };

    /// Attack N-08
    each_store_has_keys_of_its_own: async |place| {
        let directory = place.machine().await;
        for (store, id) in [("main", "a"), ("atacado", "b"), ("varejo", "c")] {
            directory.write(turn_of(store, id, 0)).await.expect("storage");
        }
        directory.write(turn_of("atacado", "d", 1000)).await.expect("storage");
        directory.write(turn_of("atacado", "e", 1010)).await.expect("storage");
        assert_eq!(directory.write(retire(&["main"], "c", "x")).await, Ok(KeyRetirement::Changed), "the key of another store");

        let keys = directory.read(ListSigningKeys).await.expect("storage");

        let listed: Vec<_> = keys.iter().map(|key| format!("{} {} {}", key.store, key.status.id, key.status.state.word())).collect();
        assert_eq!(listed, ["atacado d active", "atacado b retiring", "main a active", "varejo c active"]);
    };

    a_key_that_is_taken_out_of_use_is_replaced_at_once: async |place| {
        let directory = place.machine().await;
        directory.write(turn("a", false, 0)).await.expect("storage");
        let retire = |id: &str, fresh: &str| retire(&["main"], id, fresh);

        assert_eq!(directory.write(retire("unknown", "x")).await, Ok(KeyRetirement::NotThere));
        assert_eq!(directory.write(retire("a", "b")).await, Ok(KeyRetirement::Removed));
        assert_eq!(statuses(&directory).await, "b-main active");
        directory.write(turn("c", true, 6)).await.expect("storage");
        assert_eq!(directory.write(retire("b-main", "d")).await, Ok(KeyRetirement::Removed));
        assert_eq!(statuses(&directory).await, "c active", "the one that was next");
    };

    a_key_that_has_signed_since_its_removal_was_confirmed_is_not_removed: async |place| {
        let directory = place.machine().await;
        directory.write(turn("a", false, 0)).await.expect("storage");
        let mut unsigned = retire(&["main"], "a", "b");
        unsigned.copies.values_mut().for_each(|(state, _)| *state = SigningKeyState::Next);

        assert_eq!(directory.write(unsigned).await, Ok(KeyRetirement::Changed));

        assert_eq!(statuses(&directory).await, "a active");
    };

    /// Attack N-08
    a_key_that_further_stores_hold_is_removed_from_none_before_they_are_named: async |place| {
        let directory = place.machine().await;
        for store in ["varejo", "main", "atacado"] {
            directory.write(turn_of(store, "leaked", 0)).await.expect("storage");
        }
        let before = directory.read(ListSigningKeys).await;

        for named in [&["main"][..], &["atacado", "main"], &["atacado", "main", "outra", "varejo"], &["outra"]] {
            assert_eq!(directory.write(retire(named, "leaked", "x")).await, Ok(KeyRetirement::Changed), "{named:?}");
            assert_eq!(directory.read(ListSigningKeys).await, before, "{named:?}");
        }
        assert_eq!(directory.write(retire(&["varejo", "atacado", "main"], "leaked", "x")).await, Ok(KeyRetirement::Removed));
        let keys = directory.read(ListSigningKeys).await.expect("storage");
        assert!(keys.len() == 3 && keys.iter().all(|key| *key.status.id != *"leaked"), "{keys:?}");
    };
}

fn retire(stores: &[&str], id: &str, fresh: &str) -> RetireSigningKey {
    let fresh = |store: &&str| {
        let key = NewSigningKey { id: format!("{fresh}-{store}").into(), sealed: "s".to_owned() };
        ((*store).into(), (SigningKeyState::Active, key))
    };
    RetireSigningKey { id: id.into(), copies: stores.iter().map(fresh).collect(), now: 5 }
}

/// Runs statements on a storage, and answers with the first column of the last one, a text.
async fn run_sql(storage: &StorageLocation, statements: &[&str]) -> Vec<String> {
    let mut answer = Vec::new();
    match storage {
        StorageLocation::File(file) => {
            let connection = FileConnection::open(file).expect("a file");
            for sql in statements {
                let mut statement = connection.prepare(sql).expect("it can be read");
                let rows = statement.query_map([], |row| row.get(0)).expect("it is carried out");
                answer = rows.collect::<Result<_, _>>().expect("it is carried out");
            }
        }
        StorageLocation::Server(address) => {
            let mut connection = sqlx::PgConnection::connect(address).await.expect("a server");
            for sql in statements {
                let rows = connection.fetch_all(AssertSqlSafe(*sql).into_sql_str()).await.expect("it is carried out");
                answer = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
            }
        }
    }
    answer
}

/// Makes a storage of the last version in which the stores shared their keys.
async fn make_earlier(storage: &StorageLocation) {
    let earlier = |migrator: Migrator| {
        let steps = migrator.iter().take_while(|step| step.description != "store keys").cloned().collect();
        Migrator::with_migrations(steps)
    };
    match storage {
        StorageLocation::File(file) => {
            let mut connection = FileConnection::open(file).expect("a file");
            migrate(&mut connection, &earlier(migrations::sqlite())).expect("the version before");
        }
        StorageLocation::Server(address) => {
            let mut connection = sqlx::PgConnection::connect(address).await.expect("a server");
            earlier(migrations::postgres()).run(&mut connection).await.expect("the version before");
        }
    }
}

on_both! {
    at_the_upgrade_a_store_with_users_takes_copies_of_the_keys_with_it_and_rotates_away_within_a_day: async |place| {
        let (now, plan) = (clock::now(), RotationPlan::for_sessions_lasting(86400));
        make_earlier(&place.storage).await;
        let user = |store: &str| format!("INSERT INTO users (uid, store, email, email_verified, first_seen, last_seen) VALUES ('{store}', '{store}', 'ana@loja.example', 1, 1, 1)");
        let (main, atacado) = (user("main"), user("atacado"));
        let keys = format!("INSERT INTO keys (id, sealed, made, state, since) VALUES ('a', 'x', 1, 'active', {now}), ('b', 'y', 2, 'next', {now}), ('c', 'z', 3, 'retiring', {now})");
        run_sql(&place.storage, &[&main, &atacado, &keys]).await;

        let directory = place.machine().await;

        assert_eq!(statuses_of(&directory, "main").await, "a active, b next, c retiring", "nothing changes");
        assert_eq!(statuses_of(&directory, "atacado").await, "a active, b retiring, c retiring", "its sessions stay valid");
        let turn = async |id: &str, after: i64| {
            let fresh = NewSigningKey { id: id.into(), sealed: "s".to_owned() };
            directory.write(RotateSigningKeys { store: "atacado".into(), fresh, plan, wanted: false, now: now + after }).await.expect("storage")
        };
        assert_eq!(turn("d", 86000).await, [], "a broker of the version before may run for a day");
        assert_eq!(turn("d", 86500).await, [RotationChange::Publish]);
        assert_eq!(turn("e", 88000).await, [RotationChange::Activate("d".into())]);
        assert_eq!(statuses_of(&directory, "main").await, "a active, b next, c retiring");
        turn("f", 86500 + 3 * 86400).await;
        assert_eq!(statuses_of(&directory, "atacado").await, "d active", "its tokens and those of the main store have nothing in common");
        let record = RecordServedStores { machine: "m".into(), stores: Vec::new(), dropped: Vec::new(), silent_since: None, now };
        assert_eq!(directory.write(record).await.expect("storage"), [], "its brokers may not be of this version yet");
    };

    a_broker_of_the_version_before_goes_on_with_the_keys_of_the_main_store: async |place| {
        let directory = place.machine().await;
        directory.write(turn("a", false, 0)).await.expect("storage");
        directory.write(turn_of("atacado", "z", 0)).await.expect("storage");
        let lock = if place.storage.file().is_some() { "" } else { " FOR UPDATE" };
        let list = format!("SELECT id, sealed, made, state, since FROM keys ORDER BY state, since DESC, id{lock}");

        let listed = run_sql(&place.storage, &[
            "INSERT INTO keys (id, sealed, made, state, since) VALUES ('b', 'y', 2, 'next', 2)",
            "INSERT INTO keys (id, sealed, made, state, since) VALUES ('c', 'y', 2, 'retiring', 2)",
            "UPDATE keys SET state = 'retiring', since = 3 WHERE state = 'active'",
            "UPDATE keys SET state = 'active', since = 3 WHERE id = 'b'",
            "DELETE FROM keys WHERE id = 'c'",
            &list,
        ]).await;

        assert_eq!(listed, ["b", "a"]);
        assert_eq!(statuses_of(&directory, "main").await, "b active, a retiring");
        assert_eq!(statuses_of(&directory, "atacado").await, "z active");
    };
}
