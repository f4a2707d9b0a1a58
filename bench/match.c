// SPDX-License-Identifier: MIT
/*
 * What a match against many rules costs: for each kind of rule and each number of them, p50 and p99
 * in nanoseconds of one ruleset_judge(), with all facts known. Warm: one process after the other.
 * Cold: the caches hold something else before each. Prints JSON.
 *
 * usage: bench-match [--quick] [KIND...]
 *        bench-match [--quick] --libcgroup FOLDER    the rules of FOLDER/cgrules.conf
 */
#include "config/load.h"
#include "rules/ruleset.h"

#include <time.h>

enum {
	PROCESSES = 256,
	WARM = 200000,
	COLD = 400,
	OTHER_BYTES = 64 << 20, /* more than any cache here */
	MOST_RULES = 10000,
	FIRST_ID = 700000, /* of the users and groups that rules of libcgroup name */
};

static uint32_t first_id = 1000;

/* ---- rules ---- */

typedef void (*write_fn)(struct text *text, unsigned i);

static void write_user(struct text *text, unsigned i)
{
	text_addf(text, "uid: %u", 1000 + i);
}

static void write_program(struct text *text, unsigned i)
{
	text_addf(text, "paths: [ /usr/bin/program-%u ]", i);
}

static void write_group(struct text *text, unsigned i)
{
	text_addf(text, "unix_group: %u", 1000 + i);
}

static void write_glob(struct text *text, unsigned i)
{
	text_addf(text, "paths: [ \"/srv/tenants/t%05u/*/bin/**\" ]", i);
}

/* Pieces that differ far from each other: each alone is shared by a hundred. */
static void write_far_glob(struct text *text, unsigned i)
{
	text_addf(text, "paths: [ \"/srv/tenant-%02u/a/longer/way/app-%02u/*\" ]", i / 100 % 100,
		  i % 100);
}

/* Nothing but the folder is literal. */
static void write_hostile_glob(struct text *text, unsigned i)
{
	text_addf(text, "paths: [ \"/srv/[%c-z][%c-z][%c-z]*[0-%c]\" ]", 'a' + i % 26,
		  'a' + i / 26 % 26, 'a' + i / 676 % 26, '1' + i % 9);
}

static void write_folder(struct text *text, unsigned i)
{
	text_addf(text, "paths: [ /opt/package-%u/ ]", i);
}

/* One folder, many users. */
static void write_folder_and_user(struct text *text, unsigned i)
{
	text_addf(text, "paths: [ /usr/bin/ ], uid: %u", 1000 + i);
}

static void write_comm(struct text *text, unsigned i)
{
	text_addf(text, "comm: worker-%u", i);
}

static void write_args(struct text *text, unsigned i)
{
	text_addf(text, "args: \"--profile=p%u*\"", i);
}

static void write_regex(struct text *text, unsigned i)
{
	text_addf(text, "args: \"re:^--(user|name)=u%u-[a-z]+$\"", i);
}

static void write_cgroup(struct text *text, unsigned i)
{
	text_addf(text, "cgroup: /user.slice/user-%u.slice", 1000 + i);
}

static void write_container(struct text *text, unsigned i)
{
	text_addf(text, "container: %08x", i * 2654435761U);
}

static void write_parent(struct text *text, unsigned i)
{
	text_addf(text, "parent: /usr/lib/parent-%u", i);
}

static void write_ancestor(struct text *text, unsigned i)
{
	text_addf(text, "ancestor: [ ancestor-%u, /usr/lib/other-%u ]", i, i);
}

static void write_cwd(struct text *text, unsigned i)
{
	text_addf(text, "cwd: /home/user-%u/", i);
}

static void write_script(struct text *text, unsigned i)
{
	text_addf(text, "script: /opt/scripts/s%u.sh", i);
}

static void write_time(struct text *text, unsigned i)
{
	text_addf(text, "uid: %u, time: \"mon-fri 22:00-06:00\"", 1000 + i);
}

static void write_not(struct text *text, unsigned i)
{
	text_addf(text, "paths: [ /usr/bin/program-%u ], not: { uid: %u, tty: any }", i, 1000 + i);
}

static void write_tty(struct text *text, unsigned i)
{
	text_addf(text, "loginuid: %u, tty: \"pts/*\", setuid_program: true", 1000 + i);
}

static void write_namespace(struct text *text, unsigned i)
{
	text_addf(text, "uid: %u-%u, namespace: \"net:other\"", 1000 + i, 1003 + i);
}

static const struct kind {
	const char *name;
	write_fn write;
} kinds[] = {
	{ "users", write_user },
	{ "programs", write_program },
	{ "unix-groups", write_group },
	{ "globs", write_glob },
	{ "far-globs", write_far_glob },
	{ "folders", write_folder },
	{ "folder-and-users", write_folder_and_user },
	{ "comm", write_comm },
	{ "args", write_args },
	{ "regexes", write_regex },
	{ "cgroups", write_cgroup },
	{ "containers", write_container },
	{ "parents", write_parent },
	{ "ancestors", write_ancestor },
	{ "cwd", write_cwd },
	{ "scripts", write_script },
	{ "time", write_time },
	{ "not", write_not },
	{ "tty", write_tty },
	{ "namespaces", write_namespace },
	/* Those above take turns in the next one. */
	{ "all", NULL },
	{ "hostile-globs", write_hostile_glob },
};

enum { TAKING_TURNS = ARRAY_SIZE(kinds) - 2 };

static void write_rules(const struct kind *kind, unsigned count, struct text *text)
{
	text_add(text, "rules:\n");
	for (unsigned i = 0; i < count; i++) {
		text_addf(text, "  - { name: rule-%u, on: execute, log: true, ", i);
		(kind->write ? kind->write : kinds[i % TAKING_TURNS].write)(text, i);
		text_add(text, " }\n");
	}
}

static int compile(const struct kind *kind, unsigned count, struct policy **ret_policy,
		   struct ruleset **ret_rules)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct diagnostics diagnostics = { 0 };
	int r;

	write_rules(kind, count, &text);
	r = policy_parse("rules", text.data, text.size, 0, ret_policy, &diagnostics);
	if (r < 0)
		diagnostics_print(&diagnostics, false, stderr);
	diagnostics_done(&diagnostics);
	return r < 0 ? r : ruleset_new_written(*ret_policy, ret_rules);
}

static int compile_folder(const char *folder, struct policy **ret_policy,
			  struct ruleset **ret_rules)
{
	struct diagnostics diagnostics = { 0 };
	int r = policy_load(folder, LOAD_COMPAT_LIBCGROUP, ret_policy, &diagnostics);

	if (r < 0)
		diagnostics_print(&diagnostics, false, stderr);
	diagnostics_done(&diagnostics);
	return r < 0 ? r : ruleset_new_written(*ret_policy, ret_rules);
}

/* ---- processes ---- */

struct process {
	struct facts facts;
	char path[96], parent[64], cwd[64], cgroup[96], comm[16], argv[160], script[64], id[65];
};

static uint32_t chance(uint32_t below)
{
	static uint32_t state = 1;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

/* What is executed: something that has a rule, or nearly one, or nothing like it. */
static void make_path(struct process *process, unsigned i)
{
	static const char *const others[] = { "/usr/bin/python3.11", "/usr/lib/git-core/git",
					      "/home/user-7/.cargo/bin/rustc", "/bin/sh" };

	switch (chance(5)) {
	case 0:
		snprintf(process->path, sizeof(process->path), "/usr/bin/program-%u", i);
		break;
	case 1:
		snprintf(process->path, sizeof(process->path), "/srv/tenants/t%05u/x/bin/run", i);
		break;
	case 2:
		snprintf(process->path, sizeof(process->path),
			 "/srv/tenant-%02u/a/longer/way/app-%02u/run", i / 100 % 100, i % 100);
		break;
	case 3:
		snprintf(process->path, sizeof(process->path), "/opt/package-%u/bin/x", i);
		break;
	default:
		snprintf(process->path, sizeof(process->path), "%s",
			 others[chance(ARRAY_SIZE(others))]);
	}
}

static void make_argv(struct process *process, unsigned i)
{
	int size = snprintf(process->argv, sizeof(process->argv),
			    "%s%c--profile=p%u-x%c--user=u%u-abc%c-o%coutput/folder/file.o%c-c",
			    process->path, 0, i, 0, i, 0, 0, 0);

	process->facts.argv = (struct slice){ process->argv, (size_t)size + 1 };
}

static void make_process(struct process *process)
{
	static const char *const ancestors[] = { "/usr/bin/bash", "/usr/bin/tmux", "/usr/bin/make",
						 "/usr/sbin/sshd", "/usr/lib/systemd/systemd" };
	unsigned i = chance(MOST_RULES * 2);
	struct facts *facts = &process->facts;

	make_path(process, i);
	snprintf(process->parent, sizeof(process->parent), "/usr/lib/parent-%u", i);
	snprintf(process->cwd, sizeof(process->cwd), "/home/user-%u/src/project", i);
	snprintf(process->cgroup, sizeof(process->cgroup),
		 "/user.slice/user-%u.slice/session-1.scope", 1000 + i);
	snprintf(process->comm, sizeof(process->comm), "worker-%u", i);
	snprintf(process->script, sizeof(process->script), "/opt/scripts/s%u.sh", i);
	snprintf(process->id, sizeof(process->id), "%08x%056x", i * 2654435761U, i);
	*facts = (struct facts){
		.on = ON_EXECUTE,
		.has_file = true,
		.file = { .dev = 1,
			  .ino = i,
			  .path = process->path,
			  .length = strlen(process->path) },
		.known = UINT32_MAX,
		.uid = first_id + i,
		.euid = first_id + i,
		.loginuid = first_id + i,
		.gid = first_id + i,
		.egid = first_id + i,
		.tty = 34819,
		.exe = slice_of(process->path),
		.comm = slice_of(process->comm),
		.cwd = slice_of(process->cwd),
		.cgroup = slice_of(process->cgroup),
		.script = slice_of(process->script),
		.container_runtime = slice_of("docker"),
		.container_id = slice_of(process->id),
		.time = 1711111111 + i,
	};
	for (; facts->gid_count < 8; facts->gid_count++)
		facts->gids[facts->gid_count] = chance(1000);
	for (size_t kind = 0; kind < FACT_NAMESPACE_KINDS; kind++)
		facts->namespaces[kind] = facts->host_namespaces[kind] = 7;
	facts->ancestors[facts->ancestor_count++].exe = slice_of(process->parent);
	for (size_t j = 0; j < ARRAY_SIZE(ancestors); j++)
		facts->ancestors[facts->ancestor_count++].exe = slice_of(ancestors[j]);
	make_argv(process, i);
}

/* Rules of libcgroup leave containers alone, and of a script they mean the script. */
static void make_plain(struct facts *facts)
{
	facts->container_runtime = facts->container_id = facts->script = (struct slice){ 0 };
}

/* ---- measuring ---- */

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

struct figures {
	uint32_t p50, p99;
};

static uint64_t matched;

static void judge(const struct ruleset *rules, struct process *process, uint32_t *ret_ns)
{
	struct verdict verdict;
	uint64_t begin = now();

	matched += ruleset_judge(rules, &process->facts, &verdict);
	*ret_ns = (uint32_t)(now() - begin);
}

/* What the clock itself takes is taken off. */
static uint32_t clock_cost(void)
{
	uint32_t least = UINT32_MAX;

	for (int i = 0; i < 10000; i++) {
		uint64_t begin = now();

		least = MIN(least, (uint32_t)(now() - begin));
	}
	return least;
}

static struct figures figures_of(uint32_t *samples, size_t count, uint32_t clock)
{
	struct figures figures;

	qsort(samples, count, sizeof(*samples), by_size);
	figures.p50 = samples[count / 2] - MIN(clock, samples[count / 2]);
	figures.p99 = samples[count * 99 / 100] - MIN(clock, samples[count * 99 / 100]);
	return figures;
}

/* The rules leave the caches, and only they: a process's facts were just written. */
static void forget(char *other, struct process *process)
{
	struct process copy = *process;

	for (size_t i = 0; i < OTHER_BYTES; i += 64)
		other[i]++;
	memcpy(process, &copy, sizeof(copy));
}

/* Of a folder that is read as libcgroup's, or else `count` rules of a kind. */
static void measure(const struct kind *kind, const char *folder, unsigned count,
		    struct process *processes, char *other, unsigned share, bool first)
{
	static uint32_t samples[WARM];
	struct policy *policy = NULL;
	struct ruleset *rules = NULL;
	struct figures warm, cold;
	uint32_t clock = clock_cost();

	if ((folder ? compile_folder(folder, &policy, &rules)
		    : compile(kind, count, &policy, &rules)) < 0)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < PROCESSES * 4; i++)
		judge(rules, &processes[i % PROCESSES], &samples[0]);
	matched = 0;
	for (size_t i = 0; i < WARM / share; i++)
		judge(rules, &processes[i % PROCESSES], &samples[i]);
	printf("%s\n  {\"kind\": \"%s\", \"rules\": %u, \"matched\": %.3f", first ? "" : ",",
	       folder ? folder : kind->name, count, (double)matched / (WARM / share));
	warm = figures_of(samples, WARM / share, clock);
	for (size_t i = 0; i < COLD / share; i++) {
		forget(other, &processes[i % PROCESSES]);
		judge(rules, &processes[i % PROCESSES], &samples[i]);
	}
	cold = figures_of(samples, COLD / share, clock);
	printf(", \"warm_p50\": %u, \"warm_p99\": %u, \"cold_p50\": %u, \"cold_p99\": %u}",
	       warm.p50, warm.p99, cold.p50, cold.p99);
	fflush(stdout);
	ruleset_free(rules);
	policy_free(policy);
}

int main(int argc, char **argv)
{
	static const unsigned counts[] = { 10, 1000, MOST_RULES };
	struct process *processes = calloc(PROCESSES, sizeof(*processes));
	char *other = calloc(1, OTHER_BYTES);
	bool quick = argc > 1 && streq(argv[1], "--quick"), first = true;
	const char *folder =
		argc == 3 + quick && streq(argv[1 + quick], "--libcgroup") ? argv[2 + quick] : NULL;

	if (!processes || !other)
		return EXIT_FAILURE;
	first_id = folder ? FIRST_ID : first_id;
	for (size_t i = 0; i < PROCESSES; i++) {
		make_process(&processes[i]);
		if (folder)
			make_plain(&processes[i].facts);
	}
	printf("[");
	if (folder)
		measure(NULL, folder, MOST_RULES, processes, other, quick ? 20 : 1, true);
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !folder; i++) {
		bool wanted = argc == 1 + quick;

		for (int j = 1 + quick; j < argc; j++)
			wanted |= streq(argv[j], kinds[i].name);
		for (size_t j = 0; j < ARRAY_SIZE(counts) && wanted; j++, first = false)
			measure(&kinds[i], NULL, counts[j], processes, other, quick ? 20 : 1,
				first);
	}
	printf("\n]\n");
	free(processes);
	free(other);
	return EXIT_SUCCESS;
}
