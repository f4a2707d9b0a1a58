// SPDX-License-Identifier: MIT
/*
 * What is asked while a new daemon takes our place, by somebody who waits for no answer and so
 * cannot be told to ask again: `reeve run`, whose group is to be forgotten. It is kept, and done by
 * whoever is the daemon in the end.
 */
#include "core/engine-internal.h"

enum { LATER_MAX = 10000 };

int engine_do_later(struct engine *engine, const char *method, const json_t *parameters)
{
	json_t *one;

	if (!engine->later)
		engine->later = json_array();
	if (json_array_size(engine->later) >= LATER_MAX)
		return -ENOBUFS;
	one = json_pack("{s:s, s:O?}", "method", method, "parameters", parameters);
	return one && json_array_append_new(engine->later, one) == 0 ? 0 : -ENOMEM;
}

void engine_later_add(struct engine *engine, const json_t *list)
{
	const json_t *one;
	size_t index;

	json_array_foreach(list, index, one)
	{
		const char *method = json_string_value(json_object_get(one, "method"));
		int r = method ? engine_do_later(engine, method, json_object_get(one, "parameters"))
			       : -EBADMSG;

		if (r < 0)
			log_warning(engine->log,
				    "a request to the daemon before this one is lost: %s",
				    strerror(-r));
	}
}

void engine_later_do(struct engine *engine)
{
	json_t *list = TAKE_PTR(engine->later), *one;
	size_t index;

	json_array_foreach(list, index, one)
	{
		const char *method = json_string_value(json_object_get(one, "method"));
		_cleanup_(error_done) struct error err = ERROR_INIT;
		json_t *reply = NULL;
		int r = engine_control(engine, method, json_object_get(one, "parameters"), &reply,
				       &err);

		/* A group that is gone already is what was asked for. */
		if (r < 0 && r != -ENOENT)
			log_warning(engine->log, "%s, asked while the daemon was replaced: %s",
				    method, error_text(&err));
		json_decref(reply);
	}
	json_decref(list);
}
