/* SPDX-License-Identifier: MIT */
/*
 * Messages between a daemon and the one that takes its place: an object with a member "type", and
 * descriptors, each with a name. Nothing of them depends on the layout of either's memory, so that
 * two versions understand each other: who does not know a name leaves it.
 */
#pragma once

#include "util/error.h"

#include <jansson.h>

enum { HANDOVER_FDS = 200 };

/* What is to be sent; begin with handover_begin(). */
struct handover_out {
	json_t *object, *names;
	int fds[HANDOVER_FDS]; /* borrowed */
	size_t count;
};
int handover_begin(struct handover_out *out, const char *type);
/* -ENOSPC: there are too many; -1 for `fd`: nothing is added. */
int handover_add(struct handover_out *out, const char *name, int fd);
/* Sends it on a SOCK_SEQPACKET socket, whatever its size, and empties it. -errno. */
int handover_send(int socket, struct handover_out *out);
void handover_out_done(struct handover_out *out);

struct handover_in {
	json_t *object;
	int fds[HANDOVER_FDS]; /* -1: taken */
	size_t count;
};
/*
 * Waits for the next one. -ETIMEDOUT, -EPIPE (the other one has gone), -EBADMSG; a negative errno
 * that the other one sent by handover_send_errno(); others.
 */
int handover_receive(int socket, int timeout_ms, struct handover_in *ret_in);
void handover_in_done(struct handover_in *in);
bool handover_is(const struct handover_in *in, const char *type);
/* The descriptor of that name, which is the caller's then; -1: there is none. */
int handover_take(struct handover_in *in, const char *name);
/* The name of number `index`, and its descriptor, taken; NULL behind the last. */
const char *handover_take_at(struct handover_in *in, size_t index, int *ret_fd);

/* For who could not even begin; may be called between fork(2) and execve(2). */
void handover_send_errno(int socket, int code);
