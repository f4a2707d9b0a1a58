// SPDX-License-Identifier: MIT
/* To the socket in the daemon's runtime folder. */
#include "lib/connect.h"

#include "util/places.h"

int connect_daemon(const char *runtime_folder, struct varlink_client **ret_client,
		   struct error *err)
{
	_cleanup_(freep) char *path = place_socket(runtime_folder ? runtime_folder : PLACE_RUNTIME);
	int r;

	if (!path)
		return error_oom(err);
	r = varlink_connect(path, ret_client, err);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return error_set(err, r, "no daemon listens at %s: start reeved", path);
	return r;
}

int parse_object(const char *text, json_t **ret_object, struct error *err)
{
	json_error_t at;

	*ret_object = NULL;
	if (!text)
		return 0;
	*ret_object = json_loads(text, JSON_REJECT_DUPLICATES, &at);
	if (!*ret_object)
		return error_set(err, -EINVAL, "line %d, column %d: %s", at.line, at.column,
				 at.text);
	if (json_is_object(*ret_object))
		return 0;
	json_decref(*ret_object);
	*ret_object = NULL;
	return error_set(err, -EINVAL, "a JSON object is expected");
}
