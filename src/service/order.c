// SPDX-License-Identifier: MIT
/*
 * Who waits for whom. `after` waits for who is started, too; `requires` for who must be there. Two
 * that wait for each other would do so for ever: the first of such a circle is stopped, and told.
 */
#include "service/internal.h"

/* ---- one ---- */

static bool is_held_by(const struct service *service, const char *name, bool required)
{
	const struct service *other = supervisor_find(service->supervisor, name);

	if (!other || !other->manifest)
		return required;
	if (machine_is_up(&other->machine))
		return false;
	/* Who does not run and will not is not waited for, unless it is required. */
	return required || other->machine.wanted || other->due;
}

bool supervisor_may_start(const struct service *service)
{
	const struct service_manifest *manifest = service->manifest;

	for (char **name = manifest->after; name && *name; name++)
		if (is_held_by(service, *name, false))
			return false;
	for (char **name = manifest->requires; name && *name; name++)
		if (is_held_by(service, *name, true))
			return false;
	return true;
}

bool service_has_lost(const struct service *service, const char **ret_name)
{
	char **name = service->manifest ? service->manifest->requires : NULL;

	for (; name && *name; name++) {
		const struct service *other = supervisor_find(service->supervisor, *name);

		*ret_name = *name;
		if (!other || other->removing ||
		    (!other->machine.wanted && !other->due && !machine_is_active(&other->machine)))
			return true;
	}
	return false;
}

/* ---- circles ---- */

static bool find_circle(struct service *service, struct service **ret_first,
			struct service **ret_last);

/* Whether one of those that it waits for is on the way that led here, or leads to one that is. */
static bool leads_back(struct service *service, char **names, bool required,
		       struct service **ret_first, struct service **ret_last)
{
	for (; names && *names; names++) {
		struct service *other = supervisor_find(service->supervisor, *names);

		if (!other || other->machine.state != MACHINE_WAITING ||
		    !is_held_by(service, *names, required))
			continue;
		if (other->visit == VISIT_ON_WAY) {
			*ret_first = other;
			*ret_last = service;
			return true;
		}
		if (other->visit == VISIT_NONE && find_circle(other, ret_first, ret_last))
			return true;
	}
	return false;
}

static bool find_circle(struct service *service, struct service **ret_first,
			struct service **ret_last)
{
	const struct service_manifest *manifest = service->manifest;

	service->visit = VISIT_ON_WAY;
	if (leads_back(service, manifest->after, false, ret_first, ret_last) ||
	    leads_back(service, manifest->requires, true, ret_first, ret_last))
		return true;
	service->visit = VISIT_DONE;
	return false;
}

static bool find_any(struct supervisor *supervisor, struct service **ret_first,
		     struct service **ret_last)
{
	bool found = false;

	for (size_t i = 0; i < supervisor->count && !found; i++) {
		struct service *service = supervisor->items[i];

		found = service->visit == VISIT_NONE && service->machine.state == MACHINE_WAITING &&
			find_circle(service, ret_first, ret_last);
	}
	for (size_t i = 0; i < supervisor->count; i++)
		supervisor->items[i]->visit = VISIT_NONE;
	return found;
}

void supervisor_break_circles(struct supervisor *supervisor)
{
	struct service *first, *last;

	while (find_any(supervisor, &first, &last)) {
		_cleanup_(error_done) struct error err = ERROR_INIT;

		error_set(&err, -ELOOP,
			  "is not started, for it waits for %s, which waits for it (after, "
			  "requires)",
			  last->name);
		service_trouble(first, &err);
		machine_stop(&first->machine);
	}
}
