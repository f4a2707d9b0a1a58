// SPDX-License-Identifier: MIT
/* One JSON object: group name -> true. Without such groups there is no file. */
#include "core/made.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>

enum { SIZE_MAX_BYTES = 16 << 20 };

static bool made_path(const char *runtime_dir, char path[static PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/made.json", runtime_dir) < PATH_MAX;
}

int made_save(const char *runtime_dir, const struct policy *policy, struct groups *groups,
	      json_t **made, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	json_t *object = json_object();
	int r;

	for (size_t i = 0; i < groups_count(groups); i++) {
		struct group *group = groups_at(groups, i);

		if (policy_find_group(policy, group_name(group)) < 0 && !group_is_on_demand(group))
			json_object_set_new(object, group_name(group), json_true());
	}
	text = json_dumps(object, JSON_INDENT(1));
	if (!text) {
		json_decref(object);
		return error_oom(err);
	}
	json_decref(*made);
	*made = object;
	if (!made_path(runtime_dir, path))
		return error_set_errno(err, -ENAMETOOLONG, "runtime folder %s", runtime_dir);
	if (json_object_size(object) == 0) {
		(void)unlink(path);
		return 0;
	}
	r = file_replace_until_boot(AT_FDCWD, path, text, strlen(text), 0600);
	return r < 0 ? error_set_errno(err, r, "cannot record the group in %s", path) : 0;
}

json_t *made_read(const char *runtime_dir, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	json_t *object;

	if (!made_path(runtime_dir, path) ||
	    file_read_at(AT_FDCWD, path, SIZE_MAX_BYTES, &text, NULL) < 0)
		return json_object();
	object = json_loads(text, 0, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	error_set(err, -EBADMSG,
		  "%s is damaged: which groups commands have made is not known; remove it", path);
	return NULL;
}
