// SPDX-License-Identifier: MIT
/* reeve metrics: what the daemon counts, for Prometheus. */
#include "cli/commands.h"

#include "cli/output.h"
#include "util/fd.h"

#include <fcntl.h>

enum { FILE_MODE = 0644 };

static int run_metrics(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	const char *text;
	int r = cli_call(cli, "GetMetrics", NULL, &reply);

	if (r != EXIT_DONE)
		return r;
	text = member_string(reply, "text");
	if (cli->output) {
		/* Who reads it meanwhile gets the old one whole. */
		r = file_replace_at(AT_FDCWD, cli->output, text, strlen(text), FILE_MODE);
		if (r < 0) {
			error_set_errno(&err, r, "metrics: cannot write %s", cli->output);
			r = cli_fail(cli, &err);
		}
	} else if (cli->json) {
		r = cli_print_json(cli, reply);
	} else {
		fputs(text, cli->out);
	}
	json_decref(reply);
	return r;
}

static const struct command_option metrics_options[] = {
	{ "output", 'o', OPTION_STRING, "FILE", "write a file, replaced as a whole",
	  offsetof(struct cli, output) },
};

const struct command metrics_command = {
	.name = "metrics",
	.usage = "[OPTION...]",
	.summary = "Print what the daemon counts in Prometheus's text format",
	.description = "For node_exporter's textfile collector, a timer runs it with *--output* "
		       "_/var/lib/prometheus/node-exporter/reeve.prom_. The file is replaced as a "
		       "whole.",
	COMMAND_OPTIONS(metrics_options),
	.run = run_metrics,
};
