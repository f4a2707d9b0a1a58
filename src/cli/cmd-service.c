// SPDX-License-Identifier: MIT
/*
 * reeve service ...: programs that the daemon starts, holds to their limits, and starts again. What
 * only changes a manifest works without a daemon too; the rest is the daemon's.
 */
#include "cli/commands.h"

#include "cli/control.h"
#include "cli/limit-options.h"
#include "cli/service-logs.h"
#include "cli/service-show.h"
#include "config/service.h"
#include "util/units.h"

#include <ctype.h>

/* ---- values ---- */

/* A value as the manifest would have it: a number, a word, or JSON where it begins as such. */
static json_t *value_of(const char *text)
{
	const char *digits = text + (*text == '-');
	json_t *value = NULL;

	if (streq(text, "") || streq(text, "default"))
		return json_null();
	if (strchr("[{\"", *text))
		value = json_loads(text, JSON_DECODE_ANY, NULL);
	else if (streq(text, "true") || streq(text, "false"))
		value = json_boolean(*text == 't');
	else if (digits[strspn(digits, "0123456789")] == '\0' && strlen(digits) < 18)
		value = json_integer(strtoll(text, NULL, 10));
	return value ? value : json_string(text);
}

static int add_word(json_t *object, const char *command, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	_cleanup_(freep) char *key = equals ? strndup(word, (size_t)(equals - word)) : NULL;
	json_t *value;

	if (!equals || equals == word)
		return error_set(err, -EINVAL, "%s: \"%s\" is not written KEY=VALUE", command,
				 word);
	value = value_of(equals + 1);
	/* A text that begins so is none: it was meant to be a list or a map. */
	if (json_is_string(value) && strchr("[{", equals[1])) {
		json_decref(value);
		return error_set(err, -EINVAL,
				 "%s: \"%s\" is not JSON, as lists and maps are given here: "
				 "KEY='[\"a\", \"b\"]', KEY='{\"a\": \"b\"}'",
				 command, word);
	}
	if (!key || json_object_set_new(object, key, value) < 0)
		return error_set(err, -EINVAL, "%s: \"%s\" is not UTF-8 text", command, word);
	return 0;
}

static int call_on(const struct cli *cli, const char *method, const char *name, json_t **ret_reply)
{
	json_t *parameters = json_pack("{s:s}", "name", name);

	if (!parameters) {
		cli_say(cli, "the service's name \"%s\" is not UTF-8 text", name);
		return EXIT_FAILED;
	}
	return cli_call(cli, method, parameters, ret_reply);
}

/* ---- install, set ---- */

static int make_manifest(const struct cli *cli, int count, char **words, json_t **ret_manifest,
			 struct error *err)
{
	json_t *manifest = json_object(), *run = json_array(), *limits = NULL;
	int r = limit_options_to_json(cli, &limits, err);

	if (r >= 0 && strchr(words[0], '/') && words[0][0] != '/')
		r = error_set(err, -EINVAL,
			      "service install: \"%s\": write the program's path from \"/\" on, "
			      "for a "
			      "service does not run in this folder",
			      words[0]);

	for (int i = 0; r >= 0 && i < count; i++)
		if (json_array_append_new(run, json_string(words[i])) < 0)
			r = error_set(err, -EINVAL, "service install: \"%s\" is not UTF-8 text",
				      words[i]);
	json_object_set_new(manifest, "run", run);
	if (limits)
		json_object_update(manifest, limits);
	json_decref(limits);
	if (r >= 0 && cli->restart)
		r = json_object_set_new(manifest, "restart", json_string(cli->restart));
	for (size_t i = 0; r >= 0 && i < cli->set.count; i++)
		r = add_word(manifest, "service install", cli->set.values[i], err);
	if (r < 0) {
		json_decref(manifest);
		return r;
	}
	*ret_manifest = manifest;
	return 0;
}

/* The daemon starts what is installed, if one runs and nothing says otherwise. What it says then
 * takes the place of *reply. */
static int start_installed(struct cli *cli, const char *name, json_t **reply)
{
	_cleanup_(control_freep) struct control *control = NULL;
	struct error err = ERROR_INIT;
	json_t *started = NULL;
	int r = control_open(cli, false, &control, &err);

	if (r == -ENOENT) {
		error_done(&err);
		cli_say(cli, "no daemon runs: %s starts with the next one", name);
		return EXIT_DONE;
	}
	if (r >= 0)
		r = control_call(control, "ServiceStart", json_pack("{s:s}", "name", name),
				 &started, &err);
	if (r < 0)
		return cli_fail(cli, &err);
	json_decref(*reply);
	*reply = started;
	return EXIT_DONE;
}

static int run_install(struct cli *cli, int count, char **operands)
{
	json_t *manifest = NULL, *parameters, *reply = NULL;
	struct error err = ERROR_INIT;
	int r = make_manifest(cli, count - 1, operands + 1, &manifest, &err);

	option_list_done(&cli->set);
	if (r < 0)
		return cli_usage(cli, &err);
	parameters = json_pack("{s:s, s:o}", "name", operands[0], "manifest", manifest);
	r = cli_call(cli, "ServiceInstall", parameters, &reply);
	if (r == EXIT_DONE && !cli->no_start)
		r = start_installed(cli, operands[0], &reply);
	if (r == EXIT_DONE && cli->json)
		r = cli_print_json(cli, reply);
	else if (r == EXIT_DONE)
		fprintf(cli->out, "%s: installed\n", operands[0]);
	json_decref(reply);
	return r;
}

static int send_changes(struct cli *cli, const char *name, json_t *changes)
{
	json_t *reply = NULL;
	int r = cli_call(cli, "ServiceSet",
			 json_pack("{s:s, s:o}", "name", name, "changes", changes), &reply);

	if (r != EXIT_DONE)
		return r;
	if (cli->json)
		r = cli_print_json(cli, reply);
	else
		fprintf(cli->out, "%s: %s%s\n", name, cli->command->done,
			streq(cli->command->name, "service set") &&
					member_true(json_object_get(reply, "service"), "changed")
				? " (all but limits: at its next start)"
				: "");
	json_decref(reply);
	return r;
}

static int run_set(struct cli *cli, int count, char **operands)
{
	json_t *changes = json_object();
	struct error err = ERROR_INIT;

	for (int i = 1; i < count; i++) {
		if (add_word(changes, "service set", operands[i], &err) < 0) {
			json_decref(changes);
			return cli_usage(cli, &err);
		}
	}
	return send_changes(cli, operands[0], changes);
}

static int run_enable(struct cli *cli, _unused_ int count, char **operands)
{
	return send_changes(cli, operands[0],
			    json_pack("{s:b}", "enabled",
				      streq(cli->command->name, "service enable")));
}

/* ---- start, stop, restart, reload, remove ---- */

static int run_on_name(struct cli *cli, int count, char **operands)
{
	int code = EXIT_DONE;

	for (int i = 0; i < count; i++) {
		json_t *reply = NULL;
		int r = call_on(cli, cli->command->method, operands[i], &reply);

		if (r == EXIT_DONE && cli->json)
			r = cli_print_json(cli, reply);
		else if (r == EXIT_DONE)
			service_show_state(cli->out, operands[i], cli->command->done,
					   json_object_get(reply, "service"));
		json_decref(reply);
		code = r != EXIT_DONE ? r : code;
	}
	return code;
}

/* ---- looking ---- */

static int run_list(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	json_t *reply = NULL;
	int r = cli_call(cli, "ServiceList", NULL, &reply);

	if (r != EXIT_DONE)
		return r;
	if (cli->json)
		r = cli_print_json(cli, reply);
	else
		service_show_list(cli->out, cli->colour_out, json_object_get(reply, "services"));
	json_decref(reply);
	return r;
}

static int run_status(struct cli *cli, int count, char **operands)
{
	json_t *reply = NULL;
	int r;

	if (count == 0)
		return run_list(cli, count, operands);
	r = call_on(cli, "ServiceStatus", operands[0], &reply);
	if (r != EXIT_DONE)
		return r;
	if (cli->json)
		r = cli_print_json(cli, reply);
	else
		service_show(cli->out, cli->colour_out, json_object_get(reply, "service"),
			     json_object_get(reply, "group"));
	json_decref(reply);
	return r;
}

static int run_unit(struct cli *cli, _unused_ int count, char **operands)
{
	json_t *reply = NULL;
	int r = call_on(cli, "ServiceUnit", operands[0], &reply);

	if (r != EXIT_DONE)
		return r;
	fputs(member_string(reply, "unit"), cli->out);
	json_decref(reply);
	return EXIT_DONE;
}

static int run_logs(struct cli *cli, _unused_ int count, char **operands)
{
	_cleanup_(freep) char *file = NULL;
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	uint64_t lines = 10;
	int r;

	if (cli->count && parse_u64(cli->count, &lines) < 0) {
		error_set(&err, -EINVAL, "service logs: --lines is \"%s\"; it is a number",
			  cli->count);
		return cli_usage(cli, &err);
	}
	r = call_on(cli, "ServiceStatus", operands[0], &reply);
	if (r != EXIT_DONE)
		return r;
	file = strdup(member_string(json_object_get(json_object_get(reply, "service"), "output"),
				    "file"));
	json_decref(reply);
	if (!file || !*file) {
		error_set(&err, -ENOENT, "service %s keeps no file of what it prints (output)",
			  operands[0]);
		return cli_fail(cli, &err);
	}
	r = service_logs(file, lines, cli->follow, cli->out, &err);
	return r < 0 ? cli_fail(cli, &err) : EXIT_DONE;
}

/* ---- the table ---- */

#define FIELD(member) offsetof(struct cli, member)

static const struct command_option install_options[] = {
	{ "no-start", 0, OPTION_FLAG, NULL, "do not start it now", FIELD(no_start) },
	{ "restart", 0, OPTION_STRING, "WHEN", "no, on-kill, on-abnormal, on-failure or always",
	  FIELD(restart) },
	{ "set", 's', OPTION_LIST, "KEY=VALUE",
	  "any key of reeve.service.yaml(5); lists and maps as JSON", FIELD(set) },
};

static const struct command_option logs_options[] = {
	{ "follow", 'f', OPTION_FLAG, NULL, "and what is printed from now on", FIELD(follow) },
	{ "lines", 'n', OPTION_STRING, "N", "the last N (default 10)", FIELD(count) },
};

#define ON_NAME(name_, method_, done_, summary_)                                        \
	{                                                                               \
		.name = "service " name_, .usage = "NAME...", .summary = summary_,      \
		.flags = COMMAND_UNLIMITED, .operands = 1, .method = "Service" method_, \
		.done = done_, .run = run_on_name,                                      \
	}

const struct command service_commands[] = {
	{
		.name = "service install",
		.usage = "NAME [LIMIT...] [--restart WHEN] -- PROGRAM [ARGUMENT...]",
		.summary = "Write the manifest of a service, and start it",
		.description = "What it is held to, and all else, can be changed later (*service "
			       "set*, or the file). Without a daemon the manifest is written, and "
			       "the next daemon starts it.",
		.flags = COMMAND_LOCAL | COMMAND_BARE | COMMAND_LIMITS | COMMAND_UNLIMITED,
		.operands = 2,
		COMMAND_OPTIONS(install_options),
		.run = run_install,
	},
	ON_NAME("start", "Start", "started", "Start services, and those that they require"),
	ON_NAME("stop", "Stop", "stopped", "Stop services, with all that they have started"),
	ON_NAME("restart", "Restart", "restarted", "Stop services and start them again"),
	ON_NAME("reload", "Reload", "told to reload",
		"Send services the signal that they reload by"),
	{
		.name = "service remove",
		.usage = "NAME...",
		.summary = "Stop services and remove their manifests",
		.flags = COMMAND_LOCAL | COMMAND_BARE | COMMAND_UNLIMITED,
		.operands = 1,
		.method = "ServiceRemove",
		.done = "removed",
		.run = run_on_name,
	},
	{
		.name = "service list",
		.usage = "[OPTION...]",
		.summary = "List all services",
		.run = run_list,
	},
	{
		.name = "service status",
		.usage = "[NAME]",
		.summary = "Show everything about a service, its last ends too",
		.flags = COMMAND_UNLIMITED,
		.run = run_status,
	},
	{
		.name = "service logs",
		.usage = "NAME [-f] [-n N]",
		.summary = "Show what a service printed",
		.flags = COMMAND_TEXT,
		.operands = 1,
		COMMAND_OPTIONS(logs_options),
		.run = run_logs,
	},
	{
		.name = "service set",
		.usage = "NAME KEY=VALUE...",
		.summary = "Change a manifest, and the limits of what runs",
		.description = "An empty value takes the key out. Limits hold at once, everything "
			       "else from the next start on.",
		.flags = COMMAND_LOCAL | COMMAND_BARE | COMMAND_UNLIMITED,
		.operands = 2,
		.done = "set",
		.run = run_set,
	},
	{
		.name = "service enable",
		.usage = "NAME",
		.summary = "Have a service start with the daemon",
		.flags = COMMAND_LOCAL | COMMAND_BARE,
		.operands = 1,
		.done = "enabled",
		.run = run_enable,
	},
	{
		.name = "service disable",
		.usage = "NAME",
		.summary = "Have a service not start with the daemon",
		.flags = COMMAND_LOCAL | COMMAND_BARE,
		.operands = 1,
		.done = "disabled",
		.run = run_enable,
	},
	{
		.name = "service unit",
		.usage = "NAME",
		.summary = "Print a systemd unit that does what the manifest says",
		.flags = COMMAND_LOCAL | COMMAND_BARE | COMMAND_TEXT,
		.operands = 1,
		.run = run_unit,
	},
};
const size_t service_command_count = ARRAY_SIZE(service_commands);
