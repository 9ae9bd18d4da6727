# A client of the server's protocol, byte by byte: what psql does not do.
# Requests are gathered and sent together; what comes back is kept as it came.
package Wire;

use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes 'time';

# connect(NODE, USER, PARAMETER => VALUE ...)
sub connect
{
	my ($class, $node, $user, %parameter) = @_;
	my $self = bless { in => '', out => '', raw => '' }, $class;
	my $text = pack('N', 196608);

	%parameter = (user => $user, database => 'postgres', %parameter);
	$text .= "$_\0$parameter{$_}\0" foreach sort keys %parameter;
	$text .= "\0";
	$self->{socket} = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port)
	  or die "no connection: $!";
	$self->{out} = pack('N', 4 + length $text) . $text;
	$self->send;
	foreach my $message ($self->until('Z'))
	{
		$self->{pid} = unpack('N', $message->[1]) if $message->[0] eq 'K';
		die "login: " . $self->{raw} if $message->[0] eq 'E';
	}
	$self->forget;
	return $self;
}

sub add
{
	my ($self, $type, $body) = @_;

	$self->{out} .= $type . pack('N', 4 + length $body) . $body;
	return $self;
}

sub query { return $_[0]->add('Q', "$_[1]\0") }
sub flush { return $_[0]->add('H', '') }
sub sync { return $_[0]->add('S', '') }
sub parse { return $_[0]->add('P', ($_[2] // '') . "\0$_[1]\0" . pack('n', 0)) }

# bind(STATEMENT, PORTAL, VALUE...): values as text
sub bind
{
	my ($self, $statement, $portal, @values) = @_;

	return $self->add('B', "$portal\0$statement\0" . pack('nn', 0, scalar @values)
		. join('', map { pack('N', length) . $_ } @values) . pack('n', 0));
}

sub execute { return $_[0]->add('E', ($_[2] // '') . "\0" . pack('N', $_[1] // 0)) }

# fast-path call of a function, by OID
sub call
{
	my ($self, $oid, @values) = @_;

	return $self->add('F', pack('Nnn', $oid, 0, scalar @values)
		. join('', map { pack('N', length) . $_ } @values) . pack('n', 0));
}

sub send
{
	my ($self) = @_;
	local $SIG{PIPE} = 'IGNORE';

	while (length $self->{out})
	{
		my $sent = syswrite $self->{socket}, $self->{out};
		die "send: $!" unless defined $sent;
		substr($self->{out}, 0, $sent) = '';
	}
	return $self;
}

# one read, if anything comes within SECONDS; false at the end of the connection
sub take
{
	my ($self, $seconds) = @_;
	my $bytes;

	return 1 unless IO::Select->new($self->{socket})->can_read($seconds);
	return 0 unless sysread $self->{socket}, $bytes, 65536;
	$self->{in} .= $bytes;
	$self->{raw} .= $bytes;
	return 1;
}

# the whole messages there are: [TYPE, BODY]
sub messages
{
	my ($self) = @_;
	my @messages;

	while (length $self->{in} >= 5)
	{
		my ($type, $size) = unpack 'aN', $self->{in};

		last if length $self->{in} < $size + 1;
		push @messages, [ $type, substr($self->{in}, 5, $size - 4) ];
		substr($self->{in}, 0, $size + 1) = '';
	}
	return @messages;
}

# all messages up to the first of TYPE, or the end; dies after SECONDS
sub until
{
	my ($self, $type, $seconds) = @_;
	my $end = time + ($seconds // 60);
	my @messages;

	for (;;)
	{
		my @new = $self->messages;

		push @messages, @new;
		return @messages if grep { $_->[0] eq $type } @new;
		die "no message of type $type came\n" if time > $end;
		return @messages unless $self->take(0.1);
	}
}

# what comes within SECONDS
sub listen
{
	my ($self, $seconds) = @_;
	my $end = time + $seconds;

	while (time < $end)
	{
		last unless $self->take(0.05);
	}
	return $self->{raw};
}

# bytes so far are no more looked at
sub forget { $_[0]{raw} = ''; return $_[0] }

# a simple query, to its end: SQLSTATE of the first error, or ''
sub run
{
	my ($self, $sql) = @_;
	my $state = '';

	$self->forget->query($sql)->send;
	foreach my $message ($self->until('Z'))
	{
		$state ||= $1 if $message->[0] eq 'E' && $message->[1] =~ /\0C(\w{5})\0/;
	}
	return $state;
}

sub rows { my ($self, @messages) = @_; return scalar grep { $_->[0] eq 'D' } @messages }

sub close { close $_[0]{socket}; return }

1;
