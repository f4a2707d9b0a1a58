// SPDX-License-Identifier: MIT
/*
 * A setting that has a key of reeve's becomes that key, whichever version of cgroups it was written
 * for; every other one stays what it is, under `raw`. Who owns files, where hierarchies are mounted
 * and what systemd is asked for are not a policy's.
 */
#include "config/import-groups.h"

#include "config/schema.h"
#include "util/hash.h"
#include "util/units.h"

#include <inttypes.h>
#include <stdarg.h>

enum { SHARES = 1024, WEIGHT = 100, WEIGHT_MOST = 10000, PERIOD_US = 100000 };

struct import {
	const struct cgconfig *config;
	struct text *text;
	struct diagnostics *diagnostics;
};

/* The settings of one path, of all groups that name it. */
struct gathered {
	struct cgconfig_settings settings;
	bool failed;
};

_printf_(4, 5) static void leave_out(struct import *import, struct position at, unsigned indent,
				     const char *format, ...)
{
	_cleanup_(freep) char *message = NULL, *comment = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	if (!message || asprintf(&comment, "not carried over, line %u: %s", at.line, message) < 0) {
		import->text->failed = true;
		return;
	}
	import_add_comment(import->text, indent, comment);
	diagnostics_add(import->diagnostics, SEVERITY_WARNING, import->config->files[at.file], NULL,
			at.line, at.column, 1, NULL, "not carried over: %s", message);
}

/* ---- values ---- */

static void add_key(struct text *text, const char *key)
{
	text_addf(text, "    %s: ", key);
}

static bool write_weight(struct text *text, const char *value)
{
	uint64_t weight;

	if (strncmp(value, "default ", 8) == 0)
		value += 8;
	if (parse_u64(value, &weight) < 0 || weight < 1 || weight > WEIGHT_MOST)
		return false;
	text_addf(text, "%" PRIu64 "\n", weight);
	return true;
}

/* As the kernel has it: 1024 shares are a weight of 100. */
static bool write_shares(struct text *text, const char *value)
{
	uint64_t shares;

	if (parse_u64(value, &shares) < 0 || shares > UINT32_MAX)
		return false;
	shares = (shares * WEIGHT + SHARES / 2) / SHARES;
	text_addf(text, "%" PRIu64 "\n", MIN(MAX(shares, UINT64_C(1)), (uint64_t)WEIGHT_MOST));
	return true;
}

static bool write_list(struct text *text, const char *value)
{
	if (!*value || value[strspn(value, "0123456789,-")])
		return false;
	text_addf(text, "\"%s\"\n", value);
	return true;
}

static bool write_number(struct text *text, const char *value)
{
	if (!streq(value, "max") &&
	    (!*value || value[strspn(value, "0123456789")] || *value == '0'))
		return false;
	text_addf(text, "%s\n", value);
	return true;
}

/* Bytes, with the kernel's letters; v1 says -1 for no limit. */
static bool write_bytes(struct text *text, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	const char *unit = digits ? strchr("kKmMgG", value[digits]) : NULL;

	if (streq(value, "-1") || streq(value, "max")) {
		text_add(text, "max\n");
		return true;
	}
	if (!unit || (value[digits] && value[digits + 1]) || digits > 19)
		return false;
	text_addf(text, "%.*s%c\n", (int)digits, value, *unit ? *unit & ~0x20 : 'B');
	return true;
}

static bool write_frozen(struct text *text, const char *value)
{
	if (!streq(value, "FROZEN") && !streq(value, "1"))
		return false;
	text_add(text, "true\n");
	return true;
}

/* "QUOTA PERIOD" or "max" */
static bool write_cpu_max(struct text *text, const char *value)
{
	uint64_t quota, period = PERIOD_US;
	char first[24], second[24] = "";

	if (strncmp(value, "max", 3) == 0) {
		text_add(text, "max\n");
		return true;
	}
	if (sscanf(value, "%23s %23s", first, second) < 1 || parse_u64(first, &quota) < 0 ||
	    (*second && parse_u64(second, &period) < 0) || quota < 1000 || period < 1000)
		return false;
	text_addf(text, "\"%.6g cores\"\n    cpu_period: %" PRIu64 "us\n",
		  (double)quota / (double)period, period);
	return true;
}

static const struct cgconfig_setting *find(const struct gathered *gathered, const char *name)
{
	for (size_t i = 0; i < gathered->settings.count; i++)
		if (streq(gathered->settings.items[i].name, name))
			return &gathered->settings.items[i];
	return NULL;
}

static const struct row {
	const char *name, *key;
	bool (*write)(struct text *text, const char *value);
} rows[] = {
	{ "blkio.bfq.weight", "io_weight", write_weight },
	{ "cpu.max", "cpu", write_cpu_max },
	{ "cpu.shares", "cpu_weight", write_shares },
	{ "cpu.weight", "cpu_weight", write_weight },
	{ "cpuset.cpus", "cpus", write_list },
	{ "cpuset.mems", "mems", write_list },
	{ "freezer.state", "freeze", write_frozen },
	{ "io.weight", "io_weight", write_weight },
	{ "memory.high", "ram_high", write_bytes },
	{ "memory.limit_in_bytes", "ram", write_bytes },
	{ "memory.low", "ram_low", write_bytes },
	{ "memory.max", "ram", write_bytes },
	{ "memory.min", "ram_min", write_bytes },
	{ "memory.swap.max", "swap", write_bytes },
	{ "pids.max", "pids", write_number },
};

/* Two files of v1 are one of v2. */
static bool import_quota(struct import *import, const struct gathered *gathered)
{
	const struct cgconfig_setting *quota = find(gathered, "cpu.cfs_quota_us");
	const struct cgconfig_setting *period = find(gathered, "cpu.cfs_period_us");
	char value[64];

	if (!quota || find(gathered, "cpu.max"))
		return false;
	add_key(import->text, "cpu");
	if (streq(quota->value, "-1")) {
		text_add(import->text, "max\n");
		return true;
	}
	snprintf(value, sizeof(value), "%.24s %.24s", quota->value, period ? period->value : "");
	if (write_cpu_max(import->text, value))
		return true;
	import->text->size -= strlen("    cpu: ");
	return false;
}

/* True if it has become a key; `used` are the keys that are there. */
static bool import_setting(struct import *import, const struct cgconfig_setting *setting,
			   struct hash *used)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t before = import->text->size;

		if (!streq(rows[i].name, setting->name) || hash_get_string(used, rows[i].key))
			continue;
		add_key(import->text, rows[i].key);
		if (rows[i].write(import->text, setting->value))
			return hash_put_string(used, rows[i].key, import, NULL) >= 0;
		import->text->size = before;
	}
	return false;
}

/* What has no key, and would be there twice, is told. */
static void import_raw(struct import *import, const struct cgconfig_setting *setting,
		       struct hash *raw)
{
	bool twice = hash_get_string(raw, setting->name) != NULL;

	if (twice || !raw_takes(setting->name) || strpbrk(setting->value, "\n\t")) {
		leave_out(import, setting->at, 4, "%s = %s: %s", setting->name, setting->value,
			  twice ? "it is there twice" : "no key of reeve's can say that");
		return;
	}
	if (raw->used == 0)
		text_add(import->text, "    raw:\n");
	if (hash_put_string(raw, setting->name, import, NULL) < 0)
		import->text->failed = true;
	text_add(import->text, "      ");
	import_add_scalar(import->text, setting->name);
	text_add(import->text, ": ");
	import_add_scalar(import->text, setting->value);
	text_add(import->text, "\n");
}

/* Whether there is any key. */
static bool import_settings(struct import *import, const struct gathered *gathered)
{
	bool *done = calloc(gathered->settings.count + 1, sizeof(*done));
	bool quota = import_quota(import, gathered);
	struct hash used = { 0 }, raw = { 0 };
	bool any;

	if (!done || (quota && hash_put_string(&used, "cpu", import, NULL) < 0))
		import->text->failed = true;
	for (size_t i = 0; done && i < gathered->settings.count; i++) {
		const struct cgconfig_setting *setting = &gathered->settings.items[i];

		done[i] = (quota && strncmp(setting->name, "cpu.cfs_", 8) == 0 &&
			   !streq(setting->name, "cpu.cfs_burst_us")) ||
			  streq(setting->value, "THAWED") || import_setting(import, setting, &used);
	}
	for (size_t i = 0; done && i < gathered->settings.count; i++)
		if (!done[i])
			import_raw(import, &gathered->settings.items[i], &raw);
	any = used.used > 0 || raw.used > 0;
	free(done);
	hash_done(&used);
	hash_done(&raw);
	return any;
}

/* ---- groups ---- */

static void gather(struct import *import, const char *path, struct gathered *gathered)
{
	const struct cgconfig_groups *groups = &import->config->groups;

	for (size_t i = 0; i < groups->count; i++) {
		const struct cgconfig_group *group = &groups->items[i];

		for (size_t k = 0; streq(group->path, path) && k < group->controller_count; k++) {
			const struct cgconfig_settings *from = &group->controllers[k].settings;
			struct cgconfig_settings *to = &gathered->settings;
			struct cgconfig_setting *larger =
				reallocarray(to->items, to->count + from->count + 1,
					     sizeof(*larger));

			if (!larger) {
				import->text->failed = true;
				return;
			}
			to->items = larger;
			if (from->count > 0)
				memcpy(to->items + to->count, from->items,
				       from->count * sizeof(*from->items));
			to->count += from->count;
		}
	}
}

static void import_group(struct import *import, const struct cgconfig_group *group)
{
	struct gathered gathered = { 0 };

	if (*group->path == '\0') {
		leave_out(import, group->at, 2, "settings of the root group");
		return;
	}
	gather(import, group->path, &gathered);
	text_add(import->text, "  ");
	import_add_scalar(import->text, group->path);
	text_add(import->text, ":\n");
	if (group->perm.given)
		leave_out(import, group->perm.at, 4,
			  "who owns its files; those of reeve's groups are root's");
	if (!import_settings(import, &gathered))
		text_add(import->text, "    {}\n");
	free(gathered.settings.items);
}

static void import_rest(struct import *import)
{
	const struct cgconfig *config = import->config;

	for (size_t i = 0; i < config->mounts.count; i++)
		leave_out(import, config->mounts.items[i].at, 0,
			  "the mount of %s at %s; reeve uses what is mounted",
			  config->mounts.items[i].name, config->mounts.items[i].value);
	for (size_t i = 0; i < config->namespaces.count; i++)
		leave_out(import, config->namespaces.items[i].at, 0, "the namespace of %s",
			  config->namespaces.items[i].name);
	for (size_t i = 0; i < config->templates.count; i++)
		leave_out(import, config->templates.items[i].at, 0,
			  "template %s; groups that \"place\" makes have the kernel's defaults",
			  config->templates.items[i].name);
	if (config->defaults.given)
		leave_out(import, config->defaults.at, 0, "whom groups belong to by default");
	if (config->systemd.given)
		leave_out(import, config->systemd.at, 0, "what systemd is asked for");
}

void import_groups(const struct cgconfig *config, struct text *text,
		   struct diagnostics *diagnostics)
{
	struct import import = { config, text, diagnostics };
	struct import_comments comments = { config->comments, config->comment_count, 0 };
	struct hash seen = { 0 };

	if (config->groups.count > 0)
		text_add(text, "groups:\n");
	for (size_t i = 0; i < config->groups.count; i++) {
		const struct cgconfig_group *group = &config->groups.items[i];
		int r = hash_put_string(&seen, group->path, &import, NULL);

		if (r < 0)
			text->failed = true;
		if (r <= 0)
			continue;
		import_add_comments(text, 2, &comments, group->at);
		import_group(&import, group);
	}
	import_add_comments(text, config->groups.count > 0 ? 2 : 0, &comments,
			    (struct position){ .file = UINT32_MAX });
	import_rest(&import);
	hash_done(&seen);
}
