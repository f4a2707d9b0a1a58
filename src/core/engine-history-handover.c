// SPDX-License-Identifier: MIT
/*
 * What groups have used over the last hours, handed to the daemon that takes over: a file in memory
 * with the history, and of each group its name and its past. A daemon of a version whose samples
 * look otherwise begins anew, and says so.
 */
#include "core/engine-looks.h"

#include "util/fd.h"
#include "util/hash.h"

#include <limits.h>
#include <sys/mman.h>

enum { SAVED_MOST = 64 << 20 };

/* Before the name, which is before the past. */
struct saved_group {
	uint32_t counted, name_size;
};

static void save_group(const struct seen *seen, struct text *text)
{
	const struct saved_group group = { seen->counted, (uint32_t)strlen(seen->name) };

	text_add_bytes(text, &group, sizeof(group));
	text_add_bytes(text, seen->name, group.name_size);
	past_save(seen->past, text);
}

int engine_history_give(const struct engine *engine, int *ret_fd)
{
	const struct looks *looks = engine->looks;
	_cleanup_(closep) int fd = -1;
	struct text text;
	int r = 0;

	if (!looks || !looks->history)
		return -ENODATA;
	text_init(&text);
	history_save(looks->history, &text);
	for (size_t i = 0; i < looks->count; i++)
		save_group(looks->items[i], &text);
	if (text.failed)
		r = -ENOMEM;
	if (r == 0)
		fd = memfd_create("reeve-history", MFD_CLOEXEC);
	if (r == 0)
		r = fd < 0 ? -errno : write_all(fd, text.data, text.size);
	text_done(&text);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Of a group that is gone, it is read and thrown away. */
static int load_group(struct looks *looks, struct hash *known, struct slice *bytes)
{
	char name[PATH_MAX];
	struct saved_group group;
	struct seen *seen;
	struct past *past;
	int r;

	if (bytes->size < sizeof(group))
		return -EBADMSG;
	memcpy(&group, bytes->data, sizeof(group));
	*bytes = (struct slice){ bytes->data + sizeof(group), bytes->size - sizeof(group) };
	if (group.name_size >= sizeof(name) || group.name_size > bytes->size)
		return -EBADMSG;
	memcpy(name, bytes->data, group.name_size);
	name[group.name_size] = '\0';
	*bytes = (struct slice){ bytes->data + group.name_size, bytes->size - group.name_size };
	r = past_load(looks->history, bytes, &past);
	if (r < 0)
		return r;
	seen = hash_get_string(known, name);
	if (!seen || seen->past) {
		past_free(looks->history, past);
		return 0;
	}
	seen->past = past;
	seen->counted |= group.counted;
	return 0;
}

static int load(struct looks *looks, struct slice bytes)
{
	struct hash known;
	int r = 0;

	/* What was seen since we began is the first moment only. */
	for (size_t i = 0; i < looks->count; i++) {
		past_free(looks->history, looks->items[i]->past);
		looks->items[i]->past = NULL;
	}
	looks->sampled = 0;
	hash_init(&known);
	for (size_t i = 0; r >= 0 && i < looks->count; i++)
		r = hash_put_string(&known, looks->items[i]->name, looks->items[i], NULL);
	if (r >= 0)
		r = history_load(looks->history, &bytes);
	while (r >= 0 && bytes.size > 0)
		r = load_group(looks, &known, &bytes);
	hash_done(&known);
	return r;
}

int engine_history_take(struct engine *engine, int fd)
{
	_cleanup_(freep) char *data = NULL;
	size_t size = 0;
	int r = looks_agree(engine);

	if (r >= 0)
		r = file_read_fd(fd, SAVED_MOST, &data, &size);
	return r < 0 ? r : load(engine->looks, (struct slice){ data, size });
}
