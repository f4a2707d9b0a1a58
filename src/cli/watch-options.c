// SPDX-License-Identifier: MIT
/* From words to a filter: mistakes name the option, and what was meant where that can be guessed.
 */
#include "cli/watch-options.h"

#include "core/filter.h"
#include "util/units.h"

int watch_options_filter(const struct cli *cli, uint32_t types, struct filter **ret_filter,
			 struct error *err)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;

	if (filter_new(&filter) < 0)
		return error_oom(err);
	for (enum filter_key key = 0; key < FILTER_COUNT; key++)
		for (size_t i = 0; i < cli->filters[key].count; i++) {
			int r = filter_add(filter, key, cli->filters[key].values[i], FILTER_NAMES,
					   err);

			if (r < 0)
				return error_wrap(err, "--%s", filter_keys[key].name);
		}
	if (filter_count(filter, FILTER_TYPE) == 0)
		filter_add_types(filter, types);
	if (cli->failed)
		filter_add_types(filter, EVENT_BIT(EVENT_FAILED));
	if (cli->since_start)
		filter_add_types(filter, EVENT_BIT(EVENT_RUNNING));
	*ret_filter = TAKE_PTR(filter);
	return 0;
}

int watch_options_count(const struct cli *cli, uint64_t *ret_count, struct error *err)
{
	*ret_count = 0;
	if (!cli->count || (parse_u64(cli->count, ret_count) >= 0 && *ret_count > 0))
		return 0;
	return error_set(err, -EINVAL, "--count is \"%s\"; it is a number from 1", cli->count);
}

int watch_options_timeout(const struct cli *cli, uint64_t *ret_ns, struct error *err)
{
	const uint64_t second = UINT64_C(1000000000), most = second * 86400 * 365;

	*ret_ns = 0;
	if (!cli->timeout ||
	    (parse_duration(cli->timeout, second, ret_ns) >= 0 && *ret_ns > 0 && *ret_ns <= most))
		return 0;
	return error_set(err, -EINVAL,
			 "--timeout is \"%s\"; it is a time, as 10, 500ms, 2min or 1h, and not 0",
			 cli->timeout);
}

void watch_options_done(struct cli *cli)
{
	for (enum filter_key key = 0; key < FILTER_COUNT; key++)
		option_list_done(&cli->filters[key]);
	option_list_done(&cli->env);
}
