/* SPDX-License-Identifier: MIT */
/*
 * libcgroup's register socket: cgexec, and cgclassify with --sticky, tell of processes that rules
 * must leave where they are. A request is a process's number and flags, 4 bytes each in the host's
 * order; the answer is "SUCCESS_STORE_PID" with its NUL, or nothing.
 */
#pragma once

#include "core/exempt.h"

#include <systemd/sd-event.h>

enum register_flags {
	REGISTER_CHILDREN = 1 << 0, /* what descends from it, too */
	REGISTER_CANCEL = 1 << 1,
};

#define REGISTER_ANSWER "SUCCESS_STORE_PID"

struct registrar;

struct registrar_options {
	const char *path;
	int listener;	       /* an earlier one's, which listens there already; taken; 0: none */
	uid_t uid;	       /* the socket's owner; -1: root */
	gid_t gid;	       /* and its group */
	struct exempt *exempt; /* borrowed */
	/* Somebody was added or removed. */
	void (*changed)(void *userdata);
	void *userdata;
};

struct registrar_counters {
	uint64_t stored, cancelled;
	uint64_t refused; /* not theirs to speak for, gone, or no whole request */
	uint64_t silent;  /* said nothing in time, or had to make room */
};

/* Listens. -EADDRINUSE: another daemon does; others with a sentence. */
int registrar_new(const struct host *host, sd_event *event, const struct registrar_options *options,
		  struct registrar **ret_registrar, struct error *err);
/* Closes, and removes the socket's file. */
void registrar_free(struct registrar *registrar);
DEFINE_CLEANUP(struct registrar *, registrar_free);

/* The listening socket; borrowed. */
int registrar_fd(const struct registrar *registrar);
/* Somebody else listens from now on: no new client is taken, and the socket's file stays. */
void registrar_retire(struct registrar *registrar);

const struct registrar_counters *registrar_counters(const struct registrar *registrar);
