// SPDX-License-Identifier: MIT
#include "source/connector-message.h"

#include "test/unit.h"

#include <linux/connector.h>
#include <linux/netlink.h>

/* struct cn_msg, whose last member is of any length. */
struct connector_header {
	uint32_t index, value, sequence, ack;
	uint16_t length, flags;
};

struct datagram {
	struct nlmsghdr header;
	struct connector_header connector;
	char event[sizeof(struct proc_event)];
} __attribute__((packed));

static struct datagram make(const struct proc_event *event)
{
	struct datagram datagram = {
		.header = { .nlmsg_len = sizeof(datagram), .nlmsg_type = NLMSG_DONE },
		.connector = {
			.index = CN_IDX_PROC,
			.value = CN_VAL_PROC,
			.sequence = 41,
			.ack = 42,
			.length = sizeof(*event),
		},
	};

	memcpy(datagram.event, event, sizeof(*event));
	return datagram;
}

static struct connector_message parse(const struct proc_event *event)
{
	struct datagram datagram = make(event);
	struct connector_message message;

	assert_int_equal(connector_message_parse(&datagram, sizeof(datagram), &message), 0);
	assert_int_equal(message.sequence, 41);
	assert_int_equal(message.ack, 42);
	assert_int_equal(message.what, event->what);
	return message;
}

static void test_fork(void **state)
{
	struct proc_event event = { .what = PROC_EVENT_FORK, .cpu = 3, .timestamp_ns = 77 };
	struct connector_message message;

	event.event_data.fork.parent_pid = 1;
	event.event_data.fork.parent_tgid = 2;
	event.event_data.fork.child_pid = 3;
	event.event_data.fork.child_tgid = 4;
	message = parse(&event);
	assert_int_equal(message.cpu, 3);
	assert_int_equal(message.time, 77);
	assert_int_equal(message.parent, 2);
	assert_int_equal(message.tid, 3);
	assert_int_equal(message.pid, 4);
}

static void test_exit(void **state)
{
	struct proc_event event = { .what = PROC_EVENT_EXIT };
	struct connector_message message;

	event.event_data.exit.process_pid = 6;
	event.event_data.exit.process_tgid = 5;
	event.event_data.exit.exit_code = 0x8b;
	event.event_data.exit.parent_pid = 7;
	event.event_data.exit.parent_tgid = 8;
	message = parse(&event);
	assert_int_equal(message.tid, 6);
	assert_int_equal(message.pid, 5);
	assert_int_equal(message.exit_code, 0x8b);
	assert_int_equal(message.parent, 8);
}

static void test_others(void **state)
{
	struct proc_event event = { .what = PROC_EVENT_GID };
	struct connector_message message;

	event.event_data.id.process_pid = 6;
	event.event_data.id.process_tgid = 5;
	event.event_data.id.r.rgid = 100;
	event.event_data.id.e.egid = 101;
	message = parse(&event);
	assert_int_equal(message.tid, 6);
	assert_int_equal(message.pid, 5);
	assert_int_equal(message.real, 100);
	assert_int_equal(message.effective, 101);

	event = (struct proc_event){ .what = PROC_EVENT_COREDUMP };
	event.event_data.coredump.process_tgid = 5;
	event.event_data.coredump.parent_tgid = 9;
	message = parse(&event);
	assert_int_equal(message.pid, 5);
	assert_int_equal(message.parent, 9);

	event = (struct proc_event){ .what = PROC_EVENT_NONE };
	event.event_data.ack.err = EPERM;
	assert_int_equal(parse(&event).error, EPERM);
}

/* A kind that does not exist yet counts, and says nothing. */
static void test_an_unknown_kind(void **state)
{
	struct proc_event event = { .what = PROC_EVENT_NONE, .cpu = 1 };
	struct datagram datagram = make(&event);
	struct connector_message message;
	uint32_t what = 0x400;

	memcpy(datagram.event, &what, sizeof(what));
	memset(datagram.event + offsetof(struct proc_event, event_data), 0xff, 8);
	assert_int_equal(connector_message_parse(&datagram, sizeof(datagram), &message), 0);
	assert_int_equal(message.what, 0x400);
	assert_int_equal(message.cpu, 1);
	assert_int_equal(message.sequence, 41);
	assert_int_equal(message.pid, 0);
}

static void refuse(const struct datagram *datagram, size_t size)
{
	struct connector_message message;

	assert_int_equal(connector_message_parse(datagram, size, &message), -EBADMSG);
}

static void test_what_is_none(void **state)
{
	struct proc_event event = { .what = PROC_EVENT_EXIT };
	const struct datagram good = make(&event);
	struct datagram bad = good;

	for (size_t size = 0; size < sizeof(good); size++)
		refuse(&good, size);
	bad.header.nlmsg_len = sizeof(struct nlmsghdr);
	refuse(&bad, sizeof(bad));
	bad.header.nlmsg_len = 0;
	refuse(&bad, sizeof(bad));
	bad.header.nlmsg_len = UINT32_MAX;
	refuse(&bad, sizeof(bad));
	bad = good;
	bad.header.nlmsg_type = NLMSG_ERROR;
	refuse(&bad, sizeof(bad));
	bad = good;
	bad.connector.index = 5;
	refuse(&bad, sizeof(bad));
	bad = good;
	bad.connector.value = 5;
	refuse(&bad, sizeof(bad));
	bad = good;
	bad.connector.length = sizeof(struct proc_event) + 1;
	refuse(&bad, sizeof(bad));
}

/* A message whose own length says less than its kind needs. */
static void test_short_events(void **state)
{
	struct proc_event event = { .what = PROC_EVENT_EXIT };
	struct datagram datagram = make(&event);
	struct connector_message message;
	const uint16_t data = offsetof(struct proc_event, event_data);

	for (uint16_t length = 0; length < data + 16; length++) {
		datagram.connector.length = length;
		refuse(&datagram, sizeof(datagram));
	}
	datagram.connector.length = data + 16; /* as before 4.18, without the parent */
	assert_int_equal(connector_message_parse(&datagram, sizeof(datagram), &message), 0);
	assert_int_equal(message.parent, 0);

	event.what = PROC_EVENT_EXEC;
	datagram = make(&event);
	datagram.connector.length = data + 7;
	refuse(&datagram, sizeof(datagram));
	datagram.connector.length = data + 8;
	assert_int_equal(connector_message_parse(&datagram, sizeof(datagram), &message), 0);
}

static void test_requests(void **state)
{
	struct {
		struct nlmsghdr header;
		struct connector_header connector;
		uint32_t words[2];
	} __attribute__((packed)) request;
	char buffer[CONNECTOR_REQUEST_MAX];
	const uint32_t mask = 7;
	size_t size;

	size = connector_request(buffer, PROC_CN_MCAST_LISTEN, &mask, 99);
	assert_int_equal(size, sizeof(request));
	memcpy(&request, buffer, size);
	assert_int_equal(request.header.nlmsg_len, size);
	assert_int_equal(request.header.nlmsg_type, NLMSG_DONE);
	assert_int_equal(request.connector.index, CN_IDX_PROC);
	assert_int_equal(request.connector.value, CN_VAL_PROC);
	assert_int_equal(request.connector.ack, 99);
	assert_int_equal(request.connector.length, 8);
	assert_int_equal(request.words[0], PROC_CN_MCAST_LISTEN);
	assert_int_equal(request.words[1], 7);
	size = connector_request(buffer, PROC_CN_MCAST_IGNORE, NULL, 0);
	assert_int_equal(size, sizeof(request) - 4);
	memcpy(&request, buffer, size);
	assert_int_equal(request.connector.length, 4);
	assert_int_equal(request.words[0], PROC_CN_MCAST_IGNORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fork),	     cmocka_unit_test(test_exit),
		cmocka_unit_test(test_others),	     cmocka_unit_test(test_an_unknown_kind),
		cmocka_unit_test(test_what_is_none), cmocka_unit_test(test_short_events),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
