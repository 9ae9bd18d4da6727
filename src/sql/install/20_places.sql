--
-- The words that policy is written in: places, who belonged to which group
-- when, categories of data, purposes, legal bases.
--
-- They arrive filled (31_facts.sql).  What ships is builtin: not dumped, since
-- CREATE EXTENSION brings it again, and not to be changed (33_check_vocabulary.sql).
--
CREATE TABLE place (
	code text PRIMARY KEY,
	name text NOT NULL,
	kind text NOT NULL CHECK (kind IN ('country', 'subdivision', 'group')),
	builtin boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE place IS 'whose law data can be under and where it can arrive: ISO 3166-1, ISO 3166-2, groups';
COMMENT ON COLUMN place.code IS 'as written in labels: DE, US-CA, EEA';
SELECT pg_extension_config_dump('place', 'WHERE NOT builtin');

--
-- One stay of a member in a group.  The exclusion constraint refuses a second
-- row for the same days, even if two sessions enter them at once; it compares
-- hashes because text has no operator class of that kind in the server.
--
CREATE TABLE membership (
	grp text NOT NULL REFERENCES place,
	member text NOT NULL REFERENCES place,
	during daterange NOT NULL,
	basis text NOT NULL,
	builtin boolean NOT NULL DEFAULT false,
	PRIMARY KEY (grp, member, during),
	CONSTRAINT membership_no_overlap EXCLUDE USING gist (
		int8range(hashtextextended(grp || ' ' || member COLLATE "C", 0),
				  hashtextextended(grp || ' ' || member COLLATE "C", 0), '[]') WITH =,
		during WITH &&)
);
COMMENT ON TABLE membership IS 'which places belonged to which group, on which days (UTC)';
COMMENT ON COLUMN membership.during IS 'no start: since before anybody asks; no end: still a member';
CREATE INDEX membership_member ON membership (member);
SELECT pg_extension_config_dump('membership', 'WHERE NOT builtin');

CREATE TABLE category (
	code text PRIMARY KEY,
	iri text,
	name text,
	broader text[],
	builtin boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE category IS 'kinds of data, as written in labels: W3C Data Privacy Vocabulary and your own';
COMMENT ON COLUMN category.broader IS 'codes of the categories this one is a kind of; a rule about those is about this too';
SELECT pg_extension_config_dump('category', 'WHERE NOT builtin');

CREATE TABLE purpose (
	code text PRIMARY KEY,
	iri text,
	name text,
	builtin boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE purpose IS 'what a session may declare it wants data for: W3C Data Privacy Vocabulary and your own';
SELECT pg_extension_config_dump('purpose', 'WHERE NOT builtin');

CREATE TABLE legal_basis (
	code text PRIMARY KEY,
	iri text,
	name text,
	builtin boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE legal_basis IS 'legal bases and transfer tools to cite: W3C Data Privacy Vocabulary and your own';
SELECT pg_extension_config_dump('legal_basis', 'WHERE NOT builtin');

