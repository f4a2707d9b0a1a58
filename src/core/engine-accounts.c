// SPDX-License-Identifier: MIT
/*
 * What the host says of users, their groups and the time of day, and when it says something else.
 * Names of users are resolved when a policy is read, and so are links that conditions name: when
 * /etc/passwd, /etc/group or such a link has changed it is read once more, and put in place if its
 * files still say what they said; a file that was edited meanwhile is not in force before somebody
 * asks for that. Directory services tell nobody of their changes: their users are counted in by the
 * next reload.
 *
 * The zone is read again when /etc/localtime has changed and when its offset does, which is known
 * beforehand.
 */
#include "core/engine-internal.h"

#include "core/facts-process.h"
#include "core/zone.h"

#include <sys/inotify.h>

enum {
	GATHER_USEC = 500000, /* who adds a user changes several files */
	ACCURACY_USEC = 100000,
};

struct host_files {
	sd_event_source *watch, *gather, *clock;
	bool accounts, links, zone; /* have changed */
};

/* ---- time ---- */

static int on_clock(sd_event_source *source, uint64_t usec, void *userdata);

static void read_zone(struct engine *engine)
{
	struct host_files *files = engine->host_files;
	time_t next;

	facts_world_refresh(gatekeeper_world(engine->keeper));
	files->clock = sd_event_source_disable_unref(files->clock);
	next = zone_next_change((time_t)(clock_realtime() / UINT64_C(1000000000)));
	if (next > 0)
		(void)sd_event_add_time(engine->event, &files->clock, CLOCK_REALTIME,
					(uint64_t)next * 1000000, ACCURACY_USEC, on_clock, engine);
}

static int on_clock(sd_event_source *source, uint64_t usec, void *userdata)
{
	read_zone(userdata);
	return 0;
}

/* ---- users ---- */

/* Whose names the policy has looked up has changed: users, links. */
static bool read_again(struct engine *engine, const char *who)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct diagnostics diagnostics = { 0 };
	int r = engine_load(engine, &policy, &diagnostics, &err);

	diagnostics_done(&diagnostics);
	if (r < 0 || policy->fingerprint != engine_policy(engine)->fingerprint) {
		log_notice(engine->log,
			   "%s have changed, and so has the policy: both count from "
			   "the next reload on",
			   who);
		return false;
	}
	r = engine_apply(engine, policy, &err);
	if (r < 0) {
		log_warning(engine->log, "%s have changed, but not for the rules: %s", who,
			    error_text(&err));
		return false;
	}
	(void)TAKE_PTR(policy);
	log_info(engine->log, "%s have changed: the rules know them", who);
	return true;
}

static int on_gathered(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;
	struct host_files *files = engine->host_files;
	bool accounts = files->accounts, links = files->links, zone = files->zone;

	files->accounts = files->links = files->zone = false;
	if (zone)
		read_zone(engine);
	if (accounts)
		engine->counters.accounts_read += read_again(engine, "users");
	else if (links)
		engine->counters.links_read += read_again(engine, "links to programs");
	return 0;
}

static void gather(struct host_files *files)
{
	(void)sd_event_source_set_time_relative(files->gather, GATHER_USEC);
	(void)sd_event_source_set_enabled(files->gather, SD_EVENT_ONESHOT);
}

void engine_links_changed(struct engine *engine)
{
	if (!engine->host_files)
		return;
	engine->host_files->links = true;
	gather(engine->host_files);
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	struct engine *engine = userdata;
	struct host_files *files = engine->host_files;
	const char *name = event->len > 0 ? event->name : "";
	bool lost = event->mask & IN_Q_OVERFLOW;

	if (lost || streq(name, "passwd") || streq(name, "group"))
		files->accounts = true;
	else if (streq(name, "localtime") || streq(name, "timezone"))
		files->zone = true;
	else
		return 0;
	files->zone |= lost;
	gather(files);
	return 0;
}

/* ---- life ---- */

int engine_accounts_start(struct engine *engine)
{
	struct host_files *files = calloc(1, sizeof(*files));
	int r;

	if (!files)
		return -ENOMEM;
	engine->host_files = files;
	r = sd_event_add_time(engine->event, &files->gather, CLOCK_MONOTONIC, 0, ACCURACY_USEC,
			      on_gathered, engine);
	if (r >= 0)
		r = sd_event_source_set_enabled(files->gather, SD_EVENT_OFF);
	if (r < 0)
		return r;
	r = sd_event_add_inotify(engine->event, &files->watch, "/etc",
				 IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR, on_change,
				 engine);
	if (r < 0)
		log_warning(engine->log,
			    "users that are added count from the next reload on: cannot watch "
			    "/etc: "
			    "%s",
			    strerror(-r));
	read_zone(engine);
	return 0;
}

void engine_accounts_stop(struct engine *engine)
{
	struct host_files *files = engine->host_files;

	if (!files)
		return;
	sd_event_source_disable_unref(files->watch);
	sd_event_source_disable_unref(files->gather);
	sd_event_source_disable_unref(files->clock);
	free(files);
	engine->host_files = NULL;
}
