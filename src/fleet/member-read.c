// SPDX-License-Identifier: MIT
/*
 * The documents. First they are read, in one transaction, which says the revision that they stand
 * at; from the next one on they are watched. A watch that tells of anything has them read again.
 * After a break the watch goes on from where it was; if etcd has compacted that away, it says so
 * and leaves the stream open: then it is closed here, and all is read anew.
 */
#include "fleet/member-internal.h"

#include "util/host.h"
#include "util/json-text.h"

#include <inttypes.h>
#include <syslog.h>

static void read_documents(struct fleet_member *member);
static void open_watch(struct fleet_member *member);

/* ---- applying ---- */

/* Refused for what may pass, such as a disk that is full: then nobody has to push it again. */
static int on_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fleet_member *member = userdata;

	if (member->passing && member->state != MEMBER_WAITING)
		read_documents(member);
	return 0;
}

static void try_again_later(struct fleet_member *member)
{
	uint64_t pause = member_pause_usec(member->refusals++);

	if (!member->again)
		(void)sd_event_add_time_relative(member->event, &member->again, CLOCK_MONOTONIC,
						 pause, 0, on_again, member);
	else if (sd_event_source_set_time_relative(member->again, pause) >= 0)
		(void)sd_event_source_set_enabled(member->again, SD_EVENT_ONESHOT);
}

static void tell_refusal(struct fleet_member *member, int64_t revision,
			 const struct diagnostics *diagnostics, const struct error *err)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		if (diagnostics->items[i].severity == SEVERITY_ERROR)
			member_tell(member, LOG_ERR, "%s:%u:%u: %s",
				    diagnostics->items[i].file ? diagnostics->items[i].file : "",
				    diagnostics->items[i].line, diagnostics->items[i].column,
				    diagnostics->items[i].message);
	member_tell(member, LOG_ERR,
		    "the fleet's policy of revision %" PRId64 " is refused, the last one stays: %s",
		    revision, error_text(err));
}

/* What was wrong, as `<prefix>/status/<host>` and the daemon's status show it. */
static void note_refusal(struct fleet_member *member, struct fleet_documents *documents,
			 const struct diagnostics *diagnostics, const struct error *err)
{
	json_t *mistakes = json_array(), *before = member->refused;
	bool known;

	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *d = &diagnostics->items[i];

		if (d->severity == SEVERITY_ERROR)
			json_array_append_new(mistakes,
					      json_pack("{s:o, s:i, s:i, s:o, s:o}", "file",
							json_text(d->file), "line", (int)d->line,
							"column", (int)d->column, "message",
							json_text(d->message), "hint",
							json_text(d->hint)));
	}
	member->refused = json_pack("{s:I, s:o, s:o}", "revision", (json_int_t)documents->revision,
				    "reason", json_text(error_text(err)), "mistakes", mistakes);
	member->counters.refused++;
	/* What is tried again is told again only where it fails for another reason. */
	known = member->passing && json_equal(json_object_get(before, "reason"),
					      json_object_get(member->refused, "reason"));
	if (!known)
		tell_refusal(member, documents->revision, diagnostics, err);
	json_decref(before);
	fleet_documents_done(&member->bad);
	member->bad = *documents;
	*documents = (struct fleet_documents){ 0 };
}

static void forget_refusal(struct fleet_member *member)
{
	json_decref(member->refused);
	member->refused = NULL;
	member->passing = false;
	member->refusals = 0;
	fleet_documents_done(&member->bad);
}

static void apply(struct fleet_member *member, struct fleet_documents *documents)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int64_t revision = documents->revision;
	int r;

	/* The same mistakes need not be told again. */
	if (member->refused && !member->passing && member->bad.count > 0 &&
	    fleet_documents_same(documents, &member->bad)) {
		json_object_set_new(member->refused, "revision", json_integer(revision));
		return;
	}
	r = member->use.apply(member->use.userdata, documents, &diagnostics, &err);
	if (r < 0) {
		note_refusal(member, documents, &diagnostics, &err);
		member->passing =
			json_array_size(json_object_get(member->refused, "mistakes")) == 0;
		if (member->passing)
			try_again_later(member);
		return;
	}
	forget_refusal(member);
	member->applied = revision;
	member->took_ns = member->noticed_ns ? clock_monotonic() - member->noticed_ns : 0;
	if (r > 0)
		return;
	member->counters.applied++;
	member_tell(member, LOG_NOTICE, "the fleet's policy of revision %" PRId64 " is in force",
		    revision);
}

/* ---- reading ---- */

static int take_answer(struct fleet_member *member, const json_t *answer,
		       struct fleet_documents *documents)
{
	const struct fleet_place place = member_place(member);
	struct gateway_pairs pairs = { 0 };
	int64_t revision = 0;
	int r = gateway_number(json_object_get(answer, "header"), "revision", &revision);

	if (r >= 0 && revision <= 0)
		r = -EBADMSG;
	if (r >= 0) {
		documents->revision = member->revision = revision;
		r = gateway_pairs_add_all(&pairs, answer);
	}
	if (r >= 0)
		r = fleet_documents_take(&place, &pairs, documents);
	documents->revision = revision;
	gateway_pairs_done(&pairs);
	return r;
}

/* They are not even kept to be compared with the next ones. */
static void refuse_size(struct fleet_member *member, int64_t revision, int code)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct diagnostics none = { 0 };
	struct fleet_documents empty = { .revision = revision };

	if (code == -E2BIG)
		error_set(&err, code, "these are more than %d documents", FLEET_DOCUMENTS_MAX);
	else
		error_set(&err, code, "the documents of this host are larger than %d MiB together",
			  FLEET_BYTES_MAX >> 20);
	note_refusal(member, &empty, &none, &err);
	member->passing = false;
}

static void on_read(void *userdata, int result, const json_t *answer, const char *why)
{
	struct fleet_member *member = userdata;
	struct fleet_documents documents = { 0 };
	bool too_large;

	member->reading = false;
	if (result >= 0)
		result = take_answer(member, answer, &documents);
	too_large = documents.revision > 0 && (result == -E2BIG || result == -EFBIG);
	if (result < 0 && !too_large) {
		member_fail(member, "reading the policy",
			    result == -ENOMEM ? NULL
			    : *why	      ? why
					      : "the answer makes no sense");
		return;
	}
	member->counters.reads++;
	if (too_large)
		refuse_size(member, documents.revision, result);
	else
		apply(member, &documents);
	member->noticed_ns = 0;
	fleet_documents_done(&documents);
	member_report(member);
	if (member->state == MEMBER_WAITING)
		return;
	if (member->changed > member->revision || member->read_again)
		read_documents(member);
	else if (!member->watch)
		open_watch(member);
}

static void read_documents(struct fleet_member *member)
{
	const struct fleet_place place = member_place(member);

	if (member->reading) {
		member->read_again = true;
		return;
	}
	member->read_again = false;
	member->reading = true;
	member_call(member, "reading the policy", "/v3/kv/txn",
		    gateway_read(fleet_documents_ranges(&place)), on_read);
}

/* ---- watching ---- */

/* What stands and never answers is not there: a stream has no time limit of its own. */
static int on_no_answer(sd_event_source *source, uint64_t usec, void *userdata)
{
	member_fail(userdata, "watching the policy", "no answer");
	return 0;
}

static int begin_patience(struct fleet_member *member)
{
	uint64_t usec = MIN((uint64_t)member->ttl * 1000000, (uint64_t)ETCD_CALL_MS * 1000);

	if (!member->patience)
		return sd_event_add_time_relative(member->event, &member->patience, CLOCK_MONOTONIC,
						  usec, 0, on_no_answer, member);
	(void)sd_event_source_set_time_relative(member->patience, usec);
	return sd_event_source_set_enabled(member->patience, SD_EVENT_ONESHOT);
}

static void end_patience(struct fleet_member *member)
{
	if (member->patience)
		(void)sd_event_source_set_enabled(member->patience, SD_EVENT_OFF);
}

/* What we have not seen is gone, or a store that was set back is behind us: begin anew. */
static void start_over(struct fleet_member *member)
{
	etcd_stream_close(member->watch);
	end_patience(member);
	member->watch = NULL;
	member->watching = false;
	member->revision = member->changed = 0;
	read_documents(member);
}

static void on_watch(void *userdata, const struct gateway_message *message)
{
	struct fleet_member *member = userdata;
	const struct fleet_place place = member_place(member);

	if (message->failed || (message->canceled && message->compact_revision == 0)) {
		member_fail(member, "watching the policy",
			    *message->reason ? message->reason : "etcd has cancelled the watch");
		return;
	}
	member->counters.compactions += message->canceled;
	if (message->canceled || (message->created && message->revision < member->revision)) {
		start_over(member);
		return;
	}
	if (message->created) {
		member->watching = true;
		end_patience(member);
		member_settle(member);
	}
	if (!message->changed || message->revision <= member->revision)
		return;
	if (!fleet_documents_concern(&place, message->events)) {
		/* Another host's: after a break the watch may go on behind it. */
		if (!member->reading)
			member->revision = message->revision;
		return;
	}
	member->counters.changes++;
	member->changed = MAX(member->changed, message->revision);
	if (member->noticed_ns == 0)
		member->noticed_ns = clock_monotonic();
	if (!member->reading)
		read_documents(member);
}

static void on_watch_ended(void *userdata, int result, const char *why)
{
	struct fleet_member *member = userdata;

	member->watch = NULL;
	/* As many changes as this are not waded through: all is read anew. */
	if (result == -EFBIG)
		member->revision = member->changed = 0;
	member_fail(member, "watching the policy", why);
}

static void open_watch(struct fleet_member *member)
{
	const struct etcd_stream_use use = { on_watch, on_watch_ended, member };
	const struct fleet_place place = member_place(member);

	if (etcd_open(member->etcd, "/v3/watch",
		      fleet_documents_watch(&place, member->revision + 1), &use,
		      &member->watch) < 0 ||
	    begin_patience(member) < 0)
		member_fail(member, "watching the policy", NULL);
}

void member_read_begin(struct fleet_member *member)
{
	if (member->revision == 0 || member->passing)
		read_documents(member);
	else
		open_watch(member);
}

void member_read_stop(struct fleet_member *member)
{
	/* etcd_drop_all() closes it, and ends the call. */
	end_patience(member);
	member->watch = NULL;
	member->reading = member->watching = member->read_again = false;
	member->noticed_ns = 0;
}
