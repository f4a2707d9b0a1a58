// SPDX-License-Identifier: MIT
/*
 * As the C library reads these files (nss/nss_files): blanks before a line do not count, a line
 * that begins with '#' is a comment, and one with '+' or '-' belongs to NIS. Numbers are decimal;
 * fields at the end of a user's line may be missing, its numbers may not.
 */
#include "config/account-files.h"

#include "util/fd.h"

#include <ctype.h>
#include <fcntl.h>

enum { FILE_MOST = 256 << 20 };

/* Notes the line's name; the line is not changed. */
static int note(struct account_file *file, char *line, const char *end)
{
	const char *colon;

	while (line < end && isspace((unsigned char)*line))
		line++;
	if (line == end || *line == '#' || *line == '+' || *line == '-')
		return 0;
	colon = memchr(line, ':', (size_t)(end - line));
	if (!colon)
		return 0;
	return hash_put(&file->lines, line, (size_t)(colon - line), line + (colon - line) + 1,
			NULL);
}

int account_file_take(struct account_file *file, char *text)
{
	int r = 0;

	file->text = text;
	hash_init(&file->lines);
	for (char *line = text, *end; r >= 0 && *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		r = note(file, line, end);
	}
	return r < 0 ? r : 0;
}

int account_file_read(struct account_file *file, const char *path)
{
	char *text;
	int r = file_read_at(AT_FDCWD, path, FILE_MOST, &text, NULL);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return 0;
	r = account_file_take(file, text);
	return r < 0 ? r : 1;
}

void account_file_done(struct account_file *file)
{
	hash_done(&file->lines);
	free(file->text);
	file->text = NULL;
}

/* The field at the front, cut off; "" where there is none any more. */
static char *next_field(char **rest)
{
	static char none[1];
	char *field = strsep(rest, ":");

	return field ? field : none;
}

static bool next_number(char **rest, uint32_t *ret_number)
{
	const char *field = next_field(rest);
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(field, &end, 10);
	if (!isdigit((unsigned char)*field) || *end != '\0' || errno != 0 || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* What stands behind the name, as a string of its own. */
static char *rest_of(const struct account_file *file, const char *name)
{
	char *rest = hash_get_string(&file->lines, name);

	if (rest)
		rest[strcspn(rest, "\n")] = '\0';
	return rest;
}

bool account_file_user(const struct account_file *file, const char *name, struct passwd *ret_user)
{
	char *rest = rest_of(file, name);
	struct passwd user = { 0 };

	if (!rest)
		return false;
	user.pw_passwd = next_field(&rest);
	if (!next_number(&rest, &user.pw_uid) || !next_number(&rest, &user.pw_gid))
		return false;
	user.pw_gecos = next_field(&rest);
	user.pw_dir = next_field(&rest);
	/* A colon in it is a part of it. */
	user.pw_shell = rest ? rest : next_field(&rest);
	*ret_user = user;
	return true;
}

bool account_file_group(const struct account_file *file, const char *name, gid_t *ret_gid,
			char **ret_members)
{
	char *rest = rest_of(file, name);

	if (!rest)
		return false;
	(void)next_field(&rest);
	if (!next_number(&rest, ret_gid))
		return false;
	*ret_members = rest;
	return true;
}

char *account_file_member(char **members)
{
	char *member;

	while ((member = strsep(members, ",")) != NULL) {
		member += strspn(member, " \t");
		if (*member != '\0')
			return member;
	}
	return NULL;
}
