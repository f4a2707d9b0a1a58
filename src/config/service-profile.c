// SPDX-License-Identifier: MIT
/*
 * A profile is read by its own reader, into pairs that go in front of what the sandbox says itself,
 * and into limits. Its mistakes become one of the manifest: a sentence with both places.
 */
#include "config/service-profile.h"

#include "config/limit-words.h"
#include "model/limit-form.h"
#include "config/limits-json.h"

struct reading {
	const struct profile_schema *schema;
	struct service_profile *profile;
};

void service_profile_done(struct service_profile *profile)
{
	for (size_t i = 0; i < profile->count; i++)
		free(profile->pairs[i]);
	free(profile->pairs);
	json_decref(profile->limits);
	*profile = (struct service_profile){ 0 };
}

/* The sandbox's keys, then limits. */
static const char *key_at(size_t index, enum key_form *ret_form, void *userdata)
{
	const struct reading *reading = userdata;
	const struct profile_schema *schema = reading->schema;
	size_t count = 0;

	while (schema->key_at(count, ret_form, schema->userdata))
		count++;
	if (index < count)
		return schema->key_at(index, ret_form, schema->userdata);
	*ret_form = KEY_LIST;
	return index < count + LIMIT_COUNT ? limit_word_name((enum limit)(index - count)) : NULL;
}

static int add(struct service_profile *profile, const char *word)
{
	char **grown = reallocarray(profile->pairs, profile->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	profile->pairs = grown;
	grown[profile->count] = strdup(word);
	return grown[profile->count++] ? 0 : -ENOMEM;
}

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	struct reading *reading = userdata;
	const struct profile_schema *schema = reading->schema;
	int r;

	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		if (!streq(limit_word_name(i), key))
			continue;
		r = limit_word_check(i, value, err);
		return r < 0 ? r : limit_word_add(reading->profile->limits, i, value, err);
	}
	r = schema->take(key, value, schema->userdata, err);
	if (r < 0)
		return r;
	return add(reading->profile, key) < 0 || add(reading->profile, value) < 0 ? error_oom(err)
										  : 0;
}

/* The first mistake as a sentence, and how many more there are. */
static int tell(const struct diagnostics *diagnostics, const char *path, int r, struct error *err)
{
	_cleanup_(freep) char *first = diagnostics_first(diagnostics);

	if (!first)
		return error_set_errno(err, r, "cannot read the profile %s", path);
	if (diagnostics->errors == 1)
		return error_set(err, r, "%s", first);
	return error_set(err, r, "%s; and %zu more (reeve profile check %s)", first,
			 diagnostics->errors - 1, path);
}

/* What is no mistake is the manifest's reader's to tell. */
static void pass_warnings(struct reader *reader, const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *d = &diagnostics->items[i];

		if (d->severity != SEVERITY_ERROR)
			diagnostics_add(reader->diagnostics, d->severity, d->file, NULL, d->line,
					d->column, d->length, d->hint, "%s", d->message);
	}
}

/* A relative path would be the daemon's, or whose folder the command is called in. */
static int find(const char *word, char **ret_path, struct error *err)
{
	if (strchr(word, '/') && *word != '/')
		return error_set(err, -EINVAL,
				 "\"%s\" is neither a profile's name nor a path from \"/\" on",
				 word);
	return profile_find(word, ret_path, err);
}

int service_profile_read(struct reader *reader, const char *word,
			 const struct profile_schema *schema, struct service_profile *profile,
			 struct error *err)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) char *path = NULL, *description = NULL;
	struct reading reading = { schema, profile };
	const struct profile_schema whole = { key_at, take, &reading, NULL };
	int r = find(word, &path, err);

	if (r < 0)
		return r;
	profile->limits = json_object();
	if (!profile->limits)
		return error_oom(err);
	/* What root is held to must be root's. */
	r = profile_load(path, geteuid() == 0 ? LOAD_REQUIRE_OWNERSHIP : 0, &whole, &description,
			 &diagnostics);
	pass_warnings(reader, &diagnostics);
	return r < 0 ? tell(&diagnostics, path, r, err) : 0;
}

/* ---- limits ---- */

static int join(struct limits *own, const char *given, uint32_t *ret_added, struct error *err)
{
	_cleanup_(limits_done) struct limits joined = { 0 };
	json_t *all = limits_to_json(own), *more = json_loads(given, 0, NULL);
	int r = all && more ? json_object_update_missing(all, more) : -1;

	r = r < 0 ? error_oom(err) : limits_from_json(all, &joined, err);
	json_decref(all);
	json_decref(more);
	if (r < 0)
		return r;
	*ret_added = joined.set & ~own->set;
	limits_done(own);
	*own = joined;
	joined = (struct limits){ 0 };
	return 0;
}

bool service_profile_limits(struct reader *reader, struct service_manifest *manifest)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	uint32_t added = 0;

	if (!manifest->profile_limits)
		return true;
	if (join(&manifest->group.limits, manifest->profile_limits, &added, &err) < 0)
		return report_at(reader, SEVERITY_ERROR, place_from(manifest->sandbox_at, 1), NULL,
				 "with the limits of its profile: %s", error_text(&err));
	for (enum limit i = 0; i < LIMIT_COUNT; i++)
		if (added & LIMIT_BIT(i))
			manifest->group.limit_at[i] = manifest->sandbox_at;
	return true;
}
