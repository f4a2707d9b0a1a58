// SPDX-License-Identifier: MIT
/*
 * The server with a daemon behind it that answers as it is told; both, and the bare client, in one
 * loop.
 * covers: server.c visit.c reply.c answers.c stream.c upstream.c
 */
#include "web/server.h"

#include "test/unit.h"
#include "util/text.h"
#include "varlink/server.h"
#include "web/address.h"

#include <fcntl.h>

#define TOKEN "0123456789012345678901234567890123456789"
#define HOST  "Host: localhost\r\n"
#define RIGHT "Authorization: Bearer " TOKEN "\r\n"
#define CLOSE "Connection: close\r\n\r\n"

struct world {
	sd_event *event;
	struct varlink_server *daemon;
	struct server *server;
	char *folder, *socket;
	int listener;
	struct address address;
	unsigned asked;
	struct varlink_call *subscriber;
};

static const struct token token = { .text = TOKEN, .size = sizeof(TOKEN) - 1 };

/* ---- the daemon ---- */

static int get_status(struct varlink_call *call, json_t *parameters, void *userdata)
{
	((struct world *)userdata)->asked++;
	return varlink_reply(call, json_pack("{s:s}", "name", "x\"y"));
}

static int get_group(struct varlink_call *call, json_t *parameters, void *userdata)
{
	return varlink_error(call, "io.reeve.NoSuchGroup",
			     json_pack("{s:s, s:s}", "name", "a", "message", "no group \"a\""));
}

static int get_metrics(struct varlink_call *call, json_t *parameters, void *userdata)
{
	return varlink_reply(call, json_pack("{s:s}", "text", "reeve_up 1\n"));
}

static void on_gone(struct varlink_call *call, void *userdata)
{
	((struct world *)userdata)->subscriber = NULL;
}

static int subscribe(struct varlink_call *call, json_t *parameters, void *userdata)
{
	struct world *world = userdata;

	world->subscriber = call;
	varlink_on_gone(call, on_gone, world);
	return varlink_notify(call, json_object());
}

static const struct varlink_method methods[] = {
	{ "io.reeve.GetMetrics", VARLINK_READ, get_metrics },
	{ "io.reeve.GetStatus", VARLINK_READ, get_status },
	{ "io.reeve.GetGroup", VARLINK_READ, get_group },
	{ "io.reeve.SubscribeDecisions", VARLINK_READ, subscribe },
};
static const struct varlink_interface interface = { "io.reeve", "", methods, ARRAY_SIZE(methods) };
static const struct varlink_interface *const interfaces[] = { &interface };

static int start(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct server_options options = { .connections = 24, .streams = 2 };

	assert_non_null(world);
	world->folder = unit_folder_new();
	world->socket = unit_path(world->folder, "reeve.sock");
	assert_true(sd_event_new(&world->event) >= 0);
	assert_int_equal(varlink_server_new(world->event, interfaces, 1, NULL, world,
					    &world->daemon, NULL),
			 0);
	assert_int_equal(varlink_server_listen(world->daemon, world->socket, (gid_t)-1, NULL), 0);
	assert_int_equal(address_parse("127.0.0.1:0", &world->address, NULL), 0);
	assert_int_equal(address_listen(&world->address, (gid_t)-1, &world->listener, NULL), 0);
	options.listen_fd = world->listener;
	options.socket = world->socket;
	options.policy.token = &token;
	assert_int_equal(server_new(world->event, &options, &world->server, NULL), 0);
	*state = world;
	return 0;
}

static int stop(void **state)
{
	struct world *world = *state;

	server_free(world->server);
	varlink_server_free(world->daemon);
	sd_event_unref(world->event);
	free(world->socket);
	unit_folder_free(world->folder);
	free(world);
	return 0;
}

/* ---- the client ---- */

static int dial(const struct world *world)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(getsockname(world->listener, (struct sockaddr *)&at, &size), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, size), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* Turns the loop; true when more than `size` bytes are there, false at the end. */
static bool hear(struct world *world, int fd, struct text *text)
{
	for (unsigned i = 0; i < 2000; i++) {
		ssize_t n;

		assert_true(text_reserve(text, 65536));
		n = recv(fd, text->data + text->size, 65535, 0);
		if (n == 0)
			return false;
		if (n > 0) {
			text->size += (size_t)n;
			text->data[text->size] = '\0';
			return true;
		}
		assert_true(sd_event_run(world->event, 10000) >= 0);
	}
	fail_msg("nothing came in 20 s");
	return false;
}

static char *fetch(struct world *world, const char *request)
{
	_cleanup_(closep) int fd = dial(world);
	struct text text;

	text_init(&text);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (hear(world, fd, &text))
		;
	return text_take(&text);
}

static void expect(struct world *world, const char *request, const char *status, const char *part)
{
	_cleanup_(freep) char *answer = fetch(world, request);

	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0 ||
	    !strstr(answer, part))
		fail_msg("of %s\nwanted %s and %s\ncame %s", request, status, part, answer);
	assert_true(!strstr(answer, TOKEN));
}

/* ---- tests ---- */

static void test_answers(void **state)
{
	struct world *world = *state;

	expect(world, "GET / HTTP/1.1\r\n" HOST CLOSE, "200", "<title>reeve</title>");
	expect(world, "HEAD / HTTP/1.1\r\n" HOST CLOSE, "200", "script-src 'self'");
	expect(world, "GET /api/status HTTP/1.1\r\n" HOST RIGHT CLOSE, "200",
	       "{\"name\":\"x\\\"y\"}");
	expect(world, "GET /api/status HTTP/1.1\r\n" HOST RIGHT CLOSE, "200", "no-store");
	assert_int_equal(world->asked, 1);
	expect(world, "GET /api/group?name=a HTTP/1.1\r\n" HOST RIGHT CLOSE, "404", "no group");
	expect(world, "GET /api/tree HTTP/1.1\r\n" HOST RIGHT CLOSE, "501", "GetTree");
	expect(world, "GET /api HTTP/1.1\r\n" HOST RIGHT CLOSE, "200", "/api/decisions");
	expect(world, "GET /metrics HTTP/1.1\r\n" HOST CLOSE, "401", "bad_token");
	expect(world, "GET /metrics HTTP/1.1\r\n" HOST RIGHT CLOSE, "200",
	       "text/plain; version=0.0.4");
	expect(world, "GET /metrics HTTP/1.1\r\n" HOST RIGHT CLOSE, "200",
	       "\r\n\r\nreeve_up 1\n# HELP reeve_web_total");
	expect(world, "GET /api/web HTTP/1.1\r\n" HOST RIGHT CLOSE, "200", "\"daemon_failed\":2");
}

static void test_refusals(void **state)
{
	struct world *world = *state;

	expect(world, "GET /api/status HTTP/1.1\r\n" HOST CLOSE, "401", "Bearer");
	expect(world, "GET /api/nothing HTTP/1.1\r\n" HOST CLOSE, "401", "token");
	expect(world, "GET /api/nothing HTTP/1.1\r\n" HOST RIGHT CLOSE, "404", "not_found");
	expect(world, "GET / HTTP/1.1\r\nHost: evil.example\r\n" CLOSE, "421", "bad_host");
	expect(world, "GET / HTTP/1.1\r\n" HOST "host: evil.example\r\n" CLOSE, "421", "bad_host");
	expect(world, "GET /api HTTP/1.1\r\nOrigin: http://evil.example\r\n" HOST RIGHT CLOSE,
	       "403", "bad_origin");
	expect(world, "POST /api HTTP/1.1\r\n" HOST RIGHT CLOSE, "405", "Allow: GET, HEAD");
	expect(world, "GET /api HTTP/1.1\r\nContent-Length: 100000000\r\n" HOST RIGHT CLOSE, "413",
	       "body");
	expect(world, "GET /api/group HTTP/1.1\r\n" HOST RIGHT CLOSE, "400", "needs the parameter");
	expect(world, "GET /api/web HTTP/1.1\r\n" HOST RIGHT CLOSE, "200",
	       "\"refused_bad_host\":2");
	assert_int_equal(world->asked, 0);
}

static void test_malformed(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *long_one = NULL, *nothing = NULL;
	struct text text;

	text_init(&text);
	text_add(&text, "GET / HTTP/1.1\r\n" HOST "X: ");
	for (unsigned i = 0; i < 40000; i++)
		text_add(&text, "x");
	text_add(&text, "\r\n\r\n");
	long_one = text_take(&text);
	expect(world, long_one, "431", "");
	expect(world, "GET / HTTP/1.1\r\n" CLOSE, "400", "");
	nothing = fetch(world, "GARBAGE\r\n\r\n");
	assert_string_equal(nothing, "");
}

static void test_guesses(void **state)
{
	struct world *world = *state;
	struct text text;
	int fds[20];

	text_init(&text);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		static const char request[] =
			"GET /api HTTP/1.1\r\n" HOST "Authorization: Bearer wrong\r\n" CLOSE;

		fds[i] = dial(world);
		assert_true(send(fds[i], request, strlen(request), MSG_NOSIGNAL) > 0);
	}
	/* Of so many at a time some are told at once to come later, all others after a second. */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		while (hear(world, fds[i], &text))
			;
		close(fds[i]);
	}
	assert_non_null(strstr(text.data, "HTTP/1.1 401"));
	assert_non_null(strstr(text.data, "HTTP/1.1 429"));
	text_done(&text);
	expect(world, "GET /api/web HTTP/1.1\r\n" HOST RIGHT CLOSE, "200",
	       "\"refused_guesses\":4,");
	expect(world, "GET /api/web HTTP/1.1\r\n" HOST RIGHT CLOSE, "200",
	       "\"refused_bad_token\":16}");
}

static void test_no_daemon(void **state)
{
	struct world *world = *state;

	varlink_server_free(world->daemon);
	world->daemon = NULL;
	expect(world, "GET /api/status HTTP/1.1\r\n" HOST RIGHT CLOSE, "503", "is reeved running?");
	expect(world, "GET /api/stream HTTP/1.1\r\n" HOST RIGHT CLOSE, "503", "is reeved running?");
}

#define STREAM "GET /api/stream?limit=5 HTTP/1.1\r\n" HOST RIGHT "\r\n"

static void until(struct world *world, int fd, struct text *text, const char *part)
{
	while (text->size == 0 || !strstr(text->data, part))
		assert_true(hear(world, fd, text));
}

static void turn_until_subscribed(struct world *world, bool subscribed)
{
	for (unsigned i = 0; i < 2000 && (world->subscriber != NULL) != subscribed; i++)
		assert_true(sd_event_run(world->event, 10000) >= 0);
	assert_true((world->subscriber != NULL) == subscribed);
}

static void test_stream(void **state)
{
	struct world *world = *state;
	int fd = dial(world);
	struct text text;

	text_init(&text);
	assert_true(send(fd, STREAM, strlen(STREAM), MSG_NOSIGNAL) > 0);
	until(world, fd, &text, "text/event-stream");
	turn_until_subscribed(world, true);
	varlink_notify(world->subscriber, json_pack("{s:{s:i}}", "decision", "pid", 7));
	until(world, fd, &text, "event: decisions\ndata: [{\"pid\":7}]\n\n");
	varlink_notify(world->subscriber,
		       json_pack("{s:i, s:{s:s}}", "lost", 12, "decision", "path", "a\nb"));
	until(world, fd, &text, "event: lost\ndata: {\"decisions\":12}\n\n");
	until(world, fd, &text, "data: [{\"path\":\"a\\nb\"}]\n\n");
	expect(world, "GET /api/web HTTP/1.1\r\n" HOST RIGHT CLOSE, "200", "\"streams_lost\":12");
	/* The daemon hears that the browser has gone, though nothing is being sent. */
	close(fd);
	turn_until_subscribed(world, false);
	text_done(&text);
}

static void test_stream_ends(void **state)
{
	struct world *world = *state;
	_cleanup_(closep) int fd = dial(world);
	struct text text;

	text_init(&text);
	assert_true(send(fd, STREAM, strlen(STREAM), MSG_NOSIGNAL) > 0);
	turn_until_subscribed(world, true);
	varlink_on_gone(world->subscriber, NULL, NULL);
	varlink_reply(TAKE_PTR(world->subscriber), json_object());
	until(world, fd, &text, "event: end\n");
	while (hear(world, fd, &text) && !strstr(text.data, "\r\n0\r\n\r\n"))
		;
	text_done(&text);
}

/* Who does not read makes the daemon wait, which counts; nothing is heaped up here. */
static void test_slow_reader(void **state)
{
	struct world *world = *state;
	_cleanup_(closep) int fd = dial(world);
	_cleanup_(freep) char *filling = malloc(16385);
	unsigned sent = 0;

	memset(filling, 'x', 16384);
	filling[16384] = '\0';
	assert_true(send(fd, STREAM, strlen(STREAM), MSG_NOSIGNAL) > 0);
	turn_until_subscribed(world, true);
	while (sent < 8192 && varlink_backlog(world->subscriber) < 1 << 20) {
		(void)varlink_notify(world->subscriber,
				     json_pack("{s:{s:s}}", "decision", "path", filling));
		sent++;
		for (unsigned i = 0; i < 4; i++)
			assert_true(sd_event_run(world->event, 0) >= 0);
	}
	/* Sockets hold some megabytes, and the server one. */
	assert_true(sent > 64 && sent < 4096);
}

static void test_too_many_streams(void **state)
{
	struct world *world = *state;
	int fds[2];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		struct text text;

		text_init(&text);
		fds[i] = dial(world);
		assert_true(send(fds[i], STREAM, strlen(STREAM), MSG_NOSIGNAL) > 0);
		until(world, fds[i], &text, "text/event-stream");
		text_done(&text);
	}
	expect(world, "GET /api/stream HTTP/1.1\r\n" HOST RIGHT CLOSE, "503", "close a page");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),	TEST(test_refusals),	TEST(test_malformed),
		TEST(test_guesses),	TEST(test_no_daemon),	TEST(test_stream),
		TEST(test_stream_ends), TEST(test_slow_reader), TEST(test_too_many_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
