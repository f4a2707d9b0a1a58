/* SPDX-License-Identifier: MIT */
/* Where systemd is PID 1, the cgroup tree is its own: we write only where it lets us. */
#pragma once

#include "util/error.h"

struct groups;

/*
 * Finds or asks for a place of our own and sets it as the instance's base in every hierarchy where
 * systemd gave us one: the delegated unit that we run in, else a scope "reeve-<name>.scope".
 * Moves this process into the leaf "daemon" of it, so that groups can be made beside it.
 */
int systemd_claim(struct groups *groups, struct error *err);
