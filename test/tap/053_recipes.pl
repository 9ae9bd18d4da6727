# The recipes of src/keys/CUSTODIANS.md, as they are printed there: age for real,
# the clients of services by stand-ins that take the documented arguments only.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jurisdiction;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $recipes = join "\n", grep { !/ = \.\.\.$/m } slurp_file("$FindBin::Bin/../../src/keys/CUSTODIANS.md") =~ /^```\n(\[command:.*?)^```/msg;
my %place = (age => 'DE', vault => 'FR', aws => 'NL', gcp => 'BE', bao => 'AT');
my @aliases = grep { $place{$_} } $recipes =~ /^\[command:(\w+)\]/mg;

is(join(' ', sort @aliases), 'age aws gcp vault', 'the recipes that there are');
# OpenBao's client is Vault's under another name
my ($vault) = $recipes =~ /(^\[command:vault\].*?)(?=^\[|\z)/ms;
$vault =~ s/\bvault /bao /g;
$vault =~ s/command:vault/command:bao/;
$recipes .= "\n$vault";
$recipes =~ s{/srv/keys/}{$dir/age/}g;

mkdir "$dir/$_", 0700 foreach qw(age cloud bin);
symlink "$FindBin::Bin/fake_cloud", "$dir/bin/$_" foreach qw(vault bao aws gcloud);
$ENV{FAKE_CLOUD} = "$dir/cloud";
$ENV{PATH} = "$dir/bin:$ENV{PATH}";
open(my $file, '>', "$dir/custodians");
print $file $recipes;
close($file);
chmod 0600, "$dir/custodians";

my $node = new_server('recipes', conf => "jurisdiction.custodian_file = '$dir/custodians'");
$node->safe_psql('postgres', q{CREATE EXTENSION jurisdiction; CREATE ROLE officer LOGIN; CREATE ROLE reader LOGIN;
	CREATE TABLE kept (place text, version int, secret jurisdiction.sealed); GRANT ALL ON kept TO PUBLIC;
	SECURITY LABEL FOR jurisdiction ON ROLE officer IS 'officer';});
sub officer { return state_as($node, 'officer', shift); }
is(officer(q{SECURITY LABEL FOR jurisdiction ON ROLE reader IS 'at DE cleared secret/*';
	INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
		SELECT 'allow', unnest('{FR,NL,BE,AT}'::text[]), 'DE', '{unseal}', 'test: recipes'}), '', 'a reader');

my $has_age = !system('command -v age >/dev/null');
foreach my $alias (@aliases, 'bao')
{
	my $place = $place{$alias};
	my $opened = sub { return rows_as($node, 'reader', "SELECT jurisdiction.unseal(secret) FROM kept WHERE place = '$place' AND version = $_[0]"); };
	my $keys = sub { return scalar(() = $alias eq 'age' ? glob("$dir/age/jurisdiction.$place.*") : glob("$dir/cloud/" . ($alias eq 'gcp' ? 'gcloud' : $alias) . ($alias eq 'aws' ? '.1234*' : '.jurisdiction*'))); };

	SKIP:
	{
		skip 'age is not installed', 10 if $alias eq 'age' && !$has_age;
		is(officer("INSERT INTO jurisdiction.custodian VALUES ('$place', 'command:$alias'); SELECT jurisdiction.create_key('$place')"), '', "$alias: a key is made");
		is(officer("INSERT INTO kept VALUES ('$place', 1, jurisdiction.seal('first', '$place'))"), '', "$alias: a value is sealed");
		is(officer("SELECT jurisdiction.rotate_key('$place'); INSERT INTO kept VALUES ('$place', 2, jurisdiction.seal('second', '$place'))"), '', "$alias: the key is rotated");
		is($opened->(1) . ' ' . $opened->(2), 'first second', "$alias: both are opened");
		is($keys->(), 3, "$alias: it holds a key for each version, and that for lookups");
		# each key opens its own only
		like(rows_as($node, 'officer', "BEGIN; UPDATE jurisdiction.key_material m SET wrapped = o.wrapped FROM jurisdiction.key_material o
			WHERE m.place = '$place' AND m.version = 1 AND o.place = '$place' AND o.version = 2; SELECT jurisdiction.rewrap('$place')"),
			qr/custodian "command:$alias" of $place could not unwrap key 1/, "$alias: does not take one key for another");
		rename "$dir/age", "$dir/hidden";
		open(my $away, '>', "$dir/cloud/away");
		like($opened->(2), qr/custodian "command:$alias" of $place could not unwrap key 2/, "$alias: away, and named");
		unlink "$dir/cloud/away";
		rename "$dir/hidden", "$dir/age";
		my $before = $keys->();
		is(officer("SELECT jurisdiction.destroy_key('$place', 1, '$place')"), '', "$alias: a key is destroyed");
		is($keys->(), $before - 1, "$alias: there too");
		is($opened->(2), 'second', "$alias: the other opens");
	}
}

done_testing();
