//! Signing keys are shared by all machines and turned over by one of them.

use crate::directory::{at_once, on_both, on_postgres};
use portaria::directory::keys::{KeyRetirement, ListSigningKeys, NewSigningKey, ReplaceSigningKeys, RetireSigningKey, RotateSigningKeys};
use portaria::directory::served_stores::RecordServedStores;
use portaria::directory::sessions::ReadGenerations;
use portaria::directory::sqlite::migrate;
use portaria::directory::{Directory, StorageLocation, migrations};
use portaria::session::rotation::{RotationChange, RotationPlan, SigningKeyState};
use portaria::session::token_algorithm::TokenAlgorithm;
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
        algorithm: TokenAlgorithm::Es256,
        fresh: Some(NewSigningKey { id: id.into(), sealed: format!("sealed {id}") }),
        plan: PLAN,
        wanted,
        now,
    }
}

/// A turn of the keys for apps.
fn rsa_turn(id: &str, wanted: bool, now: i64) -> RotateSigningKeys {
    RotateSigningKeys { algorithm: TokenAlgorithm::Rs256, ..turn(id, wanted, now) }
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

    /// Attack X-08
    the_keys_of_each_algorithm_rotate_apart: async |place| {
        let directory = place.machine().await;
        for (rotation, expected) in [
            (turn("a", false, 0), "a active"),
            (rsa_turn("r", false, 500), "a active, r active"),
            (turn("b", false, 1000), "a active, b next, r active"),
            (turn("b", false, 1010), "b active, a retiring, r active"),
            (rsa_turn("s", false, 1499), "b active, a retiring, r active"),
            (rsa_turn("s", false, 1500), "b active, a retiring, r active, s next"),
            (turn("c", false, 1510), "b active, r active, s next"),
            (rsa_turn("t", false, 1510), "b active, s active, r retiring"),
            (turn("c", true, 1511), "b active, c next, s active, r retiring"),
            (rsa_turn("t", false, 1610), "b active, c next, s active"),
        ] {
            directory.write(rotation).await.expect("storage");
            assert_eq!(statuses(&directory).await, expected);
        }

        assert_eq!(directory.write(retire(&["main"], "s", "x")).await, Ok(KeyRetirement::Removed));
        assert_eq!(statuses(&directory).await, "b active, c next, x-main active", "the next key of the other algorithm is none for it");
        let keys = directory.read(ListSigningKeys).await.expect("storage");
        let algorithms: Vec<_> = keys.iter().map(|key| key.status.algorithm.name()).collect();
        assert_eq!(algorithms, ["ES256", "ES256", "RS256"]);

        let replaced = ReplaceSigningKeys {
            fresh: [TokenAlgorithm::Es256, TokenAlgorithm::Rs256].map(|algorithm| {
                ("main".into(), algorithm, NewSigningKey { id: algorithm.name().into(), sealed: "s".to_owned() })
            }).into(),
            now: 1700,
        };
        directory.write(replaced).await.expect("storage");
        assert_eq!(statuses(&directory).await, "ES256 active, RS256 active");
    };

    without_a_new_key_what_needs_one_is_named_and_not_made: async |place| {
        let directory = place.machine().await;
        let number = async || directory.read(ReadGenerations).await.expect("storage").keys;
        let without = |turn: RotateSigningKeys| RotateSigningKeys { fresh: None, ..turn };
        let before = number().await;

        assert_eq!(directory.write(without(rsa_turn("", false, 0))).await, Ok(vec![RotationChange::Begin]));
        assert_eq!((statuses(&directory).await, number().await), (String::new(), before), "no machine has to read anything");
        directory.write(rsa_turn("r", false, 0)).await.expect("storage");
        assert_eq!(directory.write(without(rsa_turn("", false, 1000))).await, Ok(vec![RotationChange::Publish]));
        assert_eq!(statuses(&directory).await, "r active");
        directory.write(rsa_turn("s", false, 1000)).await.expect("storage");
        directory.write(without(rsa_turn("", false, 1010))).await.expect("storage");
        assert_eq!(statuses(&directory).await, "s active, r retiring");
        directory.write(without(rsa_turn("", false, 1110))).await.expect("storage");
        assert_eq!(statuses(&directory).await, "s active");
    };

    of_many_machines_that_need_rsa_at_once_one_makes_the_key: async |place| {
        let machines = [place.machine().await, place.machine().await];
        machines[0].write(turn("a", false, 0)).await.expect("storage");
        let starting = (0..10).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { directory.write(rsa_turn(&format!("k{at}"), false, 0)).await.expect("storage") }
        });

        assert_eq!(at_once(starting).await.concat(), [RotationChange::Begin]);
        assert_eq!(machines[0].read(ListSigningKeys).await.expect("storage").len(), 2);
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

/// Makes a storage of the last version without a migration.
async fn make_earlier(storage: &StorageLocation, migration: &str) {
    let earlier = |migrator: Migrator| {
        let steps = migrator.iter().take_while(|step| step.description != migration).cloned().collect();
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
        make_earlier(&place.storage, "store keys").await;
        let user = |store: &str| format!("INSERT INTO users (uid, store, email, email_verified, first_seen, last_seen) VALUES ('{store}', '{store}', 'ana@loja.example', 1, 1, 1)");
        let (main, atacado) = (user("main"), user("atacado"));
        let keys = format!("INSERT INTO keys (id, sealed, made, state, since) VALUES ('a', 'x', 1, 'active', {now}), ('b', 'y', 2, 'next', {now}), ('c', 'z', 3, 'retiring', {now})");
        run_sql(&place.storage, &[&main, &atacado, &keys]).await;

        let directory = place.machine().await;

        assert_eq!(statuses_of(&directory, "main").await, "a active, b next, c retiring", "nothing changes");
        assert_eq!(statuses_of(&directory, "atacado").await, "a active, b retiring, c retiring", "its sessions stay valid");
        let turn = async |id: &str, after: i64| {
            directory.write(RotateSigningKeys { plan, ..turn_of("atacado", id, now + after) }).await.expect("storage")
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
        directory.write(rsa_turn("r", false, 0)).await.expect("storage");
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
        assert_eq!(statuses_of(&directory, "main").await, "b active, a retiring, r active");
        assert_eq!(statuses_of(&directory, "atacado").await, "z active");
    };

    the_keys_of_a_storage_of_the_version_before_sign_on: async |place| {
        make_earlier(&place.storage, "signing keys").await;
        let keys = "INSERT INTO store_keys (store, id, sealed, made, state, since)
                    VALUES ('main', 'a', 'x', 1, 'active', 1), ('main', 'b', 'y', 2, 'next', 2), ('atacado', 'c', 'z', 3, 'active', 3)";
        run_sql(&place.storage, &[keys]).await;

        let directory = place.machine().await;

        assert_eq!(statuses_of(&directory, "main").await, "a active, b next");
        assert_eq!(statuses_of(&directory, "atacado").await, "c active");
        let keys = directory.read(ListSigningKeys).await.expect("storage");
        assert!(keys.iter().all(|key| key.status.algorithm == TokenAlgorithm::Es256), "{keys:?}");
        directory.write(rsa_turn("r", false, 3)).await.expect("storage");
        assert_eq!(statuses_of(&directory, "main").await, "a active, b next, r active");
    };

    /// The statements are those of the version before, which sees the keys of its only algorithm.
    a_broker_of_the_version_before_rotates_and_removes_the_keys_of_each_store: async |place| {
        let directory = place.machine().await;
        for rotation in [turn("a", false, 0), rsa_turn("r", false, 0), turn_of("atacado", "z", 0)] {
            directory.write(rotation).await.expect("storage");
        }
        let lock = if place.storage.file().is_some() { "" } else { " FOR UPDATE" };
        let list = format!("SELECT id, sealed, made, state, since FROM store_keys WHERE store = 'main' ORDER BY state, since DESC, id{lock}");

        let listed = run_sql(&place.storage, &[
            &list,
            "INSERT INTO store_keys (store, id, sealed, made, state, since) VALUES ('main', 'b', 'y', 2, 'next', 2)",
            "INSERT INTO store_keys (store, id, sealed, made, state, since) VALUES ('main', 'c', 'y', 2, 'retiring', 2)",
            "UPDATE store_keys SET state = 'retiring', since = 3 WHERE store = 'main' AND state = 'active'",
            "UPDATE store_keys SET state = 'active', since = 3 WHERE store = 'main' AND id = 'b'",
            "DELETE FROM store_keys WHERE store = 'main' AND id = 'c'",
            "DELETE FROM store_keys WHERE store = 'main' AND id = 'r'",
            &list,
        ]).await;

        assert_eq!(listed, ["b", "a"]);
        assert_eq!(statuses_of(&directory, "main").await, "b active, a retiring, r active", "the key for apps is not its own");
        let holders = run_sql(&place.storage, &["SELECT store FROM store_keys WHERE id = 'z' ORDER BY store"]).await;
        assert_eq!(holders, ["atacado"]);
        let unserved = "SELECT DISTINCT store FROM store_keys WHERE store <> 'main' AND store NOT IN (SELECT store FROM served)";
        assert_eq!(run_sql(&place.storage, &[unserved]).await, ["atacado"]);
    };
}

/// A broker that runs while another one brings the tables to this version has its statements prepared.
#[test]
fn what_a_broker_of_the_version_before_has_prepared_works_on_after_the_upgrade() {
    on_postgres(async |place| {
        make_earlier(&place.storage, "signing keys").await;
        let StorageLocation::Server(address) = &place.storage else { panic!("a server") };
        let mut earlier = sqlx::PgConnection::connect(address).await.expect("a server");
        let prepared = "PREPARE listed (TEXT) AS SELECT store, id, sealed, made, state, since FROM store_keys WHERE store = $1 ORDER BY state, since DESC, id FOR UPDATE;
             PREPARE added (TEXT) AS INSERT INTO store_keys (store, id, sealed, made, state, since) VALUES ('main', $1, 'x', 1, 'active', 1);
             PREPARE moved (TEXT) AS UPDATE store_keys SET state = 'retiring', since = 2 WHERE store = $1 AND state = 'active';
             EXECUTE added ('a'); EXECUTE listed ('main')";
        sqlx::raw_sql(prepared).execute(&mut earlier).await.expect("it is carried out");

        let directory = place.machine().await;
        directory.write(rsa_turn("r", false, 1)).await.expect("storage");
        let after = "EXECUTE listed ('main'); EXECUTE moved ('main'); EXECUTE added ('b'); EXECUTE listed ('main')";
        let rows = sqlx::raw_sql(after).fetch_all(&mut earlier).await.expect("it is carried out");

        let ids: Vec<String> = rows.iter().map(|row| row.get(1)).collect();
        assert_eq!(ids, ["a", "b", "a"]);
        assert_eq!(statuses(&directory).await, "b active, a retiring, r active");
    });
}
