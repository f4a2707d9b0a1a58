// SPDX-License-Identifier: MIT
/* reeve doctor: prints what doctor.c finds. */
#include "cli/commands.h"

#include "cli/doctor-sources.h"
#include "cli/doctor.h"
#include "cli/output.h"
#include "cli/self-test.h"

#include <sys/utsname.h>

static void print_finding(const struct cli *cli, const struct finding *finding)
{
	enum style style = finding->essential ? STYLE_BAD : STYLE_WARNING;
	bool colour = cli->colour_out;

	fprintf(cli->out, "%s%s%s  %-19s %s\n", style_on(colour, finding->ok ? STYLE_GOOD : style),
		finding->ok ? "ok" : "no", style_off(colour), finding->name,
		finding->reason.data ? finding->reason.data : "");
	if (finding->todo)
		fprintf(cli->out, "    %-19s -> %s\n", "", finding->todo);
}

static json_t *finding_to_json(const struct finding *finding)
{
	return json_pack("{s:s, s:b, s:b, s:s, s:s?}", "name", finding->name, "ok", finding->ok,
			 "essential", finding->essential, "reason",
			 finding->reason.data ? finding->reason.data : "", "todo", finding->todo);
}

static void print_summary(const struct cli *cli, bool able, size_t missing)
{
	bool colour = cli->colour_out;

	if (able)
		fprintf(cli->out, "\n%sreeve can do its work here%s%s\n",
			style_on(colour, STYLE_GOOD), style_off(colour),
			missing > 0 ? "; what says \"no\" above is not there to be used" : "");
	else
		fprintf(cli->out, "\n%sreeve cannot do all of its work here%s: see \"no\" above\n",
			style_on(colour, STYLE_BAD), style_off(colour));
}

/* The sources of events, the best first. */
static int examine_sources(const struct cli *cli, const struct host *host, json_t *sources)
{
	struct source_finding finding;

	for (size_t i = 0; i < source_class_count; i++) {
		if (source_classes[i]->id == SOURCE_REPLAY)
			continue;
		if (source_finding_make(host, source_classes[i], &finding) < 0)
			return -ENOMEM;
		if (cli->json)
			json_array_append_new(sources, source_finding_to_json(&finding));
		else
			source_finding_print(cli, &finding);
		source_finding_done(&finding);
	}
	return 0;
}

static int examine(struct cli *cli, const struct doctor *doctor)
{
	json_t *checks = json_array(), *sources = json_array();
	struct error err = ERROR_INIT;
	struct finding finding;
	size_t missing = 0;
	bool able = true;

	for (size_t i = 0; doctor_ask(doctor, i, &finding); i++) {
		missing += !finding.ok;
		able &= finding.ok || !finding.essential;
		if (cli->json)
			json_array_append_new(checks, finding_to_json(&finding));
		else
			print_finding(cli, &finding);
		text_done(&finding.reason);
	}
	if (examine_sources(cli, doctor->host, sources) < 0) {
		error_oom(&err);
		able = false;
		cli_fail(cli, &err);
	} else if (cli->json) {
		json_t *result = json_pack("{s:b, s:O, s:O}", "able", able, "checks", checks,
					   "sources", sources);

		cli_print_json(cli, result);
		json_decref(result);
	} else {
		print_summary(cli, able, missing);
	}
	json_decref(checks);
	json_decref(sources);
	return able ? EXIT_DONE : EXIT_FAILED;
}

static int run_doctor(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	_cleanup_(layout_freep) struct layout *layout = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	struct error err = ERROR_INIT;
	struct doctor doctor = { 0 };
	struct utsname name;
	int r = host_new(&host, &err);

	if (r < 0)
		return cli_fail(cli, &err);
	if (cli->self_test)
		return cli_self_test(cli, host);
	if (cli->all || cli->source) {
		error_set(&err, -EINVAL, "--all and --source are for --self-test");
		return cli_usage(cli, &err);
	}
	doctor.host = host;
	if (uname(&name) == 0)
		sscanf(name.release, "%u.%u", &doctor.kernel[0], &doctor.kernel[1]);
	r = layout_detect(host, &layout, &err);
	doctor.layout = layout;
	doctor.layout_error = r < 0 ? error_text(&err) : NULL;
	r = examine(cli, &doctor);
	error_done(&err);
	return r;
}

#define FIELD(member) offsetof(struct cli, member)

static const struct command_option doctor_options[] = {
	{ "self-test", 0, OPTION_FLAG, NULL,
	  "execute programs in many ways, and compare what the sources tell", FIELD(self_test) },
	{ "source", 0, OPTION_STRING, "NAME", "self-test: this source alone (default: all)",
	  FIELD(source) },
	{ "all", 'a', OPTION_FLAG, NULL, "self-test: every way there is, not a selection",
	  FIELD(all) },
};

const struct command doctor_command = {
	.name = "doctor",
	.usage = "[OPTION...]",
	.summary = "Show what this host can do for reeve, and why not",
	.description =
		"Asks the kernel by trying, and changes nothing. Each line says ok or no, why, "
		"and what could be done; below a source of events stands each interface of the "
		"kernel that it can use. The exit code is 1 when reeve cannot do its main job "
		"here (kernel, root, gate, cgroups). *--json* prints an object with _able_, "
		"_checks_, an array of objects with _name_, _ok_, _essential_, _reason_ and "
		"_todo_, and _sources_, whose objects have _name_, _ok_, _summary_, "
		"_guarantee_, _reason_ and _hooks_ (_name_, _state_, _errno_, _error_, _reason_, "
		"_advice_).\n\n"
		"With *--self-test*, small programs are executed in many ways, and what each "
		"source tells is compared with what was done: by symbolic links, scripts, "
		"threads, deleted files, in other roots and namespaces, and as failures. It makes "
		"a "
		"temporary folder, and namespaces that end with it. A source must be right in all "
		"that it tells, and tell all that it promises: else the exit code is 1. "
		"_missed_ is what was over before a source could look, as it may be; _late_ what "
		"it "
		"saw when something else was true. *--json* prints an object with "
		"_passed_, _sources_ (_source_, _variant_, _passed_, _lost_, _cases_, _fields_, "
		"_findings_) and _refused_ (_source_, _reason_).",
	.flags = COMMAND_POLICY,
	COMMAND_OPTIONS(doctor_options),
	.run = run_doctor,
};
