// SPDX-License-Identifier: MIT
/* In work: see systemd.h. */
#include "cgroup/systemd.h"

int systemd_claim(struct groups *groups, struct error *err)
{
	(void)groups;
	return error_set(err, -EOPNOTSUPP, "systemd owns the cgroup tree of this host");
}
