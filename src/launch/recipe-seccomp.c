// SPDX-License-Identifier: MIT
/* Which system calls a program may make: a policy compiled when it is named. */
#include "launch/recipe-internal.h"

#include "launch/seccomp-load.h"

int recipe_set_seccomp(struct recipe *recipe, const char *value, struct error *err)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
	struct seccomp_program program;
	int r = seccomp_policy_load("policy", value, &policy, err);

	if (r >= 0)
		r = seccomp_policy_check_start(policy, err);
	if (r >= 0)
		r = seccomp_compile(policy, &program, err);
	if (r < 0)
		return r;
	seccomp_program_done(&recipe->seccomp);
	recipe->seccomp = program;
	recipe->confinement.seccomp = &recipe->seccomp.program;
	recipe->confinement.seccomp_flags = policy->flags;
	free(recipe->seccomp_remark);
	recipe->seccomp_remark = TAKE_PTR(policy->remark);
	if (!recipe->seccomp_remark)
		recipe->seccomp_remark = seccomp_policy_warning(policy);
	return 0;
}

void recipe_seccomp_done(struct recipe *recipe)
{
	seccomp_program_done(&recipe->seccomp);
	free(recipe->seccomp_remark);
}
