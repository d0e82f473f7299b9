-- Whether an app was ever given access to the user, so that a sign-out of everyone else looks for no grants.
ALTER TABLE users ADD COLUMN apps BIGINT NOT NULL DEFAULT 0;

-- The access of an app to a user, under the id of the code that was redeemed for it. `sid` follows the session when that gets a new id;
-- `claimed_sid` is the id that the app was given. `rotation` is the number of the refresh token that is valid now, since `rotated`. Nothing of a
-- grant that has ended is valid; it stays, so that a code or token that comes again is recognized.
CREATE TABLE app_grants (
    id          TEXT COLLATE "C" PRIMARY KEY,
    store       TEXT COLLATE "C" NOT NULL,
    uid         TEXT COLLATE "C" NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    app         TEXT COLLATE "C" NOT NULL,
    sid         TEXT COLLATE "C" NOT NULL,
    claimed_sid TEXT COLLATE "C" NOT NULL,
    offline     BIGINT NOT NULL,
    scopes      TEXT NOT NULL,
    provider    TEXT COLLATE "C" NOT NULL,
    auth_time   BIGINT NOT NULL,
    made        BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    rotation    BIGINT NOT NULL DEFAULT 0,
    rotated     BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    ended       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX app_grants_of ON app_grants (uid);
CREATE INDEX app_grants_in ON app_grants (sid);
CREATE INDEX app_grants_until ON app_grants (until);

-- The scopes that a user has allowed an app.
CREATE TABLE app_consents (
    store  TEXT COLLATE "C" NOT NULL,
    uid    TEXT COLLATE "C" NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    app    TEXT COLLATE "C" NOT NULL,
    scopes TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (uid, app)
);

-- An app that is still to be notified of the end of a session. The notice outlives a user who is erased, and is removed within a day or two.
CREATE TABLE logout_notices (
    store TEXT COLLATE "C" NOT NULL,
    app   TEXT COLLATE "C" NOT NULL,
    sid   TEXT COLLATE "C" NOT NULL,
    uid   TEXT COLLATE "C" NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    due   BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (store, app, sid)
);
CREATE INDEX logout_notices_due ON logout_notices (due);
CREATE INDEX logout_notices_until ON logout_notices (until);

-- The own tokens of a provider for a user, sealed, where the provider's file keeps them.
CREATE TABLE kept_tokens (
    store    TEXT COLLATE "C" NOT NULL,
    uid      TEXT COLLATE "C" NOT NULL REFERENCES users (uid) ON DELETE CASCADE,
    provider TEXT COLLATE "C" NOT NULL,
    sealed   TEXT NOT NULL,
    until    BIGINT NOT NULL,
    PRIMARY KEY (uid, provider)
);
CREATE INDEX kept_tokens_until ON kept_tokens (until);
