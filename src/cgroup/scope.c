// SPDX-License-Identifier: MIT
/* systemd's StartTransientUnit (Interface API of org.freedesktop.systemd1, systemd 239 and later).
 */
#include "cgroup/scope.h"

#include "util/host.h"

#define SYSTEMD_NAME   "org.freedesktop.systemd1"
#define SYSTEMD_PATH   "/org/freedesktop/systemd1"
#define MANAGER	       "org.freedesktop.systemd1.Manager"
#define UNIT_EXISTS    "org.freedesktop.systemd1.UnitExists"
#define ANSWER_USEC    UINT64_C(25000000)
#define PRIVATE_SOCKET "unix:path=/run/systemd/private"

struct job {
	char path[256];
	char result[64];
	bool done;
};

static int on_job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct job *job = data;
	const char *path, *unit, *result;
	uint32_t id;
	int r = sd_bus_message_read(message, "uoss", &id, &path, &unit, &result);

	(void)error;
	if (r < 0 || !streq(path, job->path))
		return 0;
	snprintf(job->result, sizeof(job->result), "%s", result);
	job->done = true;
	return 0;
}

static int wait_for_job(sd_bus *bus, struct job *job)
{
	uint64_t end = clock_monotonic() / 1000 + ANSWER_USEC;

	while (!job->done) {
		uint64_t now = clock_monotonic() / 1000;
		int r = sd_bus_process(bus, NULL);

		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (now >= end)
			return -ETIMEDOUT;
		r = sd_bus_wait(bus, end - now);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return streq(job->result, "done") ? 0 : -EIO;
}

int scope_open_bus(sd_bus **ret_bus)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0) {
		*ret_bus = TAKE_PTR(bus);
		return 0;
	}
	/* Before dbus is up, or where there is none: systemd's own socket, for root. */
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, PRIVATE_SOCKET);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		*ret_bus = TAKE_PTR(bus);
	return r;
}

static int append_properties(sd_bus_message *message, const struct scope_request *request)
{
	int r = sd_bus_message_open_container(message, 'a', "(sv)");

	if (r >= 0)
		r = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)", "Description", "s",
					  request->description, "Delegate", "b", 1, "CollectMode",
					  "s", "inactive-or-failed", "PIDs", "au", 1,
					  (uint32_t)request->pid);
	if (r >= 0 && request->slice)
		r = sd_bus_message_append(message, "(sv)", "Slice", "s", request->slice);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? r : sd_bus_message_append(message, "a(sa(sv))", 0);
}

int scope_start(sd_bus *bus, const struct scope_request *request, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
	_cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
	struct job job = { 0 };
	const char *path;
	int r;

	/* The match comes before the call, so that the end of the job cannot be missed. */
	r = sd_bus_match_signal(bus, &slot, NULL, SYSTEMD_PATH, MANAGER, "JobRemoved",
				on_job_removed, &job);
	if (r >= 0)
		r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER, "Subscribe", error,
				       NULL, NULL);
	if (r >= 0)
		r = sd_bus_message_new_method_call(bus, &call, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER,
						   "StartTransientUnit");
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", request->scope, "fail");
	if (r >= 0)
		r = append_properties(call, request);
	if (r < 0)
		return r;
	r = sd_bus_call(bus, call, ANSWER_USEC, error, &reply);
	if (r < 0)
		return sd_bus_error_has_name(error, UNIT_EXISTS) ? -EEXIST : r;
	r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return r;
	snprintf(job.path, sizeof(job.path), "%s", path);
	return wait_for_job(bus, &job);
}

int scope_make(const struct scope_request *request, struct error *err)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int r;

	if (access("/run/systemd/system", F_OK) < 0)
		return error_set(err, -ENODEV, "systemd is not process 1 here");
	r = scope_open_bus(&bus);
	if (r < 0)
		return error_set_errno(err, r, "systemd cannot be asked over D-Bus");
	r = scope_start(bus, request, &error);
	if (r == -EEXIST)
		return error_set(err, r, "there is a scope %s already", request->scope);
	if (r < 0)
		return error_set(err, r, "systemd refused the scope %s: %s", request->scope,
				 sd_bus_error_is_set(&error) ? error.message : strerror(-r));
	return 0;
}

bool scope_is_name(const char *name, const char *suffix)
{
	size_t a = strlen(name), b = strlen(suffix);

	return a > b && !strchr(name, '/') && name[0] != '-' && streq(name + a - b, suffix);
}
