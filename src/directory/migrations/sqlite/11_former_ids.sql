-- The ids that a session had before an identity was linked, separated by blanks, so that its end finds it under each of them.
ALTER TABLE sessions ADD COLUMN former TEXT;

-- What the user saw of the app when agreeing, as a hash: an app that looks different is asked for again. `withdrawn` is when the user last
-- ended the access of the app, and no code that was issued until then gives any; the row of an empty name stands for all apps.
ALTER TABLE app_consents ADD COLUMN shown TEXT NOT NULL DEFAULT '';
ALTER TABLE app_consents ADD COLUMN withdrawn BIGINT NOT NULL DEFAULT 0;
