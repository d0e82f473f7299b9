-- Each store has signing keys of its own, sealed with a key of the master key's: next (published), active (signs), retiring (verifies).
CREATE TABLE store_keys (
    store  TEXT NOT NULL,
    id     TEXT NOT NULL,
    sealed TEXT NOT NULL,
    made   BIGINT NOT NULL,
    state  TEXT NOT NULL,
    since  BIGINT NOT NULL,
    PRIMARY KEY (store, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX store_keys_one_active ON store_keys (store) WHERE state = 'active';
CREATE UNIQUE INDEX store_keys_one_next ON store_keys (store) WHERE state = 'next';
INSERT INTO store_keys (store, id, sealed, made, state, since) SELECT 'main', id, sealed, made, state, since FROM keys;

-- The sessions of a further store were signed with the keys of the main store. They stay valid: the store takes copies of those keys
-- with it. Its copy of the active key signs for one day more, in which brokers of the version before may run beside this one, and is
-- 89 of its 90 days old for that.
INSERT INTO store_keys (store, id, sealed, made, state, since)
SELECT further.store, keys.id, keys.sealed, keys.made,
       CASE keys.state WHEN 'active' THEN 'active' ELSE 'retiring' END,
       CASE keys.state WHEN 'active' THEN CAST(strftime('%s', 'now') AS INTEGER) - 89 * 86400 WHEN 'next' THEN CAST(strftime('%s', 'now') AS INTEGER) ELSE keys.since END
FROM (SELECT DISTINCT store FROM users WHERE store <> 'main') AS further CROSS JOIN keys;

-- For brokers of the version before: the keys of the main store.
DROP TABLE keys;
CREATE VIEW keys AS SELECT id, sealed, made, state, since FROM store_keys WHERE store = 'main';
CREATE TRIGGER keys_insert INSTEAD OF INSERT ON keys BEGIN
    INSERT INTO store_keys (store, id, sealed, made, state, since) VALUES ('main', new.id, new.sealed, new.made, new.state, new.since);
END;
CREATE TRIGGER keys_update INSTEAD OF UPDATE ON keys BEGIN
    UPDATE store_keys SET state = new.state, since = new.since WHERE store = 'main' AND id = old.id;
END;
CREATE TRIGGER keys_delete INSTEAD OF DELETE ON keys BEGIN
    DELETE FROM store_keys WHERE store = 'main' AND id = old.id;
END;

-- Which broker serves which further store, and when it last recorded it. A store that no broker serves any more was removed.
CREATE TABLE served (
    store   TEXT NOT NULL,
    machine TEXT NOT NULL,
    seen    BIGINT NOT NULL,
    PRIMARY KEY (store, machine)
) WITHOUT ROWID;
-- Until the brokers have recorded it themselves, a store that has users counts as served.
INSERT INTO served (store, machine, seen) SELECT DISTINCT store, '', CAST(strftime('%s', 'now') AS INTEGER) FROM users WHERE store <> 'main';
