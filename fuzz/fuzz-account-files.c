// SPDX-License-Identifier: MIT
/* /etc/passwd and /etc/group: every name that has a line is looked up in both ways. */
#include "config/account-files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct account_file *file, const char *name)
{
	struct passwd user;
	char *members;
	gid_t gid;

	if (account_file_user(file, name, &user) &&
	    strlen(user.pw_gecos) + strlen(user.pw_dir) + strlen(user.pw_shell) > 1 << 20)
		abort();
	if (account_file_group(file, name, &gid, &members))
		for (char *member; (member = account_file_member(&members)) != NULL;)
			if (*member == '\0' || strchr(member, ','))
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account_file file = { 0 };
	char *text = strndup((const char *)data, size);

	if (!text || account_file_take(&file, text) < 0)
		abort();
	for (size_t i = 0; i < file.lines.room; i++) {
		const struct hash_slot *slot = &file.lines.slots[i];
		_cleanup_(freep) char *name = slot->key ? strndup(slot->key, slot->size) : NULL;

		if (name)
			look_up(&file, name);
	}
	account_file_done(&file);
	return 0;
}
