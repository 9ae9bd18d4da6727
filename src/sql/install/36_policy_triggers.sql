--
-- Which trigger is on which table.  Those on a row fire in order of name.
--
-- They fire ALWAYS, so that session_replication_role is no way around
-- them.  An upgrade script that ships new rows disables them while it does.
--

CREATE FUNCTION policy_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'jur_sql_policy_changed'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION policy_changed() IS 'trigger: tells every session that policy has changed';
CREATE FUNCTION record_policy() RETURNS trigger
	AS 'MODULE_PATHNAME', 'jur_sql_record_policy'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION record_policy() IS 'trigger: records what a row of policy said and says';

CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON place
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON category
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON purpose
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON legal_basis
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON preset
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();
CREATE TRIGGER builtin_stays BEFORE INSERT OR UPDATE OR DELETE ON preset_rule
	FOR EACH ROW EXECUTE FUNCTION check_vocabulary();

CREATE TRIGGER code_stays BEFORE UPDATE ON place
	FOR EACH ROW EXECUTE FUNCTION keep_code();
CREATE TRIGGER code_stays BEFORE UPDATE ON category
	FOR EACH ROW EXECUTE FUNCTION keep_code();
CREATE TRIGGER code_stays BEFORE UPDATE ON purpose
	FOR EACH ROW EXECUTE FUNCTION keep_code();
CREATE TRIGGER code_stays BEFORE UPDATE ON legal_basis
	FOR EACH ROW EXECUTE FUNCTION keep_code();

CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON place
	FOR EACH ROW EXECUTE FUNCTION check_place();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON category
	FOR EACH ROW EXECUTE FUNCTION check_term();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON purpose
	FOR EACH ROW EXECUTE FUNCTION check_term();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON legal_basis
	FOR EACH ROW EXECUTE FUNCTION check_term();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON membership
	FOR EACH ROW EXECUTE FUNCTION check_membership();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON transfer_rule
	FOR EACH ROW EXECUTE FUNCTION check_rule();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON preset_rule
	FOR EACH ROW EXECUTE FUNCTION check_rule();
CREATE TRIGGER preset_is_sensible BEFORE INSERT OR UPDATE ON preset
	FOR EACH ROW EXECUTE FUNCTION check_preset();
CREATE TRIGGER preset_is_sensible BEFORE INSERT OR UPDATE ON preset_rule
	FOR EACH ROW EXECUTE FUNCTION check_preset();
CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON exemption
	FOR EACH ROW EXECUTE FUNCTION check_exemption();
CREATE TRIGGER broader_is_sensible AFTER INSERT OR UPDATE ON category
	FOR EACH ROW EXECUTE FUNCTION check_broader();

CREATE TRIGGER in_use_stays BEFORE DELETE ON place
	FOR EACH ROW EXECUTE FUNCTION keep_place_in_use();
CREATE TRIGGER in_use_stays BEFORE DELETE ON category
	FOR EACH ROW EXECUTE FUNCTION keep_term_in_use();
CREATE TRIGGER in_use_stays BEFORE DELETE ON purpose
	FOR EACH ROW EXECUTE FUNCTION keep_term_in_use();

CREATE TRIGGER history_stays BEFORE INSERT OR UPDATE OR DELETE ON membership
	FOR EACH ROW EXECUTE FUNCTION keep_membership_history();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE ON transfer_rule
	FOR EACH ROW EXECUTE FUNCTION keep_rule_history();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE ON exemption
	FOR EACH ROW EXECUTE FUNCTION keep_exemption_history();

--
-- Everybody has the privileges, and nobody but officers the permission: the
-- library refuses others every change of these tables, and reading exemptions,
-- owner and superuser included.  Privileges could not say that.
--
DO $$
DECLARE
	policy_table name;
	own_trigger name;
BEGIN
	FOREACH policy_table IN ARRAY '{place,membership,category,purpose,legal_basis,
		transfer_rule,exemption,preset,preset_rule}'::name[]
	LOOP
		EXECUTE format('CREATE TRIGGER all_stays BEFORE TRUNCATE ON %I
			FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()', policy_table);
		EXECUTE format('CREATE TRIGGER policy_changed
			AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
			FOR EACH STATEMENT EXECUTE FUNCTION policy_changed()', policy_table);
		EXECUTE format('CREATE TRIGGER row_is_recorded
			AFTER INSERT OR UPDATE OR DELETE ON %I
			FOR EACH ROW EXECUTE FUNCTION record_policy()', policy_table);
		FOR own_trigger IN
			SELECT tgname FROM pg_trigger
				WHERE tgrelid = policy_table::text::regclass AND NOT tgisinternal
		LOOP
			EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I',
				policy_table, own_trigger);
		END LOOP;
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO PUBLIC', policy_table);
	END LOOP;
END
$$;

