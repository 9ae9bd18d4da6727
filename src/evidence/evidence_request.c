/*-------------------------------------------------------------------------
 *
 * evidence_request.c
 *	  Idea: what a session asks of the sealer besides to take records, and the
 *	  answer.
 *
 * One answer is for all that have asked the same until then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
#include "storage/spin.h"
#include "utils/wait_event.h"

#include "base/errors.h"
#include "base/shmem.h"
#include "evidence/evidence_internal.h"

#define ANSWER_WITHIN	60000	/* ms: a custodian may have to be asked */
#define LOOK_AGAIN		1000	/* ms: a sealer that has just come has not been woken */
#define NREQUESTS		(JUR_SEALER_DROP + 1)

typedef struct Request
{
	uint64		asked;
	uint64		answered;
	uint64		arg;
	bool		failed;
	char		problem[JUR_ERROR_MAX];
} Request;

typedef struct Requests
{
	slock_t		lock;
	ConditionVariable answered;
	Request		requests[NREQUESTS];
} Requests;

static Requests *shared = NULL;

static Size
shared_size(void)
{
	return sizeof(Requests);
}

static void
attach(void *memory, bool is_new)
{
	shared = memory;
	if (!is_new)
		return;
	memset(shared, 0, sizeof(Requests));
	SpinLockInit(&shared->lock);
	ConditionVariableInit(&shared->answered);
}

void
jur_request_init(void)
{
	static JurSharedPart part = {"jurisdiction evidence requests", 0, shared_size, attach};

	jur_shmem_reserve(&part);
}

/* the number of the question */
static uint64
ask(Request *mine, uint64 arg)
{
	uint64		number;

	SpinLockAcquire(&shared->lock);
	mine->arg = mine->asked > mine->answered ? Max(arg, mine->arg) : arg;
	number = ++mine->asked;
	SpinLockRelease(&shared->lock);
	return number;
}

/* PROBLEM is empty if there was none */
static bool
is_answered(const Request *mine, uint64 number, char *problem)
{
	bool		done;

	SpinLockAcquire(&shared->lock);
	done = mine->answered >= number;
	strlcpy(problem, done && mine->failed ? mine->problem : "", JUR_ERROR_MAX);
	SpinLockRelease(&shared->lock);
	return done;
}

static bool
await(const Request *mine, uint64 number, char *problem)
{
	instr_time	begin;
	instr_time	now;
	bool		done;

	INSTR_TIME_SET_CURRENT(begin);
	ConditionVariablePrepareToSleep(&shared->answered);
	jur_wake_sealer();
	for (;;)
	{
		done = is_answered(mine, number, problem);
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, begin);
		if (done || INSTR_TIME_GET_MILLISEC(now) > ANSWER_WITHIN)
			break;
		if (ConditionVariableTimedSleep(&shared->answered, LOOK_AGAIN, PG_WAIT_EXTENSION))
			jur_wake_sealer();
	}
	ConditionVariableCancelSleep();
	return done;
}

void
jur_sealer_ask(JurSealerRequest request, uint64 arg)
{
	char		problem[JUR_ERROR_MAX] = "";
	Request    *mine;

	if (!jur_evidence_is_on() || !IsUnderPostmaster || jur_is_sealer)
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("there is no evidence log"),
				 errhint("Set jurisdiction.evidence_directory and restart the server.")));
	mine = &shared->requests[request];
	if (!await(mine, ask(mine, arg), problem))
		strlcpy(problem, "It did not answer in time.", sizeof(problem));
	if (*problem)
		ereport(ERROR,
				(errcode(JUR_ERR_EVIDENCE),
				 errmsg("the evidence log could not do what was asked of it"),
				 errdetail_log("%s", problem)));
}

bool
jur_next_request(JurSealerRequest *request, uint64 *arg, uint64 *number)
{
	bool		found = false;
	int			i;

	SpinLockAcquire(&shared->lock);
	for (i = 0; i < NREQUESTS && !found; i++)
	{
		found = shared->requests[i].asked > shared->requests[i].answered;
		*request = i;
		*arg = shared->requests[i].arg;
		*number = shared->requests[i].asked;
	}
	SpinLockRelease(&shared->lock);
	return found;
}

void
jur_answer_request(JurSealerRequest request, uint64 number, const char *problem)
{
	Request    *answered = &shared->requests[request];

	SpinLockAcquire(&shared->lock);
	answered->answered = number;
	answered->failed = problem != NULL;
	strlcpy(answered->problem, problem ? problem : "", sizeof(answered->problem));
	SpinLockRelease(&shared->lock);
	ConditionVariableBroadcast(&shared->answered);
}
