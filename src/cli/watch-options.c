// SPDX-License-Identifier: MIT
/* From words to a filter: mistakes name the option, and what was meant where that can be guessed.
 */
#include "cli/watch-options.h"

#include "core/filter.h"
#include "source/source.h"
#include "util/suggest.h"
#include "util/units.h"

#include <inttypes.h>

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

int watch_options_source(const struct cli *cli, struct error *err)
{
	const char *names[SOURCES + 1] = { "auto" }, *near;
	size_t count = 1;

	if (!cli->source)
		return 0;
	for (size_t i = 0; i < source_class_count && count <= SOURCES; i++)
		if (source_classes[i]->id != SOURCE_REPLAY)
			names[count++] = source_classes[i]->name;
	for (size_t i = 0; i < count; i++)
		if (streq(names[i], cli->source))
			return 0;
	near = suggest(cli->source, names, count);
	return error_set(err, -EINVAL, "there is no source \"%s\"%s%s%s", cli->source,
			 near ? " (did you mean \"" : " to watch by; reeve doctor lists them",
			 near ? near : "", near ? "\"?)" : "");
}

void watch_tell_losses(const struct cli *cli, const struct stream_losses *losses)
{
	if (losses->lost > 0)
		cli_say(cli, "%s%" PRIu64 " event%s lost in %" PRIu64 " gap%s",
			losses->more ? "at least " : "", losses->lost,
			losses->lost == 1 ? " was" : "s were", losses->gaps,
			losses->gaps == 1 ? "" : "s");
	else if (losses->gaps > 0)
		cli_say(cli,
			"events were lost in %" PRIu64 " gap%s; the kernel does not say how "
			"many",
			losses->gaps, losses->gaps == 1 ? "" : "s");
}

/* What was asked for has been done, also where nobody wants to read on. */
int watch_result(const struct cli *cli, int r, struct error *err)
{
	if (r >= 0 || r == -EPIPE || r == -EINTR) {
		if (err->code < 0)
			return cli_fail(cli, err);
		return EXIT_DONE;
	}
	if (err->code == 0)
		error_set_errno(err, r, "cannot write the output");
	return cli_fail(cli, err);
}

void watch_options_done(struct cli *cli)
{
	for (enum filter_key key = 0; key < FILTER_COUNT; key++)
		option_list_done(&cli->filters[key]);
	option_list_done(&cli->env);
}
