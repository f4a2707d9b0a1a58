// SPDX-License-Identifier: MIT
/* What the tests of the server share. */
#include "varlink/test-fixture.h"

#include "util/host.h"

#include <sys/socket.h>
#include <sys/un.h>

/* ---- the service ---- */

static int echo(struct varlink_call *call, json_t *parameters, void *userdata)
{
	return varlink_reply(call, json_incref(parameters));
}

static int touch(struct varlink_call *call, json_t *parameters, void *userdata)
{
	struct fixture *f = userdata;

	f->touched++;
	return varlink_reply(call, NULL);
}

static void on_gone(struct varlink_call *call, void *userdata)
{
	struct fixture *f = userdata;

	assert_ptr_equal(f->kept, call);
	f->kept = NULL;
	f->gone++;
}

static int later(struct varlink_call *call, json_t *parameters, void *userdata)
{
	struct fixture *f = userdata;

	f->kept = call;
	varlink_on_gone(call, on_gone, f);
	return 0;
}

static int fail_it(struct varlink_call *call, json_t *parameters, void *userdata)
{
	return -ENOSPC;
}

static int fail_after_answer(struct varlink_call *call, json_t *parameters, void *userdata)
{
	(void)varlink_reply(call, NULL);
	return -EIO;
}

static int big(struct varlink_call *call, json_t *parameters, void *userdata)
{
	size_t size = (size_t)json_integer_value(json_object_get(parameters, "size"));
	_cleanup_(freep) char *text = malloc(size);

	memset(text, 'x', size);
	return varlink_reply(call, json_pack("{s:s%}", "text", text, size));
}

/* Notifies until it is told to stop, inside the method itself. */
static int flood(struct varlink_call *call, json_t *parameters, void *userdata)
{
	struct fixture *f = userdata;
	static const char line[] = "0123456789012345678901234567890123456789";

	f->kept = call;
	varlink_on_gone(call, on_gone, f);
	do
		f->last = varlink_notify(call, json_pack("{s:s}", "line", line));
	while (f->last == 0);
	return 0;
}

static int quit(struct varlink_call *call, json_t *parameters, void *userdata)
{
	struct fixture *f = userdata;

	(void)sd_event_exit(f->event, 0);
	return varlink_reply(call, NULL);
}

/* One that is about to be replaced: for the first two that ask, or for ever. */
static int busy(struct varlink_call *call, json_t *parameters, void *userdata)
{
	struct fixture *f = userdata;

	if (++f->touched <= 2 || json_object_get(parameters, "ever"))
		return -EAGAIN;
	return varlink_reply(call, json_incref(parameters));
}

/* Three answers, the last one ends it. */
static int count(struct varlink_call *call, json_t *parameters, void *userdata)
{
	(void)varlink_notify(call, json_pack("{s:i}", "n", 1));
	(void)varlink_notify(call, json_pack("{s:i}", "n", 2));
	return varlink_reply(call, json_pack("{s:i}", "n", 3));
}

static const struct varlink_method methods[] = {
	{ "io.test.Big", VARLINK_READ, big },
	{ "io.test.Busy", VARLINK_READ, busy },
	{ "io.test.Count", VARLINK_READ, count },
	{ "io.test.Echo", VARLINK_READ, echo },
	{ "io.test.Fail", VARLINK_READ, fail_it },
	{ "io.test.FailAfterAnswer", VARLINK_READ, fail_after_answer },
	{ "io.test.Flood", VARLINK_READ, flood },
	{ "io.test.Later", VARLINK_READ, later },
	{ "io.test.Missing", VARLINK_READ, NULL },
	{ "io.test.Quit", VARLINK_WRITE, quit },
	{ "io.test.Touch", VARLINK_WRITE, touch },
};
static const struct varlink_interface test_interface = {
	"io.test",
	"interface io.test\n",
	methods,
	ARRAY_SIZE(methods),
};
static const struct varlink_interface *const interfaces[] = { &test_interface };

/* ---- the fixture ---- */

void fixture_start(struct fixture *f, const struct varlink_limits *limits, gid_t gid)
{
	struct error err = ERROR_INIT;

	memset(f, 0, sizeof(*f));
	snprintf(f->folder, sizeof(f->folder), "/tmp/reeve-test-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->folder);
	assert_int_equal(sd_event_new(&f->event), 0);
	assert_int_equal(varlink_server_new(f->event, interfaces, 1, limits, f, &f->server, &err),
			 0);
	assert_int_equal(varlink_server_listen(f->server, f->path, gid, &err), 0);
}

void fixture_stop(struct fixture *f)
{
	varlink_server_free(f->server);
	assert_int_equal(access(f->path, F_OK), -1);
	sd_event_unref(f->event);
	assert_int_equal(rmdir(f->folder), 0);
}

int dial(const struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, f->path, strlen(f->path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

void turn(struct fixture *f)
{
	while (sd_event_run(f->event, 0) > 0)
		;
}

void say(struct fixture *f, int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, text, size, MSG_NOSIGNAL);

		assert_true(n > 0 || errno == EAGAIN);
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
		turn(f);
	}
}

void ask(struct fixture *f, int fd, const char *text)
{
	say(f, fd, text, strlen(text) + 1);
}

void send_now(int fd, const char *text, size_t size)
{
	assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
}

char *hear(struct fixture *f, int fd)
{
	uint64_t until = clock_monotonic() + UINT64_C(10000000000);
	char *text = calloc(1, 1 << 21);
	size_t size = 0;

	for (;;) {
		ssize_t n = recv(fd, text + size, (1 << 21) - size, MSG_PEEK);

		if (n > 0) {
			const char *end = memchr(text + size, '\0', (size_t)n);
			size_t part = end ? (size_t)(end - text) - size + 1 : (size_t)n;

			assert_int_equal(recv(fd, text + size, part, 0), part);
			size += part;
			if (end)
				return text;
			continue;
		}
		if (n == 0 || errno == ECONNRESET)
			break;
		assert_int_equal(errno, EAGAIN);
		assert_true(clock_monotonic() < until);
		(void)sd_event_run(f->event, 10000);
	}
	free(text);
	return NULL;
}

void expect(struct fixture *f, int fd, const char *wanted)
{
	_cleanup_(freep) char *text = hear(f, fd);

	if (!wanted) {
		assert_null(text);
	} else {
		assert_non_null(text);
		assert_string_equal(text, wanted);
	}
}

void expect_refusal(struct fixture *f, int fd, const char *part)
{
	_cleanup_(freep) char *text = hear(f, fd);

	assert_non_null(text);
	assert_non_null(strstr(text, "\"error\":\"io.reeve.BadRequest\""));
	assert_non_null(strstr(text, part));
	expect(f, fd, NULL);
}

const struct varlink_counters *counters(const struct fixture *f)
{
	return varlink_server_counters(f->server);
}
