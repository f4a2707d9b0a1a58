// SPDX-License-Identifier: MIT
/* Two lists; both sorted. A type that nobody knows is watched: missing one would be worse. */
#include "source/gate-mounts.h"

static const char *const pseudo[] = {
	"autofs", "binfmt_misc", "bpf",	       "cgroup",    "cgroup2", "configfs", "debugfs",
	"devpts", "efivarfs",	 "fusectl",    "mqueue",    "nfsd",    "nsfs",	   "proc",
	"pstore", "rpc_pipefs",	 "securityfs", "selinuxfs", "smackfs", "sysfs",	   "tracefs",
};

static const char *const remote[] = {
	"9p",	     "afs",    "ceph",	"cifs", "coda", "fuse",	 "fuseblk",  "gfs2",
	"glusterfs", "lustre", "ncpfs", "nfs",	"nfs4", "ocfs2", "orangefs", "smb3",
};

static int compare(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

static bool is_in(const char *type, const char *const *list, size_t count)
{
	return bsearch(type, list, count, sizeof(*list), compare) != NULL;
}

enum filesystem_class filesystem_class(const char *type)
{
	if (is_in(type, pseudo, ARRAY_SIZE(pseudo)))
		return FILESYSTEM_PSEUDO;
	/* "fuse.sshfs", "fuseblk": the part before the dot is the kernel's type. */
	if (strncmp(type, "fuse.", 5) == 0 || is_in(type, remote, ARRAY_SIZE(remote)))
		return FILESYSTEM_REMOTE;
	return FILESYSTEM_LOCAL;
}
