// SPDX-License-Identifier: MIT
/* Forms of arguments: none, very many, very long, and a name that lies. */
#include "core/corpus-internal.h"

#include <sys/resource.h>

enum {
	MANY = 400,
	LONG_BYTES = 100 * 1000,
	HUGE_COUNT = 16,
	HUGE_BYTES =
		128 * 1024 - 1, /* with its NUL the most that the kernel takes: MAX_ARG_STRLEN */
	HUGE_STACK = 64 * 1024 * 1024,
};

/*
 * argv[0], the tag and then `count` arguments of `size` bytes, which count up.
 */
static int make_many(struct corpus_run *run, size_t count, size_t size, struct error *err)
{
	char **argv = arena_alloc(run->arena, (count + 3) * sizeof(*argv));
	size_t used = run->told.size, room = used + count * (size + 1);
	char *told = arena_alloc(run->arena, room);

	if (!argv || !told)
		return error_oom(err);
	memcpy(told, run->told.data, used);
	argv[0] = run->argv[0];
	argv[1] = run->argv[1];
	for (size_t i = 0; i < count; i++) {
		char *at = told + used;
		int digits = snprintf(at, size + 1, "%zu-", i);

		memset(at + digits, 'a' + (int)(i % 26), size - (size_t)digits);
		argv[2 + i] = at;
		used += size + 1; /* zeroed: the NUL is there */
	}
	run->argv = argv;
	run->told = (struct slice){ told, room };
	return 0;
}

static int prepare_many(struct corpus_run *run, struct error *err)
{
	return make_many(run, MANY, 8, err);
}

static int prepare_long(struct corpus_run *run, struct error *err)
{
	return make_many(run, 1, LONG_BYTES, err);
}

static int prepare_huge(struct corpus_run *run, struct error *err)
{
	return make_many(run, HUGE_COUNT, HUGE_BYTES, err);
}

/* Arguments may have a quarter of the stack's limit. */
static int set_up_huge(struct corpus_run *run)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) < 0)
		return corpus_cannot(run, "read the limit of its stack");
	if (limit.rlim_cur >= HUGE_STACK)
		return 0;
	limit.rlim_cur = HUGE_STACK;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_STACK, &limit) < 0)
		return corpus_cannot(run, "raise the limit of its stack");
	return 0;
}

static int prepare_none(struct corpus_run *run, _unused_ struct error *err)
{
	run->argv[0] = NULL;
	run->told = (struct slice){ "", 1 };
	return 0;
}

/* From Linux 5.18 on the kernel gives it an empty one. */
static void expect_none(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);

	corpus_also(record, ARGV, argv, ((struct slice){ "", 0 }));
}

const struct corpus_form corpus_argument_forms[] = {
	{ .about = { "arguments-none", "no arguments at all, not even a name", CASE_SMALL },
	  .prepare = prepare_none,
	  .expect = expect_none },
	{ .about = { "arguments-lie", "a name that is not its own: [kworker/u8:1]", CASE_SMALL },
	  .argv = { "[kworker/u8:1]", TAG } },
	{ .about = { "arguments-empty", "empty arguments among others" },
	  .argv = { "", "", TAG, "", "x", "" } },
	{ .about = { "arguments-400", "400 arguments" }, .prepare = prepare_many },
	{ .about = { "arguments-100k", "an argument of 100,000 bytes" }, .prepare = prepare_long },
	{ .about = { "arguments-2m", "2 MiB of arguments, of which 256 KiB are kept" },
	  .prepare = prepare_huge,
	  .set_up = set_up_huge,
	  .event_flags = FLAG_ARGV_CUT },
};
const size_t corpus_argument_form_count = ARRAY_SIZE(corpus_argument_forms);
