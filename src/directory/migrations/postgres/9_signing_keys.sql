-- A store may have keys for several algorithms. Each has an active key, and a next one, of its own.
LOCK TABLE store_keys IN ACCESS EXCLUSIVE MODE;
DROP VIEW keys;
DROP INDEX store_keys_one_active;
DROP INDEX store_keys_one_next;
ALTER TABLE store_keys RENAME TO signing_keys;
ALTER TABLE signing_keys ADD COLUMN algorithm TEXT COLLATE "C" NOT NULL DEFAULT 'ES256';
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (store, algorithm) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (store, algorithm) WHERE state = 'next';

-- For brokers of the versions before: the keys of the only algorithm that they use.
CREATE VIEW store_keys AS SELECT store, id, sealed, made, state, since FROM signing_keys WHERE algorithm = 'ES256';
CREATE VIEW keys AS SELECT id, sealed, made, state, since FROM signing_keys WHERE store = 'main' AND algorithm = 'ES256';
