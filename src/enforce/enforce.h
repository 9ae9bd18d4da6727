/*-------------------------------------------------------------------------
 *
 * enforce.h
 *	  Knows: what is protected, by which hook, and how a "no" is carried out.
 *	  Refuses to know: why it is a "no"; that is policy's business.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_ENFORCE_H
#define JUR_ENFORCE_H

extern void jur_enforce_relabel_init(void);
extern void jur_enforce_rows_init(void);
extern void jur_enforce_columns_init(void);
extern void jur_enforce_plan_init(void);
extern void jur_enforce_flow_init(void);
extern void jur_enforce_trusted_init(void);
extern void jur_enforce_given_rows_init(void);
extern void jur_policy_record_init(void);
extern void jur_wall_init(void);
extern void jur_enforce_execute_init(void);
extern void jur_object_guard_init(void);
extern void jur_enforce_utility_init(void);
extern void jur_enforce_explain_init(void);
extern void jur_seal_log_init(void);
extern void jur_seal_kept_init(void);
extern void jur_enforce_counters_init(void);
extern void jur_enforce_functions_init(void);
extern void jur_enforce_replication_init(void);
extern void jur_enforce_evidence_init(void);
/* the library was loaded without being preloaded: refuse, enforce nothing */
extern void jur_enforce_late_init(void);

#endif							/* JUR_ENFORCE_H */
