# Custodians: a command, a token (SoftHSM), and ones that fail in every way.
# One that is away costs its own place only, and never the server.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

my $softhsm = '/usr/lib/softhsm/libsofthsm2.so';
my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $settings = "$dir/custodians";

sub write_file
{
	my ($path, $text, $mode) = @_;
	open(my $file, '>', $path) or die "$path: $!";
	print $file $text;
	close($file);
	chmod($mode // 0600, $path);
	return;
}

# a module that misbehaves as $dir/mode says
system('cc', '-shared', '-fPIC', '-I', "$FindBin::Bin/../../src", "-DMODE_FILE=\"$dir/mode\"",
	'-o', "$dir/fake.so", "$FindBin::Bin/fake_token.c") == 0 or die 'fake_token.c does not compile';
sub fake { write_file("$dir/mode", shift); return; }
fake('good');

# a token that does not
write_file("$dir/softhsm.conf", "directories.tokendir = $dir/tokens\nobjectstore.backend = file\nlog.level = ERROR\n");
mkdir "$dir/tokens";
$ENV{SOFTHSM2_CONF} = "$dir/softhsm.conf";
foreach my $token (qw(gcm wrap oaep))
{
	system_or_bail('softhsm2-util', '--init-token', '--free', '--label', "token $token", '--so-pin', '5678', '--pin', '1234');
}

write_file("$dir/pin", "1234\n");
mkdir "$dir/vault", 0700;
my $command = <<"END";
# a vault that keeps what it is given in a file, under a name of its own
[command:vault]
wrap = test ! -e $dir/away && umask 077 && cat > "$dir/vault/\$JURISDICTION_KEY" && printf 'ref:%s' "\$JURISDICTION_KEY"
unwrap = test ! -e $dir/away && read ref; cat "$dir/vault/\${ref#ref:}"
destroy = rm "$dir/vault/\$JURISDICTION_KEY"

[command:once]
wrap = rev
unwrap = rev

[command:bad]
wrap = cat; echo "the secret is \$(cat)" >&2; exit 3
unwrap = sleep 600

[command:echo]
wrap = cat
unwrap = cat

[command:hung]
wrap = sleep 600 & sleep 600
unwrap = sleep 600
END
my $tokens = join '', map {
	my ($place, $mechanism) = @$_;
	"[pkcs11:token=token%20$place]\nmodule = $softhsm\npin-file = $dir/pin\nmechanism = $mechanism\n\n"
} [ gcm => 'gcm' ], [ wrap => 'key-wrap' ], [ oaep => 'oaep' ];
my $fake = "[pkcs11:token=fake]\nmodule = $dir/fake.so\npin-command = echo 1234\n\n"
  . "[pkcs11:token=nothing;serial=1]\nmodule = $dir/fake.so\npin-command = false\n\n"
  . "[pkcs11:token=nomodule]\nmodule = $dir/absent.so\n";
write_file($settings, "$command\n$tokens\n$fake");

my $node = new_server('keys', conf => "jurisdiction.custodian_file = '$settings'\n"
	. "jurisdiction.custodian_timeout = '2min'\njurisdiction.key_directory = '$dir/files'");
$node->safe_psql('postgres', q{CREATE EXTENSION jurisdiction; CREATE ROLE officer LOGIN; CREATE ROLE reader LOGIN;
	CREATE TABLE kept (place text PRIMARY KEY, secret jurisdiction.sealed); GRANT ALL ON kept TO PUBLIC;
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';});
my %custodian = (DE => 'file:de', FR => 'command:vault', NL => 'pkcs11:token=token%20gcm',
	BE => 'pkcs11:token=token%20wrap', AT => 'pkcs11:token=token%20oaep', IT => 'pkcs11:token=fake');

sub officer { return state_as($node, 'officer', shift); }
sub opened { my $place = shift; return rows_as($node, 'reader', "SELECT jurisdiction.unseal(secret) FROM kept WHERE place = '$place'"); }

# a reader of each place could not read the other places: a rule for all
is(officer(q{SECURITY LABEL FOR jurisdiction ON ROLE reader IS 'at DE cleared secret/*'}), '', 'a reader');
foreach my $place (sort keys %custodian)
{
	is(officer("INSERT INTO jurisdiction.custodian VALUES ('$place', '$custodian{$place}')"), '', "$place: $custodian{$place}");
	is(officer("SELECT jurisdiction.create_key('$place')"), '', "$place: a key is made");
	is(officer("INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
		VALUES ('allow', '$place', 'DE', '{unseal}', 'test: custodians')"), '', "$place: a rule") if $place ne 'DE';
	is(officer("INSERT INTO kept VALUES ('$place', jurisdiction.seal('of $place', '$place'))"), '', "$place: a value is sealed");
	is(opened($place), "of $place", "$place: and opened");
}
# it may take a token long to make an RSA key, and that only
$node->append_conf('postgresql.conf', "jurisdiction.custodian_timeout = '2s'");
$node->reload;
is(rows_as($node, 'reader', "SELECT jurisdiction.unseal(jurisdiction.seal('joint', 'DE & FR & NL & BE & AT'))"), 'joint',
	'five custodians together');

# what the wrapped key is, of each
is(rows_as($node, 'officer', q{SELECT string_agg(DISTINCT substr(encode(wrapped, 'escape'), 1, 1), '' ORDER BY substr(encode(wrapped, 'escape'), 1, 1))
	FROM jurisdiction.key_material WHERE place IN ('NL', 'BE', 'AT')}), 'gow', 'three mechanisms of the token');
my ($objects) = run_command([ 'pkcs11-tool', '--module', $softhsm, '--token-label', 'token gcm', '-l', '-p', '1234', '-O' ]);
like($objects, qr/jurisdiction\.NL\.1\./, 'the token has the key');
like($objects, qr/never extractable/, 'which never leaves it');

# rotate, rewrap to another custodian, destroy
is(officer("SELECT jurisdiction.rotate_key('NL')"), '', 'NL: rotated');
is(opened('NL'), 'of NL', 'NL: the old value opens');
is(officer("UPDATE jurisdiction.custodian SET uri = 'command:vault' WHERE place = 'NL'; SELECT jurisdiction.rewrap('NL')"), '',
	'NL: from the token to the vault');
($objects) = run_command([ 'pkcs11-tool', '--module', $softhsm, '--token-label', 'token gcm', '-l', '-p', '1234', '-O' ]);
unlike($objects, qr/jurisdiction\.NL/, 'NL: the token has no key of it left');
is(opened('NL'), 'of NL', 'NL: the old value opens');
my @before = glob("$dir/vault/jurisdiction.NL.1.*");
is(officer("SELECT jurisdiction.destroy_key('NL', 1, 'NL')"), '', 'NL: destroyed');
my @after = glob("$dir/vault/jurisdiction.NL.1.*");
is(@before . ' ' . @after, '1 0', 'NL: at its custodian');
like(opened('NL'), qr/key 1 of NL was destroyed.*by "officer"/s, 'NL: and it says so');
is(officer("UPDATE jurisdiction.custodian SET uri = 'command:once' WHERE place = 'NL'; SELECT jurisdiction.rotate_key('NL')"), '58000',
	'NL: a command that mangles the key is found out when the key is made');

# away: names itself, in time, and nobody else notices
write_file("$dir/away", '');
my $started = time;
like(opened('FR'), qr/custodian "command:vault" of FR could not unwrap key 1.*exit code/s, 'away: it is named');
is(opened('DE'), 'of DE', 'away: other places open');
is(rows_as($node, 'reader', 'SELECT count(*) FROM kept'), '6', 'away: tables are read');
$node->restart;
is(opened('DE'), 'of DE', 'away: the server starts');
unlink "$dir/away";
is(opened('FR'), 'of FR', 'back again');

# every way to fail; the session goes on after each
my %problem = (crash => 'ended by signal 6', hang => 'did not answer within 2000 ms', short => 'gave 31 bytes instead of 32',
	wrong => 'What it gave is not that key', refuse => 'could not do it', long => 'could not do it');
foreach my $mode (sort keys %problem)
{
	fake($mode);
	$started = time;
	my $out = rows_as($node, 'reader', q{\set ON_ERROR_STOP off
		SELECT jurisdiction.unseal(secret) FROM kept WHERE place = 'IT';
		SELECT jurisdiction.unseal(secret) FROM kept WHERE place = 'DE';});
	is($out, 'of DE', "$mode: the session goes on");
	like(opened('IT'), qr/pkcs11:token=fake" of IT could not unwrap key 1.*\Q$problem{$mode}/s, "$mode: $problem{$mode}");
	cmp_ok(time - $started, '<', 8, "$mode: in time");
}
fake('good');
is(opened('IT'), 'of IT', 'good again');

# a module is in no process of the server, so that it can neither hang nor crash one
my $session = $node->background_psql('postgres', extra_params => [ '-U', 'reader' ]);
my ($backend) = $session->query(q{SELECT pg_backend_pid(); SELECT jurisdiction.unseal(secret) FROM kept WHERE place IN ('IT', 'BE');}) =~ /(\d+)/;
my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /(\d+)/;
like(slurp_file("/proc/$backend/maps"), qr/jurisdiction\.so/, 'a session has our library');
unlike(slurp_file("/proc/$_/maps"), qr/fake\.so|softhsm/, "and no module ($_)") foreach ($backend, $postmaster);
$session->quit;

foreach my $case ([ 'command:bad', 'exit code 3' ], [ 'command:hung', 'did not answer within 2000 ms' ],
	[ 'command:echo', 'gave the key back unwrapped' ], [ 'command:absent', 'no section' ],
	[ 'pkcs11:token=nomodule', 'cannot be loaded' ], [ 'pkcs11:token=nothing;serial=1', 'no such token' ],
	[ 'pkcs11:token=elsewhere', 'no section' ])
{
	my ($uri, $message) = @$case;
	my $error = rows_as($node, 'officer', "BEGIN; UPDATE jurisdiction.custodian SET uri = '$uri' WHERE place = 'DE';
		SELECT jurisdiction.rotate_key('DE')");
	like($error, qr/\Q$message/, "$uri: $message");
}
is(opened('DE'), 'of DE', 'nothing of it was kept');
like(rows_as($node, 'officer', "INSERT INTO jurisdiction.custodian VALUES ('ES', '$_')"), qr/is not a custodian/, "refused: $_")
  foreach ('pkcs11:', 'pkcs11:token=x?module-path=/tmp/x.so', 'pkcs11:token=x;pin-source=/tmp/pin', 'pkcs11:object=x', 'pkcs11:token=%00');

# cancelling ends the wait, and the child with it
fake('hang');
my $error = rows_as($node, 'reader', "SET statement_timeout = '300ms'; SELECT jurisdiction.unseal(secret) FROM kept WHERE place = 'IT'");
like($error, qr/canceling statement due to statement timeout/, 'a statement that waits can be cancelled');
fake('good');

# files of the server's user alone
chmod 0644, $settings;
is(state_as($node, 'reader', "SELECT jurisdiction.unseal(secret) FROM kept WHERE place = 'FR'"), '55000', 'custodian_file open to others');
chmod 0600, $settings;
my ($file) = glob("$dir/files/de.DE.1.*");
is((stat $file)[2] & 07777, 0600, 'a key file is made with mode 0600');
chmod 0640, $file;
like(opened('DE'), qr/custodian "file:de" of DE could not unwrap key 1.*closed to all others/s, 'a key file open to others');
chmod 0600, $file;
is(opened('DE'), 'of DE', 'closed again');

# no key ever in the log; the command's own words neither
my $log = slurp_file($node->logfile);
unlike($log, qr/the secret is/, 'nothing of what commands say is in the log');
unlike($log, qr/\b1234\b/, 'no PIN is in the log');

done_testing();
