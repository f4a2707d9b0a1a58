/* SPDX-License-Identifier: MIT */
/*
 * The socket that services tell their state to (sd_notify(3)): one for all, since the kernel says
 * who has sent.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>
#include <systemd/sd-event.h>

enum notify_word {
	NOTIFY_READY = 1 << 0,
	NOTIFY_WATCHDOG = 1 << 1,
	NOTIFY_WATCHDOG_TRIGGER = 1 << 2,
	NOTIFY_STOPPING = 1 << 3,
	NOTIFY_RELOADING = 1 << 4,
	NOTIFY_STATUS = 1 << 5,
};

enum { NOTIFY_STATUS_MAX = 256 };

struct notify_message {
	unsigned words;
	char status[NOTIFY_STATUS_MAX]; /* cut; valid text without control characters */
};

/* Reads "READY=1\nSTATUS=...\n"; what is not known is left out. Any bytes are fine. */
void notify_parse(const char *text, size_t size, struct notify_message *ret_message);

struct notify;

typedef void (*notify_fn)(pid_t sender, const struct notify_message *message, void *userdata);

/* `fd`: an earlier one's socket at that path, taken, with what waits in it; -1: none.
 * Makes the socket, and takes the place of one that was left behind. -errno with a sentence. */
int notify_new(sd_event *event, const char *path, int fd, notify_fn function, void *userdata,
	       struct notify **ret_notify, struct error *err);
void notify_free(struct notify *notify);
DEFINE_CLEANUP(struct notify *, notify_free);
/* The socket; borrowed. */
int notify_fd(const struct notify *notify);
const char *notify_path(const struct notify *notify);
