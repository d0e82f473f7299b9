-- What is still to be sent to the stores that want to know of their people's sign-ins, links and the like. A row goes when it was accepted or given up,
-- within a few days. The events of one `queue` are sent one after the other: those of a person, whose id it is then, or a single event.
CREATE TABLE store_events (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL,
    store          TEXT NOT NULL,
    queue          TEXT NOT NULL,
    what           TEXT NOT NULL,
    at             BIGINT NOT NULL,
    due            BIGINT NOT NULL,
    tries          BIGINT NOT NULL DEFAULT 0,
    uid            TEXT,
    email          TEXT,
    email_verified BIGINT,
    provider       TEXT,
    identity       TEXT,
    reason         TEXT,
    left_out       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX store_events_due ON store_events (store, due);
CREATE INDEX store_events_of ON store_events (queue, number);
CREATE INDEX store_events_at ON store_events (at);

-- Which broker sends the events of a store, and until when; and until when none is sent, because the receiver took none lately.
CREATE TABLE store_event_leases (
    store    TEXT NOT NULL PRIMARY KEY,
    holder   TEXT NOT NULL,
    until    BIGINT NOT NULL,
    paused   BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    failure  TEXT
) WITHOUT ROWID;
