-- Each store has signing keys of its own, sealed with a key of the master key's: next (published), active (signs), retiring (verifies).
CREATE TABLE store_keys (
    store  TEXT COLLATE "C" NOT NULL,
    id     TEXT COLLATE "C" NOT NULL,
    sealed TEXT NOT NULL,
    made   BIGINT NOT NULL,
    state  TEXT NOT NULL,
    since  BIGINT NOT NULL,
    PRIMARY KEY (store, id)
);
CREATE UNIQUE INDEX store_keys_one_active ON store_keys (store) WHERE state = 'active';
CREATE UNIQUE INDEX store_keys_one_next ON store_keys (store) WHERE state = 'next';
LOCK TABLE keys IN ACCESS EXCLUSIVE MODE;
INSERT INTO store_keys (store, id, sealed, made, state, since) SELECT 'main', id, sealed, made, state, since FROM keys;

-- The sessions of a further store were signed with the keys of the main store. They stay valid: the store takes copies of those keys
-- with it. Its copy of the active key signs for one day more, in which brokers of the version before may run beside this one, and is
-- 89 of its 90 days old for that.
INSERT INTO store_keys (store, id, sealed, made, state, since)
SELECT further.store, keys.id, keys.sealed, keys.made,
       CASE keys.state WHEN 'active' THEN 'active' ELSE 'retiring' END,
       CASE keys.state WHEN 'active' THEN extract(epoch FROM now())::BIGINT - 89 * 86400 WHEN 'next' THEN extract(epoch FROM now())::BIGINT ELSE keys.since END
FROM (SELECT DISTINCT store FROM users WHERE store <> 'main') AS further CROSS JOIN keys;

-- For brokers of the version before: the keys of the main store.
DROP TABLE keys;
ALTER TABLE store_keys ALTER COLUMN store SET DEFAULT 'main';
CREATE VIEW keys AS SELECT id, sealed, made, state, since FROM store_keys WHERE store = 'main';

-- Which broker serves which further store, and when it last recorded it. A store that no broker serves any more was removed.
CREATE TABLE served (
    store   TEXT COLLATE "C" NOT NULL,
    machine TEXT COLLATE "C" NOT NULL,
    seen    BIGINT NOT NULL,
    PRIMARY KEY (store, machine)
);
-- Until the brokers have recorded it themselves, a store that has users counts as served.
INSERT INTO served (store, machine, seen) SELECT DISTINCT store, '', extract(epoch FROM now())::BIGINT FROM users WHERE store <> 'main';
