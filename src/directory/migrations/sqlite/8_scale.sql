-- Which identities of a provider belong elsewhere than its file points is asked at every start. The condition is always true. Only
-- queries that repeat it use this index: those of a login are to go by the id.
CREATE INDEX identities_at ON identities (store, provider, fingerprint) WHERE length(fingerprint) >= 0;
-- The events of a store or of a provider, in their order.
CREATE INDEX audit_via ON audit (store, provider);
