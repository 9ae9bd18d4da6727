/*-------------------------------------------------------------------------
 *
 * child.c
 *	  Idea: what may hang or crash runs in a child process, with a deadline.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/settings.h"
#include "keys/custodian.h"

/* all that is needed of a child; -1: closed, or none */
typedef struct Child
{
	pid_t		pid;
	int			in;				/* we write */
	int			out;			/* we read */
} Child;

int
jur_run_shell(void *shell_command)
{
	JurShellCommand *command = shell_command;

	execle("/bin/sh", "sh", "-c", command->command, (char *) NULL, command->environment);
	return 127;
}

/* from here on there is no server: no palloc, no ereport, no exit handlers */
static void
become(JurChildBody body, void *arg, int in, int out)
{
	struct rlimit no_core = {0, 0};
	sigset_t	none;
	int			null;
	int			i;

	for (i = 1; i < NSIG; i++)
		(void) signal(i, SIG_DFL);
	sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	(void) setsid();
	(void) setrlimit(RLIMIT_CORE, &no_core);
	null = open("/dev/null", O_WRONLY);
	if (null < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(null, STDERR_FILENO) < 0)
		_exit(126);
	(void) close_range(STDERR_FILENO + 1, ~0U, 0);
	_exit(body(arg));
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* the child and all it has started are a session of their own */
static int
end_child(Child *child, bool kill_it)
{
	int			status = 0;

	close_fd(&child->in);
	close_fd(&child->out);
	if (child->pid <= 0)
		return 0;
	if (kill_it)
	{
		/* it may not have called setsid() yet */
		(void) kill(-child->pid, SIGKILL);
		(void) kill(child->pid, SIGKILL);
	}
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pid = -1;
	return status;
}

static const char *
start_child(Child *child, JurChildBody body, void *arg)
{
	int			in[2];
	int			out[2];

	if (pipe(in) < 0)
		return "No pipe could be made.";
	if (pipe(out) < 0)
	{
		close(in[0]);
		close(in[1]);
		return "No pipe could be made.";
	}
	fflush(NULL);
	child->pid = fork();
	if (child->pid == 0)
		become(body, arg, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	child->in = in[1];
	child->out = out[0];
	if (child->pid > 0)
		return NULL;
	(void) end_child(child, false);
	return "No process could be started.";
}

/* reads until the end of its output; NULL, or what went wrong */
static const char *
converse(Child *child, JurBytes input, TimestampTz deadline, uint8 *output, Size *size)
{
	/* a few kilobytes at most: a pipe takes them at once */
	if (input.size > 0 && write(child->in, input.data, input.size) != (ssize_t) input.size &&
		errno != EPIPE)
		return "It did not take its input.";
	close_fd(&child->in);
	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
		ssize_t		n;
		int			events;

		if (left <= 0)
			return psprintf("It did not answer within %d ms (jurisdiction.custodian_timeout).",
							jur_custodian_timeout);
		events = WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
								   child->out, left, PG_WAIT_EXTENSION);
		if (events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
		if ((events & WL_SOCKET_READABLE) == 0)
			continue;
		n = read(child->out, output + *size, JUR_WRAPPED_MAX - *size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return "Its output could not be read.";
		if (n == 0)
			return NULL;
		*size += n;
		if (*size == JUR_WRAPPED_MAX)
			return "Its output is too long.";
	}
}

/* it has closed its output; a moment for it to end */
static const char *
verdict(Child *child, TimestampTz deadline, int *code)
{
	int			status;

	for (;;)
	{
		pid_t		pid = waitpid(child->pid, &status, WNOHANG);

		if (pid == child->pid)
			break;
		if (GetCurrentTimestamp() > deadline)
			return psprintf("It did not end within %d ms (jurisdiction.custodian_timeout).",
							jur_custodian_timeout);
		CHECK_FOR_INTERRUPTS();
		pg_usleep(500);
	}
	child->pid = -1;
	if (WIFSIGNALED(status))
		return psprintf("It was ended by signal %d.", WTERMSIG(status));
	*code = WEXITSTATUS(status);
	if (*code != 0)
		return psprintf("It ended with exit code %d.", *code);
	return NULL;
}

uint8 *
jur_run_child(JurChildBody body, void *arg, JurBytes input, Size *size,
			  const char **problem, int *code)
{
	Child		child = {-1, -1, -1};
	uint8	   *output = palloc0(JUR_WRAPPED_MAX);
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   jur_custodian_timeout);

	*size = 0;
	*code = 0;
	*problem = start_child(&child, body, arg);
	if (*problem == NULL)
	{
		PG_TRY();
		{
			*problem = converse(&child, input, deadline, output, size);
			if (*problem == NULL)
				*problem = verdict(&child, deadline, code);
		}
		PG_CATCH();
		{
			explicit_bzero(output, JUR_WRAPPED_MAX);
			(void) end_child(&child, true);
			PG_RE_THROW();
		}
		PG_END_TRY();
		(void) end_child(&child, true);
	}
	if (*problem == NULL)
		return output;
	explicit_bzero(output, JUR_WRAPPED_MAX);
	pfree(output);
	return NULL;
}
