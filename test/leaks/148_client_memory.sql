-- path: a client that writes in one statement what it read in another
-- state: revealed: whatever a reader who may read it carries on
-- by: flow = session, see the next line
-- as: cleared
-- seen by: others
SELECT max(word) AS carried FROM vault \gset
INSERT INTO hall.leaflet VALUES (9, :'carried');
