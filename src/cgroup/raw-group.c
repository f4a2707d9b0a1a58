// SPDX-License-Identifier: MIT
/*
 * Groups of the machine, by hierarchy and path. Everything is opened below the hierarchy's own
 * descriptor, and no part of a path is "..", so nothing outside of it is reached; cgroup file
 * systems have no symbolic links.
 *
 * v2 wants a controller handed down by every group above, and lets none of these hold processes
 * (but the top). v1's groups have all of their hierarchy's controllers.
 */
#include "cgroup/raw.h"

#include "cgroup/internal.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { RAW_FILE_MAX = 64 << 20, REMOVE_ROUNDS = 100, REMOVE_WAIT_US = 10000 };

int raw_path(const char *given, char **ret_path)
{
	_cleanup_(text_done) struct text path = { 0 };
	_cleanup_(freep) char *copy = strdup(given);
	char *part, *rest = copy;

	if (!copy)
		return -ENOMEM;
	while ((part = strsep(&rest, "/"))) {
		if (streq(part, ".."))
			return -EINVAL;
		if (*part && !streq(part, "."))
			text_addf(&path, "%s%s", path.size ? "/" : "", part);
	}
	*ret_path = text_take(&path);
	return *ret_path ? 0 : -ENOMEM;
}

bool raw_exists(const struct raw_hierarchy *h, const char *path)
{
	return cgroup_path_id(&h->tree, path) != 0;
}

/* ---- making ---- */

void raw_unmake(const struct raw *raw, const struct raw_hierarchy *h, const char *deepest, int made)
{
	_cleanup_(freep) char *path = strdup(deepest);

	while (path && made-- > 0) {
		char *slash = strrchr(path, '/');

		(void)raw->ops->remove_dir(h->tree.fd, path);
		if (slash)
			*slash = '\0';
	}
}

int raw_make(const struct raw *raw, const struct raw_hierarchy *h, const char *path)
{
	_cleanup_(freep) char *part = strdup(path);
	size_t length = strlen(path);
	int made = 0;

	if (!part)
		return -ENOMEM;
	for (size_t i = 1; i <= length; i++) {
		int r;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		part[i] = '\0';
		r = raw->ops->make_dir(h->tree.fd, part);
		if (r == -EEXIST && !raw_exists(h, part))
			r = -ENOTDIR; /* one of the kernel's files */
		if (r == -EEXIST) {
			made = 0;
		} else if (r < 0) {
			char *slash = strrchr(part, '/');

			if (slash)
				*slash = '\0';
			raw_unmake(raw, h, part, made);
			return r;
		} else {
			made++;
		}
		part[i] = path[i];
	}
	return made;
}

/* Whether a word stands in a file of words, as cgroup.subtree_control. */
static bool lists(const struct raw_hierarchy *h, const char *path, const char *file,
		  const char *word)
{
	char text[1024];
	char *each, *rest = text;

	if (cgroup_read(&h->tree, path, file, text, sizeof(text)) < 0)
		return false;
	while ((each = strsep(&rest, " ")))
		if (streq(each, word))
			return true;
	return false;
}

static int enable_in(const struct raw *raw, const struct raw_hierarchy *h, const char *path,
		     const char *controller, struct error *err)
{
	_cleanup_(freep) char *word = NULL;
	int r;

	if (lists(h, path, "cgroup.subtree_control", controller))
		return 0;
	if (asprintf(&word, "+%s", controller) < 0)
		return error_oom(err);
	r = raw_write(raw, h, path, "cgroup.subtree_control", word);
	if (r == -EBUSY)
		return error_set(err, r,
				 "%s/%s has processes of its own, so its groups can have no "
				 "controllers (cgroup v2): move them into a group below it",
				 h->tree.mount_point, path);
	if (r < 0)
		return error_set_errno(err, r,
				       "cannot write \"%s\" to %s/%s%scgroup.subtree_control", word,
				       h->tree.mount_point, path, *path ? "/" : "");
	return 0;
}

int raw_enable(const struct raw *raw, const struct raw_hierarchy *h, const char *path,
	       const char *controller, struct error *err)
{
	_cleanup_(freep) char *above = strdup(path);
	int r;

	if (!above)
		return error_oom(err);
	if (!h->tree.v2 || !*path || !*controller || streq(controller, "cgroup"))
		return 0;
	if (lists(h, path, "cgroup.controllers", controller))
		return 0;
	r = enable_in(raw, h, "", controller, err);
	for (size_t i = 1; r >= 0 && path[i]; i++) {
		if (path[i] != '/')
			continue;
		above[i] = '\0';
		r = enable_in(raw, h, above, controller, err);
		above[i] = '/';
	}
	return r;
}

/* ---- files ---- */

int raw_read(const struct raw_hierarchy *h, const char *path, const char *file, char **ret_text)
{
	char name[PATH_MAX];
	int r = cgroup_path_file(name, sizeof(name), path, file);

	return r < 0 ? r : file_read_at(h->tree.fd, name, RAW_FILE_MAX, ret_text, NULL);
}

int raw_write(const struct raw *raw, const struct raw_hierarchy *h, const char *path,
	      const char *file, const char *text)
{
	char name[PATH_MAX];
	int r = cgroup_path_file(name, sizeof(name), path, file);

	return r < 0 ? r : raw->ops->write(h->tree.fd, name, text);
}

void raw_files_done(struct raw_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].name);
	free(files->items);
	*files = (struct raw_files){ 0 };
}

static int add_file(struct raw_files *files, int dirfd, const char *name)
{
	struct raw_file *larger;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	larger = reallocarray(files->items, files->count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	files->items = larger;
	larger[files->count] = (struct raw_file){ strdup(name), st.st_mode & 07777 };
	if (!larger[files->count].name)
		return -ENOMEM;
	files->count++;
	return 0;
}

static int open_group(const struct raw_hierarchy *h, const char *path, DIR **ret_dir)
{
	int fd = openat(h->tree.fd, *path ? path : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	*ret_dir = fdopendir(fd);
	if (!*ret_dir) {
		close(fd);
		return -ENOMEM;
	}
	return 0;
}

int raw_files(const struct raw_hierarchy *h, const char *path, const char *controller,
	      struct raw_files *ret_files)
{
	size_t length = strlen(controller);
	struct raw_files files = { 0 };
	const struct dirent *entry;
	DIR *dir = NULL;
	int r = open_group(h, path, &dir);

	if (r < 0)
		return r;
	while (r >= 0 && (entry = readdir(dir)))
		if (strncmp(entry->d_name, controller, length) == 0 && entry->d_name[length] == '.')
			r = add_file(&files, dirfd(dir), entry->d_name);
	closedir(dir);
	if (r < 0)
		raw_files_done(&files);
	else
		*ret_files = files;
	return r;
}

/* ---- processes ---- */

int raw_attach(const struct raw *raw, const struct raw_hierarchy *h, const char *path, pid_t pid)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%d", pid);
	if (pid == 0 && !h->tree.v2)
		return raw_write(raw, h, path, "tasks", text);
	r = raw_write(raw, h, path, "cgroup.procs", text);
	/* A threaded group of another domain takes threads only from its own. */
	return r == -EOPNOTSUPP ? raw_write(raw, h, path, "cgroup.threads", text) : r;
}

static int move_one(const struct raw *raw, const struct raw_hierarchy *h, const char *file,
		    const char *to, pid_t pid)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%d", pid);
	r = raw_write(raw, h, to, file, text);
	return r == -ESRCH ? 0 : r;
}

/* Moves what is seen at one look. Returns how many were there, or the first error. */
static int move_seen(const struct raw *raw, const struct raw_hierarchy *h, const char *from,
		     const char *to)
{
	const char *file = "cgroup.procs";
	_cleanup_(freep) char *text = NULL;
	int seen = 0, failed = 0;
	int r = raw_read(h, from, file, &text);

	if (r == -EOPNOTSUPP) {
		file = "cgroup.threads";
		r = raw_read(h, from, file, &text);
	}
	if (r < 0)
		return r;
	for (char *at = text, *end; *at; at = end + (*end == '\n')) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		/* 0 lives in a PID namespace that we cannot see. */
		r = pid > 0 && pid <= INT_MAX ? move_one(raw, h, file, to, (pid_t)pid) : -EPERM;
		failed = failed ? failed : r;
		seen++;
	}
	return failed ? failed : seen;
}

static int move_all(const struct raw *raw, const struct raw_hierarchy *h, const char *from,
		    const char *to)
{
	int r = 0;

	for (int round = 0; round < REMOVE_ROUNDS; round++) {
		r = move_seen(raw, h, from, to);
		if (r == 0)
			return 0;
		/* What is ending, or forking, is looked at again. */
		if (r < 0 && r != -EBUSY && r != -EAGAIN)
			return r;
		if (r < 0 && round >= 2)
			return r;
	}
	return -EBUSY;
}

/* ---- below ---- */

struct walk {
	const struct raw_hierarchy *h;
	const char *path;
	bool upwards;
	raw_each each;
	void *context;
};

static int walk_child(void *context, const char *name)
{
	const struct walk *walk = context;
	_cleanup_(freep) char *path = cgroup_path_join(walk->path, name);

	if (!path)
		return -ENOMEM;
	return raw_walk(walk->h, path, walk->upwards, walk->each, walk->context);
}

int raw_walk(const struct raw_hierarchy *h, const char *path, bool upwards, raw_each each,
	     void *context)
{
	struct walk walk = { h, path, upwards, each, context };
	int r = upwards ? 0 : each(context, path);

	if (r < 0)
		return r;
	r = children_each(&h->tree, path, walk_child, &walk);
	if (r == -ENOENT || r == -ENODEV)
		r = 0;
	return r >= 0 && upwards ? each(context, path) : r;
}

static int note_child(void *context, const char *name)
{
	(void)name;
	*(bool *)context = true;
	return -ECANCELED;
}

static bool has_children(const struct raw_hierarchy *h, const char *path)
{
	bool found = false;

	(void)children_each(&h->tree, path, note_child, &found);
	return found;
}

struct removal {
	const struct raw *raw;
	const struct raw_hierarchy *h;
	enum raw_remove_flags flags;
	const char *to; /* where processes go: above all that is removed */
	struct error *err;
	bool left; /* something had to stay */
};

/* A group that was just emptied is busy until its last process is gone altogether. */
static int remove_empty(const struct raw *raw, const struct raw_hierarchy *h, const char *path)
{
	int r = raw->ops->remove_dir(h->tree.fd, path);

	for (int round = 0; r == -EBUSY && round < REMOVE_ROUNDS; round++) {
		if (has_children(h, path))
			return r;
		usleep(REMOVE_WAIT_US);
		r = raw->ops->remove_dir(h->tree.fd, path);
	}
	return r;
}

static int holds_processes(const struct raw_hierarchy *h, const char *path)
{
	_cleanup_(freep) char *text = NULL;
	int r = raw_read(h, path, "cgroup.procs", &text);

	if (r == -EOPNOTSUPP)
		r = raw_read(h, path, "cgroup.threads", &text);
	return r < 0 ? r : *text != '\0';
}

static int remove_one(void *context, const char *path)
{
	struct removal *removal = context;
	const struct raw *raw = removal->raw;
	const struct raw_hierarchy *h = removal->h;
	int r;

	if (!*path)
		return 0;
	if (removal->flags & RAW_ONLY_EMPTY) {
		r = holds_processes(h, path);
		if (r > 0 || has_children(h, path)) {
			removal->left = true;
			return 0;
		}
	} else {
		r = move_all(raw, h, path, removal->to);
	}
	if (r < 0 && r != -ENOENT)
		return error_set_errno(removal->err, r,
				       "cannot move the processes of %s/%s to %s/%s",
				       h->tree.mount_point, path, h->tree.mount_point, removal->to);
	r = remove_empty(raw, h, path);
	return r < 0 ? error_set_errno(removal->err, r, "cannot remove %s/%s", h->tree.mount_point,
				       path)
		     : 0;
}

int raw_remove(const struct raw *raw, const struct raw_hierarchy *h, const char *path,
	       enum raw_remove_flags flags, struct error *err)
{
	_cleanup_(freep) char *above = cgroup_path_parent(path);
	struct removal removal = { raw, h, flags, above, err, false };
	int r;

	if (!above)
		return error_oom(err);
	if (!raw_exists(h, path))
		return error_set(err, -ENOENT, "there is no %s/%s", h->tree.mount_point, path);
	if (!(flags & RAW_RECURSIVE) && *path && has_children(h, path))
		return error_set(err, -EBUSY, "%s/%s has groups below it (-r removes them too)",
				 h->tree.mount_point, path);
	r = flags & RAW_RECURSIVE ? raw_walk(h, path, true, remove_one, &removal)
				  : remove_one(&removal, path);
	return r >= 0 && removal.left ? -EBUSY : r;
}
