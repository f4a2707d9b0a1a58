// SPDX-License-Identifier: MIT
/*
 * A program executed by another user than 0 has no capabilities but the ambient ones, and one
 * executed by user 0 gets all of the bounding set: both sets are the same here, so that what is
 * kept does not depend on the user.
 */
#include "launch/capability.h"

#include "util/suggest.h"
#include "util/text.h"

#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { CAPABILITIES_MOST = 64, NAME_MOST = 40 };

/* By number, without "cap_". The kernel adds one in years, and takes none away. */
static const char *const names[] = {
	[CAP_AUDIT_CONTROL] = "audit_control",
	[CAP_AUDIT_READ] = "audit_read",
	[CAP_AUDIT_WRITE] = "audit_write",
	[CAP_BLOCK_SUSPEND] = "block_suspend",
	[CAP_BPF] = "bpf",
	[CAP_CHECKPOINT_RESTORE] = "checkpoint_restore",
	[CAP_CHOWN] = "chown",
	[CAP_DAC_OVERRIDE] = "dac_override",
	[CAP_DAC_READ_SEARCH] = "dac_read_search",
	[CAP_FOWNER] = "fowner",
	[CAP_FSETID] = "fsetid",
	[CAP_IPC_LOCK] = "ipc_lock",
	[CAP_IPC_OWNER] = "ipc_owner",
	[CAP_KILL] = "kill",
	[CAP_LEASE] = "lease",
	[CAP_LINUX_IMMUTABLE] = "linux_immutable",
	[CAP_MAC_ADMIN] = "mac_admin",
	[CAP_MAC_OVERRIDE] = "mac_override",
	[CAP_MKNOD] = "mknod",
	[CAP_NET_ADMIN] = "net_admin",
	[CAP_NET_BIND_SERVICE] = "net_bind_service",
	[CAP_NET_BROADCAST] = "net_broadcast",
	[CAP_NET_RAW] = "net_raw",
	[CAP_PERFMON] = "perfmon",
	[CAP_SETFCAP] = "setfcap",
	[CAP_SETGID] = "setgid",
	[CAP_SETPCAP] = "setpcap",
	[CAP_SETUID] = "setuid",
	[CAP_SYSLOG] = "syslog",
	[CAP_SYS_ADMIN] = "sys_admin",
	[CAP_SYS_BOOT] = "sys_boot",
	[CAP_SYS_CHROOT] = "sys_chroot",
	[CAP_SYS_MODULE] = "sys_module",
	[CAP_SYS_NICE] = "sys_nice",
	[CAP_SYS_PACCT] = "sys_pacct",
	[CAP_SYS_PTRACE] = "sys_ptrace",
	[CAP_SYS_RAWIO] = "sys_rawio",
	[CAP_SYS_RESOURCE] = "sys_resource",
	[CAP_SYS_TIME] = "sys_time",
	[CAP_SYS_TTY_CONFIG] = "sys_tty_config",
	[CAP_WAKE_ALARM] = "wake_alarm",
};

/* How many this kernel has, which may be more or fewer than have a name here. */
static unsigned count_known(void)
{
	unsigned count = ARRAY_SIZE(names);

	while (count > 0 && prctl(PR_CAPBSET_READ, count - 1, 0, 0, 0) < 0)
		count--;
	while (count < CAPABILITIES_MOST && prctl(PR_CAPBSET_READ, count, 0, 0, 0) >= 0)
		count++;
	return count;
}

uint64_t capability_all(void)
{
	unsigned count = count_known();

	return count >= CAPABILITIES_MOST ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

bool capability_may_bound(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[CAP_TO_INDEX(CAP_SETPCAP)].effective & CAP_TO_MASK(CAP_SETPCAP));
}

static int unknown(const char *name, struct error *err)
{
	const char *near = suggest(name, names, ARRAY_SIZE(names));

	if (near)
		return error_set(err, -EINVAL, "unknown capability \"%s\" (did you mean \"%s\"?)",
				 name, near);
	return error_set(err, -EINVAL,
			 "unknown capability \"%s\": capabilities(7) has them, such as "
			 "\"net_bind_service\"; \"none\" and \"all\" are words, too",
			 name);
}

static int parse_name(const char *word, size_t size, uint64_t *capabilities, struct error *err)
{
	char name[NAME_MOST];

	snprintf(name, sizeof(name), "%.*s", (int)MIN(size, sizeof(name) - 1), word);
	if (!*name)
		return error_set(err, -EINVAL, "an empty name of a capability");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(name + (strncasecmp(name, "cap_", 4) == 0 ? 4 : 0), names[i]) == 0) {
			*capabilities |= UINT64_C(1) << i;
			return 0;
		}
	return unknown(strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name, err);
}

int capability_parse(const char *text, uint64_t *ret_capabilities, struct error *err)
{
	uint64_t capabilities = 0;

	if (strcasecmp(text, "none") == 0 || strcasecmp(text, "all") == 0) {
		*ret_capabilities = strcasecmp(text, "all") == 0 ? capability_all() : 0;
		return 0;
	}
	for (;;) {
		size_t size = strcspn(text, ",");
		int r = parse_name(text, size, &capabilities, err);

		if (r < 0)
			return r;
		text += size;
		if (!*text)
			break;
		text++;
	}
	*ret_capabilities = capabilities;
	return 0;
}

char *capability_text(uint64_t capabilities)
{
	_cleanup_(text_done) struct text text = { 0 };

	if (capabilities == 0 || capabilities == capability_all())
		text_add(&text, capabilities ? "all" : "none");
	else
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (capabilities >> i & 1)
				text_addf(&text, "%s%s", text.size ? "," : "", names[i]);
	return text_take(&text);
}

struct launch_capabilities capability_keep(uint64_t capabilities, bool may_bound)
{
	return (struct launch_capabilities){
		.bounding = may_bound ? capabilities : UINT64_MAX,
		.permitted = capabilities,
		.inheritable = capabilities,
		.ambient = capabilities,
	};
}
