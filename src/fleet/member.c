// SPDX-License-Identifier: MIT
/*
 * A member is two things at a time: a lease that is kept alive (member-lease.c), and a watch over
 * the documents (member-read.c). Whatever of them fails, both are given up and begun again at the
 * next endpoint: what is half connected would be the harder thing to get right. The lease itself
 * outlives that, if the pause is short enough.
 */
#include "fleet/member-internal.h"

#include "util/host.h"
#include "util/json-text.h"

#include <stdarg.h>
#include <sys/random.h>
#include <syslog.h>

#define FIRST_PAUSE_USEC UINT64_C(250000)
#define MOST_PAUSE_USEC	 UINT64_C(60000000)

void member_tell(struct fleet_member *member, int level, const char *format, ...)
{
	_cleanup_(freep) char *sentence = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vasprintf(&sentence, format, arguments);
	va_end(arguments);
	if (n < 0)
		sentence = NULL;
	else
		member->use.tell(member->use.userdata, level, sentence);
}

uint64_t member_jitter(uint64_t value)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = clock_monotonic();
	return value / 2 + (value > 0 ? random % (value + 1) : 0);
}

uint64_t member_pause_usec(unsigned failures)
{
	return member_jitter(MIN(FIRST_PAUSE_USEC << MIN(failures, 8U), MOST_PAUSE_USEC));
}

static void set_state(struct fleet_member *member, enum member_state state)
{
	if (member->state != state)
		member->since = clock_boottime();
	member->state = state;
}

static void begin(struct fleet_member *member)
{
	set_state(member, MEMBER_CONNECTING);
	member->counters.connects++;
	member_lease_begin(member);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	begin(userdata);
	return 0;
}

static void drop(struct fleet_member *member)
{
	set_state(member, MEMBER_WAITING);
	member_read_stop(member);
	member_lease_stop(member);
	etcd_drop_all(member->etcd);
}

void fleet_member_pause(struct fleet_member *member)
{
	drop(member);
	(void)sd_event_source_set_enabled(member->retry, SD_EVENT_OFF);
}

void fleet_member_resume(struct fleet_member *member)
{
	(void)sd_event_source_set_time_relative(member->retry, 0);
	(void)sd_event_source_set_enabled(member->retry, SD_EVENT_ONESHOT);
}

void member_fail(struct fleet_member *member, const char *what, const char *why)
{
	char *trouble = NULL;

	if (member->state == MEMBER_WAITING)
		return;
	if (asprintf(&trouble, "%s: %s: %s", etcd_endpoint(member->etcd), what,
		     why ? why : "out of memory") < 0)
		trouble = NULL;
	free(member->trouble);
	member->trouble = trouble;
	member->counters.failures++;
	drop(member);
	etcd_next_endpoint(member->etcd);
	/* Once for each time of trouble: the status has the rest. */
	if (!member->told)
		member_tell(member, LOG_WARNING,
			    "the fleet's etcd cannot be used, the last policy stays: %s",
			    trouble ? trouble : "out of memory");
	member->told = true;
	(void)sd_event_source_set_time_relative(member->retry, member_pause_usec(member->tries++));
	(void)sd_event_source_set_enabled(member->retry, SD_EVENT_ONESHOT);
}

void member_call(struct fleet_member *member, const char *what, const char *path, json_t *body,
		 etcd_answer_fn answered)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (etcd_call(member->etcd, path, body, answered, member, &err) < 0)
		member_fail(member, what, error_text(&err));
}

void member_settle(struct fleet_member *member)
{
	if (member->state != MEMBER_CONNECTING || !member->watching || member->live_ns == 0 ||
	    member->awaiting)
		return;
	set_state(member, MEMBER_CONNECTED);
	if (member->told)
		member_tell(member, LOG_NOTICE, "the fleet's etcd is there again: %s",
			    etcd_endpoint(member->etcd));
	member->told = false;
	member->tries = 0;
	free(member->trouble);
	member->trouble = NULL;
}

/* ---- construction ---- */

static int copy_labels(struct fleet_member *member, char *const *labels)
{
	size_t count = 0;

	while (labels[count])
		count++;
	member->labels = calloc(count + 1, sizeof(*member->labels));
	for (size_t i = 0; member->labels && i < count; i++)
		if (!(member->labels[i] = strdup(labels[i])))
			return -ENOMEM;
	return member->labels ? 0 : -ENOMEM;
}

static int copy_options(struct fleet_member *member, const struct fleet_member_options *options)
{
	member->event = sd_event_ref(options->event);
	member->use = options->use;
	member->ttl = options->ttl;
	member->prefix = strdup(options->prefix);
	member->host = strdup(options->host);
	member->version = strdup(options->version);
	member->boot_id = strdup(options->boot_id);
	if (!member->prefix || !member->host || !member->version || !member->boot_id)
		return -ENOMEM;
	return copy_labels(member, options->labels);
}

int fleet_member_new(const struct fleet_member_options *options, struct fleet_member **ret_member,
		     struct error *err)
{
	const struct etcd_options etcd = {
		.event = options->event,
		.endpoints = options->endpoints,
		.user = options->user,
		.password_file = options->password_file,
		.ca = options->ca,
		.certificate = options->certificate,
		.key = options->key,
	};
	_cleanup_(fleet_member_freep) struct fleet_member *member = calloc(1, sizeof(*member));
	int r;

	if (!member || copy_options(member, options) < 0)
		return error_oom(err);
	r = etcd_new(&etcd, &member->etcd, err);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(member->event, &member->retry, CLOCK_MONOTONIC, 0, 0,
				       on_retry, member);
	if (r < 0)
		return error_oom(err);
	member->since = clock_boottime();
	*ret_member = TAKE_PTR(member);
	return 0;
}

void fleet_member_free(struct fleet_member *member)
{
	if (!member)
		return;
	sd_event_source_disable_unref(member->retry);
	sd_event_source_disable_unref(member->beat);
	sd_event_source_disable_unref(member->patience);
	sd_event_source_disable_unref(member->again);
	etcd_free(member->etcd);
	fleet_documents_done(&member->bad);
	json_decref(member->refused);
	for (size_t i = 0; member->labels && member->labels[i]; i++)
		free(member->labels[i]);
	free(member->labels);
	free(member->prefix);
	free(member->host);
	free(member->version);
	free(member->boot_id);
	free(member->trouble);
	sd_event_unref(member->event);
	free(member);
}

/* ---- the status ---- */

static json_t *counters_to_json(const struct member_counters *counters)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "applied",
			 (json_int_t)counters->applied, "changes", (json_int_t)counters->changes,
			 "compactions", (json_int_t)counters->compactions, "connects",
			 (json_int_t)counters->connects, "failures", (json_int_t)counters->failures,
			 "leases", (json_int_t)counters->leases, "leases_lost",
			 (json_int_t)counters->leases_lost, "reads", (json_int_t)counters->reads,
			 "refused", (json_int_t)counters->refused, "reported",
			 (json_int_t)counters->reported);
}

json_t *fleet_member_status(const struct fleet_member *member)
{
	static const char *const states[] = {
		[MEMBER_CONNECTING] = "connecting",
		[MEMBER_CONNECTED] = "connected",
		[MEMBER_WAITING] = "waiting",
	};
	json_t *labels = json_array();

	for (size_t i = 0; member->labels[i]; i++)
		json_array_append_new(labels, json_string(member->labels[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:O?, s:o}", "state",
			 states[member->state], "endpoint", etcd_endpoint(member->etcd), "prefix",
			 member->prefix, "host", member->host, "labels", labels, "since",
			 (json_int_t)((clock_boottime() - member->since) / UINT64_C(1000000000)),
			 "revision", (json_int_t)member->revision, "applied",
			 (json_int_t)member->applied, "applied_usec",
			 (json_int_t)(member->took_ns / 1000), "trouble",
			 json_text(member->trouble), "refused", member->refused, "counters",
			 counters_to_json(&member->counters));
}
