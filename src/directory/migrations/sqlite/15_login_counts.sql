-- How many logins began, returned and ended, in numbers that every broker adds to, for each slot of five minutes. `slot` is the moment at which
-- the slot begins. Never a person.
CREATE TABLE login_counts (
    store    TEXT NOT NULL,
    slot     BIGINT NOT NULL,
    provider TEXT NOT NULL,
    variant  TEXT NOT NULL,
    what     TEXT NOT NULL,
    step     TEXT NOT NULL,
    detail   TEXT NOT NULL,
    count    BIGINT NOT NULL,
    PRIMARY KEY (store, slot, provider, variant, what, step, detail)
) WITHOUT ROWID;
CREATE INDEX login_counts_slot ON login_counts (slot);
