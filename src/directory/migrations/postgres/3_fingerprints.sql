-- A linked identity belongs to the place to which the provider's file pointed when it was linked. Identities from before have none;
-- they get that of the live file when the broker starts. `file` is the name of the file that linked it.
ALTER TABLE identities ADD COLUMN fingerprint TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN file TEXT;
ALTER TABLE identities DROP CONSTRAINT identities_pkey;
ALTER TABLE identities ADD PRIMARY KEY (store, provider, provider_id, fingerprint);

-- The fingerprint to which identities without one belong: the first with which the provider was live.
CREATE TABLE pins (
    store       TEXT COLLATE "C" NOT NULL,
    provider    TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store, provider)
);
