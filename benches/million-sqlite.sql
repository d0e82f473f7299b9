-- A million users with an identity and a session each, a million events and a million ended sessions, for measurements. Start the broker
-- once with an empty database, stop it, and then: sqlite3 portaria.db < benches/million-sqlite.sql
-- The provider is the one named `mock`; its identities are where its file points.
BEGIN;
CREATE TEMP TABLE g AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000)
    SELECT n, printf('u%07d', n) || substr(hex(randomblob(7)), 1, 13) || 'A' AS id, CAST(strftime('%s', 'now') AS INTEGER) AS now FROM c;
INSERT INTO users (uid, store, email, email_verified, name, first_seen, last_seen)
    SELECT id, 'main', printf('many%d@loja.example', n), 1, 'Ana', now - 100000, now - 1000 FROM g;
INSERT INTO identities (store, provider, provider_id, uid, linked, because, evidence, version, address, fingerprint, file)
    SELECT 'main', 'mock', printf('many%d', n), id, now - 100000, 'new', 'always', 'v1', printf('many%d@loja.example', n),
           (SELECT fingerprint FROM pins WHERE store = 'main' AND provider = 'mock'), 'mock' FROM g;
INSERT INTO sessions (sid, uid, since, latest, provider)
    SELECT printf('s%07d', n) || substr(hex(randomblob(7)), 1, 13) || 'A', id, now - 1000, now + 80000, 'mock' FROM g;
INSERT INTO audit (at, store, what, uid, provider, because, evidence, version)
    SELECT now - 1000, 'main', 'login', id, 'mock', 'known', 'always', 'v1' FROM g;
INSERT INTO ends (number, sid, latest)
    SELECT n + (SELECT number FROM generations WHERE name = 'ends'), printf('e%07d', n) || substr(hex(randomblob(7)), 1, 13) || 'A', now + 80000 FROM g;
UPDATE generations SET number = number + 1000000 WHERE name = 'ends';
COMMIT;
