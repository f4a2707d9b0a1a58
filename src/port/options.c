// SPDX-License-Identifier: MIT
/* Options: their names, places and ranges. */
#include "port/options.h"

#include <limits.h>
#include <sys/resource.h>

static const struct option_row {
	const char *name;
	size_t offset;
	int64_t minimum, maximum;
	bool capped; /* a greater value is taken as the maximum */
	bool stock;
} rows[] = {
#define ROW(name, ...)                                                  \
	{                                                               \
#name, offsetof(struct port_options, name), __VA_ARGS__ \
	}
	ROW(maxchild, 0, UINT16_MAX, false, true),
	ROW(maxforkdepth, 0, FRAME_DEPTH_MAX, true, true),
	ROW(exit_status, 0, 1, true, true),
	ROW(termsig, 0, 1, true, true),
	ROW(flowcontrol, -1, INT_MAX, false, true),
	ROW(signaloneof, 0, UINT8_MAX, false, true),
	ROW(stdin_closed, 0, 1, true, true),
	ROW(stdout_closed, 0, 1, true, true),
	ROW(stderr_closed, 0, 1, true, true),
	ROW(rusage, 0, 1, true, false),
	ROW(stdinqueue, 0, INT_MAX, false, false),
	ROW(killdelay, 0, INT_MAX, false, false),
	ROW(uncut, 0, 1, true, false),
};

static const struct option_row *row_find(const char *name, bool stock)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (streq(rows[i].name, name) && (rows[i].stock || !stock))
			return &rows[i];
	return NULL;
}

static int64_t *place(struct port *port, const struct option_row *row)
{
	return (int64_t *)(void *)((char *)&port->options + row->offset);
}

int64_t *option_find(struct port *port, const char *name, bool stock)
{
	const struct option_row *row = row_find(name, stock);

	return row ? place(port, row) : NULL;
}

static bool descriptors_suffice(const struct port *port, int64_t maxchild)
{
	struct rlimit limit;

	if (maxchild < (int64_t)port->children.living || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	return (rlim_t)(maxchild + 1) * FDS_PER_CHILD <= limit.rlim_cur;
}

enum option_set option_set(struct port *port, const char *name, int64_t value, bool stock)
{
	const struct option_row *row = row_find(name, stock);

	if (!row)
		return OPTION_REFUSED;
	if (row->minimum < 0)
		value = MAX(value, row->minimum);
	if (value < row->minimum)
		return OPTION_INVALID;
	if (value > row->maximum && !row->capped)
		return OPTION_REFUSED;
	value = MIN(value, row->maximum);
	if (streq(name, "maxchild") && !descriptors_suffice(port, value))
		return OPTION_REFUSED;
	*place(port, row) = value;
	return OPTION_SET;
}

const char *option_name(size_t index)
{
	return index < ARRAY_SIZE(rows) ? rows[index].name : NULL;
}
