// SPDX-License-Identifier: MIT
/*
 * port-sandbox ROOT PROGRAM [ARGUMENT...]: a program in a container, by libreeve.
 *
 * It is process 1 of namespaces of its own, sees ROOT as its whole file system, has another host
 * name, no network, few descriptors and no user's rights. What it says is passed on, and its exit
 * status is ours.
 */
#include <reeve/port.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "port-sandbox: %s: %s\n", what, why);
	exit(125);
}

/* Makes a call that has to work; returns the number that it answers. Takes the arguments. */
static int64_t call(struct reeve_port *port, struct reeve_place at, const char *name,
		    json_t *arguments)
{
	char *text = json_dumps(arguments, JSON_COMPACT);
	struct reeve_message *reply = NULL;
	int64_t number;
	int r = text ? reeve_port_call(port, at, name, text, &reply) : -1;

	if (r < 0)
		give_up(name, text ? strerror(-r) : "no memory");
	if (reply->kind == REEVE_MESSAGE_REFUSED)
		give_up(name, reply->error);
	number = reply->number;
	reeve_message_free(reply);
	json_decref(arguments);
	free(text);
	return number;
}

/* Passes on what the program says, until it has ended; returns its exit status. */
static int follow(struct reeve_port *port)
{
	struct reeve_message *message;
	int status = -1;

	while (status < 0 && reeve_port_next(port, -1, &message) == 0) {
		if (message->kind == REEVE_MESSAGE_STDOUT)
			(void)fwrite(message->data, 1, message->size, stdout);
		else if (message->kind == REEVE_MESSAGE_STDERR)
			(void)fwrite(message->data, 1, message->size, stderr);
		else if (message->kind == REEVE_MESSAGE_EVENT &&
			 sscanf(message->json, "[\"exit_status\",%d]", &status) != 1 &&
			 strstr(message->json, "termsig"))
			status = 128;
		reeve_message_free(message);
	}
	return status < 0 ? 125 : status;
}

int main(int argc, char **argv)
{
	struct reeve_port *port;
	struct reeve_place first = { 0 }, child = { .depth = 1 };
	json_t *arguments = json_array();
	pid_t pid;
	int status;

	if (argc < 3) {
		fputs("usage: port-sandbox ROOT PROGRAM [ARGUMENT...]\n", stderr);
		return 125;
	}
	if (reeve_port_open(NULL, &port) < 0)
		give_up("reeve-port", "cannot be started");
	for (int i = 2; i < argc; i++)
		(void)json_array_append_new(arguments, json_string(argv[i]));

	pid = (pid_t)call(port, first, "clone",
			  json_pack("[[s, s, s, s, s]]", "clone_newns", "clone_newpid",
				    "clone_newipc", "clone_newuts", "clone_newnet"));
	child.pids = &pid;
	(void)call(port, child, "sethostname", json_pack("[s]", "sandbox"));
	(void)call(port, child, "chroot", json_pack("[s]", argv[1]));
	(void)call(port, child, "chdir", json_pack("[s]", "/"));
	(void)call(port, child, "setrlimit", json_pack("[s, [i, i]]", "rlimit_nofile", 16, 16));
	(void)call(port, child, "setgroups", json_pack("[[]]"));
	(void)call(port, child, "setresgid", json_pack("[i, i, i]", 65534, 65534, 65534));
	(void)call(port, child, "setresuid", json_pack("[i, i, i]", 65534, 65534, 65534));
	(void)call(port, child, "execve", json_pack("[s, o, []]", argv[2], arguments));

	status = follow(port);
	reeve_port_close(port);
	return status;
}
