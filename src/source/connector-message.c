// SPDX-License-Identifier: MIT
/*
 * A datagram is nlmsghdr, cn_msg, proc_event; the kernel sends one event in each. Fields are copied
 * out, never read in place: nothing aligns them. Older kernels end exit and coredump before the
 * parent (it came with 4.18), but all send the whole union.
 */
#include "source/connector-message.h"

#include <linux/connector.h>
#include <linux/netlink.h>

#define EVENT_DATA_OFFSET offsetof(struct proc_event, event_data)

/* How many bytes of event_data a kind must have. */
static size_t least_size(uint32_t what)
{
	switch (what) {
	case PROC_EVENT_NONE:
		return sizeof(uint32_t);
	case PROC_EVENT_EXEC:
	case PROC_EVENT_SID:
		return sizeof(struct exec_proc_event);
	case PROC_EVENT_FORK:
	case PROC_EVENT_UID:
	case PROC_EVENT_GID:
	case PROC_EVENT_PTRACE:
	case PROC_EVENT_EXIT:
		return sizeof(struct fork_proc_event);
	case PROC_EVENT_COMM:
	case PROC_EVENT_COREDUMP:
		return 2 * sizeof(uint32_t);
	default:
		return 0;
	}
}

static void read_event(const struct proc_event *event, struct connector_message *message)
{
	message->what = event->what;
	message->cpu = event->cpu;
	message->time = event->timestamp_ns;
	switch (message->what) {
	case PROC_EVENT_NONE:
		message->error = event->event_data.ack.err;
		return;
	case PROC_EVENT_FORK:
		message->pid = (uint32_t)event->event_data.fork.child_tgid;
		message->tid = (uint32_t)event->event_data.fork.child_pid;
		message->parent = (uint32_t)event->event_data.fork.parent_tgid;
		return;
	case PROC_EVENT_UID:
	case PROC_EVENT_GID:
		message->real = event->event_data.id.r.ruid;
		message->effective = event->event_data.id.e.euid;
		break;
	case PROC_EVENT_COREDUMP:
		message->parent = (uint32_t)event->event_data.coredump.parent_tgid;
		break;
	case PROC_EVENT_EXIT:
		message->parent = (uint32_t)event->event_data.exit.parent_tgid;
		message->exit_code = event->event_data.exit.exit_code;
		break;
	case PROC_EVENT_EXEC:
		break;
	default:
		return;
	}
	/* All but fork begin with the thread and its process. */
	message->tid = (uint32_t)event->event_data.exec.process_pid;
	message->pid = (uint32_t)event->event_data.exec.process_tgid;
}

int connector_message_parse(const void *data, size_t size, struct connector_message *ret_message)
{
	struct connector_message message = { 0 };
	struct proc_event event = { 0 };
	struct nlmsghdr header;
	struct cn_msg connector;
	const char *at = data;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, at, sizeof(header));
	if (header.nlmsg_len < NLMSG_HDRLEN + sizeof(connector) || header.nlmsg_len > size)
		return -EBADMSG;
	size = header.nlmsg_len - NLMSG_HDRLEN - sizeof(connector);
	memcpy(&connector, at + NLMSG_HDRLEN, sizeof(connector));
	at += NLMSG_HDRLEN + sizeof(connector);
	if (header.nlmsg_type != NLMSG_DONE || connector.id.idx != CN_IDX_PROC ||
	    connector.id.val != CN_VAL_PROC || connector.len > size ||
	    connector.len < EVENT_DATA_OFFSET)
		return -EBADMSG;
	size = connector.len;
	memcpy(&event, at, MIN(size, sizeof(event)));
	if (size - EVENT_DATA_OFFSET < least_size(event.what))
		return -EBADMSG;
	message.sequence = connector.seq;
	message.ack = connector.ack;
	read_event(&event, &message);
	*ret_message = message;
	return 0;
}

size_t connector_request(void *buffer, enum proc_cn_mcast_op op, const uint32_t *mask, uint32_t ack)
{
	uint32_t input[2] = { op, mask ? *mask : 0 };
	uint16_t size = mask ? sizeof(input) : sizeof(input[0]);
	struct cn_msg connector = {
		.id = { .idx = CN_IDX_PROC, .val = CN_VAL_PROC },
		.seq = 0,
		.ack = ack,
		.len = size,
	};
	struct nlmsghdr header = {
		.nlmsg_len = NLMSG_LENGTH(sizeof(connector) + size),
		.nlmsg_type = NLMSG_DONE,
	};
	char *at = buffer;

	memcpy(at, &header, sizeof(header));
	memcpy(at + NLMSG_HDRLEN, &connector, sizeof(connector));
	memcpy(at + NLMSG_HDRLEN + sizeof(connector), input, size);
	return header.nlmsg_len;
}
