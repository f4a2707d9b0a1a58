// SPDX-License-Identifier: MIT
/*
 * libcgroup's rules daemon: its command line becomes reeved's, which reads /etc/cgrules.conf and
 * all that belongs to it. What scripts test stays: the flags, where it logs, the exit codes, the
 * socket and its owner. As a daemon it returns when it is ready, not before.
 *
 * cgrulesengd's exit codes that are decided here; those of rules and templates are reeved's.
 */
#include "compat/compat.h"
#include "compat/daemon.h"

#include "util/fd.h"
#include "util/mountinfo.h"
#include "util/text.h"

#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>

enum {
	EXIT_DONE = 0,
	EXIT_NOT_ROOT = 1,
	EXIT_OPTION = 2,
	EXIT_NOBODY = 3, /* an unknown user or group */
	EXIT_NO_CGROUPS = 81,
	EXIT_FAILED = 255,
	MOUNTINFO_MOST = 64 << 20,
};

enum { VERBOSITY_NONE, VERBOSITY_ERROR, VERBOSITY_WARNING, VERBOSITY_INFO, VERBOSITY_DEBUG };

struct engd {
	int verbosity;
	bool foreground, to_stdout, to_syslog, help;
	const char *log_file;
	int facility; /* 0 to 7: LOCALn; -1: DAEMON */
	const char *user, *group;
	char log[PATH_MAX + 8], owner[32];
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "nolog", no_argument, NULL, 'Q' },
	{ "logfile", required_argument, NULL, 'f' },
	{ "syslog", optional_argument, NULL, 's' },
	{ "nodaemon", no_argument, NULL, 'n' },
	{ "debug", no_argument, NULL, 'd' },
	{ "socket-user", required_argument, NULL, 'u' },
	{ "socket-group", required_argument, NULL, 'g' },
	{ 0 },
};

static void print_help(FILE *out)
{
	fputs("Usage: cgrulesengd [options]\n"
	      "\n"
	      "Puts processes into control groups by the rules of cgrules.conf(5).\n"
	      "\n"
	      "  -h, --help                 print this\n"
	      "  -v, --verbose              more in the log; may be given several times\n"
	      "  -q, --quiet                less in the log\n"
	      "  -Q, --nolog                no log\n"
	      "  -f, --logfile=FILE         log into this file; - is standard output\n"
	      "  -s, --syslog[=FACILITY]    log to syslog: 0 to 7 for LOCAL0 to LOCAL7, D for "
	      "DAEMON "
	      "(default)\n"
	      "  -n, --nodaemon             stay in the foreground\n"
	      "  -d, --debug                -n, with all there is to say on standard output\n"
	      "  -u, --socket-user=USER     whose the socket /run/cgred.socket is\n"
	      "  -g, --socket-group=GROUP   and which group's\n"
	      "\n"
	      "This is reeve's: see cgrulesengd(8), and reeve status --runtime-dir /run/cgred.\n",
	      out);
}

static bool read_facility(struct engd *engd, const char *word)
{
	engd->to_syslog = true;
	engd->facility = -1;
	if (!word || streq(word, "D"))
		return true;
	if (word[0] < '0' || word[0] > '7' || word[1] != '\0') {
		fprintf(stderr,
			"cgrulesengd: \"%s\" is no facility: there are 0 to 7 for LOCAL0 to "
			"LOCAL7, "
			"and D\n",
			word);
		return false;
	}
	engd->facility = word[0] - '0';
	return true;
}

static bool take_option(struct engd *engd, int option)
{
	switch (option) {
	case 'h':
		engd->help = true;
		return true;
	case 'v':
		engd->verbosity++;
		return true;
	case 'q':
		engd->verbosity--;
		return true;
	case 'Q':
		engd->verbosity = VERBOSITY_NONE;
		return true;
	case 'f':
		engd->log_file = optarg;
		return true;
	case 's':
		return read_facility(engd, optarg);
	case 'n':
		engd->foreground = true;
		return true;
	case 'd':
		engd->foreground = engd->to_stdout = true;
		engd->verbosity = VERBOSITY_DEBUG;
		return true;
	case 'u':
		engd->user = optarg;
		return true;
	case 'g':
		engd->group = optarg;
		return true;
	default:
		return false;
	}
}

static bool read_options(struct engd *engd, int argc, char **argv)
{
	const char *level = getenv("CGROUP_LOGLEVEL");
	int option;

	while ((option = getopt_long(argc, argv, "hvqQf:s::ndu:g:", options, NULL)) != -1)
		if (!take_option(engd, option))
			return false;
	if (optind < argc) {
		fprintf(stderr, "cgrulesengd: unexpected argument \"%s\"\n", argv[optind]);
		return false;
	}
	if (level && streq(level, "DEBUG")) {
		engd->verbosity = VERBOSITY_DEBUG;
		engd->to_stdout = true;
	}
	return true;
}

/* ---- what is looked at before anything is started ---- */

static bool find_owner(struct engd *engd)
{
	const struct passwd *user = engd->user ? getpwnam(engd->user) : NULL;
	const struct group *group = engd->group ? getgrnam(engd->group) : NULL;

	if (engd->user && !user)
		fprintf(stderr, "cgrulesengd: there is no user \"%s\"\n", engd->user);
	if (engd->group && !group)
		fprintf(stderr, "cgrulesengd: there is no group \"%s\"\n", engd->group);
	if ((engd->user && !user) || (engd->group && !group))
		return false;
	snprintf(engd->owner, sizeof(engd->owner), "%u:%u", user ? user->pw_uid : 0,
		 group ? group->gr_gid : 0);
	return true;
}

static bool has_cgroups(void)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *at;

	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MOST, &text, NULL) < 0)
		return false;
	for (at = text; mount_entry_next(&at, &entry, NULL);)
		if (streq(entry.type, "cgroup") || streq(entry.type, "cgroup2"))
			return true;
	return false;
}

/* ---- the log ---- */

/* In a folder that every user may write, another file may come to the name: reeved refuses it. */
static bool is_in_public(const char *path)
{
	char folder[PATH_MAX];
	struct stat st;
	int n = snprintf(folder, sizeof(folder), "%.*s.", (int)(path_last_part(path) - path), path);

	return n < (int)sizeof(folder) && stat(folder, &st) == 0 && (st.st_mode & S_IWOTH);
}

/* As libcgroup's: what cannot be opened becomes standard output. */
static bool can_log_to(const char *path)
{
	bool public = is_in_public(path);
	int fd = public ? -1
			: open(path,
			       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW,
			       0600);

	if (fd >= 0)
		close(fd);
	else
		fprintf(stderr,
			"cgrulesengd: cannot open the log file %s: %s; standard output is used\n",
			path, public ? "every user may write its folder" : strerror(errno));
	return fd >= 0;
}

static const char *log_target(struct engd *engd)
{
	const char *file = engd->log_file;

	if (engd->to_stdout || (file && (streq(file, "-") || !can_log_to(file))))
		return "stdout";
	if (file)
		snprintf(engd->log, sizeof(engd->log), "text:%s", file);
	else if (engd->facility >= 0)
		snprintf(engd->log, sizeof(engd->log), "syslog:local%d", engd->facility);
	else
		snprintf(engd->log, sizeof(engd->log), "syslog");
	return engd->log;
}

static const char *log_level(const struct engd *engd)
{
	static const char *const words[] = { "critical", "error", "warning", "info", "debug" };
	int verbosity = MAX(engd->verbosity, (int)VERBOSITY_NONE);

	return words[MIN(verbosity, (int)VERBOSITY_DEBUG)];
}

/* ---- the daemon ---- */

static int run(struct engd *engd)
{
	struct daemon_words words = { .count = 0 };
	const char *const always[] = {
		"reeved",
		"--compat",
		"libcgroup",
		"--config",
		"/etc",
		"--runtime-dir",
		"/run/cgred",
		"--scan",
		"--register-socket",
		"/run/cgred.socket",
		"--register-owner",
		engd->owner,
		"--log",
		log_target(engd),
		"--log-level",
		log_level(engd),
	};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		daemon_word(&words, always[i]);
	if (!engd->foreground) {
		daemon_word(&words, "--daemon");
		daemon_word(&words, "--pid-file");
		daemon_word(&words, "/run/cgred.pid");
	}
	daemon_execute(&words);
	fprintf(stderr, "cgrulesengd: cannot start reeved: %s\n", strerror(errno));
	return EXIT_FAILED;
}

int compat_cgrulesengd(int argc, char **argv)
{
	struct engd engd = { .verbosity = VERBOSITY_ERROR, .facility = -1 };

	if (!read_options(&engd, argc, argv)) {
		fputs("Try: cgrulesengd --help\n", stderr);
		return EXIT_OPTION;
	}
	if (engd.help) {
		print_help(stdout);
		return EXIT_DONE;
	}
	if (geteuid() != 0) {
		fputs("cgrulesengd: must be run as root\n", stderr);
		return EXIT_NOT_ROOT;
	}
	if (!find_owner(&engd))
		return EXIT_NOBODY;
	if (!has_cgroups()) {
		fputs("cgrulesengd: no cgroup hierarchy is mounted; try: reeve mount\n", stderr);
		return EXIT_NO_CGROUPS;
	}
	return run(&engd);
}
