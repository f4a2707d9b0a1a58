/* SPDX-License-Identifier: MIT */
/* Records of the watch program -> events. No system call but for paths of other mount namespaces.
 */
#pragma once

#include "source/bpf-groups.h"
#include "source/bpf-paths.h"
#include "source/source.h"

struct bpf_decoder;

struct bpf_decoder_options {
	const struct host *host;
	struct event_sink sink;
	const char *const *environment;
	size_t environment_count;
	uint32_t boot; /* first 32 bits of the boot id */
};

int bpf_decoder_new(const struct bpf_decoder_options *options, struct bpf_decoder **ret_decoder,
		    struct error *err);
void bpf_decoder_free(struct bpf_decoder *decoder);
DEFINE_CLEANUP(struct bpf_decoder *, bpf_decoder_free);

/* What is handed out from now on, and what lies between boottime and the wall clock. */
void bpf_decoder_set_types(struct bpf_decoder *decoder, uint32_t types);
void bpf_decoder_set_clock(struct bpf_decoder *decoder, uint64_t wall_offset);

/* Who is told WATCH_RUNNING records; NULL: nobody. Borrowed. */
void bpf_decoder_set_list(struct bpf_decoder *decoder, const struct event_sink *list);

enum bpf_decoded {
	BPF_DECODED_NOTHING = 0,   /* a piece of another record, or nobody wants it */
	BPF_DECODED_EVENTS = 1,	   /* so many, or more, were handed out */
	BPF_DECODED_FORGOT = 1000, /* groups have to be told again */
};
/* Returns the number of events handed out, BPF_DECODED_FORGOT, -EBADMSG or -ENOMEM. */
int bpf_decode(struct bpf_decoder *decoder, const void *record, size_t size);
