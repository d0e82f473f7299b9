//! The current program opens databases that an earlier version made, and loses nothing in them.
//!
//! `tests/upgrade/README.md` says what the databases contain and how they were made. These tests ask the program over HTTP and by its
//! commands, or read the tables with SQL. They use no types of the directory, so they stay the same when its code changes.

use crate::bad_times::place::{Broker, Browser, Ending, Place, wait};
use crate::database::Server;
use crate::support::{root, text};
use crate::web::client_request::Answer;
use crate::web::test_broker::Folder;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use portaria::directory::StorageLocation;
use portaria::world::clock;
use rusqlite::Connection as FileConnection;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqlSafeStr as _};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The public URL of the main store.
const PUBLIC_URL: &str = "http://localhost:8080";

/// A copy of a database of version 0.1, and what that version reported about it.
struct Kept {
    place: Place,
    known: Value,
}

impl Kept {
    fn on_sqlite() -> Self {
        let folder = Folder::new();
        let file = folder.0.join("kept.db");
        std::fs::copy(kept("sqlite.db"), &file).expect("a file can be copied");
        Self::with(folder, StorageLocation::File(file), "sqlite.json")
    }

    fn on_postgres() -> Self {
        let storage = wait(async {
            let (name, storage) = Server::shared().database().await;
            let mut connection = Server::shared().connect(&name).await;
            let dump = AssertSqlSafe(text(&kept("postgres.sql"))).into_sql_str();
            sqlx::raw_sql(dump).execute(&mut connection).await.expect("the dump can be read");
            connection.close().await.expect("it is closed");
            storage
        });
        Self::with(Folder::new(), storage, "postgres.json")
    }

    fn with(folder: Folder, storage: StorageLocation, known: &str) -> Self {
        let place = Place::taken_over(folder, storage, text(&kept("test-only.master.key")).trim());
        place.folder.write("portaria.yaml", &text(&kept("portaria.yaml")));
        // The playground is installed under two names, as it was for version 0.1.
        for name in ["playground", "feira"] {
            place.folder.write(&format!("providers.d/{name}.yaml"), &text(&root().join("providers.d/playground.yaml")));
        }
        let known = serde_json::from_str(&text(&kept(known))).expect("JSON");
        Self { place, known }
    }

    /// Starts the program on the copy.
    fn serve(&self) -> Ending {
        Ending(self.place.start())
    }

    /// What version 0.1 reported about a person of the main store.
    fn person(&self, email: &str) -> &Value {
        let person = self.people().find(|person| person["store"] == "main" && person["email"] == email);
        person.unwrap_or_else(|| panic!("{email} is known"))
    }

    fn people(&self) -> impl Iterator<Item = &Value> {
        self.known["people"].as_array().expect("a list").iter()
    }

    /// The sessions that were `live` or had `ended`: a description, the token, and what version 0.1 answered at `/session` before an end.
    fn sessions(&self, state: &'static str) -> impl Iterator<Item = (&str, &str, &Value)> {
        let all = self.known["sessions"].as_object().expect("an object").iter();
        let all = all.filter(move |(what, _)| what.starts_with(state));
        all.map(|(what, kept)| (what.as_str(), kept["token"].as_str().expect("a token"), &kept["session"]))
    }

    /// The id of the signing key that was in this state.
    fn key(&self, state: &str) -> &str {
        let keys = self.known["keys"].as_array().expect("a list");
        let key = keys.iter().find(|key| key["state"] == state).expect("there is such a key");
        key["id"].as_str().expect("an id")
    }

    /// The columns and rows of each table, except the list of applied migrations. Without `columns` all of them are read. A second call
    /// names the columns that the first one found, because a migration may have added others.
    async fn rows(&self, columns: Option<&Columns>) -> (Columns, BTreeMap<String, Vec<String>>) {
        match &self.place.storage {
            StorageLocation::File(file) => {
                let connection = FileConnection::open(file).expect("a file");
                let found = "SELECT m.name, group_concat('\"' || c.name || '\"', ', ') FROM sqlite_master m, pragma_table_info(m.name) c \
                     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> '_sqlx_migrations' GROUP BY m.name";
                let mut found = connection.prepare(found).expect("tables");
                let found = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("tables");
                let columns = columns.cloned().unwrap_or_else(|| found.collect::<Result<_, _>>().expect("tables"));
                let mut rows = BTreeMap::new();
                for (table, columns) in &columns {
                    let mut all = connection.prepare(&format!("SELECT json_array({columns}) FROM {table} ORDER BY 1")).expect("rows");
                    let all = all.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("rows");
                    rows.insert(table.clone(), all);
                }
                (columns, rows)
            }
            StorageLocation::Server(address) => {
                let mut connection = PgConnection::connect(address).await.expect("a server");
                let found = "SELECT table_name::text, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) \
                     FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations' GROUP BY table_name";
                let found: Vec<(String, String)> = sqlx::query_as(found).fetch_all(&mut connection).await.expect("tables");
                let columns = columns.cloned().unwrap_or_else(|| found.into_iter().collect());
                let mut rows = BTreeMap::new();
                for (table, columns) in &columns {
                    let all = AssertSqlSafe(format!("SELECT json_build_array({columns})::text FROM {table} ORDER BY 1")).into_sql_str();
                    rows.insert(table.clone(), sqlx::query_scalar(all).fetch_all(&mut connection).await.expect("rows"));
                }
                connection.close().await.expect("it is closed");
                (columns, rows)
            }
        }
    }

    /// Runs a statement on the copy directly.
    async fn execute(&self, sql: String) {
        match &self.place.storage {
            StorageLocation::File(file) => {
                FileConnection::open(file).expect("a file").execute_batch(&sql).expect("it is carried out");
            }
            StorageLocation::Server(address) => {
                let mut connection = PgConnection::connect(address).await.expect("a server");
                sqlx::query(AssertSqlSafe(sql).into_sql_str()).execute(&mut connection).await.expect("it is carried out");
                connection.close().await.expect("it is closed");
            }
        }
    }
}

/// The columns of each table, as they are written in a query.
type Columns = BTreeMap<String, String>;

fn kept(name: &str) -> PathBuf {
    root().join("tests/upgrade/0.1").join(name)
}

/// Makes a login through the playground in a new browser. Returns the last answer and the browser.
fn sign_in(broker: &Broker, provider: &str, choice: &str) -> (Answer, Browser) {
    let mut browser = Browser::default();
    let begun = browser.ask(broker, "GET", &format!("/login/{provider}")).expect("an answer");
    let chosen = browser.ask(broker, "GET", &format!("{}&{choice}", target(&begun))).expect("an answer");
    let answer = browser.ask(broker, "GET", target(&chosen)).expect("an answer");
    (answer, browser)
}

/// The address that an answer redirects to, without the broker's public URL.
fn target(answer: &Answer) -> &str {
    answer.location().and_then(|location| location.strip_prefix(PUBLIC_URL)).unwrap_or_else(|| panic!("{answer:?}"))
}

/// What `/session` answers to these cookies, or `None` where it answers 401.
fn session(broker: &Broker, cookies: &str) -> Option<Value> {
    let answer = broker.ask("GET", "/session", &[("Cookie", cookies)]).expect("an answer");
    assert!(matches!(answer.status, 200 | 401), "{answer:?}");
    (answer.status == 200).then(|| answer.json())
}

/// Makes a login that succeeds. Returns the id of the person and the session token.
fn signs_in(broker: &Broker, provider: &str, choice: &str) -> (String, String) {
    let (answer, browser) = sign_in(broker, provider, choice);
    let token = answer.session().unwrap_or_else(|| panic!("{provider}, {choice}: {answer:?}"));
    let session = session(broker, &browser.cookies()).expect("a session");
    (session["uid"].as_str().expect("an id").to_owned(), token.to_owned())
}

/// Everything that version 0.1 reported is still reported. New members may be added, and sentences for people may change.
fn assert_still_reported(before: &Value, now: &Value) {
    match (before, now) {
        (Value::Object(before), Value::Object(_)) => {
            for (key, value) in before.iter().filter(|(key, _)| *key != "told") {
                assert_still_reported(value, &now[key]);
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            assert_eq!(before.len(), now.len(), "before {before:?}, now {now:?}");
            before.iter().zip(now).for_each(|(before, now)| assert_still_reported(before, now));
        }
        _ => assert_eq!(before, now),
    }
}

/// Tests that run on both engines.
macro_rules! on_both {
    ($($(#[$meta:meta])* $name:ident: $test:expr;)+) => {
        $(
            $(#[$meta])*
            mod $name {
                use super::*;

                #[test]
                fn sqlite() {
                    $test(Kept::on_sqlite());
                }

                #[test]
                fn postgres() {
                    $test(Kept::on_postgres());
                }
            }
        )+
    };
}

on_both! {
    a_database_of_version_0_1_opens_and_its_people_sign_in_again_as_themselves: |kept: Kept| {
        let broker = kept.serve();

        for (provider, choice, email) in [
            ("playground", "who=ana", "ana@loja.example"),
            ("feira", "who=ana", "ana@loja.example"),
            ("playground", "who=maria", "maria.silva+compras@loja.example"),
            ("playground", "who=markup", "bia@loja.example"),
            ("playground", "who=layla", "layla@loja.example"),
            ("playground", "who=nakamura", "nakamura@loja.example"),
            ("playground", "who=pedro", "pedro@loja.example"),
            ("playground", "who=lia", "lia@loja.example"),
            // She linked this identity herself, and its address differs from hers.
            ("feira", "who=typed&name=Lia&email=lia%40trabalho.example&checked=yes", "lia@loja.example"),
        ] {
            assert_eq!(signs_in(&broker.0, provider, choice).0, kept.person(email)["uid"], "{provider}, {choice}");
        }
        let (uid, _) = signs_in(&broker.0, "playground", "who=typed&name=Zoe&email=zoe%40loja.example&checked=yes");
        assert!(kept.people().all(|person| person["uid"] != uid.as_str()), "a new person has a new id");
    };

    /// Lesson 180
    sessions_that_were_live_are_still_valid_and_those_that_had_ended_are_still_ended: |kept: Kept| {
        let broker = kept.serve();

        assert_eq!((kept.sessions("live").count(), kept.sessions("ended").count()), (3, 4));
        for (what, token, before) in kept.sessions("live") {
            let cookies = format!("portaria={token}");
            assert_eq!(broker.0.auth(&cookies), 200, "{what}: it is valid until January 2036");
            assert_still_reported(before, &session(&broker.0, &cookies).expect("a session"));
        }
        for (what, token, _) in kept.sessions("ended") {
            let cookies = format!("portaria={token}");
            assert_eq!(broker.0.auth(&cookies), 401, "{what}");
            assert_eq!(session(&broker.0, &cookies), None, "{what}");
        }
    };

    tokens_signed_by_its_old_key_still_verify_and_its_active_key_signs_on: |kept: Kept| {
        drop(kept.serve());
        assert_still_reported(&kept.known["keys"], &kept.place.run(&["keys", "list"])["keys"]);
        let broker = kept.serve();

        // A service that checks the cookie itself uses only the published keys.
        let published = broker.0.ask("GET", "/.well-known/jwks.json", &[]).expect("an answer").json();
        let mut signed_by = Vec::new();
        for (what, token, session) in kept.sessions("live") {
            let id = decode_header(token).expect("a token").kid.expect("it names its key");
            let key = published["keys"].as_array().expect("a list").iter().find(|key| key["kid"] == id.as_str());
            let key = key.unwrap_or_else(|| panic!("{what}: its key is not published: {published}"));
            let [x, y] = ["x", "y"].map(|name| key[name].as_str().expect("a coordinate"));
            let mut validation = Validation::new(Algorithm::ES256);
            // The test must not depend on the time of the day when it runs.
            validation.validate_exp = false;
            validation.validate_aud = false;
            let key = DecodingKey::from_ec_components(x, y).expect("a key");
            let claims = decode::<Value>(token, &key, &validation).unwrap_or_else(|error| panic!("{what}: {error}")).claims;
            assert_eq!(claims["uid"], session["uid"], "{what}");
            signed_by.push(id);
        }
        assert!([kept.key("retiring"), kept.key("active")].iter().all(|id| signed_by.iter().any(|other| other == id)), "{signed_by:?}");

        let (_, token) = signs_in(&broker.0, "playground", "who=ana");
        assert_eq!(decode_header(&token).expect("a token").kid.as_deref(), Some(kept.key("active")));
    };

    the_blocked_user_stays_blocked: |kept: Kept| {
        let email = "tess.o'neil@loja.example";
        let broker = kept.serve();

        let (answer, _) = sign_in(&broker.0, "playground", "who=oneil");
        assert_eq!((kept.known["refused"]["blocked"].as_u64(), answer.session()), (Some(u64::from(answer.status)), None), "{answer:?}");
        assert_eq!(kept.place.run(&["users", "show", email])["blocked"], true);

        kept.place.run(&["users", "unblock", email]);
        assert_eq!(signs_in(&broker.0, "playground", "who=oneil").0, kept.person(email)["uid"], "the person is the same after the block");
    };

    links_are_still_there_and_one_that_was_removed_does_not_come_back: |kept: Kept| {
        drop(kept.serve());
        for person in kept.people() {
            let [email, store] = ["email", "store"].map(|key| person[key].as_str().expect("a text"));
            assert_still_reported(person, &kept.place.run(&["users", "show", email, "--store", store]));
        }
        let linked = |email| kept.person(email)["waysIn"].as_array().expect("a list").len();
        assert_eq!(["ana@loja.example", "lia@loja.example", "pedro@loja.example"].map(linked), [2, 2, 1]);
        let broker = kept.serve();

        let (answer, _) = sign_in(&broker.0, "feira", "who=pedro");
        let before = kept.known["refused"]["identity removed"].as_u64();
        assert_eq!((before, answer.session()), (Some(u64::from(answer.status)), None), "{answer:?}");
    };

    commands_that_only_read_refuse_the_older_tables_and_leave_them: |kept: Kept| {
        let migrations = || kept.place.count("SELECT count(*) FROM _sqlx_migrations WHERE description <> $1", "");
        let before = migrations();
        let storage = kept.place.storage_flag();

        for words in [&["users", "find", "ana"][..], &["history"], &["keys", "list"], &["incident", "K7Q-2MD"]] {
            let (code, out, told) = kept.place.call(&[words, &["--storage", &storage]].concat());
            assert_eq!((code, out.as_str()), (3, ""), "{words:?}: {told}");
            assert!(told.contains("its tables are those of an earlier version"), "{words:?}: {told}");
            let [backup, start] = ["`portaria backup FILE`", "start the broker once with this version"].map(|part| told.find(part));
            assert!(backup.is_some() && backup < start, "the backup comes first: {told}");
        }

        assert_eq!(migrations(), before);
        drop(kept.serve());
        assert!(migrations() > before);
        kept.place.run(&["users", "find", "ana"]);
    };

    the_audit_still_reads: |kept: Kept| {
        drop(kept.serve());
        let before = &kept.known["history"];

        assert_still_reported(before, &kept.place.run(&["history", "--most", "1000"])["history"]);

        let ana = kept.person("ana@loja.example");
        let hers: Value = before.as_array().expect("a list").iter().filter(|event| event["uid"] == ana["uid"]).cloned().collect();
        let now = kept.place.run(&["users", "history", "ana@loja.example", "--most", "1000"])["history"].clone();
        assert_eq!(hers.as_array().map(Vec::len), now.as_array().map(Vec::len), "{now}");
        assert!(hers.as_array().is_some_and(|hers| hers.len() > 1));
    };

    the_story_behind_an_incident_still_reads: |kept: Kept| {
        let before = &kept.known["incident"];
        let code = before["code"].as_str().expect("a code");
        // An incident is kept for 24 hours, so the copy of it is moved to the present time.
        wait(kept.execute(format!("UPDATE incidents SET at = {} WHERE code = '{code}'", clock::now())));

        drop(kept.serve());
        let now = kept.place.run(&["incident", code]);

        assert_still_reported(&before["story"], &now["story"]);
        assert_eq!((&before["code"], &before["store"]), (&now["code"], &now["store"]));
    };

    the_warning_that_a_provider_answers_otherwise_still_stands: |kept: Kept| {
        let broker = kept.serve();

        let metrics = broker.0.ask("GET", "/metrics", &[]).expect("an answer");

        let before = kept.known["drift"].as_array().expect("a list");
        assert_eq!(before.len(), 1);
        for line in before.iter().filter_map(Value::as_str) {
            assert!(metrics.body.lines().any(|other| other == line), "{line}\n{}", metrics.body);
        }
    };

    a_backup_of_it_is_restored_into_either_engine_and_brought_up_to_date: |kept: Kept| {
        kept.place.run(&["backup", "old.backup"]);
        let head: Value = serde_json::from_str(text(&kept.place.folder.0.join("old.backup")).lines().next().expect("a head")).expect("JSON");
        assert!(head["schema"].as_i64() < Some(10), "it was not brought up to date for it: {head}");
        let fresh = if kept.place.storage.file().is_some() {
            wait(Server::shared().database()).1
        } else {
            StorageLocation::File(kept.place.folder.0.join("fresh.db"))
        };

        let kept = Kept { place: kept.place.moved_to(fresh), known: kept.known };
        kept.place.run(&["restore", "old.backup"]);
        let broker = kept.serve();

        for (what, token, _) in kept.sessions("live") {
            assert_eq!(broker.0.auth(&format!("portaria={token}")), 200, "{what}");
        }
        for (what, token, _) in kept.sessions("ended") {
            assert_eq!(broker.0.auth(&format!("portaria={token}")), 401, "{what}");
        }
        assert_eq!(signs_in(&broker.0, "playground", "who=ana").0, kept.person("ana@loja.example")["uid"]);
        for person in kept.people() {
            let [email, store] = ["email", "store"].map(|key| person[key].as_str().expect("a text"));
            assert_eq!(kept.place.run(&["users", "show", email, "--store", store])["uid"], person["uid"]);
        }
    };

    the_rows_are_not_changed_by_opening: |kept: Kept| {
        let (columns, before) = wait(kept.rows(None));
        for table in ["users", "identities", "detached", "sessions", "ends", "keys", "incidents", "audit", "tallies", "drifts"] {
            assert!(before.get(table).is_some_and(|rows| !rows.is_empty()), "`{table}` has rows");
        }

        let broker = kept.serve();
        assert!(broker.0.is_ready());
        drop(broker);

        let (_, after) = wait(kept.rows(Some(&columns)));
        assert_eq!(before, after);
    };
}
