/* SPDX-License-Identifier: MIT */
/* The control socket, by hand: a call is a line of JSON that ends with a NUL. */
#pragma once

#include "util/fd.h"

enum { ASK_ANSWER_MAX = 16384, ASK_REQUEST_MAX = 2048 };

/* Whether it can stand between quotes as it is. */
bool ask_is_plain(const char *text);

/* *ret_fd is where the daemon hears. -errno: there is none. */
int ask_open(const char *runtime_dir, int patience_seconds, int *ret_fd);
/* `size` without the NUL, which goes with it. 0 or -errno. */
int ask_send(int fd, const char *request, size_t size);
/* The answer as text; -EAGAIN when it takes too long, -ECONNRESET, -EMSGSIZE, other -errno. */
int ask_receive(int fd, char answer[static ASK_ANSWER_MAX]);
