// SPDX-License-Identifier: MIT
/*
 * A source says of itself what it can use here, hook by hook; that is kept and shown. No source is
 * essential: the next one takes its place.
 */
#include "cli/doctor-sources.h"

#include "cli/output.h"

static const char *const states[] = {
	[HOOK_WORKS] = "works",
	[HOOK_REFUSED] = "refused",
	[HOOK_NOT_BUILT] = "not built",
	[HOOK_NOT_NEEDED] = "not needed",
};

struct collection {
	struct source_finding *finding;
	bool failed;
};

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void on_report(const struct hook_report *report, void *userdata)
{
	struct collection *collection = userdata;
	struct source_finding *finding = collection->finding;
	struct hook_finding *more =
		realloc(finding->hooks, (finding->hook_count + 1) * sizeof(*more));

	if (!more) {
		collection->failed = true;
		return;
	}
	finding->hooks = more;
	more += finding->hook_count++;
	*more = (struct hook_finding){
		.state = report->state,
		.error = report->error,
		.name = copy(report->name),
		.reason = copy(report->reason),
		.advice = copy(report->advice),
	};
	collection->failed |= !more->name;
}

int source_finding_make(const struct host *host, const struct source_class *source,
			struct source_finding *ret_finding)
{
	struct source_finding finding = { .source = source, .why = ERROR_INIT };
	struct collection collection = { .finding = &finding };
	int r = source->probe(host, on_report, &collection, &finding.why);

	if (collection.failed) {
		source_finding_done(&finding);
		return -ENOMEM;
	}
	finding.ok = r >= 0;
	if (!finding.ok)
		error_set_errno(&finding.why, r, "it does not work here");
	*ret_finding = finding;
	return 0;
}

void source_finding_done(struct source_finding *finding)
{
	for (size_t i = 0; i < finding->hook_count; i++) {
		free(finding->hooks[i].name);
		free(finding->hooks[i].reason);
		free(finding->hooks[i].advice);
	}
	free(finding->hooks);
	error_done(&finding->why);
}

static void print_hook(const struct cli *cli, const struct hook_finding *hook)
{
	bool works = hook->state == HOOK_WORKS || hook->state == HOOK_NOT_NEEDED;

	fprintf(cli->out, "    %-19s %s%-10s%s ", "",
		style_on(cli->colour_out, works ? STYLE_GOOD : STYLE_WARNING), states[hook->state],
		style_off(cli->colour_out));
	output_escaped(cli->out, hook->name);
	if (hook->error)
		fprintf(cli->out, ": %s", strerror(hook->error));
	if (hook->reason) {
		fputs(hook->error ? ", " : ": ", cli->out);
		output_escaped(cli->out, hook->reason);
	}
	fputs("\n", cli->out);
	if (!hook->advice)
		return;
	fprintf(cli->out, "    %-19s            -> ", "");
	output_escaped(cli->out, hook->advice);
	fputs("\n", cli->out);
}

void source_finding_print(const struct cli *cli, const struct source_finding *finding)
{
	bool colour = cli->colour_out;
	const char *text = finding->ok ? finding->source->summary : error_text(&finding->why);

	fprintf(cli->out, "%s%s%s  source %-12s ",
		style_on(colour, finding->ok ? STYLE_GOOD : STYLE_WARNING),
		finding->ok ? "ok" : "no", style_off(colour), finding->source->name);
	output_escaped(cli->out, text);
	fputs("\n", cli->out);
	for (size_t i = 0; i < finding->hook_count; i++)
		print_hook(cli, &finding->hooks[i]);
}

static json_t *hook_to_json(const struct hook_finding *hook)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s?, s:s?}", "name", hook->name, "state",
			  states[hook->state], "reason", hook->reason, "advice", hook->advice);

	if (object && hook->error) {
		json_object_set_new(object, "errno", json_integer(hook->error));
		json_object_set_new(object, "error", json_string(strerror(hook->error)));
	}
	return object;
}

json_t *source_finding_to_json(const struct source_finding *finding)
{
	json_t *hooks = json_array();

	for (size_t i = 0; i < finding->hook_count; i++)
		json_array_append_new(hooks, hook_to_json(&finding->hooks[i]));
	return json_pack("{s:s, s:b, s:s, s:s, s:s?, s:o}", "name", finding->source->name, "ok",
			 finding->ok, "summary", finding->source->summary, "guarantee",
			 finding->source->guarantee, "reason",
			 finding->ok ? NULL : error_text(&finding->why), "hooks", hooks);
}
