/* SPDX-License-Identifier: MIT */
/* Scopes that systemd is asked for: a part of the cgroup tree, with processes in it, that is ours.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>
#include <systemd/sd-bus.h>

struct scope_request {
	const char *scope;	 /* "reeve-x.scope" */
	const char *slice;	 /* "reeve.slice"; NULL: systemd's default */
	const char *description; /* one line */
	pid_t pid;		 /* is moved into it */
};

/* The system bus; where there is none, systemd's own socket. 0 or -errno. */
int scope_open_bus(sd_bus **ret_bus);

/*
 * Starts it with Delegate=yes and waits until it is there. -EEXIST: there is one of that name;
 * -ETIMEDOUT; other -errno, with systemd's own words in `error`.
 */
int scope_start(sd_bus *bus, const struct scope_request *request, sd_bus_error *error);

/* Both, with a sentence: -EEXIST as above; -ENODEV where systemd is not process 1. */
int scope_make(const struct scope_request *request, struct error *err);

/* Whether a name is one part of a path and has the suffix (".slice") behind something. */
bool scope_is_name(const char *name, const char *suffix);
