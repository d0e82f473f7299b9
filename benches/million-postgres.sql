-- The same as million-sqlite.sql: psql ADDRESS -f benches/million-postgres.sql
BEGIN;
CREATE TEMP TABLE g ON COMMIT DROP AS
    SELECT n, 'u' || lpad(n::TEXT, 7, '0') || substr(md5(random()::TEXT), 1, 13) || 'A' AS id, extract(epoch FROM now())::BIGINT AS now
    FROM generate_series(1, 1000000) n;
INSERT INTO users (uid, store, email, email_verified, name, first_seen, last_seen)
    SELECT id, 'main', 'many' || n || '@loja.example', 1, 'Ana', now - 100000, now - 1000 FROM g;
INSERT INTO identities (store, provider, provider_id, uid, linked, because, evidence, version, address, fingerprint, file)
    SELECT 'main', 'mock', 'many' || n, id, now - 100000, 'new', 'always', 'v1', 'many' || n || '@loja.example',
           (SELECT fingerprint FROM pins WHERE store = 'main' AND provider = 'mock'), 'mock' FROM g;
INSERT INTO sessions (sid, uid, since, latest, provider)
    SELECT 's' || lpad(n::TEXT, 7, '0') || substr(md5(random()::TEXT), 1, 13) || 'A', id, now - 1000, now + 80000, 'mock' FROM g;
INSERT INTO audit (at, store, what, uid, provider, because, evidence, version)
    SELECT now - 1000, 'main', 'login', id, 'mock', 'known', 'always', 'v1' FROM g;
INSERT INTO ends (number, sid, latest)
    SELECT n + (SELECT number FROM generations WHERE name = 'ends'), 'e' || lpad(n::TEXT, 7, '0') || substr(md5(random()::TEXT), 1, 13) || 'A', now + 80000 FROM g;
UPDATE generations SET number = number + 1000000 WHERE name = 'ends';
COMMIT;
ANALYZE;
