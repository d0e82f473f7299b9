//! Signing keys are shared by all machines and turned over by one of them.

use crate::directory::{at_once, on_both};
use portaria::directory::Directory;
use portaria::directory::keys::{ListSigningKeys, NewSigningKey, RetireSigningKey, RotateSigningKeys};
use portaria::directory::sessions::ReadGenerations;
use portaria::session::rotation::{RotationChange, RotationPlan};
use std::sync::Arc;

const PLAN: RotationPlan = RotationPlan { signs: 1000, published: 10, believed: 100 };

fn turn(id: &str, wanted: bool, now: i64) -> RotateSigningKeys {
    RotateSigningKeys { fresh: NewSigningKey { id: id.into(), sealed: format!("sealed {id}") }, plan: PLAN, wanted, now }
}

async fn told(directory: &Directory) -> String {
    let keys = directory.read(ListSigningKeys).await.expect("storage");
    let told: Vec<_> = keys.iter().map(|key| format!("{} {}", key.status.id, key.status.state.word())).collect();
    told.join(", ")
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
            let before = (told(&directory).await, number().await);
            let id = match now { 0 => "a", 1000 => "b", _ => "c" };
            directory.write(turn(id, wanted, now)).await.expect("storage");
            let after = (told(&directory).await, number().await);
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

    a_key_that_is_taken_out_of_use_is_replaced_at_once: async |place| {
        let directory = place.machine().await;
        directory.write(turn("a", false, 0)).await.expect("storage");
        let retire = |id: &str, fresh: &str| RetireSigningKey { id: id.into(), fresh: NewSigningKey { id: fresh.into(), sealed: "s".to_owned() }, now: 5 };

        assert!(!directory.write(retire("nobody", "x")).await.expect("storage"));
        assert!(directory.write(retire("a", "b")).await.expect("storage"));
        assert_eq!(told(&directory).await, "b active");
        directory.write(turn("c", true, 6)).await.expect("storage");
        assert!(directory.write(retire("b", "d")).await.expect("storage"));
        assert_eq!(told(&directory).await, "c active", "the one that was next");
    };
}
