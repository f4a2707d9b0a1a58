// SPDX-License-Identifier: MIT
/* Holds what completed events point to. */
#include "core/enrich.h"

#include "model/container.h"
#include "model/users.h"

enum { NAME_ROOM = 256 };

struct enricher {
	struct users *users;
	struct text groups; /* of the last process: v2_size bytes, and the list of v1 */
	size_t v2_size;
	struct container container; /* points into them */
	bool inside;
	char user[NAME_ROOM], group[NAME_ROOM];
};

int enricher_new(const char *root, struct enricher **ret_enricher)
{
	_cleanup_(enricher_freep) struct enricher *enricher = calloc(1, sizeof(*enricher));
	int r;

	if (!enricher)
		return -ENOMEM;
	r = users_new(root, &enricher->users);
	if (r < 0)
		return r;
	*ret_enricher = TAKE_PTR(enricher);
	return 0;
}

void enricher_free(struct enricher *enricher)
{
	if (!enricher)
		return;
	users_free(enricher->users);
	text_done(&enricher->groups);
	free(enricher);
}

/* A name is the users' until the next is asked for. */
static bool keep_name(struct slice name, char kept[static NAME_ROOM], struct slice *ret_name)
{
	if (name.size == 0 || name.size > NAME_ROOM)
		return false;
	memcpy(kept, name.data, name.size);
	*ret_name = (struct slice){ kept, name.size };
	return true;
}

void enrich_names(struct enricher *enricher, struct event *event, uint64_t now_ns)
{
	struct users *users = enricher->users;

	if (event_knows(event, FIELD_UID) && !event_knows(event, FIELD_USER) &&
	    keep_name(users_user(users, event->uid, now_ns), enricher->user, &event->user))
		event_know(event, FIELD_USER);
	if (event_knows(event, FIELD_GID) && !event_knows(event, FIELD_GROUP) &&
	    keep_name(users_group(users, event->gid, now_ns), enricher->group, &event->group))
		event_know(event, FIELD_GROUP);
}

/* True if these are the groups of the process before; else they are so from now on. */
static bool are_same(struct enricher *enricher, struct slice v2, struct slice v1)
{
	struct text *groups = &enricher->groups;
	const struct slice first = { groups->data, enricher->v2_size };
	const struct slice second = { groups->data + first.size, groups->size - first.size };

	if (groups->data && slice_eq(first, v2) && slice_eq(second, v1))
		return true;
	groups->size = 0;
	enricher->v2_size = v2.size;
	text_add_bytes(groups, v2.data, v2.size);
	text_add_bytes(groups, v1.data, v1.size);
	return false;
}

/* Processes of one group come one after the other, so the last answer is kept. */
static void look_at(struct enricher *enricher, struct slice v2, struct slice v1)
{
	struct text *groups = &enricher->groups;

	if (are_same(enricher, v2, v1))
		return;
	enricher->inside = false;
	if (groups->failed)
		text_done(groups);
	else
		/* Of our copy: that is what the answer points into. */
		enricher->inside =
			container_of_groups((struct slice){ groups->data, v2.size },
					    (struct slice){ groups->data + v2.size, v1.size },
					    &enricher->container);
}

void enrich_container(struct enricher *enricher, struct event *event)
{
	static const struct slice none;
	const struct container *container = &enricher->container;

	if (event_knows(event, FIELD_CONTAINER_RUNTIME) ||
	    (!event_knows(event, FIELD_CGROUP) && !event_knows(event, FIELD_CGROUP_V1)))
		return;
	look_at(enricher, event_knows(event, FIELD_CGROUP) ? event->cgroup : none,
		event_knows(event, FIELD_CGROUP_V1) ? event->cgroup_v1 : none);
	event_set(event, CONTAINER_RUNTIME, container_runtime,
		  enricher->inside ? container->runtime : none);
	if (!enricher->inside)
		return;
	event_set(event, CONTAINER_ID, container_id, container->id);
	if (container->pod.size > 0)
		event_set(event, POD, pod, container->pod);
}
