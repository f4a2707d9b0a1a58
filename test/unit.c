// SPDX-License-Identifier: MIT
/* Helpers of unit tests; whatever goes wrong in here ends the running test. */
#include "test/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

char *unit_folder_new(void)
{
	const char *parent = getenv("TMPDIR");
	char *folder;

	if (asprintf(&folder, "%s/reeve-unit-XXXXXX", parent ? parent : "/tmp") < 0)
		fail_msg("out of memory");
	if (!mkdtemp(folder))
		fail_msg("mkdtemp %s: %s", folder, strerror(errno));
	return folder;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

void unit_folder_free(char *folder)
{
	if (!folder)
		return;
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(folder);
}

char *unit_path(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		fail_msg("out of memory");
	return path;
}

static void make_parents(char *path, size_t from)
{
	for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			fail_msg("mkdir %s: %s", path, strerror(errno));
		*slash = '/';
	}
}

void unit_write(const char *folder, const char *name, const char *text)
{
	_cleanup_(freep) char *path = unit_path(folder, name);
	FILE *file;

	make_parents(path, strlen(folder) + 1);
	file = fopen(path, "we");
	if (!file)
		fail_msg("open %s: %s", path, strerror(errno));
	if (fputs(text, file) < 0 || fclose(file) != 0)
		fail_msg("write %s: %s", path, strerror(errno));
}

char *unit_read(const char *folder, const char *name)
{
	_cleanup_(freep) char *path = unit_path(folder, name);
	_cleanup_(fclosep) FILE *file = fopen(path, "re");
	char *text = calloc(1, 65536);

	if (!text || !file)
		fail_msg("open %s: %s", path, strerror(errno));
	text[fread(text, 1, 65535, file)] = '\0';
	return text;
}
