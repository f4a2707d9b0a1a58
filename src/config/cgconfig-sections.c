// SPDX-License-Identifier: MIT
/* The sections of cgconfig.conf besides its groups, and whom files belong to. */
#include "config/cgconfig-internal.h"

#include "util/suggest.h"

/* ---- perm ---- */

struct owner_read {
	struct cgconfig_owner *owner;
	bool task;
};

static bool read_mode(struct cgparser *parser, const struct read_setting *read, uint32_t *ret_mode)
{
	const char *value = read->setting.value;
	size_t digits = strspn(value, "01234567");

	if (digits == 0 || digits > 5 || value[digits] || strtoul(value, NULL, 8) > 07777)
		return cgparser_tell(parser, SEVERITY_ERROR, &read->value, NULL,
				     "\"%.*s\" is no mode: three or four digits from 0 to 7",
				     WORD_SHOWN, value);
	*ret_mode = (uint32_t)strtoul(value, NULL, 8);
	return true;
}

static bool take_owner_setting(struct cgparser *parser, const struct read_setting *read,
			       void *target)
{
	static const char *const keys[] = { "uid", "gid", "fperm", "dperm" };
	const struct owner_read *to = target;
	const struct cgconfig_setting *setting = &read->setting;
	const char *near;
	char hint[64];

	if (streq(setting->name, "uid")) {
		to->owner->user = setting->value;
		to->owner->user_at = setting->value_at;
		return cgparser_check_name(parser, &read->value, setting->value);
	}
	if (streq(setting->name, "gid")) {
		to->owner->group = setting->value;
		to->owner->group_at = setting->value_at;
		return cgparser_check_name(parser, &read->value, setting->value);
	}
	if (streq(setting->name, "fperm"))
		return read_mode(parser, read, &to->owner->fperm);
	if (streq(setting->name, "dperm") && !to->task)
		return read_mode(parser, read, &to->owner->dperm);
	near = suggest(setting->name, keys, ARRAY_SIZE(keys) - to->task);
	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
	cgparser_tell(parser, SEVERITY_WARNING, &read->name, near ? hint : NULL,
		      "\"%.*s\" is not known here, and is ignored", WORD_SHOWN, setting->name);
	return true;
}

/* "task { ... }" or "admin { ... }" */
static bool read_owner(struct cgparser *parser, struct cgconfig_perm *perm)
{
	struct owner_read to = { .task = cgtoken_is(&parser->token, "task") };

	if (!to.task && !cgtoken_is(&parser->token, "admin"))
		return cgparser_unexpected(parser, perm->task.given    ? "\"admin\""
						   : perm->admin.given ? "\"task\""
								       : "\"task\" or \"admin\"");
	to.owner = to.task ? &perm->task : &perm->admin;
	if (to.owner->given)
		return cgparser_tell(parser, SEVERITY_ERROR, &parser->token, NULL,
				     "\"%s\" is there twice in one \"perm\"",
				     to.task ? "task" : "admin");
	*to.owner = (struct cgconfig_owner){ .given = true,
					     .uid = (uid_t)-1,
					     .gid = (gid_t)-1,
					     .fperm = CGCONFIG_MODE_UNSET,
					     .dperm = CGCONFIG_MODE_UNSET,
					     .at = cgparser_position(parser, &parser->token) };
	cgparser_step(parser);
	return cgparser_read_settings(parser, 0, take_owner_setting, &to);
}

/* "perm { task { ... } admin { ... } }" */
bool cgparser_read_perm(struct cgparser *parser, struct cgconfig_perm *ret_perm)
{
	struct cgconfig_perm perm = { .given = true,
				      .at = cgparser_position(parser, &parser->token) };

	cgparser_step(parser);
	if (!cgparser_take_mark(parser, '{') || !read_owner(parser, &perm) ||
	    !read_owner(parser, &perm) || !cgparser_take_mark(parser, '}'))
		return false;
	*ret_perm = perm;
	return true;
}

/* ---- the other sections ---- */

static bool take_mount(struct cgparser *parser, const struct read_setting *read, void *target)
{
	const struct cgconfig_setting *setting = &read->setting;

	if (!cgparser_check_name(parser, &read->name, setting->name) ||
	    !cgparser_check_name(parser, &read->value, setting->value))
		return false;
	if (*setting->value != '/')
		return cgparser_tell(parser, SEVERITY_ERROR, &read->value, NULL,
				     "\"%.*s\" is no absolute path", WORD_SHOWN, setting->value);
	return cgparser_add_setting(parser, target, setting);
}

static bool take_namespace(struct cgparser *parser, const struct read_setting *read, void *target)
{
	struct cgconfig_setting setting = read->setting;

	if (!cgparser_check_name(parser, &read->name, setting.name) ||
	    !cgparser_check_name(parser, &read->value, setting.value))
		return false;
	setting.value = cgparser_read_path(parser, &read->value, setting.value);
	return setting.value && cgparser_add_setting(parser, target, &setting);
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t size = strlen(text), end = strlen(suffix);

	return size > end && streq(text + size - end, suffix);
}

static bool read_pid(struct cgparser *parser, const struct read_setting *read, pid_t *ret_pid)
{
	const char *value = read->setting.value;
	unsigned long pid = strtoul(value, NULL, 10);

	if (value[strspn(value, "0123456789")] || strlen(value) > 9 || pid <= 1)
		return cgparser_tell(parser, SEVERITY_ERROR, &read->value, NULL,
				     "\"%.*s\" is no number of a process from 2 on", WORD_SHOWN,
				     value);
	*ret_pid = (pid_t)pid;
	return true;
}

static bool take_systemd(struct cgparser *parser, const struct read_setting *read, void *target)
{
	static const char *const keys[] = { "slice", "scope", "setdefault", "pid" };
	struct cgconfig_systemd *systemd = target;
	const char *name = read->setting.name, *value = read->setting.value, *near;
	char hint[64];

	if (!cgparser_check_name(parser, &read->value, value))
		return false;
	if (streq(name, "slice") || streq(name, "scope")) {
		if (strchr(value, '/') ||
		    !has_suffix(value, *(name + 1) == 'l' ? ".slice" : ".scope"))
			return cgparser_tell(parser, SEVERITY_ERROR, &read->value, NULL,
					     "\"%.*s\" is no name of a %s: it ends in \".%s\"",
					     WORD_SHOWN, value, name, name);
		*(name[1] == 'l' ? &systemd->slice : &systemd->scope) = value;
		return true;
	}
	if (streq(name, "setdefault")) {
		systemd->set_default = streq(value, "yes");
		return systemd->set_default || streq(value, "no") ||
		       cgparser_tell(parser, SEVERITY_ERROR, &read->value, NULL,
				     "\"setdefault\" is yes or no");
	}
	if (streq(name, "pid"))
		return read_pid(parser, read, &systemd->pid);
	near = suggest(name, keys, ARRAY_SIZE(keys));
	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
	return cgparser_tell(parser, SEVERITY_ERROR, &read->name, near ? hint : NULL,
			     "\"%.*s\" is not known in \"systemd\"", WORD_SHOWN, name);
}

static bool append(struct cgparser *parser, struct cgconfig_settings *to,
		   const struct cgconfig_settings *from)
{
	for (size_t i = 0; i < from->count; i++)
		if (!cgparser_add_setting(parser, to, &from->items[i]))
			return false;
	return true;
}

/* "mount { ... }" or "namespace { ... }"; one file has one kind of them. */
bool cgparser_read_places(struct cgparser *parser, const struct cgtoken *at, bool mount)
{
	_cleanup_(cgconfig_settings_done) struct cgconfig_settings read = { 0 };
	struct cgconfig *config = parser->config;

	if ((mount ? config->namespaces : config->mounts).count > 0)
		return cgparser_tell(parser, SEVERITY_ERROR, at, NULL,
				     "\"mount\" and \"namespace\" exclude each other");
	cgparser_step(parser);
	return cgparser_read_settings(parser, 1, mount ? take_mount : take_namespace, &read) &&
	       append(parser, mount ? &config->mounts : &config->namespaces, &read);
}

bool cgparser_read_defaults(struct cgparser *parser)
{
	struct cgconfig_perm perm;

	cgparser_step(parser);
	if (!cgparser_take_mark(parser, '{'))
		return false;
	if (!cgtoken_is(&parser->token, "perm"))
		return cgparser_unexpected(parser, "\"perm\"");
	if (!cgparser_read_perm(parser, &perm) || !cgparser_take_mark(parser, '}'))
		return false;
	parser->config->defaults = perm;
	return true;
}

bool cgparser_read_systemd(struct cgparser *parser, const struct cgtoken *at)
{
	struct cgconfig_systemd systemd = { .given = true, .at = cgparser_position(parser, at) };

	if (parser->config->systemd.given)
		return cgparser_tell(parser, SEVERITY_ERROR, at, NULL,
				     "\"systemd\" is there twice");
	cgparser_step(parser);
	if (!cgparser_read_settings(parser, 1, take_systemd, &systemd))
		return false;
	parser->config->systemd = systemd;
	return true;
}
