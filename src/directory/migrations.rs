//! The migrations that make the tables of each engine. A migration that was released is never changed.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use std::fmt;

type MigrationStep = (i64, &'static str, &'static str);

const SQLITE: &[MigrationStep] = &[
    (1, "people", include_str!("migrations/sqlite/1_people.sql")),
    (2, "many machines", include_str!("migrations/sqlite/2_many_machines.sql")),
    (3, "answers", include_str!("migrations/sqlite/3_answers.sql")),
    (4, "fingerprints", include_str!("migrations/sqlite/4_fingerprints.sql")),
    (5, "id tokens", include_str!("migrations/sqlite/5_id_tokens.sql")),
    (6, "facts", include_str!("migrations/sqlite/6_facts.sql")),
    (7, "store keys", include_str!("migrations/sqlite/7_store_keys.sql")),
    (8, "scale", include_str!("migrations/sqlite/8_scale.sql")),
    (9, "apps", include_str!("migrations/sqlite/9_apps.sql")),
    (10, "signing keys", include_str!("migrations/sqlite/10_signing_keys.sql")),
    (11, "former ids", include_str!("migrations/sqlite/11_former_ids.sql")),
    (12, "app audiences", include_str!("migrations/sqlite/12_app_audiences.sql")),
    (13, "account", include_str!("migrations/sqlite/13_account.sql")),
    (14, "passkeys", include_str!("migrations/sqlite/14_passkeys.sql")),
    (15, "login counts", include_str!("migrations/sqlite/15_login_counts.sql")),
    (16, "good logins", include_str!("migrations/sqlite/16_good_logins.sql")),
    (17, "next versions", include_str!("migrations/sqlite/17_next_versions.sql")),
    (18, "store events", include_str!("migrations/sqlite/18_store_events.sql")),
    (19, "removed ids", include_str!("migrations/sqlite/19_removed_ids.sql")),
];
const POSTGRES: &[MigrationStep] = &[
    (1, "people", include_str!("migrations/postgres/1_people.sql")),
    (2, "answers", include_str!("migrations/postgres/2_answers.sql")),
    (3, "fingerprints", include_str!("migrations/postgres/3_fingerprints.sql")),
    (4, "id tokens", include_str!("migrations/postgres/4_id_tokens.sql")),
    (5, "facts", include_str!("migrations/postgres/5_facts.sql")),
    (6, "store keys", include_str!("migrations/postgres/6_store_keys.sql")),
    (7, "scale", include_str!("migrations/postgres/7_scale.sql")),
    (8, "apps", include_str!("migrations/postgres/8_apps.sql")),
    (9, "signing keys", include_str!("migrations/postgres/9_signing_keys.sql")),
    (10, "former ids", include_str!("migrations/postgres/10_former_ids.sql")),
    (11, "app audiences", include_str!("migrations/postgres/11_app_audiences.sql")),
    (12, "account", include_str!("migrations/postgres/12_account.sql")),
    (13, "passkeys", include_str!("migrations/postgres/13_passkeys.sql")),
    (14, "login counts", include_str!("migrations/postgres/14_login_counts.sql")),
    (15, "good logins", include_str!("migrations/postgres/15_good_logins.sql")),
    (16, "next versions", include_str!("migrations/postgres/16_next_versions.sql")),
    (17, "store events", include_str!("migrations/postgres/17_store_events.sql")),
    (18, "removed ids", include_str!("migrations/postgres/18_removed_ids.sql")),
];

/// The migrations of SQLite.
pub fn sqlite() -> Migrator {
    migrator(SQLITE)
}

/// The migrations of PostgreSQL, which are applied under a lock of the server.
pub fn postgres() -> Migrator {
    migrator(POSTGRES)
}

/// How many migrations SQLite has more than PostgreSQL, from before there was PostgreSQL.
const ONLY_SQLITE: i64 = 1;

/// The number of the last schema: that of the last migration in PostgreSQL.
pub(crate) fn latest_schema() -> i64 {
    POSTGRES.last().map_or(0, |(version, ..)| *version)
}

/// The number of the schema that a migration of SQLite makes; it is not positive before there was PostgreSQL.
pub(crate) fn schema_of_sqlite(migration: i64) -> i64 {
    migration.saturating_sub(ONLY_SQLITE)
}

/// The tables of a storage are those of a later version of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewerSchema(pub(crate) i64);

impl fmt::Display for NewerSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stored, known) = (self.0, latest_schema());
        write!(f, "its tables are those of a later version of the program: they have schema {stored}, and this version knows {known}")
    }
}

/// The migrations of SQLite that make a schema.
pub(crate) fn sqlite_until(schema: i64) -> Migrator {
    migrator(steps_until(SQLITE, schema.saturating_add(ONLY_SQLITE)))
}

/// The migrations of PostgreSQL that make a schema.
pub(crate) fn postgres_until(schema: i64) -> Migrator {
    migrator(steps_until(POSTGRES, schema))
}

fn steps_until(steps: &'static [MigrationStep], last: i64) -> &'static [MigrationStep] {
    steps.split_at(steps.partition_point(|(version, ..)| *version <= last)).0
}

fn migrator(steps: &[MigrationStep]) -> Migrator {
    let migration = |(version, name, sql): &MigrationStep| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, AssertSqlSafe(*sql).into_sql_str(), false)
    };
    Migrator::with_migrations(steps.iter().map(migration).collect())
}
