// SPDX-License-Identifier: MIT
/*
 * fuse FOLDER UID OPTIONS LOG FILE: a FUSE file system, without libfuse, that holds one copy of the
 * FILE, under its own name. It is mounted for the user UID as fusermount does it (OPTIONS: what
 * else mount(2) is told, such as ",allow_other"), and notes "open UID" in LOG each time that the
 * file is opened. If LOG.refuse is there, root may not open it, as with a server that squashes
 * root. As long as LOG.hang is there, an open is not answered, and LOG.hung is made: who waits for
 * it can neither be killed nor frozen. Ends when it is unmounted.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { FILE_NODE = 2, ROOM = 1 << 17 };

struct server {
	int fd;
	const char *log, *name;
	char *data;
	size_t size;
	uint32_t uid;
};

static char request[ROOM + 4096];

static void reply(const struct server *s, uint64_t unique, int error, const void *data, size_t size)
{
	static char text[ROOM + 64];
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + (error ? 0 : size)),
		.error = -error,
		.unique = unique,
	};

	memcpy(text, &out, sizeof(out));
	if (!error && size > 0)
		memcpy(text + sizeof(out), data, size);
	(void)!write(s->fd, text, out.len);
}

static void fill(const struct server *s, uint64_t node, struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = node,
		.size = node == FILE_NODE ? s->size : 0,
		.blocks = (s->size + 511) / 512,
		.mode = node == FILE_NODE ? S_IFREG | 0755 : S_IFDIR | 0755,
		.nlink = node == FILE_NODE ? 1 : 2,
		.uid = s->uid,
		.gid = s->uid,
		.blksize = 4096,
		/* Old: the gate need not wait for it to settle. */
		.mtime = 1,
		.ctime = 1,
	};
}

static void do_init(const struct server *s, const struct fuse_in_header *in, const void *argument)
{
	const struct fuse_init_in *init = argument;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = init->max_readahead,
		.max_write = 4096,
		.max_background = 8,
		.congestion_threshold = 6,
		.time_gran = 1,
	};

	reply(s, in->unique, 0, &out, sizeof(out));
}

static void do_lookup(const struct server *s, const struct fuse_in_header *in, const void *argument)
{
	struct fuse_entry_out out = { .nodeid = FILE_NODE };

	fill(s, FILE_NODE, &out.attr);
	reply(s, in->unique, streq(argument, s->name) ? 0 : ENOENT, &out, sizeof(out));
}

static void do_getattr(const struct server *s, const struct fuse_in_header *in,
		       const void *argument)
{
	struct fuse_attr_out out = { .attr_valid = 0 };

	fill(s, in->nodeid, &out.attr);
	reply(s, in->unique, 0, &out, sizeof(out));
}

static void do_open(const struct server *s, const struct fuse_in_header *in, const void *argument)
{
	struct fuse_open_out out = { .fh = 1 };
	char refuse[4096], hang[4096], hung[4096];
	bool refused;
	FILE *log = fopen(s->log, "ae");

	snprintf(refuse, sizeof(refuse), "%s.refuse", s->log);
	snprintf(hang, sizeof(hang), "%s.hang", s->log);
	snprintf(hung, sizeof(hung), "%s.hung", s->log);
	while (access(hang, F_OK) == 0) {
		close(open(hung, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		usleep(10000);
	}
	refused = in->uid == 0 && access(refuse, F_OK) == 0;
	if (log) {
		fprintf(log, "open %u%s\n", in->uid, refused ? " refused" : "");
		fclose(log);
	}
	reply(s, in->unique, refused ? EACCES : 0, &out, sizeof(out));
}

static void do_opendir(const struct server *s, const struct fuse_in_header *in,
		       const void *argument)
{
	const struct fuse_open_out out = { .fh = 1 };

	reply(s, in->unique, 0, &out, sizeof(out));
}

static void do_read(const struct server *s, const struct fuse_in_header *in, const void *argument)
{
	const struct fuse_read_in *read_in = argument;
	size_t from = MIN((size_t)read_in->offset, s->size);
	size_t size = MIN(MIN((size_t)read_in->size, s->size - from), (size_t)ROOM);

	reply(s, in->unique, 0, s->data + from, size);
}

static void do_nothing(const struct server *s, const struct fuse_in_header *in,
		       const void *argument)
{
	reply(s, in->unique, 0, NULL, 0);
}

static const struct {
	uint32_t opcode;
	void (*function)(const struct server *s, const struct fuse_in_header *in,
			 const void *argument);
} calls[] = {
	{ FUSE_LOOKUP, do_lookup },	 { FUSE_GETATTR, do_getattr }, { FUSE_OPEN, do_open },
	{ FUSE_READ, do_read },		 { FUSE_RELEASE, do_nothing }, { FUSE_FLUSH, do_nothing },
	{ FUSE_INIT, do_init },		 { FUSE_OPENDIR, do_opendir }, { FUSE_READDIR, do_nothing },
	{ FUSE_RELEASEDIR, do_nothing },
};

/* False when it is unmounted. */
static bool serve_one(const struct server *s)
{
	ssize_t n = read(s->fd, request, sizeof(request));
	const struct fuse_in_header *in = (const void *)request;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN || errno == ENOENT;
	if ((size_t)n < sizeof(*in) || in->opcode == FUSE_FORGET ||
	    in->opcode == FUSE_BATCH_FORGET || in->opcode == FUSE_INTERRUPT)
		return n > 0;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].opcode != in->opcode)
			continue;
		calls[i].function(s, in, in + 1);
		return true;
	}
	reply(s, in->unique, ENOSYS, NULL, 0);
	return true;
}

static bool read_file(struct server *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	s->size = (size_t)st.st_size;
	s->data = malloc(s->size);
	s->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	return s->data && read(fd, s->data, s->size) == st.st_size;
}

int main(int argc, char **argv)
{
	struct server s = { .fd = open("/dev/fuse", O_RDWR | O_CLOEXEC) };
	char options[256];

	if (argc != 6 || s.fd < 0 || !read_file(&s, argv[5]))
		return 1;
	s.uid = (uint32_t)strtoul(argv[2], NULL, 10);
	s.log = argv[4];
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u%s", s.fd,
		 s.uid, s.uid, argv[3]);
	if (mount("reeve-test", argv[1], "fuse", MS_NODEV, options) < 0)
		return 2;
	while (serve_one(&s))
		;
	return 0;
}
