// SPDX-License-Identifier: MIT
/* covers: facts-process.c execve-call.c */
#include "core/facts-process.h"

#include "core/execve-call.h"
#include "test/unit.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Every name is taken for the host's. */
static enum host_name any_name(const struct seen_file *file, struct name_buffer *names,
			       void *userdata)
{
	return HOST_NAME_ONLY;
}

static struct process_facts *begin(const struct facts_world *world, const struct group_bases *bases,
				   pid_t pid)
{
	struct process_facts *process = calloc(1, sizeof(*process));

	assert_non_null(process);
	process_facts_begin(process, world, bases, ON_READ, pid);
	process->find_name = any_name;
	return process;
}

/* What is asked of ourselves is what we know. */
static void test_ourselves(void **state)
{
	struct facts_world world;
	struct process_facts *process;
	struct facts *facts;
	struct host *host;
	char exe[PATH_MAX], cwd[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	assert_int_equal(host_new(&host, NULL), 0);
	facts_world_init(&world, host);
	process = begin(&world, NULL, getpid());
	facts = &process->facts;
	assert_true(facts_know(facts, FACT_IDS));
	assert_int_equal(facts->uid, getuid());
	assert_int_equal(facts->egid, getegid());
	assert_true(process_facts_start(process) > 0);
	assert_true(facts_know(facts, FACT_EXE));
	assert_int_equal(facts->exe.size, n);
	assert_memory_equal(facts->exe.data, exe, (size_t)n);
	assert_true(facts_know(facts, FACT_CWD));
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_string_equal(facts->cwd.data, cwd);
	assert_true(facts_know(facts, FACT_ARGUMENTS));
	assert_true(facts->argv.size > 0);
	assert_true(facts_know(facts, FACT_COMM));
	assert_true(facts_know(facts, FACT_NAMESPACES));
	assert_int_equal(facts->namespaces[NS_MNT], facts->host_namespaces[NS_MNT]);
	assert_true(facts_know(facts, FACT_ANCESTORS));
	assert_true(facts->ancestor_count > 0);
	assert_int_equal(facts->ancestors[0].pid, getppid());
	assert_true(facts_know(facts, FACT_FILE_FLAGS));
	assert_false(facts->memfd || facts->deleted || facts->setuid_program);
	assert_true(facts_know(facts, FACT_TIME));
	assert_false(facts_know(facts, FACT_SCRIPT));
	free(process);
	host_free(host);
}

static void give_arguments(struct process_facts *process, const char *list, size_t size)
{
	memcpy(process->arguments, list, size);
	process->facts.argv = (struct slice){ process->arguments, size };
	process->facts.known = UINT32_C(1) << FACT_ARGUMENTS | UINT32_C(1) << FACT_SCRIPT;
}

/* As the kernel puts a script's arguments together. */
static void test_an_interpreter_in_front(void **state)
{
	static const char wanted[] = "/bin/sh\0-e x\0./script\0a\0";
	struct facts_world world = { 0 };
	struct process_facts *process = begin(&world, NULL, getpid());
	struct facts *facts = &process->facts;

	process->executing = true;
	facts->script = slice_of("/opt/script");
	facts->interpreter = slice_of("/bin/sh");
	snprintf(process->interpreter_argument, sizeof(process->interpreter_argument), "-e x");
	snprintf(process->asked_for, sizeof(process->asked_for), "./script");
	give_arguments(process, "name\0a", 7);
	process_facts_put_interpreter(process);
	assert_int_equal(facts->argv.size, sizeof(wanted) - 1);
	assert_memory_equal(facts->argv.data, wanted, sizeof(wanted) - 1);
	/* Without arguments, too; and a program that is no script keeps its own. */
	give_arguments(process, "", 0);
	process->interpreter_argument[0] = '\0';
	process_facts_put_interpreter(process);
	assert_int_equal(facts->argv.size, 17);
	assert_memory_equal(facts->argv.data, "/bin/sh\0./script", 17);
	facts->script.size = 0;
	give_arguments(process, "name\0a", 7);
	process_facts_put_interpreter(process);
	assert_int_equal(facts->argv.size, 7);
	free(process);
}

static void test_nobody(void **state)
{
	struct facts_world world;
	struct process_facts *process;
	struct host *host;

	assert_int_equal(host_new(&host, NULL), 0);
	facts_world_init(&world, host);
	process = begin(&world, NULL, 1 << 30);
	for (enum fact_part part = 0; part < FACT_PARTS; part++)
		assert_int_equal(facts_know(&process->facts, part), part == FACT_TIME);
	free(process);
	host_free(host);
}

/* A /proc of our own: control groups of both kinds. */
static void test_texts(void **state)
{
	static const struct group_bases bases = {
		.count = 2,
		.in = { { .hierarchy = 0, .prefix = { "/reeve/", 7 } },
			{ .hierarchy = 4, .prefix = { "/reeve/", 7 } } },
	};
	char *folder = unit_folder_new();
	struct facts_world world;
	struct process_facts *process;
	struct facts *facts;
	struct host *host;

	unit_write(folder, "proc/12/cgroup", "4:cpu,cpuacct:/reeve/build/link\n0::/reeve/build\n");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	facts_world_init(&world, host);
	process = begin(&world, &bases, 12);
	facts = &process->facts;
	assert_true(facts_know(facts, FACT_CGROUP));
	assert_int_equal(facts->cgroup.size, strlen("/reeve/build"));
	assert_string_equal(facts->cgroup_v1.data, "cpu,cpuacct:/reeve/build/link");
	/* The innermost counts. */
	assert_int_equal(facts->group.size, strlen("build/link"));
	assert_memory_equal(facts->group.data, "build/link", facts->group.size);
	assert_int_equal(facts->container_runtime.size, 0);
	free(process);
	host_free(host);
	unit_folder_free(folder);
}

static void test_script(void **state)
{
	char *folder = unit_folder_new(), *path = unit_path(folder, "script");
	const struct file_key file = { .path = path, .length = strlen(path) };
	struct facts_world world;
	struct process_facts *process;
	struct host *host;

	unit_write(folder, "script", "#! /usr/bin/env python3\n");
	assert_int_equal(host_new(&host, NULL), 0);
	facts_world_init(&world, host);
	process = begin(&world, NULL, getpid());
	process->facts.on = ON_EXECUTE;
	process->executing = true;
	process->file_fd = open(path, O_RDONLY | O_CLOEXEC);
	process_facts_set_file(process, &file);
	assert_true(facts_know(&process->facts, FACT_EXE));
	assert_true(facts_know(&process->facts, FACT_SCRIPT));
	assert_memory_equal(process->facts.script.data, path, strlen(path));
	assert_memory_equal(process->facts.interpreter.data, "/usr/bin/env", 12);
	close(process->file_fd);
	free(process);
	host_free(host);
	free(path);
	unit_folder_free(folder);
}

static void test_calls(void **state)
{
	struct execve_call call;
	char text[200];

	snprintf(text, sizeof(text), "%d 0x10 0x20 0x30 0x0 0x0 0x0 0x7ff 0x7fe", SYS_execve);
	assert_true(execve_call_parse(text, &call));
	assert_int_equal(call.filename, 0x10);
	assert_int_equal(call.argv, 0x20);
	assert_int_equal(call.folder, AT_FDCWD);
	snprintf(text, sizeof(text), "%d 0x5 0x20 0x30 0x0 0x0 0x0 0x7ff 0x7fe", SYS_execveat);
	assert_true(execve_call_parse(text, &call));
	assert_int_equal(call.folder, 5);
	assert_int_equal(call.filename, 0x20);
	assert_int_equal(call.argv, 0x30);
	assert_false(execve_call_parse("running", &call));
	assert_false(execve_call_parse("0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0", &call));
	assert_false(execve_call_parse("", &call));
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static void test_memory(void **state)
{
	static char longest[3 * 4096];
	char *list[] = { (char *)(uintptr_t) "one", longest, (char *)(uintptr_t) "", NULL };
	static char buffer[32768];
	char small[8];
	bool cut;

	memset(longest, 'x', sizeof(longest) - 1);
	assert_int_equal(memory_read_list(getpid(), address_of(list), buffer, sizeof(buffer), &cut),
			 4 + sizeof(longest) + 1);
	assert_false(cut);
	assert_string_equal(buffer, "one");
	assert_string_equal(buffer + 4, longest);
	/* Only what fits whole. */
	assert_int_equal(memory_read_list(getpid(), address_of(list), buffer, 1000, &cut), 4);
	assert_true(cut);
	assert_int_equal(memory_read_list(getpid(), 8, buffer, sizeof(buffer), &cut), -EFAULT);
	assert_int_equal(memory_read_list(getpid(), 0, buffer, sizeof(buffer), &cut), 0);
	assert_int_equal(memory_read_string(getpid(), address_of("seven"), small, sizeof(small)),
			 5);
	assert_int_equal(memory_read_string(getpid(), address_of("eight888"), small, sizeof(small)),
			 -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ourselves), cmocka_unit_test(test_an_interpreter_in_front),
		cmocka_unit_test(test_nobody),	  cmocka_unit_test(test_texts),
		cmocka_unit_test(test_script),	  cmocka_unit_test(test_calls),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
