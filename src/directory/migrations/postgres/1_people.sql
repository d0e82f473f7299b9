-- A person of a store. The address is the key by which stores know them; uid never changes.
CREATE TABLE users (
    uid            TEXT COLLATE "C" PRIMARY KEY,
    store          TEXT COLLATE "C" NOT NULL,
    email          TEXT COLLATE "C" NOT NULL,
    email_verified BIGINT NOT NULL,
    name           TEXT,
    picture        TEXT,
    locale         TEXT,
    first_seen     BIGINT NOT NULL,
    last_seen      BIGINT NOT NULL,
    blocked        BIGINT NOT NULL DEFAULT 0,
    UNIQUE (store, email)
);

-- A way in, and why it leads to this person: the rule, what proved the address, and the version of the provider's file; and the address
-- that was last proven by it. The id at the provider is compared byte for byte.
CREATE TABLE identities (
    store       TEXT COLLATE "C" NOT NULL,
    provider    TEXT COLLATE "C" NOT NULL,
    provider_id TEXT COLLATE "C" NOT NULL,
    uid         TEXT COLLATE "C" NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    linked      BIGINT NOT NULL,
    because     TEXT NOT NULL,
    evidence    TEXT,
    version     TEXT,
    address     TEXT COLLATE "C",
    PRIMARY KEY (store, provider, provider_id)
);
CREATE INDEX identities_of ON identities (uid);

-- A way in that was removed does not come back by itself, whatever address it proves.
CREATE TABLE detached (
    uid         TEXT COLLATE "C" NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    provider    TEXT COLLATE "C" NOT NULL,
    provider_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (uid, provider, provider_id)
);

CREATE TABLE sessions (
    sid      TEXT COLLATE "C" PRIMARY KEY,
    uid      TEXT COLLATE "C" NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    since    BIGINT NOT NULL,
    latest   BIGINT NOT NULL,
    provider TEXT
);
CREATE INDEX sessions_of ON sessions (uid);
CREATE INDEX sessions_until ON sessions (latest);

-- What every machine has to hear of is counted: a number grows with every change, in the order in which changes become visible.
CREATE TABLE generations (
    name   TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL
);
INSERT INTO generations (name, number) VALUES ('ends', 0), ('keys', 0);

-- Sessions that ended before their time. Those that ended together have one number.
CREATE TABLE ends (
    number BIGINT NOT NULL,
    sid    TEXT COLLATE "C" NOT NULL,
    latest BIGINT NOT NULL,
    PRIMARY KEY (number, sid)
);
CREATE INDEX ends_until ON ends (latest);

-- Attempts that were used, until they would be too old anyway.
CREATE TABLE attempts (
    spent TEXT COLLATE "C" PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX attempts_until ON attempts (until);

CREATE TABLE incidents (
    code  TEXT COLLATE "C" PRIMARY KEY,
    store TEXT COLLATE "C" NOT NULL,
    at    BIGINT NOT NULL,
    story TEXT NOT NULL
);
CREATE INDEX incidents_at ON incidents (at);

-- Signing keys, sealed with a key of the master key's: next (published), active (signs), retiring (believed).
CREATE TABLE keys (
    id     TEXT COLLATE "C" PRIMARY KEY,
    sealed TEXT NOT NULL,
    made   BIGINT NOT NULL,
    state  TEXT NOT NULL,
    since  BIGINT NOT NULL
);
CREATE UNIQUE INDEX keys_one_active ON keys (state) WHERE state = 'active';
CREATE UNIQUE INDEX keys_one_next ON keys (state) WHERE state = 'next';

-- Somebody who proves an address: who they are at the provider stays sealed, the code is kept as its hash.
CREATE TABLE proofs (
    id     TEXT COLLATE "C" PRIMARY KEY,
    store  TEXT COLLATE "C" NOT NULL,
    sealed TEXT NOT NULL,
    code   TEXT,
    tries  BIGINT NOT NULL DEFAULT 0,
    sent   BIGINT NOT NULL DEFAULT 0,
    who    TEXT NOT NULL DEFAULT '',
    toward TEXT,
    until  BIGINT NOT NULL
);
CREATE INDEX proofs_until ON proofs (until);

-- When mail was sent to an address, known by its hash, so that nobody is drowned in it.
CREATE TABLE mails (
    recipient TEXT COLLATE "C" NOT NULL,
    at        BIGINT NOT NULL,
    proof     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX mails_to ON mails (recipient, at);
CREATE INDEX mails_at ON mails (at);

-- Codes that were wrong, by the hash of the address, and of who tries: they are few in a day, whoever tries wherever.
CREATE TABLE wrongs (
    who TEXT COLLATE "C" NOT NULL,
    at  BIGINT NOT NULL
);
CREATE INDEX wrongs_by ON wrongs (who, at);
CREATE INDEX wrongs_at ON wrongs (at);

-- What happened. Rows are only added, and removed when they are older than they are kept.
CREATE TABLE audit (
    number   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       BIGINT NOT NULL,
    store    TEXT NOT NULL,
    what     TEXT NOT NULL,
    uid      TEXT COLLATE "C",
    provider TEXT,
    because  TEXT,
    evidence TEXT,
    version  TEXT,
    incident TEXT
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_of ON audit (uid);
