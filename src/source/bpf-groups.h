/* SPDX-License-Identifier: MIT */
/* What the keys of groups in the watch program's records stand for. */
#pragma once

#include "util/host.h"
#include "util/text.h"

#include <linux/types.h>
#include "bpf/watch/watch.h"

struct bpf_groups;

/* A process's groups, as events tell them. */
struct bpf_group_names {
	uint64_t id;	   /* of the v2 group; 0: there is no v2 */
	struct slice path; /* v2; no data: none */
	struct slice v1;   /* a list: CONTROLLERS:PATH, each with its NUL */
};

int bpf_groups_new(const struct host *host, struct bpf_groups **ret_groups);
void bpf_groups_free(struct bpf_groups *groups);
DEFINE_CLEANUP(struct bpf_groups *, bpf_groups_free);

/*
 * Learns a record of `size` bytes. 0; 1: learnt, and so many are known that all were forgotten
 * before (have them told again); -EBADMSG, -ENOMEM.
 */
int bpf_groups_learn(struct bpf_groups *groups, const void *record, size_t size);
/* What a key stands for, or NULL. Holds until the next call of learn. */
const struct bpf_group_names *bpf_groups_find(const struct bpf_groups *groups, uint64_t key);
