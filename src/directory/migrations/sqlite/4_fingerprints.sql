-- A linked identity belongs to the place to which the provider's file pointed when it was linked. Identities from before have none;
-- they get that of the live file when the broker starts. `file` is the name of the file that linked it.
ALTER TABLE identities RENAME TO identities_before;
DROP INDEX identities_of;
CREATE TABLE identities (
    store       TEXT NOT NULL,
    provider    TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    uid         TEXT NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    linked      BIGINT NOT NULL,
    because     TEXT NOT NULL,
    evidence    TEXT,
    version     TEXT,
    address     TEXT,
    fingerprint TEXT NOT NULL DEFAULT '',
    file        TEXT,
    PRIMARY KEY (store, provider, provider_id, fingerprint)
) WITHOUT ROWID;
INSERT INTO identities (store, provider, provider_id, uid, linked, because, evidence, version, address)
    SELECT store, provider, provider_id, uid, linked, because, evidence, version, address FROM identities_before;
DROP TABLE identities_before;
CREATE INDEX identities_of ON identities (uid);

-- The fingerprint to which identities without one belong: the first with which the provider was live.
CREATE TABLE pins (
    store       TEXT NOT NULL,
    provider    TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (store, provider)
) WITHOUT ROWID;
