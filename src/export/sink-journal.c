// SPDX-License-Identifier: MIT
/*
 * The journal: an entry for each event, with REEVE_EVENT, REEVE_SEQUENCE and so on. libsystemd says
 * that all is well where there is no journal, so its socket is asked for.
 */
#include "export/sink.h"

#include <systemd/sd-journal.h>

#include <sys/uio.h>
#include <syslog.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct sink {
	struct sink_options options;
	struct text entry;
};

static int open_journal(const struct sink_options *options, struct sink **ret_sink,
			struct error *err)
{
	struct sink *sink;

	if (access(JOURNAL_SOCKET, W_OK) < 0)
		return error_set_errno(err, -errno, "there is no journal at " JOURNAL_SOCKET);
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return error_oom(err);
	sink->options = *options;
	text_init(&sink->entry);
	*ret_sink = sink;
	return 0;
}

static void close_journal(struct sink *sink)
{
	text_done(&sink->entry);
	free(sink);
}

/* All fields in one text, and where each begins. */
static size_t make_fields(struct sink *sink, const struct sink_record *sent, size_t at[static 8])
{
	const struct spool_record *record = sent->record;
	struct text *entry = &sink->entry;
	size_t count = 0;

	entry->size = 0;
	at[count++] = entry->size;
	text_addf(entry, "MESSAGE=%s %llu: ", spool_kinds[record->kind],
		  (unsigned long long)record->sequence);
	text_add_bytes(entry, record->payload.data, MIN(record->payload.size, (size_t)200));
	at[count++] = entry->size;
	text_addf(entry, "PRIORITY=%d", record->kind == SPOOL_GAP ? LOG_WARNING : LOG_INFO);
	at[count++] = entry->size;
	text_addf(entry, "REEVE_KIND=%s", spool_kinds[record->kind]);
	at[count++] = entry->size;
	text_addf(entry, "REEVE_SEQUENCE=%llu", (unsigned long long)record->sequence);
	at[count++] = entry->size;
	text_addf(entry, "REEVE_BOOT=%s", sent->boot);
	at[count++] = entry->size;
	text_add(entry, "REEVE_EVENT=");
	text_add_bytes(entry, record->payload.data, record->payload.size);
	at[count] = entry->size;
	return count;
}

static int send_journal(struct sink *sink, const struct sink_record *sent)
{
	struct iovec fields[8];
	size_t at[8], count = make_fields(sink, sent, at);
	int r;

	if (sink->entry.failed) {
		sink->entry.failed = false;
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		fields[i] = (struct iovec){ sink->entry.data + at[i], at[i + 1] - at[i] };
	r = access(JOURNAL_SOCKET, W_OK) < 0 ? -errno : sd_journal_sendv(fields, (int)count);
	if (r < 0) {
		sink_error(sink->options.counters, "the journal takes nothing: %s", strerror(-r));
		return r == -EAGAIN ? -EBUSY : r;
	}
	sink->options.report(sink->options.userdata, sent->ticket, SINK_DELIVERED);
	return 0;
}

static int flush_journal(struct sink *sink)
{
	return 0;
}

static void poll_journal(struct sink *sink, int wait_ms)
{
}

static int no_fd(const struct sink *sink)
{
	return -1;
}

const struct sink_class sink_journal = {
	"journal", open_journal, send_journal, flush_journal, poll_journal, no_fd, close_journal,
};
