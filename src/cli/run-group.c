// SPDX-License-Identifier: MIT
/*
 * The group is asked for through the daemon or made here, and only its folders' descriptors are
 * kept while the program runs, so that nobody is kept out meanwhile.
 */
#include "cli/run-group.h"

#include "cli/control.h"
#include "cli/limit-options.h"
#include "cli/output.h"
#include "launch/own-group.h"

enum { NAME_TRIES = 5 };

void run_group_init(struct run_group *group, struct cli *cli)
{
	*group = (struct run_group){ .cli = cli };
	entrance_init(&group->entrance);
}

/* Over one way for all calls, which hang_up() closes. */
static int call(struct run_group *group, const char *method, json_t *parameters, json_t **ret_reply,
		struct error *err)
{
	int r = group->control ? 0 : control_open(group->cli, true, &group->control, err);

	if (r < 0) {
		json_decref(parameters);
		return r;
	}
	return control_call(group->control, method, parameters, ret_reply, err);
}

/* Without a daemon the way is a lock too, that nobody else may be kept out by. */
static void hang_up(struct run_group *group)
{
	control_free(group->control);
	group->control = NULL;
}

static void remove_group(struct run_group *group)
{
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	int r = 0;

	if (!group->transient)
		return;
	for (int i = 0; i < OWN_GROUP_TRIES; i++) {
		error_done(&err);
		r = call(group, "DeleteGroup", json_pack("{s:s}", "name", group->name), &reply,
			 &err);
		json_decref(reply);
		reply = NULL;
		if (r != -EBUSY)
			break;
		hang_up(group);
		usleep(OWN_GROUP_PAUSE_US);
	}
	if (r == -EBUSY) {
		_cleanup_(freep) char *sentence =
			own_group_sentence(OWN_GROUP_STAYS, group->name, 0);

		cli_say(group->cli, "%s", sentence ? sentence : "out of memory");
	} else if (r < 0 && r != -ENOENT)
		cli_say(group->cli, "cannot remove the group \"%s\": %s", group->name,
			error_text(&err));
	error_done(&err);
}

void run_group_done(struct run_group *group)
{
	entrance_done(&group->entrance);
	remove_group(group);
	hang_up(group);
	for (size_t i = 0; i < group->folder_count; i++)
		free(group->folders[i]);
	group->folder_count = 0;
	free(group->name);
	group->name = NULL;
}

/* A limit that does not hold must not go unnoticed: the program is not started then. */
static int check_problems(const struct run_group *group, const json_t *reply, struct error *err)
{
	if (cli_tell_problems(group->cli, reply) == EXIT_DONE)
		return 0;
	return error_set(err, -EOPNOTSUPP, "not started, for its limits could not all be set");
}

static int create(struct run_group *group, const json_t *limits, struct error *err)
{
	const char *name = group->cli->name;
	json_t *reply = NULL;
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < NAME_TRIES; i++) {
		free(group->name);
		if (name)
			group->name = strdup(name);
		else if (asprintf(&group->name, i == 0 ? "run-%d" : "run-%d-%d", (int)getpid(), i) <
			 0)
			group->name = NULL;
		if (!group->name)
			return error_oom(err);
		error_done(err);
		r = call(group, "CreateGroup",
			 json_pack("{s:s, s:O}", "name", group->name, "limits", limits), &reply,
			 err);
		if (name)
			break;
	}
	if (r < 0)
		return error_wrap(err, "cannot make a group for the program");
	group->transient = true;
	r = check_problems(group, reply, err);
	json_decref(reply);
	return r;
}

static int add_folder(struct run_group *group, const char *path, struct error *err)
{
	int r = entrance_add(&group->entrance, path, err);

	if (r < 0 || group->folder_count == HIERARCHY_MAX)
		return r;
	group->folders[group->folder_count] = strdup(path);
	return group->folders[group->folder_count++] ? 0 : error_oom(err);
}

static int enter(struct run_group *group, struct error *err)
{
	const json_t *found, *paths;
	json_t *reply = NULL;
	int r = call(group, "GetGroup", json_pack("{s:s}", "name", group->name), &reply, err);

	if (r < 0)
		return r;
	found = json_object_get(reply, "group");
	paths = json_object_get(found, "paths");
	if (member_true(found, "frozen"))
		r = error_set(err, -EBUSY,
			      "the group \"%s\" is frozen: the program could not start "
			      "(reeve group thaw %s)",
			      group->name, group->name);
	for (size_t i = 0; r == 0 && i < json_array_size(paths); i++)
		r = add_folder(group, json_string_value(json_array_get(paths, i)), err);
	if (r == 0 && json_array_size(paths) == 0)
		r = error_set(err, -ENOENT, "the group \"%s\" has no folder in any hierarchy",
			      group->name);
	json_decref(reply);
	return r;
}

static int create_and_enter(struct run_group *group, struct error *err)
{
	json_t *limits = NULL;
	int r = limit_options_to_json(group->cli, &limits, err);

	if (r == 0)
		r = create(group, limits, err);
	json_decref(limits);
	return r < 0 ? r : enter(group, err);
}

static int prepare(struct run_group *group, struct error *err)
{
	struct error cause = ERROR_INIT;
	int r;

	if (group->cli->group) {
		group->name = strdup(group->cli->group);
		return group->name ? enter(group, err) : error_oom(err);
	}
	if (limit_options_given(group->cli))
		return create_and_enter(group, err);
	if (!group->optional)
		return 0;
	r = create_and_enter(group, &cause);
	if (r < 0) {
		cli_say(group->cli,
			"without a group (%s): what all processes used together, beyond processor "
			"time, will not be known",
			error_text(&cause));
		entrance_done(&group->entrance);
		remove_group(group);
		group->transient = false;
		free(group->name);
		group->name = NULL;
	}
	error_done(&cause);
	return 0;
}

int run_group_prepare(struct run_group *group, struct error *err)
{
	int r = prepare(group, err);

	hang_up(group);
	return r;
}

json_t *run_group_usage(struct run_group *group)
{
	struct error err = ERROR_INIT;
	json_t *reply = NULL, *usage = NULL;

	if (group->name &&
	    call(group, "GetGroup", json_pack("{s:s}", "name", group->name), &reply, &err) >= 0)
		usage = json_incref(json_object_get(json_object_get(reply, "group"), "usage"));
	error_done(&err);
	json_decref(reply);
	return usage;
}
