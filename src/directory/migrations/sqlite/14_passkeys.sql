-- The passkeys of a user. The credential id, the public key and the model of the authenticator are base64url. `device` is where the passkey was
-- made, as sessions have it. The counter of a passkey that counts nothing stays 0.
CREATE TABLE passkeys (
    store           TEXT NOT NULL,
    id              TEXT NOT NULL,
    uid             TEXT NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    public_key      TEXT NOT NULL,
    counter         BIGINT NOT NULL,
    aaguid          TEXT NOT NULL,
    backup_eligible BIGINT NOT NULL,
    backed_up       BIGINT NOT NULL,
    device          TEXT,
    added           BIGINT NOT NULL,
    used            BIGINT,
    PRIMARY KEY (store, id)
) WITHOUT ROWID;
CREATE INDEX passkeys_of ON passkeys (uid);
