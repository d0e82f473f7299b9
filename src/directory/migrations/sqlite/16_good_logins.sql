-- The last login that worked with each provider of each store: when it was, the file with masked secrets, and the shapes of the answers as
-- JSON. Never a value.
CREATE TABLE good_logins (
    store    TEXT NOT NULL,
    provider TEXT NOT NULL,
    at       BIGINT NOT NULL,
    login    TEXT NOT NULL,
    PRIMARY KEY (store, provider)
) WITHOUT ROWID;
CREATE INDEX good_logins_at ON good_logins (at);
