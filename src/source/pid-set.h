/* SPDX-License-Identifier: MIT */
/* A few process ids. */
#pragma once

#include "util/macros.h"

struct pid_set {
	uint32_t *pids; /* in no order */
	size_t count, room;
};

bool pid_set_has(const struct pid_set *set, uint32_t pid);
/* 0, or -ENOMEM: then it is as it was. One that is there already stays. */
int pid_set_add(struct pid_set *set, uint32_t pid);
void pid_set_remove(struct pid_set *set, uint32_t pid);
void pid_set_done(struct pid_set *set);
