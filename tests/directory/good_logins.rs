//! The last login that worked is one row for each provider of a store, whichever broker saw it.

use crate::directory::{at_once, on_both};
use portaria::directory::Directory;
use portaria::directory::good_logins::{ListGoodLogins, LoadGoodLogin, SaveGoodLogin};
use portaria::directory::tidy::tidy;
use portaria::story::good_login::GoodLogin;
use serde_json::json;
use std::sync::Arc;

/// A login with this version of the file, in whose answer these members were.
fn login(at: i64, version: &str, keys: &[&str]) -> GoodLogin {
    let shape: Vec<_> = keys.iter().map(|key| json!({ "key": key, "looks": ["text"] })).collect();
    let answers = json!([{ "call": 1, "step": "getUserInfo", "status": 200, "shape": shape }]);
    serde_json::from_value(json!({ "at": at, "version": version, "file": format!("name: {version}\n"), "answers": answers }))
        .expect("a login")
}

async fn save(directory: &Directory, login: GoodLogin) {
    directory.write(SaveGoodLogin { store: "main".into(), provider: "acme".into(), login }).await.expect("storage");
}

async fn load(directory: &Directory) -> Option<GoodLogin> {
    directory.read(LoadGoodLogin { store: "main".into(), provider: "acme".into() }).await.expect("storage")
}

on_both! {
    logins_of_one_version_are_one_and_the_latest_version_stays: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let saving = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { save(&directory, login(100 + i64::try_from(at).expect("small"), "v1", if at == 7 { &["id"] } else { &["id", "phone"] })).await }
        });
        at_once(saving).await;

        let known = load(&machines[0]).await.expect("it is stored");
        assert_eq!((known.at, known.version.as_str()), (119, "v1"));
        let shape = serde_json::to_value(&known.answers).expect("JSON")[0]["shape"].clone();
        let member = |key: &str| shape.as_array().expect("members").iter().find(|member| member["key"] == key).expect("it is known").clone();
        assert_eq!((member("id").get("optional"), member("phone")["optional"].as_bool()), (None, Some(true)), "{shape}");

        save(&machines[0], login(90, "v0", &["id"])).await;
        assert_eq!(load(&machines[1]).await.map(|login| login.version), Some("v1".to_owned()), "an earlier login replaces nothing");
        save(&machines[0], login(130, "v2", &["uid"])).await;
        assert_eq!(load(&machines[1]).await, Some(login(130, "v2", &["uid"])));
        let other = LoadGoodLogin { store: "atacado".into(), provider: "acme".into() };
        assert_eq!(machines[0].read(other).await.expect("storage"), None, "another store has its own");
    };

    when_a_provider_worked_last_is_known_for_more_than_a_year: async |place| {
        let directory = place.machine().await;
        save(&directory, login(100, "v1", &["id"])).await;

        tidy(&directory, 100 + 399 * 86_400, 0).await.expect("storage");
        assert!(load(&directory).await.is_some());
        let list = ListGoodLogins { store: "main".into() };
        assert_eq!(directory.read(list.clone()).await.expect("storage"), [("acme".into(), 100)]);
        tidy(&directory, 100 + 401 * 86_400, 0).await.expect("storage");
        assert_eq!(load(&directory).await, None);
        assert_eq!(directory.read(list).await.expect("storage"), []);
    };
}
