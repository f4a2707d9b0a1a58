/* SPDX-License-Identifier: MIT */
/*
 * A service's manifest: what is to run, held to what, and what is done when it ends. One file a
 * service, <folder>/NAME.yaml, read by the same reader as policies: every mistake has its place.
 */
#pragma once

#include "config/load.h"
#include "config/profile.h"

#include <signal.h>

enum { SERVICE_NAME_MAX = 64, SERVICE_LISTS_MAX = 64 };

enum restart_when {
	RESTART_NO,
	RESTART_ON_KILL,     /* SIGKILL that nobody asked reeve for: out of memory, kill -9 */
	RESTART_ON_ABNORMAL, /* any signal; a watchdog or health check that failed; pressure */
	RESTART_ON_FAILURE,  /* that, an exit code that is not 0, and a start that failed */
	RESTART_ALWAYS,
	RESTART_WHENS
};
extern const char *const restart_when_names[RESTART_WHENS];

enum restart_code { RESTART_CODE_UNSAID, RESTART_CODE_YES, RESTART_CODE_NO };

/* Times in ns. The first restart after a healthy run does not wait. */
struct restart_policy {
	enum restart_when when;
	uint64_t delay, delay_max; /* of the second restart in a row; the most that it grows to */
	uint64_t healthy;	   /* who ran for so long begins anew */
	unsigned factor;	   /* what it grows by each time */
	unsigned jitter;	   /* percent, by which it is more or less */
	uint64_t limit, limit_interval; /* more restarts than that: it is given up; 0: never */
	uint8_t codes[256];		/* enum restart_code */
};

enum service_ready { READY_STARTED, READY_NOTIFY, READY_FD, READY_CHECK, SERVICE_READIES };

enum health_kind { HEALTH_NONE, HEALTH_EXEC, HEALTH_TCP, HEALTH_HTTP };
struct service_health {
	enum health_kind kind;
	char **exec;   /* NULL-terminated */
	char *host;    /* an address, IPv4 or IPv6; or NULL for a Unix socket */
	char *path;    /* http: of the request; Unix: of the socket */
	unsigned port; /* tcp, http */
	uint64_t every, timeout, start_period; /* ns */
	unsigned retries;		       /* failures in a row */
};

enum pressure_action {
	PRESSURE_NONE,
	PRESSURE_LOG,
	PRESSURE_FREEZE,
	PRESSURE_SIGNAL,
	PRESSURE_RESTART,
};

enum service_output { OUTPUT_FILE, OUTPUT_JOURNAL, OUTPUT_NULL, SERVICE_OUTPUTS };

struct service_listen {
	bool unix_socket, datagram;
	char *host; /* NULL: all addresses; or the path of a Unix socket */
	unsigned port;
	char *name; /* for LISTEN_FDNAMES */
};

/* Lists of strings end with NULL and may be NULL; all is in `memory` but the limits. */
struct service_manifest {
	struct arena *memory;
	char *name, *file, *description;
	bool enabled;
	char **run, **env, **pre_start, **post_stop;
	/* Key and value by turns, as given: options of a launch; its profile's in front, of
	 * which there are profile_count strings. Its limits are in `group`, too: as JSON. */
	char **sandbox, *profile_limits;
	size_t profile_count;
	struct position sandbox_at;
	char *cwd, *user, *home; /* user, home: NULL for root */
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
	struct policy_group group; /* its limits */
	struct restart_policy restart;
	int stop_signal, reload_signal;
	uint64_t stop_timeout, start_timeout, watchdog; /* ns; watchdog 0: none */
	enum service_ready ready;
	int ready_fd;
	struct service_health health;
	char **after, **requires;
	struct service_listen *listen;
	size_t listen_count;
	enum pressure_action on_pressure;
	int pressure_signal;
	unsigned pressure_percent; /* of pressure_time in which all wait for memory */
	uint64_t pressure_time;
	enum service_output output;
	uint64_t log_size;
	unsigned log_keep;
	bool log_compress;
	/* Of the text and the profile, to tell a manifest that has changed. */
	uint64_t digest;
};

void service_manifest_free(struct service_manifest *manifest);
DEFINE_CLEANUP(struct service_manifest *, service_manifest_free);

/* Letters, digits and any of . _ @ - behind the first; at most 64. -EINVAL with a sentence. */
int service_name_check(const char *name, struct error *err);

/*
 * Reads a file that is named after its service. 0; -EINVAL when there was any mistake; or another
 * negative errno: all told in `diagnostics`. `sandbox`: which keys the map of that name may have,
 * and who looks at their values; NULL: it may have none.
 */
int service_load(const char *path, enum load_flags flags, const struct profile_schema *sandbox,
		 struct service_manifest **ret_manifest, struct diagnostics *diagnostics);
/* The same for a text in memory; `name` ends in .yaml or .json. */
int service_parse(const char *name, const char *text, size_t size,
		  const struct profile_schema *sandbox, struct service_manifest **ret_manifest,
		  struct diagnostics *diagnostics);

/* Whether reeve sets the variable of "NAME=VALUE" or "NAME" itself: a manifest's would be lost. */
bool service_sets_variable(const char *string);

/* The number of "TERM", "SIGTERM" or "15"; -EINVAL. */
int signal_from_name(const char *word);
/* "SIGKILL", or "signal 34" in `buffer`. */
const char *signal_to_name(int number, char *buffer, size_t size);
