// SPDX-License-Identifier: MIT
/*
 * Who may execute a set-user-ID program could do all that its owner can. So such a copy refuses to
 * run, unless a file that only root can write names capabilities: then it becomes its caller, whole
 * (real, effective and saved user and group), keeps these capabilities and no others, and can get
 * no others by executing anything. What was done is read back before anything is read from the
 * caller.
 *
 * The file's path is built in: nothing that the caller gives (options, environment) is asked.
 */
#include "port/set-user-id.h"

#include "port/constants.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { FILE_SIZE_MAX = 4096, CAPABILITIES_MAX = 64 };

static int _printf_(2, 3) wrong(char *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, SET_USER_ID_WRONG, format, arguments);
	va_end(arguments);
	return -EPERM;
}

/* ---- what the installer says ---- */

int set_user_id_parse(const char *text, uint64_t *ret_capabilities,
		      char ret_wrong[static SET_USER_ID_WRONG])
{
	uint64_t all = 0, number;

	while (*text) {
		size_t size = strcspn(text, " \t\r\n#");

		if (!size) {
			text += *text == '#' ? strcspn(text, "\n") : 1;
			continue;
		}
		if (!constant_find(CONSTANTS_CAP, text, size, &number) ||
		    number >= CAPABILITIES_MAX) {
			snprintf(ret_wrong, SET_USER_ID_WRONG, "\"%.*s\" is no capability",
				 (int)MIN(size, (size_t)64), text);
			return -EINVAL;
		}
		all |= 1ULL << number;
		text += size;
	}
	if (!all) {
		snprintf(ret_wrong, SET_USER_ID_WRONG, "no capability is named");
		return -EINVAL;
	}
	*ret_capabilities = all;
	return 0;
}

static int read_file(const char *path, char *ret_text, size_t size, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	ssize_t got = -1;

	if (fd < 0)
		return wrong(text,
			     "is set-user-ID or set-group-ID, which would give its rights to "
			     "everybody who can execute it: use sudo or file capabilities, or name "
			     "in %s the capabilities that its callers may have",
			     path);
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == 0 &&
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		got = read(fd, ret_text, size);
	close(fd);
	if (got < 0 || got == (ssize_t)size)
		return wrong(text,
			     "%s is to be a small file that belongs to root and that nobody else "
			     "can write",
			     path);
	ret_text[got] = '\0';
	return 0;
}

/* ---- giving up the rest ---- */

static int set_capabilities(uint64_t wanted)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = (uint32_t)(wanted >> (32 * i));
	return (int)syscall(SYS_capset, &head, data);
}

/* What executed programs could have is bounded by it, too. */
static bool drop_bounding(uint64_t wanted)
{
	for (int i = 0; i < CAPABILITIES_MAX && prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (!(wanted & 1ULL << i) && prctl(PR_CAPBSET_DROP, i) < 0)
			return false;
	return true;
}

static bool become_caller(void)
{
	uid_t user = getuid();
	gid_t group = getgid();

	return prctl(PR_SET_KEEPCAPS, 1) == 0 && setresgid(group, group, group) == 0 &&
	       setresuid(user, user, user) == 0 && prctl(PR_SET_KEEPCAPS, 0) == 0;
}

static bool is_caller(uint64_t wanted)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uid_t users[3];
	gid_t groups[3];

	if (getresuid(&users[0], &users[1], &users[2]) < 0 ||
	    getresgid(&groups[0], &groups[1], &groups[2]) < 0 ||
	    syscall(SYS_capget, &head, data) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		if (data[i].permitted != (uint32_t)(wanted >> (32 * i)) || data[i].inheritable)
			return false;
	return users[0] == users[1] && users[0] == users[2] && users[0] != 0 &&
	       groups[0] == groups[1] && groups[0] == groups[2];
}

/* True for a copy that somebody made set-user-ID or set-group-ID, or that cannot be looked at. */
static bool is_marked(void)
{
	struct stat status;

	return stat("/proc/self/exe", &status) < 0 || (status.st_mode & (S_ISUID | S_ISGID));
}

int set_user_id_enter(const char *file, bool again, char ret_wrong[static SET_USER_ID_WRONG])
{
	char text[FILE_SIZE_MAX], why[SET_USER_ID_WRONG];
	uint64_t wanted;
	int r;

	if (getuid() == geteuid() && getgid() == getegid())
		return 0;
	/* Its calls can make the users differ: then -d goes on with what it was. */
	if (again && !is_marked())
		return 0;
	if (again)
		return wrong(ret_wrong, "-d: a set-user-ID copy does not execute itself again");
	r = read_file(file, text, sizeof(text), ret_wrong);
	if (r < 0)
		return r;
	if (set_user_id_parse(text, &wanted, why) < 0)
		return wrong(ret_wrong, "%.100s: %.120s", file, why);
	if (geteuid() != 0 || getuid() == 0)
		return wrong(ret_wrong, "%s is for a copy that is set-user-ID root alone", file);
	if (!drop_bounding(wanted) || !become_caller() || set_capabilities(wanted) < 0 ||
	    !is_caller(wanted))
		return wrong(ret_wrong, "cannot give up root's rights: %s", strerror(errno));
	return 0;
}
