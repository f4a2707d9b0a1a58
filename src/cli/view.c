// SPDX-License-Identifier: MIT
/* Chooses among what export/ can do. */
#include "cli/view.h"

#include <sys/ioctl.h>

enum { SUMMARY_TOP = 20 };

static unsigned terminal_width(FILE *file)
{
	struct winsize size = { 0 };

	if (fileno(file) < 0 || ioctl(fileno(file), TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

int view_init(struct view *view, const struct cli *cli, struct error *err)
{
	const struct selection *selection = cli->fields ? &view->selection : NULL;
	int r = 0;

	*view = (struct view){ .cli = cli };
	if (selection)
		r = selection_parse(cli->fields, &view->selection, err);
	if (r >= 0 && cli->summary && summary_new(&view->summary) < 0)
		r = error_oom(err);
	if (r < 0)
		return r;
	event_json_init(&view->json, selection);
	event_json_init(&view->whole_json, NULL);
	event_text_init(&view->lines, selection, cli->colour_out, terminal_width(cli->out));
	event_text_init(&view->whole_lines, NULL, cli->colour_out, terminal_width(cli->out));
	return 0;
}

void view_done(struct view *view)
{
	summary_free(view->summary);
	view->summary = NULL;
}

void view_begin(struct view *view, struct text *text)
{
	if (!view->summary && !view->cli->json)
		(void)event_text_header(&view->lines, text);
}

void view_add(struct view *view, const struct event *event, struct text *text)
{
	/* Whatever fields were asked for, a loss is told with its number and reason. */
	bool ours = event->type == EVENT_GAP || event->type == EVENT_SOURCE;

	if (view->summary)
		summary_add(view->summary, event);
	else if (view->cli->json)
		(void)event_json_add(ours ? &view->whole_json : &view->json, event, text);
	else
		(void)event_text_add(ours ? &view->whole_lines : &view->lines, event, text);
}

void view_end(struct view *view, struct text *text)
{
	if (view->summary && view->cli->json)
		(void)summary_json(view->summary, SUMMARY_TOP, text);
	else if (view->summary)
		(void)summary_text(view->summary, SUMMARY_TOP, text);
}
