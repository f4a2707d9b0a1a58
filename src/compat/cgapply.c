// SPDX-License-Identifier: MIT
/*
 * Every change is noted with what takes it back: a mount, directories, the old text of a value.
 * libcgroup removed all groups of the file when one of them failed, those too that had been there,
 * with processes in them.
 *
 * Values of the other cgroup version are converted where the kernel has no such file. Files that
 * can only be read are passed over (snapshots by libcgroup are full of them), and so are values
 * that the kernel does not support on this host.
 */
#include "compat/cgapply.h"

#include "cgroup/raw-convert.h"
#include "compat/cgmount.h"

struct cgstep {
	enum { STEP_MOUNT, STEP_GROUP, STEP_VALUE } kind;
	char *path; /* the mount point, or the group */
	char *controller;
	int made;	   /* STEP_GROUP: directories */
	char *file, *text; /* STEP_VALUE: what was in it */
};

char *cgapply_path(const struct cgtool *tool, const struct cgconfig *config, const char *controller,
		   const struct cgconfig_group *group)
{
	bool below = tool->prefix && group->name[0] != '/' && *group->path;
	const char *above = "";
	char *whole, *clean;
	int r;

	for (size_t i = 0; i < config->namespaces.count; i++)
		if (streq(config->namespaces.items[i].name, controller))
			above = config->namespaces.items[i].value;
	if (asprintf(&whole, "%s/%s/%s", below ? tool->prefix : "", above, group->path) < 0)
		return NULL;
	r = raw_path(whole, &clean);
	free(whole);
	return r < 0 ? NULL : clean;
}

/* ---- taking back ---- */

static struct cgstep *add_step(struct cgapply *apply)
{
	struct cgstep *larger = reallocarray(apply->steps, apply->count + 1, sizeof(*apply->steps));

	if (!larger)
		return NULL;
	apply->steps = larger;
	larger[apply->count] = (struct cgstep){ 0 };
	return &larger[apply->count++];
}

/* What is empty may be no value that can be written: io.max is lines of disks, or nothing. */
static bool is_empty(const struct raw_hierarchy *h, const char *path, const char *file)
{
	_cleanup_(freep) char *text = NULL;

	return raw_read(h, path, file, &text) >= 0 && text[strspn(text, "\n")] == '\0';
}

/* What cannot be taken back is told: it is what an administrator has to look at. */
static void undo_step(struct cgapply *apply, const struct cgstep *step)
{
	const struct raw *raw = apply->tool->raw;
	const struct raw_hierarchy *h = step->controller ? raw_find(raw, step->controller) : NULL;
	int r = 0;

	if (step->kind == STEP_MOUNT) {
		/* It would be held open by us. Mounts are what was done first. */
		raw_free(TAKE_PTR(apply->tool->raw));
		r = cgmount_undo(step->path, step->made > 0);
	}
	if (step->kind == STEP_GROUP && h && step->made > 0) {
		raw_unmake(raw, h, step->path, step->made);
		r = raw_exists(h, step->path) ? -EBUSY : 0;
	}
	if (step->kind == STEP_VALUE && h &&
	    !(*step->text == '\n' && is_empty(h, step->path, step->file)))
		r = raw_write(raw, h, step->path, step->file, step->text);
	if (r < 0)
		fprintf(stderr, "%s: %s%s%s could not be put back as it was: %s\n",
			apply->tool->name, step->path, step->file ? ": " : "",
			step->file ? step->file : "", strerror(-r));
}

static bool is_whole(const struct cgstep *step)
{
	return step->path && (step->kind == STEP_MOUNT || step->controller) &&
	       (step->kind != STEP_VALUE || (step->file && step->text));
}

static void free_steps(struct cgapply *apply, bool undo)
{
	while (apply->count > 0) {
		struct cgstep *step = &apply->steps[--apply->count];

		if (undo && is_whole(step))
			undo_step(apply, step);
		free(step->path);
		free(step->controller);
		free(step->file);
		free(step->text);
	}
	free(apply->steps);
	apply->steps = NULL;
}

/* ---- mounts ---- */

static int mount_all(struct cgapply *apply, struct error *err)
{
	const struct cgconfig_settings *mounts = &apply->config->mounts;
	struct raw *raw;
	bool mounted = false;

	for (size_t i = 0; i < mounts->count; i++) {
		struct cgstep *step;
		bool made = false;
		int r = cgmount(apply->tool->raw, mounts, i, &made, err);

		if (r < 0)
			return CG_MOUNT;
		if (r == 0)
			continue;
		step = add_step(apply);
		if (!step || !(step->path = strdup(mounts->items[i].value))) {
			(void)cgmount_undo(mounts->items[i].value, made);
			error_oom(err);
			return CG_ERRNO;
		}
		step->kind = STEP_MOUNT;
		step->made = made;
		mounted = true;
	}
	if (!mounted)
		return 0;
	/* What is new is seen by a new look. */
	if (raw_open(apply->tool->host, NULL, &raw, err) < 0)
		return CG_ERRNO;
	raw_free(apply->tool->raw);
	apply->tool->raw = raw;
	return 0;
}

/* ---- owners ---- */

static void take_owner(const struct cgconfig_owner *owner, uid_t *uid, gid_t *gid, uint32_t *fperm)
{
	if (!owner->given)
		return;
	if (owner->uid != (uid_t)-1)
		*uid = owner->uid;
	if (owner->gid != (gid_t)-1)
		*gid = owner->gid;
	if (owner->fperm != CGCONFIG_MODE_UNSET)
		*fperm = owner->fperm;
}

/* What the group says, else the file's "default", else the command line. */
static struct cgperm perm_of(const struct cgapply *apply, const struct cgconfig_group *group)
{
	const struct cgconfig_perm *const perms[] = { &apply->config->defaults, &group->perm };
	struct cgperm perm = *apply->defaults;

	for (size_t i = 0; i < ARRAY_SIZE(perms); i++) {
		if (!perms[i]->given)
			continue;
		take_owner(&perms[i]->admin, &perm.uid, &perm.gid, &perm.file);
		take_owner(&perms[i]->task, &perm.task_uid, &perm.task_gid, &perm.task);
		if (perms[i]->admin.given && perms[i]->admin.dperm != CGCONFIG_MODE_UNSET)
			perm.directory = perms[i]->admin.dperm;
	}
	return perm;
}

/* ---- values ---- */

/* A group of one hierarchy that is being set up. */
struct place {
	struct cgapply *apply;
	const struct raw_hierarchy *h;
	const char *controller, *path;
};

static int place_read(void *context, const char *file, char **ret_text)
{
	const struct place *place = context;

	return raw_read(place->h, place->path, file, ret_text);
}

/* Keeps the text of a file; what cannot be read, or has lines, cannot be put back. */
static int note_value(const struct place *place, const char *file)
{
	_cleanup_(freep) char *text = NULL;
	struct cgstep *step;
	size_t length;

	if (raw_read(place->h, place->path, file, &text) < 0)
		return 0;
	length = strlen(text);
	if (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	if (strchr(text, '\n'))
		return 0;
	step = add_step(place->apply);
	if (!step)
		return -ENOMEM;
	step->kind = STEP_VALUE;
	step->controller = strdup(place->controller);
	step->path = strdup(place->path);
	step->file = strdup(file);
	step->text = strdup(length ? text : "\n");
	return step->controller && step->path && step->file && step->text ? 0 : -ENOMEM;
}

static bool is_read_only(const struct raw_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (streq(files->items[i].name, name))
			return !(files->items[i].mode & 0200);
	return false;
}

/* A value of several lines is as many writes. */
static int write_lines(const struct place *place, const char *file, const char *value)
{
	_cleanup_(freep) char *copy = strdup(value);
	char *line, *rest = copy ? cgtool_value(file, copy) : NULL;
	int r;

	if (*value == '\0' && is_empty(place->h, place->path, file))
		return 0;
	r = copy ? note_value(place, file) : -ENOMEM;
	while (r >= 0 && (line = strsep(&rest, "\n")))
		if (*line || !rest)
			r = raw_write(place->apply->tool->raw, place->h, place->path, file,
				      *line ? line : "\n");
	return r == -EOPNOTSUPP ? 0 : r;
}

static int write_converted(struct place *place, const struct cgconfig_setting *setting)
{
	struct raw_settings settings = { 0 };
	int r = raw_convert_set(setting->name, setting->value, place->h->tree.v2, place_read, place,
				&settings);

	if (r == -EOPNOTSUPP)
		r = -ENOENT;
	for (size_t i = 0; i < settings.count && r >= 0; i++)
		r = write_lines(place, settings.items[i].name, settings.items[i].value);
	raw_settings_done(&settings);
	return r;
}

static int set_values(struct place *place, const struct cgconfig_controller *controller, int *ret_r,
		      struct error *err)
{
	_cleanup_(raw_files_done) struct raw_files files = { 0 };
	int r = raw_files(place->h, place->path, place->controller, &files);

	for (size_t i = 0; i < controller->settings.count && r >= 0; i++) {
		const struct cgconfig_setting *setting = &controller->settings.items[i];

		if (is_read_only(&files, setting->name))
			continue;
		r = write_lines(place, setting->name, setting->value);
		if (r == -ENOENT)
			r = write_converted(place, setting);
		if (r >= 0)
			continue;
		*ret_r = error_set(err, r, "%s:%u:%u: %s = \"%s\" of %s/%s",
				   place->apply->config->files[setting->at.file], setting->at.line,
				   setting->at.column, setting->name, setting->value,
				   place->h->tree.mount_point, place->path);
		return r == -ENOENT ? CG_NO_VALUE : CG_ERRNO;
	}
	if (r < 0) {
		*ret_r = error_set(err, r, "%s/%s", place->h->tree.mount_point, place->path);
		return CG_ERRNO;
	}
	return 0;
}

/* ---- groups ---- */

static int make_group(const struct place *place, const struct cgperm *perm, int *ret_r,
		      struct error *err)
{
	const struct raw *raw = place->apply->tool->raw;
	int made = raw_make(raw, place->h, place->path), r = made;
	struct cgstep *step;

	if (made < 0) {
		*ret_r = error_set(err, made, "%s/%s cannot be made", place->h->tree.mount_point,
				   place->path);
		return made == -EPERM || made == -EACCES ? CG_NOT_OWNER : CG_ERRNO;
	}
	step = add_step(place->apply);
	if (step) {
		step->kind = STEP_GROUP;
		step->made = made;
		step->path = strdup(place->path);
		step->controller = strdup(place->controller);
	}
	if (!step || !step->path || !step->controller) {
		raw_unmake(raw, place->h, place->path, made);
		*ret_r = error_oom(err);
		return CG_ERRNO;
	}
	r = raw_enable(raw, place->h, place->path, place->controller, err);
	if (r >= 0)
		r = cgperm_apply(place->h, place->path, perm, err);
	*ret_r = r;
	return r < 0 ? CG_ERRNO : 0;
}

static int apply_controller(struct cgapply *apply, const struct cgconfig_group *group,
			    const struct cgconfig_controller *controller, const char *path,
			    int *ret_r, struct error *err)
{
	const struct cgperm perm = perm_of(apply, group);
	struct place place = { apply, NULL, controller->name, path };
	int code;

	place.h = raw_find(apply->tool->raw, controller->name);
	if (!place.h && raw_convert_controller(controller->name)) {
		place.controller = raw_convert_controller(controller->name);
		place.h = raw_find(apply->tool->raw, place.controller);
	}
	if (!place.h) {
		error_set(err, -ENODEV, "%s:%u:%u: no mounted hierarchy has \"%s\": see lssubsys",
			  apply->config->files[controller->at.file], controller->at.line,
			  controller->at.column, controller->name);
		return CG_NO_CONTROLLER;
	}
	code = make_group(&place, &perm, ret_r, err);
	return code ? code : set_values(&place, controller, ret_r, err);
}

static int apply_group(struct cgapply *apply, const struct cgconfig_group *group, int *ret_r,
		       struct error *err)
{
	int code = 0;

	for (size_t i = 0; i < group->controller_count && !code; i++) {
		const struct cgconfig_controller *controller = &group->controllers[i];
		_cleanup_(freep) char *path =
			cgapply_path(apply->tool, apply->config, controller->name, group);

		if (!path) {
			*ret_r = error_oom(err);
			return CG_ERRNO;
		}
		code = apply_controller(apply, group, controller, path, ret_r, err);
	}
	return code;
}

int cgapply_one(struct cgtool *tool, const struct cgconfig *config,
		const struct cgconfig_group *group, const struct cgconfig_controller *controller,
		const char *path, int *ret_r, struct error *err)
{
	struct cgapply apply = { .tool = tool, .config = config, .defaults = &cgperm_none };
	int code = apply_controller(&apply, group, controller, path, ret_r, err);

	free_steps(&apply, code != 0);
	return code;
}

int cgapply(struct cgtool *tool, const struct cgconfig *config, const struct cgperm *defaults,
	    int *ret_r, struct error *err)
{
	struct cgapply apply = { .tool = tool, .config = config, .defaults = defaults };
	int code;

	if (!tool->raw && raw_open(tool->host, NULL, &tool->raw, err) < 0)
		return CG_ERRNO;
	code = mount_all(&apply, err);

	for (size_t i = 0; i < config->groups.count && !code; i++)
		code = apply_group(&apply, &config->groups.items[i], ret_r, err);
	free_steps(&apply, code != 0);
	return code;
}
