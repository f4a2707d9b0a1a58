// SPDX-License-Identifier: MIT
/* Opens /proc once; everything else is found below it or below the mount points it names. */
#include "util/host.h"

#include "util/fd.h"

#include <fcntl.h>
#include <time.h>

int host_new_at(const char *root, unsigned cpu_count, struct host **ret_host, struct error *err)
{
	_cleanup_(host_freep) struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return error_oom(err);
	host->proc_fd = -1;
	host->cpu_count = cpu_count ? cpu_count : 1;
	host->root = strdup(root);
	if (!host->root || asprintf(&host->proc_path, "%s/proc", root) < 0)
		return error_oom(err);
	host->proc_fd = open(host->proc_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host->proc_fd < 0)
		return error_set_errno(err, -errno, "cannot open %s", host->proc_path);
	*ret_host = TAKE_PTR(host);
	return 0;
}

int host_new(struct host **ret_host, struct error *err)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return host_new_at("", count > 0 ? (unsigned)count : 1, ret_host, err);
}

void host_free(struct host *host)
{
	if (!host)
		return;
	if (host->proc_fd >= 0)
		close(host->proc_fd);
	free(host->proc_path);
	free(host->root);
	free(host);
}

static uint64_t clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t clock_boottime(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

uint64_t clock_realtime(void)
{
	return clock_read(CLOCK_REALTIME);
}

uint64_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int host_boot_id(const struct host *host, char ret_id[static 37])
{
	char buffer[64];
	ssize_t n =
		file_read_into(host->proc_fd, "sys/kernel/random/boot_id", buffer, sizeof(buffer));

	if (n < 0)
		return (int)n;
	if (n < 36)
		return -EIO;
	memcpy(ret_id, buffer, 36);
	ret_id[36] = '\0';
	return 0;
}
