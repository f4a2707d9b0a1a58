// SPDX-License-Identifier: MIT
/* The commands that are one call, or none: clean, help, mount, reload, scan, version. */
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/control.h"

#include "cgroup/layout.h"
#include "cli/output.h"
#include "source/audit.h"

#include <inttypes.h>

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- clean ---- */

/* Rules that a dead reeve has left in the kernel's audit. -errno; 0 also where there is no audit.
 */
static int clean_audit(struct error *err)
{
	_cleanup_(host_freep) struct host *host = NULL;
	int r = host_new(&host, err);

	if (r >= 0)
		r = audit_clean(host, err);
	if (r != -EPROTONOSUPPORT)
		return r;
	error_done(err);
	return 0;
}

static void print_clean(struct cli *cli, json_t *reply, int rules)
{
	uint64_t removed = member_integer(reply, "removed");

	if (cli->json) {
		json_object_set_new(reply, "audit_rules", json_integer(MAX(rules, 0)));
		cli_print_json(cli, reply);
		return;
	}
	if (removed > 0)
		fprintf(cli->out, "%" PRIu64 " group%s removed\n", removed, plural(removed));
	if (rules > 0)
		fprintf(cli->out, "%d audit rule%s removed\n", rules, plural((uint64_t)rules));
	if (removed == 0 && rules <= 0)
		fputs("nothing to remove\n", cli->out);
}

static int run_clean(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	int r = cli_call(cli, "Clean", NULL, &reply), rules;

	if (r != EXIT_DONE)
		return r;
	rules = clean_audit(&err);
	print_clean(cli, reply, rules);
	r = cli_tell_problems(cli, reply);
	json_decref(reply);
	if (rules >= 0)
		return r;
	error_wrap(&err, "cannot look for audit rules that were left behind");
	return cli_fail(cli, &err);
}

const struct command clean_command = {
	.name = "clean",
	.usage = "[OPTION...]",
	.summary = "Move every process out of reeve's groups and remove what it has made",
	.description = "Only groups that reeve has made are removed, and none while a daemon runs: "
		       "stop it first. Frozen processes are thawed. Audit rules that a reeve "
		       "has left behind that was killed are removed, too.",
	.flags = COMMAND_LOCAL | COMMAND_BARE,
	.run = run_clean,
};

/* ---- help ---- */

static int run_help(struct cli *cli, int count, char **operands)
{
	const struct command *command;
	struct error err = ERROR_INIT;
	int words;

	if (cli->complete) {
		complete(cli, count, operands, cli->out);
		return EXIT_DONE;
	}
	if (cli->scdoc) {
		help_scdoc(cli->out);
		return EXIT_DONE;
	}
	if (count == 0) {
		help_overview(NULL, cli->out);
		return EXIT_DONE;
	}
	words = command_find(count, operands, &command, &err);
	if (words < 0)
		return cli_usage(cli, &err);
	if (words == 0)
		help_overview(operands[0], cli->out);
	else
		help_command_print(command, cli->out);
	return EXIT_DONE;
}

static const struct command_option help_options[] = {
	{ "complete", 0, OPTION_FLAG, NULL,
	  "print what the last of the words behind \"--\" could become, for a shell",
	  offsetof(struct cli, complete) },
	{ "scdoc", 0, OPTION_FLAG, NULL, "print the reference of the manual page",
	  offsetof(struct cli, scdoc) },
};

const struct command help_command = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "Print all commands, or what one does",
	.flags = COMMAND_UNLIMITED | COMMAND_POLICY | COMMAND_TEXT,
	COMMAND_OPTIONS(help_options),
	.run = run_help,
};

/* ---- mount ---- */

static int run_mount(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct error err = ERROR_INIT;
	int r = host_new(&host, &err);

	if (r >= 0)
		r = layout_mount_missing(host, &err);
	if (r < 0) {
		error_set_errno(&err, r, "cannot mount the cgroup hierarchies");
		if (geteuid() != 0)
			error_wrap(&err, "this must be run as root");
		return cli_fail(cli, &err);
	}
	if (cli->json) {
		json_t *reply = json_pack("{s:i}", "mounted", r);

		cli_print_json(cli, reply);
		json_decref(reply);
	} else if (r > 0) {
		fprintf(cli->out, "%d cgroup file system%s mounted\n", r, plural((uint64_t)r));
	} else {
		fputs("nothing to mount: every controller of this kernel is mounted\n", cli->out);
	}
	return EXIT_DONE;
}

const struct command mount_command = {
	.name = "mount",
	.usage = "[OPTION...]",
	.summary = "Mount the cgroup controllers that are not mounted anywhere",
	.description = "Where cgroup v1 is in use, each controller that the kernel has and that is "
		       "mounted nowhere is mounted below /sys/fs/cgroup; where nothing is mounted, "
		       "cgroup v2 is. No other command mounts anything.",
	.flags = COMMAND_POLICY,
	.run = run_mount,
};

/* ---- reload ---- */

static int run_reexecute(struct cli *cli)
{
	const char *version;
	json_t *reply = NULL;
	int r = cli_call(cli, "Reexecute", NULL, &reply);

	if (r != EXIT_DONE)
		return r;
	version = json_string_value(json_object_get(reply, "version"));
	if (cli->json)
		r = cli_print_json(cli, reply);
	else
		fprintf(cli->out, "version %s runs now, as process %" PRIu64 "\n",
			version ? version : "?", member_integer(reply, "pid"));
	json_decref(reply);
	return r;
}

static int run_reload(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	const json_t *warnings;
	json_t *reply = NULL;
	int r;

	if (cli->exec)
		return run_reexecute(cli);
	r = cli_call(cli, "Reload", NULL, &reply);

	if (r != EXIT_DONE)
		return r;
	if (cli->json) {
		r = cli_print_json(cli, reply);
		json_decref(reply);
		return r;
	}
	warnings = json_object_get(reply, "warnings");
	for (size_t i = 0; i < json_array_size(warnings); i++) {
		const char *warning = json_string_value(json_array_get(warnings, i));

		cli_say(cli, "%s", warning ? warning : "?");
	}
	fprintf(cli->out, "reloaded: %" PRIu64 " rule%s, %" PRIu64 " group%s\n",
		member_integer(reply, "rules"), plural(member_integer(reply, "rules")),
		member_integer(reply, "groups"), plural(member_integer(reply, "groups")));
	json_decref(reply);
	return EXIT_DONE;
}

static const struct command_option reload_options[] = {
	{ "exec", 0, OPTION_FLAG, NULL, "execute the daemon's program anew, of whatever version",
	  offsetof(struct cli, exec) },
};

const struct command reload_command = {
	.name = "reload",
	.usage = "[OPTION...]",
	.summary = "Make the daemon read its policy again",
	.description = "All of the new policy takes effect, or none of it: when it is not valid, "
		       "the old one stays and the mistakes are printed.\n\n"
		       "With *--exec* the daemon's program is executed anew, as after an upgrade: "
		       "the new process takes over gate, services, sockets and counters while the "
		       "old one still runs, so that no execution passes by and none waits longer "
		       "than the change takes. A program that cannot be executed, or that refuses "
		       "the policy, changes nothing. Who follows events is told, and has to "
		       "connect again.",
	COMMAND_OPTIONS(reload_options),
	.run = run_reload,
};

/* ---- scan ---- */

static int run_scan(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	uint64_t failed;
	json_t *reply = NULL;
	int r = cli_call(cli, "Scan", NULL, &reply);

	if (r != EXIT_DONE)
		return r;
	failed = member_integer(reply, "failed");
	if (cli->json)
		cli_print_json(cli, reply);
	else
		fprintf(cli->out,
			"%" PRIu64 " processes seen, %" PRIu64 " matched: %" PRIu64
			" moved, %" PRIu64 " already there, %" PRIu64 " ended meanwhile, %" PRIu64
			" failed\n",
			member_integer(reply, "seen"), member_integer(reply, "matched"),
			member_integer(reply, "moved"), member_integer(reply, "already"),
			member_integer(reply, "vanished"), failed);
	json_decref(reply);
	return failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

const struct command scan_command = {
	.name = "scan",
	.usage = "[OPTION...]",
	.summary = "Place what runs already into the policy's groups, once",
	.description = "Makes the policy's groups where they are not there. The exit code is 1 if "
		       "any process that a rule names could not be moved.",
	.flags = COMMAND_LOCAL,
	.run = run_scan,
};

/* ---- version ---- */

static int run_version(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	if (cli->json)
		fprintf(cli->out, "{\n  \"version\": \"%s\"\n}\n", REEVE_VERSION);
	else
		fputs("reeve " REEVE_VERSION "\n", cli->out);
	return EXIT_DONE;
}

const struct command version_command = {
	.name = "version",
	.usage = "[OPTION...]",
	.summary = "Print the version",
	.flags = COMMAND_POLICY,
	.run = run_version,
};
