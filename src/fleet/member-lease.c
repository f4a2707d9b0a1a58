// SPDX-License-Identifier: MIT
/*
 * What shows that a host is there: a lease that is kept alive, and the key that it holds. Beats
 * come every third of the time to live, more or less; one that was not answered until the next
 * means that the way to etcd is broken, even where the connection still stands.
 *
 * Each beat is a call. The gateway would take them over one stream, too, but over HTTP/1.1 its
 * server answers nothing before the request's body has ended (docs/decisions/0031-fleet.md).
 */
#include "fleet/member-internal.h"

#include "util/host.h"

#include <syslog.h>

/* So often the live key's counters are written anew. */
#define LIVE_NS UINT64_C(60000000000)

static void grant(struct fleet_member *member);
static void write_live(struct fleet_member *member);
static void write_status(struct fleet_member *member);

static char *key_of(const struct fleet_member *member, const char *kind)
{
	char *key = NULL;

	return asprintf(&key, "%s/%s/%s", member->prefix, kind, member->host) < 0 ? NULL : key;
}

/* A request_put of an object (taken). */
static json_t *put(const struct fleet_member *member, const char *kind, json_t *value,
		   int64_t lease)
{
	_cleanup_(freep) char *key = key_of(member, kind);
	_cleanup_(freep) char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	json_t *body = NULL;

	json_decref(value);
	if (key && text)
		body = json_pack("{s:o, s:o, s:o}", "key", gateway_bytes(key, strlen(key)), "value",
				 gateway_bytes(text, strlen(text)), "lease",
				 json_sprintf("%lld", (long long)lease));
	return body;
}

static json_t *labels_of(const struct fleet_member *member)
{
	json_t *labels = json_array();

	for (size_t i = 0; member->labels[i]; i++)
		json_array_append_new(labels, json_string(member->labels[i]));
	return labels;
}

/* ---- the lease ---- */

/* No beat until there is a lease, and nothing is known of the live key. */
static void stop_beating(struct fleet_member *member)
{
	member->awaiting = false;
	member->live_ns = 0;
	if (member->beat)
		(void)sd_event_source_set_enabled(member->beat, SD_EVENT_OFF);
}

/* It is not there any more: etcd was away for longer than it lives, or has taken it back. */
static void lose_lease(struct fleet_member *member)
{
	if (member->lease != 0)
		member->counters.leases_lost++;
	/* Of what is under way for it the answers still come: they are known by its number. */
	member->lease = 0;
	stop_beating(member);
	grant(member);
}

static void set_beat(struct fleet_member *member)
{
	uint64_t third = (uint64_t)member->ttl * 1000000 / 3;

	/* From five sixths of a third to a whole one: never later than that. */
	(void)sd_event_source_set_time_relative(member->beat,
						third * 5 / 6 + member_jitter(third / 6) / 2);
	(void)sd_event_source_set_enabled(member->beat, SD_EVENT_ONESHOT);
}

static json_t *beat_of(const struct fleet_member *member)
{
	return json_pack("{s:o}", "ID", json_sprintf("%lld", (long long)member->lease));
}

static void on_kept(void *userdata, int result, const json_t *answer, const char *why)
{
	struct fleet_member *member = userdata;
	const json_t *kept = json_object_get(answer, "result");
	int64_t ttl = 0, lease = 0;

	if (result >= 0)
		result = gateway_number(kept, "TTL", &ttl);
	if (result >= 0)
		result = gateway_number(kept, "ID", &lease);
	if (result >= 0 && lease != 0 && lease != member->lease)
		return;
	member->awaiting = false;
	if (result < 0) {
		member_fail(member, "keeping the lease", *why ? why : "the answer makes no sense");
	} else if (ttl <= 0) {
		/* So an expired one is answered. */
		member_tell(member, LOG_NOTICE, "the fleet's lease was lost: another is granted");
		lose_lease(member);
	} else {
		if (member->live_ns == 0 || clock_monotonic() - member->live_ns >= LIVE_NS)
			write_live(member);
		member_settle(member);
	}
}

static void beat(struct fleet_member *member)
{
	if (member->awaiting) {
		member_fail(member, "keeping the lease", "no answer");
		return;
	}
	member->awaiting = true;
	set_beat(member);
	member_call(member, "keeping the lease", "/v3/lease/keepalive", beat_of(member), on_kept);
}

static int on_beat(sd_event_source *source, uint64_t usec, void *userdata)
{
	beat(userdata);
	return 0;
}

/* There is a lease, and whoever we are to etcd, it knows now: a stream cannot sign in. */
static void attend(struct fleet_member *member)
{
	int r = 0;

	if (!member->beat)
		r = sd_event_add_time_relative(member->event, &member->beat, CLOCK_MONOTONIC, 0, 0,
					       on_beat, member);
	if (r < 0) {
		member_fail(member, "keeping the lease", NULL);
		return;
	}
	beat(member);
	if (member->state == MEMBER_CONNECTING && !member->watch && !member->reading)
		member_read_begin(member);
}

static void on_granted(void *userdata, int result, const json_t *answer, const char *why)
{
	struct fleet_member *member = userdata;

	if (result >= 0 && (gateway_number(answer, "ID", &member->lease) < 0 || member->lease == 0))
		result = -EBADMSG;
	if (result < 0) {
		member_fail(member, "asking for a lease", *why ? why : "the answer makes no sense");
		return;
	}
	member->counters.leases++;
	attend(member);
}

static void grant(struct fleet_member *member)
{
	member_call(member, "asking for a lease", "/v3/lease/grant",
		    json_pack("{s:o, s:s}", "TTL", json_sprintf("%u", member->ttl), "ID", "0"),
		    on_granted);
}

/* Whether the lease of before is still there. */
static void on_looked(void *userdata, int result, const json_t *answer, const char *why)
{
	struct fleet_member *member = userdata;
	int64_t ttl = 0;

	if (result < 0 && result != -ENOENT)
		member_fail(member, "looking for the lease", why);
	else if (result < 0 || gateway_number(answer, "TTL", &ttl) < 0 || ttl <= 0)
		lose_lease(member);
	else
		attend(member);
}

void member_lease_begin(struct fleet_member *member)
{
	if (member->lease == 0)
		grant(member);
	else
		member_call(member, "looking for the lease", "/v3/lease/timetolive",
			    beat_of(member), on_looked);
}

void member_lease_stop(struct fleet_member *member)
{
	member->writing_live = member->writing_status = false;
	stop_beating(member);
}

/* ---- what others see ---- */

static void on_live(void *userdata, int result, const json_t *answer, const char *why)
{
	struct fleet_member *member = userdata;

	member->writing_live = false;
	if ((result >= 0 || result == -ENOENT) && member->live_lease != member->lease) {
		write_live(member);
	} else if (result == -ENOENT) {
		lose_lease(member);
	} else if (result < 0) {
		member_fail(member, "writing the live key", why);
	} else {
		member->live_ns = clock_monotonic();
		member_settle(member);
	}
}

static void write_live(struct fleet_member *member)
{
	json_t *value;

	if (member->writing_live || member->lease == 0)
		return;
	value = json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:b, s:o}", "host", member->host,
			  "version", member->version, "boot", member->boot_id, "labels",
			  labels_of(member), "revision", (json_int_t)member->revision, "applied",
			  (json_int_t)member->applied, "refuses", member->refused != NULL,
			  "counters", member->use.counters(member->use.userdata));
	member->writing_live = true;
	member->live_lease = member->lease;
	member_call(member, "writing the live key", "/v3/kv/put",
		    put(member, "live", value, member->lease), on_live);
}

static void on_status(void *userdata, int result, const json_t *answer, const char *why)
{
	struct fleet_member *member = userdata;

	member->writing_status = false;
	if (result < 0) {
		member_fail(member, "writing the status", why);
		return;
	}
	member->counters.reported++;
	if (member->status_dirty)
		write_status(member);
}

static void write_status(struct fleet_member *member)
{
	json_t *value;

	if (member->writing_status) {
		member->status_dirty = true;
		return;
	}
	value = json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:O?}", "host", member->host,
			  "version", member->version, "labels", labels_of(member), "revision",
			  (json_int_t)member->revision, "applied", (json_int_t)member->applied,
			  "applied_usec", (json_int_t)(member->took_ns / 1000), "at",
			  (json_int_t)(clock_realtime() / UINT64_C(1000000000)), "refused",
			  member->refused);
	member->status_dirty = false;
	member->writing_status = true;
	member_call(member, "writing the status", "/v3/kv/put", put(member, "status", value, 0),
		    on_status);
}

void member_report(struct fleet_member *member)
{
	write_status(member);
}
