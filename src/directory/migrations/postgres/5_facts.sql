-- The further facts of the last login by a linked identity that the settings name: an object of JSON, names and texts.
ALTER TABLE identities ADD COLUMN facts TEXT;
