--
-- What was in force is evidence.  A rule or membership that has begun keeps
-- every column but the end of "during", which may be set to now or later; only
-- what has not begun can be changed or deleted.  Entering a row whose "during"
-- is past is no change: history may be completed, and a dump restored.
--

-- the first column in which two versions of a row differ
CREATE FUNCTION changed_field(old_row jsonb, new_row jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT o.key
		FROM jsonb_each(old_row) AS o JOIN jsonb_each(new_row) AS n USING (key)
		WHERE o.value IS DISTINCT FROM n.value
		ORDER BY o.key LIMIT 1
$$;
COMMENT ON FUNCTION changed_field(jsonb, jsonb) IS 'the first column in which two versions of a row differ';

--
-- The last day for which this version's facts were known.  A shipped
-- membership that still held then may have been ended by an officer later.
--
CREATE FUNCTION facts_known_until() RETURNS date
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT date '2026-07-08'
$$;
COMMENT ON FUNCTION facts_known_until() IS 'the day up to which the shipped memberships are known';

--
-- Days are UTC, and today is "now": a membership may be ended from today on.
--
-- An officer may end a shipped membership.  The row then is no longer builtin,
-- so that a dump carries it; restored beside the shipped row, it takes that
-- row's place.
--
CREATE FUNCTION keep_membership_history() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	today CONSTANT date := (statement_timestamp() AT TIME ZONE 'UTC')::date;
	field text;
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NEW.builtin THEN
			PERFORM jurisdiction.refuse_policy_row('membership', 'builtin',
				'builtin marks the rows that ship with the extension',
				'Leave builtin out: your own rows are false.');
		END IF;
		UPDATE jurisdiction.membership m
			SET during = NEW.during, basis = NEW.basis, builtin = false
			WHERE m.grp = NEW.grp AND m.member = NEW.member AND m.builtin
				AND jurisdiction.is_restoring()
				AND lower(m.during) IS NOT DISTINCT FROM lower(NEW.during)
				AND coalesce(upper(m.during) > jurisdiction.facts_known_until(), true)
				AND upper(NEW.during) > jurisdiction.facts_known_until();
		IF FOUND THEN
			RETURN NULL;
		END IF;
		RETURN NEW;
	END IF;

	IF TG_OP = 'UPDATE' AND NEW.builtin AND NOT OLD.builtin THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'builtin',
			'builtin marks the rows that ship with the extension',
			'Leave it false.');
	END IF;
	-- not begun: free to change, unless it ships
	IF lower(OLD.during) > today AND NOT OLD.builtin THEN
		RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	END IF;
	IF TG_OP = 'DELETE' THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('the membership of %s in %s during %s cannot be removed: it is history',
				OLD.member, OLD.grp, OLD.during),
			format('End it: UPDATE jurisdiction.membership SET during = daterange(lower(during), (now() AT TIME ZONE ''UTC'')::date) WHERE grp = %L AND member = %L AND during = %L.',
				OLD.grp, OLD.member, OLD.during));
	END IF;
	IF NEW.during IS NULL OR isempty(NEW.during) THEN
		RETURN NEW;				-- check_membership() refuses it
	END IF;
	-- the restored form of a shipped row, from the INSERT above
	IF OLD.builtin AND NOT NEW.builtin AND pg_trigger_depth() > 1
		AND jurisdiction.is_restoring() THEN
		RETURN NEW;
	END IF;

	field := jurisdiction.changed_field(to_jsonb(OLD) - 'during' - 'builtin',
										to_jsonb(NEW) - 'during' - 'builtin');
	IF field IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('membership', field,
			format('%s of the membership of %s in %s cannot be changed: it is history',
				field, OLD.member, OLD.grp),
			'Only the end of during may be set. End this row and enter another.');
	ELSIF NEW.during = OLD.during THEN
		NEW.builtin := OLD.builtin;
		RETURN NEW;
	ELSIF upper(OLD.during) <= today THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('during %s of the membership of %s in %s cannot be changed: it has ended',
				OLD.during, OLD.member, OLD.grp),
			'Enter a row of its own for the days to come.');
	ELSIF lower(NEW.during) IS DISTINCT FROM lower(OLD.during) THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('the start of during cannot be changed from %s to %s: it is history',
				OLD.during, NEW.during),
			'Only the end may be set. Enter the days it lacks in a row of their own.');
	ELSIF upper(NEW.during) < today THEN
		PERFORM jurisdiction.refuse_policy_row('membership', 'during',
			format('the end of during cannot be set to %s: it is past', upper(NEW.during)),
			'Set it to today (UTC) or later; what was in force until now was in force.');
	END IF;
	NEW.builtin := false;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_membership_history() IS 'trigger: a membership that has begun can only be given an end';

CREATE FUNCTION keep_rule_history() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment CONSTANT timestamptz := statement_timestamp();
	was CONSTANT tstzrange := coalesce(OLD.during, tstzrange(NULL, NULL));
	will_be tstzrange;
	field text;
BEGIN
	IF lower(was) >= moment THEN
		RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	END IF;
	IF TG_OP = 'DELETE' THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('transfer_rule %s cannot be removed: it is history', OLD.id),
			format('End it: UPDATE jurisdiction.transfer_rule SET during = tstzrange(lower(during), now()) WHERE id = %s.', OLD.id));
	END IF;

	IF isempty(NEW.during) THEN
		RETURN NEW;				-- check_rule() refuses it
	END IF;
	will_be := coalesce(NEW.during, tstzrange(NULL, NULL));
	field := jurisdiction.changed_field(to_jsonb(OLD) - 'during', to_jsonb(NEW) - 'during');
	IF field IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', field,
			format('%s of transfer_rule %s cannot be changed: it is history', field, OLD.id),
			'Only the end of during may be set. End this rule and enter another.');
	ELSIF will_be = was THEN
		RETURN NEW;
	ELSIF upper(was) <= moment THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('during %s of transfer_rule %s cannot be changed: it has ended', was, OLD.id),
			'Enter a rule of its own for the time to come.');
	ELSIF lower(will_be) IS DISTINCT FROM lower(was)
		OR lower_inc(will_be) <> lower_inc(was) THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('the start of during cannot be changed from %s to %s: it is history', was, will_be),
			'Only the end may be set. Enter the time it lacks in a rule of its own.');
	ELSIF upper(will_be) < now() THEN
		PERFORM jurisdiction.refuse_policy_row('transfer_rule', 'during',
			format('the end of during cannot be set to %s: it is past', upper(will_be)),
			'Set it to now() or later; what was in force until now was in force.');
	ELSIF upper(will_be) < moment THEN
		-- now() is when the transaction began; the rule held until this statement
		NEW.during := tstzrange(lower(was), moment,
			CASE WHEN lower_inc(was) THEN '[)' ELSE '()' END);
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_rule_history() IS 'trigger: a rule that has begun can only be given an end';

CREATE FUNCTION keep_exemption_history() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment CONSTANT timestamptz := statement_timestamp();
	field text;
BEGIN
	IF TG_OP = 'DELETE' THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('exemption %s cannot be removed: it is history', OLD.id),
			format('End it: UPDATE jurisdiction.exemption SET until = now() WHERE id = %s.', OLD.id));
	END IF;
	field := jurisdiction.changed_field(to_jsonb(OLD) - 'until', to_jsonb(NEW) - 'until');
	IF field IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', field,
			format('%s of exemption %s cannot be changed: it is history', field, OLD.id),
			'Only until may be brought forward. End this exemption and enter another.');
	ELSIF NEW.until IS NOT DISTINCT FROM OLD.until THEN
		RETURN NEW;
	ELSIF OLD.until <= moment THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('until of exemption %s cannot be changed: it has ended', OLD.id),
			'Enter another exemption.');
	ELSIF NEW.until IS NULL OR NEW.until > OLD.until THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('until cannot be put off from %s to %s', OLD.until, coalesce(NEW.until::text, 'NULL')),
			'A longer exemption is another one, with its own basis: enter it.');
	ELSIF NEW.until < now() THEN
		PERFORM jurisdiction.refuse_policy_row('exemption', 'until',
			format('until cannot be set to %s: it is past', NEW.until),
			'Set it to now() or later; what was in force until now was in force.');
	ELSIF NEW.until < moment THEN
		NEW.until := moment;
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_exemption_history() IS 'trigger: an exemption can only be given an earlier end';

CREATE FUNCTION refuse_truncate() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE check_violation USING
		MESSAGE = format('jurisdiction.%s cannot be truncated', TG_TABLE_NAME),
		HINT = 'What has been in force stays as history. Delete the rows that may be deleted.',
		SCHEMA = 'jurisdiction', TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION refuse_truncate() IS 'trigger: policy is not emptied';

