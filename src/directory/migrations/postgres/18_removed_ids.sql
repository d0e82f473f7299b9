-- An import looks for the ids that a person has removed, without knowing the person.
CREATE INDEX detached_ids ON detached (provider, provider_id);
