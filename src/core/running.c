// SPDX-License-Identifier: MIT
/*
 * A script is known by its words alone: the kernel has put the interpreter in front of its name,
 * but whoever is told to read a script by hand looks much the same. So its first line has to name
 * what runs, or what env(1) was told to run; who only looks at a script (an editor) is no script.
 */
#include "core/running.h"

#include "core/plan.h"
#include "source/interpreter.h"
#include "util/fd.h"
#include "util/text.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { MOUNTINFO_LIMIT = 64 << 20 };

int running_new(const struct host *host, const struct facts_world *world,
		struct running **ret_running)
{
	_cleanup_(running_freep) struct running *running = calloc(1, sizeof(*running));
	char *text = NULL;
	int r;

	if (!running)
		return -ENOMEM;
	running->host = host;
	running->world = world;
	r = file_read_at(host->proc_fd, "self/mountinfo", MOUNTINFO_LIMIT, &text, NULL);
	if (r >= 0)
		r = mount_table_new(text, &running->mounts);
	if (r < 0)
		return r;
	*ret_running = TAKE_PTR(running);
	return 0;
}

void running_free(struct running *running)
{
	if (!running)
		return;
	mount_table_free(running->mounts);
	free(running);
}

/* ---- what it runs ---- */

/*
 * Identity, and the name here, as at the gate, of a file: `link` below /proc leads to it, and shows
 * its path. "(deleted)" is not part of its name.
 */
static bool read_key(struct running *running, pid_t pid, const char *link,
		     struct name_buffer *names, struct file_key *key)
{
	struct seen_file file;

	if (host_name_of_link(running->host->proc_fd, link, &file, names) < 0)
		return false;
	file.pid = pid;
	*key = (struct file_key){ .dev = file.dev, .ino = file.ino, .path = "" };
	if (host_name_find(running->host, running->mounts, &file, names) != HOST_NAME_NONE) {
		key->path = names->path;
		key->length = names->length;
	}
	return true;
}

/* A script that is open says what its name is as a program does; opened here, it shows in our own
 * /proc/self/fd. */
static bool read_script_key(struct running *running, pid_t pid, int fd, struct file_key *key)
{
	char link[40];

	snprintf(link, sizeof(link), "self/fd/%d", fd);
	return read_key(running, pid, link, &running->script, key);
}

/* The program that a script's first line has run it, "" where there is none. */
static void read_runner(int fd, char runner[static INTERPRETER_LINE])
{
	char head[INTERPRETER_LINE], words[INTERPRETER_LINE], *rest = words, *word;
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n <= 0 || !interpreter_parse(head, (size_t)n, runner)) {
		runner[0] = '\0';
		return;
	}
	if (!streq(path_last_part(runner), "env"))
		return;
	interpreter_parse_argument(head, (size_t)n, words);
	while ((word = strsep(&rest, " \t")))
		if (*word != '\0' && *word != '-' && !strchr(word, '=')) {
			memmove(runner, word, strlen(word) + 1);
			return;
		}
}

/* `words` begins with what the process was told that it is called. */
static bool is_runner(const char *runner, const struct file_key *exe, const char *words)
{
	return *runner != '\0' && (streq(path_last_part(runner), path_last_part(words)) ||
				   streq(path_last_part(runner), path_last_part(exe->path)));
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
static bool read_script(struct running *running, pid_t pid, const struct file_key *exe,
			struct file_key *key)
{
	char name[40], words[2 * PATH_MAX], below[PATH_MAX + 64], runner[INTERPRETER_LINE];
	ssize_t n;
	const char *at;

	snprintf(name, sizeof(name), "%d/cmdline", pid);
	n = file_read_into(running->host->proc_fd, name, words, sizeof(words));
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
		snprintf(below, sizeof(below), "%s/%d/%s/%.*s", running->host->proc_path, pid,
			 *at == '/' ? "root" : "cwd", PATH_MAX, at);
		fd = open_script(below);
		if (fd < 0)
			continue;
		read_runner(fd, runner);
		return is_runner(runner, exe, words) && read_script_key(running, pid, fd, key);
	}
	return false;
}

/* ---- what the rules say ---- */

static enum host_name name_of(const struct seen_file *file, struct name_buffer *names,
			      void *userdata)
{
	const struct running *running = userdata;

	return host_name_find(running->host, running->mounts, file, names);
}

void running_begin(struct running *running, const struct group_bases *bases, enum occasion on,
		   pid_t pid)
{
	process_facts_begin(&running->process, running->world, bases, on, pid);
	running->process.find_name = name_of;
	running->process.userdata = running;
}

static void ask_rules(struct running *running, const struct ruleset *ruleset,
		      const struct file_key *file, struct running_match *match, const char *path)
{
	struct verdict verdict;

	process_facts_set_file(&running->process, file);
	if (!ruleset_judge(ruleset, &running->process.facts, &verdict))
		return;
	if (match->verdict.count == 0)
		match->path = path;
	verdict_add(&match->verdict, &verdict);
}

/* The script's rules come first, as at the gate. */
bool running_judge(struct running *running, const struct ruleset *ruleset,
		   const struct group_bases *bases, pid_t pid, struct running_match *match)
{
	struct process_facts *process = &running->process;
	char link[40];

	*match = (struct running_match){ 0 };
	verdict_init(&match->verdict);
	snprintf(link, sizeof(link), "%d/exe", pid);
	if (!read_key(running, pid, link, &running->exe, &match->exe))
		return false;
	running_begin(running, bases, ON_EXECUTE, pid);
	if (read_script(running, pid, &match->exe, &match->script)) {
		process->facts.script = (struct slice){ match->script.path, match->script.length };
		process->facts.interpreter = (struct slice){ match->exe.path, match->exe.length };
		process->facts.known |= UINT32_C(1) << FACT_SCRIPT;
		ask_rules(running, ruleset, &match->script, match, running->script.path);
		match->script_matched = match->verdict.count > 0;
	}
	ask_rules(running, ruleset, &match->exe, match, running->exe.path);
	return match->verdict.count > 0;
}
