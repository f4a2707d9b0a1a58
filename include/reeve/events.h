/* SPDX-License-Identifier: MIT */
/*
 * What processes do, as the daemon sees it: executions, forks, ends and more. docs/events.md has
 * the members of an event.
 *
 * Functions return 0 or a negative errno, with a sentence as in reeve/launch.h. A subscription is
 * used by one thread at a time.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct reeve_subscription;
struct reeve_event;

/*
 * `filter` is a JSON object of lists of words, NULL for all executions:
 * {"type": ["exec", "exit"], "exe": ["/usr/bin/ssh"]}. `runtime_folder` NULL: /run/reeve.
 */
int reeve_subscribe(const char *runtime_folder, const char *filter,
		    struct reeve_subscription **ret_subscription, char **ret_sentence);
void reeve_subscription_close(struct reeve_subscription *subscription); /* NULL is allowed */

/* A descriptor for poll(2): when it can be read, reeve_next_event() is to be called until
 * -EAGAIN. */
int reeve_subscription_fd(const struct reeve_subscription *subscription);

/* The next event, owned by the caller. -EAGAIN: none within timeout_ms (0: does not wait; -1: for
 * ever); -EPIPE: the daemon has ended. */
int reeve_next_event(struct reeve_subscription *subscription, int timeout_ms,
		     struct reeve_event **ret_event, char **ret_sentence);

/* How many events the daemon had for us that we were too slow for. */
uint64_t reeve_subscription_lost(const struct reeve_subscription *subscription);

/* Members by their name ("exe", "container.id"); NULL: it is not known, or of another type. They
 * live as long as the event. */
const char *reeve_event_text(const struct reeve_event *event, const char *member);
/* -ENOENT: not known, or no whole number. */
int reeve_event_number(const struct reeve_event *event, const char *member, int64_t *ret_number);
/* All of it, as JSON in one line; freed by the caller, NULL without memory. */
char *reeve_event_json(const struct reeve_event *event);
void reeve_event_free(struct reeve_event *event); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
