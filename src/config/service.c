// SPDX-License-Identifier: MIT
/*
 * A manifest's life: one file, one tree, one checked struct. It is read by the policy's reader,
 * with a schema of its own (schema-service.c); the policy that the reader works on stays empty.
 */
#include "config/service.h"

#include "config/builder.h"
#include "config/schema.h"
#include "config/schema-service.h"
#include "config/source.h"

#include <ctype.h>
#include <limits.h>

#define SECOND UINT64_C(1000000000)

const char *const restart_when_names[RESTART_WHENS] = {
	[RESTART_NO] = "no",
	[RESTART_ON_KILL] = "on-kill",
	[RESTART_ON_ABNORMAL] = "on-abnormal",
	[RESTART_ON_FAILURE] = "on-failure",
	[RESTART_ALWAYS] = "always",
};

void service_manifest_free(struct service_manifest *manifest)
{
	if (!manifest)
		return;
	limits_done(&manifest->group.limits);
	arena_free(manifest->memory);
	free(manifest);
}

int service_name_check(const char *name, struct error *err)
{
	size_t length = strlen(name);

	if (length == 0 || length > SERVICE_NAME_MAX)
		return error_set(err, -EINVAL, "a service's name has 1 to %d characters, not %zu",
				 SERVICE_NAME_MAX, length);
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && (i == 0 || !strchr("._@-", name[i])))
			return error_set(err, -EINVAL,
					 "\"%.64s\" is no name of a service: letters, digits and, "
					 "behind the first, any of . _ @ -",
					 name);
	return 0;
}

/* ---- signals ---- */

int signal_from_name(const char *word)
{
	if (isdigit((unsigned char)*word)) {
		char *end;
		long number = strtol(word, &end, 10);

		return *end == '\0' && number > 0 && number < NSIG ? (int)number : -EINVAL;
	}
	if (strncasecmp(word, "SIG", 3) == 0)
		word += 3;
	for (int number = 1; number < NSIG; number++) {
		const char *name = sigabbrev_np(number);

		if (name && strcasecmp(name, word) == 0)
			return number;
	}
	return -EINVAL;
}

const char *signal_to_name(int number, char *buffer, size_t size)
{
	const char *name = sigabbrev_np(number);

	snprintf(buffer, size, name ? "SIG%s" : "signal %s%d", name ? name : "", number);
	return buffer;
}

/* ---- reading ---- */

static int begin(struct reader *reader, enum load_flags flags, struct diagnostics *diagnostics,
		 struct service_manifest *manifest)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	*reader = (struct reader){ .flags = flags, .diagnostics = diagnostics, .policy = policy };
	manifest->memory = reader->memory = arena_new();
	return policy && manifest->memory ? 0 : -ENOMEM;
}

static void set_defaults(struct service_manifest *manifest)
{
	manifest->enabled = true;
	manifest->restart = (struct restart_policy){
		.when = RESTART_ON_FAILURE,
		.delay = SECOND / 10,
		.delay_max = 60 * SECOND,
		.healthy = 10 * SECOND,
		.factor = 2,
		.jitter = 10,
	};
	manifest->stop_signal = SIGTERM;
	manifest->reload_signal = SIGHUP;
	manifest->stop_timeout = 10 * SECOND;
	manifest->start_timeout = 60 * SECOND;
	manifest->ready_fd = -1;
	manifest->health.every = 10 * SECOND;
	manifest->health.timeout = 2 * SECOND;
	manifest->health.retries = 3;
	manifest->pressure_percent = 60;
	manifest->pressure_time = 10 * SECOND;
	manifest->log_size = 1 << 20;
	manifest->log_keep = 3;
	manifest->log_compress = true;
}

/* "agent" of "/etc/reeve/services/agent.yaml". */
static int take_name(struct reader *reader, struct service_manifest *manifest)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const char *file = reader->sources[0].name, *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file, *dot = strrchr(base, '.');

	manifest->file = arena_string(reader->memory, file);
	manifest->name =
		arena_copy(reader->memory, base, dot ? (size_t)(dot - base) : strlen(base));
	if (!manifest->file || !manifest->name)
		return -ENOMEM;
	if (service_name_check(manifest->name, &err) == 0)
		return 0;
	diagnostics_add(reader->diagnostics, SEVERITY_ERROR, file, NULL, 0, 0, 0,
			"name the file NAME.yaml", "%s", error_text(&err));
	return -EINVAL;
}

/* FNV-1a */
static uint64_t digest_add(uint64_t digest, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		digest = (digest ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
	return digest;
}

/* With what the profile says now: it may change, and the manifest not. */
static uint64_t digest_of(const struct source *source, const struct service_manifest *manifest)
{
	uint64_t digest = digest_add(UINT64_C(14695981039346656037), source->text, source->size);

	for (size_t i = 0; i < manifest->profile_count; i++)
		digest = digest_add(digest, manifest->sandbox[i], strlen(manifest->sandbox[i]) + 1);
	if (manifest->profile_limits)
		digest = digest_add(digest, manifest->profile_limits,
				    strlen(manifest->profile_limits) + 1);
	return digest;
}

static int read_manifest(struct reader *reader, struct service_manifest *manifest)
{
	struct place start = { .line = 1, .column = 1, .length = 1 };
	node_id root = 0;

	if (reader->source_count == 0)
		return -EINVAL;
	set_defaults(manifest);
	if (take_name(reader, manifest) == -ENOMEM)
		return -ENOMEM;
	if (!source_check(reader, 0) ||
	    !(reader->sources[0].syntax == SYNTAX_JSON ? json_read : yaml_read)(reader, 0, &root))
		return -EINVAL;
	if (root == 0)
		report_at(reader, SEVERITY_ERROR, start,
			  "a service is at least: run: [/usr/local/bin/agent]",
			  "the file is empty");
	else
		schema_service_read(reader, tree_node(&reader->tree, root), manifest);
	manifest->digest = digest_of(&reader->sources[0], manifest);
	return reader->out_of_memory ? -ENOMEM : 0;
}

static int finish(struct reader *reader, int r, size_t errors_before,
		  struct service_manifest **manifest, struct service_manifest **ret_manifest)
{
	if (r == 0 && reader->diagnostics->errors > errors_before)
		r = -EINVAL;
	reader_done(reader);
	if (r == 0)
		*ret_manifest = TAKE_PTR(*manifest);
	return r;
}

int service_load(const char *path, enum load_flags flags, const struct profile_schema *sandbox,
		 struct service_manifest **ret_manifest, struct diagnostics *diagnostics)
{
	_cleanup_(service_manifest_freep) struct service_manifest *manifest =
		calloc(1, sizeof(*manifest));
	size_t errors = diagnostics->errors;
	struct reader reader;
	int r;

	if (!manifest)
		return -ENOMEM;
	r = begin(&reader, flags, diagnostics, manifest);
	reader.sandbox = sandbox;
	if (r == 0)
		r = sources_read(&reader, path);
	if (r == 0)
		r = read_manifest(&reader, manifest);
	return finish(&reader, r, errors, &manifest, ret_manifest);
}

int service_parse(const char *name, const char *text, size_t size,
		  const struct profile_schema *sandbox, struct service_manifest **ret_manifest,
		  struct diagnostics *diagnostics)
{
	_cleanup_(service_manifest_freep) struct service_manifest *manifest =
		calloc(1, sizeof(*manifest));
	size_t errors = diagnostics->errors, length = strlen(name);
	char *copy = size <= LOAD_SIZE_MAX ? malloc(size + 1) : NULL;
	struct reader reader;
	int r;

	if (!manifest || !copy) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, text, size);
	copy[size] = '\0';
	r = begin(&reader, 0, diagnostics, manifest);
	reader.sandbox = sandbox;
	if (r < 0)
		free(copy);
	else
		r = source_add(&reader, name, copy, size,
			       length > 5 && streq(name + length - 5, ".json") ? SYNTAX_JSON
									       : SYNTAX_YAML);
	if (r >= 0)
		r = read_manifest(&reader, manifest);
	return finish(&reader, r, errors, &manifest, ret_manifest);
}
