// SPDX-License-Identifier: MIT
#include "core/handover.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sys/socket.h>

static void open_pair(int sockets[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
}

static void test_whole(void **state)
{
	int sockets[2], ends[2], fd;
	struct handover_out out;
	struct handover_in in;
	char byte;

	open_pair(sockets);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(handover_begin(&out, "begin"), 0);
	assert_int_equal(json_object_set_new(out.object, "guard", json_integer(7)), 0);
	assert_int_equal(handover_add(&out, "none", -1), 0);
	assert_int_equal(handover_add(&out, "write", ends[1]), 0);
	assert_int_equal(handover_add(&out, "read", ends[0]), 0);
	assert_int_equal(handover_send(sockets[0], &out), 0);
	close(ends[0]);
	close(ends[1]);

	assert_int_equal(handover_receive(sockets[1], 1000, &in), 0);
	assert_true(handover_is(&in, "begin"));
	assert_false(handover_is(&in, "go"));
	assert_int_equal(json_integer_value(json_object_get(in.object, "guard")), 7);
	assert_int_equal(handover_take(&in, "none"), -1);
	fd = handover_take(&in, "read");
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(handover_take(&in, "read"), -1);
	/* What nobody has taken is closed: the other end of the pipe. */
	handover_in_done(&in);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

static void test_large(void **state)
{
	_cleanup_(freep) char *text = calloc(1, 4 << 20);
	struct handover_out out;
	struct handover_in in;
	int sockets[2];

	open_pair(sockets);
	memset(text, 'x', (4 << 20) - 1);
	assert_int_equal(handover_begin(&out, "go"), 0);
	json_object_set_new(out.object, "text", json_string(text));
	for (int i = 0; i < HANDOVER_FDS; i++)
		assert_int_equal(handover_add(&out, "one", sockets[0]), 0);
	assert_int_equal(handover_add(&out, "more", sockets[0]), -ENOSPC);
	assert_int_equal(handover_send(sockets[0], &out), 0);
	assert_int_equal(handover_receive(sockets[1], 1000, &in), 0);
	assert_int_equal(in.count, HANDOVER_FDS);
	assert_string_equal(json_string_value(json_object_get(in.object, "text")), text);
	handover_in_done(&in);
	close(sockets[0]);
	close(sockets[1]);
}

static void test_ends(void **state)
{
	struct handover_out out;
	struct handover_in in;
	int sockets[2];

	open_pair(sockets);
	assert_int_equal(handover_receive(sockets[0], 0, &in), -ETIMEDOUT);
	/* It went without reading ours: its reason comes first all the same. */
	assert_int_equal(handover_begin(&out, "begin"), 0);
	assert_int_equal(handover_send(sockets[0], &out), 0);
	handover_send_errno(sockets[1], -ENOEXEC);
	close(sockets[1]);
	assert_int_equal(handover_receive(sockets[0], 0, &in), -ENOEXEC);
	assert_int_equal(handover_receive(sockets[0], 0, &in), -EPIPE);
	close(sockets[0]);
	open_pair(sockets);
	assert_int_equal(send(sockets[1], "rubbish", 7, 0), 7);
	assert_int_equal(handover_receive(sockets[0], 0, &in), -EBADMSG);
	close(sockets[0]);
	close(sockets[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
