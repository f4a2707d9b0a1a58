// SPDX-License-Identifier: MIT
/*
 * The record (cgroup/state.c) is written before a folder of any group is made and after one was
 * removed, each time as a new file. So its inode number, size and time are the key: they are the
 * file's first line, and whoever reads the file compares them with the record as it is. One that
 * was written a moment ago is not used as a key, for the clock of its file system may not have
 * ticked since, and then its number could be given to the next one.
 *
 * flock(2) tells whether the daemon lives: it locks a new file before it gives it the name, so
 * nobody else ever has one that it will want to lock.
 */
#include "launch/group-index.h"

#include "util/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define INDEX_FILE  "group-index"
#define RECORD_FILE "state.json"

enum { SETTLED_SECONDS = 1, PATH_SIZE = 512, KEY_SIZE = 96 };

void group_index_init(struct group_index *index)
{
	*index = (struct group_index){ .fd = -1 };
}

static int make_path(char path[static PATH_SIZE], const char *folder, const char *name)
{
	int n = snprintf(path, PATH_SIZE, "%s/%s", folder, name);

	return n < 0 || n >= PATH_SIZE ? -ENAMETOOLONG : 0;
}

static int read_key(const char *runtime_dir, struct group_index_key *ret_key)
{
	char path[PATH_SIZE];
	struct stat st;
	int r = make_path(path, runtime_dir, RECORD_FILE);

	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return -errno;
	*ret_key = (struct group_index_key){
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.seconds = st.st_mtim.tv_sec,
		.nanoseconds = st.st_mtim.tv_nsec,
	};
	return 0;
}

static void write_key(char line[static KEY_SIZE], const struct group_index_key *key)
{
	snprintf(line, KEY_SIZE, "%" PRIu64 " %" PRIu64 " %" PRId64 " %ld\n", key->inode, key->size,
		 key->seconds, key->nanoseconds);
}

static bool is_line(const char *text)
{
	return *text && !text[strcspn(text, "\t\n")];
}

static bool is_settled(const struct group_index_key *key)
{
	struct timespec now;

	/* The clock by which files are marked, which lags behind. */
	return clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 &&
	       now.tv_sec > key->seconds + SETTLED_SECONDS;
}

/* Everything that is known by `key`, and a line more. */
static int add_line(struct group_index *index, const struct group_index_key *key, const char *name,
		    const char *answer)
{
	const char *before = index->text && memcmp(key, &index->key, sizeof(*key)) == 0
				     ? index->text + strcspn(index->text, "\n") + 1
				     : "";
	size_t line = strlen(name) + strlen(answer) + KEY_SIZE + 3;
	char first[KEY_SIZE], *text;

	if (line >= GROUP_INDEX_MAX)
		return -E2BIG;
	if (strlen(before) + line >= GROUP_INDEX_MAX)
		before = "";
	write_key(first, key);
	if (asprintf(&text, "%s%s%s\t%s\n", first, before, name, answer) < 0)
		return -ENOMEM;
	free(index->text);
	index->text = text;
	index->key = *key;
	return 0;
}

static int write_file(const char *path, const char *text, int *ret_fd)
{
	_cleanup_(closep) int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -EIO;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int group_index_keep(struct group_index *index, const char *runtime_dir, const char *name,
		     const char *answer)
{
	char path[PATH_SIZE], new_path[PATH_SIZE];
	struct group_index_key key;
	int r = is_line(name) && is_line(answer) ? read_key(runtime_dir, &key) : -EINVAL;
	int fd = -1;

	if (r == 0 && !is_settled(&key))
		r = -EAGAIN;
	if (r == 0)
		r = add_line(index, &key, name, answer);
	if (r == 0)
		r = make_path(path, runtime_dir, INDEX_FILE);
	if (r == 0)
		r = make_path(new_path, runtime_dir, INDEX_FILE ".new");
	if (r < 0)
		return r;
	(void)unlink(new_path); /* of a daemon that did not come to its end */
	r = write_file(new_path, index->text, &fd);
	if (r == 0 && rename(new_path, path) < 0)
		r = -errno;
	if (r < 0) {
		closep(&fd);
		return r;
	}
	closep(&index->fd);
	index->fd = fd;
	return 0;
}

void group_index_done(struct group_index *index, const char *runtime_dir)
{
	char path[PATH_SIZE];
	struct stat ours, there;

	if (index->fd >= 0 && make_path(path, runtime_dir, INDEX_FILE) == 0 &&
	    fstat(index->fd, &ours) == 0 && stat(path, &there) == 0 &&
	    ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
		(void)unlink(path);
	closep(&index->fd);
	free(index->text);
	group_index_init(index);
}

/* ---- the asker ---- */

char *group_index_look(char *text, const struct group_index_key *key, const char *name)
{
	char first[KEY_SIZE], *rest = text, *line;

	write_key(first, key);
	line = strsep(&rest, "\n");
	first[strcspn(first, "\n")] = '\0';
	if (!streq(line, first))
		return NULL;
	while (rest && (line = strsep(&rest, "\n"))) {
		char *answer = strchr(line, '\t');

		if (!answer || !rest)
			continue; /* no line, or the end of it is missing */
		*answer++ = '\0';
		if (streq(line, name))
			return answer;
	}
	return NULL;
}

int group_index_find(const char *runtime_dir, const char *name, char text[static GROUP_INDEX_MAX],
		     char **ret_answer)
{
	_cleanup_(closep) int fd = -1;
	struct group_index_key key;
	char path[PATH_SIZE];
	ssize_t size;
	int r = make_path(path, runtime_dir, INDEX_FILE);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return -ENOENT; /* nobody looks after it any more */
	size = read(fd, text, GROUP_INDEX_MAX - 1);
	if (size < 0)
		return -errno;
	text[size] = '\0';
	/* After the text: then this is the record that the text was right by. */
	r = read_key(runtime_dir, &key);
	if (r < 0)
		return r;
	*ret_answer = group_index_look(text, &key, name);
	return *ret_answer ? 0 : -ENOENT;
}
