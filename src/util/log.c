// SPDX-License-Identifier: MIT
/*
 * One line a message. On standard error the line is "reeved: text"; the journal gets PRIORITY; a
 * file gets a JSON object a line, written by one write(2) so that lines never mix (O_APPEND).
 */
#include "util/log.h"

#include "util/fd.h"
#include "util/host.h"
#include "util/syslog-line.h"
#include "util/text.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <time.h>

struct log {
	enum log_target target;
	char *path;
	int fd; /* of the file, or to syslog; -1 otherwise */
	int level, facility;
	uint64_t lost; /* syslog has not taken them */
};

static const struct {
	const char *word;
	int level;
} level_words[] = {
	/* The first of a level is the one that is printed; fetter's zap names are taken too. */
	{ "debug", LOG_DEBUG },	    { "info", LOG_INFO },     { "notice", LOG_NOTICE },
	{ "warning", LOG_WARNING }, { "warn", LOG_WARNING },  { "error", LOG_ERR },
	{ "err", LOG_ERR },	    { "critical", LOG_CRIT }, { "dpanic", LOG_CRIT },
	{ "panic", LOG_CRIT },	    { "fatal", LOG_CRIT },
};

int log_level_from_string(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_words); i++)
		if (strcasecmp(word, level_words[i].word) == 0)
			return level_words[i].level;
	return -EINVAL;
}

const char *log_level_to_string(int level)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_words); i++)
		if (level_words[i].level == level)
			return level_words[i].word;
	/* LOG_EMERG and LOG_ALERT have no word of their own. */
	return level < LOG_CRIT ? "critical" : "debug";
}

/* A folder that others may write could hold a file or link of theirs under our name. */
static int check_folder(const char *path, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(path);
	const char *folder;
	struct stat st;

	if (!copy)
		return error_oom(err);
	folder = dirname(copy);
	if (stat(folder, &st) < 0)
		return error_set_errno(err, -errno, "cannot open log file %s: folder %s", path,
				       folder);
	if (st.st_mode & S_IWOTH)
		return error_set(err, -EPERM,
				 "log file %s: the folder %s can be written by every user; "
				 "choose one that only root can write, or \"stderr\" or "
				 "\"journal\"",
				 path, folder);
	return 0;
}

static int open_file(const char *path)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	return fd < 0 ? -errno : fd;
}

static bool is_file(enum log_target target)
{
	return target == LOG_TARGET_FILE || target == LOG_TARGET_TEXT;
}

int log_new(enum log_target target, const char *path, int level, struct log **ret_log,
	    struct error *err)
{
	_cleanup_(log_freep) struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return error_oom(err);
	log->fd = -1;
	log->target = target;
	log->level = level;
	log->facility = LOG_DAEMON;
	if (target == LOG_TARGET_SYSLOG && !(log->path = strdup(path)))
		return error_oom(err);
	if (is_file(target)) {
		int r = check_folder(path, err);

		if (r < 0)
			return r;
		log->path = strdup(path);
		if (!log->path)
			return error_oom(err);
		log->fd = open_file(path);
		if (log->fd < 0)
			return error_set_errno(err, log->fd, "cannot open log file %s", path);
	}
	*ret_log = TAKE_PTR(log);
	return 0;
}

void log_free(struct log *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		close(log->fd);
	free(log->path);
	free(log);
}

int log_reopen(struct log *log)
{
	int fd;

	if (!log || !is_file(log->target))
		return 0;
	fd = open_file(log->path);
	if (fd < 0)
		return fd;
	close(log->fd);
	log->fd = fd;
	return 0;
}

void log_set_facility(struct log *log, int facility)
{
	log->facility = facility;
}

void log_set_level(struct log *log, int level)
{
	log->level = level;
}

int log_level(const struct log *log)
{
	return log ? log->level : LOG_CRIT;
}

static void add_json_string(struct text *line, const char *string)
{
	size_t size = strlen(string);

	text_add(line, "\"");
	for (size_t i = 0; i < size;) {
		size_t length = utf8_sequence(string + i, size - i);
		unsigned char c = (unsigned char)string[i];

		if (length == 0)
			text_add(line, "\\ufffd");
		else if (c < 0x20 || c == 0x7f)
			text_addf(line, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			text_addf(line, "\\%c", c);
		else
			text_add_bytes(line, string + i, length);
		i += length ? length : 1;
	}
	text_add(line, "\"");
}

static void write_json(const struct log *log, int level, const char *message)
{
	struct text line;
	struct timespec now;
	struct tm tm;
	char stamp[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	text_init(&line);
	/* The keys are fetter's, so that what reads its log reads ours. */
	text_addf(&line, "{\"level\":\"%s\",\"@timestamp\":\"%s.%03ldZ\",\"msg\":",
		  log_level_to_string(level), stamp, now.tv_nsec / 1000000);
	add_json_string(&line, message);
	text_add(&line, "}\n");
	if (!line.failed)
		(void)write_all(log->fd, line.data, line.size);
	text_done(&line);
}

static void write_stream(int fd, int level, const char *message)
{
	struct text line;

	text_init(&line);
	text_addf(&line, "%s: %s", program_invocation_short_name,
		  level <= LOG_ERR	 ? "error: "
		  : level == LOG_WARNING ? "warning: "
					 : "");
	/* A message may quote a file name: it must not be able to steer the terminal. */
	text_add_escaped(&line, message, strlen(message));
	text_add(&line, "\n");
	if (!line.failed)
		(void)write_all(fd, line.data, line.size);
	text_done(&line);
}

static void write_text(const struct log *log, int level, const char *message)
{
	struct text line;
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
	text_init(&line);
	text_addf(&line, "%s %s: ", stamp, log_level_to_string(level));
	text_add_escaped(&line, message, strlen(message));
	text_add(&line, "\n");
	if (!line.failed)
		(void)write_all(log->fd, line.data, line.size);
	text_done(&line);
}

static void write_syslog(struct log *log, int level, const char *message)
{
	char told[64];

	if (log->lost > 0) {
		snprintf(told, sizeof(told), "%llu lines before this were lost",
			 (unsigned long long)log->lost);
		if (syslog_send(SYSLOG_PATH, &log->fd, log->facility, LOG_WARNING, log->path,
				told) < 0) {
			log->lost++;
			return;
		}
		log->lost = 0;
	}
	if (syslog_send(SYSLOG_PATH, &log->fd, log->facility, level, log->path, message) < 0)
		log->lost++;
}

static void log_message(struct log *log, int level, const char *message)
{
	switch (log->target) {
	case LOG_TARGET_STDERR:
		write_stream(STDERR_FILENO, level, message);
		break;
	case LOG_TARGET_STDOUT:
		write_stream(STDOUT_FILENO, level, message);
		break;
	case LOG_TARGET_TEXT:
		write_text(log, level, message);
		break;
	case LOG_TARGET_SYSLOG:
		write_syslog(log, level, message);
		break;
	case LOG_TARGET_JOURNAL:
		/* Without a journal the line must not vanish. */
		if (sd_journal_send("MESSAGE=%s", message, "PRIORITY=%i", level, NULL) < 0)
			write_stream(STDERR_FILENO, level, message);
		break;
	case LOG_TARGET_FILE:
		write_json(log, level, message);
		break;
	}
}

_printf_(3, 0) static void write_list(struct log *log, int level, const char *format,
				      va_list arguments)
{
	_cleanup_(freep) char *message = NULL;

	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	log_message(log, level, message ? message : "a message is lost: out of memory");
}

void log_write(struct log *log, int level, const char *format, ...)
{
	va_list arguments;

	if (!log || level > log->level)
		return;
	va_start(arguments, format);
	write_list(log, level, format, arguments);
	va_end(arguments);
}

void log_limited(struct log *log, struct log_limit *limit, int level, const char *format, ...)
{
	uint64_t now = clock_monotonic();
	va_list arguments;

	if (!log || level > log->level)
		return;
	if (now - limit->period_start >= limit->period_ns) {
		if (limit->held_back)
			log_write(log, level, "%llu similar messages were held back",
				  (unsigned long long)limit->held_back);
		limit->period_start = now;
		limit->used = 0;
		limit->held_back = 0;
	}
	if (limit->used >= limit->burst) {
		limit->held_back++;
		return;
	}
	limit->used++;
	va_start(arguments, format);
	write_list(log, level, format, arguments);
	va_end(arguments);
}
