// SPDX-License-Identifier: MIT
/*
 * The blocking end. The socket itself never blocks; every wait is a poll() with what is left of
 * the caller's time. A reply is read whole before it is looked at, and what came after it is kept.
 */
#include "varlink/client.h"

#include "util/host.h"
#include "varlink/codec.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum {
	CONNECT_SECONDS = 5,
	REPLY_MAX = 256 << 20, /* a daemon gone mad must not take the caller's memory */
	READ_SIZE = 65536,
	BEGIN_MS = 5000,
	AGAIN_MS = 25000, /* longer than a new daemon may take to begin */
	AGAIN_PAUSE_MS = 20,
};

struct varlink_client {
	int fd;
	char *path;
	char *in;
	size_t in_size, in_room;
	bool lost; /* out of step with the service */
};

/* ---- connecting ---- */

static int connect_error(int code, const char *path, struct error *err)
{
	if (code == -ENOENT || code == -ECONNREFUSED)
		return code;
	if (code == -EACCES || code == -EPERM)
		return error_set(err, code,
				 "no permission to talk to the daemon at \"%s\"; be root, or in "
				 "the "
				 "group that the socket belongs to",
				 path);
	if (code == -EAGAIN)
		return error_set(err, -ETIMEDOUT,
				 "the daemon at \"%s\" takes no new clients (waited %d s)", path,
				 CONNECT_SECONDS);
	return error_set_errno(err, code, "cannot connect to the daemon at \"%s\"", path);
}

/* connect(2) on a Unix socket waits for room in the listener's queue as long as a send may. */
static int connect_to(int fd, const char *path, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = CONNECT_SECONDS };
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(address.sun_path))
		return error_set(err, length == 0 ? -EINVAL : -ENAMETOOLONG,
				 "\"%s\" cannot be a control socket: its path is %zu bytes long, 1 "
				 "to %zu are possible",
				 path, length, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, length + 1);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		if (errno != EINTR)
			return connect_error(-errno, path, err);
	return 0;
}

int varlink_connect(const char *path, struct varlink_client **ret_client, struct error *err)
{
	_cleanup_(varlink_client_freep) struct varlink_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return error_oom(err);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return error_set_errno(err, -errno, "cannot make a Unix socket");
	client->path = strdup(path);
	if (!client->path)
		return error_oom(err);
	r = connect_to(client->fd, path, err);
	if (r < 0)
		return r;
	*ret_client = TAKE_PTR(client);
	return 0;
}

void varlink_client_free(struct varlink_client *client)
{
	if (!client)
		return;
	closep(&client->fd);
	free(client->path);
	free(client->in);
	free(client);
}

int varlink_client_fd(const struct varlink_client *client)
{
	return client->fd;
}

/* ---- waiting ---- */

struct patience {
	uint64_t until; /* CLOCK_MONOTONIC ns; UINT64_MAX: for ever */
	bool signals;	/* a signal ends the wait */
};

static struct patience patience_of(int timeout_ms)
{
	struct patience patience = { .until = UINT64_MAX };

	if (timeout_ms >= 0)
		patience.until = clock_monotonic() + (uint64_t)timeout_ms * 1000000;
	return patience;
}

static int remaining_ms(const struct patience *patience)
{
	uint64_t now;

	if (patience->until == UINT64_MAX)
		return -1;
	now = clock_monotonic();
	return now >= patience->until ? 0 : (int)((patience->until - now + 999999) / 1000000);
}

static int wait_for(const struct varlink_client *client, short events,
		    const struct patience *patience, struct error *err)
{
	struct pollfd wish = { .fd = client->fd, .events = events };

	for (;;) {
		int n = poll(&wish, 1, remaining_ms(patience));

		if (n > 0)
			return 0;
		if (n == 0)
			return error_set(err, -ETIMEDOUT,
					 "the daemon at \"%s\" did not answer in time",
					 client->path);
		if (errno != EINTR)
			return error_set_errno(err, -errno, "cannot wait for the daemon");
		if (patience->signals)
			return -EINTR;
	}
}

static int closed(const struct varlink_client *client, struct error *err)
{
	return error_set(err, -ECONNRESET,
			 "the daemon at \"%s\" closed the connection: it stops, or has too many "
			 "clients",
			 client->path);
}

/*
 * Sends all. A daemon that hangs up may have said why before: that is read next, so a broken pipe
 * is no error here.
 */
static int send_all(struct varlink_client *client, const char *text, size_t size,
		    const struct patience *patience, struct error *err)
{
	int r;

	while (size > 0) {
		ssize_t n = send(client->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			text += n;
			size -= (size_t)n;
		} else if (errno == EAGAIN) {
			r = wait_for(client, POLLOUT, patience, err);
			if (r < 0)
				return r;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		} else if (errno != EINTR) {
			return error_set_errno(err, -errno, "cannot ask the daemon at \"%s\"",
					       client->path);
		}
	}
	return 0;
}

static int make_room(struct varlink_client *client, struct error *err)
{
	size_t room = MAX(client->in_room, (size_t)READ_SIZE);
	char *larger;

	while (room < client->in_size + READ_SIZE)
		room *= 2;
	if (room == client->in_room)
		return 0;
	if (room > REPLY_MAX)
		return error_set(err, -EMSGSIZE, "the daemon's answer is longer than %d MiB",
				 REPLY_MAX >> 20);
	larger = realloc(client->in, room);
	if (!larger)
		return error_oom(err);
	client->in = larger;
	client->in_room = room;
	return 0;
}

static int read_more(struct varlink_client *client, const struct patience *patience,
		     struct error *err)
{
	int r = make_room(client, err);

	while (r >= 0) {
		ssize_t n = recv(client->fd, client->in + client->in_size,
				 client->in_room - client->in_size, MSG_DONTWAIT);

		if (n > 0) {
			client->in_size += (size_t)n;
			return 0;
		}
		if (n == 0 || errno == ECONNRESET)
			return closed(client, err);
		if (errno == EAGAIN)
			r = wait_for(client, POLLIN, patience, err);
		else if (errno != EINTR)
			r = error_set_errno(err, -errno, "cannot read the daemon's answer");
	}
	return r;
}

static int receive(struct varlink_client *client, const struct patience *patience,
		   struct varlink_answer *ret_answer, struct error *err)
{
	size_t seen = 0, size;
	const char *end = NULL;
	int r;

	for (;;) {
		if (client->in_size > seen)
			end = memchr(client->in + seen, '\0', client->in_size - seen);
		if (end)
			break;
		seen = client->in_size;
		r = read_more(client, patience, err);
		if (r < 0)
			return r;
	}
	size = (size_t)(end - client->in);
	r = varlink_answer_parse(client->in, size, ret_answer, err);
	client->in_size -= size + 1;
	memmove(client->in, client->in + size + 1, client->in_size);
	if (r < 0)
		(void)error_wrap(err, "the daemon at \"%s\" answered strangely", client->path);
	return r;
}

/* ---- calls ---- */

static int ask(struct varlink_client *client, const char *method, json_t *parameters, bool more,
	       const struct patience *patience, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;

	if (client->lost) {
		json_decref(parameters);
		return error_set(err, -ENOTCONN,
				 "the connection to \"%s\" was given up after an earlier error",
				 client->path);
	}
	if (varlink_encode(varlink_request_new(method, parameters, more, false), &text, &size) < 0)
		return error_oom(err);
	return send_all(client, text, size, patience, err);
}

static int call_once(struct varlink_client *client, const char *method, json_t *parameters,
		     const struct patience *patience, struct varlink_answer *ret_answer,
		     struct error *err)
{
	int r = ask(client, method, json_incref(parameters), false, patience, err);

	if (r >= 0)
		r = receive(client, patience, ret_answer, err);
	if (r < 0)
		client->lost = true;
	return r;
}

/* The daemon has done nothing, for another one is about to take its place. */
static bool is_to_be_asked_again(const struct varlink_answer *answer)
{
	const json_t *code = json_object_get(answer->parameters, "errno");

	return answer->error && streq(answer->error, "io.reeve.Failed") &&
	       json_integer_value(code) == EAGAIN;
}

/* A new connection in place of the one that there is: to who answers now. */
static int connect_anew(struct varlink_client *client, struct error *err)
{
	struct varlink_client *other = NULL;
	int r = varlink_connect(client->path, &other, err);

	if (r < 0)
		return r;
	closep(&client->fd);
	client->fd = other->fd;
	other->fd = -1;
	client->in_size = 0;
	client->lost = false;
	varlink_client_free(other);
	return 0;
}

int varlink_call(struct varlink_client *client, const char *method, json_t *parameters,
		 int timeout_ms, json_t **ret_reply, char **ret_error, struct error *err)
{
	const struct patience patience = patience_of(timeout_ms);
	const struct patience again =
		patience_of(timeout_ms < 0 ? AGAIN_MS : MIN(AGAIN_MS, timeout_ms / 2));
	struct varlink_answer answer;
	int r = call_once(client, method, parameters, &patience, &answer, err);

	while (r >= 0 && is_to_be_asked_again(&answer) && remaining_ms(&again) > 0) {
		(void)poll(NULL, 0, AGAIN_PAUSE_MS);
		if (connect_anew(client, NULL) < 0)
			break;
		varlink_answer_done(&answer);
		r = call_once(client, method, parameters, &patience, &answer, err);
	}
	json_decref(parameters);
	if (r < 0)
		return r;
	r = answer.error ? 1 : 0;
	if (r == 1)
		*ret_error = TAKE_PTR(answer.error);
	*ret_reply = TAKE_PTR(answer.parameters);
	varlink_answer_done(&answer);
	return r;
}

int varlink_observe(struct varlink_client *client, const char *method, json_t *parameters,
		    int (*function)(json_t *reply, void *userdata), void *userdata,
		    struct error *err)
{
	const struct patience patience = { .until = UINT64_MAX, .signals = true };
	int r = ask(client, method, parameters, true, &patience, err);
	bool continues = true;

	while (r == 0 && continues) {
		struct varlink_answer answer;

		r = receive(client, &patience, &answer, err);
		if (r < 0)
			break;
		continues = answer.continues && !answer.error;
		if (answer.error)
			r = varlink_explain(answer.error, answer.parameters, err);
		else
			r = function(answer.parameters, userdata);
		varlink_answer_done(&answer);
	}
	if (continues)
		client->lost = true;
	return r;
}

/* ---- the same in a caller's loop ---- */

int varlink_observe_begin(struct varlink_client *client, const char *method, json_t *parameters,
			  struct error *err)
{
	const struct patience patience = patience_of(BEGIN_MS);
	int r = ask(client, method, parameters, true, &patience, err);

	if (r < 0)
		client->lost = true;
	return r;
}

/* One reply. As varlink_observe_ready(). */
static int hand_over(const struct varlink_client *client, const char *text, size_t size,
		     int (*function)(json_t *reply, void *userdata), void *userdata,
		     struct error *err)
{
	struct varlink_answer answer;
	int r = varlink_answer_parse(text, size, &answer, err);

	if (r < 0)
		return error_wrap(err, "the daemon at \"%s\" answered strangely", client->path);
	if (answer.error)
		r = varlink_explain(answer.error, answer.parameters, err);
	else
		r = function(answer.parameters, userdata);
	if (r == 0 && !answer.continues)
		r = error_set(err, -EPIPE, "the daemon has ended");
	varlink_answer_done(&answer);
	return r;
}

int varlink_observe_ready(struct varlink_client *client,
			  int (*function)(json_t *reply, void *userdata), void *userdata,
			  struct error *err)
{
	size_t seen = client->in_size, at = 0;
	const char *end;
	ssize_t n;
	int r = make_room(client, err);

	if (r < 0)
		return r;
	n = recv(client->fd, client->in + seen, client->in_room - seen, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return closed(client, err);
	client->in_size += (size_t)n;
	while (r == 0 && (end = memchr(client->in + seen, '\0', client->in_size - seen))) {
		r = hand_over(client, client->in + at, (size_t)(end - client->in) - at, function,
			      userdata, err);
		seen = at = (size_t)(end - client->in) + 1;
	}
	client->in_size -= at;
	memmove(client->in, client->in + at, client->in_size);
	client->lost = r != 0;
	return r;
}

/* ---- errors ---- */

static const char *string_in(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The sentence is `before`, the parameter `key`, and `after`. */
static const struct {
	const char *name, *key, *before, *after;
	int code;
} known_errors[] = {
	{ "io.reeve.PermissionDenied", "method", "no permission for ", "", -EACCES },
	{ "org.varlink.service.InterfaceNotFound", "interface",
	  "the daemon does not have the interface ", "; is it older than this command?",
	  -EOPNOTSUPP },
	{ "org.varlink.service.InvalidParameter", "parameter",
	  "the daemon does not accept the parameter ", "", -EINVAL },
	{ "org.varlink.service.MethodNotFound", "method", "the daemon does not know ",
	  "; is it older than this command?", -EOPNOTSUPP },
	{ "org.varlink.service.MethodNotImplemented", "method", "the daemon cannot do ", "",
	  -EOPNOTSUPP },
};

int varlink_explain(const char *name, const json_t *parameters, struct error *err)
{
	const char *message = string_in(parameters, "message");
	json_int_t code = json_integer_value(json_object_get(parameters, "errno"));

	for (size_t i = 0; i < ARRAY_SIZE(known_errors); i++) {
		const char *what = string_in(parameters, known_errors[i].key);

		if (streq(known_errors[i].name, name))
			return error_set(err, known_errors[i].code, "%s%s%s%s%s",
					 known_errors[i].before, what ? what : "(not told)",
					 known_errors[i].after, message ? ": " : "",
					 message ? message : "");
	}
	if (streq(name, "io.reeve.Failed") && code > 0 && code < 4096)
		return error_set(err, (int)-code, "%s", message ? message : strerror((int)code));
	return error_set(err, -EREMOTEIO, "%s", message ? message : name);
}
