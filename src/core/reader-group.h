/* SPDX-License-Identifier: MIT */
/* Who may read the socket. Apart, because <grp.h> and cgroup/ both have a `struct group`. */
#pragma once

#include <sys/types.h>

/* The id of the user group "reeve", or (gid_t)-1 where there is none. */
gid_t reader_group(void);
