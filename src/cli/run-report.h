/* SPDX-License-Identifier: MIT */
/* What is told of a program's end: a line for people, a record for programs. */
#pragma once

#include "cli/cli.h"
#include "launch/kernel-log.h"
#include "launch/run.h"

struct run_report {
	const struct cli *cli;
	const char *program;
	const char *group;    /* NULL: none */
	bool own_group;	      /* all that it used is the program's */
	const json_t *usage;  /* of the group; NULL: not known */
	char *const *folders; /* of the group */
	size_t folder_count;
	const struct launch_end *end;
	struct kernel_log *log; /* since the start */
	uint64_t timeout, cpu_time;
};

/* Why it ended, in the record's word: "exit", "signal", "oom-kill", ... */
const char *run_report_reason(const struct run_report *report);

/* The record, without what the kernel's log tells; owned. */
json_t *run_report_json(const struct run_report *report);

/*
 * Writes the record to `out` as one line (NULL: not wanted) and says the line for people. Returns
 * 0 or -errno of the writing.
 */
int run_report_tell(const struct run_report *report, FILE *out);
