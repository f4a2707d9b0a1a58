// SPDX-License-Identifier: MIT
/* The client with a living server in another thread, and with daemons that answer nonsense. */
#include "varlink/client.h"
#include "varlink/test-fixture.h"

#include "util/host.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- a living server ---- */

static void *serve(void *argument)
{
	struct fixture *f = argument;

	(void)sd_event_loop(f->event);
	return NULL;
}

/* The fixture belongs to the thread from here to finish(). */
static struct varlink_client *begin(struct fixture *f, pthread_t *ret_thread)
{
	struct varlink_client *client = NULL;

	fixture_start(f, NULL, (gid_t)-1);
	assert_int_equal(pthread_create(ret_thread, NULL, serve, f), 0);
	assert_int_equal(varlink_connect(f->path, &client, NULL), 0);
	return client;
}

static void finish(struct fixture *f, pthread_t thread)
{
	_cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
	json_t *reply = NULL;
	char *name = NULL;

	assert_int_equal(varlink_connect(f->path, &client, NULL), 0);
	assert_int_equal(varlink_call(client, "io.test.Quit", NULL, -1, &reply, &name, NULL), 0);
	json_decref(reply);
	assert_int_equal(pthread_join(thread, NULL), 0);
	fixture_stop(f);
}

static void test_call(void **state)
{
	struct fixture f;
	pthread_t thread;
	struct varlink_client *client = begin(&f, &thread);
	json_t *reply = NULL;
	char *name = NULL;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(varlink_call(client, "io.test.Echo", json_pack("{s:i}", "n", i),
					      5000, &reply, &name, NULL),
				 0);
		assert_int_equal(json_integer_value(json_object_get(reply, "n")), i);
		json_decref(reply);
	}
	assert_int_equal(varlink_call(client, "io.test.Big", json_pack("{s:i}", "size", 1500000),
				      5000, &reply, &name, NULL),
			 0);
	assert_int_equal(json_string_length(json_object_get(reply, "text")), 1500000);
	json_decref(reply);
	assert_null(name);
	varlink_client_free(client);
	finish(&f, thread);
}

static int note_all(json_t *reply, void *userdata)
{
	json_int_t *numbers = userdata;

	numbers[0]++;
	numbers[1] += json_integer_value(json_object_get(reply, "n"));
	return 0;
}

/* As a caller with a loop does it: reads when there is something, until the service ends it. */
static int follow(struct varlink_client *client, const char *method, json_int_t numbers[2],
		  struct error *err)
{
	int r = varlink_observe_begin(client, method, NULL, err);

	while (r == 0) {
		struct pollfd wish = { .fd = varlink_client_fd(client), .events = POLLIN };

		assert_int_equal(poll(&wish, 1, 5000), 1);
		r = varlink_observe_ready(client, note_all, numbers, err);
	}
	return r;
}

static void test_observe_in_a_loop(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	json_int_t numbers[2] = { 0 };
	struct fixture f;
	pthread_t thread;
	struct varlink_client *client = begin(&f, &thread);

	assert_int_equal(follow(client, "io.test.Count", numbers, &err), -EPIPE);
	assert_int_equal(numbers[0], 3);
	assert_int_equal(numbers[1], 6);
	varlink_client_free(client);
	error_done(&err);
	assert_int_equal(varlink_connect(f.path, &client, NULL), 0);
	assert_int_equal(follow(client, "io.test.None", numbers, &err), -EOPNOTSUPP);
	assert_int_equal(varlink_observe_begin(client, "io.test.Count", NULL, NULL), -ENOTCONN);
	varlink_client_free(client);
	finish(&f, thread);
}

static void test_errors(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct fixture f;
	pthread_t thread;
	struct varlink_client *client = begin(&f, &thread);
	json_t *reply = NULL;
	char *name = NULL;

	assert_int_equal(varlink_call(client, "io.test.Fail", NULL, -1, &reply, &name, &err), 1);
	assert_string_equal(name, "io.reeve.Failed");
	assert_int_equal(varlink_explain(name, reply, &err), -ENOSPC);
	assert_string_equal(error_text(&err), "No space left on device");
	free(name);
	json_decref(reply);

	/* Who is about to be replaced is asked again, and the connection goes on being one. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(varlink_call(client, "io.test.Busy", json_pack("{s:i}", "n", 7),
					      -1, &reply, &name, &err),
				 0);
		assert_int_equal(json_integer_value(json_object_get(reply, "n")), 7);
		json_decref(reply);
	}
	assert_int_equal(f.touched, 4);
	assert_int_equal(varlink_call(client, "io.test.Busy", json_pack("{s:b}", "ever", true),
				      2000, &reply, &name, &err),
			 1);
	assert_int_equal(varlink_explain(name, reply, NULL), -EAGAIN);
	free(name);
	json_decref(reply);

	assert_int_equal(varlink_call(client, "io.test.Later", NULL, 50, &reply, &name, NULL),
			 -ETIMEDOUT);
	assert_int_equal(varlink_call(client, "io.test.Echo", json_object(), 50, &reply, &name,
				      NULL),
			 -ENOTCONN);
	varlink_client_free(client);
	finish(&f, thread);
}

static int sum_up(json_t *reply, void *userdata)
{
	int *sum = userdata;

	*sum += (int)json_integer_value(json_object_get(reply, "n"));
	return 0;
}

static int stop_at_two(json_t *reply, void *userdata)
{
	return json_integer_value(json_object_get(reply, "n")) == 2 ? 77 : 0;
}

static void test_observe(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct fixture f;
	pthread_t thread;
	struct varlink_client *client = begin(&f, &thread);
	int sum = 0;

	assert_int_equal(varlink_observe(client, "io.test.Count", NULL, sum_up, &sum, NULL), 0);
	assert_int_equal(sum, 6);
	assert_int_equal(varlink_observe(client, "io.test.None", NULL, sum_up, &sum, &err),
			 -EOPNOTSUPP);
	assert_string_equal(error_text(&err), "the daemon does not know io.test.None; is it older "
					      "than this command?");
	assert_int_equal(varlink_observe(client, "io.test.Count", NULL, stop_at_two, NULL, NULL),
			 77);
	assert_int_equal(varlink_observe(client, "io.test.Count", NULL, sum_up, &sum, NULL),
			 -ENOTCONN);
	varlink_client_free(client);
	finish(&f, thread);
}

static void on_signal(int number)
{
}

static void *interrupt(void *argument)
{
	(void)usleep(50000);
	(void)pthread_kill(*(pthread_t *)argument, SIGUSR1);
	return NULL;
}

static void test_signal_ends_observation(void **state)
{
	const struct sigaction action = { .sa_handler = on_signal };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct fixture f;
	pthread_t thread, other, self = pthread_self();
	struct varlink_client *client = begin(&f, &thread);
	int sum = 0;

	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(pthread_create(&other, NULL, interrupt, &self), 0);
	assert_int_equal(varlink_observe(client, "io.test.Later", NULL, sum_up, &sum, &err),
			 -EINTR);
	assert_null(err.message);
	assert_int_equal(pthread_join(other, NULL), 0);
	varlink_client_free(client);
	finish(&f, thread);
}

/* ---- nobody there ---- */

static void test_nobody(void **state)
{
	char path[] = "/tmp/reeve-test-XXXXXX";
	struct varlink_client *client = NULL;
	struct error err = ERROR_INIT;
	char *longer = malloc(200);

	assert_int_equal(varlink_connect("/nonexistent/sock", &client, &err), -ENOENT);
	assert_null(err.message);
	close(mkstemp(path));
	assert_int_equal(varlink_connect(path, &client, &err), -ECONNREFUSED);
	assert_null(err.message);
	unlink(path);
	memset(longer, 'x', 199);
	longer[199] = '\0';
	assert_int_equal(varlink_connect(longer, &client, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.message, "199 bytes long"));
	error_done(&err);
	free(longer);
}

/* ---- a daemon that answers what it is told to ---- */

struct fake {
	const char *answer;
	size_t size;
	int fd;
	char folder[64], path[80];
	pthread_t thread;
};

static void *answer_so(void *argument)
{
	struct fake *fake = argument;
	int fd = accept4(fake->fd, NULL, NULL, SOCK_CLOEXEC);
	char c = 1;

	while (c != '\0' && recv(fd, &c, 1, 0) == 1)
		;
	(void)send(fd, fake->answer, fake->size, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void fake_start(struct fake *fake, const char *answer, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*fake = (struct fake){ .answer = answer, .size = size };
	snprintf(fake->folder, sizeof(fake->folder), "/tmp/reeve-test-XXXXXX");
	assert_non_null(mkdtemp(fake->folder));
	snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->folder);
	memcpy(address.sun_path, fake->path, strlen(fake->path) + 1);
	fake->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fake->fd, 1), 0);
	assert_int_equal(pthread_create(&fake->thread, NULL, answer_so, fake), 0);
}

static void fake_stop(struct fake *fake)
{
	assert_int_equal(pthread_join(fake->thread, NULL), 0);
	close(fake->fd);
	assert_int_equal(unlink(fake->path), 0);
	assert_int_equal(rmdir(fake->folder), 0);
}

static void test_strange_answers(void **state)
{
	static const struct {
		const char *answer;
		size_t size;
		int code;
		const char *part;
	} cases[] = {
		{ "", 0, -ECONNRESET, "closed the connection" },
		{ "{\"par", 5, -ECONNRESET, "closed the connection" },
		{ "", 1, -EBADMSG, "answered strangely" },
		{ "rubbish", 8, -EBADMSG, "not JSON" },
		{ "[]", 3, -EBADMSG, "not a JSON object" },
		{ "{\"parameters\":7}", 17, -EBADMSG, "\"parameters\" is not an object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
		_cleanup_(error_done) struct error err = ERROR_INIT;
		json_t *reply = NULL;
		char *name = NULL;
		struct fake fake;

		fake_start(&fake, cases[i].answer, cases[i].size);
		assert_int_equal(varlink_connect(fake.path, &client, &err), 0);
		assert_int_equal(varlink_call(client, "a.b.C", NULL, 5000, &reply, &name, &err),
				 cases[i].code);
		assert_non_null(strstr(error_text(&err), cases[i].part));
		assert_null(reply);
		assert_null(name);
		fake_stop(&fake);
	}
}

static void test_explain(void **state)
{
	static const struct {
		const char *name, *parameters;
		int code;
		const char *sentence;
	} cases[] = {
		{ "io.reeve.Failed", "{\"errno\":2,\"message\":\"no group \\\"a\\\"\"}", -ENOENT,
		  "no group \"a\"" },
		{ "io.reeve.Failed", "{}", -EREMOTEIO, "io.reeve.Failed" },
		{ "io.reeve.Failed", "{\"errno\":-1}", -EREMOTEIO, "io.reeve.Failed" },
		{ "io.reeve.PermissionDenied", "{\"method\":\"a.B\",\"message\":\"be root\"}",
		  -EACCES, "no permission for a.B: be root" },
		{ "org.varlink.service.InvalidParameter", "{}", -EINVAL,
		  "the daemon does not accept the parameter (not told)" },
		{ "io.other.Bad", "{\"message\":7}", -EREMOTEIO, "io.other.Bad" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;
		json_t *parameters = json_loads(cases[i].parameters, 0, NULL);

		assert_int_equal(varlink_explain(cases[i].name, parameters, &err), cases[i].code);
		assert_string_equal(error_text(&err), cases[i].sentence);
		json_decref(parameters);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_observe_in_a_loop),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_signal_ends_observation),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_strange_answers),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
