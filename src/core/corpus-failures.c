// SPDX-License-Identifier: MIT
/* Executions that fail: no record of an execution may come, and one of the failure where asked for.
 */
#include "core/corpus-internal.h"

static int prepare_unexecutable(struct corpus_run *run, struct error *err)
{
	return corpus_write(run, "text", "no program\n", 11, 0644, err);
}

static int prepare_garbage(struct corpus_run *run, struct error *err)
{
	return corpus_write(run, "garbage", "\001\002\003 no program\n", 15, 0755, err);
}

static int prepare_orphan_script(struct corpus_run *run, struct error *err)
{
	return corpus_write(run, "script", "#!/no/such/interpreter\n", 23, 0755, err);
}

/* As a shell looks through PATH. */
static int search(struct corpus_run *run)
{
	const char *missing = corpus_at(run, "@/missing/payload");

	if (!missing)
		return corpus_cannot(run, "name a file");
	execve(missing, run->argv, corpus_environment(run));
	return errno == ENOENT ? 0 : corpus_cannot(run, "fail to execute");
}

static void expect_search(struct corpus_run *run)
{
	struct corpus_record *record = corpus_add(run, EVENT_FAILED, CORPUS_MAIN);

	record->brief = true;
	event_set(&record->want, FILENAME, filename, slice_of(corpus_at(run, "@/missing/payload")));
	event_set(&record->want, ERROR, error, ENOENT);
}

const struct corpus_form corpus_failure_forms[] = {
	{ .about = { "missing", "fails with ENOENT: there is no such file", CASE_SMALL },
	  .filename = "@/missing",
	  .error = ENOENT },
	{ .about = { "unexecutable", "fails with EACCES: it may not be executed", CASE_SMALL },
	  .prepare = prepare_unexecutable,
	  .filename = "@/text",
	  .error = EACCES },
	{ .about = { "garbage", "fails with ENOEXEC: it is no program", CASE_SMALL },
	  .prepare = prepare_garbage,
	  .filename = "@/garbage",
	  .error = ENOEXEC },
	{ .about = { "no-interpreter", "fails with ENOENT: a script's interpreter is not there" },
	  .prepare = prepare_orphan_script,
	  .filename = "@/script",
	  .error = ENOENT },
	{ .about = { "search", "fails with ENOENT, and then another path is tried" },
	  .set_up = search,
	  .expect = expect_search },
};
const size_t corpus_failure_form_count = ARRAY_SIZE(corpus_failure_forms);
