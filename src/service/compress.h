/* SPDX-License-Identifier: MIT */
/* A file made into FILE.gz a piece at a time, so that the loop never waits for it. */
#pragma once

#include "util/macros.h"

#include <systemd/sd-event.h>

struct compress;

/*
 * Begins to write <file>.gz, and removes `file` when that is whole; then `done` is called with 0 or
 * a negative errno (the file is left as it was), and the object is freed behind it.
 */
int compress_new(sd_event *event, const char *file, void (*done)(int code, void *userdata),
		 void *userdata, struct compress **ret_compress);
/* Gives it up: the file stays as it was. */
void compress_free(struct compress *compress);
DEFINE_CLEANUP(struct compress *, compress_free);
