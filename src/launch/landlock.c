// SPDX-License-Identifier: MIT
/*
 * The kernel's numbers are written out: the headers of Debian 12 know a part of them. Versions:
 * 1 files (Linux 5.13), 2 moving between folders (5.19), 3 truncating (6.2), 4 TCP ports (6.7).
 *
 * Executing means reading, too, to the kernel, and a program that may write to a folder expects to
 * find there what it wrote: both include reading. Moving a file between folders is refused under
 * any ruleset that does not say otherwise.
 */
#include "launch/landlock.h"

#include <sys/syscall.h>

enum {
	VERSION_REFER = 2,
	VERSION_TRUNCATE = 3,
	VERSION_PORTS = 4,
	PORT_MOST = 65535,
};

#define EXECUTE	   (UINT64_C(1) << 0)
#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE  (UINT64_C(1) << 2)
#define READ_DIR   (UINT64_C(1) << 3)
/* remove, and make of all kinds */
#define CHANGE_DIR     (UINT64_C(0x1ff) << 4)
#define MAKE_CHARACTER (UINT64_C(1) << 6)
#define MAKE_BLOCK     (UINT64_C(1) << 11)
#define REFER	       (UINT64_C(1) << 13)
#define TRUNCATE       (UINT64_C(1) << 14)

#define READ	(READ_FILE | READ_DIR)
#define WRITE	(WRITE_FILE | CHANGE_DIR | REFER | TRUNCATE)
#define DEVICES (MAKE_CHARACTER | MAKE_BLOCK)

#define BIND_TCP    (UINT64_C(1) << 0)
#define CONNECT_TCP (UINT64_C(1) << 1)

enum { CREATE_VERSION = 1, SIZE_WITHOUT_PORTS = 8 };

_Static_assert(LANDLOCK_FILE_ACCESS == (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE), "one list");

void landlock_done(struct landlock *landlock)
{
	free(landlock->plan.paths);
	free(landlock->plan.ports);
	free(landlock->remark);
	*landlock = (struct landlock){ 0 };
}

int landlock_version(void)
{
	long r = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	return r < 1 ? -EOPNOTSUPP : (int)r;
}

static bool is_none(const char *word)
{
	return streq(word, "none");
}

/* Room for one element more; false without memory. */
static bool make_room(void *array, size_t *room, size_t count, size_t size)
{
	void **at = array;
	void *grown;

	if (count < *room)
		return true;
	grown = reallocarray(*at, *room + 16, size);
	if (!grown)
		return false;
	*at = grown;
	*room += 16;
	return true;
}

static int add_paths(struct landlock *landlock, const char *const *paths, size_t count,
		     uint64_t access, struct error *err)
{
	struct launch_landlock *plan = &landlock->plan;

	for (size_t i = 0; i < count; i++) {
		if (is_none(paths[i]))
			continue;
		if (!make_room(&plan->paths, &landlock->path_room, plan->path_count,
			       sizeof(*plan->paths)))
			return error_oom(err);
		plan->paths[plan->path_count++] =
			(struct launch_landlock_path){ .access = access, .path = paths[i] };
	}
	return 0;
}

static int read_port(const char *word, uint64_t *ret_port, struct error *err)
{
	char *end;
	unsigned long port = strtoul(word, &end, 10);

	if (word[0] < '0' || word[0] > '9' || *end || port > PORT_MOST)
		return error_set(err, -EINVAL,
				 "\"%s\" is no port: a number from 0 to %d is expected, or "
				 "\"none\"",
				 word, PORT_MOST);
	*ret_port = port;
	return 0;
}

static int add_ports(struct landlock *landlock, const char *const *ports, size_t count,
		     uint64_t access, struct error *err)
{
	struct launch_landlock *plan = &landlock->plan;

	for (size_t i = 0; i < count; i++) {
		struct launch_landlock_port rule = { .access = access };
		int r;

		if (is_none(ports[i]))
			continue;
		r = read_port(ports[i], &rule.port, err);
		if (r < 0)
			return r;
		if (!make_room(&plan->ports, &landlock->port_room, plan->port_count,
			       sizeof(*plan->ports)))
			return error_oom(err);
		plan->ports[plan->port_count++] = rule;
	}
	return 0;
}

static int check_version(const struct landlock_wishes *wishes, int version, struct error *err)
{
	if (version < 0)
		return error_set(err, -EOPNOTSUPP,
				 "this kernel has no Landlock, or it is switched off (Linux 5.13 "
				 "and \"landlock\" in its list of lsm= are needed): --allow-read "
				 "and its like cannot be held");
	if ((wishes->connect_count || wishes->bind_count) && version < VERSION_PORTS)
		return error_set(err, -EOPNOTSUPP,
				 "this kernel's Landlock (version %d) knows no ports (Linux 6.7 is "
				 "needed): --allow-connect and --allow-bind cannot be held",
				 version);
	return 0;
}

static void set_handled(const struct landlock_wishes *wishes, int version,
			struct launch_landlock *plan)
{
	uint64_t files = 0;

	files |= wishes->read_count ? READ : 0;
	files |= wishes->write_count ? WRITE : 0;
	files |= wishes->execute_count ? EXECUTE : 0;
	if (files)
		files |= REFER;
	if (version < VERSION_REFER)
		files &= ~REFER;
	if (version < VERSION_TRUNCATE)
		files &= ~TRUNCATE;
	plan->handled.files = files;
	plan->handled.ports |= wishes->connect_count ? CONNECT_TCP : 0;
	plan->handled.ports |= wishes->bind_count ? BIND_TCP : 0;
	plan->size = version < VERSION_PORTS ? SIZE_WITHOUT_PORTS : sizeof(plan->handled);
}

/* Before the kernel could do better. */
static int remark(const struct landlock_wishes *wishes, int version, struct landlock *landlock,
		  struct error *err)
{
	const char *text = NULL;

	if (version < VERSION_REFER)
		text = "this kernel's Landlock (version 1) refuses to move files between folders, "
		       "and lets a program that may write a file by its own rights truncate it "
		       "anywhere";
	else if (wishes->write_count && version < VERSION_TRUNCATE)
		text = "this kernel's Landlock (version 2; 3 is in Linux 6.2) lets a program that "
		       "may write a file by its own rights truncate it anywhere";
	if (!text)
		return 0;
	landlock->remark = strdup(text);
	return landlock->remark ? 0 : error_oom(err);
}

static int add_rules(const struct landlock_wishes *w, struct landlock *landlock, struct error *err)
{
	const uint64_t files = landlock->plan.handled.files;
	static const char *const everything[] = { "/" };
	int r = add_paths(landlock, w->read, w->read_count, READ & files, err);

	if (r >= 0)
		r = add_paths(landlock, w->write, w->write_count,
			      (READ | (WRITE & ~DEVICES)) & files, err);
	if (r >= 0)
		r = add_paths(landlock, w->execute, w->execute_count, (READ | EXECUTE) & files,
			      err);
	/* Only writing is to restrict moves. */
	if (r >= 0 && !w->write_count && (files & REFER))
		r = add_paths(landlock, everything, 1, REFER, err);
	if (r >= 0)
		r = add_ports(landlock, w->connect, w->connect_count, CONNECT_TCP, err);
	if (r >= 0)
		r = add_ports(landlock, w->bind, w->bind_count, BIND_TCP, err);
	return r;
}

int landlock_prepare(const struct landlock_wishes *wishes, int version,
		     struct landlock *ret_landlock, struct error *err)
{
	_cleanup_(landlock_done) struct landlock landlock = { 0 };
	int r;

	landlock.wanted = wishes->read_count || wishes->write_count || wishes->execute_count ||
			  wishes->connect_count || wishes->bind_count;
	if (landlock.wanted) {
		r = check_version(wishes, version, err);
		if (r < 0)
			return r;
		set_handled(wishes, version, &landlock.plan);
		r = add_rules(wishes, &landlock, err);
		if (r >= 0)
			r = remark(wishes, version, &landlock, err);
		if (r < 0)
			return r;
	}
	*ret_landlock = landlock;
	landlock = (struct landlock){ 0 };
	return 0;
}
