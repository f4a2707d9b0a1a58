// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Runs when an execve has succeeded and touches one slot, and only if the gate has armed it for
 * this very process. It reads no kernel structure at all, so it is a raw tracepoint and not a typed
 * one, for which libbpf would read all of the kernel's types (some 40 ms): one object fits every
 * kernel from 5.5 (mmapable arrays) on.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/confirm/confirm.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CONFIRM_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} slots SEC(".maps");

SEC("raw_tp/sched_process_exec")
int confirm(void *context)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	__u32 key = process & (CONFIRM_SLOTS - 1);
	__u64 *slot = bpf_map_lookup_elem(&slots, &key);

	/* No other processor writes this slot now: its process is here. */
	if (slot && *slot >> CONFIRM_PID_SHIFT == process)
		*slot |= CONFIRM_DONE;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
