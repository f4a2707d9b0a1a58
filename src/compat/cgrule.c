// SPDX-License-Identifier: MIT
/*
 * The files become the very policy that the daemon has, and its rules are put to the process as a
 * scan of the daemon's puts them; so both say the same. What is carried out is the line of the file
 * that the rule was made of: here a path may lie below the default place of the other commands.
 *
 * Different from the daemon, on purpose: a command counts by the name that it was called by, too,
 * as with libcgroup's cgexec; and who is named is placed, even where it is what a placed program
 * has started.
 */
#include "compat/cgrule.h"

#include "action/adhoc.h"
#include "compat/cgapply.h"
#include "compat/cgmove.h"
#include "compat/cgnames.h"
#include "config/cgrules.h"
#include "core/running.h"
#include "source/interpreter.h"
#include "util/fd.h"
#include "util/text.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>

#define ETC	      "/etc"
#define RULES_FILE    "/etc/cgrules.conf"
#define RULES_FOLDER  "/etc/cgrules.d"
#define CONFIG_FILE   "/etc/cgconfig.conf"
#define CONFIG_FOLDER "/etc/cgconfig.d"

struct cgrulebook {
	struct cgtool *tool;
	bool once; /* one process is asked about */
	struct facts_world world;
	struct running *running;
	struct policy *policy;
	struct ruleset *ruleset;
	struct cgrules *lines; /* the same files, as they are written */
};

/* What the rules say about a process. */
struct finding {
	uint32_t rule;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	const char *program; /* its path, or name; "": unknown */
};

/* ---- the rules ---- */

int cgrulebook_new(struct cgtool *tool, bool once, struct cgrulebook **ret_book)
{
	struct cgrulebook *book = calloc(1, sizeof(*book));

	if (!book)
		return -ENOMEM;
	book->tool = tool;
	book->once = once;
	*ret_book = book;
	return 0;
}

void cgrulebook_free(struct cgrulebook *book)
{
	if (!book)
		return;
	ruleset_free(book->ruleset);
	policy_free(book->policy);
	running_free(book->running);
	cgrules_free(book->lines);
	free(book);
}

/* Warnings are for `reeve check`: nothing is said where all is well. */
static int read_policy(struct cgrulebook *book, const struct cgsubject *subject)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(cgnames_done) struct cgnames names = { 0 };
	const struct load_filter filter = { cgnames_may_fit, &names };
	bool some = book->once && cgnames_find(&names, book->tool->host, subject);
	int r = policy_load_some(ETC, LOAD_COMPAT_LIBCGROUP | LOAD_RULES_ONLY,
				 some ? &filter : NULL, &book->policy, &diagnostics);

	if (r < 0)
		diagnostics_print(&diagnostics, isatty(STDERR_FILENO), stderr);
	return r;
}

static int open_book(struct cgrulebook *book, const struct cgsubject *subject, struct error *err)
{
	int r = book->policy ? 0 : read_policy(book, subject);

	if (r >= 0 && !book->ruleset)
		r = ruleset_new_written(book->policy, &book->ruleset);
	if (r < 0)
		return error_set(err, r, "%s: Failed to parse the configuration rules", RULES_FILE);
	if (!book->running) {
		facts_world_init(&book->world, book->tool->host);
		r = running_new(book->tool->host, &book->world, &book->running);
	}
	return r < 0 ? error_set_errno(err, r, "cannot read what is mounted") : 0;
}

/* The line that a rule was made of, in book->lines. */
static int find_line(struct cgrulebook *book, uint32_t rule, size_t *ret_line, struct error *err)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	const struct position *at = &book->policy->rules[rule].at;
	const char *file = book->policy->files[at->file];
	int r = 0;

	if (!book->lines) {
		book->lines = cgrules_new();
		r = book->lines ? cgrules_read(book->lines, RULES_FILE, 0, 0, &diagnostics)
				: -ENOMEM;
		if (r >= 0 && access(RULES_FOLDER, F_OK) == 0)
			r = cgrules_read(book->lines, RULES_FOLDER, 0, 0, &diagnostics);
	}
	for (size_t i = 0; r >= 0 && i < book->lines->count; i++) {
		const struct cgrule *line = &book->lines->rules[i];

		if (line->line == at->line && streq(book->lines->files[line->file], file)) {
			*ret_line = i;
			return 0;
		}
	}
	return error_set(err, r < 0 ? r : -EAGAIN, "%s was changed while it was read", file);
}

/* ---- asking ---- */

static void ask_name(struct cgrulebook *book, const char *name, struct finding *finding,
		     bool *found)
{
	struct process_facts *process = &book->running->process;
	const struct file_key file = { .path = name, .length = strlen(name) };
	struct verdict verdict;

	process_facts_set_file(process, &file);
	if (!ruleset_judge(book->ruleset, &process->facts, &verdict) ||
	    (*found && verdict.rules[0] >= finding->rule))
		return;
	*found = true;
	finding->rule = verdict.rules[0];
}

/*
 * What is going to be executed, a script by its own name, counts by each of its names: of the rules
 * that match, the first.
 */
static bool judge_command(struct cgrulebook *book, const char *command, struct finding *finding)
{
	_cleanup_(freep) char *path = cgnames_path(command);
	_cleanup_(freep) char *real = path ? realpath(path, NULL) : NULL;
	const char *const names[] = { real, path, command };
	struct facts *facts = &book->running->process.facts;
	bool found = false;

	running_begin(book->running, NULL, ON_EXECUTE, getpid());
	facts->script = (struct slice){ 0 };
	facts->asked |= UINT32_C(1) << FACT_SCRIPT;
	facts->known |= UINT32_C(1) << FACT_SCRIPT;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i])
			ask_name(book, names[i], finding, &found);
	finding->program = command;
	return found;
}

static bool judge_session(struct cgrulebook *book, const struct cgsubject *subject,
			  struct finding *finding)
{
	struct process_facts *process = &book->running->process;
	struct facts *facts = &process->facts;
	struct verdict verdict;

	running_begin(book->running, NULL, ON_SETUID, subject->pid);
	facts->occasions = OCCASION_BIT(ON_SETUID) | OCCASION_BIT(ON_SETGID);
	if (!facts_know(facts, FACT_IDS))
		return false;
	facts->uid = facts->euid = subject->user->uid;
	facts->gid = facts->egid = subject->user->gid;
	facts->gid_count = MIN(subject->user->group_count, (size_t)FACT_GROUPS_MOST);
	for (size_t i = 0; i < facts->gid_count; i++)
		facts->gids[i] = subject->user->groups[i];
	facts->known |= UINT32_C(1) << FACT_GROUPS;
	finding->program = facts_know(facts, FACT_EXE) ? process->exe : "";
	if (!ruleset_judge(book->ruleset, facts, &verdict))
		return false;
	finding->rule = verdict.rules[0];
	return true;
}

static bool judge_running(struct cgrulebook *book, pid_t pid, struct finding *finding)
{
	struct running_match match;

	if (!running_judge(book->running, book->ruleset, NULL, pid, &match))
		return false;
	finding->rule = match.verdict.rules[0];
	finding->program = match.path;
	return true;
}

/* 0: it can be asked who it is. */
static int look_at(const struct cgtool *tool, pid_t pid)
{
	char path[32], link[1];

	snprintf(path, sizeof(path), "%d", pid);
	if (faccessat(tool->host->proc_fd, path, F_OK, 0) < 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "%d/exe", pid);
	/* A thread of the kernel has none, and no rule is about it. */
	return readlinkat(tool->host->proc_fd, path, link, sizeof(link)) < 0 && errno != ENOENT
		       ? -errno
		       : 0;
}

/* 1: a rule is about it; 0: none; -errno. */
static int judge(struct cgrulebook *book, const struct cgsubject *subject, struct finding *finding)
{
	const struct facts *facts = &book->running->process.facts;
	bool found;
	int r = look_at(book->tool, subject->pid ? subject->pid : getpid());

	if (r < 0)
		return r;
	*finding = (struct finding){ .pid = subject->pid ? subject->pid : getpid() };
	if (subject->command)
		found = judge_command(book, subject->command, finding);
	else if (subject->user)
		found = judge_session(book, subject, finding);
	else
		found = judge_running(book, finding->pid, finding);
	if (!found || !facts_know(&book->running->process.facts, FACT_IDS))
		return 0;
	finding->uid = facts->euid;
	finding->gid = facts->egid;
	return 1;
}

/* ---- destinations ---- */

/* As one part of a path: nothing leads out of it. */
static void add_name(struct text *text, const char *name, unsigned number)
{
	char part[256];

	if (name && *name)
		text_add_bytes(text, part, adhoc_part(name, strlen(name), part, sizeof(part)));
	else
		text_addf(text, "%u", number);
}

static void add_field(struct text *text, char letter, const struct finding *finding)
{
	const struct passwd *user = getpwuid(finding->uid);
	const struct group *group = getgrgid(finding->gid);

	switch (letter) {
	case 'u':
		add_name(text, user ? user->pw_name : NULL, finding->uid);
		return;
	case 'U':
		text_addf(text, "%u", finding->uid);
		return;
	case 'g':
		add_name(text, group ? group->gr_name : NULL, finding->gid);
		return;
	case 'G':
		text_addf(text, "%u", finding->gid);
		return;
	case 'p':
		add_name(text, path_last_part(finding->program), (unsigned)finding->pid);
		return;
	case 'P':
		text_addf(text, "%d", finding->pid);
		return;
	default:
		text_addf(text, "%%%c", letter);
	}
}

/* The destination for this process; whether it depends on the process. */
static char *expand(const char *destination, const struct finding *finding, bool *ret_depends)
{
	_cleanup_(text_done) struct text text = { 0 };

	*ret_depends = false;
	for (const char *at = destination; *at; at++) {
		if (*at == '\\' && at[1]) {
			text_add_bytes(&text, ++at, 1);
			*ret_depends = true;
		} else if (*at == '%' && at[1]) {
			*ret_depends |= strchr("uUgGpP", at[1]) != NULL;
			add_field(&text, *++at, finding);
		} else {
			text_add_bytes(&text, at, 1);
		}
	}
	return text_take(&text);
}

/* ---- making groups ---- */

/* cgconfig.conf and what is in cgconfig.d, for their templates; what is not there has none. */
static struct cgconfig *read_templates(void)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	struct cgconfig *config = cgconfig_new();

	if (config && access(CONFIG_FILE, F_OK) == 0)
		(void)cgconfig_read(config, CONFIG_FILE, 0, 0, &diagnostics);
	if (config && access(CONFIG_FOLDER, F_OK) == 0)
		(void)cgconfig_read(config, CONFIG_FOLDER, 0, 0, &diagnostics);
	if (config)
		(void)cgconfig_find_accounts(config, &diagnostics);
	/* A template that was not read is missed where it is needed: say why. */
	diagnostics_print(&diagnostics, isatty(STDERR_FILENO), stderr);
	return config;
}

static const struct cgconfig_group *find_template(const struct cgconfig *config, const char *path)
{
	for (size_t i = 0; i < config->templates.count; i++)
		if (streq(config->templates.items[i].path, path))
			return &config->templates.items[i];
	return NULL;
}

/* One level: made, and where a template has its unexpanded name, set up by it. */
static int make_level(struct cgtool *tool, const struct cgconfig *config, const char *template,
		      const struct cgtarget *target, const char *path, int *ret_r,
		      struct error *err)
{
	const struct cgconfig_group *found = find_template(config, template);
	int made = raw_make(tool->raw, target->h, path), code = 0;

	if (made < 0) {
		*ret_r = error_set(err, made, "%s/%s cannot be made", target->h->tree.mount_point,
				   path);
		return made == -EPERM || made == -EACCES ? CG_NOT_OWNER : CG_ERRNO;
	}
	for (size_t i = 0; i < target->controller_count && !code; i++) {
		*ret_r = raw_enable(tool->raw, target->h, path, target->controllers[i], err);
		code = *ret_r < 0 ? CG_ERRNO : 0;
	}
	/* Who was here before has been set up, perhaps by hand since. */
	for (size_t i = 0; found && made > 0 && i < found->controller_count && !code; i++)
		if (raw_find(tool->raw, found->controllers[i].name) == target->h)
			code = cgapply_one(tool, config, found, &found->controllers[i], path, ret_r,
					   err);
	return code;
}

static int make_groups(struct cgtool *tool, const char *destination, const struct raw_spec *spec,
		       const struct finding *finding, int *ret_r, struct error *err)
{
	_cleanup_(cgtargets_done) struct cgtargets targets = { 0 };
	_cleanup_(cgconfig_freep) struct cgconfig *config = read_templates();
	_cleanup_(freep) char *template = NULL;
	int code = cgtool_targets(tool, spec, &targets, err);

	if (!config || raw_path(destination, &template) < 0) {
		*ret_r = error_oom(err);
		return CG_ERRNO;
	}
	for (size_t i = 0; template[i] && !code; i++) {
		_cleanup_(freep) char *level = NULL, *expanded = NULL, *path = NULL;
		bool depends;

		if (template[i + 1] != '/' && template[i + 1] != '\0')
			continue;
		level = strndup(template, i + 1);
		expanded = level ? expand(level, finding, &depends) : NULL;
		code = expanded ? cgtool_path(tool, expanded, &path) : CG_ERRNO;
		for (size_t j = 0; j < targets.count && !code; j++)
			code = make_level(tool, config, level, &targets.items[j], path, ret_r, err);
	}
	return code;
}

/* ---- carrying out ---- */

/* One line, for a process that is moved by `pid` (0: the caller). */
static int carry_out(struct cgtool *tool, const struct cgrule *rule, const struct finding *finding,
		     pid_t pid, int *ret_r, struct error *err)
{
	_cleanup_(text_done) struct text words = { 0 };
	_cleanup_(raw_spec_done) struct raw_spec spec = { 0 };
	bool depends = false;
	_cleanup_(freep) char *path = expand(rule->destination, finding, &depends);
	int code = 0;

	for (const char *const *name = rule->controllers; *name; name++)
		text_addf(&words, "%s%s", name == rule->controllers ? "" : ",", *name);
	text_addf(&words, ":%s", path ? path : "");
	if (!path || words.failed || raw_spec_parse(words.data, &spec) < 0) {
		*ret_r = error_set(err, -EINVAL, "the destination \"%s\"", rule->destination);
		return CG_ERRNO;
	}
	if (depends)
		code = make_groups(tool, rule->destination, &spec, finding, ret_r, err);
	return code ? code : cgmove(tool, &spec, pid, false, ret_r, err);
}

int cgrulebook_place(struct cgrulebook *book, const struct cgsubject *subject, int *ret_r,
		     struct error *err)
{
	const struct cgrule *lines;
	struct finding finding;
	size_t first = 0;
	int code = 0;

	*ret_r = open_book(book, subject, err);
	if (*ret_r < 0)
		return book->ruleset ? CG_ERRNO : CG_RULES;
	*ret_r = judge(book, subject, &finding);
	if (*ret_r <= 0)
		return *ret_r < 0 ? CG_ERRNO : 0;
	*ret_r = find_line(book, finding.rule, &first, err);
	if (*ret_r < 0)
		return CG_ERRNO;
	lines = book->lines->rules;
	/* Who is to be ignored, and is where he may be. */
	if (lines[first].options)
		return 0;
	for (size_t i = first; i < book->lines->count; i++) {
		int one;

		if (i > first && lines[i].kind != CGRULE_CONTINUES)
			break;
		one = lines[i].options ? 0
				       : carry_out(book->tool, &lines[i], &finding, subject->pid,
						   ret_r, err);
		code = code ? code : one;
	}
	return code;
}
