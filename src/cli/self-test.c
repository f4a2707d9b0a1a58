// SPDX-License-Identifier: MIT
/*
 * Two matrices with a column a source: cases, and fields of executions' records. Below them stands,
 * one a line, what was wrong. A field's cell says what is worst: what was right a hundred times and
 * wrong once is wrong.
 */
#include "cli/self-test.h"

#include "cli/output.h"
#include "cli/progress.h"
#include "core/self-test.h"
#include "source/source.h"

#include <inttypes.h>

enum { SOURCES_MAX = 8 };

struct results {
	struct self_test *tests[SOURCES_MAX];
	size_t count;
	json_t *refused; /* objects with source and reason */
};

static const char *const case_words[] = {
	[CASE_RIGHT] = "right",
	[CASE_MISSED] = "missed",
	[CASE_WRONG] = "wrong",
	[CASE_SKIPPED] = "skipped",
};

static const enum style case_styles[] = {
	[CASE_RIGHT] = STYLE_GOOD,
	[CASE_MISSED] = STYLE_WARNING,
	[CASE_WRONG] = STYLE_BAD,
	[CASE_SKIPPED] = STYLE_FAINT,
};

static const struct {
	const char *word;
	enum style style;
} verdicts[VERDICTS] = {
	[VERDICT_RIGHT] = { "right", STYLE_GOOD },  [VERDICT_UNKNOWN] = { "-", STYLE_FAINT },
	[VERDICT_LATE] = { "late", STYLE_WARNING }, [VERDICT_ABSENT] = { "not told", STYLE_BAD },
	[VERDICT_WRONG] = { "wrong", STYLE_BAD },
};

/* ---- matrices ---- */

static void begin_matrix(struct table *table, struct column columns[static SOURCES_MAX + 1],
			 const struct results *results, const char *heading)
{
	columns[0] = (struct column){ heading, false };
	for (size_t i = 0; i < results->count; i++)
		columns[i + 1] = (struct column){ results->tests[i]->source->name, false };
	table_init(table, columns, results->count + 1);
}

static void end_matrix(const struct cli *cli, struct table *table)
{
	table_print(table, 0, cli->colour_out, cli->out);
	table_done(table);
	fputs("\n", cli->out);
}

static void print_cases(const struct cli *cli, const struct results *results)
{
	struct column columns[SOURCES_MAX + 1];
	struct table table;

	begin_matrix(&table, columns, results, "executed");
	for (size_t row = 0; row < results->tests[0]->case_count; row++) {
		table_add_text(&table, STYLE_NONE, results->tests[0]->cases[row].about->name);
		for (size_t i = 0; i < results->count; i++) {
			enum case_verdict verdict = results->tests[i]->cases[row].verdict;

			table_add(&table, case_styles[verdict], "%s", case_words[verdict]);
		}
	}
	end_matrix(cli, &table);
}

/* The worst that was found; what is right somewhere and not known elsewhere counts as right. */
static enum verdict worst(const uint64_t counts[static VERDICTS])
{
	for (enum verdict verdict = VERDICT_WRONG; verdict > VERDICT_UNKNOWN; verdict--)
		if (counts[verdict])
			return verdict;
	return counts[VERDICT_RIGHT] ? VERDICT_RIGHT : VERDICT_UNKNOWN;
}

static bool was_judged(const struct results *results, size_t field)
{
	for (size_t i = 0; i < results->count; i++)
		for (enum verdict verdict = 0; verdict < VERDICTS; verdict++)
			if (results->tests[i]->fields[field][verdict])
				return true;
	return false;
}

static void add_field(struct table *table, const struct self_test *test, size_t field)
{
	const uint64_t *counts = test->fields[field];
	enum verdict verdict = worst(counts);

	if (verdict == VERDICT_RIGHT || verdict == VERDICT_UNKNOWN)
		table_add(table, verdicts[verdict].style, "%s", verdicts[verdict].word);
	else
		table_add(table, verdicts[verdict].style, "%s (%" PRIu64 ")",
			  verdicts[verdict].word, counts[verdict]);
}

static void print_fields(const struct cli *cli, const struct results *results)
{
	struct column columns[SOURCES_MAX + 1];
	struct table table;

	begin_matrix(&table, columns, results, "field");
	for (size_t field = 0; field < FIELDS; field++) {
		if (!was_judged(results, field))
			continue;
		table_add_text(&table, STYLE_NONE, event_fields[field].name);
		for (size_t i = 0; i < results->count; i++)
			add_field(&table, results->tests[i], field);
	}
	end_matrix(cli, &table);
}

/* ---- sentences ---- */

static const char *what(const struct self_test_finding *finding)
{
	return finding->field < 0 ? "record" : event_fields[finding->field].name;
}

static void print_findings(const struct cli *cli, const struct self_test *test)
{
	for (size_t i = 0; i < test->case_count; i++)
		if (test->cases[i].verdict == CASE_SKIPPED)
			fprintf(cli->out, "%s: %s was skipped: %s\n", test->source->name,
				test->cases[i].about->name, test->cases[i].reason);
	for (size_t i = 0; i < test->finding_count; i++) {
		const struct self_test_finding *finding = &test->findings[i];

		/* The texts are escaped already. */
		fprintf(cli->out, "%s: %s: %s %s: %s: %s instead of %s\n", test->source->name,
			finding->in->name, event_types[finding->type].name, what(finding),
			verdicts[finding->verdict].word, finding->got, finding->wanted);
	}
	if (test->lost)
		fprintf(cli->out, "%s: %" PRIu64 " events were lost\n", test->source->name,
			test->lost);
}

static void print_result(const struct cli *cli, const struct results *results)
{
	bool colour = cli->colour_out;

	if (results->count) {
		print_cases(cli, results);
		print_fields(cli, results);
	}
	for (size_t i = 0; i < results->count; i++)
		print_findings(cli, results->tests[i]);
	for (size_t i = 0; i < results->count; i++) {
		const struct self_test *test = results->tests[i];
		bool good = self_test_passed(test);

		fprintf(cli->out, "%s%s%s  %s%s%s\n",
			style_on(colour, good ? STYLE_GOOD : STYLE_BAD), good ? "ok" : "no",
			style_off(colour), test->source->name, test->variant ? ": " : "",
			test->variant ? test->variant : "");
	}
	for (size_t i = 0; i < json_array_size(results->refused); i++) {
		const json_t *one = json_array_get(results->refused, i);

		fprintf(cli->out, "--  %s: ", member_string(one, "source"));
		output_escaped(cli->out, member_string(one, "reason"));
		fputs("\n", cli->out);
	}
}

/* ---- JSON ---- */

static json_t *cases_to_json(const struct self_test *test)
{
	json_t *cases = json_array();

	for (size_t i = 0; i < test->case_count; i++) {
		const struct self_test_case *one = &test->cases[i];

		json_array_append_new(cases,
				      json_pack("{s:s, s:s, s:s, s:s?}", "case", one->about->name,
						"summary", one->about->summary, "result",
						case_words[one->verdict], "reason", one->reason));
	}
	return cases;
}

static json_t *fields_to_json(const struct self_test *test)
{
	json_t *fields = json_object();

	for (size_t field = 0; field < FIELDS; field++) {
		const uint64_t *counts = test->fields[field];
		json_t *object = json_pack("{s:I, s:I, s:I, s:I, s:I}", "right",
					   (json_int_t)counts[VERDICT_RIGHT], "unknown",
					   (json_int_t)counts[VERDICT_UNKNOWN], "late",
					   (json_int_t)counts[VERDICT_LATE], "not_told",
					   (json_int_t)counts[VERDICT_ABSENT], "wrong",
					   (json_int_t)counts[VERDICT_WRONG]);

		json_object_set_new(fields, event_fields[field].name, object);
	}
	return fields;
}

static json_t *findings_to_json(const struct self_test *test)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < test->finding_count; i++) {
		const struct self_test_finding *one = &test->findings[i];

		json_array_append_new(findings,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "case",
						one->in->name, "type", event_types[one->type].name,
						"field", what(one), "verdict",
						verdicts[one->verdict].word, "wanted", one->wanted,
						"got", one->got));
	}
	return findings;
}

static json_t *test_to_json(const struct self_test *test)
{
	return json_pack("{s:s, s:s?, s:b, s:I, s:o, s:o, s:o}", "source", test->source->name,
			 "variant", test->variant, "passed", self_test_passed(test), "lost",
			 (json_int_t)test->lost, "cases", cases_to_json(test), "fields",
			 fields_to_json(test), "findings", findings_to_json(test));
}

static void print_json(const struct cli *cli, const struct results *results, bool passed)
{
	json_t *sources = json_array(), *whole;

	for (size_t i = 0; i < results->count; i++)
		json_array_append_new(sources, test_to_json(results->tests[i]));
	whole = json_pack("{s:b, s:o, s:O}", "passed", passed, "sources", sources, "refused",
			  results->refused);
	cli_print_json(cli, whole);
	json_decref(whole);
}

/* ---- running ---- */

static void say_progress(const struct self_test_case *one, void *userdata)
{
	progress_say(userdata, "%s", one->about->name);
}

static int run_one(struct cli *cli, const struct host *host, const struct source_class *source,
		   struct results *results, struct error *err)
{
	struct progress progress;
	const struct self_test_options options = {
		.source = source->name,
		.all = cli->all,
		.progress = say_progress,
		.userdata = &progress,
	};
	struct error why = ERROR_INIT;
	int r;

	progress_init(&progress, cli->err);
	r = self_test_run(host, &options, &results->tests[results->count], &why);

	progress_end(&progress);
	if (r == 0) {
		results->count++;
	} else if (r == -EOPNOTSUPP) {
		json_array_append_new(results->refused,
				      json_pack("{s:s, s:s}", "source", source->name, "reason",
						error_text(&why)));
		r = 0;
	} else {
		error_set(err, r, "the self-test of %s: %s", source->name, error_text(&why));
	}
	error_done(&why);
	return r;
}

static int run_all(struct cli *cli, const struct host *host, struct results *results,
		   struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < source_class_count; i++) {
		const struct source_class *source = source_classes[i];

		if (source->id == SOURCE_REPLAY || results->count == SOURCES_MAX ||
		    (cli->source && !streq(cli->source, source->name)))
			continue;
		r = run_one(cli, host, source, results, err);
	}
	return r;
}

/* With a source that is named, that one must work. */
static bool passed(const struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		if (!self_test_passed(results->tests[i]))
			return false;
	return results->count > 0;
}

int cli_self_test(struct cli *cli, const struct host *host)
{
	struct results results = { .refused = json_array() };
	const struct source_class *named = cli->source ? source_class_find(cli->source) : NULL;
	struct error err = ERROR_INIT;
	int r;

	if (cli->source && (!named || named->id == SOURCE_REPLAY)) {
		json_decref(results.refused);
		error_set(&err, -EINVAL, "there is no source \"%s\" to be tested", cli->source);
		return cli_usage(cli, &err);
	}
	r = run_all(cli, host, &results, &err);
	if (r == 0 && cli->json)
		print_json(cli, &results, passed(&results));
	else if (r == 0)
		print_result(cli, &results);
	r = r < 0 ? cli_fail(cli, &err) : passed(&results) ? EXIT_DONE : EXIT_FAILED;
	for (size_t i = 0; i < results.count; i++)
		self_test_free(results.tests[i]);
	json_decref(results.refused);
	return r;
}
