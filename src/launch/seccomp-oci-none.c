// SPDX-License-Identifier: MIT
/* In the place of seccomp-oci.c, for a program that is without a reader of JSON. */
#include "launch/seccomp-oci.h"

int seccomp_parse_oci(const char *name, _unused_ const char *text,
		      _unused_ struct seccomp_policy **ret_policy, struct error *err)
{
	return error_set(err, -EOPNOTSUPP, "%s: this program was built without JSON", name);
}
