// SPDX-License-Identifier: MIT
/*
 * reeve-port: a program that another program starts and speaks to over stdin and stdout, to have
 * processes forked, set up and executed. docs/port-protocol.md tells what is said.
 *
 * Exit codes are numbers of errno, as clients expect them.
 */
#include "port/start.h"

#include "port/guard.h"

#include "port/json-front.h"
#include "port/process-title.h"
#include "port/set-user-id.h"
#include "util/units.h"

#include <getopt.h>
#include <sys/resource.h>

struct arguments {
	struct start start;
	bool json;
	uint64_t depth, maxchild;
	bool maxchild_given;
};

static int usage(void)
{
	fputs("reeve-port " REEVE_VERSION ", alcove 1.0.1\n"
	      "usage: reeve-port -c FIFO [-d DEPTH] [-m MAXCHILD]\n"
	      "       reeve-port --protocol json [-m MAXCHILD]\n",
	      stderr);
	return ENOTSUP;
}

/* 0 or a positive errno. */
static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = { { "protocol", required_argument, NULL, 'p' },
						 { 0 } };
	int letter;

	while ((letter = getopt_long(argc, argv, "c:d:m:h", options, NULL)) != -1) {
		switch (letter) {
		case 'c':
			arguments->start.fifo = optarg;
			break;
		case 'd':
			arguments->start.again = true;
			if (parse_u64(optarg, &arguments->depth) < 0)
				return usage();
			break;
		case 'm':
			arguments->maxchild_given = true;
			if (parse_u64(optarg, &arguments->maxchild) < 0)
				return usage();
			break;
		case 'p':
			arguments->json = streq(optarg, "json");
			if (!arguments->json && !streq(optarg, "alcove"))
				return usage();
			break;
		default:
			return usage();
		}
	}
	return 0;
}

/* 0 or a positive errno. */
static int apply(const struct arguments *arguments, struct port *port)
{
	struct rlimit limit;

	if (arguments->depth > FRAME_DEPTH_MAX) {
		fprintf(stderr, "reeve-port: -d: the greatest depth is %d\n", FRAME_DEPTH_MAX);
		return EAGAIN;
	}
	port->depth = (unsigned)arguments->depth;
	if (!arguments->maxchild_given)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || arguments->maxchild > UINT16_MAX ||
	    (arguments->maxchild + 1) * FDS_PER_CHILD > limit.rlim_cur) {
		fprintf(stderr,
			"reeve-port: -m %llu: a child needs %d descriptors, and RLIMIT_NOFILE "
			"allows "
			"%llu\n",
			(unsigned long long)arguments->maxchild, FDS_PER_CHILD,
			(unsigned long long)limit.rlim_cur);
		return EAGAIN;
	}
	port->options.maxchild = (int64_t)arguments->maxchild;
	return 0;
}

/* In front of the port a process of its own speaks JSON. */
static int run_json(struct port *port)
{
	struct json_ends ends;
	bool front = true;
	int r = json_front_fork(&front, &ends);

	if (r == 0 && front)
		return json_front_run(&ends);
	if (r == 0)
		r = start_below_front(port);
	if (r < 0) {
		fprintf(stderr, "reeve-port: cannot start: %s\n", strerror(-r));
		return -r;
	}
	start_begin(port, false);
	return port_run(port);
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	char wrong[SET_USER_ID_WRONG];
	struct port *port;
	int r, guard = -1;

	process_title_init(argc, argv);
	r = read_arguments(argc, argv, &arguments);
	if (r)
		return r;
	if (set_user_id_enter(REEVE_SYSCONF_DIR "/reeve/port-set-user-id", arguments.start.again,
			      wrong) < 0) {
		fprintf(stderr, "reeve-port: %s\n", wrong);
		return EPERM;
	}
	if (!arguments.json && !arguments.start.again) {
		r = guard_begin(&guard);
		if (r < 0) {
			fprintf(stderr, "reeve-port: cannot start: %s\n", strerror(-r));
			return -r;
		}
	}
	port = port_new();
	if (!port)
		return ENOMEM;
	port->guard = guard;
	r = apply(&arguments, port);
	if (r)
		return r;
	if (arguments.json)
		return run_json(port);
	r = start_descriptors(port, &arguments.start);
	if (r < 0)
		return -r;
	start_begin(port, arguments.start.again);
	return port_run(port);
}
