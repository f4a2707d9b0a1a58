/* SPDX-License-Identifier: MIT */
/*
 * contract: runs the whole corpus over every source that works here, and holds each to what it
 * promises.
 *
 *	contract [--source NAME] [--case NAME] [--verbose]
 *	contract --sources
 *
 * Prints TAP, a test a case and source; what was told wrong stands behind it. With --verbose also
 *what was told late; --sources prints the sources' names alone. Sources that do not depend on /proc
 *are asked twice, the second time in a hurry: the program may be gone by the time they are read.
 *Needs root, and changes nothing that others see: its mounts are in a namespace of its own, its
 *groups below reeve-test-*.
 */
#include "recording.h"

#include "core/self-test.h"

#include <getopt.h>
#include <sched.h>
#include <sys/mount.h>

struct contract {
	const char *source, *only;
	bool verbose, sources;
	size_t count, failed;
};

static const char *label(const struct self_test_finding *finding)
{
	return finding->field < 0 ? "record" : event_fields[finding->field].name;
}

static void print_findings(const struct contract *contract, const struct self_test *test,
			   const struct corpus_case *one)
{
	static const char *const how[VERDICTS] = {
		[VERDICT_LATE] = "late",
		[VERDICT_ABSENT] = "not told",
		[VERDICT_WRONG] = "wrong",
	};

	for (size_t i = 0; i < test->finding_count; i++) {
		const struct self_test_finding *finding = &test->findings[i];

		if (finding->in != one || (finding->verdict == VERDICT_LATE && !contract->verbose))
			continue;
		printf("# %s %s: %s: got %s; wanted %s\n", event_types[finding->type].name,
		       label(finding), how[finding->verdict], finding->got, finding->wanted);
	}
}

static void print_cases(struct contract *contract, const struct self_test *test, const char *how)
{
	for (size_t i = 0; i < test->case_count; i++) {
		const struct self_test_case *one = &test->cases[i];
		bool failed = one->verdict == CASE_WRONG;

		printf("%sok %zu - %s%s: %s", failed ? "not " : "", ++contract->count,
		       test->source->name, how, one->about->name);
		if (one->verdict == CASE_SKIPPED)
			printf(" # SKIP %s", one->reason);
		printf("\n");
		contract->failed += failed;
		print_findings(contract, test, one->about);
	}
	printf("%sok %zu - %s%s: nothing is lost\n", test->lost ? "not " : "", ++contract->count,
	       test->source->name, how);
	contract->failed += test->lost != 0;
}

static void print_fields(const struct self_test *test)
{
	printf("# %-20s %7s %7s %7s %7s %7s\n", "field", "right", "unknown", "late", "absent",
	       "wrong");
	for (size_t i = 0; i < FIELDS; i++) {
		const uint64_t *counts = test->fields[i];

		printf("# %-20s %7ju %7ju %7ju %7ju %7ju\n", event_fields[i].name,
		       (uintmax_t)counts[VERDICT_RIGHT], (uintmax_t)counts[VERDICT_UNKNOWN],
		       (uintmax_t)counts[VERDICT_LATE], (uintmax_t)counts[VERDICT_ABSENT],
		       (uintmax_t)counts[VERDICT_WRONG]);
	}
}

/* What the source that knows most tells is recorded. */
static struct event_sink recording_begin(const struct source_class *source, bool hurry,
					 struct recording **ret_recording)
{
	if (source->id != SOURCE_BPF || hurry || recording_new(ret_recording, NULL) < 0)
		return (struct event_sink){ 0 };
	return recording_sink(*ret_recording);
}

static void check_recording(struct contract *contract, const struct host *host,
			    struct recording *recording)
{
	struct error err = ERROR_INIT;
	size_t count = 0;
	int r = recording_replay(recording, host, &count, &err);

	printf("%sok %zu - replay: what bpf told comes again as it was\n", r < 0 ? "not " : "",
	       ++contract->count);
	if (r < 0)
		printf("# %s\n", error_text(&err));
	else
		printf("# %zu events\n", count);
	contract->failed += r < 0;
	error_done(&err);
}

static void run_source(struct contract *contract, const struct host *host,
		       const struct source_class *source, bool hurry)
{
	_cleanup_(recording_freep) struct recording *recording = NULL;
	const struct self_test_options options = {
		.source = source->name,
		.only = contract->only,
		.all = true,
		.changes_host = true,
		.hurry = hurry,
		.sink = recording_begin(source, hurry, &recording),
	};
	const char *how = hurry ? ", in a hurry" : "";
	struct self_test *test = NULL;
	struct error err = ERROR_INIT;
	int r = self_test_run(host, &options, &test, &err);

	if (r == 0) {
		print_cases(contract, test, how);
		if (contract->verbose)
			print_fields(test);
		if (recording)
			check_recording(contract, host, recording);
	} else if (r == -EOPNOTSUPP) {
		printf("ok %zu - %s%s # SKIP %s\n", ++contract->count, source->name, how,
		       error_text(&err));
	} else {
		printf("not ok %zu - %s%s\n# %s\n", ++contract->count, source->name, how,
		       error_text(&err));
		contract->failed++;
	}
	fflush(stdout);
	self_test_free(test);
	error_done(&err);
}

static void print_sources(void)
{
	for (size_t i = 0; i < source_class_count; i++)
		if (source_classes[i]->id != SOURCE_REPLAY)
			puts(source_classes[i]->name);
}

static void run_all(struct contract *contract, const struct host *host)
{
	for (size_t i = 0; i < source_class_count; i++) {
		const struct source_class *source = source_classes[i];

		if (source->id == SOURCE_REPLAY ||
		    (contract->source && !streq(contract->source, source->name)))
			continue;
		run_source(contract, host, source, false);
		if (!source_manners(source->id)->brief_missed)
			run_source(contract, host, source, true);
	}
}

static bool parse(struct contract *contract, int argc, char **argv)
{
	static const struct option options[] = { { "source", required_argument, NULL, 's' },
						 { "case", required_argument, NULL, 'c' },
						 { "verbose", no_argument, NULL, 'v' },
						 { "sources", no_argument, NULL, 'l' },
						 { 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == '?')
			return false;
		if (c == 's')
			contract->source = optarg;
		else if (c == 'c')
			contract->only = optarg;
		else if (c == 'l')
			contract->sources = true;
		else
			contract->verbose = true;
	}
	return optind == argc;
}

int main(int argc, char **argv)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct contract contract = { 0 };
	struct error err = ERROR_INIT;

	if (!parse(&contract, argc, argv)) {
		fprintf(stderr, "usage: contract [--source NAME] [--case NAME] [--verbose]\n"
				"       contract --sources\n");
		return 2;
	}
	if (contract.sources) {
		print_sources();
		return 0;
	}
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 77;
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		fprintf(stderr, "contract: cannot have mounts of its own: %s\n", strerror(errno));
		return 1;
	}
	if (host_new(&host, &err) < 0) {
		fprintf(stderr, "contract: %s\n", error_text(&err));
		return 1;
	}
	run_all(&contract, host);
	printf("1..%zu\n", contract.count);
	return contract.failed ? 1 : 0;
}
