// SPDX-License-Identifier: MIT
/*
 * What a group uses. A table says which file of which hierarchy holds a figure, the better one
 * first: on a hybrid host the processor time is v2's, which counts without any controller, while
 * memory is v1's. What no file tells is not in `known`.
 */
#include "cgroup/usage.h"

#include "cgroup/internal.h"
#include "util/fd.h"

#include <stddef.h>

enum { FILE_MOST = 16384 };

enum form {
	FORM_NUMBER, /* the whole file */
	FORM_KEY,    /* the line "key value" */
	FORM_SUM,    /* v2 io.stat: every key=value of the file; v1: every "M:m Key value" */
	FORM_STALL,  /* pressure: total= of the line "some" */
};

struct figure {
	uint32_t bit;
	uint32_t controllers; /* v1: of the hierarchy; v2: 0, the file tells */
	bool v2;
	enum form form;
	const char *file, *key;
	uint64_t scale;
	size_t offset;
};

#define FIGURE(bit_, where_, form_, file_, key_, scale_, field_)                                 \
	{                                                                                        \
		.bit = bit_, where_, .form = form_, .file = file_, .key = key_, .scale = scale_, \
		.offset = offsetof(struct group_usage, field_)                                   \
	}
#define V1(controller) .controllers = UINT32_C(1) << CONTROLLER_##controller
#define V2	       .v2 = true

/* Figures of one file stand together: it is read once for them. */
static const struct figure figures[] = {
	FIGURE(USAGE_CPU, V2, FORM_KEY, "cpu.stat", "usage_usec", 1000, cpu_ns),
	FIGURE(USAGE_THROTTLED, V2, FORM_KEY, "cpu.stat", "throttled_usec", 1000, throttled_ns),
	FIGURE(USAGE_CPU, V1(CPUACCT), FORM_NUMBER, "cpuacct.usage", NULL, 1, cpu_ns),
	FIGURE(USAGE_THROTTLED, V1(CPU), FORM_KEY, "cpu.stat", "throttled_time", 1, throttled_ns),
	FIGURE(USAGE_MEMORY, V2, FORM_NUMBER, "memory.current", NULL, 1, memory),
	FIGURE(USAGE_MEMORY, V1(MEMORY), FORM_NUMBER, "memory.usage_in_bytes", NULL, 1, memory),
	FIGURE(USAGE_MEMORY_PEAK, V2, FORM_NUMBER, "memory.peak", NULL, 1, memory_peak),
	FIGURE(USAGE_MEMORY_PEAK, V1(MEMORY), FORM_NUMBER, "memory.max_usage_in_bytes", NULL, 1,
	       memory_peak),
	FIGURE(USAGE_SWAP, V2, FORM_NUMBER, "memory.swap.current", NULL, 1, swap),
	FIGURE(USAGE_SWAP, V1(MEMORY), FORM_KEY, "memory.stat", "total_swap", 1, swap),
	FIGURE(USAGE_PIDS, V2, FORM_NUMBER, "pids.current", NULL, 1, pids),
	FIGURE(USAGE_PIDS, V1(PIDS), FORM_NUMBER, "pids.current", NULL, 1, pids),
	FIGURE(USAGE_OOM_KILLS, V2, FORM_KEY, "memory.events", "oom_kill", 1, oom_kills),
	FIGURE(USAGE_MEMORY_MAX_HITS, V2, FORM_KEY, "memory.events", "max", 1, memory_max_hits),
	FIGURE(USAGE_OOM_KILLS, V1(MEMORY), FORM_KEY, "memory.oom_control", "oom_kill", 1,
	       oom_kills),
	FIGURE(USAGE_MEMORY_MAX_HITS, V1(MEMORY), FORM_NUMBER, "memory.failcnt", NULL, 1,
	       memory_max_hits),
	FIGURE(USAGE_PIDS_MAX_HITS, V2, FORM_KEY, "pids.events", "max", 1, pids_max_hits),
	FIGURE(USAGE_PIDS_MAX_HITS, V1(PIDS), FORM_KEY, "pids.events", "max", 1, pids_max_hits),
	FIGURE(USAGE_IO_READ, V2, FORM_SUM, "io.stat", "rbytes=", 1, io_read),
	FIGURE(USAGE_IO_WRITTEN, V2, FORM_SUM, "io.stat", "wbytes=", 1, io_written),
	FIGURE(USAGE_IO_READ, V1(IO), FORM_SUM, "blkio.throttle.io_service_bytes_recursive",
	       "Read ", 1, io_read),
	FIGURE(USAGE_IO_WRITTEN, V1(IO), FORM_SUM, "blkio.throttle.io_service_bytes_recursive",
	       "Write ", 1, io_written),
	FIGURE(USAGE_CPU_STALL, V2, FORM_STALL, "cpu.pressure", "some ", 1000, cpu_stall_ns),
	FIGURE(USAGE_MEMORY_STALL, V2, FORM_STALL, "memory.pressure", "some ", 1000,
	       memory_stall_ns),
	FIGURE(USAGE_IO_STALL, V2, FORM_STALL, "io.pressure", "some ", 1000, io_stall_ns),
};

static uint64_t sum_of(const char *text, const char *key)
{
	size_t length = strlen(key);
	uint64_t sum = 0;

	for (const char *at = text; (at = strstr(at, key)); at += length)
		if (at > text && at[-1] == ' ')
			sum += strtoull(at + length, NULL, 10);
	return sum;
}

/* The last file that was asked for. */
struct file_read {
	const char *file;
	bool there;
	char text[FILE_MOST];
};

static bool parse_figure(const struct figure *figure, const char *text, uint64_t *ret_value)
{
	const char *at;
	uint64_t value = 0;

	switch (figure->form) {
	case FORM_NUMBER:
		if (*text < '0' || *text > '9')
			return false;
		value = strtoull(text, NULL, 10);
		break;
	case FORM_KEY:
		if (!cgroup_key(text, figure->key, &value))
			return false;
		break;
	case FORM_STALL:
		at = strncmp(text, figure->key, strlen(figure->key)) == 0 ? strstr(text, "total=")
									  : NULL;
		if (!at)
			return false;
		value = strtoull(at + strlen("total="), NULL, 10);
		break;
	case FORM_SUM:
	default:
		value = sum_of(text, figure->key);
		break;
	}
	*ret_value = value * figure->scale;
	return true;
}

static void keep_figure(const struct figure *figure, const struct file_read *last,
			struct group_usage *usage)
{
	uint64_t value;

	if (!last->there || !parse_figure(figure, last->text, &value))
		return;
	memcpy((char *)usage + figure->offset, &value, sizeof(value));
	usage->known |= figure->bit;
}

void group_usage_add(int folder, bool v2, uint32_t controllers, uint32_t wanted,
		     struct group_usage *usage)
{
	struct file_read last;

	last.file = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const struct figure *f = &figures[i];

		if (!(wanted & f->bit) || f->v2 != v2 ||
		    (!v2 && (usage->known & f->bit || !(controllers & f->controllers))))
			continue;
		if (!last.file || !streq(last.file, f->file)) {
			last.file = f->file;
			last.there =
				file_read_into(folder, f->file, last.text, sizeof(last.text)) >= 0;
		}
		keep_figure(f, &last, usage);
	}
}

void group_usage_add_folder(int folder, bool v2, struct group_usage *usage)
{
	group_usage_add(folder, v2, UINT32_MAX, UINT32_MAX, usage);
}
