// SPDX-License-Identifier: MIT
/*
 * A path is walked from the left. Each folder on the way is resolved once and remembered, so that
 * 100,000 rules in one folder cost one stat each. Texts are borrowed from the policy wherever the
 * resolved path is the written one, which is nearly always.
 *
 * Two sets are kept for inotify (resolve-watch.c): the names (whole paths) whose change matters,
 * and the folders that are watched. A folder that belongs to a rule on a folder or a glob is
 * watched for every name, with all folders below it up to FOLDERS_MAX.
 */
#include "core/resolve-internal.h"

#include "rules/glob.h"
#include "util/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum {
	LINKS_MAX = 40, /* as the kernel's MAXSYMLINKS */
	/* Watched below rules on folders and globs, all together: for executions, of which only
	 * renames are missed without it, and for opens, which are not asked about without it. */
	FOLDERS_MAX = 8192,
	OPEN_FOLDERS_MAX = 65536,
	DEPTH_MAX = 64,
	WALK_MAX = 4096, /* parts under way at once: links of a user's own could nest for ever */
};

/* ---- small lists ---- */

/* Appends to an array that grows by doubling; `count` is before the append. */
static bool append(void *array_pointer, size_t *count, void *item)
{
	void **array = *(void ***)array_pointer;

	if ((*count & (*count - 1)) == 0) {
		size_t room = *count ? *count * 2 : 1;
		void **larger = reallocarray(array, room, sizeof(*larger));

		if (!larger)
			return false;
		array = larger;
		*(void ***)array_pointer = array;
	}
	array[(*count)++] = item;
	return true;
}

static char *keep(struct pass *pass, char *string)
{
	if (string && !append(&pass->strings, &pass->string_count, string)) {
		free(string);
		return NULL;
	}
	return string;
}

/* Targets own their texts: a snapshot may outlive the next resolution. */
static char *keep_target(struct pass *pass, char *string)
{
	if (string && !append(&pass->targets.strings, &pass->targets.string_count, string)) {
		free(string);
		return NULL;
	}
	return string;
}

void pass_free(struct pass *pass)
{
	if (!pass)
		return;
	for (size_t i = 0; i < pass->folder_count; i++) {
		free(pass->folder_list[i]->path);
		free(pass->folder_list[i]);
	}
	for (size_t i = 0; i < pass->place_count; i++)
		free(pass->place_list[i]);
	for (size_t i = 0; i < pass->string_count; i++)
		free(pass->strings[i]);
	free(pass->strings);
	free(pass->watches);
	hash_done(&pass->watch_index);
	free(pass->folder_list);
	free(pass->place_list);
	hash_done(&pass->places);
	hash_done(&pass->names);
	hash_done(&pass->folders);
	targets_done(&pass->targets);
	free(pass);
}
/* ---- what to watch ---- */

static struct folder *watch_folder(struct pass *pass, const char *path, size_t length, bool any)
{
	struct folder *folder = hash_get(&pass->folders, path, length);

	if (!folder) {
		folder = calloc(1, sizeof(*folder));
		if (!folder)
			return NULL;
		folder->path = strndup(path, length);
		folder->watch = -1;
		if (!folder->path || !append(&pass->folder_list, &pass->folder_count, folder)) {
			free(folder->path);
			free(folder);
			return NULL;
		}
		if (hash_put(&pass->folders, folder->path, length, folder, NULL) < 0)
			return NULL;
	}
	folder->any |= any;
	return folder;
}

/* A change of `name` (a whole path, kept by the caller) in its folder matters. */
static int watch_name(struct pass *pass, const struct place *parent, const char *name,
		      size_t length)
{
	uintptr_t meaning = (uintptr_t)hash_get(&pass->names, name, length) | pass->meaning;

	if (!watch_folder(pass, parent->text, parent->length, false))
		return -ENOMEM;
	return hash_put(&pass->names, name, length, (void *)meaning, NULL) < 0 ? -ENOMEM : 0;
}

/* ---- walking a path ---- */

static int walk(struct pass *pass, const char *path, size_t length, unsigned links,
		struct place *ret_place);

static int walk_link(struct pass *pass, const struct place *parent, const char *link_path,
		     unsigned links, struct place *ret_place)
{
	char target[PATH_MAX];
	ssize_t n = readlink(link_path, target, sizeof(target) - 1);
	char *text;

	if (n < 0 || links >= LINKS_MAX)
		return 0; /* *ret_place says: not there */
	target[n] = '\0';
	if (target[0] == '/')
		text = strdup(target);
	else if (asprintf(&text, "%.*s/%s", parent->length == 1 ? 0 : (int)parent->length,
			  parent->text, target) < 0)
		text = NULL;
	text = keep(pass, text);
	return text ? walk(pass, text, strlen(text), links + 1, ret_place) : -ENOMEM;
}

/* The folder part of a path, resolved once for all paths that have it. */
static int walk_parent(struct pass *pass, const char *path, size_t length, unsigned links,
		       struct place *ret_place)
{
	struct place *known = hash_get(&pass->places, path, length);
	int r;

	if (known) {
		*ret_place = *known;
		return 0;
	}
	r = walk(pass, path, length, links, ret_place);
	if (r < 0)
		return r;
	known = malloc(sizeof(*known));
	if (!known || !append(&pass->place_list, &pass->place_count, known)) {
		free(known);
		return -ENOMEM;
	}
	*known = *ret_place;
	return hash_put(&pass->places, path, length, known, NULL) < 0 ? -ENOMEM : 0;
}

static void go_up(struct place *place)
{
	while (place->length > 1 && place->text[place->length - 1] != '/')
		place->length--;
	if (place->length > 1)
		place->length--;
}

/* The resolved path of `name` in `parent`: the walked text itself where that is the same. */
static int join(struct pass *pass, const struct place *parent, const char *path,
		size_t parent_length, size_t length, const char **ret_text, size_t *ret_length)
{
	const char *name = path + parent_length + (parent_length > 1);
	char *text;

	if (parent->length == parent_length && memcmp(parent->text, path, parent_length) == 0) {
		*ret_text = path;
		*ret_length = length;
		return 0;
	}
	if (asprintf(&text, "%.*s/%.*s", parent->length == 1 ? 0 : (int)parent->length,
		     parent->text, (int)(length - (size_t)(name - path)), name) < 0)
		text = NULL;
	text = keep(pass, text);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	*ret_length = strlen(text);
	return 0;
}

static int look(struct pass *pass, const struct place *parent, unsigned links, struct place *place)
{
	char buffer[PATH_MAX];
	struct stat st;
	int r;

	if (place->length >= sizeof(buffer))
		return 0;
	memcpy(buffer, place->text, place->length);
	buffer[place->length] = '\0';
	r = watch_name(pass, parent, place->text, place->length);
	if (r < 0)
		return r;
	if (fstatat(AT_FDCWD, buffer, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return 0;
	if (S_ISLNK(st.st_mode))
		return walk_link(pass, parent, buffer, links, place);
	place->exists = true;
	place->folder = S_ISDIR(st.st_mode);
	place->dev = st.st_dev;
	place->ino = st.st_ino;
	return 0;
}

static int walk_parts(struct pass *pass, const char *path, size_t length, unsigned links,
		      struct place *ret_place)
{
	struct place parent, place = { 0 };
	size_t slash = length, parent_length;
	const char *name;
	int r;

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length <= 1) {
		*ret_place =
			(struct place){ .text = "/", .length = 1, .exists = true, .folder = true };
		return 0;
	}
	for (slash = length - 1; path[slash] != '/'; slash--)
		;
	parent_length = slash ? slash : 1;
	name = path + slash + 1;
	r = walk_parent(pass, path, parent_length, links, &parent);
	if (r < 0)
		return r;
	if (length - slash == 2 && name[0] == '.') {
		*ret_place = parent;
		return 0;
	}
	if (length - slash == 3 && name[0] == '.' && name[1] == '.') {
		go_up(&parent);
		*ret_place = parent;
		return 0;
	}
	r = join(pass, &parent, path, parent_length, length, &place.text, &place.length);
	if (r >= 0 && parent.exists)
		r = look(pass, &parent, links, &place);
	if (r >= 0)
		*ret_place = place;
	return r;
}

static int walk(struct pass *pass, const char *path, size_t length, unsigned links,
		struct place *ret_place)
{
	int r;

	if (pass->depth == WALK_MAX) {
		*ret_place = (struct place){ .text = path, .length = length };
		return 0;
	}
	pass->depth++;
	r = walk_parts(pass, path, length, links, ret_place);
	pass->depth--;
	return r;
}

/* ---- folders below a rule ---- */

struct tree {
	struct pass *pass;
	struct resolver_state *state;
	unsigned watching; /* enum gate_watching; 0: a rule on executions, the gate sees all */
	unsigned depth_max;
	bool appeared; /* while it was not watched: what is in it was not asked about */
};

/* Does the rule stop anybody? Then a descriptor that is open already must not get past it. */
static bool is_refusing(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->effect_count; i++)
		switch (rule->effects[i].kind) {
		case EFFECT_DENY:
		case EFFECT_KILL:
		case EFFECT_SIGNAL:
		case EFFECT_FREEZE:
			return true;
		default:
			break;
		}
	return false;
}

/* What the gate has to watch for a rule; `folder`: for all that is in it. */
static unsigned watching_for(const struct policy_rule *rule, bool folder)
{
	const uint32_t writes = OCCASION_BIT(ON_WRITE), reads = OCCASION_BIT(ON_READ);
	uint32_t on = rule->on;
	unsigned what = GATE_WATCH_OPENS;

	if (!(on & OCCASIONS_OF_FILES))
		return 0;
	if (on & reads && is_refusing(rule))
		what |= GATE_WATCH_READS;
	if (on & writes)
		what |= GATE_WATCH_CONTENT | (folder ? GATE_WATCH_NAMES : 0);
	return what;
}

/* Once a path: what several rules want of it is joined. */
static int add_watch(struct pass *pass, const char *path, size_t length, unsigned what)
{
	uintptr_t known = (uintptr_t)hash_get(&pass->watch_index, path, length);
	struct gate_watch *larger;
	char *copy;

	if (known) {
		pass->watches[known - 1].what |= what;
		return 0;
	}
	if (pass->watch_count == pass->watch_room) {
		size_t room = pass->watch_room ? pass->watch_room * 2 : 16;

		larger = reallocarray(pass->watches, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		pass->watches = larger;
		pass->watch_room = room;
	}
	copy = keep(pass, strndup(path, length));
	if (!copy)
		return -ENOMEM;
	pass->watches[pass->watch_count++] = (struct gate_watch){ copy, what };
	known = pass->watch_count;
	return hash_put(&pass->watch_index, copy, length, (void *)known, NULL) < 0 ? -ENOMEM : 0;
}

static int watch_tree(struct tree *tree, int dirfd, const char *name, const char *path,
		      unsigned depth);

static int watch_entry(struct tree *tree, int fd, const struct dirent *entry, const char *path,
		       unsigned depth, bool fresh)
{
	_cleanup_(freep) char *below = NULL;

	if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
		return 0;
	if (entry->d_type != DT_DIR) {
		tree->state->unasked += fresh && tree->watching && entry->d_type == DT_REG;
		return 0;
	}
	if (depth >= tree->depth_max)
		return 0;
	if (asprintf(&below, "%s/%s", streq(path, "/") ? "" : path, entry->d_name) < 0) {
		below = NULL;
		return -ENOMEM;
	}
	return watch_tree(tree, fd, entry->d_name, below, depth + 1);
}

static bool has_room(struct tree *tree, bool fresh)
{
	size_t *count = tree->watching ? &tree->pass->open_folders : &tree->pass->tree_folders;

	*count += fresh || !tree->appeared;
	return *count <= (tree->watching ? OPEN_FOLDERS_MAX : FOLDERS_MAX);
}

static int watch_tree(struct tree *tree, int dirfd, const char *name, const char *path,
		      unsigned depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct folder *folder;
	struct dirent *entry;
	bool fresh;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return 0;
	/* One that has just appeared may be looked into twice. */
	fresh = tree->appeared && !hash_get_string(&tree->pass->folders, path);
	if (!has_room(tree, fresh) || depth >= DEPTH_MAX) {
		tree->state->truncated = true;
		close(fd);
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	folder = watch_folder(tree->pass, path, strlen(path), true);
	if (!folder) {
		r = -ENOMEM;
	} else {
		folder->depth_left = MAX(folder->depth_left, tree->depth_max - depth);
		folder->watching |= tree->watching;
	}
	if (r >= 0 && tree->watching)
		r = add_watch(tree->pass, path, strlen(path), tree->watching);
	while (r >= 0 && (entry = readdir(dir)))
		r = watch_entry(tree, fd, entry, path, depth, fresh);
	closedir(dir);
	return r;
}

int resolve_appeared(struct pass *pass, struct resolver_state *state, const struct folder *parent,
		     const char *path)
{
	struct tree tree = {
		.pass = pass,
		.state = state,
		.watching = parent->watching,
		.depth_max = parent->depth_left - 1,
		.appeared = true,
	};

	return parent->depth_left == 0 ? 0 : watch_tree(&tree, AT_FDCWD, path, path, 0);
}

static int watch_below(struct pass *pass, struct resolver_state *state, const struct place *base,
		       const struct policy_rule *rule, unsigned depth_max)
{
	struct tree tree = {
		.pass = pass,
		.state = state,
		.watching = watching_for(rule, true),
		.depth_max = depth_max,
	};
	char path[PATH_MAX];

	if (!base->exists || !base->folder || base->length >= sizeof(path))
		return 0;
	memcpy(path, base->text, base->length);
	path[base->length] = '\0';
	return watch_tree(&tree, AT_FDCWD, path, path, 0);
}

/* ---- one path of one rule ---- */

static int add_target(struct pass *pass, const struct rule_target *target)
{
	if (pass->targets.count == pass->target_room) {
		size_t room = pass->target_room ? pass->target_room * 2 : 16;
		struct rule_target *larger =
			reallocarray(pass->targets.items, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		pass->targets.items = larger;
		pass->target_room = room;
	}
	pass->targets.items[pass->targets.count++] = *target;
	return 0;
}

/* The resolved base and the rest of the pattern; what means something in the base is escaped. */
static char *glob_text(const struct place *base, const char *rest)
{
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < base->length && base->length > 1; i++) {
		if (strchr("*?[\\", base->text[i]))
			text_add(&text, "\\");
		text_add_bytes(&text, &base->text[i], 1);
	}
	text_add(&text, rest);
	return text_take(&text);
}

static int resolve_glob(struct pass *pass, struct resolver_state *state,
			const struct policy_rule *rule, uint32_t number, const char *pattern)
{
	size_t base_length = glob_literal_prefix(pattern);
	unsigned depth = 0;
	struct place base;
	char *text;
	int r;

	while (base_length > 1 && pattern[base_length - 1] != '/')
		base_length--;
	r = walk(pass, pattern, base_length, 0, &base);
	if (r < 0)
		return r;
	for (const char *p = pattern + base_length; *p; p++)
		depth += *p == '/';
	if (strstr(pattern, "**"))
		depth = DEPTH_MAX;
	text = keep_target(pass, glob_text(&base, pattern + base_length - 1));
	if (!text)
		return -ENOMEM;
	r = watch_below(pass, state, &base, rule, depth);
	if (r < 0)
		return r;
	return add_target(pass, &(struct rule_target){
					.rule = number, .kind = TARGET_GLOB, .text = text });
}

/* The folder of a file is watched too: another file may come to the name. */
static int watch_file(struct pass *pass, const struct policy_rule *rule, const struct place *place)
{
	unsigned what = watching_for(rule, false);
	struct place parent = *place;
	int r;

	if (!what)
		return 0;
	go_up(&parent);
	r = add_watch(pass, place->text, place->length, what);
	if (r < 0)
		return r;
	return add_watch(pass, parent.text, parent.length,
			 GATE_WATCH_OPENS | (what & GATE_WATCH_CONTENT ? GATE_WATCH_NAMES : 0));
}

static int resolve_exact(struct pass *pass, struct resolver_state *state,
			 const struct policy_rule *rule, uint32_t number,
			 const struct policy_path *path)
{
	struct rule_target target = { .rule = number, .kind = TARGET_FILE };
	struct place place;
	int r = walk(pass, path->text, strlen(path->text), 0, &place);

	if (r < 0)
		return r;
	if (path->folder || (place.exists && place.folder)) {
		target.kind = TARGET_FOLDER;
		r = watch_below(pass, state, &place, rule, DEPTH_MAX);
	} else {
		target.has_identity = place.exists;
		target.dev = place.dev;
		target.ino = place.ino;
		r = watch_file(pass, rule, &place);
	}
	if (r < 0)
		return r;
	target.text = place.text;
	if (place.text != path->text || place.text[place.length] != '\0')
		target.text = keep_target(pass, strndup(place.text, place.length));
	return target.text ? add_target(pass, &target) : -ENOMEM;
}

int resolve_way(struct pass *pass, const char *path)
{
	struct place place;

	pass->meaning = NAME_OF_LINK;
	return walk(pass, path, strlen(path), 0, &place);
}

int resolve_folder_of(struct pass *pass, const char *path)
{
	size_t length = (size_t)(path_last_part(path) - path);
	struct folder *folder = watch_folder(pass, path, length - (length > 1), false);

	if (folder)
		folder->links = true;
	return folder ? 0 : -ENOMEM;
}

int resolve_rules(struct pass *pass, struct resolver_state *state, const struct policy *policy)
{
	int r = 0;

	pass->policy = policy;
	pass->meaning = NAME_OF_PATH;

	for (size_t i = 0; i < policy->rule_count && r >= 0; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t j = 0; j < rule->path_count && r >= 0; j++) {
			const struct policy_path *path = &rule->paths[j];

			r = glob_is_pattern(path->text)
				    ? resolve_glob(pass, state, rule, (uint32_t)i, path->text)
				    : resolve_exact(pass, state, rule, (uint32_t)i, path);
		}
	}
	/* Names may mean more by now: they are walked anew. */
	hash_done(&pass->places);
	return r < 0 ? r : resolve_links(pass, policy);
}
