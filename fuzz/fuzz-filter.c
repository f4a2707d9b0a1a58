// SPDX-License-Identifier: MIT
/* What clients send to io.reeve.Watch: words of filters, against events that hold the same bytes;
 * and the base64 that comes back. */
#include "core/filter.h"
#include "util/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base64(const char *text, size_t size)
{
	_cleanup_(text_done) struct text there = { 0 }, back = { 0 };

	(void)text_add_unbase64(&back, text, size);
	back.size = 0;
	text_add_base64(&there, text, size);
	if (size > 0 && (text_add_unbase64(&back, there.data, there.size) < 0 ||
			 back.size != size || memcmp(back.data, text, size) != 0))
		abort();
}

static void fill(struct event *event, struct slice bytes)
{
	event_set(event, PID, pid, 7);
	event_set(event, PPID, ppid, 1);
	event_set(event, UID, uid, 0);
	event_set(event, EXE, exe, bytes);
	event_set(event, SCRIPT, script, bytes);
	event_set(event, FILENAME, filename, bytes);
	event_set(event, CGROUP, cgroup, bytes);
	event_set(event, CGROUP_V1, cgroup_v1, bytes);
	event_set(event, CONTAINER_RUNTIME, container_runtime, bytes);
	event_set(event, CONTAINER_ID, container_id, bytes);
}

/* The first byte is a key, the rest a word and, behind a newline, what it is compared with. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *input = strndup((const char *)data, size);
	size_t length = strlen(input), word = strcspn(input, "\n");
	struct slice bytes = { input + word, length - word };
	_cleanup_(filter_freep) struct filter *filter = NULL;
	struct event event;

	check_base64((const char *)data, size);
	if (length < 2 || word < 2 || filter_new(&filter) < 0)
		return 0;
	input[word] = '\0';
	filter_add_types(filter, EVENT_ALL);
	if (filter_add(filter, (unsigned char)input[0] % FILTER_COUNT, input + 1, 0, NULL) < 0 ||
	    filter_seed(filter, NULL) < 0)
		return 0;
	for (int type = 0; type < EVENT_TYPES; type++) {
		event_init(&event, (enum event_type)type, SOURCE_BPF);
		(void)filter_pass(filter, &event);
		fill(&event, bytes);
		(void)filter_pass(filter, &event);
	}
	return 0;
}
