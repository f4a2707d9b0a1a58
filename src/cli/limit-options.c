// SPDX-License-Identifier: MIT
/*
 * One row per limit: the option is the policy's key with '-' for '_'. What a value is in JSON, its
 * form says (model/limit-words.h).
 */
#include "cli/limit-options.h"

#include "model/limit-words.h"
#include "util/suggest.h"

static const struct limit_option rows[LIMIT_COUNT] = {
	[LIMIT_CPU] = { LIMIT_CPU, "cpu", "SHARE",
			"processor time: 50% of the machine, \"1.5 cores\"" },
	[LIMIT_CPU_PERIOD] = { LIMIT_CPU_PERIOD, "cpu-period", "TIME",
			       "over which the share is counted: 100ms" },
	[LIMIT_CPU_BURST] = { LIMIT_CPU_BURST, "cpu-burst", "TIME",
			      "unused time that may be saved up" },
	[LIMIT_CPU_WEIGHT] = { LIMIT_CPU_WEIGHT, "cpu-weight", "N",
			       "1 to 10000, default 100: part when there is too little" },
	[LIMIT_CPU_IDLE] = { LIMIT_CPU_IDLE, "cpu-idle", "yes|no",
			     "run only when nothing else wants to" },
	[LIMIT_CPUS] = { LIMIT_CPUS, "cpus", "LIST", "processors to run on: 0-3,8" },
	[LIMIT_MEMS] = { LIMIT_MEMS, "mems", "LIST", "memory nodes to use" },
	[LIMIT_RAM] = { LIMIT_RAM, "ram", "SIZE", "most memory: 512M, 4.5G; 4500 is MiB" },
	[LIMIT_RAM_HIGH] = { LIMIT_RAM_HIGH, "ram-high", "SIZE",
			     "slow down and reclaim above it (cgroup v2)" },
	[LIMIT_RAM_LOW] = { LIMIT_RAM_LOW, "ram-low", "SIZE",
			    "spared from reclaim where possible (cgroup v2)" },
	[LIMIT_RAM_MIN] = { LIMIT_RAM_MIN, "ram-min", "SIZE", "never reclaimed (cgroup v2)" },
	[LIMIT_SWAP] = { LIMIT_SWAP, "swap", "SIZE", "most swap, beyond --ram" },
	[LIMIT_OOM] = { LIMIT_OOM, "oom", "group|process",
			"what dies when memory runs out (cgroup v2)" },
	[LIMIT_PIDS] = { LIMIT_PIDS, "pids", "N", "most tasks (processes and threads)" },
	[LIMIT_IO] = { LIMIT_IO, "io", "DEVICE,KEY=N...",
		       "rbps wbps riops wiops of a device or mount point; repeatable" },
	[LIMIT_IO_WEIGHT] = { LIMIT_IO_WEIGHT, "io-weight", "N", "1 to 10000, default 100" },
	[LIMIT_HUGETLB] = { LIMIT_HUGETLB, "hugetlb", "PAGE=SIZE",
			    "most huge pages: 2MB=64M; repeatable" },
	[LIMIT_FREEZE] = { LIMIT_FREEZE, "freeze", "yes|no", "whether what enters stands still" },
	[LIMIT_RAW] = { LIMIT_RAW, "raw", "FILE=VALUE", "any file of a controller; repeatable" },
};

const struct limit_option *limit_option_at(enum limit limit)
{
	return &rows[limit];
}

bool limit_options_given(const struct cli *cli)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		if (cli->limits[i].count > 0)
			return true;
	return cli->limit_words.count > 0;
}

void limit_options_done(struct cli *cli)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		option_list_done(&cli->limits[i]);
	option_list_done(&cli->limit_words);
}

/* A word as YAML would read it: a whole number, or text. NULL: not UTF-8, or out of memory. */
static json_t *plain_value(const char *word)
{
	uint64_t number;

	if (limit_word_number(word, &number))
		return json_integer((json_int_t)number);
	return json_string(word);
}

static int set_value(json_t *object, const char *key, json_t *value, struct error *err)
{
	if (!value)
		return error_set(err, -EINVAL, "the value of \"%s\" is not UTF-8 text", key);
	if (json_object_set_new(object, key, value) < 0)
		return error_set(err, -EINVAL, "\"%s\" is not UTF-8 text", key);
	return 0;
}

static int add_bool(json_t *limits, const char *key, const char *word, struct error *err)
{
	bool yes;

	if (limit_word_bool(word, &yes) == 0)
		return set_value(limits, key, json_boolean(yes), err);
	return error_set(err, -EINVAL, "%s is \"%s\"; it can be yes or no", key, word);
}

/* limits.<key>, made if it is not there. Borrowed. */
static json_t *object_at(json_t *limits, const char *key)
{
	json_t *object = json_object_get(limits, key);

	if (!object && json_object_set_new(limits, key, json_object()) == 0)
		object = json_object_get(limits, key);
	return object;
}

/* Adds "NAME=VALUE" of `pair`, which is changed, to an object. */
static int add_pair(json_t *object, const char *key, char *pair, struct error *err)
{
	char *equals = strchr(pair, '=');

	if (!equals || equals == pair || !equals[1])
		return error_set(err, -EINVAL, "%s is \"%s\"; it is written NAME=VALUE", key, pair);
	*equals = '\0';
	return set_value(object, pair, plain_value(equals + 1), err);
}

/* DEVICE,rbps=10M,wiops=100; the device may hold ':' but no ','. */
static int add_io(json_t *io, char *word, struct error *err)
{
	char *rest = word, *device = strsep(&rest, ",");
	json_t *rates = json_object();
	char *pair;
	int r;

	if (!*device || !rest || strchr(device, '=')) {
		json_decref(rates);
		return error_set(err, -EINVAL,
				 "io is \"%s\"; it is written DEVICE,rbps=10M,wbps=10M", word);
	}
	r = set_value(io, device, rates, err);
	while (r == 0 && (pair = strsep(&rest, ",")))
		r = add_pair(rates, "io", pair, err);
	return r;
}

static int add_limit(json_t *limits, enum limit limit, const char *word, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(word);
	const char *key = limit_name(limit);
	json_t *object;

	if (!copy)
		return error_oom(err);
	switch (limit_form(limit)) {
	case LIMIT_FORM_BOOL:
		return add_bool(limits, key, word, err);
	case LIMIT_FORM_TEXT:
		return set_value(limits, key, json_string(word), err);
	case LIMIT_FORM_PAIR:
	case LIMIT_FORM_IO:
		object = object_at(limits, key);
		if (!object)
			return error_oom(err);
		return limit_form(limit) == LIMIT_FORM_IO ? add_io(object, copy, err)
							  : add_pair(object, key, copy, err);
	case LIMIT_FORM_PLAIN:
		break;
	}
	return set_value(limits, key, plain_value(word), err);
}

int limit_option_check(enum limit limit, const char *word, struct error *err)
{
	json_t *scratch = json_object();
	int r = scratch ? add_limit(scratch, limit, word, err) : error_oom(err);

	json_decref(scratch);
	return r;
}

/* The limit of a policy key, or LIMIT_COUNT with a sentence. */
static enum limit find_key(const char *key, size_t size, struct error *err)
{
	const char *names[LIMIT_COUNT], *near;
	_cleanup_(freep) char *word = strndup(key, size);

	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		names[i] = limit_name(i);
		if (strlen(names[i]) == size && strncmp(names[i], key, size) == 0)
			return i;
	}
	near = word ? suggest(word, names, LIMIT_COUNT) : NULL;
	if (near)
		error_set(err, -EINVAL, "unknown limit \"%s\" (did you mean \"%s\"?)", word, near);
	else
		error_set(err, -EINVAL, "unknown limit \"%s\" (see reeve.yaml(5) for all)",
			  word ? word : "");
	return LIMIT_COUNT;
}

static int add_limit_word(json_t *limits, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	enum limit limit;

	if (!equals)
		return error_set(err, -EINVAL, "--limit %s: it is written KEY=VALUE", word);
	limit = find_key(word, (size_t)(equals - word), err);
	return limit == LIMIT_COUNT ? -EINVAL : add_limit(limits, limit, equals + 1, err);
}

int limit_options_to_json(const struct cli *cli, json_t **ret_limits, struct error *err)
{
	json_t *limits = json_object();
	int r = limits ? 0 : error_oom(err);

	for (enum limit i = 0; r == 0 && i < LIMIT_COUNT; i++)
		for (size_t j = 0; r == 0 && j < cli->limits[i].count; j++)
			r = add_limit(limits, i, cli->limits[i].values[j], err);
	for (size_t j = 0; r == 0 && j < cli->limit_words.count; j++)
		r = add_limit_word(limits, cli->limit_words.values[j], err);
	if (r < 0) {
		json_decref(limits);
		return r;
	}
	*ret_limits = limits;
	return 0;
}
