/* SPDX-License-Identifier: MIT */
/*
 * The netlink socket of the process connector: subscribing, receiving in batches from the kernel
 * alone, and the kernel's count of what it could not deliver.
 */
#pragma once

#include "source/connector-message.h"
#include "util/error.h"
#include "util/host.h"

struct connector_socket;

/*
 * A socket that is subscribed to everything. `buffer`: bytes that the kernel may hold for it.
 * -EPROTONOSUPPORT: the kernel has no connector, or none for processes; -EPERM: needs
 * CAP_NET_ADMIN; -EXDEV: we are not in the host's namespaces; the sentence says it.
 */
int connector_socket_new(const struct host *host, size_t buffer,
			 struct connector_socket **ret_socket, struct error *err);
/* Ends the subscription properly: the kernel counts listeners, and may count those for ever that
 * only close. */
void connector_socket_free(struct connector_socket *socket);
DEFINE_CLEANUP(struct connector_socket *, connector_socket_free);

int connector_socket_fd(const struct connector_socket *socket);

/*
 * What is sent from now on: bits of PROC_EVENT_*; UINT32_MAX: everything; 0: nothing. A kernel that
 * cannot choose (before 6.6) sends everything for any but 0. Returns 1 if the kernel chooses, 0 if
 * it sends everything, or -errno.
 */
int connector_socket_choose(struct connector_socket *socket, uint32_t mask);
bool connector_socket_can_choose(const struct connector_socket *socket);

/*
 * Receives at most `room` messages without waiting. Returns how many; 0: no more now; -ENOBUFS:
 * messages were lost (where the kernel does not count); another -errno: the socket is of no use
 * any more. Datagrams that are not the kernel's, or not of its form, are left out.
 */
ssize_t connector_socket_receive(struct connector_socket *socket,
				 struct connector_message *messages, size_t room);

/* How many messages the kernel has dropped for this socket since the last call. */
uint32_t connector_socket_dropped(struct connector_socket *socket);
/* False: the kernel does not count (before 4.12). */
bool connector_socket_counts(const struct connector_socket *socket);
