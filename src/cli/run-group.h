/* SPDX-License-Identifier: MIT */
/* The group of a program that `reeve run` starts. */
#pragma once

#include "cli/cli.h"
#include "launch/entrance.h"

struct run_group {
	struct cli *cli;
	char *name;	/* owned; NULL: none */
	bool transient; /* made for the program, and removed after it */
	bool optional;	/* wanted for what it tells; who may have none goes on without */
	char *folders[HIERARCHY_MAX]; /* owned */
	size_t folder_count;
	struct entrance entrance;
	struct control *control; /* open before the program and after it, never meanwhile */
};

void run_group_init(struct run_group *group, struct cli *cli);
/* Removes a transient one, and says what stays. */
void run_group_done(struct run_group *group);

/*
 * The one of --group, or a new one with the limits that were given; none where nothing asks for
 * one. -errno with a sentence; -EOPNOTSUPP: a limit cannot be set.
 */
int run_group_prepare(struct run_group *group, struct error *err);

/* What it has used; NULL: no group, or it does not tell. Owned. */
json_t *run_group_usage(struct run_group *group);
