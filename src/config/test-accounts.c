// SPDX-License-Identifier: MIT
/* Users and groups of users, and a directory service that does not answer.
 * covers: asker.c */
#include "config/accounts.h"

#include "test/unit.h"

static int gate[2];

/* Until the test is over, whatever is asked. */
static void wait_for_gate(void)
{
	char byte;

	while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
		;
}

static void files_and_others(void **state)
{
	_cleanup_(accounts_done) struct accounts accounts = { 0 };
	struct account *root, *again, *group, *nobody, *number;

	assert_int_equal(accounts_user(&accounts, "root", &root), 0);
	assert_true(root->found);
	assert_int_equal(root->uid, 0);
	assert_null(accounts.asker); /* a file has it */
	assert_int_equal(accounts_user(&accounts, "root", &again), 0);
	assert_ptr_equal(root, again);
	assert_int_equal(accounts_group(&accounts, "root", &group), 0);
	assert_true(group->found && group->members);
	assert_int_equal(accounts_user(&accounts, "reeve-nobody", &nobody), 0);
	assert_false(nobody->found);
	assert_int_equal(accounts_user_number(&accounts, "0", &number), 0);
	assert_string_equal(number->name, "root");
	assert_int_equal(accounts_groups(&accounts, root), 0);
	assert_true(root->group_count >= 1);
	assert_false(accounts.gave_up);
}

/* One wait for all: the second who is asked for is not waited for at all. */
static void a_directory_that_hangs(void **state)
{
	struct accounts accounts = { .limit_ns = 20000000,
				     .wait_before = wait_for_gate,
				     .services = "/nonexistent" };
	struct account *account;

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(accounts_user(&accounts, "reeve-nobody", &account), 0);
	assert_false(account->found);
	assert_true(accounts.gave_up);
	assert_int_equal(accounts_group(&accounts, "reeve-none", &account), 0);
	assert_false(account->found);
	assert_int_equal(accounts_user(&accounts, "root", &account), 0);
	assert_true(account->found);
	accounts_done(&accounts);
	/* The thread ends by itself, with what it was asked. */
	close(gate[1]);
}

/* Whether somebody beside the files is asked. */
static bool asks_with(const char *services)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "nsswitch.conf");
	_cleanup_(accounts_done) struct accounts accounts = { .services = path };
	struct account *account;
	bool group;

	unit_write(folder, "nsswitch.conf", services);
	assert_int_equal(accounts_group(&accounts, "reeve-none", &account), 0);
	assert_false(account->found);
	group = accounts.asker != NULL;
	assert_int_equal(accounts_user(&accounts, "reeve-nobody", &account), 0);
	assert_false(account->found);
	assert_int_equal(accounts_user(&accounts, "root", &account), 0);
	assert_true(account->found);
	return group || accounts.asker != NULL;
}

static void who_is_asked(void **state)
{
	assert_false(asks_with("passwd: files\ngroup:\tfiles # and no other\n"));
	assert_true(asks_with("passwd: files ldap\ngroup: files\n"));
	assert_true(asks_with("passwd: files\ngroup: sss files\n"));
	assert_true(asks_with("passwd: files [NOTFOUND=return]\ngroup: files\n"));
	assert_true(asks_with("passwd:\ngroup: files\n"));
	assert_true(asks_with("passwd: files\n"));
	assert_true(asks_with(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_others),
		cmocka_unit_test(a_directory_that_hangs),
		cmocka_unit_test(who_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
