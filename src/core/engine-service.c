// SPDX-License-Identifier: MIT
/*
 * Services in the engine: where their folders are, what their groups mean to the policy's, and the
 * methods io.reeve.Service*. A request that has to wait for a process (start, stop, restart,
 * remove) is begun, and looked at by a timer until it is over; the loop waits for nothing.
 */
#include "core/engine-internal.h"

#include <limits.h>
#include <sys/stat.h>

enum { FIRST_USEC = 200, MOST_USEC = 20000, WAIT_MS = 25000 };

/* ---- the supervisor ---- */

static void tell(void *userdata, int level, const char *sentence)
{
	log_write(((struct engine *)userdata)->log, level, "%s", sentence);
	/* It has started, or ended. */
	engine_history_wake(userdata);
}

static void groups_changed(void *userdata)
{
	struct engine *engine = userdata;

	/* The gate must have the descriptors that are in use. */
	if (engine->policy && !engine->options.local && !engine_is_up_to_date(engine))
		(void)engine_resolve(engine);
}

/* Beside the policy: in its folder, or in the one that its file is in. */
static char *manifests_folder(const struct engine *engine)
{
	_cleanup_(freep) char *above = strdup(engine->config_path);
	char *folder = NULL, *slash;
	struct stat info;

	if (!above)
		return NULL;
	slash = strrchr(above, '/');
	if (stat(above, &info) < 0 || !S_ISDIR(info.st_mode)) {
		if (slash)
			slash[slash == above] = '\0';
		else
			above[0] = '\0';
	}
	if (asprintf(&folder, "%s%sservices", above, *above ? "/" : "./") < 0)
		return NULL;
	return folder;
}

static char *logs_folder(const struct engine *engine)
{
	char *folder = NULL;

	if (streq(engine->runtime_dir, ENGINE_RUNTIME_DIR))
		return strdup("/var/log/reeve/services");
	return asprintf(&folder, "%s/service-logs", engine->runtime_dir) < 0 ? NULL : folder;
}

int engine_services_load(struct engine *engine, struct error *err)
{
	_cleanup_(freep) char *manifests = manifests_folder(engine), *logs = logs_folder(engine);
	_cleanup_(freep) char *over = engine_fleet_services(engine);
	const struct supervisor_options options = {
		.host = engine->host,
		.event = engine->options.local || engine->options.dry_run ? NULL : engine->event,
		.groups = engine->groups,
		.manifests = manifests,
		.over = over,
		.runtime_dir = engine->runtime_dir,
		.log_dir = logs,
		.load_flags = LOAD_REQUIRE_OWNERSHIP,
		.notify_fd = engine_inherit(engine, "notify"),
		.tell = tell,
		.groups_changed = groups_changed,
		.ended = engine_export_service_end,
		.exit_status = engine_foreign_status,
		.userdata = engine,
	};

	if (!manifests || !logs || !over)
		return error_oom(err);
	engine_fleet_write_services(engine);
	return supervisor_new(&options, &engine->supervisor, err);
}

int engine_services_begin(struct engine *engine, struct error *err)
{
	return engine->options.dry_run ? 0 : supervisor_begin(engine->supervisor, err);
}

/* ---- requests that wait ---- */

struct service_wait {
	struct service_wait *next;
	struct engine *engine;
	struct varlink_call *call; /* NULL: the client has gone */
	char *name;
	const char *what;
	uint64_t deadline, wait_usec; /* ns; µs */
	sd_event_source *timer;
};

static void wait_free(struct service_wait *wait)
{
	struct service_wait **at = &wait->engine->service_waits;

	while (*at && *at != wait)
		at = &(*at)->next;
	if (*at)
		*at = wait->next;
	sd_event_source_disable_unref(wait->timer);
	free(wait->name);
	free(wait);
}

static void on_gone(struct varlink_call *call, void *userdata)
{
	((struct service_wait *)userdata)->call = NULL;
}

/* Where the service is now, for who asked. */
static json_t *answer_of(const struct engine *engine, const char *name)
{
	json_t *status = supervisor_status(engine->supervisor, name);

	return json_pack("{s:o}", "service", status ? status : json_null());
}

static void answer(struct service_wait *wait, int r, const struct error *err)
{
	if (!wait->call)
		return;
	varlink_on_gone(wait->call, NULL, NULL);
	if (r >= 0)
		(void)varlink_reply(wait->call, answer_of(wait->engine, wait->name));
	else
		(void)varlink_fail(wait->call, r, err);
}

static int on_wait(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct service_wait *wait = userdata;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = supervisor_outcome(wait->engine->supervisor, wait->name, wait->what, &err);

	/* Too late: how far it is stands in the answer. */
	if (r == -EINPROGRESS && clock_monotonic() >= wait->deadline)
		r = 0;
	if (r == -EINPROGRESS) {
		wait->wait_usec = MIN(wait->wait_usec * 2, (uint64_t)MOST_USEC);
		r = sd_event_source_set_time_relative(source, wait->wait_usec);
		if (r >= 0)
			r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
		if (r >= 0)
			return 0;
	}
	answer(wait, r, &err);
	wait_free(wait);
	return 0;
}

static int wait_for(struct engine *engine, struct varlink_call *call, const char *name,
		    const char *what, struct error *err)
{
	struct service_wait *wait = calloc(1, sizeof(*wait));
	int r;

	if (!wait)
		return error_oom(err);
	wait->engine = engine;
	wait->what = what;
	wait->deadline = clock_monotonic() + WAIT_MS * UINT64_C(1000000);
	wait->wait_usec = FIRST_USEC;
	wait->name = strdup(name);
	r = wait->name ? sd_event_add_time_relative(engine->event, &wait->timer, CLOCK_MONOTONIC, 0,
						    1, on_wait, wait)
		       : -ENOMEM;
	if (r < 0) {
		wait_free(wait);
		return error_set_errno(err, r, "cannot wait for service %s", name);
	}
	wait->next = engine->service_waits;
	engine->service_waits = wait;
	wait->call = call;
	varlink_on_gone(call, on_gone, wait);
	return 1;
}

static const struct {
	const char *method, *what;
	int (*begin)(struct supervisor *supervisor, const char *name, struct error *err);
} waiting[] = {
	{ "io.reeve.ServiceRemove", "remove", supervisor_remove },
	{ "io.reeve.ServiceRestart", "restart", supervisor_restart },
	{ "io.reeve.ServiceStart", "start", supervisor_start },
	{ "io.reeve.ServiceStop", "stop", supervisor_stop },
};

int engine_begin_service(struct engine *engine, const char *method, struct varlink_call *call,
			 const json_t *parameters, struct error *err)
{
	const char *name = json_string_value(json_object_get(parameters, "name"));

	for (size_t i = 0; name && i < ARRAY_SIZE(waiting); i++) {
		int r;

		if (!streq(waiting[i].method, method))
			continue;
		r = waiting[i].begin(engine->supervisor, name, err);
		return r < 0 ? r : wait_for(engine, call, name, waiting[i].what, err);
	}
	return 0;
}

void engine_services_stop(struct engine *engine)
{
	while (engine->service_waits) {
		answer(engine->service_waits, -ESHUTDOWN, NULL);
		wait_free(engine->service_waits);
	}
	supervisor_free(engine->supervisor);
	engine->supervisor = NULL;
}

/* ---- methods that answer at once ---- */

static int get_name(const json_t *parameters, const char **ret_name, struct error *err)
{
	*ret_name = json_string_value(json_object_get(parameters, "name"));
	return *ret_name ? 0 : error_set(err, -EINVAL, "parameter \"name\" must be a string");
}

static int reply(json_t *value, json_t **ret_reply, struct error *err)
{
	*ret_reply = value;
	return value ? 0 : error_oom(err);
}

static int do_list(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	return reply(json_pack("{s:o}", "services", supervisor_list(engine->supervisor)), ret_reply,
		     err);
}

static int no_such(const char *name, struct error *err)
{
	return error_set(err, -ENOENT, "there is no service \"%.64s\" (see: reeve service list)",
			 name);
}

static int do_status(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	struct group *group;
	const char *name, *group_of;
	json_t *status;
	int r = get_name(parameters, &name, err);

	if (r < 0)
		return r;
	status = supervisor_status(engine->supervisor, name);
	if (!status)
		return no_such(name, err);
	group_of = json_string_value(json_object_get(status, "group"));
	group = group_of ? groups_find(engine->groups, group_of) : NULL;
	return reply(json_pack("{s:o, s:o}", "service", status, "group",
			       group ? engine_group_to_json(engine, group) : json_null()),
		     ret_reply, err);
}

/* Without a socket: `reeve service start` and so on, which need a daemon, say so. */
static int do_begin(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		    struct error *err, size_t index)
{
	const char *name;
	int r = get_name(parameters, &name, err);

	if (r >= 0)
		r = waiting[index].begin(engine->supervisor, name, err);
	return r < 0 ? r : reply(answer_of(engine, name), ret_reply, err);
}

static int do_reload(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	const char *name;
	int r = get_name(parameters, &name, err);

	if (r >= 0)
		r = supervisor_signal(engine->supervisor, name, err);
	return r < 0 ? r : reply(answer_of(engine, name), ret_reply, err);
}

static int change(struct engine *engine, const json_t *parameters, const char *key,
		  int (*function)(struct supervisor *, const char *, const json_t *,
				  struct error *),
		  json_t **ret_reply, struct error *err)
{
	const json_t *object = json_object_get(parameters, key);
	const char *name;
	int r = get_name(parameters, &name, err);

	if (r >= 0 && !json_is_object(object))
		r = error_set(err, -EINVAL, "parameter \"%s\" must be an object", key);
	if (r >= 0)
		r = function(engine->supervisor, name, object, err);
	return r < 0 ? r : reply(answer_of(engine, name), ret_reply, err);
}

static int do_install(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		      struct error *err)
{
	return change(engine, parameters, "manifest", supervisor_install, ret_reply, err);
}

static int do_set(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		  struct error *err)
{
	return change(engine, parameters, "changes", supervisor_set, ret_reply, err);
}

static int do_unit(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	const struct service_manifest *manifest;
	_cleanup_(freep) char *text = NULL;
	const char *name;
	int r = get_name(parameters, &name, err);

	if (r < 0)
		return r;
	manifest = supervisor_manifest(engine->supervisor, name);
	if (!manifest)
		return no_such(name, err);
	text = service_unit_text(manifest);
	return text ? reply(json_pack("{s:s}", "unit", text), ret_reply, err) : error_oom(err);
}

int engine_service_control(struct engine *engine, const char *method, const json_t *parameters,
			   json_t **ret_reply, struct error *err)
{
	static const struct {
		const char *name;
		int (*function)(struct engine *engine, const json_t *parameters, json_t **ret_reply,
				struct error *err);
	} methods[] = {
		{ "io.reeve.ServiceInstall", do_install }, { "io.reeve.ServiceList", do_list },
		{ "io.reeve.ServiceReload", do_reload },   { "io.reeve.ServiceSet", do_set },
		{ "io.reeve.ServiceStatus", do_status },   { "io.reeve.ServiceUnit", do_unit },
	};
	int r = engine->supervisor ? 0 : engine_services_load(engine, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (streq(methods[i].name, method))
			return methods[i].function(engine, parameters, ret_reply, err);
	for (size_t i = 0; i < ARRAY_SIZE(waiting); i++)
		if (streq(waiting[i].method, method))
			return do_begin(engine, parameters, ret_reply, err, i);
	return error_set(err, -EOPNOTSUPP, "there is no method %s", method);
}
