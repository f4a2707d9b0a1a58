// SPDX-License-Identifier: MIT
/*
 * reeve-compat: the commands of the tools that reeve replaces, one program under many names. Each
 * translates its own command line and configuration, and leaves the work to the engine.
 */
#include "compat/compat.h"

#include "util/suggest.h"

static const struct compat_program programs[] = {
	{ "cgclassify", "moves processes into groups (libcgroup)", compat_cgclassify },
	{ "cgclear", "removes all groups, or those of a cgconfig.conf (libcgroup)",
	  compat_cgclear },
	{ "cgconfigparser", "carries out a cgconfig.conf (libcgroup)", compat_cgconfigparser },
	{ "cgcreate", "makes groups (libcgroup)", compat_cgcreate },
	{ "cgdelete", "removes groups (libcgroup)", compat_cgdelete },
	{ "cgexec", "runs a command in groups (libcgroup)", compat_cgexec },
	{ "cgget", "prints the settings of groups (libcgroup)", compat_cgget },
	{ "cgrulesengd", "puts processes into groups by cgrules.conf (libcgroup)",
	  compat_cgrulesengd },
	{ "cgset", "changes the settings of groups (libcgroup)", compat_cgset },
	{ "cgsnapshot", "prints groups as a cgconfig.conf (libcgroup)", compat_cgsnapshot },
	{ "cgxget", "cgget, in the words of cgroup v1 or v2 (libcgroup)", compat_cgxget },
	{ "cgxset", "cgset, in the words of cgroup v1 or v2 (libcgroup)", compat_cgxset },
	{ "fetter", "rules on executions, reads and writes, by fetter's configuration",
	  compat_fetter },
	{ "lscgroup", "lists groups (libcgroup)", compat_lscgroup },
	{ "lssubsys", "lists controllers (libcgroup)", compat_lssubsys },
	{ "reeve-session", "places a session, for pam_reeve(8)", compat_session },
};

static const struct compat_program *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (streq(programs[i].name, name))
			return &programs[i];
	return NULL;
}

static void print_help(FILE *out)
{
	fputs("usage: reeve-compat PROGRAM [ARGUMENT...]\n"
	      "\n"
	      "Does what another tool's program does. Called by that program's name, it is that "
	      "program.\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		fprintf(out, "  %-16s %s\n", programs[i].name, programs[i].summary);
}

static int refuse(const char *name)
{
	const char *names[ARRAY_SIZE(programs)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		names[i] = programs[i].name;
	near = suggest(name, names, ARRAY_SIZE(names));
	fprintf(stderr, "reeve-compat: there is no program \"%s\"", name);
	if (near)
		fprintf(stderr, " (did you mean %s?)", near);
	fputs("\nTry: reeve-compat --help\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	const struct compat_program *program = find(name);

	if (program)
		return program->run(argc, argv);
	if (argc < 2 || streq(argv[1], "--help") || streq(argv[1], "-h")) {
		print_help(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	if (streq(argv[1], "--version")) {
		puts("reeve-compat " REEVE_VERSION);
		return 0;
	}
	program = find(argv[1]);
	return program ? program->run(argc - 1, argv + 1) : refuse(argv[1]);
}
