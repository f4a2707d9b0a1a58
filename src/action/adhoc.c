// SPDX-License-Identifier: MIT
/*
 * A list of names; the groups themselves are the instance's (cgroup/groups.h), which records that
 * reeve has made them. Parents that a name needs and nobody has made are made, and go, with it.
 */
#include "action/adhoc.h"

enum { PART_MOST = 200 };

struct adhoc {
	struct groups *groups;
	char **names; /* parents before what is below them */
	size_t count;
};

int adhoc_new(struct groups *groups, struct adhoc **ret_adhoc)
{
	struct adhoc *adhoc = calloc(1, sizeof(*adhoc));

	if (!adhoc)
		return -ENOMEM;
	adhoc->groups = groups;
	*ret_adhoc = adhoc;
	return 0;
}

void adhoc_free(struct adhoc *adhoc)
{
	if (!adhoc)
		return;
	for (size_t i = 0; i < adhoc->count; i++)
		free(adhoc->names[i]);
	free(adhoc->names);
	free(adhoc);
}

bool adhoc_has(const struct adhoc *adhoc, const char *name)
{
	for (size_t i = 0; i < adhoc->count; i++)
		if (streq(adhoc->names[i], name))
			return true;
	return false;
}

/* Takes the name on success. */
static int list(struct adhoc *adhoc, char **name)
{
	char **names;

	if (adhoc->count == ADHOC_MOST)
		return -ENOSPC;
	names = reallocarray(adhoc->names, adhoc->count + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	adhoc->names = names;
	names[adhoc->count++] = TAKE_PTR(*name);
	return 0;
}

/* One group whose parent is there. */
static int make(struct adhoc *adhoc, const char *name, const struct limits *limits,
		struct group_problems *problems, struct error *err)
{
	static const struct limits none;
	const struct group_spec spec = { name, limits ? limits : &none, .on_demand = true };
	_cleanup_(freep) char *copy = strdup(name);
	int r;

	if (!copy)
		return error_oom(err);
	/* First, so that nothing is made that is in no list. */
	r = list(adhoc, &copy);
	if (r == -ENOSPC)
		return error_set(err, r,
				 "cannot make the group \"%.255s\": there are %d made on demand, "
				 "and none of them is empty",
				 name, ADHOC_MOST);
	if (r < 0)
		return error_oom(err);
	r = groups_apply_one(adhoc->groups, &spec, problems, err);
	if (r < 0)
		free(adhoc->names[--adhoc->count]);
	return r;
}

static int make_parents(struct adhoc *adhoc, const char *name, struct error *err)
{
	int r = 0;

	for (const char *slash = strchr(name, '/'); slash && r >= 0;
	     slash = strchr(slash + 1, '/')) {
		struct group_problems problems = { 0 };
		_cleanup_(freep) char *parent = strndup(name, (size_t)(slash - name));

		if (!parent)
			return error_oom(err);
		if (groups_find(adhoc->groups, parent))
			continue;
		r = make(adhoc, parent, NULL, &problems, err);
		group_problems_done(&problems);
	}
	return r;
}

int adhoc_get(struct adhoc *adhoc, const char *name, const struct limits *limits,
	      struct group_problems *problems, struct group **ret_group, struct error *err)
{
	struct group *group = groups_find(adhoc->groups, name);
	int r = 0;

	if (!group) {
		if (adhoc->count + 1 >= ADHOC_MOST)
			(void)adhoc_sweep(adhoc, NULL, NULL);
		r = make_parents(adhoc, name, err);
		if (r >= 0)
			r = make(adhoc, name, limits, problems, err);
		if (r < 0)
			return r;
		group = groups_find(adhoc->groups, name);
	}
	if (!group)
		return error_set(err, -ENOENT, "the group \"%.255s\" is gone", name);
	*ret_group = group;
	return 0;
}

int adhoc_adopt(struct adhoc *adhoc, const char *name)
{
	_cleanup_(freep) char *copy = NULL;

	if (!groups_find(adhoc->groups, name))
		return -ENOENT;
	if (adhoc_has(adhoc, name))
		return 0;
	copy = strdup(name);
	return copy ? list(adhoc, &copy) : -ENOMEM;
}

/* ---- names ---- */

static bool is_plain(unsigned char byte)
{
	/* '\' begins an escape, so that two names never become one. */
	return byte > 0x20 && byte != 0x7f && byte != '/' && byte != '\\';
}

/* Whether the kernel could have, or come to have, a file of that name in a group's folder: those
 * are "controller.file". Only the first '.' has to go for that. */
static size_t escape(const char *text, size_t size, char *part, size_t room)
{
	size_t used = 0;
	bool dots = false;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool plain = is_plain(byte) && (byte != '.' || dots);

		if (used + 5 > room)
			break;
		dots |= byte == '.';
		if (plain)
			part[used++] = (char)byte;
		else
			used += (size_t)snprintf(part + used, room - used, "\\x%02x", byte);
	}
	part[used] = '\0';
	return used;
}

/* FNV-1a: the tree's own hash is seeded anew in each process, and a name outlives one. */
static uint64_t hash_for_name(const char *text, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

size_t adhoc_part(const char *text, size_t size, char *part, size_t room)
{
	char whole[PART_MOST * 4 + 8];
	size_t used;

	if (size == 0) {
		text = "none";
		size = strlen(text);
	}
	used = escape(text, MIN(size, (size_t)PART_MOST + 1), whole, sizeof(whole));
	if (size > PART_MOST || used > PART_MOST) {
		used = MIN(used, (size_t)PART_MOST - 17);
		used += (size_t)snprintf(whole + used, sizeof(whole) - used, "~%016llx",
					 (unsigned long long)hash_for_name(text, size));
	}
	used = MIN(used, room - 1);
	memcpy(part, whole, used);
	part[used] = '\0';
	return used;
}

/* ---- the end ---- */

static bool is_empty(const struct group *group)
{
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count;

	return group_members(group, true, &pids, &count) >= 0 && count == 0;
}

/* Whether one that is listed after it is below it: those go first. */
static bool has_below(const struct adhoc *adhoc, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < groups_count(adhoc->groups); i++) {
		const char *other = group_name(groups_at(adhoc->groups, i));

		if (strncmp(other, name, length) == 0 && other[length] == '/')
			return true;
	}
	return false;
}

size_t adhoc_sweep(struct adhoc *adhoc, bool (*keep)(const char *name, void *userdata),
		   void *userdata)
{
	size_t removed = 0;

	for (size_t i = adhoc->count; i-- > 0;) {
		char *name = adhoc->names[i];
		struct group *group = groups_find(adhoc->groups, name);

		/* One that the policy names by now is the policy's. */
		if (group && group_is_on_demand(group) &&
		    ((keep && keep(name, userdata)) || has_below(adhoc, name) || !is_empty(group) ||
		     group_remove(adhoc->groups, name, false, NULL) < 0))
			continue;
		/* Removed, or gone without us, or not ours any more. */
		removed++;
		free(name);
		memmove(&adhoc->names[i], &adhoc->names[i + 1],
			(--adhoc->count - i) * sizeof(*adhoc->names));
	}
	return removed;
}

size_t adhoc_count(const struct adhoc *adhoc)
{
	return adhoc->count;
}

const char *adhoc_name(const struct adhoc *adhoc, size_t index)
{
	return adhoc->names[index];
}
