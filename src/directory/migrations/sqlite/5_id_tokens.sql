-- The ID token of a session, sealed, where the provider's file needs it to end the session there.
ALTER TABLE sessions ADD COLUMN id_token TEXT;
