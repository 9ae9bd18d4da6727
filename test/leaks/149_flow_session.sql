-- path: the same, with flow = session: also through held cursors and PREPARE TRANSACTION
-- state: closed
-- by: src/enforce/enforce_flow.c
-- log: holds the refused statements of him who may read
-- as: cleared
-- seen by: others
SET jurisdiction.flow = session;
SELECT max(word) AS carried FROM vault \gset
INSERT INTO hall.leaflet SELECT 9, :'carried';
SELECT pg_notify('leak', upper(:'carried'));
DECLARE c CURSOR WITH HOLD FOR SELECT word FROM vault;
DO $$DECLARE t text; r refcursor := 'c'; BEGIN FETCH r INTO t; INSERT INTO hall.leaflet VALUES (10, t); END$$;
BEGIN;
INSERT INTO hall.leaflet VALUES (11, :'carried');
PREPARE TRANSACTION 'carried';
COMMIT PREPARED 'carried';
