/*-------------------------------------------------------------------------
 *
 * custodian.h
 *	  Knows: who holds the key-encryption keys of a place, by URI, and how to
 *	  have a data key wrapped and unwrapped there.
 *	  Refuses to know: what data keys are for.
 *
 * A custodian may be slow, broken or away.  What it runs that is not ours (a
 * command, a token's module) runs in a child process until
 * jurisdiction.custodian_timeout, so that it can neither hang nor crash a
 * session.  Every failure is an error 58000 that names the custodian.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_CUSTODIAN_H
#define JUR_CUSTODIAN_H

#include "crypto/aead.h"

#define JUR_WRAPPED_MAX	16384	/* bytes of a wrapped key */

/* a key-encryption key at its custodian */
typedef struct JurKek
{
	const char *place;
	int			version;
	const char *uri;
	const char *name;			/* made by jur_kek_name(): [A-Za-z0-9._-] */
} JurKek;

typedef struct JurCustodian
{
	const char *scheme;			/* with its colon */
	/* NULL, or what is wrong with the URI behind the scheme */
	const char *(*wrong_uri) (const char *rest);
	void		(*make) (const JurKek *kek);
	bytea	   *(*wrap) (const JurKek *kek, const uint8 *secret);
	/* whether the right key came back is seen later */
	void		(*unwrap) (const JurKek *kek, const bytea *wrapped, uint8 *secret);
	/* NULL: it is gone; else why it may still be there */
	const char *(*destroy) (const JurKek *kek);
} JurCustodian;

/* custodian.c: by scheme */
extern const char *jur_wrong_custodian(const char *uri);
extern const JurCustodian *jur_custodian(const char *uri);
/* a name for a new key-encryption key, which nobody has used */
extern char *jur_kek_name(const char *uri, const char *place, int version);
/* destroy it once this transaction is certain to commit, before it does */
extern void jur_destroy_at_commit(const JurKek *kek);
/* the additional data that binds a wrapped key to its place and version */
extern JurBytes jur_kek_context(const JurKek *kek);
/* 58000: WHAT went wrong at a custodian */
extern void jur_custodian_failed(const JurKek *kek, const char *action,
								 const char *what) __attribute__((noreturn));

extern const JurCustodian jur_custodian_file;
extern const JurCustodian jur_custodian_command;
extern const JurCustodian jur_custodian_pkcs11;

/*
 * custodian_settings.c: jurisdiction.custodian_file, read anew each time
 *
 *		[command:vault]
 *		wrap = ...
 *
 * The value of NAME in the section for URI, or NULL.  55000 if the file is not
 * there, others can read it, or it has no such section.
 */
extern char *jur_custodian_setting(const char *uri, const char *name);

/*
 * child.c: BODY in a child process, INPUT on its standard input, what it
 * writes to standard output is returned (NULL: *PROBLEM says what went wrong,
 * *CODE is its exit code, if it was that) and to be wiped by the caller.  BODY must not use the server: no palloc, no
 * ereport; what it returns is the exit status.
 */
typedef int (*JurChildBody) (void *arg);
extern uint8 *jur_run_child(JurChildBody body, void *arg, JurBytes input,
							Size *size, const char **problem, int *code);
/* the body that is a shell command; ENVIRONMENT: NAME=VALUE, NULL at the end */
typedef struct JurShellCommand
{
	const char *command;
	char	  **environment;
} JurShellCommand;
extern int	jur_run_shell(void *shell_command);

#endif							/* JUR_CUSTODIAN_H */
