// SPDX-License-Identifier: MIT
/*
 * reeve-web: what `reeve web` executes. A program of its own, so that the other commands do not
 * load an HTTP server; it asks the daemon like any other client, and can change nothing.
 */
#include "util/json-text.h"
#include "util/options.h"
#include "util/places.h"
#include "web/address.h"
#include "web/server.h"

#include <grp.h>
#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, FILES = 1024 };

static const char *arg_listen = "127.0.0.1:7390";
static const char *arg_runtime_dir = PLACE_RUNTIME;
static const char *arg_token_file, *arg_socket_group;
static struct option_list arg_hosts;
static bool arg_json;

static const struct option options[] = {
	{ "listen", 'l', OPTION_STRING, "ADDRESS", "127.0.0.1:PORT, [::1]:PORT or unix:/PATH",
	  &arg_listen },
	{ "token-file", 0, OPTION_STRING, "FILE", "read the token here instead of making one",
	  &arg_token_file },
	{ "host", 0, OPTION_LIST, "NAME", "answer to this name too (of a proxy)", &arg_hosts },
	{ "socket-group", 0, OPTION_STRING, "GROUP", "who may connect to a Unix socket besides us",
	  &arg_socket_group },
	{ "json", 0, OPTION_FLAG, NULL, "print the address as JSON", &arg_json },
	{ "runtime-dir", 0, OPTION_STRING, "DIR", "the daemon's runtime folder", &arg_runtime_dir },
};

static int usage(const struct error *err)
{
	fprintf(stderr, "reeve web: %s\n", error_text(err));
	return EXIT_USAGE;
}

static int read_group(gid_t *ret_gid, struct error *err)
{
	const struct group *group;

	*ret_gid = (gid_t)-1;
	if (!arg_socket_group)
		return 0;
	group = getgrnam(arg_socket_group);
	if (!group)
		return error_set(err, -EINVAL, "there is no group \"%s\"", arg_socket_group);
	*ret_gid = group->gr_gid;
	return 0;
}

static int check_arguments(struct address *address, gid_t *gid, struct error *err)
{
	int r = address_parse(arg_listen, address, err);

	for (size_t i = 0; r >= 0 && i < arg_hosts.count; i++)
		if (!request_is_host_name(arg_hosts.values[i]))
			r = error_set(err, -EINVAL,
				      "--host \"%s\" is no host name (say it without scheme and "
				      "port)",
				      arg_hosts.values[i]);
	if (r >= 0 && arg_socket_group && !address->path)
		r = error_set(err, -EINVAL, "--socket-group goes with --listen unix:/PATH");
	return r < 0 ? r : read_group(gid, err);
}

static void tell_json(const struct address *address, const char *text, const struct token *token)
{
	json_t *told = address->path
			       ? json_pack("{s:o}", "socket", json_text(address->path))
			       : json_pack("{s:o}", "address", json_sprintf("http://%s/", text));

	if (!arg_token_file)
		json_object_set_new(told, "token", json_string(token->text));
	(void)json_dumpf(told, stdout, 0);
	printf("\n");
	fflush(stdout);
	json_decref(told);
}

/* The token of a file is known to who wrote the file; one that was made has to be told. */
static void tell(const struct address *address, int fd, const struct token *token)
{
	char text[ADDRESS_TEXT] = "";

	if (!address->path && address_describe(fd, text) < 0)
		return;
	if (arg_json) {
		tell_json(address, text, token);
		return;
	}
	if (address->path)
		printf("listening at %s", address->path);
	else
		printf("http://%s/", text);
	if (arg_token_file)
		printf("\n");
	else
		printf("%s%s\n", address->path ? ", token " : "#token=", token->text);
	fflush(stdout);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	return sd_event_exit(sd_event_source_get_event(source), EXIT_DONE);
}

static int new_loop(sd_event **ret_event)
{
	static const int signals[] = { SIGINT, SIGTERM };
	int r = sd_event_default(ret_event);
	sigset_t mask;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaddset(&mask, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(signals); i++)
		r = sd_event_add_signal(*ret_event, NULL, signals[i], on_signal, NULL);
	return r;
}

static int serve(const struct address *address, gid_t gid, const struct token *token,
		 const char *socket, struct error *err)
{
	_cleanup_(server_freep) struct server *server = NULL;
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	struct server_options with = { .listen_fd = -1, .socket = socket };
	int r = new_loop(&event);

	if (r < 0)
		return error_set_errno(err, r, "cannot start");
	r = address_listen(address, gid, &with.listen_fd, err);
	if (r < 0)
		return error_wrap(err, "--listen %s", arg_listen);
	with.policy = (struct request_policy){ arg_hosts.values, arg_hosts.count, token };
	r = server_new(event, &with, &server, err);
	if (r < 0)
		return r;
	tell(address, with.listen_fd, token);
	sd_notify(false, "READY=1");
	r = sd_event_loop(event);
	if (address->path)
		(void)unlink(address->path);
	return r < 0 ? error_set_errno(err, r, "cannot go on") : r;
}

/* It holds a token, and parses what strangers send. */
static void harden(void)
{
	const struct rlimit no_core = { 0, 0 }, files = { FILES, FILES };

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
	static const struct command_line line = {
		.usage = "[OPTION...]",
		.summary = "Serves reeve's page to a browser on this machine.",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *socket = NULL;
	struct address address;
	struct token token;
	bool help = false;
	gid_t gid;
	int r = options_parse(&line, argc, argv, &help, &err);

	if (r >= 0 && help) {
		options_print_help(&line, "reeve web", stdout);
		return EXIT_DONE;
	}
	if (r >= 0 && r < argc)
		r = error_set(&err, -EINVAL, "unexpected operand \"%s\"", argv[r]);
	if (r >= 0)
		r = check_arguments(&address, &gid, &err);
	if (r < 0)
		return usage(&err);
	harden();
	r = arg_token_file ? token_read(arg_token_file, &token, &err) : token_make(&token, &err);
	if (r >= 0 && !(socket = place_socket(arg_runtime_dir)))
		r = error_oom(&err);
	if (r >= 0)
		r = serve(&address, gid, &token, socket, &err);
	option_list_done(&arg_hosts);
	explicit_bzero(&token, sizeof(token));
	if (r < 0)
		fprintf(stderr, "reeve web: %s\n", error_text(&err));
	return r < 0 ? EXIT_FAILED : r;
}
