// SPDX-License-Identifier: MIT
/* A seccomp policy, in words or (with "{" as its first byte) as an OCI profile: what is taken must
 * compile, and the kernel's program must say what the policy says. */
#include "launch/seccomp-compile.h"
#include "launch/seccomp-names.h"
#include "launch/seccomp-oci.h"
#include "launch/seccomp-parse.h"

#include <linux/audit.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MOST = 4096 };

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static void compare(const struct seccomp_policy *policy, const struct sock_fprog *program,
		    uint32_t call, uint64_t value)
{
	struct seccomp_data data = { .nr = (int)call, .arch = ARCHITECTURE };
	uint64_t arguments[SECCOMP_ARGUMENTS];
	uint32_t action;

	for (size_t i = 0; i < SECCOMP_ARGUMENTS; i++)
		data.args[i] = arguments[i] = value;
	if (seccomp_program_run(program, &data, &action) < 0 ||
	    action != seccomp_policy_judge(policy, call, arguments, NULL))
		abort();
}

static void compare_all(const struct seccomp_policy *policy, const struct sock_fprog *program)
{
	compare(policy, program, SECCOMP_CALLS_END, 0);
	for (size_t i = 0; i < policy->count; i++) {
		const struct seccomp_clause *clause = &policy->clauses[i];
		uint64_t value = clause->count ? clause->conditions[0].value : 0;

		compare(policy, program, clause->call, value);
		compare(policy, program, clause->call, value + 1);
		compare(policy, program, clause->call, value | UINT64_C(1) << 32);
		compare(policy, program, clause->call + 1, value);
		i += clause->count ? 0 : 15; /* groups are long */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_policy *policy = NULL;
	struct seccomp_program program = { 0 };
	struct error err = ERROR_INIT;
	char text[TEXT_MOST + 1];
	int r;

	size = MIN(size, (size_t)TEXT_MOST);
	memcpy(text, data, size);
	text[size] = '\0';
	r = text[0] == '{' ? seccomp_parse_oci("fuzz", text, &policy, &err)
			   : seccomp_parse("fuzz", text, &policy, &err);
	if (r >= 0) {
		(void)seccomp_policy_check_start(policy, &err);
		free(seccomp_policy_warning(policy));
		if (seccomp_compile(policy, &program, NULL) >= 0)
			compare_all(policy, &program.program);
		seccomp_program_done(&program);
	} else if (!err.message && r != -ENOMEM) {
		abort();
	}
	seccomp_policy_free(policy);
	error_done(&err);
	return 0;
}
