/* SPDX-License-Identifier: MIT */
/*
 * The multicast group of audit records, which any number of programs can read beside the audit
 * daemon (Linux 3.16; CAP_AUDIT_READ).
 */
#pragma once

#include "util/error.h"
#include "util/text.h"

struct audit_socket;

/* `buffer`: bytes that the kernel may keep for us. -EPERM: CAP_AUDIT_READ is missing. */
int audit_socket_new(size_t buffer, struct audit_socket **ret_socket, struct error *err);
void audit_socket_free(struct audit_socket *socket);
DEFINE_CLEANUP(struct audit_socket *, audit_socket_free);

int audit_socket_fd(const struct audit_socket *socket);

typedef void (*audit_record_fn)(unsigned type, struct slice text, void *userdata);

/*
 * Hands out some of the records that wait, and never waits itself. Returns how many; 0: there is
 * none; -ENOBUFS: some that would have come next were lost, ask again; another negative errno.
 * What the kernel has not sent, or what is cut short, is dropped and counted.
 */
int audit_socket_read(struct audit_socket *socket, audit_record_fn function, void *userdata);
/* Records of the kernel's that were cut short. */
uint64_t audit_socket_cut(const struct audit_socket *socket);
