-- The audiences to which the request for a grant was limited (`resources`), and those of its access tokens where a refresh names none
-- (`audiences`); each with blanks between them. Empty ones say nothing, as for the grants of earlier versions.
ALTER TABLE app_grants ADD COLUMN resources TEXT NOT NULL DEFAULT '';
ALTER TABLE app_grants ADD COLUMN audiences TEXT NOT NULL DEFAULT '';

-- How many grants of an app a user has is counted whenever another one begins.
DROP INDEX app_grants_of;
CREATE INDEX app_grants_of ON app_grants (uid, app, ended);
