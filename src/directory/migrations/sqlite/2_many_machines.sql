-- Why a way in leads to this person: the rule was there; now also what proved the address, and the version of the provider's file.
ALTER TABLE identities ADD COLUMN evidence TEXT;
ALTER TABLE identities ADD COLUMN version TEXT;
ALTER TABLE sessions ADD COLUMN provider TEXT;
-- The address that was last proven by it.
ALTER TABLE identities ADD COLUMN address TEXT;
UPDATE identities SET address = (SELECT u.email FROM users u WHERE u.uid = identities.uid);

-- A way in that was removed does not come back by itself, whatever address it proves.
CREATE TABLE detached (
    uid         TEXT NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    provider    TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    PRIMARY KEY (uid, provider, provider_id)
) WITHOUT ROWID;

-- What every machine has to hear of is counted: a number grows with every change, in the order in which changes become visible.
CREATE TABLE generations (
    name   TEXT PRIMARY KEY,
    number BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO generations (name, number) SELECT 'ends', coalesce(max(number), 0) FROM ends;
INSERT INTO generations (name, number) VALUES ('keys', 0);

-- Sessions that ended before their time. Those that ended together have one number.
ALTER TABLE ends RENAME TO ends_by_row;
DROP INDEX ends_until;
CREATE TABLE ends (
    number BIGINT NOT NULL,
    sid    TEXT NOT NULL,
    latest BIGINT NOT NULL,
    PRIMARY KEY (number, sid)
) WITHOUT ROWID;
INSERT INTO ends (number, sid, latest) SELECT number, sid, latest FROM ends_by_row;
DROP TABLE ends_by_row;
CREATE INDEX ends_until ON ends (latest);

-- Signing keys: next (published), active (signs), retiring (believed).
ALTER TABLE keys ADD COLUMN state TEXT NOT NULL DEFAULT 'retiring';
ALTER TABLE keys ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
UPDATE keys SET since = made;
UPDATE keys SET state = 'active' WHERE id = (SELECT id FROM keys ORDER BY made DESC, id LIMIT 1);
CREATE UNIQUE INDEX keys_one_active ON keys (state) WHERE state = 'active';
CREATE UNIQUE INDEX keys_one_next ON keys (state) WHERE state = 'next';

-- Somebody who proves an address: who they are at the provider stays sealed, the code is kept as its hash.
CREATE TABLE proofs (
    id     TEXT PRIMARY KEY,
    store  TEXT NOT NULL,
    sealed TEXT NOT NULL,
    code   TEXT,
    tries  BIGINT NOT NULL DEFAULT 0,
    sent   BIGINT NOT NULL DEFAULT 0,
    who    TEXT NOT NULL DEFAULT '',
    toward TEXT,
    until  BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX proofs_until ON proofs (until);

-- When mail was sent to an address, known by its hash, so that nobody is drowned in it.
CREATE TABLE mails (
    recipient TEXT NOT NULL,
    at        BIGINT NOT NULL,
    proof     TEXT NOT NULL
);
CREATE INDEX mails_to ON mails (recipient, at);
CREATE INDEX mails_at ON mails (at);

-- Codes that were wrong, by the hash of the address, and of who tries: they are few in a day, whoever tries wherever.
CREATE TABLE wrongs (
    who TEXT NOT NULL,
    at  BIGINT NOT NULL
);
CREATE INDEX wrongs_by ON wrongs (who, at);
CREATE INDEX wrongs_at ON wrongs (at);

ALTER TABLE audit ADD COLUMN evidence TEXT;
ALTER TABLE audit ADD COLUMN version TEXT;
ALTER TABLE audit ADD COLUMN incident TEXT;
CREATE INDEX audit_of ON audit (uid);
