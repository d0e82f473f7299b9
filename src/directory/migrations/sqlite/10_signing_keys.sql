-- A store may have keys for several algorithms. Each has an active key, and a next one, of its own.
DROP VIEW keys;
DROP INDEX store_keys_one_active;
DROP INDEX store_keys_one_next;
ALTER TABLE store_keys RENAME TO signing_keys;
ALTER TABLE signing_keys ADD COLUMN algorithm TEXT NOT NULL DEFAULT 'ES256';
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (store, algorithm) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (store, algorithm) WHERE state = 'next';

-- For brokers of the versions before: the keys of the only algorithm that they use.
CREATE VIEW store_keys AS SELECT store, id, sealed, made, state, since FROM signing_keys WHERE algorithm = 'ES256';
CREATE TRIGGER store_keys_insert INSTEAD OF INSERT ON store_keys BEGIN
    INSERT INTO signing_keys (store, id, sealed, made, state, since) VALUES (new.store, new.id, new.sealed, new.made, new.state, new.since);
END;
CREATE TRIGGER store_keys_update INSTEAD OF UPDATE ON store_keys BEGIN
    UPDATE signing_keys SET sealed = new.sealed, state = new.state, since = new.since WHERE store = old.store AND id = old.id;
END;
CREATE TRIGGER store_keys_delete INSTEAD OF DELETE ON store_keys BEGIN
    DELETE FROM signing_keys WHERE store = old.store AND id = old.id;
END;
CREATE VIEW keys AS SELECT id, sealed, made, state, since FROM signing_keys WHERE store = 'main' AND algorithm = 'ES256';
CREATE TRIGGER keys_insert INSTEAD OF INSERT ON keys BEGIN
    INSERT INTO signing_keys (store, id, sealed, made, state, since) VALUES ('main', new.id, new.sealed, new.made, new.state, new.since);
END;
CREATE TRIGGER keys_update INSTEAD OF UPDATE ON keys BEGIN
    UPDATE signing_keys SET state = new.state, since = new.since WHERE store = 'main' AND id = old.id;
END;
CREATE TRIGGER keys_delete INSTEAD OF DELETE ON keys BEGIN
    DELETE FROM signing_keys WHERE store = 'main' AND id = old.id;
END;
