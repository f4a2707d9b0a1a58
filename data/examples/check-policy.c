// SPDX-License-Identifier: MIT
/* check-policy FILE|FOLDER: the mistakes of a policy as compilers write theirs, by libreeve. */
#include <reeve/policy.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	static const char *const severities[] = { "note", "warning", "error" };
	struct reeve_check *check = NULL;
	int r;

	if (argc != 2) {
		fputs("usage: check-policy FILE|FOLDER\n", stderr);
		return 2;
	}
	r = reeve_check_policy(argv[1], &check);
	if (r < 0 && !check) {
		fprintf(stderr, "check-policy: %s\n", strerror(-r));
		return 2;
	}
	for (size_t i = 0; i < reeve_check_count(check); i++)
		printf("%s:%u:%u: %s: %s\n", reeve_check_file(check, i), reeve_check_line(check, i),
		       reeve_check_column(check, i), severities[reeve_check_severity(check, i)],
		       reeve_check_message(check, i));
	reeve_check_free(check);
	return r < 0 ? 1 : 0;
}
