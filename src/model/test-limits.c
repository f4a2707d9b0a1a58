// SPDX-License-Identifier: MIT
#include "model/limits.h"

#include "test/unit.h"

/* One of everything. */
static struct limits make_limits(void)
{
	struct limits limits = {
		.set = (UINT32_C(1) << LIMIT_COUNT) - 1,
		.cpu = { .of_machine = true, .millionths = 900000 },
		.cpu_period = 100000,
		.cpu_burst = 1000,
		.cpu_weight = 100,
		.cpu_idle = true,
		.freeze = true,
		.oom_group = true,
		.cpus = strdup("0-3,8"),
		.mems = strdup("0"),
		.ram = 1 << 30,
		.ram_high = 1 << 29,
		.ram_low = 1 << 20,
		.ram_min = 1 << 19,
		.swap = LIMIT_MAX,
		.pids = 64,
		.io_weight = 200,
		.io = calloc(2, sizeof(struct io_limit)),
		.io_count = 2,
		.hugetlb = calloc(1, sizeof(struct hugetlb_limit)),
		.hugetlb_count = 1,
		.raw = calloc(2, sizeof(struct raw_limit)),
		.raw_count = 2,
	};

	limits.io[0] = (struct io_limit){ strdup("/dev/sda"), 1, 2, 3, LIMIT_MAX };
	limits.io[1] = (struct io_limit){ strdup("8:16"), LIMIT_MAX, 5, 6, 7 };
	limits.hugetlb[0] = (struct hugetlb_limit){ strdup("2MB"), 1 << 21 };
	limits.raw[0] = (struct raw_limit){ strdup("memory.swappiness"), strdup("10") };
	limits.raw[1] = (struct raw_limit){ strdup("cpu.uclamp.min"), strdup("20") };
	return limits;
}

static void test_every_limit_has_a_name(void **state)
{
	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		assert_non_null(limit_name(i));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(limit_name(i), limit_name(j));
	}
	assert_string_equal(limit_name(LIMIT_CPU_WEIGHT), "cpu_weight");
	assert_string_equal(limit_name(LIMIT_COUNT), "?");
	assert_string_equal(limit_name((enum limit) - 1), "?");
}

static void test_bits(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_RAW) | LIMIT_BIT(LIMIT_CPU) };

	assert_true(limits_has(&limits, LIMIT_CPU));
	assert_true(limits_has(&limits, LIMIT_RAW));
	assert_false(limits_has(&limits, LIMIT_RAM));
}

static void test_a_copy_is_equal_and_its_own(void **state)
{
	struct limits a = make_limits(), b;

	assert_int_equal(limits_copy(&b, &a), 0);
	assert_true(limits_equal(&a, &b));
	assert_ptr_not_equal(a.cpus, b.cpus);
	assert_ptr_not_equal(a.io, b.io);
	assert_ptr_not_equal(a.io[1].device, b.io[1].device);
	assert_ptr_not_equal(a.raw[1].value, b.raw[1].value);
	limits_done(&a);
	assert_string_equal(b.cpus, "0-3,8");
	assert_string_equal(b.io[1].device, "8:16");
	assert_string_equal(b.hugetlb[0].page_size, "2MB");
	assert_string_equal(b.raw[1].value, "20");
	limits_done(&b);
	assert_int_equal(b.set, 0);
	assert_null(b.raw);
	limits_done(&b);
}

static void test_copying_nothing(void **state)
{
	struct limits a = { 0 }, b;

	assert_int_equal(limits_copy(&b, &a), 0);
	assert_true(limits_equal(&a, &b));
	assert_null(b.cpus);
	limits_done(&b);
}

static void replace(char **string, const char *with)
{
	free(*string);
	*string = with ? strdup(with) : NULL;
}

/*
 * Each changes one thing; `which` counts from 0, false behind the last.
 * long: one case a field
 */
static bool change(struct limits *limits, unsigned which)
{
	switch (which) {
	case 0:
		limits->set &= ~LIMIT_BIT(LIMIT_RAM);
		break;
	case 1:
		limits->cpu.of_machine = false;
		break;
	case 2:
		limits->cpu.millionths++;
		break;
	case 3:
		limits->cpu_period++;
		break;
	case 4:
		limits->cpu_burst++;
		break;
	case 5:
		limits->cpu_weight++;
		break;
	case 6:
		limits->cpu_idle = false;
		break;
	case 7:
		limits->freeze = false;
		break;
	case 8:
		limits->oom_group = false;
		break;
	case 9:
		replace(&limits->cpus, "0");
		break;
	case 10:
		replace(&limits->mems, NULL);
		break;
	case 11:
		limits->ram++;
		break;
	case 12:
		limits->ram_high++;
		break;
	case 13:
		limits->ram_low++;
		break;
	case 14:
		limits->ram_min++;
		break;
	case 15:
		limits->swap = 0;
		break;
	case 16:
		limits->pids++;
		break;
	case 17:
		limits->io_weight++;
		break;
	case 18:
		replace(&limits->io[0].device, "/dev/sdb");
		break;
	case 19:
		limits->io[0].rbps++;
		break;
	case 20:
		limits->io[0].wbps++;
		break;
	case 21:
		limits->io[1].riops++;
		break;
	case 22:
		limits->io[1].wiops++;
		break;
	case 23:
		replace(&limits->hugetlb[0].page_size, "1GB");
		break;
	case 24:
		limits->hugetlb[0].bytes++;
		break;
	case 25:
		replace(&limits->raw[0].file, "memory.x");
		break;
	case 26:
		replace(&limits->raw[1].value, "21");
		break;
	default:
		return false;
	}
	return true;
}

static void test_every_difference_is_seen(void **state)
{
	struct limits a = make_limits();

	for (unsigned which = 0;; which++) {
		struct limits b = make_limits();
		bool changed = change(&b, which), equal = limits_equal(&a, &b);

		limits_done(&b);
		if (equal == changed)
			fail_msg("change %u", which);
		if (!changed)
			break;
	}
	limits_done(&a);
}

static void test_lists_of_other_lengths(void **state)
{
	struct limits a = make_limits(), b = make_limits();

	b.io_count--;
	assert_false(limits_equal(&a, &b));
	b.io_count++;
	b.raw_count--;
	assert_false(limits_equal(&a, &b));
	b.raw_count++;
	b.hugetlb_count--;
	assert_false(limits_equal(&a, &b));
	b.hugetlb_count++;
	assert_true(limits_equal(&a, &b));
	limits_done(&a);
	limits_done(&b);
}

static void test_what_is_not_set_does_not_matter(void **state)
{
	struct limits a = make_limits();

	a.set = LIMIT_BIT(LIMIT_PIDS);
	for (unsigned which = 1;; which++) {
		struct limits b = make_limits();
		bool changed, equal;

		b.set = a.set;
		changed = change(&b, which);
		equal = limits_equal(&a, &b);
		limits_done(&b);
		if (!changed)
			break;
		if (equal != (which != 16))
			fail_msg("change %u", which);
	}
	limits_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_limit_has_a_name),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_a_copy_is_equal_and_its_own),
		cmocka_unit_test(test_copying_nothing),
		cmocka_unit_test(test_every_difference_is_seen),
		cmocka_unit_test(test_lists_of_other_lengths),
		cmocka_unit_test(test_what_is_not_set_does_not_matter),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
