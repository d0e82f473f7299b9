//! What only an engine can get wrong: starting together, tables, and bad times.

use crate::database::Server;
use crate::directory::{FINGERPRINT, Place, at_once, comes, on_both, on_postgres, on_sqlite, proven, uid};
use aws_lc_rs::hmac;
use portaria::directory::app_consents::RecordConsent;
use portaria::directory::app_grants::{NewAppGrant, RedeemCode};
use portaria::directory::attempts::ConsumeAttempt;
use portaria::directory::audit::{AuditActor, AuditEvent, AuditEventKind};
use portaria::directory::fingerprints::PinIdentities;
use portaria::directory::good_logins::SaveGoodLogin;
use portaria::directory::incidents::{LoadIncident, SaveIncident, StoredIncident};
use portaria::directory::kept_tokens::KeepProviderTokens;
use portaria::directory::login_counts::{AddLoginCounts, CountedLogin};
use portaria::directory::mail_codes::LongCodes;
use portaria::directory::next_versions::{AddNextCounts, NextCount, NextReturn, NextVersionKey, RecordNextReturn};
use portaria::directory::proofs::{BeginEmailProof, ProofCode, ReserveCodeMail, VerifyProofCode};
use portaria::directory::sessions::{EndAllSessions, ReadGenerations};
use portaria::directory::sqlite::migrate;
use portaria::directory::store_event_delivery::GiveUpStoreEvents;
use portaria::directory::store_events::StoreEventKind;
use portaria::directory::tallies::{AddTallies, SaveDriftWarnings, StoredDriftWarning, Tally};
use portaria::directory::tidy::tidy;
use portaria::directory::{Directory, StorageLocation, StorageUnavailable};
use portaria::provider::fingerprint::ProviderFingerprint;
use portaria::story::good_login::GoodLogin;
use rusqlite::Connection as FileConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, SqlSafeStr as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

on_both! {
    ten_machines_may_start_at_once_on_a_storage_that_is_not_there_yet: async |place| {
        let starting = (0..10).map(|_| {
            let place = place.clone();
            async move { Directory::open(&place.storage).await.map(drop).map_err(|error| error.to_string()) }
        });

        let started = at_once(starting).await;

        assert_eq!(started, vec![Ok(()); 10]);
        assert!(comes(&*place.machine().await, &proven("acme", "1", "ana"), "1").await.is_ok());
    };

    sixteen_who_write_at_once_hear_no_complaint: async |place| {
        let mut machines = Vec::new();
        for _ in 0..16 {
            machines.push(place.machine().await);
        }
        let writing = machines.into_iter().enumerate().map(|(at, directory)| async move {
            for round in 0..20 {
                let id = format!("{at}-{round}");
                assert_eq!(directory.write(ConsumeAttempt { attempt: id.clone().into(), until: 700 }).await, Ok(true));
                uid(&directory, &proven("acme", &id, &format!("p{id}")), &id).await;
            }
        });

        at_once(writing).await;
    };
}

/// Stores a text, and answers with what is found then.
async fn stored(directory: &Directory, code: &str, text: &str) -> String {
    let incident = StoredIncident { code: code.into(), store: "main".into(), at: 100, story: text.to_owned() };
    let event = AuditEvent::new(100, "main", AuditEventKind::Failed);
    assert_eq!(directory.write(SaveIncident { incident, event }).await, Ok(true), "{text}");
    directory.read(LoadIncident { code: code.into(), now: 101 }).await.expect("storage").expect("an incident").story
}

async fn every_text_comes_back(directory: &Directory) {
    let pieces = [
        "'",
        "''",
        "\\",
        "\\'",
        "\"",
        "$1",
        "$$",
        "; DROP TABLE users; --",
        "/*",
        "%",
        "\n",
        "\u{7f}",
        "\u{2019}",
        "\u{1f600}",
        "E'",
        "é",
        "::text",
        "NULL",
    ];
    for (at, first) in pieces.iter().enumerate() {
        for (after, second) in pieces.iter().enumerate() {
            let text = format!("{first}{second}");
            assert_eq!(stored(directory, &format!("c{at}-{after}"), &text).await, text);
        }
    }
    assert!(comes(directory, &proven("acme", "o'neill\\", "ana"), "s'1").await.is_ok());
    assert!(comes(directory, &proven("acme", "o'neill\\", "ana"), "s'2").await.is_ok(), "the table is still there");
}

on_both! {
    every_text_comes_back_as_it_was_given: async |place| every_text_comes_back(&*place.machine().await).await;
}

#[test]
fn every_text_comes_back_from_a_server_in_which_a_backslash_is_an_escape() {
    on_postgres(async |place| {
        let StorageLocation::Server(address) = &place.storage else { panic!("it is a server") };
        let escaping = format!("{address}&options=-cstandard_conforming_strings%3Doff");
        every_text_comes_back(&Directory::open(&StorageLocation::Server(escaping)).await.expect("a directory")).await;
    });
}

/// Attack F-02
#[test]
fn nobody_notices_that_the_server_was_started_again_if_nothing_can_have_been_stored() {
    on_postgres(async |place| {
        let directory = place.machine().await;
        let ana = proven("acme", "1", "ana");
        uid(&directory, &ana, "1").await;
        let StorageLocation::Server(address) = &place.storage else { panic!("it is a server") };
        let mut other = sqlx::PgConnection::connect(address).await.expect("a server");

        for sid in ["2", "3"] {
            // The sessions end, and what they have prepared is gone.
            let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            other.execute(ended).await.expect("they end");

            if sid == "2" {
                assert!(directory.read(ReadGenerations).await.is_ok());
            }
            uid(&directory, &ana, sid).await;
        }
    });
}

on_both! {
    no_table_grows_for_ever: async |place| {
        let directory = place.machine().await;
        directory.set_wanted_store_events([("main".into(), vec![StoreEventKind::SignIn])].into());
        let (main, ana) = ("main", proven("acme", "1", "ana"));
        let ana = uid(&directory, &ana, "1").await;
        directory.write(ConsumeAttempt { attempt: "a".into(), until: 700 }).await.expect("storage");
        for (id, offline) in [("g", false), ("h", true)] {
            let (id, app, sid) = (id.into(), "painel".into(), "1".into());
            let grant = NewAppGrant { id, store: main.into(), uid: ana.clone(), app, sid, offline, scopes: "openid".into(), resources: "".into(), audiences: "".into(), provider: "acme".into(), auth_time: 100, until: 1000 };
            directory.write(RedeemCode { grant, issued: 100, now: 100 }).await.expect("storage");
        }
        let consent = RecordConsent { store: main.into(), uid: ana.clone(), app: "painel".into(), shown: "x".into(), scopes: "openid".into(), now: 100 };
        directory.write(consent).await.expect("storage");
        let sign_out = EndAllSessions { store: main.into(), uid: ana.clone(), except: None, by: AuditActor::Support, now: 100 };
        directory.write(sign_out).await.expect("storage");
        uid(&directory, &proven("acme", "1", "ana"), "2").await;
        let keep = KeepProviderTokens { store: main.into(), uid: ana, provider: "acme".into(), provider_id: "1".into(), sid: "2".into(), sealed: String::new(), until: 1000 };
        directory.write(keep).await.expect("storage");
        let incident = StoredIncident { code: "K7Q-2MD".into(), store: main.into(), at: 100, story: "{}".to_owned() };
        directory.write(SaveIncident { incident, event: AuditEvent::new(100, main, AuditEventKind::Failed) }).await.expect("storage");
        directory.write(BeginEmailProof { id: "p".into(), store: main.into(), sealed: String::new(), who: "w".into(), until: 1000 }).await.expect("storage");
        let send = ReserveCodeMail { id: "p".into(), sealed: String::new(), code: "c".into(), long_codes: LongCodes::new(&hmac::Key::new(hmac::HMAC_SHA256, b"k"), "r"), recipient: "r".into(), budget: None, event: AuditEvent::new(100, main, AuditEventKind::Unproven), now: 100 };
        directory.write(send).await.expect("storage");

        let event = AuditEvent::new(100, main, AuditEventKind::Unproven);
        directory.write(VerifyProofCode { id: "p".into(), code: (ProofCode::Short, "x".into()), event, now: 100 }).await.expect("storage");
        let long_ago = -2_000_000;
        let tally = Tally { store: main.into(), provider: "acme".into(), step: "getUserInfo".into(), what: "email".into(), kind: "".into(), found: 1, missed: 0 };
        directory.write(AddTallies { tallies: vec![tally], now: long_ago }).await.expect("storage");
        let warned = StoredDriftWarning { store: main.into(), provider: "acme".into(), step: "getUserInfo".into(), what: "email".into(), since: long_ago, warning: Some("{}".to_owned()), is_forgotten: false };
        directory.write(SaveDriftWarnings(vec![warned])).await.expect("storage");

        let counted = CountedLogin { store: main.into(), slot: long_ago, provider: "acme".into(), variant: "".into(), what: "began".into(), step: "".into(), detail: "".into() };
        directory.write(AddLoginCounts(vec![(counted, 1)])).await.expect("storage");
        let login = GoodLogin { at: -40_000_000, ..GoodLogin::default() };
        directory.write(SaveGoodLogin { store: main.into(), provider: "acme".into(), login }).await.expect("storage");

        let version = NextVersionKey { store: main.into(), provider: "acme".into(), version: "v2".into() };
        let count = NextCount { of: version.clone(), what: "matched".into(), count: 1, story: "".into() };
        directory.write(AddNextCounts { counts: vec![count], now: -60_000_000 }).await.expect("storage");
        directory.write(RecordNextReturn(NextReturn { of: version, at: -60_000_000 })).await.expect("storage");

        let filled = rows(&place.storage).await;
        tidy(&directory, 3_000_000, 2_900_000).await.expect("storage");
        directory.write(GiveUpStoreEvents { now: 3_000_000 }).await.expect("storage");
        let left = rows(&place.storage).await;

        for (table, rows) in &filled {
            // People and what is theirs stay for as long as they do; what is counted by name is as many as there are names.
            let stays = ["users", "identities", "detached", "passkeys", "app_consents", "generations", "keys", "store_keys", "signing_keys", "served", "pins", "store_event_leases"].contains(&table.as_str());
            assert!(stays || *rows > 0, "something was written into {table}");
            assert_eq!(left[table], if stays { *rows } else { 0 }, "{table}");
        }
    };
}

/// How many rows each table has.
async fn rows(storage: &StorageLocation) -> BTreeMap<String, i64> {
    let mut counted = BTreeMap::new();
    let tables: BTreeSet<String> = columns(storage).await.iter().filter_map(|name| Some(name.split_once('.')?.0.to_owned())).collect();
    for table in tables {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 = match storage {
            StorageLocation::File(file) => {
                FileConnection::open(file).expect("a file").query_row(&sql, [], |row| row.get(0)).expect("a count")
            }
            StorageLocation::Server(address) => {
                let mut connection = sqlx::PgConnection::connect(address).await.expect("a server");
                sqlx::query(AssertSqlSafe(sql).into_sql_str()).fetch_one(&mut connection).await.expect("a count").get(0)
            }
        };
        counted.insert(table, count);
    }
    counted
}

/// The names of tables and columns, sorted.
async fn columns(storage: &StorageLocation) -> Vec<String> {
    let mut names: Vec<String> = match storage {
        StorageLocation::File(file) => {
            let connection = FileConnection::open(file).expect("a file");
            let sql = "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')";
            let mut statement = connection.prepare(sql).expect("columns");
            statement.query_map([], |row| row.get(0)).expect("columns").collect::<Result<_, _>>().expect("columns")
        }
        StorageLocation::Server(address) => {
            let mut connection = sqlx::PgConnection::connect(address).await.expect("a server");
            let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'";
            connection.fetch_all(sql).await.expect("columns").iter().map(|row| row.get(0)).collect()
        }
    };
    names.retain(|name| !name.starts_with("_sqlx") && !name.starts_with("sqlite_"));
    names.sort();
    names
}

#[test]
fn both_engines_have_the_same_tables() {
    on_sqlite(async |place| {
        let (_, server) = Server::shared().database().await;
        place.machine().await;
        Place { storage: server.clone(), through: None }.machine().await;

        let (file, server) = (columns(&place.storage).await, columns(&server).await);

        assert!(file.len() > 40, "{file:?}");
        assert_eq!(file, server);
    });
}

#[test]
fn a_file_of_the_first_version_is_brought_up_to_date_with_what_is_in_it() {
    on_sqlite(async |place| {
        let file = place.storage.file().expect("a file");
        let mut connection = FileConnection::open(file).expect("a file");
        let migrator = portaria::directory::migrations::sqlite();
        let one = sqlx::migrate::Migrator::with_migrations(vec![migrator.iter().next().expect("a first").clone()]);
        migrate(&mut connection, &one).expect("the first version");
        let filled = "INSERT INTO users (uid, store, email, email_verified, first_seen, last_seen) VALUES ('u', 'main', 'ana@loja.example', 1, 1, 1); \
             INSERT INTO identities (store, provider, provider_id, uid, linked, because) VALUES ('main', 'acme', '1', 'u', 1, 'new'); \
             INSERT INTO ends (sid, latest) VALUES ('s1', 1000), ('s2', 1000); \
             INSERT INTO keys (id, sealed, made) VALUES ('k1', 'x', 1), ('k2', 'y', 2)";
        connection.execute_batch(filled).expect("it is filled");
        drop(connection);

        let directory = place.machine().await;

        let fingerprint = ProviderFingerprint { pinned: FINGERPRINT.into(), origins: None };
        let pin = PinIdentities { store: "main".into(), key: "acme".into(), fingerprint };
        assert_eq!(directory.write(pin).await.expect("storage"), 0, "the broker does this at its first start");
        assert_eq!(&*uid(&directory, &proven("acme", "1", "ana"), "1").await, "u");
        assert_eq!(directory.read(ReadGenerations).await.expect("storage").ends, 2);
        let keys = directory.read(portaria::directory::keys::ListSigningKeys).await.expect("storage");
        let told: Vec<_> = keys.iter().map(|key| (&*key.status.id, key.status.state.word())).collect();
        assert_eq!(told, [("k2", "active"), ("k1", "retiring")]);
    });
}

/// Attack F-02
#[test]
fn a_file_that_somebody_else_holds_is_waited_for_and_is_well_again_afterwards() {
    on_sqlite(async |place| {
        let directory = place.machine().await;
        let file = place.storage.file().expect("a file");
        let other = FileConnection::open(file).expect("a file");

        other.execute_batch("BEGIN IMMEDIATE").expect("it is held");
        let ana = proven("acme", "1", "ana");
        let waiting = actix_web::rt::spawn({
            let (directory, ana) = (Arc::clone(&directory), ana.clone());
            async move { comes(&directory, &ana, "1").await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        other.execute_batch("ROLLBACK").expect("it is let go");
        assert!(waiting.await.expect("it ends").is_ok(), "it was waited for");

        other.execute_batch("BEGIN IMMEDIATE").expect("it is held");
        assert_eq!(
            directory.write(ConsumeAttempt { attempt: "a".into(), until: 700 }).await,
            Err(StorageUnavailable),
            "nobody waits for ever"
        );
        assert!(directory.read(ReadGenerations).await.is_ok(), "reading goes on");
        other.execute_batch("ROLLBACK").expect("it is let go");

        assert_eq!(directory.write(ConsumeAttempt { attempt: "b".into(), until: 700 }).await, Ok(true));
        assert_eq!(directory.write(ConsumeAttempt { attempt: "b".into(), until: 700 }).await, Ok(false));
    });
}

/// Attack F-02
#[test]
fn a_server_that_goes_away_hangs_or_comes_back_is_borne() {
    actix_web::rt::System::new().block_on(async {
        let server = Server::new();
        let (_, storage) = server.database().await;
        let directory = Arc::new(Directory::open(&storage).await.expect("a directory"));
        let spend = |attempt: &str| ConsumeAttempt { attempt: attempt.into(), until: 700 };
        assert_eq!(directory.write(spend("before")).await, Ok(true));

        server.order("stop");
        assert_eq!(directory.write(spend("away")).await, Err(StorageUnavailable));
        assert_eq!(directory.read(ReadGenerations).await.err(), Some(StorageUnavailable));
        server.order("start");
        assert_eq!(directory.write(spend("back")).await, Ok(true));
        assert_eq!(directory.write(spend("before")).await, Ok(false), "what was answered is kept");

        server.order("freeze");
        let hangs = tokio::time::timeout(Duration::from_secs(20), directory.write(spend("hangs"))).await;
        assert_eq!(hangs, Ok(Err(StorageUnavailable)), "no one waits for ever");
        server.order("thaw");
        for tried in 0.. {
            // Each connection that hung is found out once.
            if directory.write(spend(&format!("thawed{tried}"))).await == Ok(true) {
                break;
            }
            assert!(tried < 12, "it is well again by itself");
        }
    });
}
