// SPDX-License-Identifier: MIT
/* covers: child.c options.c port.c deadline.c */
#include "port/child.h"

#include "port/deadline.h"
#include "port/options.h"

#include "test/unit.h"

#include <fcntl.h>
#include <signal.h>

static void slots(void **state)
{
	struct children children = { 0 };
	struct child *child;

	for (pid_t pid = 1000; pid < 1100; pid++)
		assert_non_null(children_add(&children, pid));
	assert_int_equal(children.living, 100);
	assert_null(children_find(&children, 0));
	assert_null(children_find(&children, -1));
	child = children_find(&children, 1007);
	assert_ptr_equal(child, &children.slots[7]);
	child_leave(&children, child);
	assert_null(children_find(&children, 1007));
	assert_int_equal(children.living, 99);
	/* the lowest slot that is free */
	assert_ptr_equal(children_add(&children, 2000), &children.slots[7]);
	children_forget(&children);
}

static void a_slot_stays_while_output_is_open(void **state)
{
	struct children children = { 0 };
	struct child *child = children_add(&children, 1000);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	child->out = fd;
	child_leave(&children, child);
	assert_null(children_find(&children, 1000));
	assert_ptr_equal(children_with_fd(&children, fd), child);
	assert_int_equal(children_greatest_fd(&children), fd);
	assert_int_equal(children.living, 0);
	assert_int_equal(children.present, 1);
	child_close(&child->out);
	child_release(&children, child);
	assert_int_equal(children.present, 0);
	children_forget(&children);
}

static void bytes_that_wait(void **state)
{
	struct child_bytes bytes = { 0 };

	assert_true(child_bytes_add(&bytes, "abc", 3));
	bytes.at = 2;
	assert_true(child_bytes_add(&bytes, "de", 2));
	assert_int_equal(child_bytes_left(&bytes), 3);
	assert_memory_equal(bytes.data + bytes.at, "cde", 3);
	child_bytes_done(&bytes);
}

static void options(void **state)
{
	struct port *port = port_new();

	assert_int_equal(*option_find(port, "maxforkdepth", true), 16);
	assert_int_equal(option_set(port, "maxforkdepth", 1000, true), OPTION_SET);
	assert_int_equal(port->options.maxforkdepth, 255);
	assert_int_equal(option_set(port, "maxforkdepth", -1, true), OPTION_INVALID);
	assert_int_equal(option_set(port, "flowcontrol", -7, true), OPTION_SET);
	assert_int_equal(port->options.flowcontrol, -1);
	assert_int_equal(option_set(port, "nothing", 1, false), OPTION_REFUSED);
	assert_int_equal(option_set(port, "maxchild", 65536, false), OPTION_REFUSED);
	/* a client of the stock calls does not see the others */
	assert_null(option_find(port, "rusage", true));
	assert_non_null(option_find(port, "rusage", false));
	assert_int_equal(port_children_possible(5), 0);
	assert_int_equal(port_children_possible(64), 9);
}

static void deadlines(void **state)
{
	struct port *port = port_new();

	assert_int_equal(deadline_wait(port), -1);
	assert_int_equal(deadline_set(port, 1000, 60000, SIGTERM, 10), 0);
	assert_int_equal(deadline_set(port, 1001, 30000, SIGTERM, 10), 0);
	assert_in_range(deadline_wait(port), 20000, 30000);
	assert_int_equal(deadline_set(port, 1001, 0, SIGTERM, 10), 0);
	assert_in_range(deadline_wait(port), 50000, 60000);
	deadlines_run(port);
	assert_int_equal(port->deadline_count, 1);
	free(port->deadlines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots),
		cmocka_unit_test(a_slot_stays_while_output_is_open),
		cmocka_unit_test(bytes_that_wait),
		cmocka_unit_test(options),
		cmocka_unit_test(deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
