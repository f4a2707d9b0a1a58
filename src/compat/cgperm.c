// SPDX-License-Identifier: MIT
/* Owners and modes of cgroup files. Unknown users are refused: libcgroup said so and went on. */
#include "compat/cgperm.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>

const struct cgperm cgperm_none = {
	.uid = (uid_t)-1,
	.task_uid = (uid_t)-1,
	.gid = (gid_t)-1,
	.task_gid = (gid_t)-1,
	.directory = CG_MODE_UNSET,
	.file = CG_MODE_UNSET,
	.task = CG_MODE_UNSET,
};

static bool parse_id(const char *text, uint32_t *ret_id)
{
	char *end;
	unsigned long id;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	id = strtoul(text, &end, 10);
	if (errno || *end || id >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

static bool find_user(const char *name, uid_t *ret_uid)
{
	const struct passwd *entry = getpwnam(name);

	if (entry)
		*ret_uid = entry->pw_uid;
	return entry || parse_id(name, ret_uid);
}

static bool find_group(const char *name, gid_t *ret_gid)
{
	const struct group *entry = getgrnam(name);

	if (entry)
		*ret_gid = entry->gr_gid;
	return entry || parse_id(name, ret_gid);
}

/* "user:group", "user" or ":group". */
static int parse_owner(const struct cgtool *tool, const char *text, uid_t *ret_uid, gid_t *ret_gid)
{
	_cleanup_(freep) char *user = strdup(text);
	char *group = user ? strchr(user, ':') : NULL;

	if (!user)
		return CG_EXIT_MODE;
	if (group)
		*group++ = '\0';
	if (*user && !find_user(user, ret_uid)) {
		fprintf(stderr, "%s: can't find uid of user %s.\n", tool->name, user);
		return CG_EXIT_MODE;
	}
	if (group && *group && !find_group(group, ret_gid)) {
		fprintf(stderr, "%s: can't find gid of group %s.\n", tool->name, group);
		return CG_EXIT_MODE;
	}
	return 0;
}

static int parse_mode(const struct cgtool *tool, const char *text, uint32_t *ret_mode)
{
	size_t length = strlen(text);

	if (length < 3 || length > 4 || strspn(text, "01234567") != length) {
		fprintf(stderr, "%s wrong mode format %s (three or four octal digits, as 750)\n",
			tool->name, text);
		return CG_EXIT_MODE;
	}
	*ret_mode = (uint32_t)strtoul(text, NULL, 8);
	return 0;
}

int cgperm_parse(const struct cgtool *tool, const struct cgperm_words *words,
		 struct cgperm *ret_perm)
{
	struct cgperm perm = cgperm_none;
	const struct {
		const char *text;
		uint32_t *mode;
	} modes[] = { { words->dperm, &perm.directory },
		      { words->fperm, &perm.file },
		      { words->tperm, &perm.task } };
	int r = 0;

	if (words->admin)
		r = parse_owner(tool, words->admin, &perm.uid, &perm.gid);
	if (!r && words->task)
		r = parse_owner(tool, words->task, &perm.task_uid, &perm.task_gid);
	for (size_t i = 0; i < ARRAY_SIZE(modes) && !r; i++)
		if (modes[i].text)
			r = parse_mode(tool, modes[i].text, modes[i].mode);
	if (!r)
		*ret_perm = perm;
	return r;
}

/* ---- on disk ---- */

static int set_file(int dirfd, const char *name, uid_t uid, gid_t gid, uint32_t mode)
{
	struct stat st;
	uint32_t owner;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) &&
	    fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (mode == CG_MODE_UNSET)
		return 0;
	owner = st.st_mode & 0700;
	mode &= owner | owner >> 3 | owner >> 6 | 07000;
	return fchmodat(dirfd, name, mode, 0) < 0 ? -errno : 0;
}

static int set_files(int dirfd, const struct cgperm *perm)
{
	const struct dirent *entry;
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	int r = dir ? 0 : -errno;

	if (!dir && copy >= 0)
		close(copy);
	while (r >= 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			r = set_file(dirfd, entry->d_name, perm->uid, perm->gid, perm->file);
	if (dir)
		closedir(dir);
	return r;
}

/*
 * v1's tasks file is not the admin's: where no owner is given for it, it is the caller's. v2's
 * cgroup.procs is, or the admin could not use the groups that he makes.
 */
static int set_tasks(int dirfd, bool v2, const struct cgperm *perm)
{
	bool callers = !v2 && (perm->uid != (uid_t)-1 || perm->gid != (gid_t)-1);
	uid_t uid = perm->task_uid == (uid_t)-1 && callers ? geteuid() : perm->task_uid;
	gid_t gid = perm->task_gid == (gid_t)-1 && callers ? getegid() : perm->task_gid;

	static const char *const names[2][2] = { { "tasks", NULL },
						 { "cgroup.procs", "cgroup.threads" } };

	for (size_t i = 0; i < 2 && names[v2][i]; i++) {
		int r = set_file(dirfd, names[v2][i], uid, gid, perm->task);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

struct applying {
	const struct raw_hierarchy *h;
	const struct cgperm *perm;
	struct error *err;
};

static int apply_one(void *context, const char *path)
{
	const struct applying *applying = context;
	const struct cgperm *perm = applying->perm;
	_cleanup_(closep) int fd = openat(applying->h->tree.fd, *path ? path : ".",
					  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : 0;

	if (r >= 0 &&
	    (perm->uid != (uid_t)-1 || perm->gid != (gid_t)-1 || perm->directory != CG_MODE_UNSET))
		r = set_file(fd, ".", perm->uid, perm->gid, perm->directory);
	if (r >= 0 &&
	    (perm->uid != (uid_t)-1 || perm->gid != (gid_t)-1 || perm->file != CG_MODE_UNSET))
		r = set_files(fd, perm);
	if (r >= 0)
		r = set_tasks(fd, applying->h->tree.v2, perm);
	return r < 0 ? error_set_errno(applying->err, r, "owner and permissions of %s/%s",
				       applying->h->tree.mount_point, path)
		     : 0;
}

int cgperm_apply(const struct raw_hierarchy *h, const char *path, const struct cgperm *perm,
		 struct error *err)
{
	struct applying applying = { h, perm, err };

	return memcmp(perm, &cgperm_none, sizeof(*perm)) == 0
		       ? 0
		       : raw_walk(h, path, false, apply_one, &applying);
}
