// SPDX-License-Identifier: MIT
/*
 * One line that says version, checksum and length, then JSON. The checksum is against what disks
 * and editors do to files; that nobody else has written it, its owner and mode say.
 */
#include "fleet/store.h"

#include "fleet/large-json.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#define FIRST_LINE "reeve-fleet 1 %08lx %zu\n"

enum { FIRST_LINE_MAX = 64, STORE_MAX = 64 << 20 };

static int make_folder(const char *path, struct error *err)
{
	_cleanup_(freep) char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!slash)
		return error_oom(err);
	*slash = '\0';
	/* The one above it belongs to the system: /var/lib. */
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		(void)mkdir(folder, 0755);
		*slash = '/';
	}
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, -errno, "cannot make the folder %s", folder);
	return 0;
}

int fleet_store_write(const char *path, const char *identity,
		      const struct fleet_documents *documents, struct error *err)
{
	json_t *object = fleet_documents_to_json(documents);
	_cleanup_(freep) char *payload = NULL;
	struct text text;
	int r = object ? json_object_set_new(object, "identity", json_string(identity)) : -1;

	payload = r < 0 ? NULL : json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (!payload)
		return error_oom(err);
	r = make_folder(path, err);
	if (r < 0)
		return r;
	text_init(&text);
	text_addf(&text, FIRST_LINE,
		  crc32(0, (const unsigned char *)payload, (unsigned)strlen(payload)),
		  strlen(payload));
	text_add(&text, payload);
	r = text.failed ? -ENOMEM : file_replace_at(AT_FDCWD, path, text.data, text.size, 0600);
	text_done(&text);
	return r < 0 ? error_set_errno(err, r, "cannot write %s", path) : 0;
}

static int read_text(const char *path, char **ret_text, size_t *ret_size, struct error *err)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat info;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &info) < 0)
		return error_set_errno(err, -errno, "cannot read %s", path);
	if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
	    (info.st_mode & (S_IWGRP | S_IWOTH)))
		return error_set(err, -EPERM,
				 "%s is not used: others could have written it (remove it)", path);
	r = file_read_fd(fd, STORE_MAX, ret_text, ret_size);
	return r < 0 ? error_set_errno(err, r, "cannot read %s", path) : 0;
}

static bool is_whole(const char *text, size_t size, const char **ret_payload, size_t *ret_size)
{
	const char *end = memchr(text, '\n', MIN(size, (size_t)FIRST_LINE_MAX));
	char expected[FIRST_LINE_MAX];

	if (!end)
		return false;
	*ret_payload = end + 1;
	*ret_size = size - (size_t)(end + 1 - text);
	snprintf(expected, sizeof(expected), FIRST_LINE,
		 crc32(0, (const unsigned char *)*ret_payload, (unsigned)*ret_size), *ret_size);
	return strncmp(expected, text, strlen(expected)) == 0;
}

int fleet_store_read(const char *path, const char *identity, struct fleet_documents *ret_documents,
		     struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	const char *payload, *whose;
	size_t size;
	json_t *object;
	int r = read_text(path, &text, &size, err);

	if (r < 0)
		return r;
	if (!is_whole(text, size, &payload, &size))
		return error_set(err, -EBADMSG,
				 "%s is damaged, or of another version of reeve: it is not used",
				 path);
	object = large_json_load(payload, size, LARGE_JSON_LEAST);
	whose = json_string_value(json_object_get(object, "identity"));
	r = !whose ? -EBADMSG : !streq(whose, identity) ? -ENOENT : 0;
	if (r >= 0)
		r = fleet_documents_from_json(object, ret_documents);
	json_decref(object);
	return r == -EBADMSG ? error_set(err, r, "%s says nonsense: it is not used", path) : r;
}
