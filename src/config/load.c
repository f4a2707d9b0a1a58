// SPDX-License-Identifier: MIT
/*
 * A load: files -> texts -> one tree -> one policy, with all mistakes on the way. The tree is 32
 * bytes a value and gone at the end; heap_trim() gives its pages back, because the daemon lives
 * long and reloads seldom.
 */
#include "config/load.h"

#include "config/builder.h"
#include "config/cgconfig.h"
#include "config/cgrules-tree.h"
#include "config/files.h"
#include "config/schema.h"
#include "config/source.h"
#include "config/values.h"
#include "util/heap.h"

enum { TRIM_FROM = 1024 * 1024 }; /* of text: below, there is nothing worth a trim */

/* libcgroup's files need not be UTF-8 where no word of them is. */
static bool read_tree(struct reader *reader, uint16_t file, node_id *ret_root)
{
	switch (reader->sources[file].syntax) {
	case SYNTAX_CGRULES:
		return cgrules_read_tree(reader, file, ret_root);
	case SYNTAX_JSON:
		return source_check(reader, file) && json_read(reader, file, ret_root);
	default:
		return source_check(reader, file) && yaml_read(reader, file, ret_root);
	}
}

/* Groups of libcgroup's; they are not the policy's own, and no rule need be with them. */
static bool read_foreign(struct reader *reader, uint16_t file)
{
	const struct source *source = &reader->sources[file];
	struct policy *policy = reader->policy;
	int r;

	reader->has_rules = true;
	if (!policy->foreign)
		policy->foreign = cgconfig_new();
	if (!policy->foreign)
		return report_oom(reader);
	r = cgconfig_parse(policy->foreign, source->name, source->text, source->size, 0,
			   reader->diagnostics);
	return r != -ENOMEM || report_oom(reader);
}

/* Text to tree. */
static void read_one(struct reader *reader, uint16_t file)
{
	struct place start = { .file = file, .line = 1, .column = 1, .length = 1 };
	node_id root = 0;

	if (reader->sources[file].syntax == SYNTAX_CGCONFIG)
		return;
	if (!read_tree(reader, file, &root)) {
		reader->incomplete = true;
		return;
	}
	reader->sources[file].root = root;
	if (root == 0) {
		/* In a folder an empty file adds nothing; alone it is missing its rules. */
		report_at(reader, reader->source_count > 1 ? SEVERITY_WARNING : SEVERITY_ERROR,
			  start, NULL, "the file is empty");
		reader->incomplete |= reader->source_count == 1;
	}
}

static void read_entries(struct reader *reader, uint16_t file)
{
	const struct source *source = &reader->sources[file];

	if (source->syntax == SYNTAX_CGCONFIG)
		reader->incomplete |= !read_foreign(reader, file);
	else if (source->root != 0)
		policy_read(reader, tree_node(&reader->tree, source->root));
}

static void check_rules(struct reader *reader)
{
	const struct source *source = &reader->sources[0];

	if (!reader->has_rules && !reader->incomplete)
		diagnostics_add(reader->diagnostics, SEVERITY_ERROR, source->name, NULL, 0, 0, 0,
				"add \"rules:\"; \"rules: {}\" if there are to be none",
				"required key \"rules\" is missing");
	else if (reader->policy->rule_count == 0 && reader->policy->sink_count == 0 &&
		 !reader->policy->foreign && source->layer == 0 && reader->diagnostics->errors == 0)
		diagnostics_add(reader->diagnostics, SEVERITY_WARNING, source->name, NULL, 0, 0, 0,
				NULL, "no rules: nothing will be done");
}

/* The defaults of what no file has set, and the list of files. */
static int complete(struct reader *reader)
{
	struct policy *policy = reader->policy;
	const char *name = compat(reader) ? "fetter" : "reeve";

	if (!policy->name)
		policy->name = arena_string(policy->memory, name);
	if (!policy->log_file)
		policy->log_file = arena_string(policy->memory, "stderr");
	if (!policy->audit_mode)
		policy->audit_mode = arena_string(policy->memory, "override");
	policy->files =
		arena_alloc(policy->memory, (reader->source_count + 1) * sizeof(*policy->files));
	if (!policy->name || !policy->log_file || !policy->audit_mode || !policy->files)
		return -ENOMEM;
	for (size_t i = 0; i < reader->source_count; i++) {
		policy->files[i] = arena_string(policy->memory, reader->sources[i].name);
		if (!policy->files[i])
			return -ENOMEM;
	}
	policy->file_count = reader->source_count;
	return 0;
}

static void shrink(void *array, size_t count, size_t size)
{
	void **pointer = array, *smaller;

	if (count == 0 || !(smaller = reallocarray(*pointer, count, size)))
		return;
	*pointer = smaller;
}

static uint64_t fingerprint_of(const struct reader *reader)
{
	uint64_t parts[3] = { 0 };

	for (size_t i = 0; i < reader->source_count; i++) {
		const struct source *source = &reader->sources[i];

		parts[1] = hash_bytes(source->name, strlen(source->name));
		parts[2] = hash_bytes(source->text, source->size);
		parts[0] = hash_bytes(parts, sizeof(parts));
	}
	return parts[0];
}

/* From texts to the policy. Returns 0, or -EINVAL with everything told, or -ENOMEM. */
static int read_all(struct reader *reader)
{
	struct policy *policy = reader->policy;

	policy->fingerprint = fingerprint_of(reader);
	/* Layers first, for what they have counts when the files are read. */
	for (size_t i = 0; i < reader->source_count && !reader->too_large; i++)
		if (reader->sources[i].layer > 0)
			read_one(reader, (uint16_t)i);
	if (!reader->too_large && layers_note(reader))
		for (size_t i = 0; i < reader->source_count && !reader->too_large; i++) {
			if (reader->sources[i].layer == 0)
				read_one(reader, (uint16_t)i);
			read_entries(reader, (uint16_t)i);
		}
	if (!reader->out_of_memory && !reader->too_large)
		policy_resolve(reader);
	if (policy->foreign &&
	    cgconfig_find_accounts(policy->foreign, reader->diagnostics) == -ENOMEM)
		report_oom(reader);
	if (reader->accounts.gave_up)
		diagnostics_add(reader->diagnostics, SEVERITY_WARNING, NULL, NULL, 0, 0, 0, NULL,
				"%s", accounts_told);
	if (reader->source_count > 0)
		check_rules(reader);
	if (reader->out_of_memory || complete(reader) < 0)
		return -ENOMEM;
	shrink(&policy->rules, policy->rule_count, sizeof(*policy->rules));
	shrink(&policy->groups, policy->group_count, sizeof(*policy->groups));
	shrink(&policy->triggers, policy->trigger_count, sizeof(*policy->triggers));
	return 0;
}

/* Puts the messages in order, frees what only the load needed, and hands the policy over. */
static int finish(struct reader *reader, int result, size_t errors_before,
		  struct policy **ret_policy)
{
	size_t size = 0;

	if (result == 0 && reader->diagnostics->errors > errors_before)
		result = -EINVAL;
	if (reader->policy->files)
		diagnostics_sort(reader->diagnostics, (const char *const *)reader->policy->files);
	for (size_t i = 0; i < reader->source_count; i++)
		size += reader->sources[i].size;
	if (result == 0)
		*ret_policy = TAKE_PTR(reader->policy);
	reader_done(reader);
	if (size >= TRIM_FROM)
		heap_trim();
	return result;
}

static int add_layer(struct reader *reader, const struct policy_layer *layer, unsigned number)
{
	char *copy;
	int file;

	if (layer->size > LOAD_SIZE_MAX)
		return report_file(reader->diagnostics, SEVERITY_ERROR, layer->name, -EFBIG, NULL,
				   "is too large for a policy");
	copy = malloc(layer->size + 1);
	if (!copy) {
		report_oom(reader);
		return -ENOMEM;
	}
	memcpy(copy, layer->text, layer->size);
	copy[layer->size] = '\0';
	file = source_add(reader, layer->name, copy, layer->size, SYNTAX_YAML);
	if (file < 0)
		return file;
	reader->sources[file].layer = number;
	return 0;
}

static int load(const char *path, enum load_flags flags, const struct load_filter *filter,
		const struct policy_layer *layers, size_t layer_count, struct policy **ret_policy,
		struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	struct reader reader;
	int r, first;

	r = reader_init(&reader, flags, diagnostics);
	if (r < 0) {
		reader_done(&reader);
		return r;
	}
	reader.filter = filter;
	first = path ? sources_read(&reader, path) : 0;
	for (size_t i = 0; i < layer_count; i++) {
		r = add_layer(&reader, &layers[i], (unsigned)i + 1);
		first = first < 0 ? first : r;
	}
	/* What could be read is checked even if something else could not. */
	reader.incomplete = first < 0;
	r = read_all(&reader);
	return finish(&reader, first < 0 ? first : r, errors, ret_policy);
}

int policy_load(const char *path, enum load_flags flags, struct policy **ret_policy,
		struct diagnostics *diagnostics)
{
	return load(path, flags, NULL, NULL, 0, ret_policy, diagnostics);
}

int policy_load_some(const char *path, enum load_flags flags, const struct load_filter *filter,
		     struct policy **ret_policy, struct diagnostics *diagnostics)
{
	return load(path, flags, filter, NULL, 0, ret_policy, diagnostics);
}

int policy_load_layered(const char *path, enum load_flags flags, const struct policy_layer *layers,
			size_t layer_count, struct policy **ret_policy,
			struct diagnostics *diagnostics)
{
	return load(path, flags, NULL, layers, layer_count, ret_policy, diagnostics);
}

int policy_parse(const char *name, const char *text, size_t size, enum load_flags flags,
		 struct policy **ret_policy, struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	enum source_syntax syntax = SYNTAX_YAML;
	struct reader reader;
	char *copy;
	int r;

	r = reader_init(&reader, flags, diagnostics);
	copy = r == 0 ? malloc(size + 1) : NULL;
	if (!copy) {
		reader_done(&reader);
		return -ENOMEM;
	}
	memcpy(copy, text, size);
	copy[size] = '\0';
	(void)source_syntax_of(name, (struct slice){ text, size }, flags, &syntax);
	if (size > LOAD_SIZE_MAX) {
		free(copy);
		diagnostics_add(diagnostics, SEVERITY_ERROR, name, NULL, 0, 0, 0, NULL,
				"is larger than %d MiB", LOAD_SIZE_MAX >> 20);
		r = -EFBIG;
	} else if (source_add(&reader, name, copy, size, syntax) < 0) {
		r = -ENOMEM;
	} else {
		r = read_all(&reader);
	}
	return finish(&reader, r, errors, ret_policy);
}
