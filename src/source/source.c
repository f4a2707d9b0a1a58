/* SPDX-License-Identifier: MIT */
/* What all sources share: the table of their classes and the counting of losses. */
#include "source/source.h"

#include "source/audit.h"
#include "source/bpf.h"
#include "source/connector.h"
#include "source/gate-source.h"
#include "source/procfs.h"
#include "source/replay.h"

const struct source_class *const source_classes[] = {
	&bpf_source, &connector_source, &audit_source, &procfs_source, &gate_source, &replay_source,
};
const size_t source_class_count = ARRAY_SIZE(source_classes);

const struct source_class *source_class_find(const char *name)
{
	for (size_t i = 0; i < source_class_count; i++)
		if (streq(source_classes[i]->name, name))
			return source_classes[i];
	return NULL;
}

void source_count_loss(struct source *source, const char *cause, uint64_t count)
{
	source->counters.lost += count;
	for (size_t i = 0; i < SOURCE_CAUSES; i++) {
		if (source->counters.causes[i].cause &&
		    !streq(source->counters.causes[i].cause, cause))
			continue;
		source->counters.causes[i].cause = cause;
		source->counters.causes[i].count += count;
		return;
	}
}
