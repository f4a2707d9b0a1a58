// SPDX-License-Identifier: MIT
/*
 * Files and folders: which are read, which are refused, and that nothing can block or bloat.
 * covers: arena.c files.c policy.c source.c tree.c
 */
#include "config/test-policy.h"
#include "test/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#define RULE "rules: {r: {paths: [/x], action: execute, trigger: KILL}}\n"
#define OWN  LOAD_REQUIRE_OWNERSHIP

static char folder[] = "/tmp/reeve-test-load-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	return remove(path);
}

static int set_up(void **state)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	umask(022);
	return mkdtemp(folder) && chdir(folder) == 0 && mkdir("conf.d", 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	return chdir("/") < 0 ? -1 : nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct parsed load(const char *path, enum load_flags flags)
{
	struct parsed parsed = { 0 };

	parsed.result = policy_load(path, flags, &parsed.policy, &parsed.diagnostics);
	return parsed;
}

/* What is told, as "file:line:col ..." with paths below the test's folder. */
static void expect_load(const char *path, enum load_flags flags, int result, const char *expected)
{
	_cleanup_(parsed_done) struct parsed parsed = load(path, flags);
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < parsed.diagnostics.count; i++) {
		const struct diagnostic *item = &parsed.diagnostics.items[i];

		text_addf(&text, "%s:%u:%u %s: %s%s%s\n", item->file, item->line, item->column,
			  item->severity == SEVERITY_ERROR     ? "error"
			  : item->severity == SEVERITY_WARNING ? "warning"
							       : "note",
			  item->message, item->hint ? " | " : "", item->hint ? item->hint : "");
	}
	assert_string_equal(text.data ? text.data : "", expected);
	text_done(&text);
	assert_int_equal(parsed.result, result);
	assert_true((parsed.policy != NULL) == (result == 0));
}

static void one_file(void **state)
{
	write_file("p.yaml", RULE);
	write_file("p.yml", RULE);
	write_file("p.json", "{\t\"rules\": {}}");
	expect_load("p.yaml", OWN, 0, "");
	expect_load("p.yml", OWN, 0, "");
	expect_load("p.json", OWN, 0, "p.json:0:0 warning: no rules: nothing will be done\n");
	expect_load("none.yaml", 0, -ENOENT,
		    "none.yaml:0:0 error: cannot be read: No such file or directory\n");
	expect_load("none/none.yaml", 0, -ENOENT,
		    "none/none.yaml:0:0 error: cannot be read: No such file or directory\n");
	expect_load("", 0, -ENOENT, ":0:0 error: cannot be read: No such file or directory\n");
	write_file("p.yaml", "");
	expect_load("p.yaml", 0, -EINVAL, "p.yaml:1:1 error: the file is empty\n");
}

static void extensions(void **state)
{
	const char *message =
		"a policy's name must end in .yaml, .yml or .json, which says its syntax";
	static const char *const names[] = { "p", "p.conf", "p.YAML", "a.yaml/p" };

	assert_int_equal(mkdir("a.yaml", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(freep) char *expected = NULL;

		write_file(names[i], RULE);
		assert_true(asprintf(&expected, "%s:0:0 error: %s\n", names[i], message) > 0);
		expect_load(names[i], 0, -EINVAL, expected);
	}
	write_file("p.toml", "[rules]\n");
	expect_load("p.toml", LOAD_COMPAT_FETTER, -EINVAL,
		    "p.toml:0:0 error: TOML is not read | convert it: python3 -c 'import sys, "
		    "json, "
		    "tomllib; json.dump(tomllib.load(sys.stdin.buffer), sys.stdout, indent=1)' < "
		    "policy.toml > policy.json\n");
}

static void what_is_no_file(void **state)
{
	assert_int_equal(mkfifo("fifo.yaml", 0644), 0);
	expect_load("fifo.yaml", 0, -EINVAL, "fifo.yaml:0:0 error: is not a regular file\n");
	assert_int_equal(symlink("/dev/zero", "zero.yaml"), 0);
	expect_load("zero.yaml", 0, -EINVAL, "zero.yaml:0:0 error: is not a regular file\n");
	assert_int_equal(symlink("loop.yaml", "loop.yaml"), 0);
	expect_load("loop.yaml", 0, -ELOOP,
		    "loop.yaml:0:0 error: cannot be read: Too many levels of symbolic links\n");
	write_file("real.yaml", RULE);
	assert_int_equal(symlink("real.yaml", "link.yaml"), 0);
	expect_load("link.yaml", OWN, 0, "");
}

static void sizes(void **state)
{
	int fd = open("large.yaml", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	/* Sparse, and full of NULs. */
	assert_int_equal(ftruncate(fd, 10 << 20), 0);
	expect_load("large.yaml", 0, -EINVAL,
		    "large.yaml:1:1 error: the character that begins with byte 0x00 is not allowed "
		    "| "
		    "is this a text file, in UTF-8?\n");
	assert_int_equal(ftruncate(fd, (32 << 20) + 1), 0);
	close(fd);
	expect_load("large.yaml", 0, -EFBIG, "large.yaml:0:0 error: is larger than 32 MiB\n");
}

static void ownership(void **state)
{
	write_file("p.yaml", RULE);
	chmod("p.yaml", 0664);
	expect_load("p.yaml", OWN, -EPERM,
		    "p.yaml:0:0 error: can be written by other users than its owner, who could "
		    "change "
		    "the policy | chmod go-w 'p.yaml'\n");
	expect_load("p.yaml", 0, 0,
		    "p.yaml:0:0 warning: can be written by other users than its owner, who could "
		    "change the policy | chmod go-w 'p.yaml'\n");
	chmod("p.yaml", 0602);
	expect_load("p.yaml", OWN, -EPERM,
		    "p.yaml:0:0 error: can be written by other users than its owner, who could "
		    "change "
		    "the policy | chmod go-w 'p.yaml'\n");
	chmod("p.yaml", 0400);
	expect_load("p.yaml", OWN, 0, "");
}

static void another_owner(void **state)
{
	const char *must = getenv("REEVE_TEST_MUST_RUN");

	if (geteuid() != 0) {
		assert_false(must && streq(must, "1"));
		print_message("needs root, to give a file away\n");
		skip();
	}
	write_file("p.yaml", RULE);
	assert_int_equal(chown("p.yaml", 65534, 0), 0);
	expect_load("p.yaml", OWN, -EPERM,
		    "p.yaml:0:0 error: belongs to another user than root, who could change the "
		    "policy "
		    "| chown root:root 'p.yaml'\n");
}

static void folders(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };

	write_file("reeve.yaml", "name: demo\ngroups: {base: {pids: 5}}\n");
	write_file("conf.d/20-b.yaml", "rules: {b: {paths: [/b], action: read, group: "
				       "base/sub}}\ngroups: {base/sub: }\n");
	write_file("conf.d/10-a.yaml", "rules: {a: {paths: [/a], action: read, group: "
				       "base}}\nlogging: {level: debug}\n");
	write_file("conf.d/30-empty.yaml", "# nothing\n");
	write_file("conf.d/old.yaml~", "nonsense: {");
	write_file("conf.d/.hidden.yaml", "nonsense: {");
	write_file("conf.d/README", "nonsense");
	parsed = load(folder, OWN);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.count, 1);
	assert_string_equal(parsed.diagnostics.items[0].message, "the file is empty");
	assert_int_equal(parsed.policy->file_count, 4);
	assert_non_null(strstr(parsed.policy->files[0], "/reeve.yaml"));
	assert_non_null(strstr(parsed.policy->files[1], "/conf.d/10-a.yaml"));
	assert_string_equal(parsed.policy->name, "demo");
	assert_int_equal(parsed.policy->rule_count, 2);
	assert_string_equal(parsed.policy->rules[0].name, "a");
	assert_int_equal(parsed.policy->rules[0].at.file, 1);
	assert_int_equal(parsed.policy->rules[1].at.file, 2);
	assert_int_equal(rule_effect(&parsed.policy->rules[1], EFFECT_GROUP)->group.index, 1);
}

static void the_same_name_in_two_files(void **state)
{
	write_file("reeve.yaml", "name: a\nlogging: {level: info}\n" RULE
				 "groups: {g: }\ntriggers: {t: {run: sh}}\n");
	write_file("conf.d/x.yaml", "name: a\nlogging: {level: info}\n"
				    "rules: {r: {paths: [/x], action: execute, group: g}}\n"
				    "groups: {g: }\ntriggers: {t: {run: sh}}\n");
	expect_load(".", OWN, -EINVAL,
		    "./conf.d/x.yaml:1:7 error: \"name\" is there twice\n"
		    "./reeve.yaml:1:7 note: the first is here\n"
		    "./conf.d/x.yaml:2:18 error: \"level\" is there twice\n"
		    "./reeve.yaml:2:18 note: the first is here\n"
		    "./conf.d/x.yaml:3:9 error: rule \"r\" is there twice\n"
		    "./reeve.yaml:3:9 note: the first is here\n"
		    "./conf.d/x.yaml:4:10 error: group \"g\" is there twice\n"
		    "./reeve.yaml:4:10 note: the first is here\n"
		    "./conf.d/x.yaml:5:12 error: trigger \"t\" is there twice\n"
		    "./reeve.yaml:5:12 note: the first is here\n");
}

static void mistakes_of_all_files_are_shown(void **state)
{
	write_file("reeve.yaml", "rules: {r: {paths: [/x], action: execute, group: lost}}\nx: 1\n");
	write_file("conf.d/a.yaml", "rules: [\n");
	write_file("conf.d/b.yaml", "nmae: x\n");
	/* Whether group "lost" is in a.yaml cannot be said. */
	expect_load("./", 0, -EINVAL,
		    "./reeve.yaml:2:1 error: unknown key \"x\" in a policy\n"
		    "./conf.d/a.yaml:2:1 error: did not find expected node content | is a value or "
		    "a "
		    "closing bracket missing?\n"
		    "./conf.d/b.yaml:1:1 error: unknown key \"nmae\" in a policy | did you mean "
		    "\"name\"?\n");
}

static void folders_that_are_wrong(void **state)
{
	expect_load(".", 0, -ENOENT,
		    ".:0:0 error: has neither reeve.yaml nor a file conf.d/*.yaml\n");
	write_file("conf.d/a.yml", RULE);
	expect_load(".", 0, -ENOENT,
		    "./conf.d/a.yml:0:0 warning: is not read: files in conf.d must end in .yaml\n"
		    ".:0:0 error: has neither reeve.yaml nor a file conf.d/*.yaml\n");
	write_file("conf.d/a.yaml", RULE);
	unlink("conf.d/a.yml");
	expect_load(".", OWN, 0, "");
	chmod("conf.d", 0777);
	expect_load(".", OWN, -EPERM,
		    "./conf.d:0:0 error: can be written by other users than its owner, who could "
		    "change the policy | chmod go-w './conf.d'\n");
	chmod("conf.d", 0755);
	chmod(".", 0775);
	expect_load(".", OWN, -EPERM,
		    ".:0:0 error: can be written by other users than its owner, who could change "
		    "the "
		    "policy | chmod go-w '.'\n");
	chmod(".", 0755);
	assert_int_equal(mkfifo("reeve.yaml", 0644), 0);
	expect_load(".", OWN, -EINVAL, "./reeve.yaml:0:0 error: is not a regular file\n");
	unlink("reeve.yaml");
	assert_int_equal(symlink("nowhere", "reeve.yaml"), 0);
	expect_load(".", OWN, -ENOENT,
		    "./reeve.yaml:0:0 error: cannot be read: No such file or directory\n");
	unlink("reeve.yaml");
	unlink("conf.d/a.yaml");
	rmdir("conf.d");
	write_file("conf.d", "");
	expect_load(".", OWN, -ENOTDIR, "./conf.d:0:0 error: cannot be read: Not a directory\n");
}

enum { MANY = 100000 };

static long resident_kb(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*s %ld", &pages), 1);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void a_hundred_thousand_rules(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	FILE *file = fopen("many.yaml", "we");
	long before = resident_kb();

	fputs("groups: {g: }\nrules:\n", file);
	for (int i = 0; i < MANY; i++)
		fprintf(file,
			"  r%d:\n    paths: [ /opt/app%d/bin/%d ]\n    action: execute\n"
			"    group: g\n",
			i, i / 100, i);
	fclose(file);
	parsed = load("many.yaml", OWN);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.count, 0);
	assert_int_equal(parsed.policy->rule_count, MANY);
	assert_string_equal(parsed.policy->rules[MANY - 1].paths[0].text, "/opt/app999/bin/99999");
	assert_int_equal(parsed.policy->rules[MANY - 1].at.line, 2 + 4 * (MANY - 1) + 1);
	if (!UNIT_SANITIZED)
		assert_true(resident_kb() - before < 26 * 1024);
}

static void a_hundred_thousand_paths(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	FILE *file = fopen("many.json", "we");

	fputs("{\"rules\": {\"r\": {\"action\": \"execute\", \"trigger\": \"KILL\", \"paths\": [",
	      file);
	for (int i = 0; i < MANY; i++)
		fprintf(file, "%s\"/opt/app%d/bin/%d\"", i ? ", " : "", i / 100, i);
	fputs("]}}}", file);
	fclose(file);
	parsed = load("many.json", OWN);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.policy->rules[0].path_count, MANY);
	assert_string_equal(parsed.policy->rules[0].paths[MANY - 1].text, "/opt/app999/bin/99999");
}

/* As many mistakes as rules: still quick, and not all are kept. */
static void a_hundred_thousand_mistakes(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	FILE *file = fopen("bad.yaml", "we");

	fputs("groups: {g: }\nrules:\n", file);
	for (int i = 0; i < MANY; i++)
		fprintf(file, "  r%d: {paths: [/x], action: execute, group: gg%d}\n", i, i);
	fclose(file);
	parsed = load("bad.yaml", OWN);
	assert_int_equal(parsed.result, -EINVAL);
	assert_int_equal(parsed.diagnostics.errors, MANY);
	assert_int_equal(parsed.diagnostics.count, DIAGNOSTICS_MAX);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_file),
		TEST(extensions),
		TEST(what_is_no_file),
		TEST(sizes),
		TEST(ownership),
		TEST(another_owner),
		TEST(folders),
		TEST(the_same_name_in_two_files),
		TEST(mistakes_of_all_files_are_shown),
		TEST(folders_that_are_wrong),
		TEST(a_hundred_thousand_rules),
		TEST(a_hundred_thousand_paths),
		TEST(a_hundred_thousand_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
