-- Which identities of a provider belong elsewhere than its file points is asked at every start. The condition is always true. Only
-- queries that repeat it use this index: those of a login are to go by the id.
CREATE INDEX identities_at ON identities (store, provider, fingerprint) WHERE length(fingerprint) >= 0;
-- The events of a store, of a provider and of a user, in their order.
CREATE INDEX audit_via ON audit (store, provider, number);
DROP INDEX audit_of;
CREATE INDEX audit_of ON audit (uid, number);
-- Counts are read in the order in which they changed.
DROP INDEX tallies_at;
CREATE INDEX tallies_at ON tallies (at, store, provider, step, what, kind);
