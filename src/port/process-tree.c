// SPDX-License-Identifier: MIT
/*
 * Walking down a tree of processes breadth first. A process that left its parent (a daemon) is
 * not found. Numbers stay valid while we signal: a stopped parent reaps nobody.
 */
#include "port/process-tree.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>

enum { TREE_MAX = 32768 };

struct tree {
	pid_t *pids;
	size_t count;
};

/* In a new pid namespace with the old /proc its numbers are other processes' than ours. */
static bool proc_is_ours(void)
{
	char self[32];
	ssize_t size = readlink("/proc/self", self, sizeof(self) - 1);

	if (size <= 0)
		return false;
	self[size] = 0;
	return strtol(self, NULL, 10) == getpid();
}

static void add_children_of(struct tree *tree, pid_t parent, const char *thread)
{
	char path[64 + NAME_MAX];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)parent, thread);
	file = fopen(path, "re");
	if (!file)
		return;
	while (tree->count < TREE_MAX && fscanf(file, "%d", &pid) == 1)
		tree->pids[tree->count++] = pid;
	fclose(file);
}

/* Children belong to the thread that forked them. */
static void add_children(struct tree *tree, pid_t parent)
{
	char path[64];
	const struct dirent *entry;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	threads = opendir(path);
	if (!threads)
		return;
	while ((entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			add_children_of(tree, parent, entry->d_name);
	closedir(threads);
}

static bool tree_init(struct tree *tree, pid_t root)
{
	*tree = (struct tree){ .pids = malloc(TREE_MAX * sizeof(*tree->pids)), .count = 1 };
	if (tree->pids)
		tree->pids[0] = root;
	return tree->pids != NULL;
}

int64_t process_tree_signal(pid_t root, int number)
{
	bool walk = proc_is_ours();
	int64_t reached = 0;
	struct tree tree;

	if (!tree_init(&tree, root))
		return -ENOMEM;
	for (size_t i = 0; walk && i < tree.count; i++)
		if (kill(tree.pids[i], SIGSTOP) == 0)
			add_children(&tree, tree.pids[i]);
	for (size_t i = 0; i < tree.count; i++)
		reached += kill(tree.pids[i], number) == 0;
	for (size_t i = 0; i < tree.count; i++)
		(void)kill(tree.pids[i], SIGCONT);
	free(tree.pids);
	return reached;
}

size_t process_tree_open(pid_t root, int *fds, size_t room)
{
	struct tree tree;
	size_t count = 0;

	if (!proc_is_ours() || !tree_init(&tree, root))
		return 0;
	for (size_t i = 0; i < tree.count; i++)
		add_children(&tree, tree.pids[i]);
	for (size_t i = 1; i < tree.count && count < room; i++) {
		long fd = syscall(SYS_pidfd_open, tree.pids[i], 0);

		if (fd >= 0)
			fds[count++] = (int)fd;
	}
	free(tree.pids);
	return count;
}
