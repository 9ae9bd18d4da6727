/*-------------------------------------------------------------------------
 *
 * session.h
 *	  Knows: who and where this session is, at this statement.
 *	  Refuses to know: what is being protected.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_SESSION_H
#define JUR_SESSION_H

#include "policy/policy.h"

/*
 * Grows whenever a decision of this session could come out differently: other
 * role, purpose, tags, policy, moment past a boundary.  Read it per row.
 */
extern uint64 jur_generation;

/*
 * Looks whether who we are or what holds has changed, at the start of every
 * statement; cheap when it has not.  True if it has.
 */
extern bool jur_session_refresh(void);
/* this session, as of the last refresh (the first call refreshes) */
extern const JurSubject *jur_current_subject(void);
/* the start of the statement that the last refresh saw */
extern TimestampTz jur_current_moment(void);
/*
 * A number for (session user, outer role, purpose, places, clearance): what a
 * cursor must find unchanged.  Policy changes do not change it.
 */
extern uint64 jur_subject_fingerprint(void);

/* "confidential/health", as in a role's tag; palloc'd */
extern char *jur_clearance_text(const JurClearance *clearance);

/* the question ACTION for this session now; see ruling 16 */
extern JurQuestion jur_question(JurAction action);
/* the same, arriving at the site (server file) or at an unknown place */
extern JurQuestion jur_question_at_site(JurAction action);
extern JurQuestion jur_question_anywhere(JurAction action);

/* the decision for a label datum, from the cache of this session */
extern JurVerdict jur_admits_datum(Datum label, JurAction action);
/* uncached, with the reason */
extern JurDecision jur_decide_now(const JurLabel *label, JurAction action);

/*
 * NULL if LABEL can be satisfied somewhere; else a sentence that says which
 * atoms keep it from being.  For error paths: it may try every place.
 */
extern char *jur_label_conflict(const JurLabel *label);

/* the tags of the session's roles */
extern bool jur_session_is_tagged(void);	/* outer role: own or inherited tag */
extern bool jur_is_officer(void);	/* may act as officer now (ruling 8) */
extern bool jur_is_auditor(void);	/* may read the evidence log, as officers may */
extern bool jur_is_backup(void);	/* outer role tagged backup */
/* 42501 unless jur_is_officer(); WHAT completes "must be officer to ..." */
extern void jur_require_officer(const char *what);
/*
 * An exemption of KIND ("bypass", "write_down", "relabel", "declassify") for
 * the outer role now, for LABEL or for any label: its basis, or NULL.
 */
extern const char *jur_exemption_for(const char *kind, const JurLabel *label);

/*
 * While a trusted function runs, the session is exempt for what flows to
 * SCOPE.  Calls nest; each begin has its end.
 */
extern void jur_trust_begin(const char *basis, const JurLabel *scope);
extern void jur_trust_end(void);
extern bool jur_is_in_trusted(void);

/* have officers been appointed in this cluster, now or ever (ruling 8)? */
extern bool jur_is_latched(void);
/* an officer's tag has just been set: latch once that is committed */
extern void jur_officer_appointed(void);

/* session.c: a purpose was refused; whoever keeps the records registers to be told */
typedef void (*JurRefusalCallback) (void);
extern void jur_on_purpose_refused(JurRefusalCallback callback);

/* session_copy.c: a standby that stands elsewhere than its primary */
extern void jur_note_site(void);
extern bool jur_is_copy_elsewhere(void);

/*
 * session_geoip.c: load_geoip() writes a table of policy past statements and
 * triggers; whoever keeps the records registers to be told.
 */
typedef void (*JurLoadCallback) (Oid relid, const char *what);
extern void jur_on_load(JurLoadCallback callback);

extern void jur_session_init(void);

#endif							/* JUR_SESSION_H */
