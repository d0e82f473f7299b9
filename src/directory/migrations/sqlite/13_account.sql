-- The device and the browser in which a session began: names of our own data file with `/` between them. The header of the request is not kept.
ALTER TABLE sessions ADD COLUMN device TEXT;

-- The last day on which a linked identity signed its person in, as the first such moment of that day.
ALTER TABLE identities ADD COLUMN used BIGINT;
