// SPDX-License-Identifier: MIT
/*
 * A group above memory.high without anything to reclaim is slowed down without end: it is neither
 * killed nor of any use. What tells is the kernel's pressure: the share of time in which all of the
 * group's processes waited for memory at once ("full" in memory.pressure of v2, which is there
 * also where the memory controller is v1's). It is looked at only for who has on_pressure.
 */
#include "service/internal.h"

#include "util/fd.h"
#include "util/text.h"

enum { SAMPLES = 10 };

struct pressure {
	struct service *service;
	sd_event_source *timer;
	uint64_t totals[SAMPLES + 1], times[SAMPLES + 1]; /* µs, ns; a ring */
	size_t count;
	unsigned percent;
};

void pressure_free(struct pressure *pressure)
{
	if (!pressure)
		return;
	sd_event_source_disable_unref(pressure->timer);
	free(pressure);
}

unsigned pressure_percent(const struct pressure *pressure)
{
	return pressure ? pressure->percent : 0;
}

/* Microseconds since the group was made, or -errno. */
static int64_t read_total(const struct service *service)
{
	const struct group *group = service_group(service);
	char text[512];
	const char *full, *total;
	ssize_t n;

	if (!group || group_clone_fd(group) < 0)
		return -ENOENT;
	n = file_read_into(group_clone_fd(group), "memory.pressure", text, sizeof(text));
	if (n < 0)
		return n;
	full = strstr(text, "full ");
	total = full ? strstr(full, "total=") : NULL;
	return total ? (int64_t)strtoull(total + 6, NULL, 10) : -EBADMSG;
}

static void act(struct service *service, unsigned percent)
{
	const struct service_manifest *manifest = service->manifest;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct group *group = service_group(service);
	static const char *const doing[] = {
		[PRESSURE_NONE] = "",
		[PRESSURE_LOG] = "told only",
		[PRESSURE_FREEZE] = "frozen",
		[PRESSURE_SIGNAL] = "signalled",
		[PRESSURE_RESTART] = "restarted",
	};

	service->pressure_events++;
	service_tell(service, LOG_WARNING,
		     "all of it waited for memory for %u %% of the time (on_pressure: it is %s)",
		     percent, doing[manifest->on_pressure]);
	switch (manifest->on_pressure) {
	case PRESSURE_FREEZE:
		if (group && group_freeze(group, true, 0, &err) < 0 && err.code != -ETIMEDOUT)
			service_trouble(service, &err);
		break;
	case PRESSURE_SIGNAL:
		(void)launch_signal(&service->child, manifest->pressure_signal);
		break;
	case PRESSURE_RESTART:
		machine_fail(&service->machine, END_PRESSURE);
		break;
	default:
		break;
	}
}

/* Whether the time is over that is looked at, and what it came to. */
static bool is_high(struct pressure *pressure, uint64_t total)
{
	const struct service_manifest *manifest = pressure->service->manifest;
	size_t now = pressure->count % (SAMPLES + 1), first;
	uint64_t waited, passed;

	pressure->totals[now] = total;
	pressure->times[now] = clock_monotonic();
	pressure->count++;
	if (pressure->count <= SAMPLES)
		return false;
	first = pressure->count % (SAMPLES + 1);
	waited = pressure->totals[now] - pressure->totals[first];
	passed = (pressure->times[now] - pressure->times[first]) / 1000;
	pressure->percent = passed > 0 ? (unsigned)(MIN(waited, passed) * 100 / passed) : 0;
	return pressure->percent >= manifest->pressure_percent;
}

static int on_sample(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct pressure *pressure = userdata;
	struct service *service = pressure->service;
	int64_t total = read_total(service);

	if (total < 0) {
		service_tell(service, LOG_WARNING, "its pressure cannot be read any more: %s",
			     strerror((int)-total));
		return 0;
	}
	if (sd_event_source_set_time_relative(source, service->manifest->pressure_time / 1000 /
							      SAMPLES) >= 0)
		(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (!is_high(pressure, (uint64_t)total))
		return 0;
	/* It is looked at anew from now on; the machine may free what looks. */
	pressure->count = 0;
	act(service, pressure->percent);
	return 0;
}

void service_pressure_start(struct service *service)
{
	struct pressure *pressure;
	int64_t total;
	int r;

	if (service->manifest->on_pressure == PRESSURE_NONE)
		return;
	total = read_total(service);
	if (total < 0) {
		service_tell(service, LOG_WARNING,
			     "on_pressure does nothing: memory.pressure of its group cannot be "
			     "read (%s)",
			     strerror((int)-total));
		return;
	}
	pressure = calloc(1, sizeof(*pressure));
	if (!pressure)
		return;
	pressure->service = service;
	r = sd_event_add_time_relative(service->supervisor->options.event, &pressure->timer,
				       CLOCK_MONOTONIC,
				       service->manifest->pressure_time / 1000 / SAMPLES, 10000,
				       on_sample, pressure);
	if (r < 0) {
		service_tell(service, LOG_ERR, "on_pressure does nothing: %s", strerror(-r));
		pressure_free(pressure);
		return;
	}
	service->pressure = pressure;
}
