/* SPDX-License-Identifier: MIT */
/*
 * Which container a control group belongs to, from its path alone, at once and without asking any
 * runtime: docker, containerd, cri-o, podman, lxc, nspawn and Kubernetes pods, with the cgroupfs
 * and the systemd driver.
 */
#pragma once

#include "util/text.h"

struct container {
	struct slice runtime; /* a constant; size 0: the host */
	struct slice id;      /* of nspawn and lxc the machine's name; else hexadecimal digits */
	struct slice pod;     /* uid of a pod, with dashes; size 0: none */
	/* What `id` and `pod` point to where the path does not write them plainly, but for systemd:
	 * as my\x2dmachine, or with underscores. Longer ones stay as they were written. */
	char id_text[72], pod_text[40];
};

/*
 * Reads one path ("/kubepods.slice/kubepods-pod…slice/cri-containerd-….scope"). The innermost part
 * that names a container counts. Returns true if there is one; else `container` is all empty. The
 * path may be any bytes. `container` must stay where it is: its slices may point into it.
 */
bool container_of_path(struct slice path, struct container *container);

/*
 * The same for a process: cgroup v2 path first, then each of the v1 list ("CONTROLLERS:PATH" each
 * with a NUL); the first that names a container.
 */
bool container_of_groups(struct slice v2, struct slice v1, struct container *container);
