// SPDX-License-Identifier: MIT
/* Holds what completed events point to. */
#include "core/enrich.h"

#include "model/container.h"
#include "model/users.h"

enum { NAME_ROOM = 256 };

struct enricher {
	struct users *users;
	struct container container;
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

void enrich_container(struct enricher *enricher, struct event *event)
{
	static const struct slice none;
	struct container *container = &enricher->container;

	if (event_knows(event, FIELD_CONTAINER_RUNTIME) ||
	    (!event_knows(event, FIELD_CGROUP) && !event_knows(event, FIELD_CGROUP_V1)))
		return;
	if (!container_of_groups(event_knows(event, FIELD_CGROUP) ? event->cgroup : none,
				 event_knows(event, FIELD_CGROUP_V1) ? event->cgroup_v1 : none,
				 container)) {
		/* Known to be in none. */
		event_set(event, CONTAINER_RUNTIME, container_runtime, none);
		return;
	}
	event_set(event, CONTAINER_RUNTIME, container_runtime, container->runtime);
	event_set(event, CONTAINER_ID, container_id, container->id);
	if (container->pod.size > 0)
		event_set(event, POD, pod, container->pod);
}
