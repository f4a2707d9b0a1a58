// SPDX-License-Identifier: MIT
/*
 * pam_reeve's other half, a program of its own, so that nothing of it is in a login process:
 * `reeve-session PID USER` places a process by the rules for that user. Daemons that run are asked;
 * where none does, cgrules.conf is read, and its rules are asked as the daemon would.
 *
 * What has been done is one line on standard output, what has failed is said on standard error.
 */
#include "compat/cgrule.h"
#include "compat/compat.h"

#include "core/engine.h"
#include "util/places.h"
#include "util/user-groups.h"
#include "varlink/client.h"

#include <limits.h>
#include <pwd.h>

#define CGRULES "/etc/cgrules.conf"

enum { EXIT_NOT_PLACED = 1, EXIT_WORDS = 2, CALL_TIMEOUT_MS = 30000 };

/* ---- whose it is ---- */

static int find_user(const char *name, struct cguser *ret_user)
{
	const struct passwd *user;
	int r;

	errno = 0;
	user = getpwnam(name);
	if (!user) {
		fprintf(stderr, "there is no user \"%s\"%s%s\n", name, errno ? ": " : "",
			errno ? strerror(errno) : "");
		return -ESRCH;
	}
	ret_user->uid = user->pw_uid;
	ret_user->gid = user->pw_gid;
	r = user_groups(name, user->pw_gid, &ret_user->groups, &ret_user->group_count);
	if (r < 0)
		fprintf(stderr, "cannot tell the groups of the user \"%s\": %s\n", name,
			strerror(-r));
	return r;
}

/* ---- by a daemon ---- */

static json_t *question(const struct cgsubject *subject)
{
	const struct cguser *user = subject->user;
	json_t *groups = json_array();

	for (size_t i = 0; i < user->group_count; i++)
		json_array_append_new(groups, json_integer(user->groups[i]));
	return json_pack("{s:i, s:I, s:I, s:o}", "pid", subject->pid, "uid", (json_int_t)user->uid,
			 "gid", (json_int_t)user->gid, "groups", groups);
}

/* -ENOENT: none is there. */
static int ask_daemon(const char *folder, const struct cgsubject *subject, struct error *err)
{
	_cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
	_cleanup_(freep) char *error_name = NULL;
	_cleanup_(freep) char *path = place_socket(folder);
	json_t *reply = NULL;
	const char *rule;
	int r;

	if (!path)
		return error_oom(err);
	r = varlink_connect(path, &client, err);
	if (r < 0)
		return r == -ECONNREFUSED ? -ENOENT : r;
	r = varlink_call(client, "io.reeve.PlaceSession", question(subject), CALL_TIMEOUT_MS,
			 &reply, &error_name, err);
	if (r > 0)
		r = varlink_explain(error_name, reply, err);
	if (r >= 0) {
		rule = json_string_value(json_object_get(reply, "rule"));
		printf("%s: %s%s%s\n", path, rule ? "rule \"" : "no rule is about it",
		       rule ? rule : "", rule ? "\"" : "");
	} else {
		error_wrap(err, "%s", path);
	}
	json_decref(reply);
	return r;
}

/* Each that runs has a say, as it will have of what the session starts. -ENOENT: none does. */
static int ask_daemons(const struct cgsubject *subject, struct error *err)
{
	static const char *const folders[] = { ENGINE_RUNTIME_DIR, "/run/cgred" };
	int result = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int r = ask_daemon(folders[i], subject, err);

		if (r != -ENOENT && (result == -ENOENT || r < 0))
			result = r;
	}
	return result;
}

/* ---- by the files ---- */

static int place_by_files(const struct cgsubject *subject, struct error *err)
{
	_cleanup_(cgrulebook_freep) struct cgrulebook *book = NULL;
	struct cgtool tool = { .name = "reeve-session" };
	int r = 0, code;

	if (access(CGRULES, F_OK) < 0) {
		printf("no daemon runs, and there is no %s\n", CGRULES);
		return 0;
	}
	code = cgtool_open(&tool, true);
	if (code == 0) {
		r = cgrulebook_new(&tool, true, &book);
		code = r < 0 ? CG_ERRNO : cgrulebook_place(book, subject, &r, err);
		if (code && err->code == 0)
			error_set(err, r < 0 ? r : -EIO, "%s", cg_text(code, r));
		if (code == 0)
			printf("placed by %s\n", CGRULES);
	}
	cgtool_done(&tool);
	return code ? -EIO : 0;
}

int compat_session(int argc, char **argv)
{
	struct cguser user = { 0 };
	struct cgsubject subject = { .user = &user };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r;

	if (argc != 3 || !cgtool_pid(argv[1], &subject.pid) || subject.pid == 0) {
		fputs("usage: reeve-session PID USER\n", stderr);
		return EXIT_WORDS;
	}
	if (find_user(argv[2], &user) < 0)
		return EXIT_NOT_PLACED;
	r = ask_daemons(&subject, &err);
	if (r == -ENOENT)
		r = place_by_files(&subject, &err);
	free(user.groups);
	if (r >= 0)
		return 0;
	if (err.code != 0)
		fprintf(stderr, "%s\n", error_text(&err));
	return EXIT_NOT_PLACED;
}
