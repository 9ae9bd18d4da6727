/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  Knows: every setting of the extension, as the session sees it now.
 *	  Refuses to know: what anybody does with them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_SETTINGS_H
#define JUR_SETTINGS_H

typedef enum JurEnforcement
{
	JUR_ENFORCE = 0,			/* zero, so that forgotten memory enforces */
	JUR_OBSERVE
} JurEnforcement;

typedef enum JurFlow
{
	JUR_FLOW_OFF = 0,			/* in the order of strictness */
	JUR_FLOW_STATEMENT,
	JUR_FLOW_SESSION
} JurFlow;

/* written by the server's GUC machinery only */
extern char *jur_allowed_libraries;
extern char *jur_custodian_path;
extern int	jur_custodian_timeout;	/* milliseconds */
extern int	jur_enforcement;
extern bool jur_evidence_commit;
extern char *jur_evidence_custodian;
extern char *jur_evidence_directory;
extern int	jur_evidence_queue_size;	/* kilobytes */
extern int	jur_evidence_timeout;	/* milliseconds */
extern int	jur_flow;
extern int	jur_key_cache_seconds;
extern char *jur_key_directory;
extern char *jur_local_place;
extern char *jur_purpose;
extern char *jur_site;

/* grows when a setting does that says who and where a session is: purpose, site, local_place */
extern uint64 jur_subject_settings;

/* true once the library runs from shared_preload_libraries; set by init.c */
extern bool jur_preloaded;

extern void jur_settings_init(void);

/* true if NAME is one of the settings that only an officer may change */
extern bool jur_setting_is_guarded(const char *name);
/* those of our own, by number from 0 on; NULL: there are no more */
#define JUR_GUARDED_MAX	32
extern const char *jur_guarded_setting(int number);

/*
 * The purpose setting has a rule (which purposes a role may declare) that
 * only a higher layer can judge; it registers the judgement here.  The
 * function returns true or sets GUC_check_err* and returns false.
 */
typedef bool (*JurPurposeCheck) (const char *purpose);
extern void jur_on_purpose(JurPurposeCheck check);

/* 55000 unless the library was preloaded; WHAT names the caller for the message */
extern void jur_require_preloaded(const char *what);

#endif							/* JUR_SETTINGS_H */
