// SPDX-License-Identifier: MIT
/* What did not work, collected: one limit that cannot be set must not hide the next. */
#include "cgroup/internal.h"

#include <stdarg.h>

static void problem_done(struct group_problem *problem)
{
	free(problem->group);
	free(problem->file);
	free(problem->message);
}

void group_problems_done(struct group_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		problem_done(&problems->items[i]);
	free(problems->items);
	*problems = (struct group_problems){ 0 };
}

static int append(struct group_problems *problems, struct group_problem *problem)
{
	struct group_problem *larger =
		reallocarray(problems->items, problems->count + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	problems->items = larger;
	larger[problems->count++] = *problem;
	return 0;
}

int group_problem_add(struct group_problems *problems, const char *group, enum limit limit,
		      const char *file, int code, const char *format, ...)
{
	struct group_problem problem = { .limit = limit, .code = code };
	va_list arguments;
	int n;

	if (!problems)
		return 0;
	va_start(arguments, format);
	n = vasprintf(&problem.message, format, arguments);
	va_end(arguments);
	if (n < 0)
		problem.message = NULL;
	problem.group = strdup(group);
	problem.file = file ? strdup(file) : NULL;
	if (problem.message && problem.group && (problem.file || !file) &&
	    append(problems, &problem) == 0)
		return 0;
	problem_done(&problem);
	return -ENOMEM;
}

void group_problems_move(struct group_problems *to, struct group_problems *from)
{
	/* What no longer fits into memory is dropped: the rest still tells. */
	for (size_t i = 0; i < from->count; i++)
		if (!to || append(to, &from->items[i]) < 0)
			problem_done(&from->items[i]);
	free(from->items);
	*from = (struct group_problems){ 0 };
}
