// SPDX-License-Identifier: MIT
/*
 * The daemon makes the group and sets its limits, for it alone knows what else there is, and has to
 * record what was made before it is. Its folders are removed here: then the group is gone when this
 * program ends, and the daemon, which is told, forgets it while we do.
 */
#include "front/passing.h"

#include "cgroup/usage.h"
#include "launch/own-group.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

enum { PATIENCE_SECONDS = 30 };

void passing_init(struct passing *passing)
{
	passing->fd = -1;
	passing->made = false;
	passing->answer = NULL;
	passing->places.count = 0;
}

static void hang_up(struct passing *passing)
{
	closep(&passing->fd);
	passing->fd = -1;
}

int passing_begin(struct passing *passing, const char *runtime_dir, const char *name,
		  const struct limits_given *limits)
{
	char request[ASK_REQUEST_MAX], text[ASK_REQUEST_MAX / 2];
	int r = limits_write(limits, text, sizeof(text)), size;

	if (r < 0)
		return r;
	if (name && !ask_is_plain(name))
		return -EINVAL;
	size = name ? snprintf(passing->name, sizeof(passing->name), "%s", name)
		    : snprintf(passing->name, sizeof(passing->name), "run-%d", (int)getpid());
	if (size < 0 || (size_t)size >= sizeof(passing->name))
		return -ENAMETOOLONG;
	size = snprintf(request, sizeof(request),
			"{\"method\":\"io.reeve.CreateGroup\",\"parameters\":{\"name\":\"%s\","
			"\"limits\":%s}}",
			passing->name, text);
	if (size < 0 || (size_t)size >= sizeof(request))
		return -ENAMETOOLONG;
	passing->runtime_dir = runtime_dir;
	passing->answer = malloc(ASK_ANSWER_MAX);
	if (!passing->answer)
		return -ENOMEM;
	r = ask_open(runtime_dir, PATIENCE_SECONDS, &passing->fd);
	return r < 0 ? r : ask_send(passing->fd, request, (size_t)size);
}

int passing_end(struct passing *passing, struct entrance *entrance)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = ask_receive(passing->fd, passing->answer);

	/* Nobody else may be kept out of the daemon while the program runs. */
	hang_up(passing);
	if (r < 0)
		return r;
	passing->made = reply_is_good(passing->answer);
	r = reply_read_made(passing->answer, &passing->places);
	if (r == 0 && passing->places.count == 0)
		r = -ENOENT;
	for (size_t i = 0; r == 0 && i < passing->places.count; i++)
		r = entrance_add(entrance, passing->places.paths[i], &err);
	return r;
}

/* ---- the end ---- */

static void say(char *sentence)
{
	if (sentence)
		fprintf(stderr, "reeve: %s\n", sentence);
	free(sentence);
}

static void add_usage(const char *path, struct group_usage *usage)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs statfs;

	if (fd >= 0 && fstatfs(fd, &statfs) == 0)
		group_usage_add(fd, statfs.f_type == CGROUP2_SUPER_MAGIC, UINT32_MAX,
				USAGE_OOM_KILLS | USAGE_PIDS_MAX_HITS, usage);
}

void passing_tell(const struct passing *passing)
{
	struct group_usage usage = { 0 };

	for (size_t i = 0; i < passing->places.count; i++)
		add_usage(passing->places.paths[i], &usage);
	if (usage.oom_kills > 0)
		say(own_group_sentence(OWN_GROUP_KILLS, NULL, usage.oom_kills));
	if (usage.pids_max_hits > 0)
		say(own_group_sentence(OWN_GROUP_FORKS, NULL, usage.pids_max_hits));
}

/* A folder that somebody is in stays, and so do those after it. */
static int remove_folders(const struct passing *passing)
{
	for (size_t i = passing->places.count; i-- > 0;) {
		int r = rmdir(passing->places.paths[i]) < 0 ? -errno : 0;

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

/*
 * The daemon forgets what we have removed, before it hears whoever comes after us; where there is
 * none any more, the next one sees it. A group whose folders we were not told it removes itself.
 */
static void tell_daemon(struct passing *passing)
{
	bool gone = passing->places.count > 0;
	char request[ASK_REQUEST_MAX];
	int size = snprintf(request, sizeof(request),
			    "{\"method\":\"io.reeve.DeleteGroup\",\"oneway\":%s,"
			    "\"parameters\":{\"name\":\"%s\"}}",
			    gone ? "true" : "false", passing->name);

	if (ask_open(passing->runtime_dir, PATIENCE_SECONDS, &passing->fd) == 0 &&
	    ask_send(passing->fd, request, (size_t)size) == 0 && !gone)
		(void)ask_receive(passing->fd, passing->answer);
	hang_up(passing);
}

static void remove_group(struct passing *passing)
{
	int r = -EBUSY;

	for (int i = 0; i < OWN_GROUP_TRIES && r == -EBUSY; i++) {
		if (i > 0)
			usleep(OWN_GROUP_PAUSE_US);
		r = remove_folders(passing);
	}
	if (r == -EBUSY)
		say(own_group_sentence(OWN_GROUP_STAYS, passing->name, 0));
	else if (r < 0)
		fprintf(stderr, "reeve: cannot remove the group \"%s\": %s\n", passing->name,
			strerror(-r));
	if (r == 0)
		tell_daemon(passing);
	passing->made = false;
}

void passing_done(struct passing *passing)
{
	hang_up(passing);
	if (passing->made)
		remove_group(passing);
	free(passing->answer);
	passing->answer = NULL;
}
