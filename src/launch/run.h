/* SPDX-License-Identifier: MIT */
/* A program in the place of this one: `reeve run`, after which the terminal sees no difference. */
#pragma once

#include "launch/launch.h"

/*
 * Starts the program and stays until it ends: signals sent to this process go on to the program,
 * those that the terminal sends reach it without help; when the program is stopped (^Z), this
 * process stops too, and when this one is continued, so is the program. For a process with one
 * thread. Signals and their mask are afterwards as they were before.
 *
 * 0 with the program's end in *ret_status; or -errno, with *ret_failure (may be NULL) where the
 * program could not be started.
 */
int launch_run(const struct launch_plan *plan, struct launch_status *ret_status,
	       struct launch_failure *ret_failure, struct error *err);
