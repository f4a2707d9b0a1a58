// SPDX-License-Identifier: MIT
/* cgrules.conf: both grammars of libcgroup, and every kind of line that is none. */
#include "config/cgrules.h"

#include "config/test-policy.h"

#include "test/unit.h"

struct read {
	struct cgrules *rules;
	struct diagnostics diagnostics;
	int result;
};

static void read_done(struct read *read)
{
	cgrules_free(read->rules);
	diagnostics_done(&read->diagnostics);
}

static struct read read_text(const char *text, size_t size, enum cgrules_flags flags)
{
	struct read read = { .rules = cgrules_new() };

	assert_non_null(read.rules);
	read.result = cgrules_parse(read.rules, "r", text, size, flags, &read.diagnostics);
	return read;
}

/* Rules as "LINE KIND[NAME][:PROGRAM] CONTROLLERS DESTINATION[ OPTIONS]\n". */
static char *shown(const struct cgrules *rules)
{
	static const char *const kinds[] = { "any", "user ", "group ", "more" };
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < rules->count; i++) {
		const struct cgrule *rule = &rules->rules[i];

		text_addf(&text, "%u %s", rule->line, kinds[rule->kind]);
		text_add(&text, rule->name ? rule->name : "");
		if (rule->program)
			text_addf(&text, ":%s", rule->program);
		for (size_t k = 0; rule->controllers[k]; k++)
			text_addf(&text, "%c%s", k ? ',' : ' ', rule->controllers[k]);
		text_addf(&text, " %s", rule->destination);
		text_add(&text, rule->options & CGRULE_IGNORE ? " ignore" : "");
		text_add(&text, rule->options & CGRULE_IGNORE_RT ? " ignore_rt" : "");
		text_add(&text, "\n");
	}
	return text_take(&text);
}

/* What is read of a text, and all that is told about it. */
static void rules(const char *text, const char *expected, const char *expected_told)
{
	_cleanup_(read_done) struct read read = read_text(text, strlen(text), 0);
	_cleanup_(freep) char *actual = shown(read.rules);
	_cleanup_(freep) char *actual_told = told(&read.diagnostics);

	assert_string_equal(actual, expected);
	assert_string_equal(actual_told, expected_told);
	assert_int_equal(read.result, read.diagnostics.errors > 0 ? -EINVAL : 0);
}

static void fields(void **state)
{
	rules("", "", "");
	rules("\n \t\r\n# nothing\n  # nothing\n#", "", "");
	rules("student devices /usergroup/students", "1 user student devices /usergroup/students\n",
	      "");
	rules("student:cp\tdevices  /students/cp  \n@admin * admingroup/\r\n*:/usr/bin/x "
	      "cpu,memory x",
	      "1 user student:cp devices /students/cp\n2 group admin * admingroup/\n"
	      "3 any:/usr/bin/x cpu,memory x\n",
	      "");
	/* What 3.2 stops at and 2.0.2 reads: trailing blanks, comments, '%'. */
	rules("a cpu x \nb cpu y # why\n% memory z\t# more\n%\tname=systemd\tu#v\n",
	      "1 user a cpu x\n2 user b cpu y\n3 more memory z\n4 more name=systemd u\n", "");
	rules("a: cpu x\na:b:c cpu x\n", "1 user a cpu x\n2 user a:b:c cpu x\n", "");
	rules("60001 cpu x\n", "1 user 60001 cpu x\n", "");
	rules("a cpu,,memory, x\n", "1 user a cpu,memory x\n", "");
	rules("a cpu %u/\\%p\\\\x\n", "1 user a cpu %u/\\%p\\\\x\n", "");
}

static void quotes(void **state)
{
	rules("\"a:two words\" cpu x\n@b:\"Web Browser\" cpu \"some where\"\n*:\"a b\"c cpu x\n",
	      "1 user a:two words cpu x\n2 group b:Web Browser cpu some where\n"
	      "3 any:a bc cpu x\n",
	      "");
	rules("\"a cpu x\n", "1 user \"a cpu x\n",
	      "1:1 warning: the quote is not closed, and is meant as it stands\n");
	rules("a\"b\" cpu x\n", "1 user a\"b\" cpu x\n", "");
	rules("\"a#b\" cpu x\n", "",
	      "1:1 warning: the quote is not closed, and is meant as it stands ('#' begins a "
	      "comment "
	      "even in quotes)\n"
	      "1:3 error: the rule has no controllers ('#' begins a comment wherever it stands; "
	      "the "
	      "fields are: user[:program] controllers destination [options])\n");
	rules("\"\" cpu x\n", "1 user  cpu x\n", "");
}

static void options(void **state)
{
	rules("a cpu x ignore\na cpu x ignore_rt,\na cpu * ignore,ignore_rt\n",
	      "1 user a cpu x ignore\n2 user a cpu x ignore_rt\n3 user a cpu * ignore ignore_rt\n",
	      "");
	rules("a cpu x ignroe\nb cpu y\n", "2 user b cpu y\n",
	      "1:9 error: \"ignroe\" is no option of a rule (did you mean \"ignore\"?)\n");
	rules("a:two words cpu x\n", "",
	      "1:17 error: \"x\" is no option of a rule (a name with blanks stands in quotes; the "
	      "options are: ignore, ignore_rt)\n");
	rules("a cpu x ignore and more\n", "1 user a cpu x ignore\n",
	      "1:16 warning: a rule has four fields: what stands here is ignored\n");
}

/* An error leaves its line out, and the '%' lines behind it. */
static void wrong_lines(void **state)
{
	rules("a\n% cpu x\nb cpu x\nc cpu\n", "3 user b cpu x\n",
	      "1:2 error: the rule has no controllers (the fields are: user[:program] controllers "
	      "destination [options])\n"
	      "4:6 error: the rule has no destination (the fields are: user[:program] controllers "
	      "destination [options])\n");
	rules("a , x\na cpu/x y\n", "",
	      "1:3 error: no controller is named\n"
	      "2:3 error: \"cpu/x\" is no name of a controller (the fields are: user[:program] "
	      "controllers destination [options])\n");
	rules("% cpu x\na cpu y\n%\n% cpu z\n", "2 user a cpu y\n4 more cpu z\n",
	      "1:1 warning: there is no rule before it in this file that it could go on with: it "
	      "is "
	      "left out\n"
	      "3:2 error: the rule has no controllers (the fields are: user[:program] controllers "
	      "destination [options])\n");
	rules("a cpu ../x\na cpu x/..\na cpu x/\\.\\./y\na cpu ..x/...\n", "4 user a cpu ..x/...\n",
	      "1:7 error: \"../x\" leads out of the hierarchy: a group's name has no \"..\"\n"
	      "2:7 error: \"x/..\" leads out of the hierarchy: a group's name has no \"..\"\n"
	      "3:7 error: \"x/\\.\\./y\" leads out of the hierarchy: a group's name has no "
	      "\"..\"\n");
	rules("\xc3\xa4:\xe4 cpu x\na cpu \x01x\n\xc3\xa4 # \xe4\n", "",
	      "1:3 error: byte 0xe4 is no text (is this a text file, in UTF-8?)\n"
	      "2:7 error: a control character (byte 0x01) cannot stand here\n"
	      "3:3 error: the rule has no controllers ('#' begins a comment wherever it stands; "
	      "the "
	      "fields are: user[:program] controllers destination [options])\n");
}

static void a_byte_order_mark(void **state)
{
	rules("\xef\xbb\xbf# mine\na cpu x\n", "2 user a cpu x\n",
	      "1:1 warning: the file begins with a byte order mark, which libcgroup takes for a "
	      "part of the first word (save it without)\n");
	rules("\xef\xbb\xbf"
	      "a cpu x\n",
	      "1 user a cpu x\n",
	      "1:1 warning: the file begins with a byte order mark, which libcgroup takes for a "
	      "part of the first word (save it without)\n");
	rules("\xef\xbb", "", "1:1 error: byte 0xef is no text (is this a text file, in UTF-8?)\n");
}

static void ignored_words(void **state)
{
	rules("*foo:show cpu x\n%bar cpu y\n%:baz cpu z\n",
	      "1 any:show cpu x\n2 more cpu y\n3 more:baz cpu z\n",
	      "1:1 warning: \"*foo\" means any user: all after the '*' is ignored\n"
	      "2:1 warning: \"%bar\" goes on with the rule before: all after the '%' is ignored\n"
	      "3:1 warning: a '%' line goes on with the rule before it, whatever the program: "
	      "\"baz\" is ignored\n");
	rules("a cpu,cpu x\na *,cpu x\na cpu,cpu x\n",
	      "1 user a cpu x\n2 user a * x\n3 user a cpu x\n",
	      "1:3 warning: controller \"cpu\" is there twice\n"
	      "2:3 warning: '*' is all controllers: the others need not be named\n"
	      "3:3 warning: controller \"cpu\" is there twice\n");
}

static void long_words(void **state)
{
	_cleanup_(freep) char *text = NULL, *word = malloc(9001);

	assert_non_null(word);
	memset(word, 'x', 9000);
	word[9000] = '\0';
	assert_true(asprintf(&text,
			     "%.256s cpu x\na:%.4096s cpu x\na cpu %.4096s\na cpu %.256s\n"
			     "%.255s:%.4095s cpu %.255s/%.255s\na %s x # %s\n",
			     word, word, word, word, word, word, word, word, word, word) > 0);
	{
		_cleanup_(read_done) struct read read = read_text(text, strlen(text), 0);
		_cleanup_(freep) char *said = told(&read.diagnostics);

		assert_string_equal(said,
				    "1:1 error: the name of a user or group has at most 255 bytes\n"
				    "2:1 error: the name of a program has at most 4095 bytes\n"
				    "3:7 error: a destination has at most 4095 bytes\n"
				    "4:7 error: a part of a group's name has at most 255 bytes\n");
		assert_int_equal(read.rules->count, 2);
	}
}

static void places(void **state)
{
	static const char text[] = "# one\na cpu x #two \n \xc3\xa4:pro cpu,memory /x ignore\n";
	_cleanup_(read_done) struct read read = read_text(text, sizeof(text) - 1, CGRULES_COMMENTS);
	const struct cgrule *rule = &read.rules->rules[1];
	const struct cgcomment *comment = read.rules->comments;

	assert_int_equal(read.result, 0);
	assert_int_equal(rule->line, 3);
	assert_int_equal(rule->user_at, 2);
	assert_int_equal(rule->program_at, 4);
	assert_int_equal(rule->controllers_at, 8);
	assert_int_equal(rule->destination_at, 19);
	assert_int_equal(rule->options_at, 22);
	assert_int_equal(read.rules->comment_count, 2);
	assert_string_equal(comment[0].text, " one");
	assert_true(comment[0].alone && !comment[1].alone);
	assert_string_equal(comment[1].text, "two");
	assert_int_equal(comment[1].at.column, 9);
}

static void whole_files(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "cgrules.d");
	_cleanup_(freep) char *missing = unit_path(folder, "none");
	_cleanup_(read_done) struct read read = read_text("a cpu x\n", 8, 0);
	_cleanup_(freep) char *actual = NULL, *said = NULL;

	/* Any name, sorted; "%" does not go on with another file's rule. */
	unit_write(folder, "cgrules.d/zz.conf", "c cpu z\n");
	unit_write(folder, "cgrules.d/noext", "% cpu x\nb cpu y\n");
	unit_write(folder, "cgrules.d/noext~", "d cpu y\n");
	unit_write(folder, "cgrules.d/sub/x", "e cpu y\n");
	assert_int_equal(cgrules_read(read.rules, path, 0, 0, &read.diagnostics), 0);
	assert_int_equal(cgrules_read(read.rules, missing, 0, 0, &read.diagnostics), -ENOENT);
	actual = shown(read.rules);
	assert_string_equal(actual, "1 user a cpu x\n2 user b cpu y\n1 user c cpu z\n");
	said = told(&read.diagnostics);
	assert_string_equal(
		said, "0:0 warning: is not read: its name is that of a copy or a hidden file\n"
		      "1:1 warning: there is no rule before it in this file that it could go on "
		      "with: it is left out\n"
		      "0:0 error: cannot be read: No such file or directory\n");
	assert_int_equal(read.rules->file_count, 3);
	assert_int_equal(read.rules->rules[2].file, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(quotes),
		cmocka_unit_test(options),
		cmocka_unit_test(wrong_lines),
		cmocka_unit_test(a_byte_order_mark),
		cmocka_unit_test(ignored_words),
		cmocka_unit_test(long_words),
		cmocka_unit_test(places),
		cmocka_unit_test(whole_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
