// SPDX-License-Identifier: MIT
/*
 * A scan is a snapshot of a moving thing: processes vanish while they are looked at (no error),
 * and children may be forked between the listing and the move of their parent. So the listing is
 * repeated until a pass moves nobody new, at most PASSES_MAX times.
 */
#include "core/scan.h"

#include "core/facts-process.h"
#include "core/rate-key.h"
#include "core/subject.h"
#include "source/host-name.h"
#include "util/fd.h"
#include "util/proc-text.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { PASSES_MAX = 4, MOUNTINFO_LIMIT = 64 << 20 };

struct scan {
	const struct host *host;
	const struct snapshot *snapshot;
	const struct scan_options *options;
	struct scan_result *result;
	bool first_pass;
	struct mount_table *mounts;
	struct name_buffer exe, script;
	struct process_facts process;
	struct urgent urgent;
};

/*
 * Identity, and the name here, as at the gate, of a file: `link` below /proc leads to it, and shows
 * its path. "(deleted)" is not part of its name.
 */
static bool read_key(struct scan *scan, pid_t pid, const char *link, struct name_buffer *names,
		     struct file_key *key)
{
	struct seen_file file;

	if (host_name_of_link(scan->host->proc_fd, link, &file, names) < 0)
		return false;
	file.pid = pid;
	*key = (struct file_key){ .dev = file.dev, .ino = file.ino, .path = "" };
	if (host_name_find(scan->host, scan->mounts, &file, names) != HOST_NAME_NONE) {
		key->path = names->path;
		key->length = names->length;
	}
	return true;
}

/* A script that is open says what its name is as a program does; opened here, it shows in our own
 * /proc/self/fd. */
static bool read_script_key(struct scan *scan, pid_t pid, int fd, struct file_key *key)
{
	char link[40];

	snprintf(link, sizeof(link), "self/fd/%d", fd);
	return read_key(scan, pid, link, &scan->script, key);
}

/* The script, open, or -1 if it is none. */
static int open_script(const char *path)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;
	char head[2];

	/* The name is any user's word: opening a device could act on it. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || pread(fd, head, 2, 0) != 2 ||
	    head[0] != '#' || head[1] != '!')
		return -1;
	return TAKE_FD(fd);
}

/*
 * The kernel puts a script's path after the interpreter and its one optional argument, so it is
 * the second or third word of the command line.
 */
static bool read_script(struct scan *scan, pid_t pid, struct file_key *key)
{
	char name[40], words[2 * PATH_MAX], below[PATH_MAX + 64];
	ssize_t n;
	const char *at;

	snprintf(name, sizeof(name), "%d/cmdline", pid);
	n = file_read_into(scan->host->proc_fd, name, words, sizeof(words));
	/* The script is among the first words, however many follow. */
	if (n == -EFBIG)
		n = sizeof(words) - 1;
	if (n <= 0)
		return false;
	words[n] = '\0';
	at = words;
	for (int word = 0; word < 3 && at < words + n; word++, at += strlen(at) + 1) {
		_cleanup_(closep) int fd = -1;

		if (word == 0 || *at == '\0' || *at == '-')
			continue;
		if (*at == '/')
			snprintf(below, sizeof(below), "%s/%d/root%s", scan->host->proc_path, pid,
				 at);
		else
			snprintf(below, sizeof(below), "%s/%d/cwd/%.*s", scan->host->proc_path, pid,
				 PATH_MAX, at);
		fd = open_script(below);
		if (fd >= 0)
			return read_script_key(scan, pid, fd, key);
	}
	return false;
}

static void count_outcome(struct scan *scan, const struct decision *decision)
{
	struct scan_result *result = scan->result;

	if (decision->result == -ESRCH)
		result->vanished++;
	else if (decision->result < 0)
		result->failed++;
	else if (decision->flags & DECISION_MOVED)
		result->moved++;
	else if (scan->first_pass)
		result->already++;
}

/* When the process began, in ticks since boot; 0: gone. */
static uint64_t start_time(const struct host *host, pid_t pid)
{
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;

	return proc_stat_read(host->proc_fd, pid, text, &stat) >= 0 ? stat.start : 0;
}

/* ---- one process ---- */

/* What a process runs, by what rules: the program and, where it is an interpreter, the script. */
struct match {
	struct file_key exe, script;
	struct verdict verdict;
	bool script_matched;
	const char *path;
};

static enum host_name name_of(const struct seen_file *file, struct name_buffer *names,
			      void *userdata)
{
	const struct scan *scan = userdata;

	return host_name_find(scan->host, scan->mounts, file, names);
}

static void ask_rules(struct scan *scan, const struct file_key *file, struct match *m,
		      const char *path)
{
	struct verdict verdict;

	process_facts_set_file(&scan->process, file);
	if (!ruleset_judge(scan->snapshot->ruleset, &scan->process.facts, &verdict))
		return;
	if (m->verdict.count == 0)
		m->path = path;
	verdict_add(&m->verdict, &verdict);
}

/* The script's rules come first, as at the gate. */
static bool match(struct scan *scan, pid_t pid, struct match *m)
{
	struct process_facts *process = &scan->process;
	char link[40];

	snprintf(link, sizeof(link), "%d/exe", pid);
	if (!read_key(scan, pid, link, &scan->exe, &m->exe))
		return false; /* a kernel thread, or gone */
	process_facts_begin(process, scan->options->world, &scan->snapshot->bases, ON_EXECUTE, pid);
	process->find_name = name_of;
	process->userdata = scan;
	verdict_init(&m->verdict);
	if (read_script(scan, pid, &m->script)) {
		process->facts.script = (struct slice){ m->script.path, m->script.length };
		process->facts.interpreter = (struct slice){ m->exe.path, m->exe.length };
		process->facts.known |= UINT32_C(1) << FACT_SCRIPT;
		ask_rules(scan, &m->script, m, scan->script.path);
		m->script_matched = m->verdict.count > 0;
	}
	ask_rules(scan, &m->exe, m, scan->exe.path);
	return m->verdict.count > 0;
}

/* What is done once is not done again by a scan that stands alone, or to who was seen before. */
static void make_plan(struct scan *scan, const struct match *m, bool greet)
{
	const struct policy *policy = snapshot_policy(scan->snapshot);
	struct rate_question question = {
		.policy = policy,
		.table = scan->options->rates,
		.facts = &scan->process.facts,
		.now_ns = clock_monotonic(),
	};
	struct plan *plan = &scan->urgent.plan;

	plan_make(policy, &m->verdict, greet ? rate_is_over : NULL, &question,
		  scan->options->dry_run, plan);
	plan_drop(plan, UINT32_C(1) << EFFECT_DELAY | UINT32_C(1) << EFFECT_DENY);
	if (!greet)
		plan_drop(plan, ~EFFECTS_OF_THE_START);
}

static void describe(struct scan *scan, const struct match *m, pid_t pid, uint64_t started)
{
	struct urgent *urgent = &scan->urgent;
	struct facts *facts = &scan->process.facts;
	size_t length = strlen(m->path);
	size_t skip = length >= DECISION_PATH ? length - DECISION_PATH + 1 : 0;

	for (enum fact_part part = 0; part <= FACT_CGROUP; part++)
		(void)facts_know(facts, part);
	urgent->hold = 0;
	urgent->decision = (struct decision){
		.time_ns = clock_boottime(),
		.pid = pid,
		.start = started,
		.flags = DECISION_SCAN,
		.generation = scan->snapshot->generation,
		.group = POLICY_NONE,
		.group_rule = POLICY_NONE,
		.on = ON_EXECUTE,
		.occasions = OCCASION_BIT(ON_EXECUTE),
		.uid = facts->known >> FACT_IDS & 1 ? facts->uid : UINT32_MAX,
		.rule_count = MIN(m->verdict.count, (unsigned)DECISION_RULES),
	};
	memcpy(urgent->decision.rules, m->verdict.rules,
	       urgent->decision.rule_count * sizeof(uint32_t));
	memcpy(urgent->decision.path, m->path + skip, length - skip + 1);
	urgent->rule_count = m->verdict.count;
	memcpy(urgent->rules, m->verdict.rules, m->verdict.count * sizeof(uint32_t));
	snprintf(urgent->path, sizeof(urgent->path), "%s", m->path);
	urgent_take_facts(urgent, facts);
	subject_read(scan->host, pid, pid, &urgent->subject);
}

static void count_matches(const struct scan *scan, const struct match *m)
{
	for (unsigned i = 0; i < m->verdict.count; i++)
		rule_stat_add(&scan->snapshot->shared->stats[m->verdict.rules[i]].matched);
}

static bool is_new(struct scan *scan, const struct match *m, pid_t pid, uint64_t started)
{
	const struct file_key *file = m->script_matched ? &m->script : &m->exe;
	const struct scan_seen seen = {
		.pid = pid,
		.started = started,
		.dev = file->dev,
		.ino = file->ino,
	};

	return scan->options->memory && scan_memory_note(scan->options->memory, &seen);
}

/* True if this process was moved now. */
static bool scan_process(struct scan *scan, pid_t pid)
{
	const struct scan_memory *memory = scan->options->memory;
	struct decision *decision = &scan->urgent.decision;
	struct match m = { 0 };
	uint64_t started;
	bool new, placed;

	if (pid == scan->options->spare[0] || pid == scan->options->spare[1])
		return false;
	if (scan->first_pass)
		scan->result->seen++;
	if (!match(scan, pid, &m))
		return false;
	started = start_time(scan->host, pid);
	new = is_new(scan, &m, pid, started);
	make_plan(scan, &m, new && memory->primed);
	/* Who was seen before is only kept where it belongs. */
	if (!new && (memory || !scan->first_pass))
		plan_drop(&scan->urgent.plan,
			  ~(EFFECTS_THAT_PLACE & ~(UINT32_C(1) << EFFECT_LIMIT)));
	if (scan->options->exempt && plan_has(&scan->urgent.plan, EFFECTS_THAT_PLACE) &&
	    exempt_covers(scan->options->exempt, pid))
		plan_drop(&scan->urgent.plan, EFFECTS_THAT_PLACE);
	placed = plan_has(&scan->urgent.plan, EFFECTS_THAT_PLACE);
	if (!memory && scan->urgent.plan.count == 0)
		return false;
	describe(scan, &m, pid, started);
	if (new || (!memory && scan->first_pass))
		count_matches(scan, &m);
	scan->options->act(&scan->urgent, scan->options->userdata);
	if (placed) {
		if (scan->first_pass)
			scan->result->matched++;
		count_outcome(scan, decision);
	}
	if (new || (!memory && scan->first_pass) || (decision->flags & DECISION_MOVED))
		scan->options->found(decision, scan->options->userdata);
	return (decision->flags & DECISION_MOVED) != 0;
}

static int scan_pass(struct scan *scan)
{
	int fd = openat(scan->host->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int moved = 0;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		uint64_t pid = 0;

		for (const char *p = entry->d_name; isdigit((unsigned char)*p); p++)
			pid = pid * 10 + (unsigned)(*p - '0');
		if (pid > 0 && pid <= INT_MAX)
			moved += scan_process(scan, (pid_t)pid);
	}
	closedir(dir);
	return moved;
}

int place_running(const struct host *host, const struct snapshot *snapshot,
		  const struct scan_options *options, struct scan_result *ret_result)
{
	_cleanup_(freep) struct scan *scan = calloc(1, sizeof(*scan));
	_cleanup_(mount_table_freep) struct mount_table *mounts = NULL;
	struct scan_result result = { 0 };
	char *text = NULL;
	int moved = 0, r;

	if (!scan)
		return -ENOMEM;
	r = file_read_at(host->proc_fd, "self/mountinfo", MOUNTINFO_LIMIT, &text, NULL);
	if (r >= 0)
		r = mount_table_new(text, &mounts);
	if (r < 0)
		return r;
	scan->host = host;
	scan->snapshot = snapshot;
	scan->options = options;
	scan->result = &result;
	scan->mounts = mounts;
	if (options->memory)
		scan_memory_begin(options->memory);
	for (int pass = 0; pass < PASSES_MAX && (pass == 0 || moved > 0); pass++) {
		scan->first_pass = pass == 0;
		moved = scan_pass(scan);
		if (moved < 0)
			return moved;
	}
	*ret_result = result;
	return 0;
}
