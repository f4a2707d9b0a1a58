// SPDX-License-Identifier: MIT
/*
 * What an earlier daemon, or somebody else, has left in the folder. Writing always begins a new
 * file, so that what is there is never changed. Where the state says that numbers were given out
 * that no file has, these are lost, and told by the first record that is written.
 */
#include "export/spool-internal.h"

#include "util/fd.h"
#include "util/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

const char *spool_header_problem(int code)
{
	switch (code) {
	case -ENOTSUP:
		return "was written by a newer version of reeve";
	case -ENODATA:
		return "is cut off in its header";
	case -EBADMSG:
		return "is no file of a spool, or its header was overwritten";
	default:
		return strerror(-code);
	}
}

/* ---- files ---- */

/* "00000000000000000042.spool"; false: another name. */
static bool read_name(const char *name, uint64_t *ret_first)
{
	char again[SPOOL_NAME];

	errno = 0;
	*ret_first = strtoull(name, NULL, 10);
	spool_file_name(*ret_first, again);
	return errno == 0 && streq(again, name);
}

static int add_file(struct spool *spool, const char *name, uint64_t first)
{
	_cleanup_(closep) int fd =
		openat(spool->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct spool_file *larger;
	struct segment_reader reader;
	struct stat info = { 0 };
	int r;

	if (fd < 0 || fstat(fd, &info) < 0)
		return -errno;
	r = S_ISREG(info.st_mode) ? segment_reader_init(&reader, fd) : -EBADMSG;
	if (r >= 0 && reader.header.first != first)
		r = -EBADMSG;
	if (r < 0) {
		spool_set_aside(spool, name, (uint64_t)info.st_size, spool_header_problem(r));
		return 0;
	}
	if (reader.header.host[0] != '\0' && !streq(reader.header.host, spool->host))
		spool_tell(spool, "%s/%s has events of the host %s, and is sent as its",
			   spool->folder, name, reader.header.host);
	larger = reallocarray(spool->files, spool->file_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	spool->files = larger;
	spool->files[spool->file_count++] =
		(struct spool_file){ first, (uint64_t)info.st_size,
				     segment_header_size(&reader.header) };
	spool->total += (uint64_t)info.st_size;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct spool_file *one = a, *other = b;

	return (one->first > other->first) - (one->first < other->first);
}

static int list_files(struct spool *spool)
{
	_cleanup_(closep) int fd = openat(spool->folder_fd, ".", O_RDONLY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat info;
	uint64_t first;
	int r = 0;

	if (!folder)
		return -errno;
	fd = -1;
	while (r >= 0 && (entry = readdir(folder))) {
		if (read_name(entry->d_name, &first)) {
			r = add_file(spool, entry->d_name, first);
		} else if (strstr(entry->d_name, ".spool.aside") &&
			   fstatat(spool->folder_fd, entry->d_name, &info, 0) == 0) {
			spool->aside += (uint64_t)info.st_size;
			spool->total += (uint64_t)info.st_size;
		}
	}
	closedir(folder);
	if (spool->file_count > 0)
		qsort(spool->files, spool->file_count, sizeof(*spool->files), by_number);
	return r;
}

/* The number behind the last record of a file. */
static int find_end(struct spool *spool, const struct spool_file *file, uint64_t *ret_end)
{
	struct segment_reader reader;
	struct spool_record record;
	_cleanup_(closep) int fd = -1;
	char name[SPOOL_NAME];
	int r;

	spool_file_name(file->first, name);
	fd = openat(spool->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	r = segment_reader_init(&reader, fd);
	if (r < 0)
		return r;
	do
		r = segment_next(&reader, file->size, 0, &record);
	while (r > SEGMENT_END);
	*ret_end = reader.expected;
	if (r >= 0 && reader.damaged > 0) {
		spool->counters.damaged++;
		spool_tell(spool,
			   "%s/%s is damaged, or its last record is not whole: what is missing is "
			   "told as a gap",
			   spool->folder, name);
	}
	segment_reader_done(&reader);
	return r;
}

/* ---- state ---- */

static int read_state(struct spool *spool)
{
	unsigned char bytes[SPOOL_STATE];
	ssize_t n = pread(spool->state_fd, bytes, sizeof(bytes), 0);
	int r = n < 0 ? -errno : spool_state_read(bytes, (size_t)n, &spool->state);

	if (r >= 0 || (r == -ENODATA && spool->file_count == 0))
		return r;
	spool->counters.damaged++;
	spool_tell(spool,
		   "%s/state %s: all that is in the spool is sent again; its numbers tell what is "
		   "there twice",
		   spool->folder,
		   r == -ENOTSUP ? "was written by a newer version of reeve" : "cannot be read");
	return r;
}

static void lose_tail(struct spool *spool, uint64_t end, const char *why)
{
	struct spool_state *state = &spool->state;

	if (!state->losing) {
		state->lost_from = clock_realtime();
		spool->lost_why = why;
	}
	state->losing = true;
	state->lost_first = end;
	spool->counters.lost += spool->lost_unknown ? 0 : state->next - end;
}

/* A number that cannot have been given out in this boot: never were there so many events. */
static uint64_t fresh_number(void)
{
	return clock_boottime() / 1000;
}

/* The last file must hold something: the one that is begun next may get its name. */
static void drop_empty(struct spool *spool, uint64_t end)
{
	const struct spool_file *last = &spool->files[spool->file_count - 1];
	char name[SPOOL_NAME];

	if (end > last->first)
		return;
	spool_file_name(last->first, name);
	spool->total -= last->size;
	if (last->size > last->header)
		spool_set_aside(spool, name, last->size, "has no record that can be read");
	else
		(void)unlinkat(spool->folder_fd, name, 0);
	spool->file_count--;
}

/* By what the state says; returns behind which number nothing is in the files. */
static uint64_t agree_with_state(struct spool *spool, uint64_t end)
{
	struct spool_state *state = &spool->state;

	end = MAX(end, state->acked);
	state->next = MAX(end, state->next);
	if (state->next > end)
		lose_tail(spool, end,
			  "the daemon ended before they were written, or a file of the spool was "
			  "cut or removed");
	return end;
}

/* There is no state, or none that can be read: the files alone say what is there. */
static uint64_t agree_without_state(struct spool *spool, uint64_t end)
{
	struct spool_state *state = &spool->state;
	bool damaged = spool->counters.damaged > 1; /* more than the state */

	*state = (struct spool_state){ .next = end };
	if (spool->file_count == 0 || damaged)
		state->next = MAX(end + 1, fresh_number());
	if (spool->file_count == 0)
		end = state->next - damaged;
	state->acked = spool->file_count > 0 ? spool->files[0].first : end;
	spool->lost_unknown = state->next > end;
	if (state->next > end)
		lose_tail(spool, end, "files of the spool could not be read");
	return end;
}

static int agree(struct spool *spool, int state_result)
{
	uint64_t end = 0;
	int r = 0;

	if (spool->file_count > 0) {
		r = find_end(spool, &spool->files[spool->file_count - 1], &end);
		if (r < 0)
			return r;
		drop_empty(spool, end);
	}
	end = state_result >= 0 ? agree_with_state(spool, end) : agree_without_state(spool, end);
	spool->written = spool->gathered_end = end;
	spool->position = spool->lost_told = spool->state.acked;
	spool->state_changed = true;
	return 0;
}

int spool_scan(struct spool *spool, struct error *err)
{
	uint64_t acked;
	int r = list_files(spool), state;

	if (r < 0)
		return error_set_errno(err, r, "cannot read the spool %s", spool->folder);
	state = read_state(spool);
	r = agree(spool, state);
	if (r < 0)
		return error_set_errno(err, r, "cannot read the spool %s", spool->folder);
	/* The daemon may have ended before it removed files. */
	acked = spool->state.acked;
	spool->state.acked = 0;
	spool_ack(spool, acked);
	spool_save(spool);
	return 0;
}

/* ---- opening ---- */

static int make_folders(const char *path)
{
	char part[PATH_MAX];

	if (path[0] == '\0' || snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(part, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_folder(struct spool *spool, struct error *err)
{
	struct stat info;
	int r = make_folders(spool->folder);

	if (r >= 0)
		spool->folder_fd = open(spool->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r >= 0 && spool->folder_fd < 0)
		r = -errno;
	if (r >= 0 && fstat(spool->folder_fd, &info) < 0)
		r = -errno;
	if (r < 0)
		return error_set_errno(err, r, "cannot make the spool %s", spool->folder);
	if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)))
		return error_set(err, -EPERM,
				 "the spool %s must belong to us and not be writable by others; "
				 "try: chown root %s; chmod 700 %s",
				 spool->folder, spool->folder, spool->folder);
	spool->state_fd =
		openat(spool->folder_fd, "state", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (spool->state_fd < 0)
		return error_set_errno(err, -errno, "cannot open %s/state", spool->folder);
	if (flock(spool->state_fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		closep(&spool->state_fd);
		spool->state_fd = -1;
		return error_set(err, r,
				 "the spool %s is in use by another daemon; give each sink of "
				 "each daemon a folder of its own",
				 spool->folder);
	}
	return 0;
}

int spool_open(const struct spool_options *options, struct spool **ret_spool, struct error *err)
{
	_cleanup_(spool_freep) struct spool *spool = calloc(1, sizeof(*spool));
	int r;

	if (!spool)
		return error_oom(err);
	spool->folder_fd = spool->state_fd = spool->live_fd = spool->read_fd = -1;
	spool->folder = strdup(options->folder);
	spool->boot = strdup(options->boot);
	spool->host = strdup(options->host);
	if (!spool->folder || !spool->boot || !spool->host)
		return error_oom(err);
	spool->header = SEGMENT_HEADER + MIN(strlen(spool->host), (size_t)SEGMENT_HOST_MOST);
	spool->tell = options->tell;
	spool->userdata = options->userdata;
	text_init(&spool->gathered);
	text_init(&spool->gap);
	spool_bound(spool, options->bytes);
	r = open_folder(spool, err);
	if (r >= 0)
		r = spool_scan(spool, err);
	if (r < 0) {
		/* What is there is not ours to change. */
		closep(&spool->state_fd);
		spool->state_fd = -1;
		return r;
	}
	*ret_spool = TAKE_PTR(spool);
	return 0;
}
