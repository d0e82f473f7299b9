//! A store is removed when no broker serves it any more, and then its keys are gone. Nothing else removes it.

use crate::directory::{at_once, on_both};
use portaria::directory::Directory;
use portaria::directory::keys::{ListSigningKeys, NewSigningKey, RotateSigningKeys};
use portaria::directory::proofs::{BeginEmailProof, FindEmailProof};
use portaria::directory::served_stores::RecordServedStores;
use portaria::directory::sessions::ReadGenerations;
use portaria::session::rotation::RotationPlan;
use portaria::session::token_algorithm::TokenAlgorithm;
use std::sync::Arc;

fn names(list: &[&str]) -> Vec<Box<str>> {
    list.iter().map(|name| (*name).into()).collect()
}

fn serving(machine: &str, stores: &[&str], now: i64) -> RecordServedStores {
    RecordServedStores { machine: machine.into(), stores: names(stores), dropped: Vec::new(), silent_since: None, now }
}

/// Records the stores of a machine, and makes the keys of those that have none, as a broker does.
async fn serves(directory: &Directory, record: RecordServedStores) -> Vec<Box<str>> {
    let (stores, now) = (record.stores.clone(), record.now);
    let removed = directory.write(record).await.expect("storage");
    for store in stores {
        let fresh = NewSigningKey { id: format!("{store}-{now}").into(), sealed: "s".to_owned() };
        let plan = RotationPlan::for_sessions_lasting(86400);
        let (algorithm, fresh) = (TokenAlgorithm::Es256, Some(fresh));
        directory.write(RotateSigningKeys { store, algorithm, fresh, plan, wanted: false, now }).await.expect("storage");
    }
    removed
}

async fn ids(directory: &Directory) -> Vec<String> {
    directory.read(ListSigningKeys).await.expect("storage").iter().map(|key| key.status.id.to_string()).collect()
}

on_both! {
    /// Attack N-06
    a_store_that_left_the_settings_of_all_machines_loses_its_keys_and_open_proofs: async |place| {
        let directory = place.machine().await;
        serves(&directory, serving("m", &["main", "atacado"], 1)).await;
        for store in ["main", "atacado"] {
            let proof = BeginEmailProof { id: store.into(), store: store.into(), sealed: String::new(), who: store.into(), until: 1000 };
            directory.write(proof).await.expect("storage");
        }
        let before = directory.read(ReadGenerations).await.expect("storage").keys;

        assert_eq!(serves(&directory, serving("m", &["main"], 2)).await, names(&["atacado"]));

        assert_eq!(ids(&directory).await, ["main-1"]);
        assert!(directory.read(ReadGenerations).await.expect("storage").keys > before, "all machines hear of it");
        assert!(directory.read(FindEmailProof { id: "main".into(), now: 3 }).await.expect("storage").is_some());
        assert!(directory.read(FindEmailProof { id: "atacado".into(), now: 3 }).await.expect("storage").is_none());
        assert_eq!(serves(&directory, serving("m", &["main", "atacado"], 3)).await, names(&[]));
        assert_eq!(ids(&directory).await, ["atacado-3", "main-1"]);
    };

    /// Attack N-06
    a_store_that_left_the_settings_and_is_back_before_that_was_recorded_was_removed: async |place| {
        let directory = place.machine().await;
        serves(&directory, serving("m", &["atacado"], 1)).await;

        let record = RecordServedStores { dropped: names(&["atacado"]), ..serving("m", &["atacado"], 2) };
        assert_eq!(serves(&directory, record).await, names(&["atacado"]));

        assert_eq!(ids(&directory).await, ["atacado-2"]);
    };

    /// Attack N-06
    the_keys_of_every_algorithm_go_with_a_store: async |place| {
        let directory = place.machine().await;
        serves(&directory, serving("m", &["atacado"], 1)).await;
        let fresh = Some(NewSigningKey { id: "rsa".into(), sealed: "s".to_owned() });
        let plan = RotationPlan::for_sessions_lasting(86400);
        let rotation = RotateSigningKeys { store: "atacado".into(), algorithm: TokenAlgorithm::Rs256, fresh, plan, wanted: false, now: 1 };
        directory.write(rotation).await.expect("storage");
        assert_eq!(ids(&directory).await, ["atacado-1", "rsa"]);

        assert_eq!(serves(&directory, serving("m", &[], 2)).await, names(&["atacado"]));

        assert_eq!(ids(&directory).await, Vec::<String>::new());
    };

    a_store_that_another_machine_serves_is_not_removed: async |place| {
        let directory = place.machine().await;
        serves(&directory, serving("one", &["atacado"], 1)).await;

        assert_eq!(serves(&directory, serving("two", &[], 2)).await, names(&[]), "it has the settings later");
        serves(&directory, serving("two", &["atacado"], 3)).await;
        assert_eq!(serves(&directory, serving("one", &[], 4)).await, names(&[]));
        assert_eq!(ids(&directory).await, ["atacado-1"]);

        assert_eq!(serves(&directory, serving("two", &[], 5)).await, names(&["atacado"]), "the last one");
    };

    a_machine_that_is_gone_serves_nothing_any_more: async |place| {
        let directory = place.machine().await;
        serves(&directory, serving("gone", &["atacado", "varejo"], 1)).await;
        let silent = |stores: &[&str], now| RecordServedStores { silent_since: Some(now - 3600), ..serving("m", stores, now) };

        assert_eq!(serves(&directory, silent(&["varejo"], 3601)).await, names(&[]));
        assert_eq!(serves(&directory, silent(&["varejo"], 9000)).await, names(&["atacado"]));
        assert_eq!(ids(&directory).await, ["varejo-1"]);
    };

    many_machines_that_change_their_settings_at_once_neither_fail_nor_remove_what_one_serves: async |place| {
        let machines = [place.machine().await, place.machine().await];
        serves(&machines[0], serving("0", &["atacado"], 1)).await;
        let changing = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move {
                for now in 2..6 {
                    let stores: &[&str] = if at == 0 || now % 2 == 0 { &["atacado"] } else { &[] };
                    assert_eq!(serves(&directory, serving(&at.to_string(), stores, now)).await, names(&[]));
                }
            }
        });

        at_once(changing).await;

        assert_eq!(ids(&machines[0]).await, ["atacado-1"]);
    };
}
