// SPDX-License-Identifier: MIT
/*
 * One mount of a bundle. /dev is made whole, with what specifications list below it. Words of
 * mount(8) that only say what is so anyway are passed over; others that are unknown are noted.
 */
#include "config/bundle-internal.h"

#include "util/text.h"

struct mount {
	const char *at, *type, *source;
	bool bind, shallow;
	struct text options; /* that hold, by commas */
};

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (streq(words[i], word))
			return true;
	return false;
}

static bool has_prefix(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(word, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static int read_option(struct bundle_reading *reading, struct mount *mount, const char *word)
{
	static const char *const kept[] = { "ro", "nosuid", "nodev", "noexec" };
	static const char *const as_is[] = { "rw",	"suid",	    "dev",	"exec",
					     "private", "rprivate", "slave",	"rslave",
					     "atime",	"relatime", "defaults", "newinstance" };
	static const char *const data[] = { "size=", "mode=", "uid=", "gid=", "nr_inodes=" };
	char text[96];

	if (streq(word, "bind") || streq(word, "rbind")) {
		mount->bind = true;
		mount->shallow = streq(word, "bind");
		return 0;
	}
	if (is_one_of(word, as_is, ARRAY_SIZE(as_is)))
		return 0;
	if (is_one_of(word, kept, ARRAY_SIZE(kept)) ||
	    (!mount->bind && has_prefix(word, data, ARRAY_SIZE(data)))) {
		text_addf(&mount->options, "%s%s", mount->options.size ? "," : "", word);
		return 0;
	}
	snprintf(text, sizeof(text), "the option \"%.40s\" does not hold", word);
	return bundle_remark(reading, text);
}

static int read_options(struct bundle_reading *reading, const json_t *list, struct mount *mount)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		r = word ? read_option(reading, mount, word)
			 : bundle_expected(reading, "options that are texts");
	}
	return r;
}

/* In "PATH:AT:OPTIONS" a colon of a path has a backslash before it. */
static void add_path(struct text *text, const char *path)
{
	for (; *path; path++) {
		if (*path == ':' || *path == '\\')
			text_add(text, "\\");
		text_add_bytes(text, path, 1);
	}
}

static int make_bind(struct bundle_reading *reading, const struct mount *mount)
{
	_cleanup_(text_done) struct text text = { 0 };

	if (!mount->source || !*mount->source)
		return bundle_expected(reading, "a source");
	if (mount->source[0] != '/') {
		add_path(&text, reading->folder);
		text_add(&text, "/");
	}
	add_path(&text, mount->source);
	text_add(&text, ":");
	add_path(&text, mount->at);
	if (mount->options.size || mount->shallow)
		text_addf(&text, ":%s%s%s", mount->options.size ? mount->options.data : "",
			  mount->options.size && mount->shallow ? "," : "",
			  mount->shallow ? "shallow" : "");
	if (text.failed)
		return error_oom(reading->err);
	return bundle_option(reading, "bind", "%s", text.data);
}

static int make_file_system(struct bundle_reading *reading, const struct mount *mount)
{
	_cleanup_(text_done) struct text text = { 0 };
	bool tmpfs = streq(mount->type, "tmpfs");

	if (!tmpfs)
		text_addf(&text, "%s:", mount->type);
	add_path(&text, mount->at);
	if (mount->options.size)
		text_addf(&text, ":%s", mount->options.data);
	if (text.failed)
		return error_oom(reading->err);
	return bundle_option(reading, tmpfs ? "tmpfs" : "mount", "%s", text.data);
}

static int make(struct bundle_reading *reading, const struct mount *mount)
{
	if (mount->bind || streq(mount->type, "bind"))
		return make_bind(reading, mount);
	if (streq(mount->type, "proc") && streq(mount->at, "/proc"))
		return bundle_option(reading, "proc", "yes");
	if (streq(mount->at, "/dev"))
		return bundle_option(reading, "dev", "yes");
	/* with /dev */
	if (streq(mount->at, "/dev/pts") || streq(mount->at, "/dev/shm"))
		return 0;
	if (streq(mount->type, "cgroup") || streq(mount->type, "cgroup2"))
		return bundle_remark(reading, "control groups are not shown to the program");
	return make_file_system(reading, mount);
}

int bundle_read_mount(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "destination", NULL }, { "options", NULL }, { "source", NULL }, { "type", NULL }
	};
	struct mount mount = { .at = json_string_value(json_object_get(value, "destination")),
			       .type = json_string_value(json_object_get(value, "type")),
			       .source = json_string_value(json_object_get(value, "source")) };
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	if (r < 0)
		return r;
	if (!mount.at || mount.at[0] != '/')
		return bundle_expected(reading, "an absolute destination");
	mount.type = mount.type ? mount.type : "bind";
	mount.bind = streq(mount.type, "bind");
	text_init(&mount.options);
	r = read_options(reading, json_object_get(value, "options"), &mount);
	if (r >= 0)
		r = make(reading, &mount);
	text_done(&mount.options);
	return r;
}
