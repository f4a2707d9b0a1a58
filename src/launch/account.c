// SPDX-License-Identifier: MIT
/*
 * The groups are the caller's, who may have others in them and may take them away before the end
 * is asked for: the folders are held open, and what they do not tell any more is not known.
 */
#include "launch/account.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

int account_add(struct account *account, const char *folder)
{
	_cleanup_(closep) int fd = -1;
	struct statfs statfs;

	if (account->count == HIERARCHY_MAX)
		return -ENOSPC;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &statfs) < 0)
		return -errno;
	account->folders[account->count++] = (struct account_folder){
		.fd = TAKE_FD(fd),
		.v2 = statfs.f_type == CGROUP2_SUPER_MAGIC,
	};
	return 0;
}

static void read_all(const struct account *account, struct group_usage *ret_usage)
{
	*ret_usage = (struct group_usage){ 0 };
	for (size_t i = 0; i < account->count; i++)
		group_usage_add_folder(account->folders[i].fd, account->folders[i].v2, ret_usage);
}

int account_begin(const struct account *account, struct account *ret_account)
{
	struct account copy = { 0 };

	for (size_t i = 0; i < account->count; i++) {
		int fd = fcntl(account->folders[i].fd, F_DUPFD_CLOEXEC, 0);

		if (fd < 0) {
			int r = -errno;

			account_done(&copy);
			return r;
		}
		copy.folders[copy.count++] =
			(struct account_folder){ .fd = fd, .v2 = account->folders[i].v2 };
	}
	read_all(&copy, &copy.before);
	*ret_account = copy;
	return 0;
}

/* A counter that is smaller than before is another one. */
static void subtract(uint64_t *now, uint64_t before)
{
	*now -= MIN(before, *now);
}

void account_read(const struct account *account, struct group_usage *ret_since)
{
	struct group_usage now;

	read_all(account, &now);
	now.known &= account->before.known;
	subtract(&now.cpu_ns, account->before.cpu_ns);
	subtract(&now.throttled_ns, account->before.throttled_ns);
	subtract(&now.oom_kills, account->before.oom_kills);
	subtract(&now.memory_max_hits, account->before.memory_max_hits);
	subtract(&now.pids_max_hits, account->before.pids_max_hits);
	subtract(&now.io_read, account->before.io_read);
	subtract(&now.io_written, account->before.io_written);
	*ret_since = now;
}

void account_done(struct account *account)
{
	for (size_t i = 0; i < account->count; i++)
		closep(&account->folders[i].fd);
	account->count = 0;
}
