-- What providers' answers are like, in numbers that every broker adds to: how often a fact was found and missed, and which kinds
-- of values a path had. Never a value.
CREATE TABLE tallies (
    store    TEXT NOT NULL,
    provider TEXT NOT NULL,
    step     TEXT NOT NULL,
    what     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    found    BIGINT NOT NULL,
    missed   BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (store, provider, step, what, kind)
) WITHOUT ROWID;
CREATE INDEX tallies_at ON tallies (at);

-- What is warned about: a provider answers otherwise than before.
CREATE TABLE drifts (
    store    TEXT NOT NULL,
    provider TEXT NOT NULL,
    step     TEXT NOT NULL,
    what     TEXT NOT NULL,
    since    BIGINT NOT NULL,
    warning  TEXT NOT NULL,
    PRIMARY KEY (store, provider, step, what)
) WITHOUT ROWID;
