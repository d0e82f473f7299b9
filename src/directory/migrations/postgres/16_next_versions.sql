-- What was counted of the next version of a provider file, in numbers that every broker adds to: what it would have read from the answers of
-- logins, and how its own logins ended. A story says in which lines something was seen last. Never a value.
CREATE TABLE next_counts (
    store    TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    version  TEXT COLLATE "C" NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,
    count    BIGINT NOT NULL,
    story    TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (store, provider, version, what)
);
CREATE INDEX next_counts_at ON next_counts (at);

-- The next versions through which no new login goes, because their logins failed more often.
CREATE TABLE next_returns (
    store    TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    version  TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (store, provider, version)
);
