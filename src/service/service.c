// SPDX-License-Identifier: MIT
/*
 * One service: what its machine asks for, done by system calls, and what the kernel tells of it,
 * told to its machine. Why a run has ended is taken from the kernel's own counters of the group
 * (an OOM kill is not guessed from SIGKILL), and read before the group is empty.
 */
#include "service/internal.h"

#include "service/exit-status.h"
#include "util/units.h"

#include <stdarg.h>
#include <sys/wait.h>

void service_tell(struct service *service, int level, const char *format, ...)
{
	const struct supervisor_options *options = &service->supervisor->options;
	_cleanup_(freep) char *sentence = NULL, *whole = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&sentence, format, arguments) < 0)
		sentence = NULL;
	va_end(arguments);
	if (sentence && asprintf(&whole, "service %s: %s", service->name, sentence) < 0)
		whole = NULL;
	if (whole)
		options->tell(options->userdata, level, whole);
}

void service_trouble(struct service *service, struct error *err)
{
	service_tell(service, LOG_ERR, "%s", error_text(err));
	free(service->trouble);
	service->trouble = strdup(error_text(err));
	error_done(err);
}

/* ---- life ---- */

int service_new(struct supervisor *supervisor, const char *name, struct service **ret_service)
{
	_cleanup_(service_freep) struct service *service = calloc(1, sizeof(*service));

	if (!service)
		return -ENOMEM;
	service->supervisor = supervisor;
	service->journal_fd = service->ready_fd = service->child.pidfd = -1;
	service->name = strdup(name);
	if (!service->name || asprintf(&service->group, SERVICE_GROUPS "/%s", name) < 0)
		return -ENOMEM;
	machine_init(&service->machine, NULL, &service_ops, service);
	*ret_service = TAKE_PTR(service);
	return 0;
}

/* What belongs to a run. */
static void leave(struct service *service)
{
	service->exit = sd_event_source_disable_unref(service->exit);
	service->watchdog_timer = sd_event_source_disable_unref(service->watchdog_timer);
	service->ready_source = sd_event_source_disable_unref(service->ready_source);
	health_free(service->health);
	pressure_free(service->pressure);
	service->health = NULL;
	service->pressure = NULL;
	closep(&service->ready_fd);
	service->ready_fd = -1;
	launch_child_done(&service->child);
	service->status_text[0] = '\0';
}

void service_free(struct service *service)
{
	if (!service)
		return;
	leave(service);
	sd_event_source_disable_unref(service->timer);
	sd_event_source_disable_unref(service->kill_timer);
	sd_event_source_disable_unref(service->record_defer);
	helper_free(service->helper);
	service_unlisten(service);
	output_free(service->output);
	closep(&service->journal_fd);
	service_manifest_free(service->manifest);
	service_manifest_free(service->next_manifest);
	free(service->problem);
	free(service->unheld);
	free(service->trouble);
	free(service->name);
	free(service->group);
	free(service);
}

static bool same_sockets(const struct service_manifest *a, const struct service_manifest *b)
{
	if (a->listen_count != b->listen_count)
		return false;
	for (size_t i = 0; i < a->listen_count; i++)
		if (!streq(a->listen[i].name, b->listen[i].name))
			return false;
	return true;
}

void service_take_manifest(struct service *service)
{
	if (!service->next_manifest)
		return;
	if (service->manifest && !same_sockets(service->manifest, service->next_manifest))
		service_unlisten(service);
	service_manifest_free(service->manifest);
	service->manifest = TAKE_PTR(service->next_manifest);
	service->machine.manifest = service->manifest;
}

/* ---- the end of the process ---- */

static const char *describe_end(const struct service *service, const struct service_end *end,
				char *text, size_t size)
{
	char name[32], ram[32], wall[32];
	const struct limits *limits = &service->manifest->group.limits;

	format_duration(end->wall, wall, sizeof(wall));
	switch (end->reason) {
	case END_EXIT:
		snprintf(text, size, "ended with code %d after %s", end->code, wall);
		break;
	case END_SIGNAL:
		snprintf(text, size, "was killed by %s%s after %s",
			 signal_to_name(end->signal, name, sizeof(name)),
			 end->core ? " (core dumped)" : "", wall);
		break;
	case END_OOM:
		snprintf(text, size,
			 "was killed by the kernel after %s: its memory was at the limit of its "
			 "group%s%s",
			 wall, limits_has(limits, LIMIT_RAM) ? ", ram " : "",
			 limits_has(limits, LIMIT_RAM) ? format_bytes(limits->ram, ram, sizeof(ram))
						       : "");
		break;
	case END_UNKNOWN:
		snprintf(text, size,
			 "ended after %s; how is not known, for an earlier daemon had started it",
			 wall);
		break;
	default:
		snprintf(text, size, "was ended (%s) after %s", end_reason_names[end->reason],
			 wall);
		break;
	}
	return text;
}

void service_tell_end(struct service *service, const struct service_end *end)
{
	const struct supervisor_options *options = &service->supervisor->options;
	char text[256];

	if (options->ended) {
		json_t *object = end_to_json(end);

		options->ended(options->userdata, service->name, object);
		json_decref(object);
	}
	service_tell(service, service_end_failed(end) ? LOG_WARNING : LOG_INFO, "process %d %s",
		     end->pid, describe_end(service, end, text, sizeof(text)));
	if (end->left > 0)
		service_tell(service, LOG_NOTICE, "left %u processes behind, which are killed",
			     end->left);
}

static void on_ended(struct service *service, const struct launch_status *status, bool known)
{
	struct service_end end = { .reason = END_UNKNOWN };
	const struct group *group = service_group(service);

	end.pid = service->child.pid;
	if (known) {
		end.reason = status->signal ? END_SIGNAL : END_EXIT;
		end.code = status->signal ? 0 : status->exit_code;
		end.signal = status->signal;
		end.core = status->core;
		end.user_ns = (uint64_t)status->usage.ru_utime.tv_sec * 1000000000 +
			      (uint64_t)status->usage.ru_utime.tv_usec * 1000;
		end.system_ns = (uint64_t)status->usage.ru_stime.tv_sec * 1000000000 +
				(uint64_t)status->usage.ru_stime.tv_usec * 1000;
	}
	service->usage = (struct group_usage){ 0 };
	if (group)
		(void)group_usage(group, &service->usage);
	if ((!known || end.signal == SIGKILL) && service->usage.known & USAGE_OOM_KILLS &&
	    service->usage.oom_kills > service->baseline.oom_kills)
		end.reason = END_OOM;
	if (service->output)
		output_drain(service->output);
	leave(service);
	machine_ended(&service->machine, &end);
}

/* ---- waiting for it ---- */

/* Not our child: an earlier daemon's, whom it has outlived. */
static void on_foreign_end(struct service *service)
{
	const struct host *host = service->supervisor->options.host;
	struct launch_status status = { 0 };
	int word = 0;
	const struct supervisor_options *options = &service->supervisor->options;
	int r = process_exit_status(host, service->child.pid, service->start_ticks,
				    service->child.pidfd, &word);

	if (r < 0 && options->exit_status)
		r = options->exit_status(options->userdata, service->child.pid, &word);
	if (r == 0) {
		status.signal = WIFSIGNALED(word) ? WTERMSIG(word) : 0;
		status.exit_code = WIFEXITED(word) ? WEXITSTATUS(word) : 128 + status.signal;
		status.core = WIFSIGNALED(word) && WCOREDUMP(word);
	}
	on_ended(service, &status, r == 0);
}

static int on_exit_of_service(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct service *service = userdata;
	struct launch_status status = { 0 };
	int r = launch_poll(&service->child, &status);

	/* After reeved has executed itself anew, what it had started are its children still. */
	if (r == -ECHILD)
		on_foreign_end(service);
	else if (r != 0)
		on_ended(service, &status, r > 0);
	return 0;
}

int service_watch(struct service *service)
{
	return sd_event_add_io(service->supervisor->options.event, &service->exit,
			       service->child.pidfd, EPOLLIN, on_exit_of_service, service);
}

/* ---- what it says itself ---- */

static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct service *service = userdata;

	service_tell(service, LOG_WARNING, "has not said WATCHDOG=1 in time");
	machine_fail(&service->machine, END_WATCHDOG);
	return 0;
}

/* Not before it is ready, as systemd has it: what takes long to begin need not answer meanwhile. */
void service_feed_watchdog(struct service *service)
{
	uint64_t usec = service->manifest->watchdog / 1000;

	if (usec == 0 || !machine_is_up(&service->machine))
		return;
	if (!service->watchdog_timer)
		(void)sd_event_add_time_relative(service->supervisor->options.event,
						 &service->watchdog_timer, CLOCK_MONOTONIC, usec,
						 1000, on_watchdog, service);
	else if (sd_event_source_set_time_relative(service->watchdog_timer, usec) >= 0)
		(void)sd_event_source_set_enabled(service->watchdog_timer, SD_EVENT_ONESHOT);
}

void service_message(struct service *service, const struct notify_message *message)
{
	if (message->words & NOTIFY_STATUS)
		memcpy(service->status_text, message->status, sizeof(service->status_text));
	if (message->words & NOTIFY_READY)
		machine_ready(&service->machine);
	if (message->words & (NOTIFY_READY | NOTIFY_WATCHDOG))
		service_feed_watchdog(service);
	if (message->words & NOTIFY_WATCHDOG_TRIGGER && service->manifest->watchdog > 0)
		machine_fail(&service->machine, END_WATCHDOG);
}

static int on_ready_fd(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct service *service = userdata;
	char text[256];
	ssize_t n = read(fd, text, sizeof(text));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0 && !memchr(text, '\n', (size_t)n))
		return 0;
	service->ready_source = sd_event_source_disable_unref(service->ready_source);
	if (n > 0)
		machine_ready(&service->machine);
	return 0;
}

void service_attend(struct service *service)
{
	if (service->ready_fd >= 0 && !service->machine.ready)
		(void)sd_event_add_io(service->supervisor->options.event, &service->ready_source,
				      service->ready_fd, EPOLLIN, on_ready_fd, service);
	service_feed_watchdog(service);
	service_health_start(service);
	service_pressure_start(service);
}
