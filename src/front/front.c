// SPDX-License-Identifier: MIT
/*
 * reeve: the command as it is started. To load the libraries of all commands takes longer than to
 * launch a program, and `reeve run` is started as often as programs are. So this program is small
 * and static, and does what `reeve run` is mostly asked for: a launch, in a group that the daemon
 * knows, or makes for it. Everything else it leaves, before anything was done, to reeve-commands,
 * which it executes in its own place with the same words: other commands, all that has to be said,
 * and every launch that fails, which fails there once more and is told. So nothing here prints, but
 * for what becomes of a program that runs already, and of its group.
 *
 * What both do they do by the same code: src/launch, and the recipe's table of options.
 */
#include "front/given-limits.h"
#include "front/locate.h"
#include "front/passing.h"
#include "launch/recipe-options.h"
#include "launch/run.h"
#include "launch/tree.h"
#include "util/places.h"
#include "util/units.h"

#include <limits.h>

#define WHOLE "reeve-commands"

enum { OWN_OPTIONS = 6, EXIT_TIME_LIMIT = 124 /* as timeout(1) */ };

/* Keys that take more than is here: names of users (which a host may keep anywhere), and
 * a guardian for what is to end with its starter. */
static const char *const left_keys[] = { "die-with-parent", "groups", "user" };

struct front {
	const char *runtime_dir, *group, *name, *timeout, *cpu_time;
	struct limits_given limits;
	struct recipe_options given;
	struct recipe *recipe;
	struct entrance entrance;
	struct passing passing;
	struct launch_tree tree; /* where the program may have to be ended with all it started */
	struct launch_run wanted;
	struct launch_signals signals; /* as this process was given them */
};

static bool is_left(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_keys); i++)
		if (streq(left_keys[i], key))
			return true;
	return false;
}

/* A group is there, or is made with limits; without either there is something else to be done. */
static bool is_whole(const struct front *front)
{
	bool limits = limits_are_given(&front->limits);

	if (front->group)
		return !limits && !front->name;
	return limits || (!front->name && (front->timeout || front->cpu_time ||
					   recipe_options_given(&front->given)));
}

/* A tree that may have to be ended is in a group of its own, where we are root. */
static bool makes_group(const struct front *front)
{
	return !front->group && (limits_are_given(&front->limits) ||
				 ((front->timeout || front->cpu_time) && geteuid() == 0));
}

static int read_time(const char *text, uint64_t *ret_ns)
{
	int r = text ? parse_duration(text, 1000000000, ret_ns) : 0;

	return r == 0 && text && (*ret_ns == 0 || *ret_ns > INT64_MAX) ? -EINVAL : r;
}

static int read_times(struct front *front)
{
	int r = read_time(front->timeout, &front->wanted.timeout);

	return r < 0 ? r : read_time(front->cpu_time, &front->wanted.cpu_time);
}

/* The first word of the program's in *ret_program. */
static int read_words(struct front *front, int argc, char **argv, char ***ret_program,
		      struct error *err)
{
	const char *config; /* for those without a daemon */
	const struct option own[OWN_OPTIONS] = {
		{ .name = "config", .letter = 'c', .kind = OPTION_STRING, .target = &config },
		{ .name = "runtime-dir", .kind = OPTION_STRING, .target = &front->runtime_dir },
		{ .name = "group", .letter = 'g', .kind = OPTION_STRING, .target = &front->group },
		{ .name = "name", .letter = 'n', .kind = OPTION_STRING, .target = &front->name },
		{ .name = "timeout", .kind = OPTION_STRING, .target = &front->timeout },
		{ .name = "cpu-time", .kind = OPTION_STRING, .target = &front->cpu_time },
	};
	/* Not cleared: it is several pages, of which the rest is never touched. */
	struct option options[OWN_OPTIONS + LIMIT_COUNT + RECIPE_KEYS_MAX];
	struct command_line line = { .options = options, .stop_at_operand = true };
	size_t count = OWN_OPTIONS + limits_rows(&front->limits, options + OWN_OPTIONS);
	size_t end = count + recipe_options_rows(&front->given, options + count);
	bool help = false;
	int first;

	memcpy(options, own, sizeof(own));
	for (size_t i = count; i < end; i++)
		if (!is_left(options[i].name))
			options[count++] = options[i];
	line.option_count = count;
	first = options_parse(&line, argc, argv, &help, err);
	if (first < 0 || help || first == argc)
		return -EINVAL;
	*ret_program = argv + first;
	return is_whole(front) ? read_times(front) : -EINVAL;
}

/* Also after an error: the daemon makes the group, whoever hears of it. */
static int end_passing(struct front *front, int before)
{
	int r = passing_end(&front->passing, &front->entrance);

	return before < 0 ? before : r;
}

static int make_plan(struct front *front, struct launch_plan *plan, struct error *err)
{
	_cleanup_(closep) int asked = -1;
	bool own = makes_group(front);
	int r = 0;

	if (front->group) {
		if (locate_known(front->runtime_dir, front->group, &front->entrance) < 0)
			r = locate_begin(front->runtime_dir, front->group, &asked);
	} else if (own)
		r = passing_begin(&front->passing, front->runtime_dir, front->name, &front->limits);
	/* While the daemon works. */
	if (r == 0)
		r = recipe_new(&front->recipe);
	if (r == 0)
		r = recipe_options_apply(&front->given, front->recipe, err);
	if (r == 0)
		r = recipe_plan(front->recipe, plan, err);
	if (r == 0 && recipe_remark(front->recipe, 0))
		r = -EOPNOTSUPP; /* something is to be said first */
	if (r == 0 && asked >= 0)
		r = locate_end(asked, &front->entrance);
	if (own && front->passing.fd >= 0)
		r = end_passing(front, r);
	entrance_plan(&front->entrance, plan);
	return r;
}

static int prepare_tree(struct front *front)
{
	int r;

	if (!front->wanted.timeout && !front->wanted.cpu_time)
		return 0;
	r = launch_tree_init(&front->tree);
	if (r < 0)
		return r;
	front->wanted.tree = &front->tree;
	/* Of a group that was there before others are members, too. */
	for (size_t i = 0; i < front->passing.places.count; i++)
		launch_tree_add_folder(&front->tree, front->passing.places.paths[i]);
	return 0;
}

/* The program's exit code; -errno while nothing has been started. */
static int run(struct front *front, int argc, char **argv)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_plan plan = { .clone_fd = -1, .signals = &front->signals };
	struct launch_failure failure;
	struct launch_end end;
	char **program = NULL;
	int r = read_words(front, argc, argv, &program, &err);

	plan.argv = program;
	front->wanted.plan = &plan;
	if (r == 0)
		r = make_plan(front, &plan, &err);
	if (r == 0)
		r = prepare_tree(front);
	if (r < 0)
		return r;
	r = launch_run_whole(&front->wanted, &end, &failure, &err);
	if (r >= 0 && end.status.exit_code != 0)
		passing_tell(&front->passing);
	if (r >= 0)
		return end.reason == LAUNCH_TIMEOUT || end.reason == LAUNCH_CPU_TIME
			       ? EXIT_TIME_LIMIT
			       : end.status.exit_code;
	if (failure.step != LAUNCH_SUPERVISION)
		return r;
	fprintf(stderr, "reeve: %s\n", error_text(&err));
	return LAUNCH_EXIT_FAILED;
}

static void front_done(struct front *front)
{
	if (front->wanted.tree)
		launch_tree_done(&front->tree);
	entrance_done(&front->entrance);
	passing_done(&front->passing);
	limits_given_done(&front->limits);
	recipe_free(front->recipe);
	recipe_options_done(&front->given);
}

/* The whole program beside this one, as in a build folder, or where it is installed. */
static int become_whole(char **argv)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - sizeof(WHOLE));
	const char *installed = REEVE_LIBEXEC_DIR "/" WHOLE;
	char *name;

	path[MAX(size, 0)] = '\0';
	name = strrchr(path, '/');
	if (name) {
		memcpy(name + 1, WHOLE, sizeof(WHOLE));
		(void)execv(path, argv);
	}
	(void)execv(installed, argv);
	fprintf(stderr, "reeve: cannot execute %s: %s\n", installed, strerror(errno));
	return LAUNCH_EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct front front = { .runtime_dir = PLACE_RUNTIME };
	int code = -EINVAL;

	entrance_init(&front.entrance);
	passing_init(&front.passing);
	launch_signals_inherit(&front.signals);
	if (argc > 2 && streq(argv[1], "run"))
		code = run(&front, argc - 1, argv + 1);
	front_done(&front);
	return code >= 0 ? code : become_whole(argv);
}
