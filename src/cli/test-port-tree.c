// SPDX-License-Identifier: MIT
/* covers: port-tree.c port-show.c */
#include "cli/port-show.h"

#include "test/unit.h"

static void test_places(void **state)
{
	struct port_tree tree;
	struct text name = { 0 };
	pid_t seven = 7;

	assert_int_equal(port_tree_init(&tree), 0);
	assert_int_equal(port_tree_add(&tree, (struct reeve_place){ 0 }, 7), 0);
	assert_int_equal(port_tree_add(&tree, (struct reeve_place){ 1, &seven }, 8), 0);
	assert_ptr_equal(port_tree_find(&tree, "/"), tree.processes[0]);
	assert_ptr_equal(port_tree_find(&tree, "7"), tree.processes[1]);
	assert_ptr_equal(port_tree_find(&tree, "8"), tree.processes[2]);
	assert_ptr_equal(port_tree_find(&tree, "7/8"), tree.processes[2]);
	assert_null(port_tree_find(&tree, "8/7"));
	assert_null(port_tree_find(&tree, "seven"));
	assert_null(port_tree_find(&tree, ""));
	port_tree_name(tree.processes[2], &name);
	assert_string_equal(name.data, "7/8");
	text_done(&name);
	tree.processes[2]->state = PORT_PROGRAM;
	assert_true(port_tree_has_programs(&tree));
	port_tree_end(&tree, tree.processes[1], true);
	assert_int_equal(tree.processes[2]->state, PORT_ENDED);
	assert_false(tree.processes[2]->failed);
	assert_false(port_tree_has_programs(&tree));
	port_tree_done(&tree);
}

/* A message from child 7. */
static struct reeve_message message(enum reeve_message_kind kind, const char *data,
				    const char *json)
{
	static pid_t seven = 7;

	return (struct reeve_message){ .kind = kind,
				       .from = { 1, &seven },
				       .data = (void *)(uintptr_t)data,
				       .size = data ? strlen(data) : 0,
				       .json = (char *)(uintptr_t)json };
}

static void test_what_is_shown(void **state)
{
	struct port_tree tree;
	char *shown = NULL;
	size_t size;
	struct port_show show = { .out = open_memstream(&shown, &size), .tree = &tree };
	const struct reeve_message messages[] = {
		message(REEVE_MESSAGE_STDOUT, "a\nb", NULL),
		message(REEVE_MESSAGE_STDERR, "e\033\n", NULL),
		message(REEVE_MESSAGE_STDOUT, "c", NULL),
		message(REEVE_MESSAGE_CTL, NULL, "\"fdctl_closed\""),
		message(REEVE_MESSAGE_EVENT, NULL, "[\"signal\",\"sigterm\",\"x\"]"),
		message(REEVE_MESSAGE_PIPE, NULL, "5"),
		message(REEVE_MESSAGE_EVENT, NULL, "[\"exit_status\",3]"),
	};

	assert_int_equal(port_tree_init(&tree), 0);
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		assert_int_equal(port_show_message(&show, &messages[i], NULL), 0);
	assert_true(port_tree_find(&tree, "7")->failed);
	show.json = true;
	assert_int_equal(port_show_message(&show, &messages[0], NULL), 0);
	fclose(show.out);
	assert_string_equal(shown, "7: a\n"
				   "7 stderr: e\\x1b\n"
				   "7 fdctl_closed\n"
				   "7: bc\n"
				   "7 signal sigterm\n"
				   "7 took 0 bytes of what was sent last\n"
				   "7 exit_status 3\n"
				   "{\"at\":[7],\"stdout\":\"a\\nb\"}\n");
	free(shown);
	port_tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_what_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
