// SPDX-License-Identifier: MIT
/*
 * Rules for users are asked about each execution, so each part is got by the least that tells it.
 */
#include "core/facts-ids.h"

#include "util/fd.h"
#include "util/proc-text.h"

#include <fcntl.h>
#include <sys/stat.h>

static void know(struct facts *facts, enum fact_part part)
{
	facts->known |= UINT32_C(1) << part;
}

static ssize_t read_file(const struct process_facts *process, const char *file, char *text,
			 size_t size)
{
	char name[48];

	snprintf(name, sizeof(name), "%d/%s", process->facts.pid, file);
	return file_read_into(process->world->host->proc_fd, name, text, size);
}

static bool read_stat(const struct process_facts *process, struct proc_stat *stat)
{
	char text[PROC_STAT_SIZE];

	return proc_stat_read(process->world->host->proc_fd, process->facts.pid, text, stat) >= 0;
}

/* Supplementary groups. False: there are more than can be told. */
static bool parse_groups(struct facts *facts, const char *line)
{
	facts->gid_count = 0;
	while (*line != '\n' && *line != '\0') {
		char *end;
		unsigned long gid = strtoul(line, &end, 10);

		if (end == line) {
			line++;
			continue;
		}
		if (facts->gid_count == FACT_GROUPS_MOST)
			return false;
		facts->gids[facts->gid_count++] = (gid_t)gid;
		line = end;
	}
	return true;
}

/* Whose the folder of a process is says its effective ids, also of one that may not be looked into
 * (whose files there are root's), and nothing is written out and read for it. */
void facts_ask_effective(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	struct stat st;
	char name[16];

	snprintf(name, sizeof(name), "%d", facts->pid);
	if (fstatat(process->world->host->proc_fd, name, &st, AT_NO_AUTOMOUNT) < 0)
		return;
	facts->euid = st.st_uid;
	facts->egid = st.st_gid;
	know(facts, FACT_EFFECTIVE);
}

/* One file has all three parts; a list of groups that is cut off is not told. */
void facts_ask_ids(struct process_facts *process)
{
	const uint32_t parts = UINT32_C(1) << FACT_EFFECTIVE | UINT32_C(1) << FACT_IDS |
			       UINT32_C(1) << FACT_GROUPS;
	struct facts *facts = &process->facts;
	ssize_t n = read_file(process, "status", process->status, sizeof(process->status));
	struct proc_status status;
	const char *groups;

	facts->asked |= parts;
	if (n < 0 && n != -EFBIG)
		return;
	n = n < 0 ? (ssize_t)strnlen(process->status, sizeof(process->status)) : n;
	proc_status_parse((struct slice){ process->status, (size_t)n }, &status);
	if (!(status.known & PROC_STATUS_UID) || !(status.known & PROC_STATUS_GID))
		return;
	facts->uid = status.uid;
	facts->euid = status.euid;
	facts->gid = status.gid;
	facts->egid = status.egid;
	know(facts, FACT_EFFECTIVE);
	know(facts, FACT_IDS);
	groups = proc_status_value(process->status, "Groups:\t");
	if (groups && strchr(groups, '\n') && parse_groups(facts, groups))
		know(facts, FACT_GROUPS);
}

void facts_ask_login(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	struct proc_stat stat;
	char number[16];

	if (!read_stat(process, &stat))
		return;
	process->start = stat.start;
	facts->tty = (uint32_t)stat.tty;
	/* Without audit in the kernel there is no such file, and nobody has logged in. */
	facts->loginuid = UINT32_MAX;
	if (read_file(process, "loginuid", number, sizeof(number)) > 0)
		facts->loginuid = (uint32_t)strtoul(number, NULL, 10);
	know(facts, FACT_LOGIN);
}

uint64_t process_facts_start(struct process_facts *process)
{
	struct proc_stat stat;

	if (process->start == 0 && read_stat(process, &stat))
		process->start = stat.start;
	return process->start;
}

void process_facts_complete_ids(struct process_facts *process)
{
	const uint32_t ids = UINT32_C(1) << FACT_EFFECTIVE | UINT32_C(1) << FACT_IDS;
	struct facts *facts = &process->facts;

	if (!(facts->asked & ids))
		return;
	(void)facts_know(facts, FACT_IDS);
	(void)process_facts_start(process);
}
