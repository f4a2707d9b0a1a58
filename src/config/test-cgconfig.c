// SPDX-License-Identifier: MIT
/* cgconfig.conf: every section, every way to get it wrong, and that reading goes on.
 * covers: cgconfig-lexer.c cgconfig-parser.c cgconfig-sections.c */
#include "config/cgconfig.h"

#include "config/test-policy.h"

#include "test/unit.h"

struct read {
	struct cgconfig *config;
	struct diagnostics diagnostics;
	int result;
};

static void read_done(struct read *read)
{
	cgconfig_free(read->config);
	diagnostics_done(&read->diagnostics);
}

static struct read read_text(const char *text, enum cgconfig_flags flags)
{
	struct read read = { .config = cgconfig_new() };

	assert_non_null(read.config);
	read.result =
		cgconfig_parse(read.config, "c", text, strlen(text), flags, &read.diagnostics);
	return read;
}

static void add_settings(struct text *text, const char *what,
			 const struct cgconfig_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		text_addf(text, "%s%s=%s", i ? "; " : what, settings->items[i].name,
			  settings->items[i].value);
	if (settings->count > 0 && *what != '{')
		text_add(text, "\n");
}

static void add_owner(struct text *text, const char *what, const struct cgconfig_owner *owner)
{
	if (!owner->given)
		return;
	text_addf(text, " %s(%s:%s", what, owner->user ? owner->user : "-",
		  owner->group ? owner->group : "-");
	if (owner->fperm != CGCONFIG_MODE_UNSET)
		text_addf(text, " f%o", owner->fperm);
	if (owner->dperm != CGCONFIG_MODE_UNSET)
		text_addf(text, " d%o", owner->dperm);
	text_add(text, ")");
}

static void add_groups(struct text *text, const char *what, const struct cgconfig_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct cgconfig_group *group = &groups->items[i];

		text_addf(text, "%s %s=\"%s\"", what, group->name, group->path);
		add_owner(text, "task", &group->perm.task);
		add_owner(text, "admin", &group->perm.admin);
		for (size_t k = 0; k < group->controller_count; k++) {
			text_addf(text, " %s", group->controllers[k].name);
			add_settings(text, "{", &group->controllers[k].settings);
			text_add(text, group->controllers[k].settings.count ? "}" : "");
		}
		text_add(text, "\n");
	}
}

static char *shown(const struct cgconfig *config)
{
	struct text text;

	text_init(&text);
	add_settings(&text, "mount ", &config->mounts);
	add_settings(&text, "namespace ", &config->namespaces);
	add_groups(&text, "group", &config->groups);
	add_groups(&text, "template", &config->templates);
	if (config->defaults.given) {
		text_add(&text, "default");
		add_owner(&text, "task", &config->defaults.task);
		add_owner(&text, "admin", &config->defaults.admin);
		text_add(&text, "\n");
	}
	if (config->systemd.given)
		text_addf(&text, "systemd %s %s %d %d\n",
			  config->systemd.slice ? config->systemd.slice : "-",
			  config->systemd.scope ? config->systemd.scope : "-",
			  config->systemd.set_default, config->systemd.pid);
	return text_take(&text);
}

static void config(const char *text, const char *expected, const char *expected_told)
{
	_cleanup_(read_done) struct read read = read_text(text, 0);
	_cleanup_(freep) char *actual = shown(read.config);
	_cleanup_(freep) char *actual_told = told(&read.diagnostics);

	assert_string_equal(actual, expected);
	assert_string_equal(actual_told, expected_told);
	assert_int_equal(read.result, read.diagnostics.errors > 0 ? -EINVAL : 0);
}

static void sections(void **state)
{
	config("", "", "");
	config(" # c\n* c\n\r\n", "", "");
	config("mount { cpu = /c/cpu; \"name=x,nodev\" = \"/c/a b\"; }\nmount{cpuacct=/c/cpu;}",
	       "mount cpu=/c/cpu; name=x,nodev=/c/a b; cpuacct=/c/cpu\n", "");
	config("namespace { cpu = lcg/ns; memory = /a//./b/; }",
	       "namespace cpu=lcg/ns; memory=a/b\n", "");
	config("default { perm { task { uid = a; fperm = 775; } admin { gid = 0; dperm = 0755; } } "
	       "}",
	       "default task(a:- f775) admin(-:0 d755)\n", "");
	config("systemd { slice = a.slice; scope = b.scope; setdefault = yes; pid = 17; }",
	       "systemd a.slice b.scope 1 17\n", "");
	config("group a/b { perm { admin { uid = root; gid = x; fperm = 664; dperm = 775; }\n"
	       "  task { } } cpu { cpu.shares = 512; cpu.cfs_quota_us = -1; } memory { } }\n"
	       "group /c//d/ { \"name=n\" { } }\ngroup . { cpu { } }\ngroup default { cpu { } }\n"
	       "template lcg/%u { cpu { cpu.shares = \"1\n2\"; } }\n",
	       "group a/b=\"a/b\" task(-:-) admin(root:x f664 d775) "
	       "cpu{cpu.shares=512; cpu.cfs_quota_us=-1} memory\n"
	       "group /c//d/=\"c/d\" name=n\ngroup .=\"\" cpu\ngroup default=\"default\" cpu\n"
	       "template lcg/%u=\"lcg/%u\" cpu{cpu.shares=1\n2}\n",
	       "");
	/* Twice is twice: all are written, in their order. */
	config("group a { devices { devices.allow = \"c 1:3 r\"; devices.allow = \"c 1:5 r\"; } }"
	       "group a { cpu { } }",
	       "group a=\"a\" devices{devices.allow=c 1:3 r; devices.allow=c 1:5 r}\n"
	       "group a=\"a\" cpu\n",
	       "");
	config("group \"group\" { \"task\" { \"perm\" = \"admin\"; } }",
	       "group group=\"group\" task{perm=admin}\n", "");
	/* Quoted, a '#' or '*' at the start of a line is none of a comment. */
	config("group a { cpu { x = \"\n# 1\n* 2\"; } }", "group a=\"a\" cpu{x=\n# 1\n* 2}\n", "");
}

/* What is wrong in one section leaves the others. */
static void wrong(void **state)
{
	config("group a { }\ngroup b { cpu { } }", "group b=\"b\" cpu\n",
	       "1:11 error: a group names at least one controller (a controller without settings "
	       "is "
	       "enough: cpu { })\n");
	config("group a { cpu { cpu.shares = 1 } }\ngroup b { cpu { } }", "group b=\"b\" cpu\n",
	       "1:32 error: \";\" should be here, not \"}\"\n");
	config("group a { cpu { cpu.shares = 1;\ngroup b { cpu { } }", "group b=\"b\" cpu\n",
	       "2:1 error: a name should be here, not \"group\" (a word of the language is a name "
	       "only in quotes)\n");
	config("group a { cpu { x = c+10; } }\ngroup b { cpu { } } # why\ngroup c { cpu { } }",
	       "group b=\"b\" cpu\ngroup c=\"c\" cpu\n",
	       "1:22 error: this cannot stand outside of quotes (names with other characters than "
	       "letters, digits and _-/.,%@\\ stand in \"...\")\n"
	       "2:21 error: a comment has to be a line of its own (libcgroup refuses it behind "
	       "anything else)\n");
	config("}\n  group b { cpu { } }\nfoo { bar = 1; }\ngroup c { cpu { } }",
	       "group b=\"b\" cpu\ngroup c=\"c\" cpu\n",
	       "1:1 error: \"group\", \"mount\", \"default\", \"template\", \"namespace\" or "
	       "\"systemd\" should be here, not \"}\"\n"
	       "3:1 error: \"group\", \"mount\", \"default\", \"template\", \"namespace\" or "
	       "\"systemd\" should be here, not \"foo\"\n");
	config("group a { cpu { } cpu { } }\ngroup ../b { cpu { } }\ngroup c/.. { cpu { } }\n"
	       "group d { ../cpu { } }\ngroup e { cpu { ../tasks = 1; } }",
	       "",
	       "1:19 error: controller \"cpu\" is there twice in one group\n"
	       "2:7 error: a group's name has no \"..\": it would lead out of its hierarchy\n"
	       "3:7 error: a group's name has no \"..\": it would lead out of its hierarchy\n"
	       "4:11 error: \"../cpu\" is no name of a controller\n"
	       "5:17 error: \"../tasks\" is no name of a controller's file\n");
	config("mount { }\nmount { cpu = rel; }\nnamespace { cpu = a; }\nmount { cpu = /c; }",
	       "namespace cpu=a\n",
	       "1:9 error: a name should be here, not \"}\"\n"
	       "2:15 error: \"rel\" is no absolute path\n"
	       "4:1 error: \"mount\" and \"namespace\" exclude each other\n");
	config("group a {\n cpu { x = \"1", "", "2:12 error: the quote is not closed\n");
	config("group a { cpu {", "", "1:16 error: the file ends where a name should be\n");
	config("group a\x01 { cpu { } }", "",
	       "1:8 error: this cannot stand outside of quotes (names with other characters than "
	       "letters, digits and _-/.,%@\\ stand in \"...\")\n");
	config("group \"a\nb\" { cpu { } }", "",
	       "1:7 error: a control character (byte 0x0a) cannot stand in a name\n");
}

static void wrong_owners(void **state)
{
	config("group a { perm { task { } admin { } } }", "group a=\"a\" task(-:-) admin(-:-)\n",
	       "1:7 warning: \"a\" names no controller: nothing will be made\n");
	config("group a { perm { task { } } cpu { } }", "",
	       "1:27 error: \"admin\" should be here, not \"}\"\n");
	config("group a { perm { task { } task { } } cpu { } }", "",
	       "1:27 error: \"task\" is there twice in one \"perm\"\n");
	config("group a { cpu { } perm { task { } admin { } } }", "",
	       "1:19 error: \"perm\" has to stand before the controllers\n");
	config("group a { perm { task { tuid = root; dperm = 1; } admin { fperm = 888; } } cpu { } "
	       "}",
	       "",
	       "1:25 warning: \"tuid\" is not known here, and is ignored (did you mean \"uid\"?)\n"
	       "1:38 warning: \"dperm\" is not known here, and is ignored (did you mean "
	       "\"fperm\"?)\n"
	       "1:67 error: \"888\" is no mode: three or four digits from 0 to 7\n");
	config("default { cpu { } }\ndefault { perm { task { } admin { } } }",
	       "default task(-:-) admin(-:-)\n",
	       "1:11 error: \"perm\" should be here, not \"cpu\"\n");
	config("systemd { slice = a; }\nsystemd { pid = 1; }\nsystemd { setdefault = maybe; }\n"
	       "systemd { slcie = b.slice; }\nsystemd { scope = .scope; }\n"
	       "systemd { setdefault = no; }\nsystemd { setdefault = no; }",
	       "systemd - - 0 0\n",
	       "1:19 error: \"a\" is no name of a slice: it ends in \".slice\"\n"
	       "2:17 error: \"1\" is no number of a process from 2 on\n"
	       "3:24 error: \"setdefault\" is yes or no\n"
	       "4:11 error: \"slcie\" is not known in \"systemd\" (did you mean \"slice\"?)\n"
	       "5:19 error: \".scope\" is no name of a scope: it ends in \".scope\"\n"
	       "7:1 error: \"systemd\" is there twice\n");
}

static void places(void **state)
{
	_cleanup_(read_done) struct read read =
		read_text("# one\ngroup \xc3\xa4 { }\n  # two \ngroup b {\n\tcpu { x = \"y\"; }\n}",
			  CGCONFIG_COMMENTS);
	const struct cgconfig_group *group = &read.config->groups.items[0];
	const struct cgconfig_controller *cpu = &group->controllers[0];

	assert_int_equal(read.config->groups.count, 1);
	assert_int_equal(group->at.line, 4);
	assert_int_equal(group->at.column, 7);
	assert_int_equal(cpu->at.line, 5);
	assert_int_equal(cpu->at.column, 2);
	assert_int_equal(cpu->settings.items[0].value_at.column, 12);
	assert_int_equal(read.config->comment_count, 2);
	assert_string_equal(read.config->comments[1].text, " two");
	assert_int_equal(read.config->comments[1].at.line, 3);
	assert_int_equal(read.config->comments[1].at.column, 3);
}

static void accounts(void **state)
{
	static const char text[] = "group a { perm { task { uid = 12; gid = root; }\n"
				   "  admin { uid = reeve-nobody; gid = reeve-none; } } cpu { } }\n"
				   "default { perm { task { } admin { uid = 0; } } }";
	_cleanup_(read_done) struct read read = read_text(text, 0);
	_cleanup_(freep) char *said = NULL;
	const struct cgconfig_perm *perm = &read.config->groups.items[0].perm;

	assert_int_equal(read.result, 0);
	assert_int_equal(cgconfig_find_accounts(read.config, &read.diagnostics), -EINVAL);
	said = told(&read.diagnostics);
	assert_string_equal(said, "2:17 error: there is no user \"reeve-nobody\" on this host\n"
				  "2:37 error: there is no group \"reeve-none\" on this host\n");
	assert_int_equal(perm->task.uid, 12);
	assert_int_equal(perm->task.gid, 0);
	assert_int_equal(perm->admin.uid, (uid_t)-1);
	assert_int_equal(read.config->defaults.admin.uid, 0);
	assert_int_equal(read.config->defaults.task.gid, (gid_t)-1);
}

static void folders(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(read_done) struct read read = read_text("", 0);
	_cleanup_(freep) char *actual = NULL;

	unit_write(folder, "b.conf", "group b { cpu { } }");
	unit_write(folder, "a.conf", "group a { cpu { } }");
	unit_write(folder, "c.conf~", "group c { cpu { } }");
	unit_write(folder, ".d.conf", "group d { cpu { } }");
	assert_int_equal(cgconfig_read(read.config, folder, 0, 0, &read.diagnostics), 0);
	actual = shown(read.config);
	assert_string_equal(actual, "group a=\"a\" cpu\ngroup b=\"b\" cpu\n");
	assert_int_equal(read.config->groups.items[1].at.file, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections),	cmocka_unit_test(wrong),
		cmocka_unit_test(wrong_owners), cmocka_unit_test(places),
		cmocka_unit_test(accounts),	cmocka_unit_test(folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
