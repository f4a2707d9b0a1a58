// SPDX-License-Identifier: MIT
/*
 * From top to bottom: what all use together, headings, groups, decisions, and a line for what is
 * said or asked. On a terminal that is too low the lower parts go first; nothing is ever drawn
 * outside. ncurses sends only what has changed, which over ssh is what costs.
 */
#include "top/screen.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>

#define NCURSES_NOMACROS 1
#include <curses.h>

/* Of <term.h>, which makes macros of words such as "lines" and "tone". */
extern int setupterm(const char *term, int fd, int *ret_problem);
extern char *tigetstr(const char *capability);

static const attr_t plain = A_NORMAL, heavy = A_BOLD, reversed = A_REVERSE;

enum {
	HEAD_LINES = 2,
	LAST_LINES = 1,
	DECISIONS_LEAST = 14,
	DECISION_LINES = 6,
	ESCAPE_MS = 25,
	PLAIN_COLUMNS = 80
};

static const short tone_colours[] = {
	[TONE_PLAIN] = -1,	[TONE_GOOD] = COLOR_GREEN, [TONE_WARNING] = COLOR_YELLOW,
	[TONE_BAD] = COLOR_RED, [TONE_FAINT] = -1,
};

static const char *const help_lines[] = {
	"arrows, page up, page down, home, end   move",
	"space, left, right                      fold and unfold",
	"enter                                   processes of a group",
	"s, S                                    next and last order of groups",
	"/                                       only groups with this in their name",
	"d                                       decisions, or more groups",
	"f, t                                    freeze, thaw the group",
	"k                                       kill the group, or the process; asks",
	"l                                       change a limit: cpu=50%, pids=100, ram=default",
	"q                                       quit",
	"",
	"WAIT%: the time in which some of it waited for a processor (c), memory (m) or io (i)",
	"HELD%: the time for which its own limit held it back; 100 for each processor",
};

static const struct {
	const char *text;
	int code;
} more_keys[] = {
	{ "\033[A", KEY_UP },	{ "\033OA", KEY_UP },	 { "\033[B", KEY_DOWN },
	{ "\033OB", KEY_DOWN }, { "\033[C", KEY_RIGHT }, { "\033OC", KEY_RIGHT },
	{ "\033[D", KEY_LEFT }, { "\033OD", KEY_LEFT },	 { "\033[H", KEY_HOME },
	{ "\033OH", KEY_HOME }, { "\033[F", KEY_END },	 { "\033OF", KEY_END },
};

/* ---- life ---- */

bool screen_begin(void)
{
	const char *none = getenv("NO_COLOR");
	char *cup = NULL;
	int problem;

	(void)setlocale(LC_CTYPE, "");
	if (setupterm(NULL, STDOUT_FILENO, &problem) != OK)
		return false;
	cup = tigetstr("cup");
	if (!cup || cup == (char *)-1 || !newterm(NULL, stdout, stdin))
		return false;
	(void)cbreak();
	(void)noecho();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	/* As terminals send them that were not told of our mode. */
	for (size_t i = 0; i < ARRAY_SIZE(more_keys); i++)
		(void)define_key(more_keys[i].text, more_keys[i].code);
	(void)set_escdelay(ESCAPE_MS);
	if (!(none && *none) && has_colors() && start_color() == OK) {
		(void)use_default_colors();
		for (short i = 0; i < (short)ARRAY_SIZE(tone_colours); i++)
			(void)init_pair((short)(i + 1), tone_colours[i], -1);
	}
	return true;
}

void screen_end(void)
{
	(void)endwin();
}

/* ---- drawing ---- */

static attr_t attributes(enum tone tone)
{
	attr_t bold = tone == TONE_BAD || tone == TONE_WARNING ? heavy : plain;
	const char *none = getenv("NO_COLOR");

	if (!has_colors() || (none && *none))
		return bold;
	return bold | (attr_t)COLOR_PAIR(tone + 1) | (tone == TONE_FAINT ? A_DIM : plain);
}

/* At most `width` columns, where there is room at all. */
static void put(int y, int x, int width, attr_t attribute, const char *string)
{
	size_t size = 0;

	width = MIN(width, getmaxx(stdscr) - x);
	if (y < 0 || y >= getmaxy(stdscr) || x < 0 || width <= 0 || !string)
		return;
	for (; width > 0 && string[size]; width--)
		size += MAX(utf8_sequence(string + size, strlen(string + size)), (size_t)1);
	(void)attrset(attribute);
	(void)mvaddnstr(y, x, string, (int)size);
	(void)attrset(A_NORMAL);
}

static size_t decision_lines(const struct view *view)
{
	return view->decisions && getmaxy(stdscr) >= DECISIONS_LEAST ? DECISION_LINES : 0;
}

size_t screen_rows(const struct view *view)
{
	int rows = getmaxy(stdscr) - HEAD_LINES - LAST_LINES - (int)decision_lines(view);

	return rows > 0 ? (size_t)rows : 1;
}

static void add_sum(struct text *text, const struct tree *tree, enum use_figure figure,
		    const char *label)
{
	uint64_t sum = 0;
	bool known = false;
	char buffer[16];

	/* Those above count what is below. */
	for (size_t i = 0; i < tree->count; i++)
		if (tree->items[i]->depth == 0 && use_knows(tree->items[i], figure)) {
			sum += tree->items[i]->values[figure];
			known = true;
		}
	if (!known)
		return;
	if (figure == USE_CPU)
		text_addf(text, "  %s %.1f%% of %" PRIu64 "00%%", label, (double)sum / 10000,
			  tree->processors);
	else
		text_addf(text, "  %s %s", label, short_bytes(sum, buffer));
}

void header_text(const struct tree *tree, struct text *text)
{
	uint64_t members = 0;

	for (size_t i = 0; i < tree->count; i++)
		members += tree->items[i]->members;
	text_addf(text, "reeve: %zu groups, %" PRIu64 " processes", tree->count, members);
	add_sum(text, tree, USE_CPU, "cpu");
	add_sum(text, tree, USE_MEMORY, "memory");
	text_addf(text, "  by %s", sort_name(tree->sort));
	if (*tree->filter) {
		text_add(text, "  only ");
		text_add_escaped(text, tree->filter, strlen(tree->filter));
	}
}

static void draw_cells(int y, const struct layout_of_columns *columns, const struct row *row,
		       bool selected)
{
	int x = 0;

	for (unsigned i = 0; i < COLUMNS_ALL; i++) {
		int width = (int)columns->widths[i], used;
		enum tone tone = TONE_PLAIN;
		struct text cell;

		if (width == 0)
			continue;
		text_init(&cell);
		if (row)
			tone = cell_text(columns, row, i, &cell);
		else
			text_add(&cell, column_heading(i));
		used = cell.data ? (int)text_columns(cell.data) : 0;
		put(y, x + (column_is_right(i) ? MAX(width - used, 0) : 0), width,
		    (row ? attributes(tone) : heavy) | (selected ? reversed : plain),
		    cell.data ? cell.data : "");
		x += width + 1;
		text_done(&cell);
	}
}

static void draw_rows(const struct view *view)
{
	struct layout_of_columns columns;
	size_t rows = screen_rows(view);

	columns_fit((unsigned)getmaxx(stdscr), streq(nl_langinfo(CODESET), "UTF-8"), &columns);
	draw_cells(1, &columns, NULL, false);
	for (size_t i = 0; i < rows && view->top + i < view->tree->row_count; i++) {
		bool selected = view->top + i == view->selected;
		int y = (int)i + HEAD_LINES;

		if (y >= getmaxy(stdscr) - LAST_LINES)
			break;
		if (selected)
			for (int x = 0; x < getmaxx(stdscr); x++)
				put(y, x, 1, A_REVERSE, " ");
		draw_cells(y, &columns, &view->tree->rows[view->top + i], selected);
	}
	if (view->tree->row_count == 0)
		put(HEAD_LINES, 0, getmaxx(stdscr), A_NORMAL,
		    *view->tree->filter ? "no group has this in its name" : "there are no groups");
}

static void draw_decisions(const struct view *view)
{
	size_t lines = decision_lines(view);
	int y = getmaxy(stdscr) - LAST_LINES - (int)lines;
	char heading[64];

	if (lines == 0)
		return;
	snprintf(heading, sizeof(heading), "DECISIONS");
	if (view->daemon->lost > 0)
		snprintf(heading, sizeof(heading), "DECISIONS (%" PRIu64 " not shown: too many)",
			 view->daemon->lost);
	put(y, 0, getmaxx(stdscr), A_BOLD, heading);
	/* The newest is the lowest. */
	for (size_t i = 1; i < lines; i++)
		put(y + (int)i, 0, getmaxx(stdscr), A_NORMAL,
		    daemon_decision(view->daemon, lines - 1 - i));
}

static void draw_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(help_lines); i++)
		put((int)i + HEAD_LINES - 1, 0, getmaxx(stdscr), A_NORMAL, help_lines[i]);
}

void screen_draw(const struct view *view)
{
	int last = getmaxy(stdscr) - 1;
	struct text header;

	(void)erase();
	text_init(&header);
	header_text(view->tree, &header);
	put(0, 0, getmaxx(stdscr), A_BOLD, header.data);
	text_done(&header);
	if (view->help) {
		draw_help();
	} else {
		draw_rows(view);
		draw_decisions(view);
	}
	if (last >= HEAD_LINES) {
		put(last, 0, getmaxx(stdscr), view->bad ? attributes(TONE_BAD) : plain,
		    *view->message
			    ? view->message
			    : "q quit  ? help  s order  / filter  enter processes  f freeze  "
			      "t thaw  k kill  l limit");
		(void)move(last, MIN((int)text_columns(view->message), getmaxx(stdscr) - 1));
	}
	(void)curs_set(view->prompt ? 1 : 0);
	(void)refresh();
}

void screen_plain(const struct tree *tree)
{
	struct layout_of_columns columns;
	struct text text;

	columns_fit(PLAIN_COLUMNS, false, &columns);
	text_init(&text);
	header_text(tree, &text);
	text_add(&text, "\n");
	line_text(&columns, NULL, &text);
	for (size_t i = 0; i < tree->row_count; i++) {
		text_add(&text, "\n");
		line_text(&columns, &tree->rows[i], &text);
	}
	puts(text.data ? text.data : "no memory");
	(void)fflush(stdout);
	text_done(&text);
}

/* ---- keys ---- */

static const struct {
	int code;
	enum key key;
} keys[] = {
	{ ERR, KEY_NONE_ },
	{ KEY_UP, KEY_UP_ },
	{ KEY_DOWN, KEY_DOWN_ },
	{ KEY_LEFT, KEY_LEFT_ },
	{ KEY_RIGHT, KEY_RIGHT_ },
	{ KEY_PPAGE, KEY_PAGE_UP_ },
	{ KEY_NPAGE, KEY_PAGE_DOWN_ },
	{ KEY_HOME, KEY_FIRST_ },
	{ KEY_END, KEY_LAST_ },
	{ KEY_ENTER, KEY_ENTER_ },
	{ '\n', KEY_ENTER_ },
	{ '\r', KEY_ENTER_ },
	{ 27, KEY_ESCAPE_ },
	{ KEY_BACKSPACE, KEY_ERASE_ },
	{ 127, KEY_ERASE_ },
	{ '\b', KEY_ERASE_ },
	{ KEY_RESIZE, KEY_RESIZED_ },
};

enum key screen_key(char *ret_character)
{
	int code = getch();

	*ret_character = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	if (code < ' ' || code > '~')
		return KEY_OTHER_;
	*ret_character = (char)code;
	return KEY_TEXT_;
}
