/* SPDX-License-Identifier: MIT */
/*
 * A command that answers the gate itself (`--source gate`) must have a guard, as the daemon has
 * one (core/guard.h): were it stopped, by Ctrl-Z or SIGSTOP, every execution of the machine would
 * wait for it.
 */
#pragma once

#include "source/source.h"

/*
 * Forks: the caller goes on in the child, and its parent becomes the guard, which ends with the
 * child's exit code and never returns. To be called before there is a loop, a thread or buffered
 * output. 0 and the socket to the guard, or -errno.
 */
int guarded_begin(int *ret_socket, struct error *err);

/* Hands the gate of an open source `gate` to the guard. 0 or -errno. */
int guarded_share(int socket, const struct source *source, struct error *err);
