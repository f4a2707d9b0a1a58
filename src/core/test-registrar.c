// SPDX-License-Identifier: MIT
/*
 * The register socket as clients find it, good and bad ones; the processes are this test and its
 * children.
 */
#include "core/registrar.h"

#include "test/unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

struct world {
	char *folder, *path;
	struct host *host;
	sd_event *event;
	struct exempt *exempt;
	struct registrar *registrar;
	unsigned changes;
};

static void on_changed(void *userdata)
{
	((struct world *)userdata)->changes++;
}

static void begin(struct world *world)
{
	struct error err = ERROR_INIT;
	struct registrar_options options = { .uid = (uid_t)-1, .changed = on_changed };

	*world = (struct world){ .folder = unit_folder_new() };
	world->path = unit_path(world->folder, "register.socket");
	assert_int_equal(host_new(&world->host, &err), 0);
	assert_int_equal(sd_event_new(&world->event), 0);
	assert_int_equal(exempt_new(world->host, &world->exempt), 0);
	options.path = world->path;
	options.gid = getegid();
	options.exempt = world->exempt;
	options.userdata = world;
	if (registrar_new(world->host, world->event, &options, &world->registrar, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void end(struct world *world)
{
	registrar_free(world->registrar);
	assert_int_equal(access(world->path, F_OK), -1);
	exempt_free(world->exempt);
	sd_event_unref(world->event);
	host_free(world->host);
	free(world->path);
	unit_folder_free(world->folder);
}

static int connect_to(const struct world *world)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void turn(const struct world *world)
{
	while (sd_event_run(world->event, 0) > 0)
		;
}

/* True if the answer is yes. */
static bool ask(const struct world *world, int32_t pid, int32_t flags)
{
	int32_t request[2] = { pid, flags };
	char text[32] = "";
	int fd = connect_to(world);
	ssize_t n;

	assert_int_equal(write(fd, request, sizeof(request)), sizeof(request));
	turn(world);
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n == 0)
		return false;
	assert_int_equal(n, 18);
	assert_string_equal(text, "SUCCESS_STORE_PID");
	return true;
}

static void stores_and_cancels(void **state)
{
	const struct registrar_counters *counters;
	struct world world;
	struct stat st;

	(void)state;
	begin(&world);
	counters = registrar_counters(world.registrar);
	assert_int_equal(stat(world.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_true(ask(&world, getpid(), 0));
	assert_true(exempt_covers(world.exempt, getpid()));
	assert_false(exempt_follows(world.exempt));
	assert_true(ask(&world, getpid(), REGISTER_CHILDREN));
	assert_true(exempt_follows(world.exempt));
	assert_true(ask(&world, getpid(), REGISTER_CANCEL | REGISTER_CHILDREN));
	assert_false(exempt_covers(world.exempt, getpid()));
	assert_true(ask(&world, getpid(), REGISTER_CANCEL));
	assert_int_equal(counters->stored, 2);
	assert_int_equal(counters->cancelled, 2);
	assert_int_equal(world.changes, 4);
	end(&world);
}

static void refuses(void **state)
{
	const struct registrar_counters *counters;
	struct world world;

	(void)state;
	begin(&world);
	counters = registrar_counters(world.registrar);
	assert_false(ask(&world, 0, 0));
	assert_false(ask(&world, -1, 0));
	assert_false(ask(&world, 1, 0));
	assert_false(ask(&world, INT32_MAX, 0));
	assert_false(ask(&world, getpid(), 4));
	assert_false(ask(&world, getpid(), -1));
	assert_int_equal(counters->refused, 6);
	assert_int_equal(world.changes, 0);
	end(&world);
}

/* Sends a part and goes, before or after we look. */
static void hang_up(const struct world *world, size_t size, bool look)
{
	const char request[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	int fd = connect_to(world);

	if (look)
		turn(world);
	assert_int_equal(write(fd, request, size), (ssize_t)size);
	if (look)
		turn(world);
	close(fd);
	turn(world);
}

static void who_hangs_up_harms_nobody(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	for (size_t size = 0; size <= 8; size++) {
		hang_up(&world, size, true);
		hang_up(&world, size, false);
	}
	assert_true(ask(&world, getpid(), 0));
	end(&world);
}

static void pieces_are_a_request(void **state)
{
	const int32_t request[2] = { getpid(), 0 };
	struct world world;
	char text[32];
	int fd;

	(void)state;
	begin(&world);
	fd = connect_to(&world);
	for (size_t i = 0; i < sizeof(request); i++) {
		assert_int_equal(write(fd, (const char *)request + i, 1), 1);
		turn(&world);
	}
	assert_int_equal(read(fd, text, sizeof(text)), 18);
	close(fd);
	end(&world);
}

static void silent_ones_make_room(void **state)
{
	enum { MANY = 150 };
	struct world world;
	int fds[MANY];
	char byte;

	(void)state;
	begin(&world);
	for (int i = 0; i < MANY; i++) {
		fds[i] = connect_to(&world);
		turn(&world);
	}
	assert_true(ask(&world, getpid(), 0));
	assert_true(registrar_counters(world.registrar)->silent >= MANY - 64);
	/* The first one was let go. */
	assert_int_equal(read(fds[0], &byte, 1), 0);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	end(&world);
}

static void silence_ends(void **state)
{
	struct world world;
	char byte;
	int fd;

	(void)state;
	begin(&world);
	fd = connect_to(&world);
	turn(&world);
	while (registrar_counters(world.registrar)->silent == 0)
		assert_true(sd_event_run(world.event, 10 * UINT64_C(1000000)) > 0);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
	end(&world);
}

/* As another user: the child asks for `pid`, and says by its exit code what it heard. */
static bool ask_as(const struct world *world, uid_t uid, pid_t pid)
{
	int32_t request[2] = { pid, 0 };
	int status, fd = connect_to(world);
	pid_t child;

	close(fd);
	assert_int_equal(chmod(world->folder, 0755), 0);
	assert_int_equal(chmod(world->path, 0666), 0);
	child = fork();
	if (child == 0) {
		char text[32];

		if (setresuid(uid, uid, uid) < 0)
			_exit(9);
		request[0] = pid ? pid : getpid();
		fd = connect_to(world);
		_exit(write(fd, request, sizeof(request)) == sizeof(request) &&
				      read(fd, text, sizeof(text)) == 18
			      ? 1
			      : 2);
	}
	while (waitpid(child, &status, WNOHANG) == 0)
		(void)sd_event_run(world->event, 10000);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 1, 2);
	return WEXITSTATUS(status) == 1;
}

static void users_speak_for_their_own(void **state)
{
	struct world world;

	(void)state;
	unit_need_root();
	begin(&world);
	assert_false(ask_as(&world, 61234, getpid()));
	assert_true(ask_as(&world, 61234, 0));
	assert_false(exempt_covers(world.exempt, getpid()));
	end(&world);
}

static void a_second_daemon_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct registrar *second;
	struct world world;
	struct registrar_options options = { .uid = (uid_t)-1, .changed = on_changed };

	(void)state;
	begin(&world);
	options.path = world.path;
	options.gid = getegid();
	options.exempt = world.exempt;
	assert_int_equal(registrar_new(world.host, world.event, &options, &second, &err),
			 -EADDRINUSE);
	error_done(&err);
	assert_true(ask(&world, getpid(), 0));
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_and_cancels),
		cmocka_unit_test(refuses),
		cmocka_unit_test(who_hangs_up_harms_nobody),
		cmocka_unit_test(pieces_are_a_request),
		cmocka_unit_test(silent_ones_make_room),
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(users_speak_for_their_own),
		cmocka_unit_test(a_second_daemon_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
