-- Who tries: the columns of the table in the runner.
CREATE ROLE dana LOGIN;
CREATE ROLE clinic LOGIN;
CREATE ROLE anna LOGIN;
CREATE ROLE visitor LOGIN;
CREATE ROLE doctor LOGIN;
CREATE ROLE chief LOGIN SUPERUSER;
CREATE ROLE passer LOGIN BYPASSRLS;
CREATE ROLE founder LOGIN;
CREATE ROLE copier LOGIN REPLICATION;
CREATE EXTENSION jurisdiction;
SECURITY LABEL FOR jurisdiction ON ROLE dana IS 'officer';
SET SESSION AUTHORIZATION dana;
SECURITY LABEL FOR jurisdiction ON ROLE clinic IS 'at DE cleared internal';
SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared internal';
SECURITY LABEL FOR jurisdiction ON ROLE doctor IS 'at DE cleared restricted/health,personal';
SECURITY LABEL FOR jurisdiction ON ROLE copier IS 'replicate to DE';
