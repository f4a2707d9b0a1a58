// SPDX-License-Identifier: MIT
/* Seccomp policies, from words to the kernel's program. covers: seccomp-*.c */
#include "launch/seccomp-policy.h"

#include "launch/seccomp-compile.h"
#include "launch/seccomp-explain.h"
#include "launch/seccomp-load.h"
#include "launch/seccomp-names.h"
#include "launch/seccomp-oci.h"
#include "launch/seccomp-parse.h"

#include <linux/audit.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "test/unit.h"

static struct seccomp_policy *parse(const char *text)
{
	struct seccomp_policy *policy = NULL;
	struct error err = ERROR_INIT;

	if (seccomp_parse("p", text, &policy, &err) < 0)
		fail_msg("%s", error_text(&err));
	return policy;
}

static uint32_t judge(const struct seccomp_policy *policy, int call, uint64_t first)
{
	const uint64_t arguments[SECCOMP_ARGUMENTS] = { first };

	return seccomp_policy_judge(policy, (uint32_t)call, arguments, NULL);
}

static uint32_t judge_text(const char *text, int call, uint64_t first)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = parse(text);

	return judge(policy, call, first);
}

static void refused(const char *text, const char *sentence)
{
	struct seccomp_policy *policy = NULL;
	struct error err = ERROR_INIT;

	assert_true(seccomp_parse("p", text, &policy, &err) < 0);
	assert_string_equal(error_text(&err), sentence);
	assert_null(policy);
	error_done(&err);
}

#define ERRNO(code) (SECCOMP_RET_ERRNO | (code))

static void test_the_language(void **state)
{
	static const char example[] = "allow @basic @io; errno EPERM @mount; kill ptrace";

	assert_int_equal(judge_text(example, SYS_read, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text(example, SYS_mount, 0), ERRNO(EPERM));
	assert_int_equal(judge_text(example, SYS_ptrace, 0), SECCOMP_RET_KILL_PROCESS);
	/* an allow-list answers the rest */
	assert_int_equal(judge_text(example, SYS_socket, 0), ERRNO(EPERM));
	/* a list of what is refused lets the rest be */
	assert_int_equal(judge_text("errno EPERM @mount", SYS_socket, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text("errno 5 @mount\n\n# no more\n", SYS_mount, 0), ERRNO(5));
	/* and an exception to it makes it no list of what is allowed */
	assert_int_equal(judge_text("errno EPERM socket; allow socket(domain == AF_UNIX)", SYS_read,
				    0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text("default kill; allow read", SYS_write, 0),
			 SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(judge_text("log read; trap write", SYS_write, 0), SECCOMP_RET_TRAP);
	assert_int_equal(judge_text("kill-thread write", SYS_write, 0), SECCOMP_RET_KILL_THREAD);
}

static void test_the_last_statement_decides(void **state)
{
	assert_int_equal(judge_text("kill read; allow read", SYS_read, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text("allow read; kill read", SYS_read, 0),
			 SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(judge_text("default kill; use compute; allow socket", SYS_socket, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text("use compute; default kill", SYS_socket, 0),
			 SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(judge_text("use compute", SYS_socket, 0), ERRNO(EPERM));
}

static void test_arguments(void **state)
{
	static const char family[] = "default kill\nallow socket(domain == AF_UNIX)\n"
				     "errno EPERM socket(domain == AF_PACKET)";

	assert_int_equal(judge_text(family, SYS_socket, AF_UNIX), SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text(family, SYS_socket, AF_PACKET), ERRNO(EPERM));
	assert_int_equal(judge_text(family, SYS_socket, AF_INET), SECCOMP_RET_KILL_PROCESS);
	/* the kernel reads 32 bits of an int: what is above them gets around nothing */
	assert_int_equal(judge_text("errno EPERM socket(domain == AF_PACKET)", SYS_socket,
				    AF_PACKET | UINT64_C(1) << 32),
			 ERRNO(EPERM));
	assert_int_equal(judge_text("kill lseek(arg0 == 1)", SYS_lseek, 1 | UINT64_C(1) << 32),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text("kill lseek(arg0:32 == 1)", SYS_lseek, 1 | UINT64_C(1) << 32),
			 SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(judge_text("kill clone(flags & CLONE_NEWUSER|CLONE_NEWNS != 0)", SYS_clone,
				    0x10000000),
			 SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(judge_text("kill lseek(arg0 >= 3, arg0 < 5)", SYS_lseek, 5),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text("kill lseek(arg0 > 3 , arg0 <= 5\n)", SYS_lseek, 5),
			 SECCOMP_RET_KILL_PROCESS);
}

static void test_mistakes_have_a_place(void **state)
{
	refused("allow @basic\n  deny read", "p:2:3: unknown action \"deny\": a statement begins "
					     "with allow, errno, kill, kill-thread, log, trap, "
					     "default or use");
	refused("alow read", "p:1:1: unknown action \"alow\" (did you mean \"allow\"?)");
	refused("allow raed", "p:1:7: unknown system call \"raed\" (did you mean \"read\"?)");
	refused("allow @moutn", "p:1:7: unknown group \"@moutn\" (did you mean \"mount\"?)");
	refused("errno EPREM read", "p:1:7: unknown errno \"EPREM\" (did you mean \"EPERM\"?)");
	refused("errno 5000 read", "p:1:7: an errno is a number from 1 to 4095");
	refused("allow socket(domain == AF_UNXI)",
		"p:1:24: unknown constant \"AF_UNXI\" (did you mean \"AF_UNIX\"?)");
	refused("allow socket(domian == 1)", "p:1:14: socket has no argument \"domian\": it has "
					     "domain, type, protocol, and arg0 to arg5");
	refused("allow socket(domain = 1)", "p:1:21: a comparison is expected here: == != < <= > "
					    ">=, or \"& MASK ==\"");
	refused("allow socket(domain == 1", "p:1:25: \",\" or \")\" is expected here");
	refused("allow @io(arg0 == 1)", "p:1:10: a group takes no conditions: name the call");
	refused("kill read(arg0 & 1 == 2)",
		"p:1:11: this never holds: the value has bits that the mask has not");
	refused("allow", "p:1:6: a system call or a @group is missing here");
	refused("default", "p:1:8: an action is missing here");
	refused("default kill; default allow", "p:1:15: \"default\" stands in this policy already");
	refused("use comptue", "p:1:5: unknown preset \"comptue\" (did you mean \"compute\"?)");
	refused("# nothing", "p: the policy is empty: write a statement such as \"errno EPERM "
			     "@mount\"");
	refused("allow read,write", "p:1:11: a blank is expected here");
	refused("allow socket(domain == 0x100000000)",
		"p:1:24: the argument has 32 bits, and this value has more");
}

/* ---- the start ---- */

static void start_is(const char *text, const char *sentence)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = parse(text);
	struct error err = ERROR_INIT;
	int r = seccomp_policy_check_start(policy, &err);

	if (sentence) {
		assert_int_equal(r, -EINVAL);
		assert_string_equal(error_text(&err), sentence);
	} else {
		assert_int_equal(r, 0);
	}
	error_done(&err);
}

static void test_a_start_must_be_possible(void **state)
{
	start_is("allow @basic", NULL);
	start_is("kill ptrace", NULL);
	start_is("allow read write",
		 "p: the default (errno EPERM) forbids execve, so that no program could be "
		 "started: write \"allow execve\" or \"allow @basic\"");
	start_is("allow @basic\nkill read execve",
		 "p:2:11: this forbids execve (kill), so that no program could be started: write "
		 "\"allow execve\" behind it");
	start_is("kill execve; allow execve(arg0 == 5)",
		 "p:1:6: this forbids execve (kill), so that no program could be started: write "
		 "\"allow execve\" behind it");
}

static void test_calls_with_arguments_in_memory(void **state)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *open =
		parse("kill clone(flags & CLONE_NEWUSER != 0)");
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *closed =
		parse("kill clone(flags & CLONE_NEWUSER != 0); errno ENOSYS clone3");
	_cleanup_(freep) char *warning = seccomp_policy_warning(open);

	assert_non_null(warning);
	assert_non_null(strstr(warning, "errno ENOSYS clone3"));
	assert_null(seccomp_policy_warning(closed));
}

/* ---- groups and presets ---- */

static int mark(uint32_t number, void *userdata)
{
	((bool *)userdata)[number] = true;
	return 0;
}

static void test_every_call_is_in_a_group(void **state)
{
	bool seen[SECCOMP_CALLS_END] = { false };

	for (size_t i = 0; i < seccomp_group_count; i++)
		assert_int_equal(seccomp_group_each(&seccomp_groups[i], mark, seen), 0);
	for (uint32_t call = 0; call < SECCOMP_CALLS_END; call++) {
		_cleanup_(freep) char *name = seccomp_call_name(call);

		if (name && !seen[call])
			fail_msg("%s is in no group", name);
	}
}

static void check_words(const struct seccomp_group *group)
{
	_cleanup_(freep) char *words = strdup(group->calls);
	char *rest = words, *word;

	while ((word = strsep(&rest, " "))) {
		if (word[0] == '@')
			assert_non_null(seccomp_group_find(word + 1, strlen(word + 1)));
		else if (seccomp_call_number(word) == -ENOENT)
			fail_msg("@%s has %s, which is no call", group->name, word);
	}
}

static void test_every_word_of_a_group_is_a_call(void **state)
{
	for (size_t i = 0; i < seccomp_group_count; i++)
		check_words(&seccomp_groups[i]);
}

static void test_presets_can_start_programs(void **state)
{
	for (size_t i = 0; i < seccomp_preset_count; i++) {
		_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
		_cleanup_(freep) char *warning = NULL;
		struct seccomp_program program = { 0 };

		assert_int_equal(seccomp_policy_load(NULL, seccomp_presets[i].name, &policy, NULL),
				 0);
		assert_int_equal(seccomp_policy_check_start(policy, NULL), 0);
		warning = seccomp_policy_warning(policy);
		assert_null(warning);
		assert_int_equal(seccomp_compile(policy, &program, NULL), 0);
		seccomp_program_done(&program);
	}
	assert_int_equal(judge_text("use offline", SYS_socket, AF_INET), ERRNO(EAFNOSUPPORT));
	assert_int_equal(judge_text("use offline", SYS_socket, AF_UNIX), SECCOMP_RET_ALLOW);
	assert_int_equal(judge_text("use ordinary", SYS_unshare, 0), ERRNO(EPERM));
}

static void test_words_of_the_command_line(void **state)
{
	struct seccomp_policy *policy = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(seccomp_policy_load("--seccomp", "ordinray", &policy, &err), -EINVAL);
	assert_string_equal(error_text(&err),
			    "--seccomp: unknown preset \"ordinray\" (did you mean "
			    "\"ordinary\"?)");
	error_done(&err);
	err = (struct error)ERROR_INIT;
	assert_int_equal(seccomp_policy_load(NULL, "/nowhere/x", &policy, &err), -ENOENT);
	error_done(&err);
	assert_int_equal(seccomp_policy_load(NULL, "", &policy, NULL), -EINVAL);
	assert_int_equal(seccomp_policy_load(NULL, "kill ptrace", &policy, NULL), 0);
	seccomp_policy_free(policy);
}

/* ---- the program says what the policy says ---- */

static uint64_t random_state = 88172645463325252;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Few values, so that they meet. */
static uint64_t random_value(void)
{
	static const uint64_t values[] = {
		0,	     1,		  2,	      0x7fffffff, 0x80000000,	     0xffffffff,
		0x100000000, 0x100000001, UINT64_MAX, 0xff,	  UINT64_C(1) << 63, 0xfffffffe
	};

	return values[random_number() % ARRAY_SIZE(values)];
}

static void add_random_clause(struct seccomp_policy *policy, uint32_t calls)
{
	static const uint32_t actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS,
					    SECCOMP_RET_TRAP };
	struct seccomp_clause clause = {
		.call = (uint32_t)(random_number() % calls),
		.action = actions[random_number() % ARRAY_SIZE(actions)],
		.count = (uint8_t)(random_number() % 4),
	};

	if (random_number() % 4 == 0)
		clause.action = ERRNO((uint32_t)(random_number() % 90) + 1);
	for (size_t i = 0; i < clause.count; i++)
		clause.conditions[i] = (struct seccomp_condition){
			.argument = (uint8_t)(random_number() % SECCOMP_ARGUMENTS),
			.comparison = (uint8_t)(random_number() % SECCOMP_COMPARISONS),
			.narrow = random_number() % 2,
			.mask = random_number() % 2 ? UINT64_MAX : random_value(),
			.value = random_value(),
		};
	assert_int_equal(seccomp_policy_add(policy, &clause), 0);
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static void compare_once(const struct seccomp_policy *policy, const struct seccomp_program *program,
			 uint32_t call)
{
	struct seccomp_data data = { .nr = (int)call, .arch = ARCHITECTURE };
	uint64_t arguments[SECCOMP_ARGUMENTS];
	uint32_t action;

	for (size_t i = 0; i < SECCOMP_ARGUMENTS; i++)
		data.args[i] = arguments[i] = random_value();
	assert_int_equal(seccomp_program_run(&program->program, &data, &action), 0);
	assert_int_equal(action, seccomp_policy_judge(policy, call, arguments, NULL));
}

static void compare(const struct seccomp_policy *policy, uint32_t calls)
{
	struct seccomp_program program = { 0 };
	struct seccomp_data other = { .nr = 0, .arch = AUDIT_ARCH_ARM };
	uint32_t action;

	assert_int_equal(seccomp_compile(policy, &program, NULL), 0);
	for (uint32_t call = 0; call < calls + 2; call++)
		for (int i = 0; i < 6; i++)
			compare_once(policy, &program, call);
	compare_once(policy, &program, 100000);
	assert_int_equal(seccomp_program_run(&program.program, &other, &action), 0);
	assert_int_equal(action, SECCOMP_RET_KILL_PROCESS);
#ifdef __x86_64__
	other = (struct seccomp_data){ .nr = 0x40000001, .arch = ARCHITECTURE };
	assert_int_equal(seccomp_program_run(&program.program, &other, &action), 0);
	assert_int_equal(action, SECCOMP_RET_KILL_PROCESS);
#endif
	seccomp_program_done(&program);
}

static void test_random_policies_compile_to_themselves(void **state)
{
	for (int round = 0; round < 60; round++) {
		_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
		uint32_t calls = round % 3 ? 20 : 400;
		size_t clauses = random_number() % 120;

		assert_int_equal(seccomp_policy_new("random", &policy), 0);
		policy->otherwise = round % 2 ? SECCOMP_RET_ALLOW : ERRNO(EPERM);
		for (size_t i = 0; i < clauses; i++)
			add_random_clause(policy, calls);
		compare(policy, calls);
	}
}

static void test_a_policy_may_be_too_large(void **state)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
	struct seccomp_program program = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(seccomp_policy_new("large", &policy), 0);
	for (int i = 0; i < 3000; i++)
		add_random_clause(policy, 400);
	assert_int_equal(seccomp_compile(policy, &program, &err), -E2BIG);
	assert_non_null(strstr(error_text(&err), "large"));
	error_done(&err);
	seccomp_program_done(&program);
}

static void test_the_tree_is_flat(void **state)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy =
		parse("default errno EPERM; allow @ordinary");
	struct seccomp_program program = { 0 };

	assert_int_equal(seccomp_compile(policy, &program, NULL), 0);
	assert_true(program.ranges > 20);
	assert_true(program.longest < 16);
	seccomp_program_done(&program);
}

/* In a child: the kernel takes it, and does it. */
static void test_the_kernel_takes_it(void **state)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy =
		parse("errno EXDEV getppid; errno EPIPE socket(domain == AF_INET)");
	struct seccomp_program program = { 0 };
	int status;
	pid_t pid;

	assert_int_equal(seccomp_compile(policy, &program, NULL), 0);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program.program) < 0)
			_exit(2);
		if (syscall(SYS_getppid) != -1 || errno != EXDEV)
			_exit(3);
		if (socket(AF_INET, SOCK_STREAM, 0) != -1 || errno != EPIPE)
			_exit(4);
		_exit(socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? 5 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	seccomp_program_done(&program);
}

/* ---- OCI ---- */

static void oci_refused(const char *text, const char *sentence)
{
	struct seccomp_policy *policy = NULL;
	struct error err = ERROR_INIT;

	assert_true(seccomp_parse_oci("p", text, &policy, &err) < 0);
	assert_string_equal(error_text(&err), sentence);
	error_done(&err);
}

static void test_a_container_profile(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
		"\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_AARCH64\"],"
		"\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":["
		"{\"names\":[\"read\",\"execve\",\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
		"{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]},"
		"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
		"{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1}]}";
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
	struct error err = ERROR_INIT;

	if (seccomp_parse_oci("p", text, &policy, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_int_equal(judge(policy, SYS_read, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(judge(policy, SYS_write, 0), ERRNO(ENOSYS));
	assert_int_equal(judge(policy, SYS_ptrace, 0), ERRNO(EPERM));
	assert_int_equal(judge(policy, SYS_mount, 0), ERRNO(ENOSYS));
	assert_int_equal(judge(policy, SYS_personality, 8), SECCOMP_RET_ALLOW);
	assert_int_equal(judge(policy, SYS_personality, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(judge(policy, SYS_personality, 3), ERRNO(ENOSYS));
	assert_int_equal(judge(policy, SYS_clone, 17), SECCOMP_RET_ALLOW);
	assert_int_equal(judge(policy, SYS_clone, 0x10000000), ERRNO(ENOSYS));
	assert_int_equal(policy->flags, SECCOMP_FILTER_FLAG_LOG);
	assert_int_equal(policy->strange, 1);
	assert_string_equal(policy->strange_name, "no_such_call");
	assert_non_null(policy->remark);
	compare(policy, 400);
}

static void test_container_profiles_with_mistakes(void **state)
{
	oci_refused("{\n \"defaultAction\": }", "p:2:19: unexpected token near '}'");
	oci_refused("[]", "p: a seccomp profile is an object");
	oci_refused("{}", "p: defaultAction: a word is expected, such as \"SCMP_ACT_ALLOW\"");
	oci_refused("{\"defaultAction\":\"SCMP_ACT_ALOW\"}",
		    "p: defaultAction: unknown \"SCMP_ACT_ALOW\" (did you mean "
		    "\"SCMP_ACT_ALLOW\"?)");
	oci_refused("{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
		    "p: defaultAction: \"SCMP_ACT_NOTIFY\" asks another program at each call, and "
		    "there is none here: the caller would fail with ENOSYS");
	oci_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_S390\"]}",
#ifdef __x86_64__
		    "p: architectures: the profile is for other processors than this "
		    "(SCMP_ARCH_X86_64)");
#else
		    "p: architectures: the profile is for other processors than this "
		    "(SCMP_ARCH_AARCH64)");
#endif
	oci_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],"
		    "\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":6}]}]}",
		    "p: syscalls[0].args[0].index: a number from 0 to 5 is expected");
	oci_refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":\"read\","
		    "\"action\":\"SCMP_ACT_KILL\"}]}",
		    "p: syscalls[0].names: a list of system calls is expected");
}

static void test_what_is_told_of_it(void **state)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy =
		parse("default errno EPERM; allow read write; kill socket(domain == AF_PACKET)");
	_cleanup_(freep) char *text = NULL;
	struct seccomp_program program = { 0 };
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(seccomp_compile(policy, &program, NULL), 0);
	seccomp_explain(policy, &program, true, out);
	fclose(out);
	assert_non_null(strstr(text, "default: errno EPERM\nallow (2):\n    read write\nsocket:\n"
				     "    kill where arg0:32 == 0x11\n    else errno EPERM\n"));
	assert_non_null(strstr(text, "\n    0  load 4\n"));
	seccomp_program_done(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_language),
		cmocka_unit_test(test_the_last_statement_decides),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_mistakes_have_a_place),
		cmocka_unit_test(test_a_start_must_be_possible),
		cmocka_unit_test(test_calls_with_arguments_in_memory),
		cmocka_unit_test(test_every_call_is_in_a_group),
		cmocka_unit_test(test_every_word_of_a_group_is_a_call),
		cmocka_unit_test(test_presets_can_start_programs),
		cmocka_unit_test(test_words_of_the_command_line),
		cmocka_unit_test(test_random_policies_compile_to_themselves),
		cmocka_unit_test(test_a_policy_may_be_too_large),
		cmocka_unit_test(test_the_tree_is_flat),
		cmocka_unit_test(test_the_kernel_takes_it),
		cmocka_unit_test(test_a_container_profile),
		cmocka_unit_test(test_container_profiles_with_mistakes),
		cmocka_unit_test(test_what_is_told_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
