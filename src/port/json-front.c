// SPDX-License-Identifier: MIT
/*
 * Lines to messages and back. What is no request is answered by a sentence, and does no harm to the
 * next line. Requests that will have no reply, as their process executed a program or ended, are
 * answered when that is told.
 *
 * Nothing is written to the port while it does not read: lines are not read meanwhile.
 */
#include "port/json-front.h"

#include "port/frame.h"
#include "port/guard.h"
#include "port/json-requests.h"
#include "port/json-term.h"
#include "util/suggest.h"
#include "util/text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { LINE_MAX_SIZE = 1 << 20, CHUNK = 65536, NAMES_MAX = 256 };

struct front {
	struct json_ends ends;
	struct json_requests requests;
	struct text lines;  /* read, and not yet whole */
	struct text output; /* of the port: frames, not yet whole */
	struct text queue;  /* for the port */
	bool reading, booted, executed;
	size_t skipped; /* of a line that is too long */
};

int json_front_fork(bool *ret_front, struct json_ends *ret_ends)
{
	struct process_tree before = { 0 };
	int down[2], up[2], control[2];
	pid_t pid;

	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		return -errno;
	(void)process_tree_add_children(&before, getpid());
	pid = fork();
	if (pid < 0)
		return -errno;
	*ret_front = pid > 0;
	if (pid > 0) {
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
		close(down[0]);
		close(up[1]);
		close(control[1]);
		*ret_ends = (struct json_ends){ down[1], up[0], control[0], pid, before };
		return fcntl(down[1], F_SETFL, O_WRONLY | O_NONBLOCK) < 0 ? -errno : 0;
	}
	/* What is kept goes above the numbers that it must not be overwritten by. */
	close(up[0]);
	close(down[1]);
	close(control[0]);
	control[1] = fcntl(control[1], F_DUPFD_CLOEXEC, 64);
	down[0] = fcntl(down[0], F_DUPFD_CLOEXEC, 64);
	up[1] = fcntl(up[1], F_DUPFD_CLOEXEC, 64);
	if (dup2(down[0], STDIN_FILENO) < 0 || dup2(up[1], STDOUT_FILENO) < 0 ||
	    dup3(control[1], 5, O_CLOEXEC) < 0)
		return -errno;
	close(down[0]);
	close(up[1]);
	close(control[1]);
	return 0;
}

/* ---- lines out ---- */

static void say(json_t *object)
{
	char *line = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	if (!line || printf("%s\n", line) < 0 || fflush(stdout) != 0)
		_exit(EPIPE); /* nobody reads: the port's stdin ends with us, and it with that */
	free(line);
	json_decref(object);
}

static void say_wrong(const json_t *id, const char *sentence)
{
	json_t *object = json_pack("{s:s}", "error", sentence);

	if (id)
		(void)json_object_set(object, "id", (json_t *)(uintptr_t)id);
	say(object);
}

static json_t *about(const struct json_place *place)
{
	return json_pack("{s:o}", "at", json_place_write(place));
}

/* Answers all that wait for this process and, where `below`, for those below it. */
static void answer_rest(struct front *front, const struct json_place *place, bool below,
			const char *name, json_t *value)
{
	struct json_place asked;
	json_t *id;

	while ((id = json_requests_take(&front->requests, place, below, &asked))) {
		json_t *object = about(&asked);

		(void)json_object_set(object, name, value);
		(void)json_object_set_new(object, "id", id);
		say(object);
	}
	json_decref(value);
}

/* The first of those that wait executed a program or ended, as it was asked to. */
static void answer_closed(struct front *front, const struct json_place *place)
{
	struct json_place asked;
	json_t *object = NULL;
	json_t *id = json_requests_take(&front->requests, place, false, &asked);

	if (!id)
		return;
	object = about(place);
	(void)json_object_set_new(object, "id", id);
	(void)json_object_set_new(object, "ok", json_true());
	say(object);
	answer_rest(front, place, false, "error",
		    json_string("the process executes a program, or has ended"));
}

static void say_reply(struct front *front, const struct json_place *place,
		      struct etf_reader *reader)
{
	struct json_place asked;
	json_t *id, *reply = json_of_reply(reader), *object;

	if (!front->booted) {
		front->booted = true;
		say(json_pack("{s:s, s:s, s:i}", "port", "reeve", "version", REEVE_VERSION, "pid",
			      (int)front->ends.pid));
		json_decref(reply);
		return;
	}
	id = json_requests_take(&front->requests, place, false, &asked);
	object = about(place);
	if (json_object_get(reply, "error") || json_object_get(reply, "ok"))
		(void)json_object_update(object, reply);
	else
		(void)json_object_set(object, "ok", reply);
	json_decref(reply);
	if (id)
		(void)json_object_set_new(object, "id", id);
	say(object);
}

static void say_term(struct front *front, const struct json_place *place, enum frame_type type,
		     struct etf_reader *reader)
{
	json_t *term = json_of_term(reader), *object = about(place);
	const char *name = type == FRAME_EVENT ? "event" : type == FRAME_CTL ? "ctl" : "pipe";
	const char *first = json_string_value(json_is_array(term) ? json_array_get(term, 0) : term);

	bool closed = type == FRAME_CTL && first && streq(first, "fdctl_closed");
	bool nobody = type == FRAME_CTL && first && streq(first, "badpid");
	bool ended = type == FRAME_EVENT && first &&
		     (streq(first, "exit_status") || streq(first, "termsig"));

	(void)json_object_set_new(object, name, term);
	say(object);
	if (closed)
		answer_closed(front, place);
	if (nobody)
		answer_rest(front, place, true, "error", json_string("there is no such process"));
	if (ended)
		answer_rest(front, place, true, "error", json_string("the process has ended"));
}

static void say_output(const struct json_place *place, const char *name, const uint8_t *data,
		       size_t size)
{
	json_t *object = about(place);

	(void)json_set_bytes(object, name, data, size);
	say(object);
}

/* ---- messages of the port ---- */

static void on_frame(struct front *front, const uint8_t *frame, size_t size)
{
	struct json_place place = { 0 };
	struct etf_reader reader;
	size_t type = frame_u16(frame + 2);

	while (type == FRAME_PROXY && size >= FRAME_HEAD_CHILD + FRAME_HEAD &&
	       place.depth < ARRAY_SIZE(place.pids)) {
		place.pids[place.depth++] = (int32_t)frame_u32(frame + FRAME_HEAD);
		frame += FRAME_HEAD_CHILD;
		size -= FRAME_HEAD_CHILD;
		type = frame_u16(frame + 2);
	}
	if (type == FRAME_STDOUT || type == FRAME_STDERR) {
		place.pids[place.depth++] = (int32_t)frame_u32(frame + FRAME_HEAD);
		say_output(&place, type == FRAME_STDOUT ? "stdout" : "stderr",
			   frame + FRAME_HEAD_CHILD, size - FRAME_HEAD_CHILD);
		return;
	}
	etf_reader_init(&reader, frame + FRAME_HEAD, size - FRAME_HEAD);
	(void)etf_read_version(&reader);
	if (type == FRAME_CALL)
		say_reply(front, &place, &reader);
	else
		say_term(front, &place, (enum frame_type)type, &reader);
}

/* The first process announced that it executes a program: what follows is that one's output, if it
 * did. */
static void on_announcement(struct front *front)
{
	struct json_place first = { 0 };
	char said;

	if (recv(front->ends.control, &said, 1, 0) > 0)
		return;
	front->executed = true;
	say(json_pack("{s:[], s:s}", "at", "ctl", "fdctl_closed"));
	answer_closed(front, &first);
}

static void on_output(struct front *front)
{
	const uint8_t *data = (const uint8_t *)front->output.data;
	struct json_place first = { 0 };
	size_t size, done = 0, left;

	while (!front->executed && front->output.size > done &&
	       frame_upwards(data + done, front->output.size - done, 0, &size) == FRAME_GOOD &&
	       front->output.size - done >= size) {
		if (frame_u16(data + done + 2) == FRAME_EXEC)
			on_announcement(front);
		else
			on_frame(front, data + done, size);
		done += size;
	}
	left = front->output.size - done;
	if (front->executed && left) {
		say_output(&first, "stdout", data + done, left);
		left = 0;
	}
	memmove(front->output.data, data + front->output.size - left, left);
	front->output.size = left;
}

/* ---- lines in ---- */

static void send_bytes(struct front *front, const struct json_place *place, const uint8_t *data,
		       size_t size)
{
	uint8_t head[FRAME_HEAD_CHILD];

	for (size_t i = 0; i < place->depth; i++) {
		frame_put_head_child(head, FRAME_STDIN, place->pids[i],
				     size + FRAME_HEAD_CHILD * (place->depth - 1 - i));
		text_add_bytes(&front->queue, head, sizeof(head));
	}
	text_add_bytes(&front->queue, data, size);
}

static void find_call(const char *name, const struct call **ret_call, char *wrong_text)
{
	const char *names[NAMES_MAX], *nearest;
	size_t count = MIN(calls_count(), (size_t)NAMES_MAX);

	for (size_t i = 0; i < count; i++) {
		names[i] = call_row(i)->name;
		if (!streq(names[i], name))
			continue;
		*ret_call = call_row(i);
		return;
	}
	nearest = suggest(name, names, count);
	snprintf(wrong_text, JSON_WRONG,
		 nearest ? "\"%s\" is no call; did you mean \"%s\"?" : "\"%s\" is no call", name,
		 nearest ? nearest : "");
}

/* 0, or -EINVAL with a sentence. */
static int send_call(struct front *front, const struct json_place *place, const char *name,
		     json_t *arguments, char *wrong_text)
{
	_cleanup_(freep) uint8_t *buffer = malloc(FRAME_SIZE_MAX);
	_cleanup_(etf_writer_done) struct etf_writer writer = { 0 };
	const struct call *call = NULL;
	uint8_t head[FRAME_CALL_HEAD];

	find_call(name, &call, wrong_text);
	if (!call || !buffer)
		return -EINVAL;
	etf_writer_init(&writer, buffer, FRAME_SIZE_MAX, FRAME_SIZE_MAX);
	etf_put_version(&writer);
	if (json_put_arguments(&writer, call, arguments, wrong_text) < 0)
		return -EINVAL;
	if (writer.failed ||
	    writer.size + FRAME_CALL_HEAD + FRAME_HEAD_CHILD * place->depth > FRAME_LENGTH_MAX) {
		snprintf(wrong_text, JSON_WRONG, "%s: the arguments are longer than a message",
			 name);
		return -EINVAL;
	}
	frame_put_head(head, FRAME_CALL, 2 + writer.size);
	frame_put_u16(head + FRAME_HEAD, (size_t)call_number(call->name, call->arity));
	memmove(buffer + FRAME_CALL_HEAD, buffer, writer.size);
	memcpy(buffer, head, sizeof(head));
	send_bytes(front, place, buffer, FRAME_CALL_HEAD + writer.size);
	return 0;
}

/* Cut into pieces that every level can carry. */
static void send_stdin(struct front *front, const struct json_place *place, const json_t *value,
		       const json_t *id)
{
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size, chunk;

	if (json_get_bytes(value, &data, &size) < 0) {
		say_wrong(id, "\"stdin\" is to be a string, or {\"base64\": ...}");
		return;
	}
	for (size_t at = 0; at < size; at += chunk) {
		chunk = MIN(size - at, (size_t)CHUNK / 2);
		send_bytes(front, place, data + at, chunk);
	}
}

/* The first member that is none of a request's. */
static const char *unknown_member(json_t *request)
{
	static const char *const known[] = { "id", "at", "call", "arguments", "stdin" };
	const char *name;
	json_t *value;
	size_t i;

	json_object_foreach(request, name, value)
	{
		for (i = 0; i < ARRAY_SIZE(known) && !streq(known[i], name); i++)
			;
		if (i == ARRAY_SIZE(known))
			return name;
	}
	return NULL;
}

static void on_call(struct front *front, const struct json_place *place, json_t *request)
{
	json_t *id = json_object_get(request, "id"), *arguments;
	const char *name = json_string_value(json_object_get(request, "call"));
	char wrong_text[JSON_WRONG] = "no memory";
	json_t *empty = json_array();

	arguments = json_object_get(request, "arguments");
	if (front->executed)
		say_wrong(id, "the port has executed another program: there is nobody to call");
	else if (!name || (arguments && !json_is_array(arguments) && !json_is_object(arguments)))
		say_wrong(id, "a request has \"call\", a name, and \"arguments\", an object or an "
			      "array; or \"stdin\"");
	else if (send_call(front, place, name, arguments ? arguments : empty, wrong_text) < 0)
		say_wrong(id, wrong_text);
	else if (json_requests_add(&front->requests, place, id ? id : json_null()) < 0)
		say_wrong(id, "no memory for the request");
	json_decref(empty);
}

static void on_line(struct front *front, const char *line, size_t size)
{
	json_error_t error;
	struct json_place place;
	json_t *request = json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	const json_t *id = json_object_get(request, "id");
	char sentence[JSON_WRONG];
	const char *unknown;

	if (!json_is_object(request)) {
		snprintf(sentence, sizeof(sentence), "this line is no JSON object: %s",
			 request ? "it is another value" : error.text);
		say_wrong(NULL, sentence);
	} else if ((unknown = unknown_member(request))) {
		snprintf(sentence, sizeof(sentence), "a request has no \"%.64s\"", unknown);
		say_wrong(id, sentence);
	} else if (!json_place_read(json_object_get(request, "at"), &place)) {
		say_wrong(id, "\"at\" is to be an array of process numbers");
	} else if (json_object_get(request, "stdin") &&
		   (json_object_get(request, "call") || json_object_get(request, "arguments"))) {
		say_wrong(id, "a request has \"call\" or \"stdin\", and not both");
	} else if (json_object_get(request, "stdin")) {
		send_stdin(front, &place, json_object_get(request, "stdin"), id);
	} else {
		on_call(front, &place, request);
	}
	json_decref(request);
}

static void on_lines(struct front *front)
{
	char *at = front->lines.data, *end;
	size_t left = front->lines.size;

	while (left && (end = memchr(at, '\n', left))) {
		size_t size = (size_t)(end - at);

		if (front->skipped)
			front->skipped = 0;
		else if (strspn(at, " \t\r") < size)
			on_line(front, at, size);
		left -= size + 1;
		at = end + 1;
	}
	if (left > LINE_MAX_SIZE) {
		if (!front->skipped)
			say_wrong(NULL, "a line is longer than 1 MiB");
		front->skipped += left;
		left = 0;
	}
	memmove(front->lines.data, at, left);
	front->lines.size = left;
}

/* ---- the loop ---- */

/* Reads what is there. False at the end. */
static bool fill(int fd, struct text *text)
{
	ssize_t got;

	if (!text_reserve(text, CHUNK))
		return false;
	got = read(fd, text->data + text->size, CHUNK);
	if (got > 0)
		text->size += (size_t)got;
	return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

static void flush_queue(struct front *front)
{
	ssize_t written = write(front->ends.to, front->queue.data, front->queue.size);

	if (written < 0 && errno != EAGAIN && errno != EINTR)
		written =
			(ssize_t)front->queue.size; /* it has ended, which is told by its output */
	if (written <= 0)
		return;
	memmove(front->queue.data, front->queue.data + written,
		front->queue.size - (size_t)written);
	front->queue.size -= (size_t)written;
}

static void stop_reading(struct front *front)
{
	front->reading = false;
	if (front->lines.size)
		say_wrong(NULL, "the last line has no end, and was not read");
}

int json_front_run(const struct json_ends *ends)
{
	struct front front = { .ends = *ends, .reading = true };
	int status = 0;

	json_requests_init(&front.requests);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		bool reads = front.reading && !front.queue.size;
		struct pollfd polls[] = {
			{ .fd = reads ? STDIN_FILENO : -1, .events = POLLIN },
			{ .fd = front.ends.from, .events = POLLIN },
			{ .fd = front.queue.size ? front.ends.to : -1, .events = POLLOUT },
		};

		if (poll(polls, ARRAY_SIZE(polls), -1) < 0 && errno != EINTR)
			break;
		if (polls[1].revents) {
			if (!fill(front.ends.from, &front.output))
				break;
			on_output(&front);
		}
		if (polls[0].revents) {
			if (fill(STDIN_FILENO, &front.lines))
				on_lines(&front);
			else
				stop_reading(&front);
		}
		if (front.queue.size)
			flush_queue(&front);
		if (!front.reading && !front.queue.size && front.ends.to >= 0) {
			close(front.ends.to);
			front.ends.to = -1;
		}
	}
	(void)waitpid(ends->pid, &status, 0);
	guard_end_rest(status, &ends->before);
	json_requests_done(&front.requests);
	text_done(&front.lines);
	text_done(&front.output);
	text_done(&front.queue);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
