// SPDX-License-Identifier: MIT
/* In the place of recipe-seccomp.c, for a program that is without the compiler of policies. */
#include "launch/recipe-internal.h"

int recipe_set_seccomp(struct recipe *recipe, const char *value, struct error *err)
{
	return error_set(err, -EOPNOTSUPP, "this program was built without policies");
}

void recipe_seccomp_done(_unused_ struct recipe *recipe)
{
}
