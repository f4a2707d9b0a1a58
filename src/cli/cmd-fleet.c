// SPDX-License-Identifier: MIT
/*
 * reeve fleet ...: what many hosts are to do, from any machine that reaches their etcd. No daemon
 * is asked, and none need run here.
 */
#include "cli/commands.h"

#include "cli/fleet-push.h"
#include "cli/fleet-show.h"
#include "cli/progress.h"
#include "core/engine.h"
#include "util/fd.h"
#include "util/host.h"
#include "util/units.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { PUSHES_SHOWN = 5, LOOK_USEC = 200000, WAIT_SECONDS = 30 };
enum { TEXT_READ_MAX = 64 << 20 };

/* ---- status ---- */

/* In etcd's order: the times are those of the machines that they were pushed from. */
static int latest_first(const void *left, const void *right)
{
	const json_t *const *a = left, *const *b = right;
	uint64_t x = member_integer(*a, "revision"), y = member_integer(*b, "revision");

	return x == y ? 0 : x < y ? 1 : -1;
}

/* What one push has written of itself, and the revision that it was written at. */
static json_t *read_push(const struct gateway_pair *pair)
{
	json_t *push = json_loadb(pair->value, pair->value_size, 0, NULL);

	if (json_is_object(push) &&
	    json_object_set_new(push, "revision", json_integer(pair->revision)) == 0)
		return push;
	json_decref(push);
	return NULL;
}

/* Of all documents, the latest first. */
static json_t *read_pushes(struct fleet_client *client, bool all, struct error *err)
{
	struct gateway_pairs pairs = { 0 };
	int r = fleet_client_read(client, "about/", true, &pairs, NULL, err);
	_cleanup_(freep) json_t **items = calloc(pairs.count + 1, sizeof(json_t *));
	json_t *list = r >= 0 && items ? json_array() : NULL;
	size_t count = 0;

	for (size_t i = 0; list && i < pairs.count; i++) {
		items[count] = read_push(&pairs.items[i]);
		count += items[count] != NULL;
	}
	if (count > 0)
		qsort(items, count, sizeof(json_t *), latest_first);
	for (size_t i = 0; i < count; i++)
		if (all || i < PUSHES_SHOWN)
			json_array_append_new(list, items[i]);
		else
			json_decref(items[i]);
	gateway_pairs_done(&pairs);
	return list;
}

static int show_all(struct cli *cli, struct fleet_client *client, struct error *err)
{
	const struct show show = { cli->out, cli->colour_out, cli->all };
	json_t *hosts = fleet_hosts(client, err);
	json_t *pushes = hosts ? read_pushes(client, cli->all, err) : NULL;
	json_t *fleet;
	int code = EXIT_DONE;

	if (!pushes) {
		json_decref(hosts);
		return cli_fail(cli, err);
	}
	fleet = json_pack("{s:o, s:o}", "hosts", hosts, "pushes", pushes);
	if (cli->json)
		code = cli_print_json(cli, fleet);
	else
		fleet_show(&show, fleet);
	json_decref(fleet);
	return code;
}

static int run_status(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct error err = ERROR_INIT;
	struct fleet_client client;
	int code = fleet_client_open(cli, &client, &err) < 0 ? cli_fail(cli, &err)
							     : show_all(cli, &client, &err);

	fleet_client_done(&client);
	return code;
}

/* ---- push and rollback ---- */

/* How many are in a state. */
static size_t count_of(const json_t *hosts, const char *state)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(hosts); i++)
		count += streq(member_string(json_array_get(hosts, i), "state"), state);
	return count;
}

/* Until each host has applied or refused it; NULL with a sentence. */
static json_t *wait_for_hosts(const struct cli *cli, struct fleet_client *client,
			      const struct fleet_push *push, int64_t revision, uint64_t wait_ns,
			      struct error *err)
{
	uint64_t end = clock_monotonic() + wait_ns;
	struct progress progress;
	json_t *hosts;

	progress_init(&progress, cli->err);

	while ((hosts = fleet_push_hosts(client, push, revision, err))) {
		bool last = count_of(hosts, "waiting") == 0 || clock_monotonic() >= end;

		if (last)
			break;
		progress_say(&progress, "%zu of %zu hosts have it, %zu refuse it",
			     count_of(hosts, "applied"), json_array_size(hosts),
			     count_of(hosts, "refused"));
		json_decref(hosts);
		usleep(LOOK_USEC);
	}
	progress_end(&progress);
	return hosts;
}

static void tell_hosts(const struct cli *cli, const json_t *hosts)
{
	fprintf(cli->out, "%zu of %zu hosts have it\n", count_of(hosts, "applied"),
		json_array_size(hosts));
	for (size_t i = 0; i < json_array_size(hosts); i++) {
		const json_t *host = json_array_get(hosts, i), *refused, *mistake;
		const char *state = member_string(host, "state");

		if (streq(state, "waiting"))
			cli_say(cli, "%s has not said anything of it yet",
				member_string(host, "host"));
		if (!streq(state, "refused"))
			continue;
		refused = json_object_get(host, "refused");
		mistake = json_array_get(json_object_get(refused, "mistakes"), 0);
		if (mistake)
			cli_say(cli, "%s refuses it: %s:%llu:%llu: %s", member_string(host, "host"),
				member_string(mistake, "file"),
				(unsigned long long)member_integer(mistake, "line"),
				(unsigned long long)member_integer(mistake, "column"),
				member_string(mistake, "message"));
		else
			cli_say(cli, "%s refuses it: %s", member_string(host, "host"),
				member_string(refused, "reason"));
	}
}

static int finish(struct cli *cli, struct fleet_client *client, const struct fleet_push *push,
		  const struct fleet_past *past, struct error *err)
{
	uint64_t wait_ns = UINT64_C(1000000000) * WAIT_SECONDS;
	unsigned number = 0;
	int64_t revision = 0;
	json_t *hosts = NULL;
	int code = EXIT_DONE;

	if (cli->timeout && parse_duration(cli->timeout, UINT64_C(1000000000), &wait_ns) < 0) {
		error_set(err, -EINVAL, "--timeout: \"%s\" is no time, such as 30s", cli->timeout);
		return cli_usage(cli, err);
	}
	if (fleet_push_write(client, push, past, &number, &revision, err) < 0)
		return cli_fail(cli, err);
	if (!cli->json)
		fprintf(cli->out, "%s %s: number %u, revision %lld\n",
			push->text ? "pushed" : "removed", push->document, number,
			(long long)revision);
	if (!cli->no_wait)
		hosts = wait_for_hosts(cli, client, push, revision, wait_ns, err);
	if (!cli->no_wait && !hosts)
		return cli_fail(cli, err);
	if (cli->json) {
		json_t *said =
			json_pack("{s:s, s:i, s:I, s:O?}", "document", push->document, "number",
				  (int)number, "revision", (json_int_t)revision, "hosts", hosts);

		code = cli_print_json(cli, said);
		json_decref(said);
	} else if (hosts) {
		tell_hosts(cli, hosts);
	}
	if (count_of(hosts, "applied") < json_array_size(hosts))
		code = EXIT_FAILED;
	json_decref(hosts);
	return code;
}

static int read_operand(const char *name, char **ret_text, size_t *ret_size, struct error *err)
{
	int r = streq(name, "-") ? file_read_fd(STDIN_FILENO, TEXT_READ_MAX, ret_text, ret_size)
				 : file_read_at(AT_FDCWD, name, TEXT_READ_MAX, ret_text, ret_size);

	return r < 0 ? error_set_errno(err, r, "cannot read %s", name) : 0;
}

/* With a client and a push that are as the options say. */
typedef int (*work_fn)(struct cli *cli, struct fleet_client *client, struct fleet_push *push,
		       const char *operand, struct error *err);

static int with_client(struct cli *cli, work_fn work, const char *operand)
{
	struct error err = ERROR_INIT;
	struct fleet_client client = { 0 };
	struct fleet_push push;
	int code;

	if (fleet_push_init(cli, &push, &err) < 0)
		return cli_usage(cli, &err);
	if (fleet_client_open(cli, &client, &err) < 0)
		code = cli_fail(cli, &err);
	else
		code = work(cli, &client, &push, operand, &err);
	fleet_client_done(&client);
	return code;
}

static int do_push(struct cli *cli, struct fleet_client *client, struct fleet_push *push,
		   const char *operand, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct fleet_past past = { 0 };
	int r = 0, code;

	if (operand) {
		r = read_operand(operand, &text, &push->size, err);
		push->text = text;
		if (r >= 0)
			r = fleet_push_check(cli, client, push, operand, err);
	}
	if (r >= 0)
		r = fleet_past_read(client, push, false, &past, err);
	if (r >= 0 && !operand && !past.now)
		r = error_set(err, -ENOENT, "there is no document %s", push->document);
	code = r < 0 ? cli_fail(cli, err) : finish(cli, client, push, &past, err);
	fleet_past_done(&past);
	return code;
}

static int run_push(struct cli *cli, int count, char **operands)
{
	struct error err = ERROR_INIT;

	if (count != !cli->remove) {
		error_set(&err, -EINVAL, "fleet push takes one file, or --remove and none");
		return cli_usage(cli, &err);
	}
	return with_client(cli, do_push, operands[0]);
}

static bool same(const struct gateway_pair *a, const struct gateway_pair *b)
{
	return a && b && a->value_size == b->value_size &&
	       memcmp(a->value, b->value, a->value_size) == 0;
}

/* The latest text that is another than the present one. */
static const struct gateway_pair *before(const struct fleet_client *client,
					 const struct fleet_push *push,
					 const struct fleet_past *past, unsigned *number)
{
	for (*number = past->latest; *number > 0; (*number)--) {
		const struct gateway_pair *pair = fleet_past_at(client, push, past, *number);

		if (pair && !same(pair, past->now))
			return pair;
	}
	return NULL;
}

/* Some hosts have a canary: it ends, and what the others have stays. */
static bool has_canary(const struct fleet_client *client, const struct fleet_push *push,
		       const struct fleet_past *past)
{
	char kind[FLEET_KEY_MAX + 16];

	snprintf(kind, sizeof(kind), "rollout/%s", push->scope);
	for (size_t i = 0; !push->service && i < past->pairs.count; i++)
		if (fleet_key_rest(past->pairs.items[i].key, past->pairs.items[i].key_size,
				   client->prefix, kind))
			return true;
	return false;
}

static int do_rollback(struct cli *cli, struct fleet_client *client, struct fleet_push *push,
		       const char *operand, struct error *err)
{
	struct fleet_past past = { 0 };
	const struct gateway_pair *chosen = NULL;
	bool removes = false;
	char message[64];
	uint64_t given = 0;
	unsigned number = 0;
	int code, r = 0;

	if (operand && (parse_u64(operand, &given) < 0 || given == 0 || given > 99999999))
		r = error_set(err, -EINVAL, "\"%s\" is not the number of a push", operand);
	if (r >= 0)
		r = fleet_past_read(client, push, true, &past, err);
	if (r >= 0 && operand) {
		number = (unsigned)given;
		chosen = fleet_past_at(client, push, &past, number);
	} else if (r >= 0 && has_canary(client, push, &past)) {
		chosen = past.now;
		removes = !chosen;
	} else if (r >= 0) {
		chosen = before(client, push, &past, &number);
	}
	if (r >= 0 && !chosen && !removes)
		r = error_set(err, -ENOENT,
			      "there is no %s push of %s (see: reeve fleet status --all)",
			      operand ? "such" : "earlier", push->document);
	if (r >= 0) {
		push->text = removes ? NULL : chosen->value;
		push->size = removes ? 0 : chosen->value_size;
		if (number > 0)
			snprintf(message, sizeof(message), "back to number %u", number);
		else
			snprintf(message, sizeof(message), "the canary is taken back");
		push->message = cli->message ? cli->message : message;
		r = removes ? 0 : fleet_push_check(cli, client, push, push->document, err);
	}
	code = r < 0 ? cli_fail(cli, err) : finish(cli, client, push, &past, err);
	fleet_past_done(&past);
	return code;
}

static int run_rollback(struct cli *cli, int count, char **operands)
{
	struct error err = ERROR_INIT;

	if (count > 1) {
		error_set(&err, -EINVAL, "fleet rollback takes one number, or none");
		return cli_usage(cli, &err);
	}
	return with_client(cli, do_rollback, operands[0]);
}

/* ---- diff ---- */

static int text_fd(const char *text, size_t size)
{
	int fd = memfd_create("reeve-diff", 0);

	if (fd >= 0 && (write_all(fd, text, size) < 0 || lseek(fd, 0, SEEK_SET) < 0))
		closep(&fd);
	return fd;
}

/* diff(1)'s exit code: 0 the same, 1 another. */
static int run_diff_program(const struct fleet_push *push, const struct gateway_pair *now,
			    const char *operand, const char *text, size_t size)
{
	_cleanup_(closep) int left = text_fd(now ? now->value : "", now ? now->value_size : 0);
	_cleanup_(closep) int right = text_fd(text, size);
	char left_path[32], right_path[32],
		*arguments[] = {
			(char[]){ "diff" },
			(char[]){ "-u" },
			(char[]){ "--label" },
			strdup(push->document),
			(char[]){ "--label" },
			strdup(operand),
			left_path,
			right_path,
			NULL,
		};
	int status = -1;
	pid_t pid;

	snprintf(left_path, sizeof(left_path), "/proc/self/fd/%d", left);
	snprintf(right_path, sizeof(right_path), "/proc/self/fd/%d", right);
	if (left >= 0 && right >= 0 && arguments[3] && arguments[5] &&
	    posix_spawnp(&pid, "diff", NULL, NULL, arguments, environ) == 0)
		(void)waitpid(pid, &status, 0);
	free(arguments[3]);
	free(arguments[5]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static int do_diff(struct cli *cli, struct fleet_client *client, struct fleet_push *push,
		   const char *operand, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct fleet_past past = { 0 };
	size_t size = 0;
	int code, r = read_operand(operand, &text, &size, err);

	if (r >= 0)
		r = fleet_past_read(client, push, false, &past, err);
	if (r < 0) {
		code = cli_fail(cli, err);
	} else if (cli->json) {
		bool equal = past.now && past.now->value_size == size &&
			     memcmp(past.now->value, text, size) == 0;
		json_t *said =
			json_pack("{s:s, s:b, s:I, s:b}", "document", push->document, "there",
				  past.now != NULL, "revision",
				  (json_int_t)(past.now ? past.now->revision : 0), "same", equal);

		code = cli_print_json(cli, said);
		if (code == EXIT_DONE && !equal)
			code = EXIT_FAILED;
		json_decref(said);
	} else {
		fflush(cli->out);
		code = run_diff_program(push, past.now, operand, text, size);
		if (code > 1)
			cli_say(cli, "diff cannot be run, or has failed");
	}
	fleet_past_done(&past);
	return code;
}

static int run_diff(struct cli *cli, _unused_ int count, char **operands)
{
	return with_client(cli, do_diff, operands[0]);
}

/* ---- the table ---- */

#define FIELD(member) offsetof(struct cli, member)

#define PLACE_OPTIONS                                                                              \
	{ "config",                                                                                \
	  'c',                                                                                     \
	  OPTION_STRING,                                                                           \
	  "PATH",                                                                                  \
	  "policy whose fleet is meant (default " ENGINE_CONFIG_PATH ")",                          \
	  FIELD(config) },                                                                         \
		{ "etcd",     0, OPTION_LIST, "URL", "its etcd, in place of what the policy says", \
		  FIELD(etcd) },                                                                   \
	{                                                                                          \
		"prefix", 0, OPTION_STRING, "PREFIX", "of all keys (default /reeve)",              \
			FIELD(prefix)                                                              \
	}
#define SCOPE_OPTIONS                                                                           \
	{ "host", 0, OPTION_STRING, "HOST", "the document of one host", FIELD(host) },          \
		{ "label",                                                                      \
		  0,                                                                            \
		  OPTION_STRING,                                                                \
		  "LABEL",                                                                      \
		  "the document of a label (default: of all)",                                  \
		  FIELD(label) },                                                               \
	{                                                                                       \
		"service", 0, OPTION_STRING, "NAME", "the manifest of a service, not a policy", \
			FIELD(service)                                                          \
	}
#define PUSH_OPTIONS                                                                              \
	{ "message", 'm', OPTION_STRING, "TEXT", "why, for the history", FIELD(message) },        \
		{ "no-wait", 0, OPTION_FLAG, NULL, "do not wait for the hosts", FIELD(no_wait) }, \
	{                                                                                         \
		"timeout", 0, OPTION_STRING, "TIME", "wait at most so long (default 30s)",        \
			FIELD(timeout)                                                            \
	}

static const struct command_option status_options[] = {
	{ "all", 'a', OPTION_FLAG, NULL, "all pushes that are kept", FIELD(all) },
	PLACE_OPTIONS,
};
static const struct command_option push_options[] = {
	{ "percent", 0, OPTION_STRING, "N", "to so many of the hosts first", FIELD(percent) },
	{ "remove", 0, OPTION_FLAG, NULL, "take the document away", FIELD(remove) },
	PUSH_OPTIONS,
	SCOPE_OPTIONS,
	PLACE_OPTIONS,
};
static const struct command_option rollback_options[] = { PUSH_OPTIONS, SCOPE_OPTIONS,
							  PLACE_OPTIONS };
static const struct command_option diff_options[] = { SCOPE_OPTIONS, PLACE_OPTIONS };

const struct command fleet_commands[] = {
	{
		.name = "fleet status",
		.usage = "[--all]",
		.summary =
			"Show the hosts of the fleet, what each has in force or refuses, and the "
			"last pushes",
		.description = "A host is _away_ when its lease has run out: for the time that its "
			       "policy gives as *ttl*, etcd has not heard of it.",
		.flags = COMMAND_POLICY,
		COMMAND_OPTIONS(status_options),
		.run = run_status,
	},
	{
		.name = "fleet push",
		.usage = "[--label LABEL|--host HOST] [--service NAME] [--percent N] FILE|--remove",
		.summary = "Check a policy or a manifest, and give it to hosts of the fleet",
		.description =
			"It is checked over the local policy, where there is one, and over that of "
			"all hosts, and not pushed if there is any mistake. With *--percent* only "
			"so many of the hosts take it, the same ones each time; a push without it "
			"gives it to all. Then the command waits until every host that is there "
			"has applied or refused it; its exit code is 1 if one has not applied it. "
			"The last "
			"20 pushes of a document are kept. _FILE_ may be \"-\", standard input.",
		.flags = COMMAND_POLICY | COMMAND_UNLIMITED,
		COMMAND_OPTIONS(push_options),
		.run = run_push,
	},
	{
		.name = "fleet diff",
		.usage = "[--label LABEL|--host HOST] [--service NAME] FILE",
		.summary = "Show what a push of the file would change",
		.description = "As *diff*(1) shows it, with its exit code: 0 if it is the same, 1 "
			       "if not.",
		.flags = COMMAND_POLICY,
		.operands = 1,
		COMMAND_OPTIONS(diff_options),
		.run = run_diff,
	},
	{
		.name = "fleet rollback",
		.usage = "[--label LABEL|--host HOST] [--service NAME] [NUMBER]",
		.summary = "Push an earlier text of a document again",
		.description =
			"_NUMBER_ is a push's, as *reeve fleet status --all* shows it. Without "
			"it, a policy that only some of the hosts have is taken back from "
			"them; else the text before the present one is pushed.",
		.flags = COMMAND_POLICY | COMMAND_UNLIMITED,
		COMMAND_OPTIONS(rollback_options),
		.run = run_rollback,
	},
};
const size_t fleet_command_count = ARRAY_SIZE(fleet_commands);
