/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a record says about the file of a program, but for its path. */
#pragma once

#include "bpf/watch/kernel.h"
#include "bpf/watch/watch.h"

static __always_inline void fill_file(struct watch_exec *out, struct file *file, const int typed)
{
	struct inode *inode = GET(typed, file, f_inode);

	out->inode = GET(typed, inode, i_ino);
	out->nlink = GET(typed, inode, i_nlink);
	out->mode = GET(typed, inode, i_mode);
	if (GET(typed, inode, i_sb, s_magic) == OVERLAYFS_MAGIC) {
		/* struct ovl_inode, whose module may not be loaded yet, has __upperdentry right
		 * behind the struct inode. */
		__u64 address = 0, upper = 0;

		bpf_core_read(&address, sizeof(address), &file->f_inode);
		bpf_probe_read_kernel(&upper, sizeof(upper),
				      (void *)(address + bpf_core_type_size(struct inode)));
		if (upper)
			out->task.flags |= WATCH_TASK_UPPER;
	}
}
