// SPDX-License-Identifier: MIT
/*
 * One row per limit: the option is the policy's key with '-' for '_'. What its value means is said
 * by config/limit-words.c.
 */
#include "cli/limit-options.h"

#include "config/limit-words.h"
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
	return limit == LIMIT_COUNT ? -EINVAL : limit_word_add(limits, limit, equals + 1, err);
}

int limit_options_to_json(const struct cli *cli, json_t **ret_limits, struct error *err)
{
	json_t *limits = json_object();
	int r = limits ? 0 : error_oom(err);

	for (enum limit i = 0; r == 0 && i < LIMIT_COUNT; i++)
		for (size_t j = 0; r == 0 && j < cli->limits[i].count; j++)
			r = limit_word_add(limits, i, cli->limits[i].values[j], err);
	for (size_t j = 0; r == 0 && j < cli->limit_words.count; j++)
		r = add_limit_word(limits, cli->limit_words.values[j], err);
	if (r < 0) {
		json_decref(limits);
		return r;
	}
	*ret_limits = limits;
	return 0;
}
