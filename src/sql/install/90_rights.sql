-- ---------------------------------------------------------------------------
-- Rights that concern several sections
-- ---------------------------------------------------------------------------

-- Everybody's queries call the filters; the wall, not a grant, decides who
-- may change what.
GRANT USAGE ON SCHEMA jurisdiction TO PUBLIC;
