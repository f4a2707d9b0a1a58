// SPDX-License-Identifier: MIT
/*
 * One word for each number that a process can have: when the process that is meant began, and
 * whether its children are meant, too. The numbers end at 4 194 304 on every Linux, so that is 32
 * MiB of addresses and a page for each 512 numbers that are in use. A reader takes one word, and
 * only where that is set looks at /proc whether it is still the same process: so nothing has to be
 * removed in time when a process ends.
 *
 * Who descends from a registered process is found by its ancestors; one whose parents have ended is
 * nobody's child any more, so forks are followed as well.
 */
#include "core/exempt.h"

#include "action/tree.h"
#include "util/fd.h"
#include "util/proc-text.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { PIDS = 1 << 22, ANCESTORS_MOST = 64, FILE_MOST = 16 << 20, SWEEP_LEAST = 64 };

struct exempt {
	const struct host *host;
	_Atomic uint64_t *words; /* start << 1 | children; 0: not there */
	_Atomic uint32_t with_children;
	pid_t *pids; /* those whose word is set; the loop's */
	size_t count, room;
	size_t sweep_at; /* so many are looked through for those that have ended */
};

int exempt_new(const struct host *host, struct exempt **ret_exempt)
{
	_cleanup_(exempt_freep) struct exempt *exempt = calloc(1, sizeof(*exempt));
	void *words;

	if (!exempt)
		return -ENOMEM;
	words = mmap(NULL, PIDS * sizeof(*exempt->words), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (words == MAP_FAILED)
		return -ENOMEM;
	exempt->words = words;
	exempt->host = host;
	exempt->sweep_at = SWEEP_LEAST;
	*ret_exempt = TAKE_PTR(exempt);
	return 0;
}

void exempt_free(struct exempt *exempt)
{
	if (!exempt)
		return;
	if (exempt->words)
		munmap(exempt->words, PIDS * sizeof(*exempt->words));
	free(exempt->pids);
	free(exempt);
}

/* ---- asking ---- */

static bool read_stat(const struct exempt *exempt, pid_t pid, struct proc_stat *stat)
{
	char text[PROC_STAT_SIZE];

	return proc_stat_read(exempt->host->proc_fd, pid, text, stat) >= 0;
}

/* Its word, or 0 where that is of a process that had the number before. */
static uint64_t word_of(const struct exempt *exempt, pid_t pid, uint64_t start)
{
	uint64_t word = pid > 0 && pid < PIDS ? atomic_load(&exempt->words[pid]) : 0;

	return word >> 1 == start ? word : 0;
}

static bool may_be_there(const struct exempt *exempt, pid_t pid)
{
	return pid > 0 && pid < PIDS && atomic_load(&exempt->words[pid]) != 0;
}

bool exempt_covers(const struct exempt *exempt, pid_t pid)
{
	bool follow = atomic_load(&exempt->with_children) > 0;
	struct proc_stat stat;

	if (!follow && !may_be_there(exempt, pid))
		return false;
	for (int i = 0; i < ANCESTORS_MOST && read_stat(exempt, pid, &stat); i++) {
		uint64_t word = word_of(exempt, pid, stat.start);

		if (word != 0 && (i == 0 || word & 1))
			return true;
		pid = (pid_t)stat.ppid;
		if (!follow || pid <= 1)
			break;
	}
	return false;
}

bool exempt_follows(const struct exempt *exempt)
{
	return atomic_load(&exempt->with_children) > 0;
}

/* ---- adding and removing ---- */

static void set_word(struct exempt *exempt, pid_t pid, uint64_t word)
{
	uint64_t old = atomic_exchange(&exempt->words[pid], word);

	if ((old & 1) != (word & 1))
		atomic_fetch_add(&exempt->with_children, word & 1 ? 1 : UINT32_MAX);
}

/* Forgets those that have ended. */
static void sweep(struct exempt *exempt)
{
	size_t kept = 0;

	for (size_t i = 0; i < exempt->count; i++) {
		pid_t pid = exempt->pids[i];
		struct proc_stat stat;

		if (read_stat(exempt, pid, &stat) && word_of(exempt, pid, stat.start) != 0)
			exempt->pids[kept++] = pid;
		else
			set_word(exempt, pid, 0);
	}
	exempt->count = kept;
	exempt->sweep_at = MAX(2 * kept, (size_t)SWEEP_LEAST);
}

static int list(struct exempt *exempt, pid_t pid)
{
	if (exempt->count >= exempt->sweep_at)
		sweep(exempt);
	if (exempt->count == exempt->room) {
		size_t room = MAX(2 * exempt->room, (size_t)SWEEP_LEAST);
		pid_t *larger = reallocarray(exempt->pids, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		exempt->pids = larger;
		exempt->room = room;
	}
	exempt->pids[exempt->count++] = pid;
	return 0;
}

static int add(struct exempt *exempt, pid_t pid, uint64_t start, bool children)
{
	int r = may_be_there(exempt, pid) ? 0 : list(exempt, pid);

	if (r >= 0)
		set_word(exempt, pid, start << 1 | children);
	return r;
}

int exempt_add(struct exempt *exempt, pid_t pid, uint64_t start, bool children)
{
	struct proc_stat stat;

	if (pid <= 0 || pid >= PIDS || !read_stat(exempt, pid, &stat) ||
	    proc_stat_has_ended(&stat) || (start != 0 && stat.start != start))
		return -ESRCH;
	return add(exempt, pid, stat.start, children);
}

bool exempt_remove(struct exempt *exempt, pid_t pid)
{
	if (!may_be_there(exempt, pid))
		return false;
	set_word(exempt, pid, 0);
	for (size_t i = 0; i < exempt->count; i++)
		if (exempt->pids[i] == pid) {
			exempt->pids[i] = exempt->pids[--exempt->count];
			break;
		}
	return true;
}

void exempt_fork(struct exempt *exempt, pid_t parent, pid_t child, uint64_t start)
{
	uint64_t word = parent > 0 && parent < PIDS ? atomic_load(&exempt->words[parent]) : 0;
	struct proc_stat stat;

	if (child <= 0 || child >= PIDS)
		return;
	if (!(word & 1)) {
		/* The number was that of another one, who has ended. */
		if (may_be_there(exempt, child))
			(void)exempt_remove(exempt, child);
		return;
	}
	/* Whose parent has ended meanwhile is found by that one's word, so any start does. */
	if (start == 0)
		start = read_stat(exempt, child, &stat) ? stat.start : word >> 1;
	(void)add(exempt, child, start, true);
}

static int add_descendant(pid_t pid, uint64_t start, void *userdata)
{
	return add(userdata, pid, start, true);
}

void exempt_find_children(struct exempt *exempt)
{
	size_t count;

	sweep(exempt);
	count = exempt->count;
	for (size_t i = 0; i < count; i++) {
		pid_t pid = exempt->pids[i];
		struct tree_result result;

		if (atomic_load(&exempt->words[pid]) & 1)
			(void)tree_each(exempt->host, pid, false, add_descendant, exempt, &result);
	}
}

size_t exempt_count(struct exempt *exempt)
{
	sweep(exempt);
	return exempt->count;
}

/* ---- the file ---- */

int exempt_save(struct exempt *exempt, const char *path, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	json_t *processes, *object;
	char boot[37];
	int r = host_boot_id(exempt->host, boot);

	if (r < 0)
		return error_set_errno(err, r, "cannot read which boot this is");
	sweep(exempt);
	if (exempt->count == 0)
		return unlink(path) < 0 && errno != ENOENT
			       ? error_set_errno(err, -errno, "cannot remove %s", path)
			       : 0;
	processes = json_array();
	for (size_t i = 0; i < exempt->count; i++) {
		uint64_t word = atomic_load(&exempt->words[exempt->pids[i]]);

		json_array_append_new(processes,
				      json_pack("{s:i, s:I, s:b}", "pid", (int)exempt->pids[i],
						"start", (json_int_t)(word >> 1), "children",
						(int)(word & 1)));
	}
	object = json_pack("{s:s, s:o}", "boot", boot, "processes", processes);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!text)
		return error_oom(err);
	r = file_replace_at(AT_FDCWD, path, text, strlen(text), 0600);
	return r < 0 ? error_set_errno(err, r, "cannot write %s", path) : 0;
}

static void take(struct exempt *exempt, const json_t *entry)
{
	json_int_t pid = json_integer_value(json_object_get(entry, "pid"));
	json_int_t start = json_integer_value(json_object_get(entry, "start"));
	struct proc_stat stat;

	if (pid > 0 && pid < PIDS && read_stat(exempt, (pid_t)pid, &stat) &&
	    (json_int_t)stat.start == start)
		(void)add(exempt, (pid_t)pid, stat.start,
			  json_is_true(json_object_get(entry, "children")));
}

int exempt_load(struct exempt *exempt, const char *path, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	const json_t *processes, *entry;
	const char *then;
	char boot[37];
	json_t *object;
	size_t index;
	int r = file_read_at(AT_FDCWD, path, FILE_MOST, &text, NULL);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = host_boot_id(exempt->host, boot);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s", path);
	object = json_loads(text, 0, NULL);
	then = json_string_value(json_object_get(object, "boot"));
	processes = json_object_get(object, "processes");
	if (!then || !json_is_array(processes))
		r = error_set(err, -EBADMSG,
			      "%s is damaged: who has registered before is not known", path);
	if (r >= 0 && streq(then, boot))
		json_array_foreach(processes, index, entry) take(exempt, entry);
	json_decref(object);
	return r;
}
