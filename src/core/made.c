// SPDX-License-Identifier: MIT
/* One JSON object: group name -> limits in the policy file's words. */
#include "core/made.h"

#include "core/limits-json.h"
#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>

enum { SIZE_MAX_BYTES = 16 << 20 };

static bool made_path(const char *runtime_dir, char path[static PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/made.json", runtime_dir) < PATH_MAX;
}

int made_save(const char *runtime_dir, const struct policy *policy, struct groups *groups,
	      struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	json_t *object = json_object();
	int r;

	for (size_t i = 0; i < groups_count(groups); i++) {
		struct group *group = groups_at(groups, i);

		if (policy_find_group(policy, group_name(group)) < 0)
			json_object_set_new(object, group_name(group),
					    limits_to_json(group_limits(group)));
	}
	text = json_object_size(object) > 0 ? json_dumps(object, JSON_INDENT(1)) : strdup("");
	json_decref(object);
	if (!text)
		return error_oom(err);
	if (!made_path(runtime_dir, path))
		return error_set_errno(err, -ENAMETOOLONG, "runtime folder %s", runtime_dir);
	if (*text == '\0') {
		/* Nothing to remember leaves nothing behind. */
		(void)unlink(path);
		return 0;
	}
	r = file_replace_at(AT_FDCWD, path, text, strlen(text), 0600);
	return r < 0 ? error_set_errno(err, r, "cannot record the groups' limits in %s", path) : 0;
}

static int load_one(struct groups *groups, const char *name, const json_t *object,
		    struct error *err)
{
	_cleanup_(limits_done) struct limits limits = { 0 };
	struct group_spec spec = { .name = name, .limits = &limits };
	struct group_problems problems = { 0 };
	int r = limits_from_json(object, &limits, err);

	if (r >= 0)
		r = groups_apply_one(groups, &spec, &problems, err);
	group_problems_done(&problems);
	return r;
}

int made_load(const char *runtime_dir, const struct policy *policy, struct groups *groups,
	      struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	const char *name;
	json_t *object, *value;
	int r = 0;

	if (!made_path(runtime_dir, path) ||
	    file_read_at(AT_FDCWD, path, SIZE_MAX_BYTES, &text, NULL) < 0)
		return 0;
	object = json_loads(text, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return error_set(err, -EBADMSG,
				 "%s is damaged: limits of groups made by commands are not known; "
				 "remove it",
				 path);
	}
	json_object_foreach(object, name, value) if (r >= 0 && groups_find(groups, name) &&
						     policy_find_group(policy, name) < 0) r =
		load_one(groups, name, value, err);
	json_decref(object);
	return r;
}
