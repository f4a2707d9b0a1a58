// SPDX-License-Identifier: MIT
/* A directory of users that never answers: libnss_hangs.so.2, for nsswitch.conf's "hangs". */
#include "util/macros.h"

#include <grp.h>
#include <nss.h>
#include <pwd.h>

enum nss_status _nss_hangs_getpwnam_r(const char *name, struct passwd *user, char *room,
				      size_t size, int *error);
enum nss_status _nss_hangs_getgrnam_r(const char *name, struct group *group, char *room,
				      size_t size, int *error);

static _noreturn_ void never(void)
{
	for (;;)
		pause();
}

enum nss_status _nss_hangs_getpwnam_r(const char *name, struct passwd *user, char *room,
				      size_t size, int *error)
{
	never();
}

enum nss_status _nss_hangs_getgrnam_r(const char *name, struct group *group, char *room,
				      size_t size, int *error)
{
	never();
}
