// SPDX-License-Identifier: MIT
/*
 * Hierarchies that are mounted while the daemon runs, as by cgconfigparser after it has started.
 * Rules that place into them find them from then on. Groups of the daemon's own were made where it
 * began, and their placements point there: a daemon that has any says what to do instead.
 *
 * Gate threads read the layout of their snapshot, so an old one goes when the snapshots before
 * have.
 */
#include "core/engine-internal.h"

#include "util/text.h"

struct old_layout {
	struct layout *layout;
	struct old_layout *next;
};

void engine_drop_layouts(struct engine *engine)
{
	while (engine->old_layouts) {
		struct old_layout *old = engine->old_layouts;

		engine->old_layouts = old->next;
		layout_free(old->layout);
		free(old);
	}
}

static void note_new(const struct engine *engine, const struct hierarchy *hierarchies, size_t count,
		     struct text *names)
{
	for (size_t i = 0; i < count; i++)
		if (!layout_has(engine->layout, &hierarchies[i]))
			text_addf(names, "%s%s at %s", names->size > 0 ? ", " : "",
				  hierarchies[i].v2 ? "cgroup v2" : hierarchies[i].name,
				  hierarchies[i].mount_point);
}

/* Takes `*layout` where it can. */
static int take(struct engine *engine, struct layout **layout)
{
	struct old_layout *old = malloc(sizeof(*old));
	int r = old ? groups_change_layout(engine->groups, *layout) : -ENOMEM;

	if (r < 0) {
		free(old);
		return r;
	}
	*old = (struct old_layout){ engine->layout, engine->old_layouts };
	engine->old_layouts = old;
	engine->layout = TAKE_PTR(*layout);
	return 0;
}

bool engine_find_hierarchies(struct engine *engine)
{
	_cleanup_(layout_freep) struct layout *layout = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(text_done) struct text names = { 0 };
	int r = layout_detect(engine->host, &layout, &err);

	if (r < 0) {
		log_warning(engine->log, "%s", error_text(&err));
		return false;
	}
	note_new(engine, layout->hierarchies, layout->hierarchy_count, &names);
	note_new(engine, layout->named, layout->named_count, &names);
	if (names.size == 0) {
		engine->told_hierarchies = 0;
		return false;
	}
	r = take(engine, &layout);
	if (r >= 0) {
		engine->counters.hierarchies_found++;
		log_notice(engine->log, "a hierarchy of cgroups was mounted, and is used: %s",
			   names.data);
	} else if (engine->told_hierarchies != hash_bytes(names.data, names.size)) {
		engine->told_hierarchies = hash_bytes(names.data, names.size);
		log_warning(engine->log,
			    "a hierarchy of cgroups was mounted, and is not used yet, for this "
			    "daemon has groups: %s; try: reeve reload --exec",
			    names.data);
	}
	return r >= 0;
}
