// SPDX-License-Identifier: MIT
/*
 * Errors for humans. The message is one allocated sentence; where even that allocation fails, the
 * code alone is kept and error_text() still has something true to say.
 */
#include "util/error.h"

#include <stdarg.h>

static void set_text(struct error *err, int code, char *text)
{
	/* The innermost error knows most: a later one must not hide it. */
	if (err->code < 0) {
		free(text);
		return;
	}
	free(err->message);
	err->code = code;
	err->message = text;
}

int error_set(struct error *err, int code, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	if (!err)
		return code;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	set_text(err, code, text);
	return code;
}

int error_set_errno(struct error *err, int code, const char *format, ...)
{
	_cleanup_(freep) char *what = NULL;
	char *text = NULL;
	va_list arguments;

	if (!err)
		return code;
	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);
	if (what && asprintf(&text, "%s: %s", what, strerror(-code)) < 0)
		text = NULL;
	set_text(err, code, text);
	return code;
}

int error_wrap(struct error *err, const char *format, ...)
{
	_cleanup_(freep) char *context = NULL;
	char *text;
	va_list arguments;

	if (!err || err->code == 0)
		return err ? err->code : 0;
	va_start(arguments, format);
	if (vasprintf(&context, format, arguments) < 0)
		context = NULL;
	va_end(arguments);
	if (context && asprintf(&text, "%s: %s", context, error_text(err)) >= 0) {
		free(err->message);
		err->message = text;
	}
	return err->code;
}

int error_oom(struct error *err)
{
	if (err && err->code == 0)
		err->code = -ENOMEM;
	return -ENOMEM;
}

const char *error_text(const struct error *err)
{
	if (err && err->message)
		return err->message;
	return err && err->code < 0 ? strerror(-err->code) : "no error";
}

void error_done(struct error *err)
{
	if (!err)
		return;
	free(err->message);
	*err = (struct error)ERROR_INIT;
}

void error_move(struct error *to, struct error *from)
{
	if (to && to->code == 0) {
		free(to->message);
		*to = *from;
		*from = (struct error)ERROR_INIT;
	} else {
		error_done(from);
	}
}
