// SPDX-License-Identifier: MIT
/* /proc/PID/task/TID/children, over and over. Where there is no /proc, nobody has children. */
#include "port/process-tree.h"

#include <dirent.h>
#include <signal.h>

int process_tree_add(struct process_tree *tree, pid_t pid)
{
	if (tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		pid_t *grown = realloc(tree->pids, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		tree->pids = grown;
		tree->room = room;
	}
	tree->pids[tree->count++] = pid;
	return 0;
}

static int add_of_thread(struct process_tree *tree, pid_t process, const char *thread)
{
	char path[64];
	FILE *file;
	int pid, r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)process, thread);
	file = fopen(path, "re");
	while (file && r == 0 && fscanf(file, "%d", &pid) == 1)
		r = process_tree_add(tree, pid);
	fclosep(&file);
	return r;
}

int process_tree_add_children(struct process_tree *tree, pid_t parent)
{
	const struct dirent *thread;
	char path[64];
	DIR *threads;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	threads = opendir(path);
	while (threads && r == 0 && (thread = readdir(threads)))
		if (thread->d_name[0] != '.')
			r = add_of_thread(tree, parent, thread->d_name);
	if (threads)
		closedir(threads);
	return r;
}

int process_tree_descend(struct process_tree *tree, size_t first)
{
	int r = 0;

	for (size_t i = first; r == 0 && i < tree->count; i++)
		r = process_tree_add_children(tree, tree->pids[i]);
	return r;
}

int process_tree_stop(struct process_tree *tree)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < tree->count; i++)
		if (kill(tree->pids[i], SIGSTOP) == 0)
			r = process_tree_add_children(tree, tree->pids[i]);
	return r;
}

void process_tree_done(struct process_tree *tree)
{
	free(tree->pids);
	*tree = (struct process_tree){ 0 };
}
