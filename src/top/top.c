// SPDX-License-Identifier: MIT
/*
 * One loop: the clock asks the daemon, keys change what is shown or ask for something to be done,
 * and decisions come when they come. What is selected is known by its name, for rows change their
 * places.
 */
#include "top/top.h"

#include "top/screen.h"
#include "top/tasks.h"

#include <poll.h>
#include <time.h>

enum { PAST_EVERY_MS = 10000, INPUT_MOST = 128, FRESH_MOST = 256, DRAW_AGAIN_MS = 100 };

enum mode { MODE_LIST, MODE_FILTER, MODE_LIMIT, MODE_KILL };

struct top {
	const struct host *host;
	const struct top_options *options;
	struct daemon daemon;
	struct tree tree;
	struct view view;
	enum mode mode;
	char input[INPUT_MOST], message[512];
	char *selected; /* group */
	pid_t selected_pid;
	uint64_t refresh_ns, past_ns; /* when the next is due */
	uint64_t drawn_ns;
	bool connected, quit, changed;
};

/* ---- messages ---- */

static void say(struct top *top, bool bad, const char *format, ...) _printf_(3, 4);
static void say(struct top *top, bool bad, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(top->message, sizeof(top->message), format, arguments);
	va_end(arguments);
	top->view.bad = bad;
	top->changed = true;
}

static void say_error(struct top *top, struct error *err)
{
	struct text text;

	text_init(&text);
	text_add_escaped(&text, error_text(err), strlen(error_text(err)));
	say(top, true, "%s", text.data ? text.data : "no memory");
	text_done(&text);
	error_done(err);
}

/* ---- the selected row ---- */

static struct row *selected_row(struct top *top)
{
	return top->view.selected < top->tree.row_count ? &top->tree.rows[top->view.selected]
							: NULL;
}

/* Moves the window so that it is seen. */
static void show_selected(struct top *top)
{
	size_t rows = screen_rows(&top->view);

	if (top->view.selected < top->view.top)
		top->view.top = top->view.selected;
	if (top->view.selected >= top->view.top + rows)
		top->view.top = top->view.selected - rows + 1;
	if (top->view.top + rows > top->tree.row_count)
		top->view.top = top->tree.row_count > rows ? top->tree.row_count - rows : 0;
	top->changed = true;
}

static void select_row(struct top *top, size_t index)
{
	const struct row *row;

	top->view.selected = top->tree.row_count ? MIN(index, top->tree.row_count - 1) : 0;
	row = selected_row(top);
	free(top->selected);
	top->selected = row ? strdup(row->use->name) : NULL;
	top->selected_pid = row && row->task ? row->task->pid : 0;
	show_selected(top);
}

/* Rows anew; the same is selected if it is there yet, else what stands in its place. */
static void arrange(struct top *top)
{
	size_t found = SIZE_MAX;

	if (tree_arrange(&top->tree) < 0)
		return;
	for (size_t i = 0; top->selected && i < top->tree.row_count; i++) {
		const struct row *row = &top->tree.rows[i];

		if (!streq(row->use->name, top->selected))
			continue;
		if (!row->task || row->task->pid == top->selected_pid)
			found = i;
		if ((row->task ? row->task->pid : 0) == top->selected_pid)
			break;
	}
	select_row(top, found != SIZE_MAX ? found : top->view.selected);
}

/* ---- asking ---- */

static json_t *names_on_screen(const struct top *top)
{
	size_t rows = MIN(screen_rows(&top->view), (size_t)FRESH_MOST);
	json_t *names = json_array();

	for (size_t i = top->view.top; i < top->tree.row_count && rows > 0; i++, rows--)
		if (!top->tree.rows[i].task)
			json_array_append_new(names, json_string(top->tree.rows[i].use->name));
	return names;
}

static int refresh_tasks(struct top *top, struct error *err)
{
	for (size_t i = 0; i < top->tree.count; i++) {
		struct use *use = top->tree.items[i];
		json_t *reply = NULL;
		int r;

		if (!use->opened)
			continue;
		r = daemon_call(&top->daemon, "GetGroup", json_pack("{s:s}", "name", use->name),
				false, &reply, err);
		/* It has gone: the next answer tells. */
		if (r < 0 && top->daemon.asks)
			error_done(err);
		else if (r < 0)
			return r;
		else if (tasks_look(top->host, use, json_object_get(reply, "pids"),
				    clock_monotonic()) < 0)
			r = error_oom(err);
		json_decref(reply);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

static int refresh_past(struct top *top, struct error *err)
{
	uint64_t now = clock_monotonic();
	json_t *reply = NULL;
	int r;

	if (now < top->past_ns)
		return 0;
	r = daemon_call(&top->daemon, "GetHistory",
			json_pack("{s:o, s:[s]}", "groups", names_on_screen(top), "figures", "cpu"),
			false, &reply, err);
	if (r < 0)
		return r;
	tree_take_past(&top->tree, reply);
	json_decref(reply);
	top->past_ns = now + PAST_EVERY_MS * UINT64_C(1000000);
	return 0;
}

static int refresh_tree(struct top *top, struct error *err)
{
	json_t *reply = NULL;
	int r = daemon_call(&top->daemon, "GetTree",
			    json_pack("{s:I, s:o}", "since", (json_int_t)top->tree.revision,
				      "fresh", names_on_screen(top)),
			    false, &reply, err);

	if (r < 0)
		return r;
	r = tree_take(&top->tree, reply);
	json_decref(reply);
	if (r < 0)
		return error_set_errno(err, r, "cannot read the daemon's answer");
	return refresh_tasks(top, err);
}

/* All that is shown; what does not work is told, and tried again. */
static int refresh(struct top *top, struct error *err)
{
	bool first = top->tree.row_count == 0;
	int r = refresh_tree(top, err);

	arrange(top);
	if (r >= 0)
		r = refresh_past(top, err);
	if (r >= 0)
		r = daemon_listen(&top->daemon, err);
	if (r < 0) {
		top->tree.revision = 0;
		top->connected = false;
		return r;
	}
	if (!top->connected && !first && top->mode == MODE_LIST)
		say(top, false, "%s", "");
	top->connected = true;
	return 0;
}

static void refresh_and_tell(struct top *top)
{
	struct error err = ERROR_INIT;

	if (refresh(top, &err) < 0 && top->mode == MODE_LIST)
		say_error(top, &err);
	error_done(&err);
	top->refresh_ns = clock_monotonic() + top->options->interval_ns;
	top->changed = true;
}

/* ---- acting ---- */

/* Calls a method about the selected group, shows what comes of it. */
static void act(struct top *top, const char *method, json_t *parameters, const char *doing,
		const char *done)
{
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	const char *problem;

	say(top, false, "%s %s ...", doing, top->selected);
	screen_draw(&top->view);
	if (daemon_call(&top->daemon, method, parameters, true, &reply, &err) < 0) {
		say_error(top, &err);
		return;
	}
	problem = json_string_value(json_array_get(json_object_get(reply, "problems"), 0));
	if (problem)
		say(top, true, "%s", problem);
	else
		say(top, false, "%s: %s", top->selected, done);
	json_decref(reply);
	top->refresh_ns = 0;
}

static void act_on_group(struct top *top, const char *method, const char *doing, const char *done)
{
	if (top->selected)
		act(top, method, json_pack("{s:s}", "name", top->selected), doing, done);
}

static void kill_selected(struct top *top)
{
	const struct row *row = selected_row(top);
	int r;

	if (!row || !row->task) {
		act_on_group(top, "KillGroup", "killing all in", "killed");
		return;
	}
	r = task_kill(top->host, row->task);
	if (r < 0)
		say(top, true, "process %d cannot be killed: %s", (int)row->task->pid,
		    strerror(-r));
	else
		say(top, false, "process %d: killed", (int)row->task->pid);
	top->refresh_ns = 0;
}

static void set_limit(struct top *top)
{
	char *value = strchr(top->input, '=');

	if (!value) {
		say(top, true, "a limit is KEY=VALUE, for example cpu=50%% (see reeve.yaml(5))");
		return;
	}
	*value++ = '\0';
	act(top, "SetGroup",
	    json_pack("{s:s, s:{s:s}}", "name", top->selected, "limits", top->input, value),
	    "setting a limit of", "limit set");
}

/* ---- keys ---- */

static void show_prompt(struct top *top)
{
	const struct row *row = selected_row(top);

	top->view.prompt = top->mode != MODE_LIST;
	if (top->mode == MODE_FILTER)
		say(top, false, "only groups with: %s", top->input);
	else if (top->mode == MODE_LIMIT)
		say(top, false, "limit of %s, KEY=VALUE: %s", top->selected, top->input);
	else if (top->mode == MODE_KILL && row && row->task)
		say(top, false, "kill process %d (%s)? y/n ", (int)row->task->pid, row->task->comm);
	else if (top->mode == MODE_KILL)
		say(top, false, "kill all processes of %s and below? y/n ", top->selected);
}

static void begin(struct top *top, enum mode mode)
{
	if (mode != MODE_FILTER && !selected_row(top))
		return;
	top->mode = mode;
	top->input[0] = '\0';
	if (mode == MODE_FILTER)
		snprintf(top->input, sizeof(top->input), "%s", top->tree.filter);
	show_prompt(top);
}

static void finish(struct top *top)
{
	top->mode = MODE_LIST;
	top->view.prompt = false;
	say(top, false, "%s", "");
}

static void use_filter(struct top *top)
{
	snprintf(top->tree.filter, sizeof(top->tree.filter), "%.*s",
		 (int)sizeof(top->tree.filter) - 1, top->input);
	arrange(top);
}

static void on_input_key(struct top *top, enum key key, char character)
{
	size_t size = strlen(top->input);
	enum mode mode = top->mode;

	if (mode == MODE_KILL) {
		/* Answered by the next thing that is typed, whatever it is. */
		if (key == KEY_RESIZED_ || key == KEY_OTHER_)
			return;
		finish(top);
		if (character == 'y' || character == 'Y')
			kill_selected(top);
		return;
	}
	if (key == KEY_TEXT_ && size + 1 < sizeof(top->input)) {
		top->input[size] = character;
		top->input[size + 1] = '\0';
	} else if (key == KEY_ERASE_ && size > 0) {
		top->input[size - 1] = '\0';
	} else if (key == KEY_ESCAPE_ || key == KEY_ENTER_) {
		if (key == KEY_ESCAPE_)
			top->input[0] = '\0';
		finish(top);
		if (mode == MODE_FILTER)
			use_filter(top);
		else if (key == KEY_ENTER_ && *top->input)
			set_limit(top);
		return;
	}
	if (mode == MODE_FILTER)
		use_filter(top);
	show_prompt(top);
}

/* What is below a group: hidden, or shown. */
static void fold(struct top *top, enum key key)
{
	const struct row *row = selected_row(top);
	struct use *use = row ? row->use : NULL;

	if (!use)
		return;
	/* To the left of what is folded, or has nothing below it, is the group above. */
	if (key == KEY_LEFT_ && (row->task || use->folded || !use->child)) {
		struct use *above = row->task ? use : use->parent;

		if (!above)
			return;
		free(top->selected);
		top->selected = strdup(above->name);
		top->selected_pid = 0;
	} else if (!row->task) {
		use->folded = key == KEY_LEFT_ ? true : key == KEY_RIGHT_ ? false : !use->folded;
	}
	arrange(top);
}

static void open_group(struct top *top)
{
	const struct row *row = selected_row(top);

	if (!row)
		return;
	row->use->opened = !row->use->opened;
	top->selected_pid = 0;
	top->refresh_ns = 0;
	if (!row->use->opened) {
		row->use->task_count = 0;
		arrange(top);
	}
}

static void next_order(struct top *top, int step)
{
	top->tree.sort = (enum sort_key)(((int)top->tree.sort + SORT_KEYS + step) % SORT_KEYS);
	arrange(top);
}

static void on_character(struct top *top, char character)
{
	switch (character) {
	case 'q':
		top->quit = true;
		break;
	case '?':
	case 'h':
		top->view.help = !top->view.help;
		break;
	case ' ':
		fold(top, KEY_OTHER_);
		break;
	case 's':
	case 'S':
		next_order(top, character == 's' ? 1 : -1);
		break;
	case '/':
		begin(top, MODE_FILTER);
		break;
	case 'd':
		top->view.decisions = !top->view.decisions;
		show_selected(top);
		break;
	case 'f':
		act_on_group(top, "FreezeGroup", "freezing", "frozen");
		break;
	case 't':
		act_on_group(top, "ThawGroup", "thawing", "thawed");
		break;
	case 'k':
		begin(top, MODE_KILL);
		break;
	case 'l':
		begin(top, MODE_LIMIT);
		break;
	default:
		break;
	}
}

static void on_key(struct top *top, enum key key, char character)
{
	size_t page = screen_rows(&top->view), selected = top->view.selected;

	top->changed = true;
	if (top->mode != MODE_LIST) {
		on_input_key(top, key, character);
		return;
	}
	if (top->view.help && key != KEY_RESIZED_) {
		top->view.help = false;
		top->quit = character == 'q';
		return;
	}
	if (key != KEY_RESIZED_)
		say(top, false, "%s", "");
	if (key == KEY_TEXT_)
		on_character(top, character);
	else if (key == KEY_UP_)
		select_row(top, selected > 0 ? selected - 1 : 0);
	else if (key == KEY_DOWN_)
		select_row(top, selected + 1);
	else if (key == KEY_PAGE_UP_)
		select_row(top, selected > page ? selected - page : 0);
	else if (key == KEY_PAGE_DOWN_)
		select_row(top, selected + page);
	else if (key == KEY_FIRST_)
		select_row(top, 0);
	else if (key == KEY_LAST_)
		select_row(top, SIZE_MAX);
	else if (key == KEY_LEFT_ || key == KEY_RIGHT_)
		fold(top, key);
	else if (key == KEY_ENTER_)
		open_group(top);
	else if (key == KEY_ESCAPE_ && *top->tree.filter) {
		top->input[0] = '\0';
		use_filter(top);
	} else if (key == KEY_RESIZED_)
		show_selected(top);
	if (top->view.selected != selected)
		top->past_ns = 0; /* others may be on the screen */
}

/* ---- the loop ---- */

static int remaining_ms(uint64_t until)
{
	uint64_t now = clock_monotonic();

	return now >= until ? 0 : (int)MIN((until - now + 999999) / 1000000, UINT64_C(60000));
}

/* Many decisions a second are not many pictures; a key is answered at once. */
static uint64_t draw_due(const struct top *top)
{
	return top->changed ? top->drawn_ns + DRAW_AGAIN_MS * UINT64_C(1000000) : UINT64_MAX;
}

static int wait_and_hear(struct top *top)
{
	struct pollfd polls[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				  { .fd = daemon_fd(&top->daemon), .events = POLLIN } };
	char character;
	enum key key;

	/* A signal: the terminal has another size, which is told as a key. */
	if (poll(polls, ARRAY_SIZE(polls), remaining_ms(MIN(top->refresh_ns, draw_due(top)))) < 0 &&
	    errno != EINTR)
		return -errno;
	if (polls[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		return -EPIPE;
	if (polls[1].revents)
		top->changed |= daemon_hear(&top->daemon) > 0;
	while (!top->quit && (key = screen_key(&character)) != KEY_NONE_) {
		on_key(top, key, character);
		top->drawn_ns = 0;
	}
	return 0;
}

static int run_screen(struct top *top)
{
	while (!top->quit) {
		int r;

		if (clock_monotonic() >= top->refresh_ns)
			refresh_and_tell(top);
		if (clock_monotonic() >= draw_due(top)) {
			screen_draw(&top->view);
			top->drawn_ns = clock_monotonic();
			top->changed = false;
		}
		r = wait_and_hear(top);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
	return 0;
}

static int run_plain(struct top *top, struct error *err)
{
	int r = 0;

	while (r >= 0) {
		const struct timespec pause = {
			.tv_sec = (time_t)(top->options->interval_ns / UINT64_C(1000000000)),
			.tv_nsec = (long)(top->options->interval_ns % UINT64_C(1000000000)),
		};

		screen_plain(&top->tree);
		if (ferror(stdout))
			return -EPIPE;
		(void)nanosleep(&pause, NULL);
		r = refresh_tree(top, err);
		if (r >= 0)
			r = tree_arrange(&top->tree);
	}
	return r;
}

int top_run(const struct host *host, const struct top_options *options, struct error *err)
{
	struct top top = { .host = host, .options = options };
	int r = daemon_init(&top.daemon, options->runtime_dir);

	if (r < 0)
		return error_oom(err);
	top.view = (struct view){
		.tree = &top.tree, .daemon = &top.daemon, .decisions = true, .message = top.message
	};
	/* What cannot be is told before there is a screen. */
	r = refresh_tree(&top, err);
	if (r >= 0)
		r = tree_arrange(&top.tree);
	if (r >= 0 && screen_begin()) {
		r = run_screen(&top);
		screen_end();
		if (r < 0)
			error_set_errno(err, r, "cannot wait for keys");
	} else if (r >= 0) {
		r = run_plain(&top, err);
	}
	daemon_done(&top.daemon);
	tree_done(&top.tree);
	free(top.selected);
	return r;
}
