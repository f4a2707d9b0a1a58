// SPDX-License-Identifier: MIT
/* Each file is read, and carried out, by itself. */
#include "compat/cgfiles.h"

#include <dirent.h>

void cgfiles_done(struct cgfiles *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->paths[i]);
	free(files->paths);
	*files = (struct cgfiles){ 0 };
}

static int add(struct cgfiles *files, char *path)
{
	char **larger = path ? reallocarray(files->paths, files->count + 1, sizeof(*larger)) : NULL;

	if (!larger) {
		free(path);
		return cg_exit_status(CG_ERRNO);
	}
	files->paths = larger;
	larger[files->count++] = path;
	return 0;
}

static int is_configuration(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > strlen(".conf") && entry->d_name[0] != '.' &&
	       streq(entry->d_name + length - strlen(".conf"), ".conf");
}

static int add_folder(const struct cgtool *tool, struct cgfiles *files, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_configuration, alphasort), status = 0;

	if (count < 0) {
		fprintf(stderr, "%s: cannot open %s: %s\n", tool->name, folder, strerror(errno));
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
			path = NULL;
		if (!status)
			status = add(files, path);
		else
			free(path);
		free(entries[i]);
	}
	free(entries);
	return status;
}

/* Which word of the command line a value lies in: that is the order of -l and -L. */
static int word_of(char *const *argv, const char *value)
{
	for (int i = 0; argv[i]; i++)
		if (value >= argv[i] && value <= argv[i] + strlen(argv[i]))
			return i;
	return 0;
}

int cgfiles_list(const struct cgtool *tool, const struct option_list *files,
		 const struct option_list *folders, char *const *argv, struct cgfiles *ret_files)
{
	_cleanup_(cgfiles_done) struct cgfiles list = { 0 };
	size_t file = 0, folder = 0;
	int status = 0;

	while (!status && (file < files->count || folder < folders->count)) {
		bool is_file =
			folder == folders->count ||
			(file < files->count && word_of(argv, files->values[file]) <
							word_of(argv, folders->values[folder]));

		status = is_file ? add(&list, strdup(files->values[file++]))
				 : add_folder(tool, &list, folders->values[folder++]);
	}
	if (status)
		return status;
	*ret_files = list;
	list = (struct cgfiles){ 0 };
	return 0;
}

int cgfiles_read(const char *path, struct cgconfig **ret_config, int *ret_r)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(cgconfig_freep) struct cgconfig *config = cgconfig_new();
	int r = config ? cgconfig_read(config, path, 0, 0, &diagnostics) : -ENOMEM;

	if (r >= 0)
		r = cgconfig_find_accounts(config, &diagnostics);
	/* Warnings are for `reeve check`: nothing is said where all is well. */
	if (r < 0)
		diagnostics_print(&diagnostics, isatty(STDERR_FILENO), stderr);
	*ret_r = r;
	if (r < 0)
		return r == -EINVAL ? CG_CONFIG : CG_ERRNO;
	*ret_config = TAKE_PTR(config);
	return 0;
}
