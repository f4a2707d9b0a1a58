// SPDX-License-Identifier: MIT
/*
 * One supervisor takes the place of another while services run. A process is found by its record
 * and its group, as after a crash (adopt.c); what a crash would lose is handed on: the sockets of
 * services that rest, the ends of pipes by which services that begin say that they are ready.
 */
#include "service/internal.h"

#include <limits.h>

/* No service has that name. */
#define CLAIM ":folder"

static bool is_busy(const struct service *service)
{
	switch (service->machine.state) {
	case MACHINE_PRE_START:
	case MACHINE_KILLING:
	case MACHINE_POST_STOP:
		return true;
	default:
		return service->removing || service->helper;
	}
}

int supervisor_is_settled(const struct supervisor *supervisor, struct error *err)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		const struct service *service = supervisor->items[i];

		if (is_busy(service))
			return error_set(err, -EAGAIN, "service %s is in the middle of %s",
					 service->name,
					 service->removing
						 ? "being removed"
						 : machine_state_names[service->machine.state]);
	}
	return 0;
}

int supervisor_hand_over(struct supervisor *supervisor,
			 int (*give)(void *userdata, const char *name, int fd), void *userdata)
{
	int r = supervisor->claim_fd < 0 ? 0 : give(userdata, CLAIM, supervisor->claim_fd);

	for (size_t i = 0; r >= 0 && i < supervisor->count; i++) {
		struct service *service = supervisor->items[i];
		char name[NAME_MAX + 32];

		service_record_now(service);
		for (size_t k = 0; r >= 0 && k < service->listen_count; k++) {
			snprintf(name, sizeof(name), "%s:%zu", service->name, k);
			r = give(userdata, name, service->listen_fds[k]);
		}
		snprintf(name, sizeof(name), "%s:ready", service->name);
		if (r >= 0 && service->ready_fd >= 0 && !service->machine.ready)
			r = give(userdata, name, service->ready_fd);
	}
	return r;
}

static int take_listener(struct service *service, size_t index, int fd)
{
	int *larger;

	/* They come in order. */
	if (index != service->listen_count)
		return -EINVAL;
	larger = reallocarray(service->listen_fds, index + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	service->listen_fds = larger;
	service->listen_fds[service->listen_count++] = fd;
	return 0;
}

int supervisor_take(struct supervisor *supervisor, const char *name, int fd)
{
	_cleanup_(freep) char *copy = strdup(name);
	char *colon = copy ? strrchr(copy, ':') : NULL;
	struct service *service;

	if (streq(name, CLAIM)) {
		closep(&supervisor->claim_fd);
		supervisor->claim_fd = fd;
		return 0;
	}
	if (!colon)
		return copy ? -EINVAL : -ENOMEM;
	*colon = '\0';
	service = supervisor_find(supervisor, copy);
	if (!service || !service->manifest)
		return -ENOENT;
	if (!streq(colon + 1, "ready"))
		return take_listener(service, strtoul(colon + 1, NULL, 10), fd);
	closep(&service->ready_fd);
	service->ready_fd = fd;
	return 0;
}

int supervisor_notify_fd(const struct supervisor *supervisor)
{
	return supervisor->notify ? notify_fd(supervisor->notify) : -1;
}
