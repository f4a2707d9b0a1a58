/* SPDX-License-Identifier: MIT */
/*
 * A server with a small service, and bare clients to try it. All is one thread: the client's end
 * is a non-blocking socket, and the server's loop is turned by hand.
 */
#pragma once

#include "varlink/server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	sd_event *event;
	struct varlink_server *server;
	char folder[64], path[80];
	struct varlink_call *kept; /* the last call of Later or Watch */
	unsigned gone, touched;
	int last; /* of the last notify */
};

void fixture_start(struct fixture *f, const struct varlink_limits *limits, gid_t gid);
void fixture_stop(struct fixture *f);
const struct varlink_counters *counters(const struct fixture *f);

/* Turns the loop until nothing is left to do. */
void turn(struct fixture *f);
/* A new client; its socket does not block. */
int dial(const struct fixture *f);
void say(struct fixture *f, int fd, const char *text, size_t size);
/* Everything at once, without turning the loop. */
void send_now(int fd, const char *text, size_t size);
void ask(struct fixture *f, int fd, const char *text); /* with its NUL */
/* The next message (owned), or NULL when the server has closed; never more than it. */
char *hear(struct fixture *f, int fd);
void expect(struct fixture *f, int fd, const char *wanted); /* NULL: the end */
/* io.reeve.BadRequest with `part` somewhere, and the end. */
void expect_refusal(struct fixture *f, int fd, const char *part);

#define ECHO_1	     "{\"method\":\"io.test.Echo\",\"parameters\":{\"n\":1}}"
#define ANSWER_1     "{\"parameters\":{\"n\":1}}"
#define LATER	     "{\"method\":\"io.test.Later\"}"
#define TOUCH_ONEWAY "{\"method\":\"io.test.Touch\",\"oneway\":true}"
