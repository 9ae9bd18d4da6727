--
-- Presets: their rules are copied to transfer_rule, and ended there.
--
-- Nothing is rewritten.  A disabled preset's rules end at that moment, and
-- enabling it again opens new ones from then on, so that a decision of any
-- past day is still explained by what held on that day.
--
-- Both functions only do DML, with the caller's rights: officers may.
--
CREATE FUNCTION enable_preset(name text, include_partial boolean DEFAULT false)
	RETURNS int
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment CONSTANT timestamptz := statement_timestamp();
	wanted jurisdiction.preset_rule;
	latest jurisdiction.transfer_rule;
	opened tstzrange;
BEGIN
	-- the lock makes two sessions enable it one after the other
	PERFORM FROM jurisdiction.preset p
		WHERE p.name = enable_preset.name FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM jurisdiction.refuse_preset(enable_preset.name);
	END IF;

	FOR wanted IN
		SELECT * FROM jurisdiction.preset_rule p
			WHERE p.preset = enable_preset.name
				AND (NOT p.partial OR coalesce(include_partial, false))
			ORDER BY p.origin, p.destination, lower(p.during), p.basis
	LOOP
		opened := coalesce(wanted.during, tstzrange(NULL, NULL));
		SELECT r.* INTO latest
			FROM jurisdiction.transfer_rule r
			WHERE r.preset = wanted.preset
				AND r.effect = wanted.effect
				AND r.origin = wanted.origin
				AND r.destination = wanted.destination
				AND r.basis = wanted.basis
			ORDER BY upper(r.during) DESC NULLS FIRST
			LIMIT 1;
		IF FOUND THEN
			IF upper(latest.during) <= moment THEN
				-- it was in force before: from now on it is again
				opened := opened * tstzrange(moment, NULL);
				CONTINUE WHEN isempty(opened);
			ELSIF upper(latest.during) IS NOT DISTINCT FROM upper(opened) THEN
				CONTINUE;
			ELSE
				-- the preset has learned of another end
				UPDATE jurisdiction.transfer_rule r
					SET during = tstzrange(lower(latest.during),
						CASE WHEN NOT upper_inf(opened)
							THEN greatest(upper(opened), moment) END)
					WHERE r.id = latest.id;
				CONTINUE;
			END IF;
		END IF;
		INSERT INTO jurisdiction.transfer_rule
			(preset, effect, origin, destination, actions, max_level,
			 categories, purposes, basis, during, note)
		VALUES (wanted.preset, wanted.effect, wanted.origin, wanted.destination,
				wanted.actions, wanted.max_level, wanted.categories,
				wanted.purposes, wanted.basis, opened, wanted.note);
	END LOOP;

	RETURN (SELECT count(*) FROM jurisdiction.transfer_rule r
				WHERE r.preset = enable_preset.name
					AND coalesce(r.during @> moment, true));
END
$$;
COMMENT ON FUNCTION enable_preset(text, boolean) IS 'bring a preset''s rules in force; returns how many are';

CREATE FUNCTION disable_preset(name text) RETURNS int
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment CONSTANT timestamptz := statement_timestamp();
	withdrawn int;
	ended int;
BEGIN
	PERFORM FROM jurisdiction.preset p
		WHERE p.name = disable_preset.name FOR UPDATE;
	IF NOT FOUND AND NOT EXISTS (
		SELECT FROM jurisdiction.transfer_rule r WHERE r.preset = disable_preset.name)
	THEN
		PERFORM jurisdiction.refuse_preset(disable_preset.name);
	END IF;

	DELETE FROM jurisdiction.transfer_rule r
		WHERE r.preset = disable_preset.name AND lower(r.during) >= moment;
	GET DIAGNOSTICS withdrawn = ROW_COUNT;
	UPDATE jurisdiction.transfer_rule r
		SET during = coalesce(r.during, tstzrange(NULL, NULL)) * tstzrange(NULL, moment)
		WHERE r.preset = disable_preset.name
			AND coalesce(upper(r.during) > moment, true);
	GET DIAGNOSTICS ended = ROW_COUNT;
	RETURN withdrawn + ended;
END
$$;
COMMENT ON FUNCTION disable_preset(text) IS 'end a preset''s rules now; returns how many were ended';

CREATE FUNCTION refuse_preset(name text) RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE invalid_parameter_value USING
		MESSAGE = format('preset %s does not exist',
						 coalesce('"' || refuse_preset.name || '"', 'NULL')),
		HINT = format('There are: %s.',
					  (SELECT string_agg(p.name, ', ' ORDER BY p.name)
						FROM jurisdiction.preset p));
END
$$;
COMMENT ON FUNCTION refuse_preset(text) IS 'raises the error that there is no such preset';

