// SPDX-License-Identifier: MIT
/*
 * reeve web: becomes reeve-web, which is beside this program or where it was installed. Only that
 * one loads an HTTP server.
 */
#include "cli/commands.h"

#include "util/places.h"

enum { WORDS_MOST = 80 };

static void add(const char **words, size_t *count, const char *option, const char *value)
{
	if (!value)
		return;
	words[(*count)++] = option;
	words[(*count)++] = value;
}

/* Does not come back, but with -errno. */
static int become(const char **words, struct error *err)
{
	char beside[PLACE_SIZE];
	const char *places[] = { beside, REEVE_LIBEXEC_DIR "/reeve-web" };

	place_beside("reeve-web", beside);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		execv(places[i], (char *const *)(uintptr_t)words);
		if (errno != ENOENT)
			return error_set_errno(err, -errno, "cannot execute \"%s\"", places[i]);
	}
	return error_set(err, -ENOENT,
			 "reeve-web is not installed: it is neither at \"%s\" nor at \"%s\"",
			 beside, places[1]);
}

static int run_web(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const char *words[WORDS_MOST] = { "reeve-web", "--runtime-dir", cli->runtime_dir };
	size_t n = 3;

	add(words, &n, "--listen", cli->listen);
	add(words, &n, "--token-file", cli->token_file);
	add(words, &n, "--socket-group", cli->socket_group);
	if (cli->json)
		words[n++] = "--json";
	for (size_t i = 0; i < cli->hosts.count && n + 3 < WORDS_MOST; i++)
		add(words, &n, "--host", cli->hosts.values[i]);
	option_list_done(&cli->hosts);
	(void)become(words, &err);
	return cli_fail(cli, &err);
}

#define FIELD(member) offsetof(struct cli, member)

static const struct command_option web_options[] = {
	{ "listen", 'l', OPTION_STRING, "ADDRESS",
	  "127.0.0.1:PORT, [::1]:PORT or unix:/PATH (default 127.0.0.1:7390)", FIELD(listen) },
	{ "token-file", 0, OPTION_STRING, "FILE", "read the token here instead of making one",
	  FIELD(token_file) },
	{ "host", 0, OPTION_LIST, "NAME", "answer to this name too (of a proxy)", FIELD(hosts) },
	{ "socket-group", 0, OPTION_STRING, "GROUP", "who may connect to a Unix socket besides us",
	  FIELD(socket_group) },
};

const struct command web_command = {
	.name = "web",
	.usage = "[OPTION...]",
	.summary = "Serve a page that shows groups, events, processes and services",
	.description =
		"It is for a browser on this machine: it listens on loopback or on a Unix socket, "
		"and "
		"answers to who knows the token. The address that it prints holds that; with "
		"*--token-file* it is the first line of a file (32 to 256 letters, digits, \"-\" "
		"and "
		"\"\\_\") that only its owner, and perhaps his group, may read. Port 0 stands for "
		"any "
		"that is free. Nothing can be changed by way of the page. It runs until it is "
		"interrupted. "
		"docs/web.md tells more, and lists what programs may ask for.",
	COMMAND_OPTIONS(web_options),
	.run = run_web,
};
