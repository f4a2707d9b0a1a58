/* SPDX-License-Identifier: MIT */
/*
 * Runs the `tests:` of a policy: does what a process does get the verdict that the test expects?
 *
 * The rules are taken as they are written: nothing need be installed, no link is followed, and the
 * file of a test is compared by its name. What a test does not give is as with a plain process of
 * the host: no container, no terminal, no script, no ancestors. Who the user is, the working
 * folder and the arguments are unknown then, which fails the conditions that ask.
 */
#pragma once

#include "config/policy.h"
#include "rules/ruleset.h"

struct policy_test_failure {
	const struct policy_test *test;
	struct position at;
	const char *message; /* one sentence; until the callback returns */
};

/*
 * Calls `told` for each expectation that is not met, in the order of the file. Returns how many
 * tests failed, or -ENOMEM, or -EINVAL (a regex that does not compile). Asks the C library for
 * users and groups that tests name.
 */
int policy_tests_run(const struct policy *policy,
		     void (*told)(const struct policy_test_failure *failure, void *userdata),
		     void *userdata);

/*
 * What a ruleset says of the process and occasion that a test describes, rule by rule; nothing is
 * expected. `file` (may be NULL) has the identity of test->path where that is there. What of the
 * test means nothing on this host is told to `failed`. 0; -EINVAL: something was; -ENOMEM.
 */
int policy_test_explain(const struct ruleset *ruleset, const struct policy_test *test,
			const struct file_key *file,
			void (*told)(const struct explanation *explanation, void *userdata),
			void (*failed)(const struct policy_test_failure *failure, void *userdata),
			void *userdata);
