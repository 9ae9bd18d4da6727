/*-------------------------------------------------------------------------
 *
 * token.h
 *	  Knows: one operation with a key on a PKCS#11 token, from the loading of
 *	  its module to the answer.
 *	  Refuses to know: the server.  It runs in a child process (child.c) and
 *	  calls the C library and the module only.
 *
 * A child for each operation, not a module in each session: a module that
 * hangs cannot be told to stop, one that crashes takes the server with it, and
 * one that has been initialized before a fork is of no use after it.  Nor are
 * PIN and login then in a session's memory.  What it costs is a login for each
 * key, 7 ms with SoftHSM, after which the key is cached; a child that stays,
 * logged in, would save that for tokens that are slow to log in to, at the
 * price of a protocol, of a process for each session, and of an open login.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_TOKEN_H
#define JUR_TOKEN_H

/* what to do */
typedef enum JurTokenTask
{
	JUR_TOKEN_MAKE = 0,
	JUR_TOKEN_WRAP,				/* in: 12 random bytes, and the key */
	JUR_TOKEN_UNWRAP,			/* in: what wrap gave */
	JUR_TOKEN_DESTROY
} JurTokenTask;

/* how a key is wrapped: the first byte of what wrap gives */
typedef enum JurTokenMechanism
{
	JUR_TOKEN_BEST = 0,			/* the first of these that the token offers */
	JUR_TOKEN_GCM = 'g',		/* AES-GCM with additional data */
	JUR_TOKEN_KEY_WRAP = 'w',	/* AES-KEY-WRAP-PAD */
	JUR_TOKEN_OAEP = 'o'		/* RSA-OAEP with SHA-1, which every token has */
} JurTokenMechanism;

typedef struct JurTokenOrder
{
	JurTokenTask task;
	JurTokenMechanism mechanism;
	const char *module;			/* path */
	const char *pin_file;		/* or NULL */
	const char *pin_command;	/* or NULL */
	const char *token;			/* these four: as the token says, or NULL: any */
	const char *manufacturer;
	const char *model;
	const char *serial;
	const char *key;			/* its label on the token */
	unsigned char *aad;
	unsigned long aad_size;
} JurTokenOrder;

/* exit codes */
typedef enum JurTokenProblem
{
	JUR_TOKEN_DONE = 0,
	JUR_TOKEN_NO_MODULE = 10,
	JUR_TOKEN_NOT_PKCS11,
	JUR_TOKEN_NOT_INITIALIZED,
	JUR_TOKEN_NO_TOKEN,
	JUR_TOKEN_NO_SESSION,
	JUR_TOKEN_NO_PIN,
	JUR_TOKEN_WRONG_PIN,
	JUR_TOKEN_NO_KEY,
	JUR_TOKEN_NO_MECHANISM,
	JUR_TOKEN_FAILED
} JurTokenProblem;

/* a body for jur_run_child(): reads standard input, writes standard output */
extern int	jur_run_token(void *token_order);
/* NULL: not one of the above */
extern const char *jur_token_problem(int code);

#endif							/* JUR_TOKEN_H */
