# Turns the tables of facts (src/facts/*.csv) into the SQL that fills the
# shipped rows of place, membership, category, purpose, legal_basis, preset and
# preset_rule.
#
# Plain awk.  Run it with LC_ALL=C: bytes beyond ASCII are told apart from
# letters, so that the script it writes is ASCII.
#
# Every file begins with a line of column names; fields may be quoted.

# splits LINE into field[1..n]
function split_csv(line, field,    n, rest, end, value) {
	n = 0
	for (;;) {
		n++
		if (substr(line, 1, 1) != "\"") {
			end = index(line, ",")
			field[n] = end ? substr(line, 1, end - 1) : line
			if (!end)
				return n
			line = substr(line, end + 1)
			continue
		}
		value = ""
		rest = substr(line, 2)
		while ((end = index(rest, "\"")) > 0) {
			value = value substr(rest, 1, end - 1)
			rest = substr(rest, end + 1)
			if (substr(rest, 1, 1) != "\"")
				break
			value = value "\""
			rest = substr(rest, 2)
		}
		field[n] = value
		if (rest == "")
			return n
		line = substr(rest, 2)
	}
}

# the field of the current line that stands under this name
function get(name) {
	if (!(name in column)) {
		print FILENAME ": no column " name > "/dev/stderr"
		failed = 1
		exit 1
	}
	return field[column[name]]
}

function quote(text) {
	gsub(/'/, "''", text)
	return "'" text "'"
}

function quote_or_null(text) {
	return text == "" ? "NULL" : quote(text)
}

# 'read export' -> '{read,export}'
function quote_array(words) {
	gsub(/ /, ",", words)
	return quote("{" words "}")
}

function date_range(first, after) {
	return "daterange(" quote_or_null(first) ", " quote_or_null(after) ")"
}

# days are UTC
function time_range(first, after) {
	if (first != "")
		first = first " 00:00:00+00"
	if (after != "")
		after = after " 00:00:00+00"
	return "tstzrange(" quote_or_null(first) ", " quote_or_null(after) ")"
}

function hex(text,    i, digits) {
	digits = ""
	for (i = 1; i <= length(text); i++)
		digits = digits sprintf("%02x", byte[substr(text, i, 1)])
	return digits
}

# VALUES lists are kept per table and printed at the end, in an order in which
# they can be inserted
function add(table, values) {
	rows[table] = rows[table] (count[table]++ ? ",\n" : "") "\t(" values ")"
}

function print_rows(table, columns) {
	print "INSERT INTO " table " (" columns ") VALUES"
	print rows[table] ";\n"
}

# "https://w3id.org/dpv/pd#Health" and "dpv/pd#Health" -> "pd:Health"
function curie_of(iri) {
	sub(/^https:\/\/w3id\.org\//, "", iri)
	if (sub(/^dpv\/pd#/, "pd:", iri) || sub(/^dpv#/, "dpv:", iri))
		return iri
	return ""
}

# appends to FOUND the codes of the nearest shipped ancestors of CURIE
function climb(curie,    n, i, parent, parents) {
	n = split(broader[curie], parents, ";")
	for (i = 1; i <= n; i++) {
		parent = curie_of(parents[i])
		if (parent in code_of) {
			if (index(" " found " ", " " code_of[parent] " ") == 0)
				found = found (found == "" ? "" : " ") code_of[parent]
		} else if (parent in broader)
			climb(parent)
		else {
			print "no broader concept is listed for " parents[i] > "/dev/stderr"
			failed = 1
			exit 1
		}
	}
}

BEGIN {
	for (i = 1; i < 256; i++)
		byte[sprintf("%c", i)] = i
}

FNR == 1 {
	file = FILENAME
	sub(/^.*\//, "", file)
	for (name in column)
		delete column[name]
	n = split_csv($0, field)
	for (i = 1; i <= n; i++)
		column[field[i]] = i
	columns = n
	next
}

{
	for (i in field)
		delete field[i]
	n = split_csv($0, field)
	if (n != columns) {
		print FILENAME ":" FNR ": " n " fields, not " columns > "/dev/stderr"
		failed = 1
		exit 1
	}
}

file == "places.csv" {
	name = get("ascii_name")
	if (name == "")
		name = get("name")
	else
		add("name", quote(get("code")) ", '" hex(get("name")) "'")
	add("place", quote(get("code")) ", " quote(name) ", " \
		quote(get("kind")) ", true")
}

file == "group_names.csv" {
	instrument[get("code")] = get("instrument")
	add("place", quote(get("code")) ", " quote(get("name")) ", 'group', true")
}

file == "groups.csv" {
	members++
	group[members] = get("group_code")
	member[members] = get("code")
	during[members] = date_range(get("valid_from"), get("valid_to_exclusive"))
	note[members] = get("note")
}

file == "dpv_ancestors.csv" {
	broader[get("curie")] = get("broader")
}

file == "terms.csv" && get("kind") == "category" {
	# "confidential" is the name of a level
	name = get("code") == "confidential" ? "confidential_data" : get("code")
	categories++
	category[categories] = get("curie")
	code_of[get("curie")] = name
	broader[get("curie")] = get("broader")
	label[get("curie")] = quote(name) ", " quote(get("iri")) ", " quote(get("label"))
}

file == "terms.csv" && get("kind") == "purpose" {
	add("purpose", quote(get("code")) ", " quote(get("iri")) ", " \
		quote(get("label")) ", true")
}

file == "terms.csv" && (get("kind") == "legal_basis" || get("kind") == "transfer_tool") {
	add("legal_basis", quote(get("code")) ", " quote(get("iri")) ", " \
		quote(get("label")) ", true")
}

file == "presets.csv" {
	add("preset", quote(get("name")) ", " quote(get("description")) ", " \
		quote(get("source")) ", true")
}

file == "preset_rules.csv" {
	add("preset_rule", quote(get("preset")) ", 'allow', " \
		quote(get("origin")) ", " quote(get("destination")) ", " \
		quote_array(get("actions")) ", " quote(get("basis")) ", " \
		time_range(get("valid_from"), get("valid_to_exclusive")) ", " \
		quote_or_null(get("note")) ", " \
		(get("partial") == "yes" ? "true" : "false") ", true")
}

# Which actions: a transfer is whatever brings the data to the recipient's
# country, be it shown, copied, kept on a server or decrypted there.  To create
# or change records there is no transfer, and no decision permits it: "write"
# stays with rules of the officer's own.
file == "adequacy.csv" {
	# decisions that ended before the GDPR rested on the directive alone
	article = get("valid_to_exclusive") != "" && get("valid_to_exclusive") < "2018-05-25" \
		? "Directive 95/46/EC Art. 25(6)" : "eu-gdpr:A45-3"
	add("preset_rule", "'eu-adequacy', 'allow', 'EU', " quote(get("code")) ", " \
		quote_array("read export store unseal") ", " \
		quote(article " " get("instrument")) ", " \
		time_range(get("valid_from"), get("valid_to_exclusive")) ", " \
		quote_or_null(get("note")) ", " \
		(get("scope") == "partial" ? "true" : "false") ", true")
}

END {
	if (failed)
		exit 1
	for (i = 1; i <= members; i++) {
		if (!(group[i] in instrument)) {
			print "groups.csv: " group[i] " is not in group_names.csv" > "/dev/stderr"
			exit 1
		}
		add("membership", quote(group[i]) ", " quote(member[i]) ", " during[i] ", " \
			quote(instrument[group[i]] (note[i] == "" ? "" : "; " note[i])) ", true")
	}
	for (i = 1; i <= categories; i++) {
		found = ""
		climb(category[i])
		add("category", label[category[i]] ", " \
			(found == "" ? "NULL" : quote_array(found)) ", true")
	}

	print "--"
	print "-- The rows that ship.  Written by src/facts/facts.awk from src/facts/*.csv."
	print "--"
	print_rows("place", "code, name, kind, builtin")
	print_rows("membership", "grp, member, during, basis, builtin")
	print_rows("category", "code, iri, name, broader, builtin")
	print_rows("purpose", "code, iri, name, builtin")
	print_rows("legal_basis", "code, iri, name, builtin")
	print_rows("preset", "name, description, source, builtin")
	print_rows("preset_rule", "preset, effect, origin, destination, actions, " \
		"basis, during, note, partial, builtin")

	print "-- names in their own letters, where the encoding of this database has them"
	print "DO $names$"
	print "DECLARE"
	print "\tproper record;"
	print "\tin_letters text;"
	print "BEGIN"
	print "\tFOR proper IN SELECT * FROM (VALUES"
	print rows["name"]
	print "\t) AS names (code, utf8)"
	print "\tLOOP"
	print "\t\tBEGIN"
	print "\t\t\tin_letters := convert_from(decode(proper.utf8, 'hex'), 'UTF8');"
	print "\t\tEXCEPTION WHEN untranslatable_character THEN"
	print "\t\t\tCONTINUE;"
	print "\t\tEND;"
	print "\t\tUPDATE place SET name = in_letters WHERE code = proper.code;"
	print "\tEND LOOP;"
	print "END"
	print "$names$;\n"
}
