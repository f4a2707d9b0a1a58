// SPDX-License-Identifier: MIT
/* Which of three things a word is can be seen by its letters alone. */
#include "launch/seccomp-load.h"

#include "launch/seccomp-names.h"
#include "launch/seccomp-oci.h"
#include "launch/seccomp-parse.h"
#include "util/fd.h"
#include "util/suggest.h"

#include <fcntl.h>

static int load_file(const char *path, struct seccomp_policy **ret_policy, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r = file_read_at(AT_FDCWD, path, SECCOMP_TEXT_MOST, &text, &size);

	if (r == -EFBIG)
		return error_set(err, -E2BIG, "%s: a seccomp policy has at most %d bytes", path,
				 SECCOMP_TEXT_MOST);
	if (r < 0)
		return error_set_errno(err, r, "cannot read the seccomp policy \"%s\"", path);
	if (strlen(text) != size)
		return error_set(err, -EINVAL, "%s: the file is no text: it has a zero byte", path);
	if (text[strspn(text, " \t\r\n")] == '{')
		return seccomp_parse_oci(path, text, ret_policy, err);
	return seccomp_parse(path, text, ret_policy, err);
}

/* A word alone can be no policy: a statement has two. */
static int unknown_preset(const char *name, const char *word, struct error *err)
{
	const char *names[16];
	size_t count = MIN(seccomp_preset_count, ARRAY_SIZE(names));
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = seccomp_presets[i].name;
	near = suggest(word, names, count);
	if (near)
		return error_set(err, -EINVAL, "%s: unknown preset \"%s\" (did you mean \"%s\"?)",
				 name, word, near);
	return error_set(err, -EINVAL,
			 "%s: \"%s\" is no preset (reeve seccomp list shows them), no file (which "
			 "has a \"/\"), and no policy (\"errno EPERM @mount\")",
			 name, word);
}

int seccomp_policy_load(const char *name, const char *word, struct seccomp_policy **ret_policy,
			struct error *err)
{
	const struct seccomp_preset *preset = seccomp_preset_find(word);

	name = name ? name : "seccomp";
	if (word[strspn(word, " \t\r\n")] == '{')
		return seccomp_parse_oci(name, word, ret_policy, err);
	if (preset)
		return seccomp_parse(preset->name, preset->text, ret_policy, err);
	if (word[strcspn(word, " \t\r\n;#(")] == '\0' && *word) {
		if (strchr(word, '/'))
			return load_file(word, ret_policy, err);
		return unknown_preset(name, word, err);
	}
	return seccomp_parse(name, word, ret_policy, err);
}
