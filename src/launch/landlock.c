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

enum { CREATE_VERSION = 1, RULE_NET_PORT = 2 };

struct ruleset {
	uint64_t files, ports;
};

struct port_rule {
	uint64_t access, port;
};

_Static_assert(LANDLOCK_FILE_ACCESS == (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE), "one list");

void landlock_done(struct landlock *landlock)
{
	closep(&landlock->ruleset_fd);
	free(landlock->rules);
	free(landlock->remark);
	*landlock = (struct landlock)LANDLOCK_INIT;
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

static int add_paths(struct landlock *landlock, const char *const *paths, size_t count,
		     uint64_t access, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (is_none(paths[i]))
			continue;
		if (landlock->count == landlock->room) {
			size_t room = landlock->room ? landlock->room * 2 : 16;
			struct launch_landlock_rule *grown =
				reallocarray(landlock->rules, room, sizeof(*grown));

			if (!grown)
				return error_oom(err);
			landlock->rules = grown;
			landlock->room = room;
		}
		landlock->rules[landlock->count++] =
			(struct launch_landlock_rule){ .path = paths[i], .access = access };
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

static int add_ports(const struct landlock *landlock, const char *const *ports, size_t count,
		     uint64_t access, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct port_rule rule = { .access = access };
		int r;

		if (is_none(ports[i]))
			continue;
		r = read_port(ports[i], &rule.port, err);
		if (r < 0)
			return r;
		if (syscall(SYS_landlock_add_rule, landlock->ruleset_fd, RULE_NET_PORT, &rule, 0) <
		    0)
			return error_set_errno(err, -errno, "cannot allow port %s", ports[i]);
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

static struct ruleset handled(const struct landlock_wishes *wishes, int version)
{
	struct ruleset rules = { 0 };

	rules.files |= wishes->read_count ? READ : 0;
	rules.files |= wishes->write_count ? WRITE : 0;
	rules.files |= wishes->execute_count ? EXECUTE : 0;
	if (rules.files)
		rules.files |= REFER;
	if (version < VERSION_REFER)
		rules.files &= ~REFER;
	if (version < VERSION_TRUNCATE)
		rules.files &= ~TRUNCATE;
	rules.ports |= wishes->connect_count ? CONNECT_TCP : 0;
	rules.ports |= wishes->bind_count ? BIND_TCP : 0;
	return rules;
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

static int add_rules(const struct landlock_wishes *w, struct ruleset rules,
		     struct landlock *landlock, struct error *err)
{
	static const char *const everything[] = { "/" };
	int r = add_paths(landlock, w->read, w->read_count, READ & rules.files, err);

	if (r >= 0)
		r = add_paths(landlock, w->write, w->write_count,
			      (READ | (WRITE & ~DEVICES)) & rules.files, err);
	if (r >= 0)
		r = add_paths(landlock, w->execute, w->execute_count,
			      (READ | EXECUTE) & rules.files, err);
	/* Only writing is to restrict moves. */
	if (r >= 0 && !w->write_count && (rules.files & REFER))
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
	_cleanup_(landlock_done) struct landlock landlock = LANDLOCK_INIT;
	struct ruleset rules = handled(wishes, version);
	int r;

	if (!rules.files && !rules.ports && !wishes->connect_count && !wishes->bind_count) {
		*ret_landlock = (struct landlock)LANDLOCK_INIT;
		return 0;
	}
	r = check_version(wishes, version, err);
	if (r < 0)
		return r;
	landlock.ruleset_fd = (int)syscall(SYS_landlock_create_ruleset, &rules,
					   version < VERSION_PORTS ? 8 : sizeof(rules), 0);
	if (landlock.ruleset_fd < 0)
		return error_set_errno(err, -errno, "cannot make a Landlock ruleset");
	r = add_rules(wishes, rules, &landlock, err);
	if (r >= 0)
		r = remark(wishes, version, &landlock, err);
	if (r < 0)
		return r;
	*ret_landlock = landlock;
	landlock = (struct landlock)LANDLOCK_INIT;
	return 0;
}
