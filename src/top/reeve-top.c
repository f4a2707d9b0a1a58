// SPDX-License-Identifier: MIT
/*
 * The program behind `reeve top`, which executes it with options that it has checked: a program of
 * its own, so that no other command loads ncurses.
 */
#include "top/top.h"

#include "util/units.h"

#include <signal.h>

int main(int argc, char **argv)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct top_options options = { 0 };
	struct error err = ERROR_INIT;
	int r;

	if (argc != 3 || parse_u64(argv[2], &options.interval_ns) < 0 || options.interval_ns == 0) {
		fputs("reeve-top: started by `reeve top`, not by hand\n", stderr);
		return 2;
	}
	options.runtime_dir = argv[1];
	(void)signal(SIGPIPE, SIG_IGN);
	r = host_new(&host, &err);
	if (r >= 0)
		r = top_run(host, &options, &err);
	if (r < 0)
		fprintf(stderr, "reeve: %s\n", error_text(&err));
	error_done(&err);
	return r < 0 ? 1 : 0;
}
