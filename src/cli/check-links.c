// SPDX-License-Identifier: MIT
/*
 * Where a word of a condition is a link, the policy has where it leads behind it, at the same place
 * of the file. Each such word costs a look through a folder, so there is an end to it.
 */
#include "cli/check-links.h"

#include "util/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { LINKS_MOST = 100, NAMES_SHOWN = 4 };

struct looking {
	void (*told)(const struct position *at, const char *message, void *userdata);
	void *userdata;
	size_t looked;
};

static void add_name(struct text *names, const char *name, size_t count)
{
	if (count <= NAMES_SHOWN)
		text_addf(names, "%s%.60s", count > 1 ? ", " : "", name);
}

/* The names of other links beside it that lead to the same file. */
static size_t find_others(const char *link, const struct stat *file, struct text *names)
{
	const char *last = path_last_part(link);
	char folder[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	size_t count = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%.*s", (int)(last - link), link);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		if ((entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) &&
		    !streq(entry->d_name, last) &&
		    fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && st.st_dev == file->st_dev &&
		    st.st_ino == file->st_ino)
			add_name(names, entry->d_name, ++count);
	if (dir)
		closedir(dir);
	return count;
}

static void look(struct looking *looking, const struct policy_word *link, const char *real)
{
	_cleanup_(text_done) struct text message = { 0 }, names = { 0 };
	struct stat st, file;
	size_t count;

	if (looking->looked == LINKS_MOST || lstat(link->text, &st) < 0 || !S_ISLNK(st.st_mode) ||
	    stat(real, &file) < 0 || !S_ISREG(file.st_mode))
		return;
	looking->looked++;
	count = find_others(link->text, &file, &names);
	if (count == 0)
		return;
	text_addf(&message, "\"%s\" leads to %s, which is also called %s", link->text, real,
		  names.data);
	if (count > NAMES_SHOWN)
		text_addf(&message, " and %zu more", count - NAMES_SHOWN);
	text_add(&message, ": the rule is about the file, by whatever name");
	if (!message.failed)
		looking->told(&link->at, message.data, looking->userdata);
}

static bool is_led_on(const struct policy_word *word, const struct policy_word *next)
{
	return word->form == WORD_EXACT && next->form == WORD_EXACT && word->text[0] == '/' &&
	       next->text[0] == '/' && word->at.file == next->at.file &&
	       word->at.line == next->at.line && word->at.column == next->at.column;
}

static void look_at(struct looking *looking, const struct policy_condition *conditions,
		    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k + 1 < conditions[i].word_count; k++)
			if (is_led_on(&conditions[i].words[k], &conditions[i].words[k + 1]))
				look(looking, &conditions[i].words[k],
				     conditions[i].words[k + 1].text);
		look_at(looking, conditions[i].inner, conditions[i].inner_count);
	}
}

void check_links(const struct policy *policy,
		 void (*told)(const struct position *at, const char *message, void *userdata),
		 void *userdata)
{
	struct looking looking = { told, userdata, 0 };

	for (size_t i = 0; i < policy->rule_count; i++)
		look_at(&looking, policy->rules[i].conditions, policy->rules[i].condition_count);
}
