// SPDX-License-Identifier: MIT
/*
 * pam_reeve's other half, a program of its own, so that nothing of it is in a login process:
 * `reeve-session PID USER` places a process by the rules for that user. Daemons that run are asked;
 * where none does, cgrules.conf is read, and of its rules those without a program are meant.
 *
 * What has been done is one line on standard output, what has failed is said on standard error.
 */
#include "compat/cgrule.h"
#include "compat/compat.h"

#include "core/engine.h"
#include "util/places.h"
#include "varlink/client.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>

#define CGRULES "/etc/cgrules.conf"

enum { EXIT_NOT_PLACED = 1, EXIT_WORDS = 2, CALL_TIMEOUT_MS = 30000, GROUPS_MOST = 65536 };

/* ---- whose it is ---- */

static int find_user(const char *name, struct cgsubject *subject)
{
	const struct passwd *user;
	int count = 64;

	errno = 0;
	user = getpwnam(name);
	if (!user) {
		fprintf(stderr, "there is no user \"%s\"%s%s\n", name, errno ? ": " : "",
			errno ? strerror(errno) : "");
		return -ESRCH;
	}
	subject->uid = user->pw_uid;
	subject->gid = user->pw_gid;
	for (;;) {
		gid_t *groups = reallocarray(subject->groups, (size_t)count, sizeof(*groups));
		int room = count;

		if (!groups)
			return -ENOMEM;
		subject->groups = groups;
		if (getgrouplist(name, user->pw_gid, groups, &count) >= 0)
			break;
		/* Some directories do not say how many there are. */
		count = count > room ? count : room * 2;
		if (count > GROUPS_MOST) {
			count = 0;
			break;
		}
	}
	subject->group_count = (size_t)count;
	return 0;
}

/* ---- by a daemon ---- */

static json_t *question(const struct cgsubject *subject)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < subject->group_count; i++)
		json_array_append_new(groups, json_integer(subject->groups[i]));
	return json_pack("{s:i, s:I, s:I, s:o}", "pid", subject->pid, "uid",
			 (json_int_t)subject->uid, "gid", (json_int_t)subject->gid, "groups",
			 groups);
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
	struct cgtool tool = { .name = "reeve-session" };
	int r = 0, code;

	if (access(CGRULES, F_OK) < 0) {
		printf("no daemon runs, and there is no %s\n", CGRULES);
		return 0;
	}
	code = cgtool_open(&tool, true);
	if (code == 0) {
		code = cgrule_place(&tool, subject, &r, err);
		if (code && err->code == 0)
			error_set(err, r < 0 ? r : -EIO, "%s", cg_text(code, r));
		if (code == 0)
			printf("placed by %s\n", CGRULES);
	}
	cgtool_done(&tool);
	return code ? -EIO : 0;
}

static bool read_pid(const char *word, pid_t *ret_pid)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(word, &end, 10);
	if (errno || end == word || *end || pid < 1 || pid > INT_MAX)
		return false;
	*ret_pid = (pid_t)pid;
	return true;
}

int compat_session(int argc, char **argv)
{
	_cleanup_(cgsubject_done) struct cgsubject subject = { 0 };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r;

	if (argc != 3 || !read_pid(argv[1], &subject.pid)) {
		fputs("usage: reeve-session PID USER\n", stderr);
		return EXIT_WORDS;
	}
	if (find_user(argv[2], &subject) < 0)
		return EXIT_NOT_PLACED;
	r = ask_daemons(&subject, &err);
	if (r == -ENOENT)
		r = place_by_files(&subject, &err);
	if (r >= 0)
		return 0;
	if (err.code != 0)
		fprintf(stderr, "%s\n", error_text(&err));
	return EXIT_NOT_PLACED;
}
