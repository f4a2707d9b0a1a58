// SPDX-License-Identifier: MIT
/*
 * The same rules as the daemon's, asked once. The first rule that fits decides. A rule with
 * "ignore" fits only who is below its destination already, and leaves him there.
 *
 * A program's name fits in full, by its last part, or, with '*' at a rule's end, by the beginning
 * of its full path.
 */
#include "compat/cgrule.h"

#include "cgroup/groups.h"
#include "cgroup/membership.h"
#include "compat/cgapply.h"
#include "compat/cgmove.h"
#include "config/cgrules.h"
#include "util/fd.h"
#include "util/proc-text.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>

#define RULES_FILE    "/etc/cgrules.conf"
#define RULES_FOLDER  "/etc/cgrules.d"
#define CONFIG_FILE   "/etc/cgconfig.conf"
#define CONFIG_FOLDER "/etc/cgconfig.d"

enum { PROC_FILE_MAX = 4 << 20 };

/* ---- the process ---- */

void cgsubject_done(struct cgsubject *subject)
{
	free(subject->groups);
	for (size_t i = 0; i < CGSUBJECT_NAMES; i++)
		free(subject->names[i]);
	*subject = (struct cgsubject){ 0 };
}

static bool is_realtime(pid_t pid)
{
	int policy = sched_getscheduler(pid);

	if (policy < 0)
		return false;
	policy &= ~SCHED_RESET_ON_FORK;
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int read_proc(const struct host *host, pid_t pid, const char *file, char **ret_text,
		     size_t *ret_size)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "%d/%s", pid, file);
	r = file_read_at(host->proc_fd, path, PROC_FILE_MAX, ret_text, ret_size);
	return r == -ENOENT ? -ESRCH : r;
}

static int read_ids(const char *status, struct cgsubject *subject)
{
	const char *groups = proc_status_value(status, "Groups:");
	struct proc_status ids;

	proc_status_parse(slice_of(status), &ids);
	if (!(ids.known & PROC_STATUS_UID) || !(ids.known & PROC_STATUS_GID))
		return -EBADMSG;
	subject->uid = ids.euid;
	subject->gid = ids.egid;
	for (const char *at = groups ? groups : ""; *at && *at != '\n';) {
		char *end;
		unsigned long group = strtoul(at, &end, 10);
		gid_t *larger;

		if (end == at)
			break;
		larger = reallocarray(subject->groups, subject->group_count + 1, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		subject->groups = larger;
		larger[subject->group_count++] = (gid_t)group;
		at = end + strspn(end, " \t");
	}
	return 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What runs: the executable, the name the process has, and of a script its path where it shows. */
static int read_names(const struct host *host, struct cgsubject *subject)
{
	_cleanup_(freep) char *comm = NULL, *words = NULL;
	char path[64], link[PATH_MAX];
	size_t size = 0, length;
	ssize_t n;
	int r = read_proc(host, subject->pid, "comm", &comm, NULL);

	if (r >= 0)
		r = read_proc(host, subject->pid, "cmdline", &words, &size);
	if (r < 0)
		return r;
	length = strcspn(comm, "\n");
	comm[length] = '\0';
	snprintf(path, sizeof(path), "%d/exe", subject->pid);
	n = readlinkat(host->proc_fd, path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	subject->names[0] = n > 0 ? strdup(link) : NULL;
	for (const char *at = words; n > 0 && strncmp(last_part(link), comm, length) != 0 &&
				     !subject->names[1] && at < words + size;
	     at += strlen(at) + 1)
		if (*at == '/' && strncmp(last_part(at), comm, length) == 0)
			subject->names[1] = strdup(at);
	subject->names[2] = TAKE_PTR(comm);
	return 0;
}

int cgsubject_read(const struct host *host, pid_t pid, struct cgsubject *ret_subject)
{
	_cleanup_(cgsubject_done) struct cgsubject subject = { .pid = pid };
	_cleanup_(freep) char *status = NULL;
	int r = read_proc(host, pid, "status", &status, NULL);

	if (r >= 0)
		r = read_ids(status, &subject);
	if (r >= 0)
		r = read_names(host, &subject);
	if (r < 0)
		return r;
	subject.realtime = is_realtime(pid);
	*ret_subject = subject;
	subject = (struct cgsubject){ 0 };
	return 0;
}

/* Where execvp(3) would find it, links not followed; or NULL. */
static char *find_command(const char *command)
{
	_cleanup_(freep) char *folders = strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin");
	char *folder, *rest = folders, *path;

	if (strchr(command, '/'))
		return *command == '/' ? strdup(command) : realpath(command, NULL);
	while (rest && (folder = strsep(&rest, ":"))) {
		if (asprintf(&path, "%s/%s", *folder ? folder : ".", command) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

int cgsubject_self(const char *command, struct cgsubject *ret_subject)
{
	_cleanup_(cgsubject_done) struct cgsubject subject = { .uid = getuid(), .gid = getgid() };
	int count = getgroups(0, NULL);

	if (count > 0) {
		subject.groups = calloc((size_t)count, sizeof(*subject.groups));
		if (!subject.groups)
			return -ENOMEM;
		count = getgroups(count, subject.groups);
	}
	if (count < 0)
		return -errno;
	subject.group_count = (size_t)count;
	subject.names[0] = find_command(command);
	subject.names[1] = subject.names[0] ? realpath(subject.names[0], NULL) : NULL;
	subject.names[2] = strdup(command);
	if (!subject.names[2])
		return -ENOMEM;
	subject.realtime = is_realtime(0);
	*ret_subject = subject;
	subject = (struct cgsubject){ 0 };
	return 0;
}

/* ---- what fits ---- */

static bool is_member(const struct cgsubject *subject, const char *group_name)
{
	const struct group *group = getgrnam(group_name);
	const struct passwd *user;

	if (!group)
		return false;
	if (group->gr_gid == subject->gid)
		return true;
	for (size_t i = 0; i < subject->group_count; i++)
		if (subject->groups[i] == group->gr_gid)
			return true;
	user = getpwuid(subject->uid);
	for (char **name = group->gr_mem; user && *name; name++)
		if (streq(*name, user->pw_name))
			return true;
	return false;
}

static bool user_fits(const struct cgrule *rule, const struct cgsubject *subject)
{
	const struct passwd *user;

	if (rule->kind == CGRULE_ANY)
		return true;
	if (rule->kind == CGRULE_GROUP)
		return is_member(subject, rule->name);
	if (rule->kind != CGRULE_USER)
		return false;
	user = getpwnam(rule->name);
	return user && user->pw_uid == subject->uid;
}

static bool program_fits(const struct cgrule *rule, const struct cgsubject *subject)
{
	size_t length = rule->program ? strlen(rule->program) : 0;

	if (!rule->program)
		return true;
	for (size_t i = 0; i < CGSUBJECT_NAMES; i++) {
		const char *name = subject->names[i];

		if (!name)
			continue;
		if (streq(name, rule->program) || streq(last_part(name), rule->program))
			return true;
		if (length > 0 && rule->program[length - 1] == '*' && *name == '/' &&
		    strncmp(name, rule->program, length - 1) == 0)
			return true;
	}
	return false;
}

/* Whether the process is in the destination of an "ignore" rule, or below it. */
static bool is_there(const struct cgtool *tool, const struct cgsubject *subject,
		     const char *destination)
{
	const char *wanted = destination + (*destination == '/');
	size_t length = strlen(wanted);
	struct membership_line line;
	struct membership was;
	const char *cursor;

	if (streq(wanted, "*"))
		return true;
	if (membership_read(tool->host, subject->pid ? subject->pid : getpid(), &was) < 0)
		return false;
	cursor = was.text;
	while (membership_next(&cursor, was.text + was.size, &line))
		if (line.path_length > length && strncmp(line.path + 1, wanted, length) == 0)
			return true;
	return false;
}

static bool is_ignored(const struct cgtool *tool, const struct cgrule *rule,
		       const struct cgsubject *subject)
{
	return rule->options & (subject->realtime ? CGRULE_IGNORE_RT : CGRULE_IGNORE) &&
	       is_there(tool, subject, rule->destination);
}

/* ---- destinations ---- */

static void add_name(struct text *text, const char *name, unsigned number)
{
	if (name)
		text_add(text, name);
	else
		text_addf(text, "%u", number);
}

static void add_field(struct text *text, char letter, const struct cgsubject *subject)
{
	const struct passwd *user = getpwuid(subject->uid);
	const struct group *group = getgrgid(subject->gid);
	const char *name = subject->names[0] ? subject->names[0] : subject->names[2];
	pid_t pid = subject->pid ? subject->pid : getpid();

	switch (letter) {
	case 'u':
		add_name(text, user ? user->pw_name : NULL, subject->uid);
		return;
	case 'U':
		text_addf(text, "%u", subject->uid);
		return;
	case 'g':
		add_name(text, group ? group->gr_name : NULL, subject->gid);
		return;
	case 'G':
		text_addf(text, "%u", subject->gid);
		return;
	case 'p':
		add_name(text, name ? last_part(name) : NULL, (unsigned)pid);
		return;
	case 'P':
		text_addf(text, "%d", pid);
		return;
	default:
		text_addf(text, "%%%c", letter);
	}
}

/* The destination for this process; whether it depends on the process. */
static char *expand(const char *destination, const struct cgsubject *subject, bool *ret_depends)
{
	_cleanup_(text_done) struct text text = { 0 };

	*ret_depends = false;
	for (const char *at = destination; *at; at++) {
		if (*at == '\\' && at[1]) {
			text_add_bytes(&text, ++at, 1);
			*ret_depends = true;
		} else if (*at == '%' && at[1]) {
			*ret_depends |= strchr("uUgGpP", at[1]) != NULL;
			add_field(&text, *++at, subject);
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
		       const struct cgsubject *subject, int *ret_r, struct error *err)
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
		expanded = level ? expand(level, subject, &depends) : NULL;
		code = expanded ? cgtool_path(tool, expanded, &path) : CG_ERRNO;
		for (size_t j = 0; j < targets.count && !code; j++)
			code = make_level(tool, config, level, &targets.items[j], path, ret_r, err);
	}
	return code;
}

/* ---- rules ---- */

static int carry_out(struct cgtool *tool, const struct cgrule *rule,
		     const struct cgsubject *subject, int *ret_r, struct error *err)
{
	_cleanup_(text_done) struct text words = { 0 };
	_cleanup_(raw_spec_done) struct raw_spec spec = { 0 };
	bool depends = false;
	_cleanup_(freep) char *path = expand(rule->destination, subject, &depends);
	int code = 0;

	for (const char *const *name = rule->controllers; *name; name++)
		text_addf(&words, "%s%s", name == rule->controllers ? "" : ",", *name);
	text_addf(&words, ":%s", path ? path : "");
	if (!path || words.failed || raw_spec_parse(words.data, &spec) < 0) {
		*ret_r = error_set(err, -EINVAL, "the destination \"%s\"", rule->destination);
		return CG_ERRNO;
	}
	if (depends)
		code = make_groups(tool, rule->destination, &spec, subject, ret_r, err);
	return code ? code : cgmove(tool, &spec, subject->pid, false, ret_r, err);
}

static int read_rules(struct cgrules **ret_rules)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(cgrules_freep) struct cgrules *rules = cgrules_new();
	int r = rules ? cgrules_read(rules, RULES_FILE, 0, 0, &diagnostics) : -ENOMEM;

	if (r >= 0 && access(RULES_FOLDER, F_OK) == 0)
		r = cgrules_read(rules, RULES_FOLDER, 0, 0, &diagnostics);
	if (r < 0) {
		diagnostics_print(&diagnostics, isatty(STDERR_FILENO), stderr);
		return r;
	}
	*ret_rules = TAKE_PTR(rules);
	return 0;
}

int cgrule_place(struct cgtool *tool, const struct cgsubject *subject, int *ret_r,
		 struct error *err)
{
	_cleanup_(cgrules_freep) struct cgrules *rules = NULL;
	bool fired = false;
	int code = 0;

	*ret_r = read_rules(&rules);
	if (*ret_r < 0) {
		error_set(err, *ret_r, "%s: Failed to parse the configuration rules", RULES_FILE);
		return CG_RULES;
	}
	for (size_t i = 0; i < rules->count; i++) {
		const struct cgrule *rule = &rules->rules[i];
		int one;

		if (fired && rule->kind != CGRULE_CONTINUES)
			break;
		if (!fired && (!user_fits(rule, subject) || !program_fits(rule, subject)))
			continue;
		if (rule->options) {
			if (is_ignored(tool, rule, subject))
				break;
			continue;
		}
		fired = true;
		one = carry_out(tool, rule, subject, ret_r, err);
		code = code ? code : one;
	}
	return code;
}
