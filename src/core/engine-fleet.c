// SPDX-License-Identifier: MIT
/*
 * The engine as a member of a fleet. The documents that are in force are kept here and on disk, and
 * laid over the local files whenever those are read, at the start, too: so a host has its policy
 * while etcd is away. New ones go the way of every reload, whole or not at all, and are kept only
 * when they are in force.
 */
#include "core/engine-internal.h"

#include "config/service.h"
#include "fleet/keys.h"
#include "fleet/member.h"
#include "fleet/store.h"
#include "service/sandbox.h"
#include "util/fd.h"
#include "util/json-text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define FIRST_SAVE_USEC UINT64_C(1000000)
#define MOST_SAVE_USEC	UINT64_C(60000000)

struct fleet {
	char *identity;			    /* whose documents: prefix, host, labels */
	struct fleet_documents good;	    /* in force, or left out */
	const struct fleet_documents *next; /* being applied */
	bool left_out; /* they do not go with the local files: those are in force alone */
	struct fleet_member *member;
	json_t *settings;	  /* of the member */
	struct error trouble;	  /* why there is no member */
	sd_event_source *restart; /* armed when the settings have changed */
	char *unsaved;		  /* why what is in force is not on disk; NULL: it is */
	sd_event_source *save;	  /* then: to try it again */
	unsigned saves;		  /* that failed in a row */
};

/* ---- names and places ---- */

static const char *host_of(const struct policy_fleet *fleet, struct utsname *names)
{
	if (fleet->host)
		return fleet->host;
	return uname(names) == 0 ? names->nodename : "";
}

static char *store_path(const struct engine *engine)
{
	char *path = NULL;

	if (streq(engine->runtime_dir, ENGINE_RUNTIME_DIR))
		return strdup("/var/lib/reeve/fleet/policy");
	return asprintf(&path, "%s/fleet/policy", engine->runtime_dir) < 0 ? NULL : path;
}

char *engine_fleet_services(const struct engine *engine)
{
	char *path = NULL;

	return asprintf(&path, "%s/fleet-services", engine->runtime_dir) < 0 ? NULL : path;
}

static char *identity_of(const struct policy_fleet *fleet, const char *host)
{
	struct text text;

	text_init(&text);
	text_addf(&text, "%s %s", fleet->prefix, host);
	for (size_t i = 0; fleet->labels[i]; i++)
		text_addf(&text, " %s", fleet->labels[i]);
	return text_take(&text);
}

/* ---- the documents over the files ---- */

static void fleet_free(struct fleet *fleet)
{
	fleet_member_free(fleet->member);
	sd_event_source_disable_unref(fleet->restart);
	sd_event_source_disable_unref(fleet->save);
	free(fleet->unsaved);
	fleet_documents_done(&fleet->good);
	json_decref(fleet->settings);
	error_done(&fleet->trouble);
	free(fleet->identity);
	free(fleet);
}

void engine_fleet_stop(struct engine *engine)
{
	if (engine->fleet)
		fleet_free(engine->fleet);
	engine->fleet = NULL;
}

void engine_fleet_pause(struct engine *engine)
{
	if (engine->fleet && engine->fleet->member)
		fleet_member_pause(engine->fleet->member);
}

void engine_fleet_resume(struct engine *engine)
{
	if (engine->fleet && engine->fleet->member)
		fleet_member_resume(engine->fleet->member);
}

static void warn(struct diagnostics *diagnostics, const char *message)
{
	diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, NULL, 0, 0, 0, NULL, "%s", message);
}

/* Another fleet than before, or the first: what the disk has of it. */
static int take_identity(struct engine *engine, char *identity, struct diagnostics *diagnostics)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *path = store_path(engine);
	struct fleet *fleet = engine->fleet;
	int r;

	free(fleet->identity);
	fleet->identity = identity;
	fleet_documents_done(&fleet->good);
	if (!path)
		return -ENOMEM;
	r = fleet_store_read(path, identity, &fleet->good, &err);
	if (r < 0 && r != -ENOENT)
		warn(diagnostics, error_text(&err));
	return 0;
}

static int lay_over(struct engine *engine, const struct fleet_documents *documents,
		    enum load_flags flags, struct policy **policy, struct diagnostics *diagnostics)
{
	_cleanup_(freep) struct policy_layer *layers =
		calloc(documents->count + 1, sizeof(*layers));
	struct policy *whole = NULL;
	size_t count = 0;
	int r;

	if (!layers)
		return -ENOMEM;
	for (size_t i = 0; i < documents->count; i++)
		if (!documents->items[i].service)
			layers[count++] = (struct policy_layer){
				.name = documents->items[i].name,
				.text = documents->items[i].text,
				.size = documents->items[i].size,
			};
	if (count == 0)
		return 0;
	r = policy_load_layered(engine->config_path, flags, layers, count, &whole, diagnostics);
	if (r < 0)
		return r;
	policy_free(*policy);
	*policy = whole;
	return 0;
}

/* At the start the files alone are better than nothing. */
static int lay_over_at_start(struct engine *engine, enum load_flags flags, struct policy **policy,
			     struct diagnostics *diagnostics)
{
	_cleanup_(diagnostics_done) struct diagnostics found = { 0 };
	_cleanup_(freep) char *message = NULL;
	struct fleet *fleet = engine->fleet;
	const struct diagnostic *first = NULL;
	int r = lay_over(engine, &fleet->good, flags, policy, &found);

	fleet->left_out = r < 0;
	if (r >= 0 || r == -ENOMEM)
		return r;
	for (size_t i = 0; i < found.count && !first; i++)
		if (found.items[i].severity == SEVERITY_ERROR)
			first = &found.items[i];
	if (asprintf(&message,
		     "the fleet's last policy does not go with these files, and is left out: "
		     "%s:%u:%u: %s",
		     first && first->file ? first->file : "policy", first ? first->line : 0,
		     first ? first->column : 0, first ? first->message : strerror(-r)) < 0)
		message = NULL;
	warn(diagnostics, message ? message : "the fleet's last policy is left out");
	return 0;
}

int engine_fleet_lay_over(struct engine *engine, struct policy **policy, enum load_flags flags,
			  struct diagnostics *diagnostics, struct error *err)
{
	const struct policy_fleet *said = (*policy)->fleet;
	struct utsname names;
	struct fleet *fleet;
	char *identity;
	int r;

	/* It ends when the policy that says nothing of it is in force: engine_fleet_update(). */
	if (!said)
		return 0;
	if (!fleet_name_is_good(host_of(said, &names)))
		return error_set(err, -EINVAL,
				 "the kernel's name of this host is none for a fleet: add "
				 "\"host: NAME\" to \"fleet\"");
	if (!engine->fleet)
		engine->fleet = calloc(1, sizeof(*engine->fleet));
	fleet = engine->fleet;
	identity = identity_of(said, host_of(said, &names));
	if (!fleet || !identity) {
		free(identity);
		return error_oom(err);
	}
	r = 0;
	if (fleet->identity && streq(fleet->identity, identity))
		free(identity);
	else
		r = take_identity(engine, identity, diagnostics);
	if (r >= 0)
		r = fleet->next	     ? lay_over(engine, fleet->next, flags, policy, diagnostics)
		    : engine->policy ? lay_over(engine, &fleet->good, flags, policy, diagnostics)
				     : lay_over_at_start(engine, flags, policy, diagnostics);
	return r < 0 ? error_set(err, r, "the fleet's policy is not valid over that of %s",
				 engine->config_path)
		     : 0;
}

/* ---- the services ---- */

static const struct fleet_document *manifest_of(const struct fleet_documents *documents,
						const char *name)
{
	for (size_t i = documents->count; i > 0; i--)
		if (documents->items[i - 1].service && streq(documents->items[i - 1].service, name))
			return &documents->items[i - 1];
	return NULL;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Takes away what no document says any more. */
static void remove_others(int folder, const struct fleet_documents *documents)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!dir)
		closep(&fd);
	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		_cleanup_(freep) char *name =
			dot ? strndup(entry->d_name, (size_t)(dot - entry->d_name)) : NULL;

		if (name && streq(dot, ".yaml") && !manifest_of(documents, name))
			(void)unlinkat(folder, entry->d_name, 0);
	}
}

static int write_manifest(int folder, const struct fleet_document *document)
{
	char file[SERVICE_NAME_MAX + sizeof(".yaml")];
	_cleanup_(freep) char *old = NULL;
	size_t size;

	snprintf(file, sizeof(file), "%s.yaml", document->service);
	if (file_read_at(folder, file, FLEET_BYTES_MAX, &old, &size) >= 0 &&
	    size == document->size && memcmp(old, document->text, size) == 0)
		return 0;
	return file_replace_at(folder, file, document->text, document->size, 0644);
}

static int write_services(const struct engine *engine, const struct fleet_documents *documents)
{
	_cleanup_(freep) char *path = engine_fleet_services(engine);
	_cleanup_(closep) int folder = -1;
	int r = 0;

	if (!path)
		return -ENOMEM;
	if (documents->count > 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0)
		return errno == ENOENT && documents->count == 0 ? 0 : -errno;
	for (size_t i = 0; r >= 0 && i < documents->count; i++) {
		const struct fleet_document *document = &documents->items[i];

		if (document->service && manifest_of(documents, document->service) == document)
			r = write_manifest(folder, document);
	}
	remove_others(folder, documents);
	return r;
}

void engine_fleet_write_services(struct engine *engine)
{
	static const struct fleet_documents none;
	int r;

	if (engine->options.local || engine->options.dry_run)
		return;
	r = write_services(engine, engine->fleet ? &engine->fleet->good : &none);
	if (r < 0)
		log_error(engine->log, "cannot write the services of the fleet: %s", strerror(-r));
}

static int check_services(const struct fleet_documents *documents, struct diagnostics *diagnostics)
{
	_cleanup_(service_sandbox_done) struct service_sandbox sandbox;
	int result = service_sandbox_init(&sandbox);

	if (result < 0)
		return result;
	for (size_t i = 0; i < documents->count; i++) {
		const struct fleet_document *document = &documents->items[i];
		struct service_manifest *manifest = NULL;
		int r = document->service
				? service_parse(document->name, document->text, document->size,
						&sandbox.schema, &manifest, diagnostics)
				: 0;

		service_manifest_free(manifest);
		result = result < 0 ? result : r;
	}
	return result;
}

/* ---- applying ---- */

static int on_save(sd_event_source *source, uint64_t usec, void *userdata);

static void save_later(struct engine *engine)
{
	struct fleet *fleet = engine->fleet;
	uint64_t usec = MIN(FIRST_SAVE_USEC << MIN(fleet->saves, 6U), MOST_SAVE_USEC);

	fleet->saves++;
	if (!fleet->save)
		(void)sd_event_add_time_relative(engine->event, &fleet->save, CLOCK_MONOTONIC, usec,
						 0, on_save, engine);
	else if (sd_event_source_set_time_relative(fleet->save, usec) >= 0)
		(void)sd_event_source_set_enabled(fleet->save, SD_EVENT_ONESHOT);
}

/* A disk that is full has room again some time: until then the status says so. */
static void save(struct engine *engine)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *path = store_path(engine), *before = NULL;
	struct fleet *fleet = engine->fleet;
	int r = path ? fleet_store_write(path, fleet->identity, &fleet->good, &err)
		     : error_oom(&err);

	before = TAKE_PTR(fleet->unsaved);
	if (r < 0) {
		fleet->unsaved = strdup(error_text(&err));
		if (!before)
			log_error(engine->log,
				  "the fleet's policy is in force, but not after the next start: "
				  "%s; it is tried again",
				  error_text(&err));
		save_later(engine);
		return;
	}
	fleet->saves = 0;
	if (before)
		log_notice(engine->log, "the fleet's policy is on disk again");
	if (fleet->save)
		(void)sd_event_source_set_enabled(fleet->save, SD_EVENT_OFF);
}

static int on_save(sd_event_source *source, uint64_t usec, void *userdata)
{
	save(userdata);
	return 0;
}

static void keep(struct engine *engine, struct fleet_documents *documents)
{
	struct fleet *fleet = engine->fleet;

	fleet_documents_done(&fleet->good);
	fleet->good = *documents;
	*documents = (struct fleet_documents){ 0 };
	fleet->left_out = false;
	if (!engine->options.dry_run)
		save(engine);
}

static int apply(void *userdata, struct fleet_documents *documents, struct diagnostics *diagnostics,
		 struct error *err)
{
	struct engine *engine = userdata;
	struct fleet *fleet = engine->fleet;
	int r;

	if (!fleet->left_out && fleet_documents_same(documents, &fleet->good))
		return 1;
	r = check_services(documents, diagnostics);
	if (r < 0)
		return error_set(err, r, "a service of the fleet is not valid");
	if (!engine->options.dry_run)
		r = write_services(engine, documents);
	if (r < 0) {
		(void)error_set_errno(err, r, "cannot write the services of the fleet");
	} else {
		fleet->next = documents;
		r = engine_reload(engine, diagnostics, err);
		fleet->next = NULL;
	}
	if (r < 0) {
		engine_fleet_write_services(engine);
		return r;
	}
	keep(engine, documents);
	return 0;
}

static json_t *counters(void *userdata)
{
	const struct engine *engine = userdata;
	const struct gatekeeper_counters *keeper = gatekeeper_counters(engine->keeper);
	const struct policy *policy = engine_policy(engine);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "decisions",
			 (json_int_t)engine->counters.decisions, "denied",
			 (json_int_t)atomic_load(&keeper->denied), "groups",
			 (json_int_t)policy->group_count, "matched",
			 (json_int_t)atomic_load(&keeper->matched), "moved",
			 (json_int_t)atomic_load(&keeper->moved), "reloads",
			 (json_int_t)engine->counters.reloads, "reloads_failed",
			 (json_int_t)engine->counters.reloads_failed, "rules",
			 (json_int_t)policy->rule_count, "uptime",
			 (json_int_t)((clock_boottime() - engine->started_ns) /
				      UINT64_C(1000000000)));
}

static void tell(void *userdata, int level, const char *sentence)
{
	log_write(((struct engine *)userdata)->log, level, "%s", sentence);
}

/* ---- the member ---- */

static json_t *words(char *const *list)
{
	json_t *array = json_array();

	for (size_t i = 0; list[i]; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

/* Everything that a member is made of, to be compared. */
static json_t *settings_of(const struct policy_fleet *said, const char *host)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:I}", "endpoints",
			 words(said->endpoints), "labels", words(said->labels), "prefix",
			 said->prefix, "host", host, "user", said->user, "password",
			 said->password_file, "ca", said->ca, "certificate", said->certificate,
			 "key", said->key, "ttl", (json_int_t)said->ttl);
}

static void begin(struct engine *engine, const struct policy_fleet *said, const char *host)
{
	struct fleet *fleet = engine->fleet;
	char boot[37] = "";
	struct fleet_member_options options = {
		.event = engine->event,
		.endpoints = said->endpoints,
		.labels = said->labels,
		.prefix = said->prefix,
		.host = host,
		.user = said->user,
		.password_file = said->password_file,
		.ca = said->ca,
		.certificate = said->certificate,
		.key = said->key,
		.ttl = said->ttl,
		.version = REEVE_VERSION,
		.boot_id = boot,
		.use = { apply, counters, tell, engine },
	};

	(void)host_boot_id(engine->host, boot);
	error_done(&fleet->trouble);
	if (fleet_member_new(&options, &fleet->member, &fleet->trouble) < 0)
		log_error(engine->log, "this host is not in its fleet: %s",
			  error_text(&fleet->trouble));
}

static int on_restart(sd_event_source *source, void *userdata)
{
	struct engine *engine = userdata;
	const struct policy_fleet *said = engine_policy(engine)->fleet;
	struct fleet *fleet = engine->fleet;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct utsname names;
	json_t *settings;

	if (!said) {
		engine_fleet_stop(engine);
		engine_fleet_write_services(engine);
		if (supervisor_reload(engine->supervisor, &err) < 0)
			log_error(engine->log, "%s", error_text(&err));
		return 0;
	}
	settings = settings_of(said, host_of(said, &names));
	if (fleet->settings && json_equal(fleet->settings, settings)) {
		json_decref(settings);
		return 0;
	}
	json_decref(fleet->settings);
	fleet->settings = settings;
	fleet_member_free(fleet->member);
	fleet->member = NULL;
	begin(engine, said, host_of(said, &names));
	return 0;
}

/* From the loop: what is to be freed may be who has asked for the reload. */
void engine_fleet_update(struct engine *engine)
{
	struct fleet *fleet = engine->fleet;
	int r = 0;

	if (!fleet || engine->options.local)
		return;
	if (!fleet->restart)
		r = sd_event_add_defer(engine->event, &fleet->restart, on_restart, engine);
	if (r >= 0)
		r = sd_event_source_set_enabled(fleet->restart, SD_EVENT_ONESHOT);
	if (r < 0)
		log_error(engine->log, "this host is not in its fleet: %s", strerror(-r));
}

json_t *engine_fleet_status(const struct engine *engine)
{
	const struct fleet *fleet = engine->fleet;
	json_t *status;

	if (!fleet)
		return json_null();
	status = fleet->member ? fleet_member_status(fleet->member)
			       : json_pack("{s:s, s:o}", "state", "failed", "trouble",
					   json_text(error_text(&fleet->trouble)));
	json_object_set_new(status, "documents", json_array());
	for (size_t i = 0; i < fleet->good.count; i++)
		json_array_append_new(json_object_get(status, "documents"),
				      json_pack("{s:s, s:I}", "name", fleet->good.items[i].name,
						"revision",
						(json_int_t)fleet->good.items[i].revision));
	json_object_set_new(status, "left_out", json_boolean(fleet->left_out));
	json_object_set_new(status, "unsaved", json_text(fleet->unsaved));
	return status;
}
