-- How many logins began, returned and ended, in numbers that every broker adds to, for each slot of five minutes. `slot` is the moment at which
-- the slot begins. Never a person.
CREATE TABLE login_counts (
    store    TEXT COLLATE "C" NOT NULL,
    slot     BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    variant  TEXT COLLATE "C" NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,
    step     TEXT COLLATE "C" NOT NULL,
    detail   TEXT COLLATE "C" NOT NULL,
    count    BIGINT NOT NULL,
    PRIMARY KEY (store, slot, provider, variant, what, step, detail)
);
CREATE INDEX login_counts_slot ON login_counts (slot);
