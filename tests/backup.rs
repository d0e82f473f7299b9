//! A backup is made, restored and moved by the program as a process, on both engines.

use crate::bad_times::on_both;
use crate::bad_times::place::{Browser, Ending, Place, until, wait};
use crate::command_line::{Folder, Running, portaria};
use crate::database::Server;
use crate::support::{root, text};
use portaria::directory::StorageLocation;
use portaria::world::{clock, random};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A storage of the same engine, or of the other one, in which nothing is.
fn empty_storage(place: &Place, is_same_engine: bool) -> StorageLocation {
    if place.storage.file().is_some() == is_same_engine {
        StorageLocation::File(place.folder.0.join(format!("{}.db", random::id())))
    } else {
        wait(Server::shared().database()).1
    }
}

/// Makes a backup, and answers with its file.
fn backed_up(place: &Place, name: &str) -> PathBuf {
    place.run(&["backup", name]);
    place.folder.0.join(name)
}

/// The lines of a backup, by the name of the table, sorted; and its head.
fn tables_of(backup: &str) -> (Value, BTreeMap<String, Vec<String>>) {
    let mut lines = backup.lines();
    let head = serde_json::from_str(lines.next().expect("a head")).expect("JSON");
    let (mut tables, mut table) = (BTreeMap::<String, Vec<String>>::new(), String::new());
    for line in lines {
        if line.starts_with('{') {
            let said: Value = serde_json::from_str(line).expect("JSON");
            said["table"].as_str().unwrap_or("end").clone_into(&mut table);
            tables.entry(table.clone()).or_default();
        } else {
            tables.get_mut(&table).expect("a table").push(line.to_owned());
        }
    }
    tables.values_mut().for_each(|rows| rows.sort());
    (head, tables)
}

/// What the program says instead of a restore.
fn refused(place: &Place, words: &[&str]) -> String {
    let flag = place.storage_flag();
    let (code, out, err) = place.call(&[words, &["--storage", &flag]].concat());
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    err
}

on_both! {
    what_is_backed_up_while_people_sign_in_is_restored_whole_and_sessions_go_on: |place: Place| {
        let broker = Ending(place.start());
        let mut ana = Browser::default();
        let back = ana.begin(&broker.0, "ana");
        let before = ana.clone();
        assert!(ana.ask(&broker.0, "GET", &back).expect("an answer").session().is_some());
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                let mut many = 0;
                while !is_over.load(Ordering::Relaxed) {
                    Browser::signed_in(&broker.0, &format!("p{many}"));
                    many += 1;
                }
                many
            });
            let report = place.run(&["backup", "all.backup"]);
            is_over.store(true, Ordering::Relaxed);
            assert!(report["tables"]["users"].as_u64() >= Some(1), "{report}");
            assert!(writing.join().expect("nothing panics") > 0, "the broker went on");
        });
        drop(broker);

        let same = empty_storage(&place, true);
        let place = place.moved_to(same);
        place.run(&["restore", "all.backup"]);
        let broker = Ending(place.start());

        assert_eq!(broker.0.auth(&ana.cookies()), 200, "her session goes on");
        assert_eq!(before.clone().ask(&broker.0, "GET", &back).expect("an answer").status, 400, "an attempt that was used stays used");
        Browser::signed_in(&broker.0, "ana");
        assert_eq!(place.count("SELECT count(*) FROM users WHERE email LIKE $1", "ana@%"), 1, "she is the person that she was");
        place.assert_whole();
    };

    a_storage_that_moves_to_the_other_engine_and_back_is_the_same: |place: Place| {
        let broker = Ending(place.start());
        let ana = Browser::signed_in(&broker.0, "ana");
        let mut bia = Browser::signed_in(&broker.0, "bia");
        assert_eq!(bia.ask(&broker.0, "POST", "/logout").expect("an answer").status, 303);
        let mut odd = Browser::default();
        assert_eq!(odd.ask(&broker.0, "GET", "/callback/acme?error=server_error&error_description=a%09b%5Cn%0A").expect("an answer").status, 400);
        drop(broker);
        let first = text(&backed_up(&place, "first"));
        let [other, home] = [empty_storage(&place, false), empty_storage(&place, true)];

        let [from, over, to] = [&place.storage, &other, &home].map(|storage| match storage {
            StorageLocation::File(file) => format!("sqlite:{}", file.display()),
            StorageLocation::Server(address) => address.clone(),
        });
        for (from, to) in [(&from, &over), (&over, &to)] {
            let (code, out, err) = place.call(&["storage", "move", "--from", from, "--to", to]);
            assert_eq!(code, 0, "{out}{err}");
        }

        let place = place.moved_to(home);
        let last = text(&backed_up(&place, "last"));
        let [first, last] = [first, last].map(|backup| {
            let mut tables = tables_of(&backup).1;
            // Each copy numbers the changes of the keys on.
            tables.get_mut("generations").expect("a table").retain(|row| !row.contains("keys"));
            tables
        });
        assert_eq!(first, last);
        let place = place.moved_to(other);
        let broker = Ending(place.start());
        assert_eq!((broker.0.auth(&ana.cookies()), broker.0.auth(&bia.cookies())), (200, 401));
        Browser::signed_in(&broker.0, "carla");
        assert!(place.run(&["history"])["history"].as_array().expect("a list").len() > 3, "events are numbered on");
        place.assert_whole();
    };

    another_master_key_a_cut_file_and_a_changed_file_are_refused_and_nothing_is_written: |place: Place| {
        drop(Browser::signed_in(&Ending(place.start()).0, "ana"));
        let whole = text(&backed_up(&place, "whole"));
        let fingerprint = tables_of(&whole).0["masterKey"].as_str().expect("it names the key").to_owned();
        let empty = empty_storage(&place, true);
        let place = place.moved_to(empty);
        let lines: Vec<&str> = whole.lines().collect();
        let row = lines.iter().position(|line| line.contains("ana@")).expect("a row");
        for (name, changed, expected) in [
            ("cut", lines[..row].join("\n"), "a part of it is missing"),
            ("cut-line", whole[..whole.len() - 20].to_owned(), "a part of it is missing"),
            ("no-end", format!("{}\n", lines[..lines.len() - 1].join("\n")), "a part of it is missing"),
            ("no-row", whole.replace(&format!("{}\n", lines[row]), ""), "its checksum is wrong"),
            ("other", whole.replace("ana@", "bia@"), "its checksum is wrong"),
            ("head", whole.replacen("\"madeAt\":1", "\"madeAt\":2", 1), "its checksum is wrong"),
            ("wide", whole.replace(lines[row], &lines[row].replacen('[', "[1,", 1)), &*format!("line {} is not what a backup has there", row + 1)),
            ("more", format!("{whole}{{}}\n"), &*format!("line {} is not what a backup has there", lines.len() + 1)),
            ("newer", whole.replacen("\"schema\":", "\"schema\":9", 1), "whose tables this version does not know"),
            ("none", "hello\n".to_owned(), "this is not a backup of this program"),
            ("nothing", String::new(), "this is not a backup of this program"),
        ] {
            place.folder.write(name, &changed);
            let told = refused(&place, &["restore", name]);
            assert!(told.contains(expected), "{name}: {told}");
            assert!(place.storage.file().is_none_or(|file| !file.exists()), "{name}: no file is left");
        }

        let place = place.with_other_key();
        let told = refused(&place, &["restore", "whole"]);
        assert!(told.contains("this is not the master key that sealed the backup") && told.contains(&fingerprint), "{told}");
        assert!(place.storage.file().is_none_or(|file| !file.exists()));
        place.run(&["restore", "whole", "--key-is-lost"]);
        assert_eq!(place.count("SELECT count(*) FROM users WHERE email LIKE $1", "ana@%"), 1);
    };

    a_storage_of_a_later_version_is_refused_in_words_and_not_changed: |place: Place| {
        drop(Ending(place.start()));
        let later = "UPDATE _sqlx_migrations SET version = 999 WHERE version = (SELECT max(version) FROM _sqlx_migrations) AND description <> $1 RETURNING version";
        assert_eq!(place.count(later, ""), 999);
        let before = place.count("SELECT count(*) FROM _sqlx_migrations WHERE description <> $1", "");

        for told in [place.refuses_to_start(), refused(&place, &["backup", "later"]), refused(&place, &["users", "find", "ana"])] {
            assert!(told.contains("its tables are those of a later version of the program: they have schema 99"), "{told}");
            assert!(told.contains("`portaria restore`"), "{told}");
        }
        assert_eq!(place.count("SELECT count(*) FROM _sqlx_migrations WHERE description <> $1", ""), before);
    };

    a_storage_with_people_is_not_replaced_by_mistake: |place: Place| {
        drop(Browser::signed_in(&Ending(place.start()).0, "ana"));
        backed_up(&place, "ana.backup");
        drop(Browser::signed_in(&Ending(place.start()).0, "bia"));
        let bias = "SELECT count(*) FROM users WHERE email LIKE $1";

        let told = refused(&place, &["restore", "ana.backup"]);
        assert!(told.contains("people in it: 2") && told.contains("--replace"), "{told}");
        let (code, _, err) = place.call(&["restore", "ana.backup", "--replace", "--storage", &place.storage_flag()]);
        assert!(code == 2 && err.contains("--yes"), "{err}");
        assert_eq!(place.count(bias, "bia@%"), 1);
        let told = refused(&place, &["backup", "ana.backup"]);
        assert!(told.contains("there is a file of this name") && told.contains("--overwrite"), "{told}");

        place.run(&["restore", "ana.backup", "--replace", "--yes"]);
        assert_eq!(place.count(bias, "bia@%"), 0);
        Browser::signed_in(&Ending(place.start()).0, "bia");
        place.assert_whole();
    };
}

#[test]
fn a_backup_is_for_its_owner_alone_and_goes_through_a_pipe_as_well() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::on_sqlite();
    drop(Browser::signed_in(&Ending(place.start()).0, "ana"));

    let file = backed_up(&place, "all.backup");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert!(!text(&file).contains(&place.master), "the master key is not in it");
    let (code, out, err) = place.call(&["backup", "-", "--storage", &place.storage_flag()]);

    assert_eq!(code, 0, "{err}");
    assert_eq!(tables_of(&out).1, tables_of(&text(&file)).1);
    let page = text(&root().join("docs/operations.md"));
    let (_, head) = page.split_once("```json\n").expect("the page shows a head");
    let shown: Value = serde_json::from_str(head.split("```").next().expect("it ends")).expect("JSON");
    let names = |head: &Value| head.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&shown), names(&tables_of(&out).0), "the head that docs/operations.md shows");
    assert!(err.contains("$PORTARIA_MASTER_KEY") && err.contains("keep a copy of the key apart"), "{err}");
}

#[test]
fn what_a_server_does_not_let_a_user_do_is_said_in_its_words() {
    let made = Place::on_sqlite();
    drop(Ending(made.start()));
    let backup = backed_up(&made, "all.backup").display().to_string();
    let place = Place::on_postgres();
    let role = format!("r{}", random::id().to_lowercase().replace(['-', '_'], "x"));
    let order = |sql: String| {
        wait(async {
            let mut connection = PgConnection::connect(&place.storage_flag()).await.expect("a server");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("it does that");
        });
    };
    order(format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    let as_role = place.storage_flag().replace("portaria@", &format!("{role}@"));
    let restore = |storage: &str| made.call(&["restore", &backup, "--storage", storage]);

    let (code, _, told) = restore(&as_role);
    assert!(code == 3 && told.contains("42501: permission denied for schema public") && told.contains("may create tables"), "{told}");
    let (_, told, _) = made.call(&["doctor", "--offline", "--storage", &as_role]);
    assert!(told.contains("has no tables yet, and this user may not create them"), "{told}");
    order("CREATE TABLE users (id TEXT)".to_owned());
    let (code, _, told) = restore(&place.storage_flag());
    assert!(code == 3 && told.contains("42P07: relation \"users\" already exists") && told.contains("another program"), "{told}");
    order(format!("DROP ROLE {role}"));
}

/// A backup that does not name its key is restored on demand, if the key that is here opens it: another one leaves everything as it is.
fn assert_unnamed_key_is_found_out(place: &Place, backup: &str, sealed_by: &str) {
    let other = empty_storage(place, true);
    let flag = match &other {
        StorageLocation::File(file) => format!("sqlite:{}", file.display()),
        StorageLocation::Server(address) => address.clone(),
    };
    let (code, _, told) = place.call(&["restore", backup, "--storage", &flag]);
    assert!(code == 3 && told.contains("does not say which master key sealed it") && told.contains("`--key-not-named`"), "{told}");
    let told = refused(place, &["restore", backup, "--key-not-named", "--replace", "--yes"]);
    assert!(told.contains("does not open its signing keys") && told.contains("nothing was changed"), "{told}");
    let (code, out, told) = place.call(&["restore", backup, "--key-not-named", "--storage", &flag]);
    assert!(code == 3 && out.is_empty() && told.contains("does not open its signing keys"), "{out}{told}");
    assert!(other.file().is_none_or(|file| !file.exists()), "no file is left");
    let words = ["restore", backup, "--key-not-named", "--storage", &flag];
    let (code, out, told) = portaria(&place.folder.0, &words, &[("PORTARIA_MASTER_KEY", sealed_by)]);
    assert!(code == 0 && out.contains("opens its signing keys"), "{out}{told}");
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    entries.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// Puts something at a path.
type Making = fn(&Path);

#[test]
fn a_master_key_that_is_there_and_cannot_be_read_is_not_called_lost_and_nothing_is_given_up() {
    let folder = Folder::new("key-unread");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    drop(Running::start(&folder, &serve).until("listening"));
    let key = folder.0.join("data/master.key");
    let made: [(Making, &str); 3] = [
        (|key| std::fs::write(key, "").expect("it can be written"), "is empty"),
        (|key| std::fs::create_dir(key).expect("it can be made"), "is no ordinary file"),
        (|key| std::os::unix::fs::symlink("nowhere", key).expect("it can be made"), "is no ordinary file"),
    ];
    for (make, why) in made {
        let _ = std::fs::remove_file(&key).or_else(|_| std::fs::remove_dir(&key));
        make(&key);
        for words in [&serve[..], &["keys", "recover", "--yes"], &["keys", "rotate"]] {
            let (code, out, told) = portaria(&folder.0, words, &[]);
            assert_eq!((code, out.as_str()), (3, ""), "{words:?}: {told}");
            assert!(told.contains(&format!("data/master.key {why}")) && told.contains(" belongs to user "), "{words:?}: {told}");
            assert!(!told.contains("keys recover") && !told.contains("there is no master key"), "{words:?}: {told}");
        }
        let (_, told, _) = portaria(&folder.0, &["doctor", "--offline"], &[]);
        assert!(told.contains(why) && !told.contains("keys recover"), "{told}");
    }
    assert!(!files_in(&folder.0.join("data")).iter().any(|name| name.ends_with(".backup")), "nothing was begun");
}

#[test]
fn a_backup_that_is_interrupted_leaves_no_copy_behind() {
    let place = Place::on_sqlite();
    drop(Ending(place.start()));
    let many = "INSERT INTO ends (number, sid, latest) WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 600000) \
         SELECT n, 's' || n || ?1, 4000000000 FROM more";
    let file = rusqlite::Connection::open(place.storage.file().expect("a file")).expect("it opens");
    file.execute(many, ["-".repeat(40)]).expect("it takes them");
    drop(file);
    let aside = || files_in(&place.folder.0).into_iter().filter(|name| name.starts_with(".all.backup.")).collect::<Vec<_>>();
    for signal in ["-TERM", "-INT"] {
        let mut backup = Command::new(env!("CARGO_BIN_EXE_portaria"));
        backup.args(["backup", "all.backup", "--storage", &place.storage_flag()]).current_dir(&place.folder.0);
        let mut backup = backup.stderr(Stdio::piped()).spawn().expect("it starts");
        let written = || {
            aside()
                .iter()
                .any(|name| portaria::world::files::read_bytes(&place.folder.0.join(name), 10).is_ok_and(|bytes| bytes.len() == 10))
        };
        until("the copy has begun", Duration::from_secs(30), written);

        let sent = Command::new("kill").args([signal, &backup.id().to_string()]).status();

        assert!(sent.expect("kill is there").success());
        let ended = backup.wait().expect("it ends");
        let mut told = String::new();
        backup.stderr.take().expect("it was kept").read_to_string(&mut told).expect("text");
        assert_eq!((ended.code(), aside(), place.folder.0.join("all.backup").exists()), (Some(3), Vec::new(), false), "{signal}: {told}");
        assert!(told.contains("the backup was interrupted"), "{told}");
    }
}

on_both! {
    a_recovery_is_refused_while_a_broker_has_the_storage_open: |place: Place| {
        let broker = Ending(place.start());
        drop(Browser::signed_in(&broker.0, "ana"));
        let place = place.with_other_key();
        let words = ["keys", "recover", "--yes", "--backup", "before", "--storage", &place.storage_flag()];

        let (code, out, err) = place.call(&words);

        assert!(code == 3 && out.is_empty() && err.contains("another process uses") && err.contains("stop every broker"), "{out}{err}");
        drop(broker);
        let (code, out, err) = place.call(&words);
        assert_eq!(code, 0, "{out}{err}");
    };

    a_restore_and_a_move_are_refused_while_a_broker_has_one_of_the_storages_open: |place: Place| {
        drop(Browser::signed_in(&Ending(place.start()).0, "ana"));
        backed_up(&place, "all.backup");
        let (used, empty) = (place.storage_flag(), empty_storage(&place, true));
        let place = place.moved_to(empty);
        let unused = place.storage_flag();
        place.run(&["restore", "all.backup"]);
        let broker = Ending(place.try_start_at(&used).expect("it starts"));

        for words in [
            vec!["restore", "all.backup", "--replace", "--yes", "--storage", &used],
            vec!["storage", "move", "--from", &used, "--to", &unused, "--replace", "--yes"],
            vec!["storage", "move", "--from", &unused, "--to", &used, "--replace", "--yes"],
        ] {
            let (code, out, err) = place.call(&words);
            assert!(code == 3 && out.is_empty() && err.contains("another process uses"), "{words:?}: {out}{err}");
            assert!(err.contains("stop every broker") && err.contains("`--although-in-use`"), "{words:?}: {err}");
        }

        drop(broker);
        let (code, out, err) = place.call(&["storage", "move", "--from", &unused, "--to", &used, "--replace", "--yes"]);
        assert_eq!(code, 0, "{out}{err}");
    };

    a_broker_that_goes_on_during_a_restore_signs_with_the_keys_that_were_restored: |place: Place| {
        let broker = Ending(place.start());
        let (first, other) = (place.storage.clone(), empty_storage(&place, true));
        let place = place.moved_to(other);
        drop(Ending(place.start()));
        backed_up(&place, "other.backup");
        let key = place.run(&["keys", "list"])["keys"][0]["id"].as_str().expect("an id").to_owned();
        let place = place.moved_to(first);
        let published = || Browser::default().ask(&broker.0, "GET", "/.well-known/jwks.json").expect("an answer").body;
        assert!(!published().contains(&key));

        place.run(&["restore", "other.backup", "--replace", "--yes", "--although-in-use"]);

        until("it has read the keys", Duration::from_secs(10), || published().contains(&key));
        let ana = Browser::signed_in(&broker.0, "ana");
        drop(broker);
        assert_eq!(Ending(place.start()).0.auth(&ana.cookies()), 200, "her session goes on after a start");
    };

    a_restore_ends_the_access_of_apps_and_events_are_numbered_on: |place: Place| {
        let broker = Ending(place.start());
        drop(Browser::signed_in(&broker.0, "ana"));
        drop(broker);
        let grant = "INSERT INTO app_grants (id, store, uid, app, sid, claimed_sid, offline, scopes, provider, auth_time, made, used, rotated, until) \
             SELECT 'g', 'main', uid, 'painel', 's', 's', 1, 'openid', 'acme', 1, 1, 1, 1, 4000000000 FROM users WHERE email LIKE $1 RETURNING made";
        let event = "INSERT INTO store_events (id, store, queue, what, at, due) SELECT $1, 'main', 'q', 'login', 1, 1 RETURNING number";
        let grants = "SELECT count(*) FROM app_grants WHERE app <> $1";
        place.count(grant, "ana@%");
        assert_eq!((place.count(event, "a"), place.count(grants, "")), (1, 1));
        backed_up(&place, "all.backup");
        let [restored, moved] = [empty_storage(&place, true), empty_storage(&place, false)];
        let now = clock::now();

        let place = place.moved_to(restored);
        let report = place.run(&["restore", "all.backup"]);
        let after_restore = place.count(event, "b");
        let from = place.storage_flag();
        assert_eq!((place.count(grants, ""), &report["tables"]["app_grants"]), (0, &0.into()));
        let place = place.moved_to(moved);
        let (code, out, err) = place.call(&["storage", "move", "--from", &from, "--to", &place.storage_flag()]);
        assert_eq!(code, 0, "{out}{err}");
        let after_move = place.count(event, "c");

        assert!(after_restore >= now * 1000 && after_move > after_restore, "{now} {after_restore} {after_move}");
    };

    a_storage_whose_master_key_is_lost_goes_on_without_it: |place: Place| {
        let broker = Ending(place.start());
        let ana = Browser::signed_in(&broker.0, "ana");
        drop(Browser::signed_in(&broker.0, "bia"));
        let before = place.run(&["users", "show", "ana@clientes.example"]);
        place.run(&["users", "block", "bia@clientes.example"]);
        drop(broker);
        let (code, out, _) = place.call(&["keys", "recover", "--yes", "--storage", &place.storage_flag()]);
        assert!(code == 1 && out.is_empty(), "nothing is lost yet");

        let sealed_by = place.master.clone();
        let place = place.with_other_key();
        let told = place.refuses_to_start();
        assert!(told.contains("cannot be decrypted") && told.contains("`portaria keys recover`"), "{told}");
        let (code, _, err) = place.call(&["keys", "recover", "--storage", &place.storage_flag()]);
        assert!(code == 2 && err.contains("--yes"), "{err}");
        if place.storage.file().is_none() {
            let (code, _, err) = place.call(&["keys", "recover", "--yes", "--storage", &place.storage_flag()]);
            assert!(code == 2 && err.contains("`--backup "), "a server has no folder: {err}");
        }
        let report = place.run(&["keys", "recover", "--yes", "--backup", "before"]);

        assert_eq!((report["sessions"].as_u64(), report["backup"].as_str()), (Some(1), Some("before")), "{report}");
        assert_eq!(tables_of(&text(&place.folder.0.join("before"))).0["masterKey"], Value::Null);
        assert_unnamed_key_is_found_out(&place, "before", &sealed_by);
        let broker = Ending(place.start());
        assert_eq!(broker.0.auth(&ana.cookies()), 401, "she signs in again");
        Browser::signed_in(&broker.0, "ana");
        let after = place.run(&["users", "show", "ana@clientes.example"]);
        assert_eq!((&after["uid"], &after["waysIn"][0]["linked"]), (&before["uid"], &before["waysIn"][0]["linked"]), "as the person that she was");
        assert!(Browser::default().comes(&broker.0, "bia").session().is_none(), "a block stays");
        let history = place.run(&["history", "--most", "1000"]);
        assert!(history["history"].as_array().expect("a list").iter().any(|event| event["what"] == "keysRecovered"), "{history}");
        place.assert_whole();
    };
}

#[test]
fn a_start_without_the_file_of_the_key_makes_no_other_and_names_every_remedy() {
    let folder = Folder::new("key-lost");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    drop(Running::start(&folder, &serve).until("listening"));
    let key = folder.0.join("data/master.key");
    let kept = text(&key);
    std::fs::remove_file(&key).expect("it is there");

    let (code, out, told) = portaria(&folder.0, &serve, &[]);

    assert_eq!((code, out.as_str()), (3, ""), "{told}");
    assert!(told.contains("the storage holds 1 signing key that a master key has sealed"), "{told}");
    for remedy in ["put the file back", "$PORTARIA_MASTER_KEY", "`masterKey`", "`portaria restore`", "`portaria keys recover`"] {
        assert!(told.contains(remedy), "{remedy}: {told}");
    }
    assert!(!key.exists(), "a new key would hide the loss");
    std::fs::write(&key, &kept).expect("it can be put back");
    drop(Running::start(&folder, &serve).until("listening"));

    std::fs::remove_file(&key).expect("it is there");
    let (code, out, told) = portaria(&folder.0, &["keys", "recover", "--yes", "--backup", "none/before.backup"], &[]);
    assert!(
        code == 3 && out.is_empty() && told.contains("none/before.backup: it cannot be written: there is no such folder"),
        "{out}{told}"
    );
    assert!(!key.exists(), "nothing has happened yet");
    let (code, out, told) = portaria(&folder.0, &["keys", "recover", "--yes"], &[]);
    assert_eq!(code, 0, "{out}{told}");
    let backups = |folder: &Path| files_in(folder).into_iter().filter(|name| name.ends_with(".backup")).count();
    assert_eq!((backups(&folder.0), backups(&folder.0.join("data"))), (0, 1), "it lies where the broker may write");
    assert!(out.contains("data/master.key") && text(&key) != kept, "{out}");
    drop(Running::start(&folder, &serve).until("listening"));
}
