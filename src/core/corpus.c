// SPDX-License-Identifier: MIT
/*
 * The steps of a run, and the list of all cases.
 *
 * Runner and child share a socket, a pipe and a page. Orders go down the socket, whose end is the
 * end of the runner (a pipe would kill a runner whose child has died). The pipe tells that
 * something was executed: the child's end closes on execution. The page has what the child found
 * true of itself. All descriptors are far from the payload's.
 */
#include "core/corpus-internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>

enum { FAR = PAYLOAD_FD + 100, END_WAIT_MS = 2000 };

static const struct {
	const struct corpus_form *forms;
	const size_t *count;
} tables[] = {
	{ corpus_path_forms, &corpus_path_form_count },
	{ corpus_script_forms, &corpus_script_form_count },
	{ corpus_argument_forms, &corpus_argument_form_count },
	{ corpus_place_forms, &corpus_place_form_count },
	{ corpus_life_forms, &corpus_life_form_count },
	{ corpus_identity_forms, &corpus_identity_form_count },
	{ corpus_failure_forms, &corpus_failure_form_count },
};

const struct corpus_case *corpus_case_at(size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (index < *tables[i].count)
			return &tables[i].forms[index].about;
		index -= *tables[i].count;
	}
	return NULL;
}

/* The case is the first member of its form. */
static const struct corpus_form *form_of(const struct corpus_case *one)
{
	return (const struct corpus_form *)one;
}

/* ---- the corpus ---- */

static char *make_folder_in(const char *parent)
{
	char resolved[PATH_MAX];
	struct statvfs file_system;
	char *folder;

	if (!parent || !realpath(parent, resolved) || statvfs(resolved, &file_system) < 0 ||
	    file_system.f_flag & ST_NOEXEC)
		return NULL;
	if (asprintf(&folder, "%s/reeve-corpus-XXXXXX", streq(resolved, "/") ? "" : resolved) < 0)
		return NULL;
	if (mkdtemp(folder) && chmod(folder, 0755) == 0)
		return folder;
	free(folder);
	return NULL;
}

static char *make_folder(void)
{
	const char *const parents[] = { getenv("TMPDIR"), "/tmp", "/var/tmp", "/run", "/dev/shm" };
	char *folder = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(parents) && !folder; i++)
		folder = make_folder_in(parents[i]);
	return folder;
}

/* What the runner is: what its children are before they execute. */
static void look_at_self(struct corpus *corpus)
{
	static const char *const signs[] = { "docker", "libpod", "crio",    "containerd",
					     "lxc",    "kube",	 "machine", "container" };
	ssize_t size =
		readlinkat(corpus->host->proc_fd, "self/exe", corpus->exe, sizeof(corpus->exe) - 1);
	char groups[CORPUS_CGROUP];

	corpus->exe[MAX(size, 0)] = '\0';
	corpus->ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	if (file_read_into(corpus->host->proc_fd, "self/comm", corpus->comm, sizeof(corpus->comm)) <
	    0)
		corpus->comm[0] = '\0';
	corpus->comm[strcspn(corpus->comm, "\n")] = '\0';
	if (file_read_into(corpus->host->proc_fd, "self/cgroup", groups, sizeof(groups)) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		corpus->contained |= strstr(groups, signs[i]) != NULL;
}

int corpus_new(const struct host *host, struct corpus **ret_corpus, struct error *err)
{
	_cleanup_(corpus_freep) struct corpus *corpus = calloc(1, sizeof(*corpus));
	const struct corpus_case *one;
	size_t count = 0;

	while (corpus_case_at(count))
		count++;
	if (!corpus || !(corpus->unfit = calloc(count, sizeof(*corpus->unfit))))
		return error_oom(err);
	corpus->host = host;
	corpus->folder = make_folder();
	if (!corpus->folder)
		return error_set(err, -EACCES,
				 "no temporary folder can be made that programs can run in");
	corpus->shared = mmap(NULL, sizeof(*corpus->shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (corpus->shared == MAP_FAILED) {
		corpus->shared = NULL;
		return error_oom(err);
	}
	look_at_self(corpus);
	for (size_t i = 0; (one = corpus_case_at(i)); i++)
		if (form_of(one)->unfit)
			corpus->unfit[i] = form_of(one)->unfit(corpus);
	*ret_corpus = TAKE_PTR(corpus);
	return 0;
}

void corpus_free(struct corpus *corpus)
{
	if (!corpus)
		return;
	if (corpus->folder)
		corpus_remove(corpus->folder);
	if (corpus->shared)
		munmap(corpus->shared, sizeof(*corpus->shared));
	free(corpus->folder);
	free(corpus->unfit);
	free(corpus);
}

/* ---- beginning ---- */

static void run_free(struct corpus_run *run)
{
	const int fds[] = { run->order_in, run->order_out, run->status_in, run->status_out,
			    run->proc_fd };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (run->folder)
		corpus_remove(run->folder);
	free(run->folder);
	arena_free(run->arena);
	free(run);
}
DEFINE_CLEANUP(struct corpus_run *, run_free);

/* Moves a descriptor out of the payload's way. */
static int take_far(int fd, int *ret_fd)
{
	int far = fcntl(fd, F_DUPFD_CLOEXEC, FAR), r = far < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	*ret_fd = far;
	return r;
}

static int open_pipes(struct corpus_run *run, struct error *err)
{
	int near[5] = { -1, -1, -1, -1, -1 }, r = 0;
	int *const far[] = { &run->order_out, &run->order_in, &run->status_out, &run->status_in,
			     &run->proc_fd };

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, near) < 0 ||
	    pipe2(near + 2, O_CLOEXEC | O_NONBLOCK) < 0)
		r = -errno;
	near[4] = openat(run->corpus->host->proc_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		int code = take_far(near[i], far[i]);

		r = r < 0 ? r : code;
	}
	return r < 0 ? error_set_errno(err, r, "cannot open what a case needs") : 0;
}

/* An argument as it is executed; the tag is the case's name, so that nothing else has it. */
static char *argument(const struct corpus_run *run, const char *text)
{
	char *tag;

	if (!streq(text, TAG))
		return corpus_at(run, text);
	tag = arena_alloc(run->arena, 64);
	if (tag)
		snprintf(tag, 64, "reeve-corpus-%s", run->form->about.name);
	return tag;
}

/* A row's arguments: a list for execve, and the same as one slice. */
static int make_arguments(const struct corpus_run *run, const char *const *row,
			  const char *filename, char ***ret_argv, struct slice *ret_told)
{
	const char *const usual[CORPUS_ARGUMENTS] = { filename, TAG };
	char **argv = arena_alloc(run->arena, (CORPUS_ARGUMENTS + 1) * sizeof(*argv));
	struct text told;
	int r = 0;

	if (!row[0])
		row = usual;
	text_init(&told);
	for (size_t i = 0; argv && i < CORPUS_ARGUMENTS && row[i]; i++) {
		argv[i] = argument(run, row[i]);
		if (!argv[i]) {
			r = -ENOMEM;
			break;
		}
		text_add_bytes(&told, argv[i], strlen(argv[i]) + 1);
	}
	*ret_argv = argv;
	*ret_told = (struct slice){ told.size ? arena_copy(run->arena, told.data, told.size) : "",
				    told.size };
	if (!argv || told.failed || !ret_told->data)
		r = -ENOMEM;
	text_done(&told);
	return r;
}

static int fill_in(struct corpus_run *run, struct error *err)
{
	const struct corpus_form *form = run->form;
	const char *exe = form->exe ? form->exe : "@/payload";
	char **unused;
	int r;

	run->exe = corpus_at(run, exe);
	run->in_root = corpus_at(run, form->in_root ? form->in_root : exe);
	run->cwd = corpus_at(run, form->cwd ? form->cwd : "@");
	run->filename = corpus_at(run, form->filename ? form->filename : exe);
	if (!run->exe || !run->in_root || !run->cwd || !run->filename)
		return error_oom(err);
	r = make_arguments(run, form->argv, run->filename, &run->argv, &run->told);
	if (r == 0 && form->told[0])
		r = make_arguments(run, form->told, run->filename, &unused, &run->told);
	return r < 0 ? error_oom(err) : 0;
}

static int make_run(struct corpus *corpus, const struct corpus_form *form,
		    struct corpus_run **ret_run, struct error *err)
{
	_cleanup_(run_freep) struct corpus_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return error_oom(err);
	run->corpus = corpus;
	run->form = form;
	run->shared = corpus->shared;
	memset(run->shared, 0, sizeof(*run->shared));
	run->order_in = run->order_out = run->status_in = run->status_out = run->proc_fd = -1;
	run->arena = arena_new();
	if (!run->arena || asprintf(&run->folder, "%s/%s", corpus->folder, form->about.name) < 0) {
		run->folder = NULL;
		return error_oom(err);
	}
	if (mkdir(run->folder, 0755) < 0 || chmod(run->folder, 0755) < 0)
		return error_set_errno(err, -errno, "cannot make the folder %s", run->folder);
	r = fill_in(run, err);
	if (r == 0 && !form->no_payload)
		r = corpus_write_payload(run, "payload", err);
	if (r == 0)
		r = open_pipes(run, err);
	if (r < 0)
		return r;
	*ret_run = TAKE_PTR(run);
	return 0;
}

static int fork_child(struct corpus_run *run, struct error *err)
{
	run->before_fork = clock_boottime();
	run->pid = fork();
	if (run->pid < 0)
		return error_set_errno(err, -errno, "cannot fork");
	if (run->pid == 0)
		corpus_child(run);
	run->after_fork = clock_boottime();
	close(run->order_out);
	close(run->status_in);
	run->order_out = run->status_in = -1;
	return 0;
}

int corpus_begin(struct corpus *corpus, const struct corpus_case *one, struct corpus_run **ret_run,
		 struct error *err)
{
	_cleanup_(run_freep) struct corpus_run *run = NULL;
	const struct corpus_form *form = form_of(one);
	size_t index = 0;
	int r;

	while (corpus_case_at(index) != one)
		index++;
	if (corpus->unfit[index])
		return error_set(err, -EOPNOTSUPP, "%s", corpus->unfit[index]), 1;
	r = make_run(corpus, form, &run, err);
	if (r == 0 && form->prepare)
		r = form->prepare(run, err);
	if (r == 0)
		r = fork_child(run, err);
	if (r != 0) {
		if (run && form->clean)
			form->clean(run);
		return r;
	}
	*ret_run = TAKE_PTR(run);
	return 0;
}

/* ---- the steps ---- */

void corpus_go(struct corpus_run *run)
{
	run->gone = clock_boottime();
	if (send(run->order_in, "g", 1, MSG_NOSIGNAL) != 1)
		run->ended = true; /* it was killed: nobody reads */
}

bool corpus_started(struct corpus_run *run)
{
	char byte;

	if (run->started)
		return true;
	/* nobody writes: readable means that the last end is closed */
	if (read(run->status_out, &byte, 1) != 0 && !corpus_ended(run))
		return false;
	run->started = clock_boottime();
	return true;
}

bool corpus_must_start(const struct corpus_run *run)
{
	return run->form->between != NULL;
}

int corpus_problem(const struct corpus_run *run, struct error *err)
{
	if (!run->shared->problem)
		return 0;
	error_set_errno(err, -run->shared->problem, "%s", run->shared->what);
	return 1;
}

void corpus_release(struct corpus_run *run)
{
	const struct corpus_form *form = run->form;
	char orders[2] = { PAYLOAD_EXIT, (char)form->exit_code };
	ssize_t written;

	if (form->between && !run->shared->problem && form->between(run, NULL) < 0)
		run->shared->problem = EPROTO;
	run->released = clock_boottime();
	if (form->signal) {
		orders[0] = PAYLOAD_SIGNAL;
		orders[1] = (char)form->signal;
	}
	if (form->orders)
		written = send(run->order_in, form->orders, 2 * form->order_count, MSG_NOSIGNAL);
	else
		written = send(run->order_in, orders, sizeof(orders), MSG_NOSIGNAL);
	run->ended |= written < 0;
	close(run->order_in);
	run->order_in = -1;
}

bool corpus_ended(struct corpus_run *run)
{
	siginfo_t info = { 0 };

	if (run->ended)
		return true;
	if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 ||
	    info.si_pid == run->pid)
		run->ended = true;
	return run->ended;
}

/* True if it ended as its row says. */
static bool ended_well(const struct corpus_run *run, int status)
{
	const struct corpus_form *form = run->form;

	if (form->who != CORPUS_MAIN)
		return WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (form->signal)
		return WIFSIGNALED(status) && WTERMSIG(status) == form->signal;
	return WIFEXITED(status) && WEXITSTATUS(status) == form->exit_code;
}

int corpus_end(struct corpus_run *run, struct error *err)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	int status = 0, r = 0;

	if (!run)
		return 0;

	if (run->order_in >= 0)
		close(run->order_in);
	run->order_in = -1;
	for (int i = 0; i < END_WAIT_MS && !corpus_ended(run); i++)
		nanosleep(&tick, NULL);
	if (!run->ended)
		kill(run->pid, SIGKILL);
	if (waitpid(run->pid, &status, 0) != run->pid)
		r = error_set_errno(err, -errno, "cannot wait for the child");
	else if (run->shared->problem)
		r = error_set_errno(err, -EPROTO, "%s (%s)", run->shared->what,
				    strerror(run->shared->problem));
	else if (!ended_well(run, status))
		r = error_set(err, -EPROTO, "the child ended with the wait status 0x%x", status);
	if (run->form->clean)
		run->form->clean(run);
	run_free(run);
	return r;
}

pid_t corpus_pid(const struct corpus_run *run, enum corpus_process process)
{
	return process == CORPUS_MAIN ? run->pid : run->shared->truth[process].pid;
}

const char *corpus_folder(const struct corpus_run *run)
{
	return run->folder;
}

const struct corpus_record *corpus_records(struct corpus_run *run, size_t *ret_count)
{
	corpus_expect(run);
	*ret_count = run->record_count;
	return run->records;
}
