// SPDX-License-Identifier: MIT
/*
 * A check is one of: a program that ends with 0, a connection that is made, an answer "HTTP/1.x
 * 2xx" or "3xx". One at a time, each with its time; so many failures in a row after the start
 * period, and the service is ended for it. While it starts (ready: check), it is asked more often.
 */
#include "service/internal.h"

#include <arpa/inet.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { ANSWER_MAX = 64, EAGER = 10, EAGER_LEAST_USEC = 20000 };

struct health {
	struct service *service;
	const struct service_health *plan; /* of the run's manifest */
	sd_event_source *due, *io, *late;
	struct helper *helper;
	int fd;
	char answer[ANSWER_MAX];
	size_t answered;
	unsigned failures; /* in a row */
	bool asked;	   /* the request is sent */
	char text[128];
};

static void drop_check(struct health *health)
{
	health->io = sd_event_source_disable_unref(health->io);
	health->late = sd_event_source_disable_unref(health->late);
	helper_free(health->helper);
	health->helper = NULL;
	closep(&health->fd);
	health->fd = -1;
	health->answered = 0;
	health->asked = false;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	drop_check(health);
	sd_event_source_disable_unref(health->due);
	free(health);
}

const char *health_text(const struct health *health)
{
	return health ? health->text : "";
}

static void next(struct health *health)
{
	uint64_t usec = health->plan->every / 1000;

	if (health->service->machine.state == MACHINE_STARTING)
		usec = MIN(usec, MAX(usec / EAGER, (uint64_t)EAGER_LEAST_USEC));
	if (sd_event_source_set_time_relative(health->due, usec) >= 0)
		(void)sd_event_source_set_enabled(health->due, SD_EVENT_ONESHOT);
}

static bool is_early(const struct health *health)
{
	const struct machine *machine = &health->service->machine;

	return machine->state == MACHINE_STARTING ||
	       clock_monotonic() - machine->launched < health->plan->start_period;
}

/* The last thing that is done with a check: the machine may free it. */
static void judge(struct health *health, bool good, const char *what)
{
	struct service *service = health->service;

	drop_check(health);
	snprintf(health->text, sizeof(health->text), "%s", what);
	next(health);
	if (good) {
		health->failures = 0;
		if (service->manifest->ready == READY_CHECK)
			machine_ready(&service->machine);
		return;
	}
	if (is_early(health))
		return;
	service->health_failures++;
	if (++health->failures < health->plan->retries)
		return;
	service_tell(service, LOG_WARNING, "failed its health check %u times in a row: %s",
		     health->failures, what);
	health->failures = 0;
	machine_fail(&service->machine, END_HEALTH);
}

/* ---- exec ---- */

static void on_checked(int code, void *userdata)
{
	struct health *health = userdata;
	char text[64];

	snprintf(text, sizeof(text), code == -ETIMEDOUT ? "took too long" : "ended with code %d",
		 code);
	judge(health, code == 0, text);
}

static void check_exec(struct health *health)
{
	struct service *service = health->service;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_child child = { .pidfd = -1 };
	int r = service_spawn(service, health->plan->exec, false, &child, &err);

	if (r >= 0)
		r = helper_new(service->supervisor->options.event, &child, health->plan->timeout,
			       on_checked, health, &health->helper);
	if (r < 0)
		judge(health, false, err.code ? error_text(&err) : strerror(-r));
}

/* ---- tcp and http ---- */

static bool is_good_answer(const struct health *health)
{
	return health->answered >= 12 && strncmp(health->answer, "HTTP/1.", 7) == 0 &&
	       health->answer[8] == ' ' && (health->answer[9] == '2' || health->answer[9] == '3');
}

static void read_answer(struct health *health)
{
	ssize_t n = recv(health->fd, health->answer + health->answered,
			 sizeof(health->answer) - 1 - health->answered, MSG_DONTWAIT);
	char text[96];

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		health->answered += (size_t)n;
	if (n > 0 && health->answered < 12)
		return;
	health->answer[health->answered] = '\0';
	health->answer[strcspn(health->answer, "\r\n")] = '\0';
	snprintf(text, sizeof(text), "answered %s", health->answer[0] ? health->answer : "nothing");
	judge(health, is_good_answer(health), text);
}

static void ask(struct health *health)
{
	const struct service_health *plan = health->plan;
	bool v6 = strchr(plan->host, ':') != NULL;
	char request[1024];
	int n = snprintf(request, sizeof(request),
			 "GET %.600s HTTP/1.0\r\nHost: %s%s%s:%u\r\nUser-Agent: reeve\r\n\r\n",
			 plan->path, v6 ? "[" : "", plan->host, v6 ? "]" : "", plan->port);

	if (send(health->fd, request, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n) {
		judge(health, false, strerror(errno));
		return;
	}
	health->asked = true;
	(void)sd_event_source_set_io_events(health->io, EPOLLIN);
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct health *health = userdata;
	socklen_t size = sizeof(int);
	int code = 0;

	if (health->asked) {
		read_answer(health);
		return 0;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
	if (code != 0)
		judge(health, false, strerror(code));
	else if (health->plan->kind == HEALTH_HTTP)
		ask(health);
	else
		judge(health, true, "connected");
	return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	judge(userdata, false, "took too long");
	return 0;
}

static socklen_t fill_address(const struct service_health *plan, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	struct sockaddr_un *local = (struct sockaddr_un *)address;

	*address = (struct sockaddr_storage){ 0 };
	if (!plan->host) {
		local->sun_family = AF_UNIX;
		snprintf(local->sun_path, sizeof(local->sun_path), "%s", plan->path);
		return sizeof(*local);
	}
	if (inet_pton(AF_INET, plan->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)plan->port);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	(void)inet_pton(AF_INET6, plan->host, &v6->sin6_addr);
	v6->sin6_port = htons((uint16_t)plan->port);
	return sizeof(*v6);
}

static int begin_connection(struct health *health)
{
	sd_event *event = health->service->supervisor->options.event;
	struct sockaddr_storage address;
	socklen_t size = fill_address(health->plan, &address);
	int r;

	health->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (health->fd < 0)
		return -errno;
	if (connect(health->fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS)
		return -errno;
	r = sd_event_add_io(event, &health->io, health->fd, EPOLLOUT, on_socket, health);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &health->late, CLOCK_MONOTONIC,
					       health->plan->timeout / 1000, 1000, on_late, health);
	return r;
}

/* ---- the row of checks ---- */

static int on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct health *health = userdata;
	enum machine_state state = health->service->machine.state;
	int r;

	if (state != MACHINE_STARTING && state != MACHINE_RUNNING)
		return 0;
	if (health->plan->kind == HEALTH_EXEC) {
		check_exec(health);
		return 0;
	}
	r = begin_connection(health);
	if (r < 0)
		judge(health, false, strerror(-r));
	return 0;
}

void service_health_start(struct service *service)
{
	struct health *health;
	int r = -ENOMEM;

	if (service->manifest->health.kind == HEALTH_NONE)
		return;
	health = calloc(1, sizeof(*health));
	if (health) {
		health->service = service;
		health->plan = &service->manifest->health;
		health->fd = -1;
		r = sd_event_add_time_relative(service->supervisor->options.event, &health->due,
					       CLOCK_MONOTONIC,
					       service->manifest->ready == READY_CHECK
						       ? 0
						       : health->plan->every / 1000,
					       1000, on_due, health);
	}
	if (r < 0) {
		service_tell(service, LOG_ERR, "its health is not checked: %s", strerror(-r));
		health_free(health);
		return;
	}
	service->health = health;
}
