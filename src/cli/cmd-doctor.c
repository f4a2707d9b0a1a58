// SPDX-License-Identifier: MIT
/* reeve doctor: prints what doctor.c finds. */
#include "cli/commands.h"

#include "cli/doctor.h"
#include "cli/output.h"

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

static int examine(struct cli *cli, const struct doctor *doctor)
{
	json_t *checks = json_array();
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
	if (cli->json) {
		json_t *result = json_pack("{s:b, s:O}", "able", able, "checks", checks);

		cli_print_json(cli, result);
		json_decref(result);
	} else {
		print_summary(cli, able, missing);
	}
	json_decref(checks);
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

const struct command doctor_command = {
	.name = "doctor",
	.usage = "[OPTION...]",
	.summary = "Show what this host can do for reeve, and why not",
	.description =
		"Asks the kernel by trying, and changes nothing. Each line says ok or no, why, "
		"and what could be done. The exit code is 1 when reeve cannot do its main job "
		"here (kernel, root, gate, cgroups). *--json* prints an object with _able_ and "
		"_checks_, an array of objects with _name_, _ok_, _essential_, _reason_ and "
		"_todo_.",
	.flags = COMMAND_POLICY,
	.run = run_doctor,
};
