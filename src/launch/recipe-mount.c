// SPDX-License-Identifier: MIT
/*
 * The file system of a recipe. Mounts are in the order of their paths, whatever the order in which
 * they were given: a folder before what is in it. So "/a" never hides "/a/b", and a profile and
 * a command line together mean the same as each other's other way round.
 */
#include "launch/recipe-internal.h"

#include "util/suggest.h"

#include <linux/mount.h>

/* ---- words: "PATH:AT:OPTIONS", with "\:" for a colon in a path ---- */

/* The next part, in memory of the recipe's; *at is behind its colon, or NULL after the last. */
static char *next_part(struct recipe *recipe, const char **at)
{
	char *part = recipe_keep(recipe, *at, strlen(*at));
	const char *from = *at;
	char *to = part;

	if (!part)
		return NULL;
	for (; *from && *from != ':'; *to++ = *from++)
		if (from[0] == '\\' && (from[1] == ':' || from[1] == '\\'))
			from++;
	*to = '\0';
	*at = *from ? from + 1 : NULL;
	return part;
}

/* A mount point without doubled or final slashes, in place. */
static int clean_target(char *path, struct error *err)
{
	char *to = path;

	if (*path != '/')
		return error_set(err, -EINVAL, "\"%s\" is no absolute path", path);
	for (const char *from = path; *from; from++) {
		if (from[0] == '/' && from[1] == '.' && from[2] == '.' &&
		    (!from[3] || from[3] == '/'))
			return error_set(err, -EINVAL, "\"%s\" has \"..\" in it", path);
		if (from[0] != '/' || (from[1] != '/' && from[1]))
			*to++ = *from;
	}
	*to = '\0';
	if (!*path)
		return error_set(err, -EINVAL,
				 "the root itself is --root, --empty-root or --overlay");
	return 0;
}

static int add_mount(struct recipe *recipe, const struct launch_mount *mount, struct error *err)
{
	struct launch_file_system *system = &recipe->file_system;

	if (!recipe_grow(&recipe->mounts, system->mount_count, sizeof(*mount)))
		return error_oom(err);
	recipe->mounts[system->mount_count++] = *mount;
	recipe->has_file_system = true;
	return 0;
}

static const struct {
	const char *name;
	uint64_t attribute;
} attributes[] = {
	{ "ro", MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC },
};

static bool set_attribute(struct launch_mount *mount, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (streq(word, attributes[i].name)) {
			mount->attributes |= attributes[i].attribute;
			return true;
		}
	return false;
}

static int set_bind_option(struct launch_mount *mount, const char *word, struct error *err)
{
	static const char *const words[] = { "ro",     "nosuid",  "nodev",
					     "noexec", "shallow", "optional" };
	const char *near;

	if (streq(word, "shallow")) {
		mount->shallow = true;
	} else if (streq(word, "optional")) {
		mount->optional = true;
	} else if (!set_attribute(mount, word)) {
		near = suggest(word, words, ARRAY_SIZE(words));
		return error_set(err, -EINVAL, "a bind has no option \"%s\"%s%s%s", word,
				 near ? "; did you mean \"" : "", near ? near : "",
				 near ? "\"?" : "");
	}
	return 0;
}

static int add_bind(struct recipe *recipe, const char *value, uint64_t attribute, struct error *err)
{
	struct launch_mount mount = { .kind = LAUNCH_MOUNT_BIND, .attributes = attribute };
	const char *at = value;
	char *source = next_part(recipe, &at), *target, *rest, *word;
	int r;

	target = source && at ? next_part(recipe, &at)
		 : source     ? recipe_keep(recipe, source, strlen(source))
			      : NULL;
	rest = target && at ? recipe_keep(recipe, at, strlen(at)) : NULL;
	if (!target || (at && !rest))
		return error_oom(err);
	if (!*source)
		return error_set(err, -EINVAL, "\"%s\" names nothing to show", value);
	r = clean_target(target, err);
	while (r == 0 && (word = strsep(&rest, ",")))
		r = set_bind_option(&mount, word, err);
	mount.source = source;
	mount.target = target;
	return r < 0 ? r : add_mount(recipe, &mount, err);
}

int recipe_set_bind(struct recipe *recipe, const char *value, struct error *err)
{
	return add_bind(recipe, value, 0, err);
}

int recipe_set_ro_bind(struct recipe *recipe, const char *value, struct error *err)
{
	return add_bind(recipe, value, MOUNT_ATTR_RDONLY, err);
}

/* Words that are attributes of the mount; the rest is the file system's. */
static int split_tmpfs(struct recipe *recipe, const char *text, struct launch_mount *mount,
		       struct error *err)
{
	char *rest = recipe_keep(recipe, text, strlen(text));
	char *options = recipe_keep(recipe, text, strlen(text)), *to = options, *word;

	if (!rest || !options)
		return error_oom(err);
	while ((word = strsep(&rest, ","))) {
		if (!*word || set_attribute(mount, word))
			continue;
		if (to > options)
			*to++ = ',';
		to = stpcpy(to, word);
	}
	*to = '\0';
	mount->options = options;
	return 0;
}

int recipe_set_tmpfs(struct recipe *recipe, const char *value, struct error *err)
{
	struct launch_mount mount = { .kind = LAUNCH_MOUNT_FILESYSTEM,
				      .type = "tmpfs",
				      .source = "tmpfs",
				      .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	const char *at = value;
	char *target = next_part(recipe, &at);
	int r = target ? clean_target(target, err) : error_oom(err);

	if (r == 0 && at)
		r = split_tmpfs(recipe, at, &mount, err);
	mount.target = target;
	return r < 0 ? r : add_mount(recipe, &mount, err);
}

/* "TYPE:AT[:OPTIONS]": what the kernel makes without a device. */
int recipe_set_mount(struct recipe *recipe, const char *value, struct error *err)
{
	struct launch_mount mount = { .kind = LAUNCH_MOUNT_FILESYSTEM };
	const char *at = value;
	char *type = next_part(recipe, &at);
	char *target = type && at ? next_part(recipe, &at) : NULL;
	int r;

	if (type && (!*type || !target))
		return error_set(err, -EINVAL, "\"%s\" is not written TYPE:AT", value);
	if (!type)
		return error_oom(err);
	r = clean_target(target, err);
	if (r == 0 && at)
		r = split_tmpfs(recipe, at, &mount, err);
	mount.type = mount.source = type;
	mount.target = target;
	return r < 0 ? r : add_mount(recipe, &mount, err);
}

static int add_path(struct recipe *recipe, enum launch_mount_kind kind, const char *path,
		    const char *source, struct error *err)
{
	struct launch_mount mount = { .kind = kind, .source = source };
	char *target = recipe_keep(recipe, path, strlen(path));
	int r = target ? clean_target(target, err) : error_oom(err);

	mount.target = target;
	return r < 0 ? r : add_mount(recipe, &mount, err);
}

int recipe_set_mask(struct recipe *recipe, const char *value, struct error *err)
{
	return add_path(recipe, LAUNCH_MOUNT_MASK, value, NULL, err);
}

int recipe_set_read_only(struct recipe *recipe, const char *value, struct error *err)
{
	return add_path(recipe, LAUNCH_MOUNT_READ_ONLY, value, NULL, err);
}

int recipe_set_device(struct recipe *recipe, const char *value, struct error *err)
{
	const char *source = recipe_keep(recipe, value, strlen(value));

	return source ? add_path(recipe, LAUNCH_MOUNT_DEVICE, value, source, err) : error_oom(err);
}

int recipe_set_mkdir(struct recipe *recipe, const char *value, struct error *err)
{
	return add_path(recipe, LAUNCH_MOUNT_FOLDER, value, NULL, err);
}

int recipe_set_symlink(struct recipe *recipe, const char *value, struct error *err)
{
	const char *at = value;
	const char *source = next_part(recipe, &at);

	if (!source)
		return error_oom(err);
	if (!at || !*source)
		return error_set(err, -EINVAL, "\"%s\" is not written TARGET:AT", value);
	return add_path(recipe, LAUNCH_MOUNT_SYMLINK, at, source, err);
}

int recipe_set_make_targets(struct recipe *recipe, const char *value, struct error *err)
{
	return recipe_flag(value, &recipe->file_system.make_targets, err);
}

int recipe_set_proc(struct recipe *recipe, const char *value, struct error *err)
{
	int r = recipe_flag(value, &recipe->proc, err);

	recipe->has_file_system |= recipe->proc;
	return r;
}

int recipe_set_dev(struct recipe *recipe, const char *value, struct error *err)
{
	int r = recipe_flag(value, &recipe->dev, err);

	recipe->has_file_system |= recipe->dev;
	return r;
}

/* ---- the root ---- */

int recipe_set_root(struct recipe *recipe, const char *value, struct error *err)
{
	recipe->file_system.path = recipe_keep(recipe, value, strlen(value));
	if (!recipe->file_system.path)
		return error_oom(err);
	recipe->file_system.root = LAUNCH_ROOT_PATH;
	recipe->has_file_system = true;
	return 0;
}

int recipe_set_empty_root(struct recipe *recipe, const char *value, struct error *err)
{
	bool empty;
	int r = recipe_flag(value, &empty, err);

	if (r == 0 && empty) {
		recipe->file_system.root = LAUNCH_ROOT_EMPTY;
		recipe->has_file_system = true;
	}
	return r;
}

int recipe_set_ro_root(struct recipe *recipe, const char *value, struct error *err)
{
	int r = recipe_flag(value, &recipe->file_system.read_only, err);

	recipe->has_file_system |= recipe->file_system.read_only;
	return r;
}

int recipe_set_overlay(struct recipe *recipe, const char *value, struct error *err)
{
	struct launch_file_system *system = &recipe->file_system;

	system->changes = NULL;
	if (!streq(value, "tmp")) {
		if (*value != '/')
			return error_set(err, -EINVAL,
					 "\"%s\" is neither \"tmp\" nor an absolute path", value);
		system->changes = recipe_keep(recipe, value, strlen(value));
		if (!system->changes)
			return error_oom(err);
	}
	system->overlay = recipe->has_file_system = true;
	return 0;
}

int recipe_set_chdir(struct recipe *recipe, const char *value, struct error *err)
{
	recipe->folder = recipe_keep(recipe, value, strlen(value));
	return recipe->folder ? 0 : error_oom(err);
}

/* ---- all together ---- */

static const struct launch_mount proc_mount = {
	LAUNCH_MOUNT_FILESYSTEM,
	"/proc",
	"proc",
	"proc",
	.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
};

/* As little as most programs are content with. */
static const struct launch_mount dev_mounts[] = {
	{ LAUNCH_MOUNT_FILESYSTEM, "/dev", "tmpfs", "tmpfs", "mode=0755,size=1m",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC },
	{ LAUNCH_MOUNT_SYMLINK, "/dev/fd", "/proc/self/fd" },
	{ LAUNCH_MOUNT_DEVICE, "/dev/full", "/dev/full", .optional = true },
	{ LAUNCH_MOUNT_DEVICE, "/dev/null", "/dev/null" },
	{ LAUNCH_MOUNT_SYMLINK, "/dev/ptmx", "pts/ptmx" },
	{ LAUNCH_MOUNT_FILESYSTEM, "/dev/pts", "devpts", "devpts", "ptmxmode=0666,mode=0620",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC },
	{ LAUNCH_MOUNT_DEVICE, "/dev/random", "/dev/random", .optional = true },
	{ LAUNCH_MOUNT_FILESYSTEM, "/dev/shm", "tmpfs", "tmpfs", "mode=1777",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC },
	{ LAUNCH_MOUNT_SYMLINK, "/dev/stderr", "/proc/self/fd/2" },
	{ LAUNCH_MOUNT_SYMLINK, "/dev/stdin", "/proc/self/fd/0" },
	{ LAUNCH_MOUNT_SYMLINK, "/dev/stdout", "/proc/self/fd/1" },
	{ LAUNCH_MOUNT_DEVICE, "/dev/tty", "/dev/tty", .optional = true },
	{ LAUNCH_MOUNT_DEVICE, "/dev/urandom", "/dev/urandom", .optional = true },
	{ LAUNCH_MOUNT_DEVICE, "/dev/zero", "/dev/zero", .optional = true },
};

/*
 * '/' before all other bytes, so that what is in a folder follows it at once. What makes read-only
 * comes last: nothing could be made there any more, and what is mounted there is meant too.
 */
static int by_path(const void *a, const void *b)
{
	const struct launch_mount *mount = a, *next = b;
	const char *one = mount->target, *other = next->target;
	int last = (mount->kind == LAUNCH_MOUNT_READ_ONLY) - (next->kind == LAUNCH_MOUNT_READ_ONLY);

	if (last)
		return last;
	while (*one && *one == *other) {
		one++;
		other++;
	}
	return (*one == '/' ? 1 : (unsigned char)*one) -
	       (*other == '/' ? 1 : (unsigned char)*other);
}

int recipe_finish_mounts(struct recipe *recipe, struct error *err)
{
	struct launch_file_system *system = &recipe->file_system;
	int r = 0;

	if (recipe->proc)
		r = add_mount(recipe, &proc_mount, err);
	for (size_t i = 0; recipe->dev && r == 0 && i < ARRAY_SIZE(dev_mounts); i++)
		r = add_mount(recipe, &dev_mounts[i], err);
	recipe->proc = recipe->dev = false;
	if (r < 0)
		return r;
	if (system->overlay && system->root == LAUNCH_ROOT_EMPTY)
		return error_set(err, -EINVAL,
				 "an overlay over an empty root: what is written to that is gone "
				 "with it anyway");
	if (system->mount_count > 0)
		qsort(recipe->mounts, system->mount_count, sizeof(*recipe->mounts), by_path);
	for (size_t i = 1; i < system->mount_count; i++)
		if (streq(recipe->mounts[i].target, recipe->mounts[i - 1].target) &&
		    recipe->mounts[i].kind != LAUNCH_MOUNT_READ_ONLY)
			return error_set(err, -EINVAL, "two things are to be at \"%s\"",
					 recipe->mounts[i].target);
	system->mounts = recipe->mounts;
	return 0;
}
