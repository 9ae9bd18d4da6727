# What the TAP tests share: a server with the library, a small clinic, and
# ways to ask it something as somebody.
package Jurisdiction;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_server make_clinic rows_as state_as message_as $server_version $parallel_mode);

# the server's major version, and its setting that makes any plan a parallel one
our ($server_version) = `pg_config --version` =~ / (\d+)/;
our $parallel_mode = $server_version < 16 ? 'force_parallel_mode' : 'debug_parallel_query';

# new_server(NAME, preload => LIST, site => PLACE, init => {...}): a running server
sub new_server
{
	my ($name, %option) = @_;
	my $preload = $option{preload} // 'jurisdiction';
	my $site = $option{site} // 'DE';
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%{ $option{init} // {} });
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
	$node->append_conf('postgresql.conf', "jurisdiction.site = '$site'")
	  if $preload =~ /jurisdiction/;
	$node->append_conf('postgresql.conf', $option{conf}) if $option{conf};
	$node->start;
	return $node;
}

# make_clinic(NODE): three German rows and two American ones in a tagged table,
# whose owner is "clinic"; anna reads in Germany, ben in the United States.
# The rows are there before the tag: a table that has a past is the usual case.
sub make_clinic
{
	my ($node) = @_;

	$node->safe_psql('postgres', q{
		CREATE EXTENSION jurisdiction;
		CREATE ROLE officer LOGIN;
		CREATE ROLE clinic LOGIN;
		CREATE ROLE anna LOGIN;
		CREATE ROLE ben LOGIN;
		CREATE ROLE visitor LOGIN;
		CREATE ROLE keeper LOGIN SUPERUSER;
		GRANT CREATE ON SCHEMA public TO clinic;
		SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';
	});
	ask($node, 'officer', q{
		SECURITY LABEL FOR jurisdiction ON ROLE anna IS 'at DE cleared confidential/health';
		SECURITY LABEL FOR jurisdiction ON ROLE ben IS 'at US cleared confidential/health';
		SECURITY LABEL FOR jurisdiction ON ROLE keeper IS 'backup';
	});
	# base backups and standbys connect as whoever runs the tests
	my $tester = getpwuid($<);
	ask($node, 'officer', qq{SECURITY LABEL FOR jurisdiction ON ROLE "$tester" IS 'replicate to DE'});
	ask($node, 'clinic', q{
		CREATE TABLE patient (
			id int PRIMARY KEY,
			residency jurisdiction.label NOT NULL,
			diagnosis text
		);
		INSERT INTO patient VALUES
			(1, 'DE:confidential/health', 'asthma'),
			(2, 'DE:confidential/health', 'gout'),
			(3, 'DE', 'none'),
			(4, 'US:confidential/health', 'measles'),
			(5, 'US', 'none');
		GRANT SELECT, INSERT, UPDATE, DELETE ON patient TO anna, ben, visitor;
		SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency
			IS 'rows within DE:confidential/health & US:confidential/health';
	});
	return;
}

sub ask_raw
{
	my ($node, $role, $sql, $verbosity, $db) = @_;
	my ($stdout, $stderr);

	my $status = $node->psql($db // 'postgres', $sql,
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 1,
		extra_params => [ '-U', $role, '-v', "VERBOSITY=$verbosity" ]);
	return ($status, $stdout, $stderr);
}

sub ask
{
	my ($node, $role, $sql) = @_;
	my ($status, $stdout, $stderr) = ask_raw($node, $role, $sql, 'default');

	die "as $role: $sql\n$stderr" if $status != 0;
	return $stdout;
}

# what a query gives ROLE, rows by line; an error is a line "ERROR ..."
sub rows_as
{
	my ($node, $role, $sql, $db) = @_;
	my ($status, $stdout, $stderr) = ask_raw($node, $role, $sql, 'default', $db);

	return $status == 0 ? $stdout : "ERROR $stderr";
}

# the SQLSTATE that a statement ends with for ROLE: "" is success
sub state_as
{
	my ($node, $role, $sql, $db) = @_;
	my ($status, $stdout, $stderr) = ask_raw($node, $role, $sql, 'sqlstate', $db);

	return '' if $status == 0;
	return $stderr =~ /(?:ERROR|FATAL): +(\w{5})/ ? $1 : "no SQLSTATE: $stderr";
}

# the whole message
sub message_as
{
	my ($node, $role, $sql, $db) = @_;
	return (ask_raw($node, $role, $sql, 'verbose', $db))[2];
}

1;
