// SPDX-License-Identifier: MIT
/* Two lists; both sorted. A type that nobody knows is watched: missing one would be worse. */
#include "source/gate-mounts.h"

static const char *const pseudo[] = {
	"autofs", "binfmt_misc", "bpf",	       "cgroup",    "cgroup2", "configfs", "debugfs",
	"devpts", "efivarfs",	 "fusectl",    "mqueue",    "nfsd",    "nsfs",	   "proc",
	"pstore", "rpc_pipefs",	 "securityfs", "selinuxfs", "smackfs", "sysfs",	   "tracefs",
};

static const char *const remote[] = {
	"9p",	  "afs",   "ceph", "cifs", "coda",  "gfs2",	"glusterfs",
	"lustre", "ncpfs", "nfs",  "nfs4", "ocfs2", "orangefs", "smb3",
};

static int compare(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

static bool is_in(const char *type, const char *const *list, size_t count)
{
	return bsearch(type, list, count, sizeof(*list), compare) != NULL;
}

/* fusermount(1) tells the kernel whose it is, and root may not even look in unless he lets him. */
static bool is_of_user(const char *options)
{
	static const char key[] = "user_id=";
	const char *at = strncmp(options, key, sizeof(key) - 1) == 0 ? options : NULL;

	if (!at)
		at = strstr(options, ",user_id=");
	return at && strtoul(strchr(at, '=') + 1, NULL, 10) != 0;
}

enum filesystem_class filesystem_class(const char *type, const char *super_options)
{
	bool fuse = streq(type, "fuse") || streq(type, "fuseblk") || strncmp(type, "fuse.", 5) == 0;

	if (is_in(type, pseudo, ARRAY_SIZE(pseudo)))
		return FILESYSTEM_PSEUDO;
	if (fuse && is_of_user(super_options))
		return FILESYSTEM_USERS;
	/* "fuse.sshfs", "fuseblk": the part before the dot is the kernel's type. */
	return fuse || is_in(type, remote, ARRAY_SIZE(remote)) ? FILESYSTEM_REMOTE
							       : FILESYSTEM_LOCAL;
}
