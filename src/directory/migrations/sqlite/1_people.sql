-- A person of a store. The address is the key by which stores know them; uid never changes.
CREATE TABLE users (
    uid            TEXT PRIMARY KEY,
    store          TEXT NOT NULL,
    email          TEXT NOT NULL,
    email_verified BIGINT NOT NULL,
    name           TEXT,
    picture        TEXT,
    locale         TEXT,
    first_seen     BIGINT NOT NULL,
    last_seen      BIGINT NOT NULL,
    blocked        BIGINT NOT NULL DEFAULT 0,
    UNIQUE (store, email)
) WITHOUT ROWID;

-- A way in. The id at the provider is compared byte for byte.
CREATE TABLE identities (
    store       TEXT NOT NULL,
    provider    TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    uid         TEXT NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    linked      BIGINT NOT NULL,
    because     TEXT NOT NULL,
    PRIMARY KEY (store, provider, provider_id)
) WITHOUT ROWID;
CREATE INDEX identities_of ON identities (uid);

CREATE TABLE sessions (
    sid    TEXT PRIMARY KEY,
    uid    TEXT NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    since  BIGINT NOT NULL,
    latest BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of ON sessions (uid);
CREATE INDEX sessions_until ON sessions (latest);

-- Sessions that ended before their time, numbered, so that every machine can ask for what is new.
CREATE TABLE ends (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sid    TEXT NOT NULL,
    latest BIGINT NOT NULL
);
CREATE INDEX ends_until ON ends (latest);

-- Attempts that were used, until they would be too old anyway.
CREATE TABLE attempts (
    spent TEXT PRIMARY KEY,
    until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempts_until ON attempts (until);

CREATE TABLE incidents (
    code  TEXT PRIMARY KEY,
    store TEXT NOT NULL,
    at    BIGINT NOT NULL,
    story TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX incidents_at ON incidents (at);

-- Signing keys, sealed with a key of the master key's.
CREATE TABLE keys (
    id     TEXT PRIMARY KEY,
    sealed TEXT NOT NULL,
    made   BIGINT NOT NULL
) WITHOUT ROWID;

-- What happened. Rows are only added, and removed when they are older than they are kept.
CREATE TABLE audit (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    at       BIGINT NOT NULL,
    store    TEXT NOT NULL,
    what     TEXT NOT NULL,
    uid      TEXT,
    provider TEXT,
    because  TEXT
);
CREATE INDEX audit_at ON audit (at);
