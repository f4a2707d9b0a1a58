// SPDX-License-Identifier: MIT
#include "source/audit-calls.h"

#include "test/unit.h"

#include <linux/audit.h>
#include <sys/syscall.h>

static void test_native(void **state)
{
	uint32_t arch = audit_abi_arch(AUDIT_ABI_NATIVE);
	const uint16_t *numbers;

	assert_int_not_equal(arch, 0);
	assert_int_equal(audit_call_of(arch, SYS_execve), AUDIT_CALL_EXEC);
	assert_int_equal(audit_call_of(arch, SYS_execveat), AUDIT_CALL_EXEC);
	assert_int_equal(audit_call_of(arch, SYS_setresuid), AUDIT_CALL_SETUID);
	assert_int_equal(audit_call_of(arch, SYS_setregid), AUDIT_CALL_SETGID);
	assert_int_equal(audit_call_of(arch, SYS_getpid), AUDIT_CALL_OTHER);
	assert_int_equal(audit_call_of(arch, 0), AUDIT_CALL_OTHER);
	assert_int_equal(audit_call_of(arch, UINT64_MAX), AUDIT_CALL_OTHER);
	assert_int_equal(audit_call_of(0, SYS_execve), AUDIT_CALL_OTHER);
	assert_int_equal(audit_call_numbers(AUDIT_ABI_NATIVE, AUDIT_CALL_EXEC, &numbers), 2);
	assert_int_equal(numbers[0], SYS_execve);
}

static void test_compat(void **state)
{
	uint32_t arch = audit_abi_arch(AUDIT_ABI_COMPAT);
	const uint16_t *numbers;

	if (arch == 0)
		skip();
	assert_int_equal(audit_call_of(arch, 11), AUDIT_CALL_EXEC);
	assert_int_equal(audit_call_of(arch, 208), AUDIT_CALL_SETUID);
	assert_int_equal(audit_call_of(arch, 46), AUDIT_CALL_SETGID);
	assert_int_equal(audit_call_of(arch, 59), AUDIT_CALL_OTHER);
	/* What a rule's mask can hold. */
	for (int call = 0; call < AUDIT_CALLS; call++)
		for (size_t i = audit_call_numbers(AUDIT_ABI_COMPAT, call, &numbers); i-- > 0;)
			assert_true(numbers[i] < AUDIT_BITMASK_SIZE * 32);
}

static void test_what_events_need(void **state)
{
	assert_int_equal(audit_calls_for(EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK)),
			 AUDIT_CALL_BIT(AUDIT_CALL_EXEC));
	assert_int_equal(audit_calls_for(EVENT_BIT(EVENT_SETUID)),
			 AUDIT_CALL_BIT(AUDIT_CALL_SETUID) | AUDIT_CALL_BIT(AUDIT_CALL_EXEC_USER));
	assert_int_equal(audit_calls_for(EVENT_BIT(EVENT_SETGID) | EVENT_BIT(EVENT_FAILED)),
			 AUDIT_CALL_BIT(AUDIT_CALL_SETGID) | AUDIT_CALL_BIT(AUDIT_CALL_EXEC));
	assert_int_equal(audit_calls_for(EVENT_BIT(EVENT_EXIT)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_compat),
		cmocka_unit_test(test_what_events_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
