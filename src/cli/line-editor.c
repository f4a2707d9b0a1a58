// SPDX-License-Identifier: MIT
/*
 * libedit is loaded when a line is to be edited, and only then: every other command of the program
 * would have to load it, and what that loads, at its start (docs/decisions/0018-line-editing.md).
 */
#include "cli/line-editor.h"

#include <dlfcn.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <wchar.h>

static const char LIBRARY[] = "libedit.so.2";

enum { WORDS_MAX = 1024, HISTORY_SIZE = 1000, UTF8_MAX = 4, COLUMNS = 80 };

struct line_editor {
	struct line_editor_use use;
	bool ended; /* no more lines are wanted */
	void *library;
	__typeof__(&el_init) el_init;
	__typeof__(&el_end) el_end;
	__typeof__(&el_set) el_set;
	__typeof__(&el_cursor) el_cursor;
	__typeof__(&el_gets) el_gets;
	__typeof__(&el_line) el_line;
	__typeof__(&el_insertstr) el_insertstr;
	__typeof__(&el_deletestr) el_deletestr;
	__typeof__(&el_source) el_source;
	__typeof__(&history_init) history_init;
	__typeof__(&history_end) history_end;
	__typeof__(&history) history;
	EditLine *edit;
	History *past;
};
DEFINE_CLEANUP(struct line_editor *, line_editor_free);

static int load(struct line_editor *editor)
{
	const struct {
		const char *name;
		void *address;
	} symbols[] = {
		{ "el_init", &editor->el_init },
		{ "el_end", &editor->el_end },
		{ "el_set", &editor->el_set },
		{ "el_cursor", &editor->el_cursor },
		{ "el_gets", &editor->el_gets },
		{ "el_line", &editor->el_line },
		{ "el_insertstr", &editor->el_insertstr },
		{ "el_deletestr", &editor->el_deletestr },
		{ "el_source", &editor->el_source },
		{ "history_init", &editor->history_init },
		{ "history_end", &editor->history_end },
		{ "history", &editor->history },
	};

	editor->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!editor->library)
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *symbol = dlsym(editor->library, symbols[i].name);

		if (!symbol)
			return -ENOENT;
		memcpy(symbols[i].address, &symbol, sizeof(symbol));
	}
	return 0;
}

/* libedit hands its functions nothing but its own object, and that can only be asked by libedit. */
static struct line_editor *editor_of(EditLine *edit)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD);
	void *symbol = library ? dlsym(library, "el_get") : NULL, *editor = NULL;
	__typeof__(&el_get) get;

	memcpy(&get, &symbol, sizeof(get));
	if (get)
		(void)get(edit, EL_CLIENTDATA, &editor);
	if (library)
		dlclose(library);
	return editor;
}

/* What is listened to is shown above the line that is being typed. */
static int listen_once(struct line_editor *editor)
{
	int r;

	fputs("\r\033[K", stdout);
	r = editor->use.listen(editor->use.userdata);
	fflush(stdout);
	(void)editor->el_set(editor->edit, EL_REFRESH);
	return r;
}

/* Ctrl-C: an empty line instead of this one. */
static int give_up_line(struct line_editor *editor, wchar_t *ret_character)
{
	const LineInfo *line;

	(void)editor->el_cursor(editor->edit, INT16_MAX);
	line = editor->el_line(editor->edit);
	editor->el_deletestr(editor->edit, (int)(line->lastchar - line->buffer));
	fputs("^C", stdout);
	*ret_character = L'\n';
	return 1;
}

/* A signal that came before the key that is there: poll(2) tells of the key alone. */
static bool interrupted(void)
{
	const struct timespec none = { 0 };
	sigset_t interrupt;

	(void)sigemptyset(&interrupt);
	(void)sigaddset(&interrupt, SIGINT);
	return sigtimedwait(&interrupt, NULL, &none) == SIGINT;
}

static int wait_for_key(struct line_editor *editor)
{
	struct pollfd polls[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				  { .fd = editor->use.fd, .events = POLLIN } };
	sigset_t none;

	(void)sigemptyset(&none);
	for (;;) {
		if (ppoll(polls, ARRAY_SIZE(polls), NULL, &none) < 0)
			return -errno;
		if (interrupted())
			return -EINTR;
		if (polls[1].revents && listen_once(editor) < 0) {
			editor->ended = true;
			return -EPIPE;
		}
		if (polls[0].revents)
			return 0;
	}
}

/* How many bytes a character has that begins so. */
static size_t utf8_size(unsigned char first)
{
	return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : UTF8_MAX;
}

static int get_character(EditLine *edit, wchar_t *ret_character)
{
	struct line_editor *editor = editor_of(edit);
	char bytes[UTF8_MAX];
	size_t size = 0;
	int r = editor ? wait_for_key(editor) : -EINVAL;

	if (r == -EINTR)
		return give_up_line(editor, ret_character);
	if (r < 0)
		return 0;
	do {
		ssize_t got = read(STDIN_FILENO, bytes + size, 1);

		if (got <= 0)
			return 0;
		size++;
	} while (size < utf8_size((unsigned char)bytes[0]));
	if (mbtowc(ret_character, bytes, size) <= 0)
		*ret_character = (unsigned char)bytes[0];
	return 1;
}

/* ---- completion ---- */

/* What all of the words begin with, beyond what is there. */
static size_t common_size(const char *const *words, size_t count)
{
	size_t size = strlen(words[0]);

	for (size_t i = 1; i < count; i++) {
		size_t same = 0;

		while (same < size && words[0][same] == words[i][same])
			same++;
		size = same;
	}
	return size;
}

static void print_words(const char *const *words, size_t count)
{
	size_t width = 1, column = 0;

	for (size_t i = 0; i < count; i++)
		width = MAX(width, strlen(words[i]) + 2);
	fputc('\n', stdout);
	for (size_t i = 0; i < count; i++) {
		column = column + width > COLUMNS ? 0 : column;
		printf("%s%-*s", column || !i ? "" : "\n", (int)width, words[i]);
		column += width;
	}
	fputc('\n', stdout);
}

static unsigned char complete(EditLine *edit, _unused_ int key)
{
	struct line_editor *editor = editor_of(edit);
	const LineInfo *line = editor->el_line(edit);
	const char *words[WORDS_MAX];
	size_t begun, size, count;
	char more[256];

	count = editor->use.complete(editor->use.userdata, line->buffer,
				     (size_t)(line->cursor - line->buffer), words, WORDS_MAX,
				     &begun);
	if (!count)
		return CC_ERROR;
	size = common_size(words, count);
	if (size > begun || count == 1) {
		snprintf(more, sizeof(more), "%.*s%s", (int)(size - begun), words[0] + begun,
			 count == 1 ? " " : "");
		return editor->el_insertstr(edit, more) < 0 ? CC_ERROR : CC_REFRESH;
	}
	print_words(words, count);
	return CC_REDISPLAY;
}

/* ---- a line ---- */

static char *prompt(EditLine *edit)
{
	const struct line_editor *editor = editor_of(edit);

	return (char *)(uintptr_t)(editor ? editor->use.prompt : "");
}

static int begin(struct line_editor *editor)
{
	HistEvent event;

	/* Characters of more than a byte are known by the locale alone. */
	if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	editor->edit = editor->el_init(editor->use.program, stdin, stdout, stderr);
	editor->past = editor->history_init();
	if (!editor->edit || !editor->past)
		return -ENOMEM;
	(void)editor->history(editor->past, &event, H_SETSIZE, HISTORY_SIZE);
	(void)editor->history(editor->past, &event, H_SETUNIQUE, 1);
	(void)editor->el_set(editor->edit, EL_CLIENTDATA, editor);
	(void)editor->el_set(editor->edit, EL_PROMPT, prompt);
	(void)editor->el_set(editor->edit, EL_EDITOR, "emacs");
	(void)editor->el_set(editor->edit, EL_HIST, editor->history, editor->past);
	(void)editor->el_set(editor->edit, EL_GETCFN, get_character);
	(void)editor->el_set(editor->edit, EL_ADDFN, "reeve-complete", "Complete the word",
			     complete);
	(void)editor->el_set(editor->edit, EL_BIND, "^I", "reeve-complete", NULL);
	(void)editor->el_set(editor->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
	(void)editor->el_source(editor->edit, NULL);
	return 0;
}

int line_editor_new(const struct line_editor_use *use, struct line_editor **ret_editor)
{
	_cleanup_(line_editor_freep) struct line_editor *editor = NULL;
	int r;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	editor = calloc(1, sizeof(*editor));
	if (!editor)
		return -ENOMEM;
	editor->use = *use;
	r = load(editor);
	if (r == 0)
		r = begin(editor);
	if (r == 0)
		*ret_editor = TAKE_PTR(editor);
	return r;
}

void line_editor_free(struct line_editor *editor)
{
	if (!editor)
		return;
	if (editor->past)
		editor->history_end(editor->past);
	if (editor->edit)
		editor->el_end(editor->edit);
	if (editor->library)
		dlclose(editor->library);
	free(editor);
}

const char *line_editor_read(struct line_editor *editor, size_t *ret_size)
{
	HistEvent event;
	int count = 0;
	const char *line = editor->el_gets(editor->edit, &count);

	if (editor->ended || !line || count <= 0)
		return NULL;
	if (strspn(line, " \t\n") < (size_t)count)
		(void)editor->history(editor->past, &event, H_ENTER, line);
	*ret_size = (size_t)count;
	return line;
}
