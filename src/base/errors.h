/*-------------------------------------------------------------------------
 *
 * errors.h
 *	  Idea: which SQLSTATE says what; every ereport(ERROR) uses one of these.
 *
 * The standard codes are used throughout, so that clients need to know no
 * others:
 *
 *	42501  every refusal: rows, columns, wall, export, tags, policy tables
 *	22P02  text (or binary input) that is not a label
 *	22023  a tag, action, preset or argument that is not one
 *	23502  a NULL row label in a table that is being tagged
 *	23514  a row above its table's ceiling; a policy row that makes no sense
 *	28000  a token
 *	55000  not configured, not preloaded, or the officers' latch
 *	58030  the evidence log cannot be written or read
 *	58000  a custodian of keys is away, too slow, or gave something else
 *	0A000  a form of statement that this version does not support
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_ERRORS_H
#define JUR_ERRORS_H

#define JUR_ERR_REFUSED			ERRCODE_INSUFFICIENT_PRIVILEGE
#define JUR_ERR_LABEL_TEXT		ERRCODE_INVALID_TEXT_REPRESENTATION
#define JUR_ERR_LABEL_BINARY	ERRCODE_INVALID_BINARY_REPRESENTATION
#define JUR_ERR_ARGUMENT		ERRCODE_INVALID_PARAMETER_VALUE
#define JUR_ERR_NULL_LABEL		ERRCODE_NOT_NULL_VIOLATION
#define JUR_ERR_POLICY_ROW		ERRCODE_CHECK_VIOLATION
#define JUR_ERR_NOT_CONFIGURED	ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
#define JUR_ERR_CUSTODIAN		ERRCODE_SYSTEM_ERROR
#define JUR_ERR_EVIDENCE		ERRCODE_IO_ERROR
#define JUR_ERR_UNSUPPORTED		ERRCODE_FEATURE_NOT_SUPPORTED

#endif							/* JUR_ERRORS_H */
