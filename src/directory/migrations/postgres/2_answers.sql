-- What providers' answers are like, in numbers that every broker adds to: how often a fact was found and missed, and which kinds
-- of values a path had. Never a value.
CREATE TABLE tallies (
    store    TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    step     TEXT COLLATE "C" NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    found    BIGINT NOT NULL,
    missed   BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (store, provider, step, what, kind)
);
CREATE INDEX tallies_at ON tallies (at);

-- What is warned about: a provider answers otherwise than before.
CREATE TABLE drifts (
    store    TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    step     TEXT COLLATE "C" NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,
    since    BIGINT NOT NULL,
    warning  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store, provider, step, what)
);
