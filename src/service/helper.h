/* SPDX-License-Identifier: MIT */
/* A program that runs beside a service and soon ends: pre_start, post_stop, a health check. */
#pragma once

#include "launch/launch.h"

#include <systemd/sd-event.h>

struct helper;

/*
 * Waits for the child (which is taken over) and then calls `function` once: with the exit code, or
 * 128 + its signal, or, when `timeout_ns` was over (0: never), -ETIMEDOUT, having killed it.
 */
int helper_new(sd_event *event, struct launch_child *child, uint64_t timeout_ns,
	       void (*function)(int code, void *userdata), void *userdata,
	       struct helper **ret_helper);
/* Kills it, if it runs yet; the function is not called. */
void helper_free(struct helper *helper);
DEFINE_CLEANUP(struct helper *, helper_free);
pid_t helper_pid(const struct helper *helper);
