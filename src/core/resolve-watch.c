// SPDX-License-Identifier: MIT
/*
 * The resolver: keeps the last resolution, watches the folders that it named, and says when one of
 * the names changes. A folder is watched by its path, so what matters is decided by name alone.
 */
#include "core/resolve-internal.h"

#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

enum {
	GONE_MAX = 10000, /* removed folders that are remembered before all are resolved anew */
	WATCH_MASK =
		IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK,
};

/* ---- inotify ---- */

static void set_watch(struct resolver *resolver, struct hash *by_watch, struct folder *folder)
{
	folder->watch = inotify_add_watch(resolver->inotify_fd, folder->path, WATCH_MASK);
	if (folder->watch >= 0)
		(void)hash_put(by_watch, &folder->watch, sizeof(folder->watch), folder, NULL);
	else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
		resolver->state.refused++;
		resolver->state.refused_errno = errno;
	}
}

static void set_watches(struct resolver *resolver, struct pass *pass)
{
	struct hash by_watch;

	hash_init(&by_watch);
	for (size_t i = 0; i < pass->folder_count; i++)
		set_watch(resolver, &by_watch, pass->folder_list[i]);
	for (size_t i = 0; resolver->now && i < resolver->now->folder_count; i++) {
		int watch = resolver->now->folder_list[i]->watch;

		if (watch >= 0 && !hash_get(&by_watch, &watch, sizeof(watch)))
			(void)inotify_rm_watch(resolver->inotify_fd, watch);
	}
	hash_done(&resolver->by_watch);
	resolver->by_watch = by_watch;
	resolver->state.folders = by_watch.used;
}

/* A hard link made below a rule's folder gives a file that is known already a new name. */
static bool is_known_file(const struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", folder->path, name) >= (int)sizeof(path))
		return true;
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1;
}

/*
 * Below a rule's folder another one has appeared: only that is looked into, so that unpacking an
 * archive there costs what it has and not the square of it.
 *
 * Its own watch is set before what is in it is read, so a folder made meanwhile is found in one of
 * the two ways, or in both, which does no harm.
 */
static bool add_appeared(struct resolver *resolver, const struct folder *parent, const char *path)
{
	struct pass *pass = resolver->now;
	size_t folders = pass->folder_count, looked = folders;
	int r;

	/* A second look finds what was made between the first one and the watches. */
	do {
		looked = pass->folder_count;
		r = resolve_appeared(pass, &resolver->state, parent, path);
		for (size_t i = looked; i < pass->folder_count; i++)
			set_watch(resolver, &resolver->by_watch, pass->folder_list[i]);
	} while (r >= 0 && pass->folder_count > looked);
	resolver->state.folders = resolver->by_watch.used;
	return r >= 0;
}

/* What is watched has another meaning (`changed`), a name (`renamed`), or more below it (`added`).
 */
struct news {
	bool changed, renamed, added;
	bool links; /* a condition's link may lead elsewhere */
};

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static void judge_name(const struct pass *pass, const struct folder *folder, const char *path,
		       size_t length, struct news *news)
{
	uintptr_t meaning = (uintptr_t)hash_get(&pass->names, path, length);

	news->changed |= (meaning & NAME_OF_PATH) != 0;
	news->links |= (meaning & NAME_OF_LINK) != 0;
	if (!news->links && folder->links && is_link(path))
		news->links = resolve_is_named(pass->policy, path);
}

static void judge(struct resolver *resolver, const struct inotify_event *event, struct news *news)
{
	const struct folder *folder;
	char path[PATH_MAX];
	int n;

	if (event->mask & IN_Q_OVERFLOW) {
		resolver->state.overflows++;
		news->changed = news->links = true;
		return;
	}
	folder = hash_get(&resolver->by_watch, &event->wd, sizeof(event->wd));
	if (!folder || event->len == 0)
		return;
	n = snprintf(path, sizeof(path), "%s/%s", streq(folder->path, "/") ? "" : folder->path,
		     event->name);
	if (n < (int)sizeof(path))
		judge_name(resolver->now, folder, path, (size_t)n, news);
	if (!folder->any || n >= (int)sizeof(path))
		return;
	if (event->mask & IN_ISDIR) {
		if (event->mask & (IN_CREATE | IN_MOVED_TO)) {
			news->added = true;
			news->changed |= !add_appeared(resolver, folder, path);
		} else {
			news->changed |= ++resolver->gone > GONE_MAX;
		}
		/* The files of one that was moved here have names that rules may know. */
		news->renamed |= (event->mask & IN_MOVED_TO) != 0;
	} else if (event->mask & IN_MOVED_TO) {
		news->renamed = true;
	} else if ((event->mask & IN_CREATE) && is_known_file(folder, event->name)) {
		news->renamed = true;
	}
}

static int on_inotify(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct resolver *resolver = userdata;
	struct news news = { 0 };
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer; at < buffer + n;) {
			const struct inotify_event *event = (const void *)at;

			judge(resolver, event, &news);
			at += sizeof(*event) + event->len;
		}
	}
	if (news.changed)
		resolver->changed(NAMES_CHANGED, resolver->userdata);
	else if (news.added)
		resolver->changed(NAMES_ADDED, resolver->userdata);
	if (news.renamed && !news.changed)
		resolver->changed(NAMES_RENAMED, resolver->userdata);
	if (news.links)
		resolver->changed(NAMES_LED, resolver->userdata);
	return 0;
}

/* ---- the whole ---- */

int resolver_resolve(struct resolver *resolver, const struct policy *policy,
		     struct targets *ret_targets)
{
	_cleanup_(pass_freep) struct pass *pass = calloc(1, sizeof(*pass));
	int r;

	if (!pass)
		return -ENOMEM;
	resolver->state.truncated = false;
	r = resolve_rules(pass, &resolver->state, policy);
	if (r < 0)
		return r;
	*ret_targets = pass->targets;
	pass->targets = (struct targets){ 0 };
	if (resolver->inotify_fd >= 0)
		set_watches(resolver, pass);
	/* Only names, folders and watches are needed from now on. */
	hash_done(&pass->places);
	pass->watches_taken = pass->watch_count;
	resolver->gone = 0;
	pass_free(resolver->now);
	resolver->now = TAKE_PTR(pass);
	return 0;
}

const struct gate_watch *resolver_watches(const struct resolver *resolver, size_t *ret_count)
{
	*ret_count = resolver->now ? resolver->now->watch_count : 0;
	return resolver->now ? resolver->now->watches : NULL;
}

const struct gate_watch *resolver_take_added(struct resolver *resolver, size_t *ret_count)
{
	struct pass *pass = resolver->now;
	size_t taken = pass->watches_taken;

	pass->watches_taken = pass->watch_count;
	*ret_count = pass->watch_count - taken;
	return pass->watches ? pass->watches + taken : NULL;
}

const struct resolver_state *resolver_state(const struct resolver *resolver)
{
	return &resolver->state;
}

int resolver_new(sd_event *event, names_changed_fn changed, void *userdata,
		 struct resolver **ret_resolver, struct error *err)
{
	_cleanup_(resolver_freep) struct resolver *resolver = calloc(1, sizeof(*resolver));
	int r;

	if (!resolver)
		return error_oom(err);
	resolver->inotify_fd = -1;
	resolver->changed = changed;
	resolver->userdata = userdata;
	hash_init(&resolver->by_watch);
	if (event) {
		resolver->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (resolver->inotify_fd < 0)
			return error_set_errno(err, -errno, "cannot watch names (inotify)");
		r = sd_event_add_io(event, &resolver->source, resolver->inotify_fd, EPOLLIN,
				    on_inotify, resolver);
		if (r < 0)
			return error_set_errno(err, r, "cannot watch names");
	}
	*ret_resolver = TAKE_PTR(resolver);
	return 0;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	sd_event_source_disable_unref(resolver->source);
	if (resolver->inotify_fd >= 0)
		close(resolver->inotify_fd);
	hash_done(&resolver->by_watch);
	pass_free(resolver->now);
	free(resolver);
}
