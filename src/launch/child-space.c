// SPDX-License-Identifier: MIT
/* What new namespaces are given by the new process (child.c): settings, loopback, host name. */
#include "launch/job.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int child_settings(struct job *job)
{
	const struct launch_namespaces *namespaces = job->plan->namespaces;
	long folder;
	int r = 0;

	if (!namespaces || namespaces->setting_count == 0)
		return 0;
	folder = raw(SYS_openat, AT_FDCWD, "/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return (int)folder;
	for (size_t i = 0; r == 0 && i < namespaces->setting_count; i++) {
		const struct launch_setting *setting = &namespaces->settings[i];

		job->item = i;
		r = child_write(folder, setting->path, setting->value);
	}
	(void)raw(SYS_close, folder);
	return r;
}

int child_network(struct job *job)
{
	const struct launch_namespaces *namespaces = job->plan->namespaces;
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	long fd, r;

	if (!namespaces || !namespaces->loopback)
		return 0;
	fd = raw(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return (int)fd;
	r = raw(SYS_ioctl, fd, SIOCSIFFLAGS, &request);
	(void)raw(SYS_close, fd);
	return (int)r;
}

int child_hostname(struct job *job)
{
	const struct launch_namespaces *namespaces = job->plan->namespaces;

	if (!namespaces || !namespaces->hostname)
		return 0;
	return (int)raw(SYS_sethostname, namespaces->hostname, raw_length(namespaces->hostname));
}
