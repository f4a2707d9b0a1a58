// SPDX-License-Identifier: MIT
/*
 * The keys of a manifest: its own, and those of a group. What can be known to fail before anything
 * is started is told here, with its place.
 */
#include "config/schema-service.h"

#include "config/service-profile.h"
#include "config/values.h"

#include <ctype.h>
#include <sys/stat.h>

#define SECOND UINT64_C(1000000000)

static void *field(void *target, const struct schema_key *key)
{
	return (char *)target + key->offset;
}

static bool read_flag(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	return value_bool(reader, key->name, value, field(target, key)) != VALUE_BAD;
}

static bool read_text(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const char *text;
	char **to = field(target, key);

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	*to = arena_string(reader->memory, text);
	return *to || report_oom(reader);
}

static bool read_words(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	return read_service_words(reader, key->name, value, field(target, key));
}

/* Names of other services. */
static bool read_names(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	char ***to = field(target, key);

	if (!read_service_words(reader, key->name, value, to))
		return false;
	for (char **name = *to; *name; name++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;

		if (service_name_check(*name, &err) < 0)
			return report_error(reader, value, NULL, "\"%s\": %s", key->name,
					    error_text(&err));
		if (streq(*name, ((struct service_manifest *)target)->name))
			return report_error(reader, value, NULL,
					    "\"%s\": a service cannot wait for itself", key->name);
	}
	return true;
}

static bool read_time(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = { .least = key->least, .most = key->most };

	return value_duration(reader, key->name, value, &range, field(target, key)) != VALUE_BAD;
}

static bool read_number(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	const struct number_range range = { .least = key->least, .most = key->most };
	uint64_t number = 0;
	enum value result = value_number(reader, key->name, value, &range, &number);

	if (result == VALUE_GOOD)
		*(unsigned *)field(target, key) = (unsigned)number;
	return result != VALUE_BAD;
}

static bool read_size(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = {
		.least = key->least,
		.most = key->most,
		.unit = UINT64_C(1) << 20,
	};

	return value_bytes(reader, key->name, value, &range, field(target, key)) != VALUE_BAD;
}

static bool read_signal(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	const char *text;
	int number;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	number = signal_from_name(text);
	if (number < 0)
		return report_error(reader, value, "write a name such as SIGTERM",
				    "\"%s\": there is no signal \"%.40s\"", key->name, text);
	*(int *)field(target, key) = number;
	return true;
}

static bool read_restart(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	struct service_manifest *manifest = target;
	size_t index = 0;

	/* "no" without quotes is false in YAML 1.1, and means the same here. */
	if (value_word(reader, key->name, value, restart_when_names, RESTART_WHENS, &index) !=
	    VALUE_GOOD)
		return false;
	manifest->restart.when = (enum restart_when)index;
	return true;
}

static bool read_ready(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	static const char *const words[] = {
		[READY_STARTED] = "started",
		[READY_NOTIFY] = "notify",
		[READY_FD] = "fd",
		[READY_CHECK] = "check",
	};
	struct service_manifest *manifest = target;
	size_t index = 0;

	if (value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index) != VALUE_GOOD)
		return false;
	manifest->ready = (enum service_ready)index;
	return true;
}

static bool read_output(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	static const char *const words[] = {
		[OUTPUT_FILE] = "file",
		[OUTPUT_JOURNAL] = "journal",
		[OUTPUT_NULL] = "none",
	};
	struct service_manifest *manifest = target;
	size_t index = 0;

	if (value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index) != VALUE_GOOD)
		return false;
	manifest->output = (enum service_output)index;
	return true;
}

static bool read_cwd(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	struct service_manifest *manifest = target;

	if (!read_text(reader, key, value, target))
		return false;
	return manifest->cwd[0] == '/' ||
	       report_error(reader, value, "write the path from \"/\" on",
			    "\"cwd\": \"%.80s\" does not begin with \"/\"", manifest->cwd);
}

/* ---- the sandbox ---- */

struct sandbox {
	struct reader *reader;
	const struct profile_schema *schema;
	struct service_manifest *manifest;
	struct service_profile profile;
	size_t count;
};

static const char *sandbox_key_at(size_t index, enum key_form *ret_form, void *userdata)
{
	const struct sandbox *sandbox = userdata;
	const char *name;
	size_t count = 0;

	while ((name = sandbox->schema->key_at(count, ret_form, sandbox->schema->userdata)))
		if (count++ == index)
			return name;
	*ret_form = KEY_VALUE;
	return index == count && sandbox->schema->profile ? "profile" : NULL;
}

/* The list with two strings more behind those that it has. */
static int sandbox_add(struct sandbox *sandbox, const char *key, const char *value,
		       struct error *err)
{
	struct arena *memory = sandbox->reader->memory;
	char **list = arena_alloc(memory, (sandbox->count + 3) * sizeof(*list));

	if (!list)
		return error_oom(err);
	for (size_t i = 0; i < sandbox->count; i++)
		list[i] = sandbox->manifest->sandbox[i];
	list[sandbox->count] = arena_string(memory, key);
	list[sandbox->count + 1] = arena_string(memory, value);
	if (!list[sandbox->count] || !list[sandbox->count + 1])
		return error_oom(err);
	sandbox->count += 2;
	sandbox->manifest->sandbox = list;
	return 0;
}

/* Once it has been looked at, it is kept as it was given. */
static int sandbox_take(const char *key, const char *value, void *userdata, struct error *err)
{
	struct sandbox *sandbox = userdata;
	int r;

	if (sandbox->schema->profile && streq(key, "profile")) {
		r = service_profile_read(sandbox->reader, value, sandbox->schema->profile,
					 &sandbox->profile, err);
		return r < 0 ? error_wrap(err, "profile") : 0;
	}
	r = sandbox->schema->take(key, value, sandbox->schema->userdata, err);
	return r < 0 ? r : sandbox_add(sandbox, key, value, err);
}

/* Of two values the later one holds: the profile's come first. */
static int join_profile(struct sandbox *sandbox)
{
	struct service_manifest *manifest = sandbox->manifest;
	const struct service_profile *profile = &sandbox->profile;
	char **own = manifest->sandbox;
	size_t own_count = sandbox->count;
	int r = 0;

	sandbox->count = 0;
	for (size_t i = 0; r == 0 && i < profile->count; i += 2)
		r = sandbox_add(sandbox, profile->pairs[i], profile->pairs[i + 1], NULL);
	manifest->profile_count = sandbox->count;
	for (size_t i = 0; r == 0 && i < own_count; i += 2)
		r = sandbox_add(sandbox, own[i], own[i + 1], NULL);
	if (r == 0 && json_object_size(profile->limits) > 0) {
		_cleanup_(freep) char *text = json_dumps(profile->limits, JSON_SORT_KEYS);

		manifest->profile_limits =
			text ? arena_string(sandbox->reader->memory, text) : NULL;
		r = manifest->profile_limits ? 0 : -ENOMEM;
	}
	return r;
}

static bool read_sandbox(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	struct sandbox sandbox = { .reader = reader,
				   .schema = reader->sandbox,
				   .manifest = target };
	const struct profile_schema schema = { sandbox_key_at, sandbox_take, &sandbox, NULL };
	bool good;

	if (!reader->sandbox)
		return report_error(reader, value, NULL, "\"%s\" means nothing here", key->name);
	good = profile_read_map(reader, "a sandbox", &schema, value);
	if (good && join_profile(&sandbox) < 0)
		good = report_oom(reader);
	sandbox.manifest->sandbox_at = position_of(value);
	service_profile_done(&sandbox.profile);
	return good;
}

#define FIELD(member) offsetof(struct service_manifest, member)
#define LONGEST	      (UINT64_C(86400) * 365 * SECOND)

static const struct schema_key service_keys[] = {
	{ "after", "names", "services that must be ready before", read_names, FIELD(after) },
	{ "cwd", "folder", "where it runs; default /", read_cwd, FIELD(cwd) },
	{ "description", "text", "for people", read_text, FIELD(description) },
	{ "enabled", "true or false", "whether it starts with the daemon; default true", read_flag,
	  FIELD(enabled) },
	{ "env", "map of texts", "variables besides PATH, HOME, USER, LOGNAME and SHELL",
	  read_service_env },
	{ "health", "map", "a check that is made again and again", read_service_health,
	  FIELD(health) },
	{ "listen", "list", "sockets that are handed to it: \"tcp:127.0.0.1:80\", \"unix:/run/x\"",
	  read_service_listen },
	{ "log_compress", "true or false", "whether old files are compressed; default true",
	  read_flag, FIELD(log_compress) },
	{ "log_keep", "number", "old files that are kept; default 3", read_number, FIELD(log_keep),
	  0, 1000 },
	{ "log_size", "bytes", "at which a new file is begun; default 1M", read_size,
	  FIELD(log_size), 4096, UINT64_C(1) << 40 },
	{ "on_pressure", "word", "log, freeze, restart, or a signal's name",
	  read_service_pressure },
	{ "output", "file, journal or none", "where what it prints goes", read_output },
	{ "post_stop", "program", "run when it is over", read_words, FIELD(post_stop) },
	{ "pre_start", "program", "run before each start, which it can refuse", read_words,
	  FIELD(pre_start) },
	{ "pressure_percent", "number", "of the time, stalled: 1 to 100, default 60", read_number,
	  FIELD(pressure_percent), 1, 100 },
	{ "pressure_time", "time", "for so long; default 10s", read_time, FIELD(pressure_time),
	  SECOND, LONGEST },
	{ "ready", "started, notify, fd or check", "when it counts as started", read_ready },
	{ "ready_fd", "number", "for ready: fd, where it writes a line", read_number,
	  FIELD(ready_fd), 3, 64 },
	{ "reload_signal", "signal", "what reeve service reload sends; default SIGHUP", read_signal,
	  FIELD(reload_signal) },
	{ "requires", "names", "the same as after, and it stops when one of them does", read_names,
	  FIELD(requires) },
	{ "restart", "word", "no, on-kill, on-abnormal, on-failure (default) or always",
	  read_restart },
	{ "restart_codes", "map", "exit code -> true (restart) or false", read_service_codes },
	{ "restart_delay", "time", "before the second restart in a row; default 100ms", read_time,
	  FIELD(restart.delay), 0, LONGEST },
	{ "restart_delay_max", "time", "the most that the delay grows to; default 1min", read_time,
	  FIELD(restart.delay_max), 0, LONGEST },
	{ "restart_factor", "number", "what the delay grows by; default 2", read_number,
	  FIELD(restart.factor), 1, 100 },
	{ "restart_healthy", "time", "who ran so long begins anew; default 10s", read_time,
	  FIELD(restart.healthy), 0, LONGEST },
	{ "restart_jitter", "number", "percent by which the delay is more or less; default 10",
	  read_number, FIELD(restart.jitter), 0, 100 },
	{ "restart_limit", "rate", "more restarts than that (\"5/min\") and it is given up",
	  read_service_limit },
	{ "run", "program", "a path, or a list of program and arguments", read_words, FIELD(run) },
	{ "sandbox", "map",
	  "what it sees and may do: options of reeve run, as in reeve-profile(5), and profile",
	  read_sandbox },
	{ "start_timeout", "time", "in which it must be ready; default 1min", read_time,
	  FIELD(start_timeout), SECOND / 1000, LONGEST },
	{ "stop_signal", "signal", "what it is asked to stop by; default SIGTERM", read_signal,
	  FIELD(stop_signal) },
	{ "stop_timeout", "time", "after which all of its group is killed; default 10s", read_time,
	  FIELD(stop_timeout), 0, LONGEST },
	{ "user", "name or number", "who it runs as; default root", read_service_user },
	{ "watchdog", "time", "how often it must say WATCHDOG=1", read_time, FIELD(watchdog),
	  SECOND / 1000, LONGEST },
};
const struct schema service_schema = {
	"a service", service_keys, ARRAY_SIZE(service_keys), { { &group_schema, FIELD(group) } }
};

/* ---- what must fit together ---- */

static bool check_ready(struct reader *reader, const struct node *root,
			const struct service_manifest *manifest)
{
	if (manifest->ready == READY_FD && manifest->ready_fd < 0)
		return report_error(reader, root, "add \"ready_fd: 3\"",
				    "\"ready: fd\" needs the number of the descriptor");
	if (manifest->ready != READY_FD && manifest->ready_fd >= 0)
		return report_error(reader, root, "write \"ready: fd\"",
				    "\"ready_fd\" is given, and \"ready\" is not \"fd\"");
	if (manifest->ready_fd >= 0 && (size_t)manifest->ready_fd < 3 + manifest->listen_count)
		return report_error(reader, root, NULL,
				    "\"ready_fd\": descriptor %d is one of \"listen\"'s",
				    manifest->ready_fd);
	if (manifest->ready == READY_CHECK && manifest->health.kind == HEALTH_NONE)
		return report_error(reader, root, "add \"health: {tcp: \"127.0.0.1:80\"}\"",
				    "\"ready: check\" needs a health check");
	return true;
}

static bool check_manifest(struct reader *reader, const struct node *root,
			   struct service_manifest *manifest)
{
	bool good = check_ready(reader, root, manifest);

	if (!manifest->run)
		good = report_error(reader, root, "add \"run: [/usr/local/bin/agent]\"",
				    "required key \"run\" is missing");
	if (limits_has(&manifest->group.limits, LIMIT_FREEZE) && manifest->group.limits.freeze)
		good = report_error(reader, root, "take \"freeze\" out",
				    "a service that is frozen from its start never runs");
	if (manifest->restart.delay > manifest->restart.delay_max)
		good = report_error(reader, root, NULL,
				    "\"restart_delay\" is above \"restart_delay_max\"");
	return good;
}

bool schema_service_read(struct reader *reader, const struct node *root,
			 struct service_manifest *manifest)
{
	char shown[80];

	if (root->kind != NODE_MAP)
		return report_error(reader, root, "a service begins like this: \"run:\"",
				    "a service must be a map of keys and values, not %s",
				    value_shown(reader, root, shown, sizeof(shown)));
	manifest->group.at = position_of(root);
	manifest->group.name = manifest->name;
	return schema_read(reader, &service_schema, root, manifest) &&
	       service_profile_limits(reader, manifest) && check_manifest(reader, root, manifest) &&
	       check_limits(reader, &manifest->group);
}
