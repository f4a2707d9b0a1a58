/* SPDX-License-Identifier: MIT */
/* One instance of a name at a time, on the whole host, whatever its runtime folder. */
#pragma once

#include "util/error.h"

/*
 * Takes /run/reeve-<name>.lock, for a daemon or for a command. A daemon that is just ending is
 * waited for, up to a second; commands that take turns, up to twenty seconds. Returns a descriptor
 * that holds it, -EBUSY with a sentence, or another negative errno.
 */
int instance_lock(const char *name, bool daemon, struct error *err);
/* Gives it up and removes the file. */
void instance_unlock(int fd, const char *name);
