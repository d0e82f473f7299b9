-- What was counted of the next version of a provider file, in numbers that every broker adds to: what it would have read from the answers of
-- logins, and how its own logins ended. A story says in which lines something was seen last. Never a value.
CREATE TABLE next_counts (
    store    TEXT NOT NULL,
    provider TEXT NOT NULL,
    version  TEXT NOT NULL,
    what     TEXT NOT NULL,
    count    BIGINT NOT NULL,
    story    TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (store, provider, version, what)
) WITHOUT ROWID;
CREATE INDEX next_counts_at ON next_counts (at);

-- The next versions through which no new login goes, because their logins failed more often.
CREATE TABLE next_returns (
    store    TEXT NOT NULL,
    provider TEXT NOT NULL,
    version  TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (store, provider, version)
) WITHOUT ROWID;
