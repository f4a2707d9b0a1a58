// SPDX-License-Identifier: MIT
/*
 * The folder of manifests: reading it, and changing what is in it by command. A manifest is written
 * only after what will be read has been read whole, so a bad one never replaces a good one.
 */
#include "config/service-text.h"
#include "service/internal.h"
#include "service/sandbox.h"
#include "util/fd.h"
#include "util/heap.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { MANIFEST_MAX = 1 << 20 };

/* ---- reading ---- */

/* New limits hold at once. */
static void renew_limits(struct service *service, const struct service_manifest *manifest)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct limits copy = { 0 };

	if (limits_equal(&service->manifest->group.limits, &manifest->group.limits))
		return;
	if (limits_copy(&copy, &manifest->group.limits) < 0)
		return;
	limits_done(&service->manifest->group.limits);
	service->manifest->group.limits = copy;
	if (service_make_group(service, &err) < 0)
		service_trouble(service, &err);
}

static void take(struct service *service, struct service_manifest *manifest)
{
	const struct service_manifest *now = service->manifest;

	free(service->problem);
	service->problem = NULL;
	service_manifest_free(service->next_manifest);
	service->next_manifest = manifest;
	if (now && now->digest == manifest->digest) {
		service->next_manifest = NULL;
		service_manifest_free(manifest);
	} else if (!now || !machine_is_active(&service->machine)) {
		service_take_manifest(service);
	} else {
		service->manifest->enabled = manifest->enabled;
		renew_limits(service, manifest);
	}
}

static int load_one(struct supervisor *supervisor, const char *name, const char *path)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	struct service *service = supervisor_find(supervisor, name);
	_cleanup_(service_sandbox_done) struct service_sandbox sandbox;
	struct service_manifest *manifest = NULL;
	int r;

	if (!service) {
		r = supervisor_add(supervisor, name, &service);
		if (r < 0)
			return r;
		service->fresh = true;
	}
	service->seen = true;
	service->removing = false;
	r = service_sandbox_init(&sandbox);
	if (r >= 0)
		r = service_load(path, supervisor->options.load_flags, &sandbox.schema, &manifest,
				 &diagnostics);
	if (r >= 0) {
		take(service, manifest);
		return 0;
	}
	free(service->problem);
	service->problem = diagnostics_first(&diagnostics);
	if (service->problem)
		service_tell(service, LOG_ERR, "%s%s", service->problem,
			     service->manifest ? "; the manifest of before stays" : "");
	return r == -ENOMEM ? r : 0;
}

static bool is_manifest(const char *file, char name[static SERVICE_NAME_MAX + 1])
{
	const char *dot = strrchr(file, '.');
	size_t length = dot ? (size_t)(dot - file) : 0;

	if (!dot || !streq(dot, ".yaml") || length == 0 || length > SERVICE_NAME_MAX)
		return false;
	memcpy(name, file, length);
	name[length] = '\0';
	return service_name_check(name, NULL) == 0;
}

/* Whether the other folder has one of that name. */
static bool is_over(const struct supervisor *supervisor, const char *name)
{
	char path[PATH_MAX];

	return supervisor->over &&
	       snprintf(path, sizeof(path), "%s/%s.yaml", supervisor->over, name) < PATH_MAX &&
	       access(path, F_OK) == 0;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int load_folder(struct supervisor *supervisor, const char *folder, struct error *err)
{
	_cleanup_(closedirp) DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir && errno != ENOENT && errno != ENOTDIR)
		return error_set_errno(err, -errno, "cannot read the services in %s", folder);
	while (dir && (entry = readdir(dir))) {
		char name[SERVICE_NAME_MAX + 1], path[PATH_MAX];

		if (!is_manifest(entry->d_name, name) ||
		    (folder == supervisor->manifests && is_over(supervisor, name)))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= PATH_MAX)
			continue;
		if (load_one(supervisor, name, path) < 0)
			return error_oom(err);
	}
	return 0;
}

int supervisor_load(struct supervisor *supervisor, struct error *err)
{
	int r;

	for (size_t i = 0; i < supervisor->count; i++)
		supervisor->items[i]->seen = supervisor->items[i]->fresh = false;
	r = load_folder(supervisor, supervisor->manifests, err);
	if (r >= 0 && supervisor->over)
		r = load_folder(supervisor, supervisor->over, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < supervisor->count; i++) {
		struct service *service = supervisor->items[i];

		if (service->seen || service->removing)
			continue;
		service_tell(service, LOG_NOTICE, "its manifest is gone: it is stopped");
		service->removing = true;
		machine_stop(&service->machine);
	}
	/* What reading took is some MiB, and not needed again. */
	if (supervisor->count > 0)
		heap_trim();
	supervisor_wake(supervisor);
	return 0;
}

int supervisor_reload(struct supervisor *supervisor, struct error *err)
{
	int r = supervisor_load(supervisor, err);

	if (r < 0 || !supervisor->options.event)
		return r;
	/* Another daemon may have ended meanwhile. */
	if (!supervisor->begun)
		return supervisor_begin(supervisor, err);
	if (supervisor->count > 0)
		r = supervisor_open(supervisor, err);
	if (r == -EBUSY) {
		supervisor_stand_by(supervisor, err);
		return 0;
	}
	if (r >= 0)
		supervisor_start_fresh(supervisor);
	return r;
}

/* ---- writing ---- */

static int manifest_path(const struct supervisor *supervisor, const char *name,
			 char path[static PATH_MAX], struct error *err)
{
	int r = service_name_check(name, err);

	if (r < 0)
		return r;
	if (is_over(supervisor, name))
		return error_set(err, -EPERM,
				 "service %s is the fleet's: change it there (reeve fleet push)",
				 name);
	if (snprintf(path, PATH_MAX, "%s/%s.yaml", supervisor->manifests, name) >= PATH_MAX)
		return error_set_errno(err, -ENAMETOOLONG, "%s/%s.yaml", supervisor->manifests,
				       name);
	return 0;
}

/* Whether a manifest of that text could be read, and its program be found. */
static int check_text(const char *path, const char *text, struct error *err)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(service_manifest_freep) struct service_manifest *manifest = NULL;
	_cleanup_(service_sandbox_done) struct service_sandbox sandbox;
	struct launch_plan plan = { .clone_fd = -1 };
	int r = service_sandbox_init(&sandbox);

	if (r >= 0)
		r = service_parse(path, text, strlen(text), &sandbox.schema, &manifest,
				  &diagnostics);

	if (r < 0) {
		_cleanup_(freep) char *mistake = diagnostics_first(&diagnostics);

		return error_set(err, r, "%s", mistake ? mistake : "the manifest has mistakes");
	}
	plan.argv = manifest->run;
	plan.folder = manifest->cwd ? manifest->cwd : "/";
	plan.search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	/* In a root of its own it is looked for at the start. */
	if (manifest->sandbox)
		return 0;
	r = launch_plan_check(&plan, NULL, NULL, err);
	return r < 0 && r != -ENOMEM ? error_wrap(err, "service %s", manifest->name) : r;
}

static int write_manifest(struct supervisor *supervisor, const char *path, const char *text,
			  struct error *err)
{
	int r = check_text(path, text, err);

	if (r < 0)
		return r;
	if (mkdir(supervisor->manifests, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, -errno, "cannot make the folder %s",
				       supervisor->manifests);
	if (supervisor->options.event)
		r = supervisor->begun ? supervisor_open(supervisor, err)
				      : supervisor_take_charge(supervisor, err);
	if (r < 0)
		return r;
	r = file_replace_at(AT_FDCWD, path, text, strlen(text), 0644);
	return r < 0 ? error_set_errno(err, r, "cannot write %s", path) : 0;
}

/* After a file has been written: it is read as the daemon reads it. */
static int take_up(struct supervisor *supervisor, const char *name, const char *path,
		   struct error *err)
{
	const struct service *service;
	int r = load_one(supervisor, name, path);

	if (r < 0)
		return error_oom(err);
	service = supervisor_find(supervisor, name);
	if (service->problem)
		return error_set(err, -EINVAL, "%s", service->problem);
	return 0;
}

int supervisor_install(struct supervisor *supervisor, const char *name, const json_t *manifest,
		       struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	int r = manifest_path(supervisor, name, path, err);

	if (r < 0)
		return r;
	if (access(path, F_OK) == 0 || supervisor_find(supervisor, name))
		return error_set(err, -EEXIST,
				 "there is already a service \"%s\" (to change it: reeve service "
				 "set %s KEY=VALUE)",
				 name, name);
	text = service_text_new(manifest);
	if (!text)
		return error_oom(err);
	r = write_manifest(supervisor, path, text, err);
	return r < 0 ? r : take_up(supervisor, name, path, err);
}

int supervisor_set(struct supervisor *supervisor, const char *name, const json_t *changes,
		   struct error *err)
{
	_cleanup_(freep) char *old = NULL, *text = NULL;
	struct service *service;
	char path[PATH_MAX];
	int r = supervisor_get(supervisor, name, &service, err);

	if (r >= 0)
		r = manifest_path(supervisor, name, path, err);
	if (r < 0)
		return r;
	r = file_read_at(AT_FDCWD, path, MANIFEST_MAX, &old, NULL);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s", path);
	text = service_text_set(old, changes);
	if (!text)
		return error_oom(err);
	r = write_manifest(supervisor, path, text, err);
	return r < 0 ? r : take_up(supervisor, name, path, err);
}

int supervisor_remove(struct supervisor *supervisor, const char *name, struct error *err)
{
	struct service *service;
	char path[PATH_MAX];
	int r = supervisor_get(supervisor, name, &service, err);

	if (r >= 0)
		r = manifest_path(supervisor, name, path, err);
	if (r >= 0)
		r = supervisor_take_charge(supervisor, err);
	if (r < 0)
		return r;
	if (!supervisor->options.event && service_members(service) > 0)
		return error_set(err, -EBUSY,
				 "service %s runs, and no daemon does, which could stop it (start "
				 "reeved)",
				 name);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, -errno, "cannot remove %s", path);
	service->removing = true;
	machine_stop(&service->machine);
	if (!supervisor->options.event)
		supervisor_drop(supervisor, service);
	else
		supervisor_wake(supervisor);
	return 0;
}
