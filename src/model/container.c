// SPDX-License-Identifier: MIT
/*
 * Each part of the path is asked for itself, from the outermost to the innermost; what is found
 * later replaces what was found before (a container in a container). Runtimes name the part by a
 * prefix and the container's id, as a scope of systemd's or plainly, or put the id alone below a
 * folder of theirs. Ids have to look like ids where the name could also be somebody's own: a scope
 * docker-cleanup.scope is no container.
 *
 * It believes the path. Who may make control groups may name one like a container; nobody in a
 * container may, unless that was delegated to it, and then only below its own.
 */
#include "model/container.h"

enum id_kind {
	ID_HEX,	    /* at least ID_SHORTEST hexadecimal digits */
	ID_WORD,    /* at least as many lower case letters or digits */
	ID_ANY,	    /* a name, not empty */
	ID_MACHINE, /* the same, escaped by systemd */
};

enum { ID_SHORTEST = 12, ID_LONGEST_HEX = 64 };

/* A part PREFIX + id + SUFFIX, where the suffix may be missing if `plain`. Of two prefixes that fit
 * the first counts; a row without a runtime says what is not a container. */
struct form {
	const char *prefix, *suffix;
	bool plain;
	enum id_kind kind;
	const char *runtime;
};

static const struct form forms[] = {
	{ "docker-", ".scope", false, ID_HEX, "docker" },
	{ "cri-containerd-", ".scope", true, ID_HEX, "containerd" },
	{ "nerdctl-", ".scope", true, ID_HEX, "containerd" },
	{ "crio-conmon-", ".scope", true, ID_ANY, NULL },
	{ "crio-", ".scope", true, ID_HEX, "cri-o" },
	{ "libpod-conmon-", ".scope", true, ID_ANY, NULL },
	{ "libpod-payload-", "", true, ID_HEX, "podman" },
	{ "libpod-", ".scope", true, ID_HEX, "podman" },
	{ "lxc.payload.", "", true, ID_ANY, "lxc" },
	{ "lxc-", ".libvirt-lxc", false, ID_ANY, "lxc" },
	{ "machine-qemu\\x2d", ".scope", false, ID_ANY, NULL },
	{ "machine-lxc\\x2d", ".scope", false, ID_MACHINE, "lxc" },
	{ "machine-", ".scope", false, ID_MACHINE, "nspawn" },
	{ "systemd-nspawn@", ".service", false, ID_MACHINE, "nspawn" },
};

/* Folders that a runtime keeps its containers in. */
struct folder {
	const char *name;
	enum id_kind kind;
	const char *runtime;
};

static const struct folder folders[] = {
	{ "docker", ID_HEX, "docker" },
	{ "buildkit", ID_WORD, "docker" },
	{ "default", ID_HEX, "containerd" },
	{ "k8s.io", ID_HEX, "containerd" },
	{ "lxc", ID_ANY, "lxc" },
	{ "lxc.payload", ID_ANY, "lxc" },
};

/* What runc makes of "slice:PREFIX:id" where it does not drive systemd although told so. */
static const struct folder colons[] = {
	{ "docker", ID_WORD, "docker" },
	{ "cri-containerd", ID_HEX, "containerd" },
	{ "crio", ID_HEX, "cri-o" },
	{ "libpod", ID_HEX, "podman" },
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool looks_like(struct slice id, enum id_kind kind)
{
	if (kind == ID_ANY || kind == ID_MACHINE)
		return id.size > 0;
	if (id.size < ID_SHORTEST)
		return false;
	for (size_t i = 0; i < id.size; i++)
		if (!is_hex(id.data[i]) &&
		    !(kind == ID_WORD && id.data[i] >= 'a' && id.data[i] <= 'z'))
			return false;
	return true;
}

static bool starts_with(struct slice text, const char *prefix)
{
	size_t size = strlen(prefix);

	return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static bool ends_with(struct slice text, const char *suffix)
{
	size_t size = strlen(suffix);

	return text.size >= size && memcmp(text.data + text.size - size, suffix, size) == 0;
}

static struct slice without(struct slice text, size_t front, size_t back)
{
	return (struct slice){ text.data + front, text.size - front - back };
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes systemd's \xNN. A plain '-' would be a '/', which no machine has in its name. */
static struct slice unescape(struct slice name, char *text, size_t room)
{
	size_t size = 0;

	if (!memchr(name.data, '\\', name.size))
		return name;
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];

		if (size == room)
			return name;
		if (c == '\\' && name.size - i >= 4 && name.data[i + 1] == 'x' &&
		    digit(name.data[i + 2]) >= 0 && digit(name.data[i + 3]) >= 0) {
			c = (char)(digit(name.data[i + 2]) << 4 | digit(name.data[i + 3]));
			i += 3;
			if (c == '\0')
				return name;
		}
		text[size++] = c;
	}
	return (struct slice){ text, size };
}

static void found(struct container *container, const char *runtime, struct slice id,
		  enum id_kind kind)
{
	container->runtime = slice_of(runtime);
	container->id = kind == ID_MACHINE
				? unescape(id, container->id_text, sizeof(container->id_text))
				: id;
}

/* Returns true if a form says what the part is, be it no container. */
static bool by_form(struct slice part, struct container *container)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *form = &forms[i];
		bool suffixed = ends_with(part, form->suffix);
		size_t front = strlen(form->prefix), back = suffixed ? strlen(form->suffix) : 0;
		struct slice id;

		if (!starts_with(part, form->prefix) || part.size < front + back ||
		    (!suffixed && !form->plain))
			continue;
		id = without(part, front, back);
		if (!looks_like(id, form->kind))
			continue;
		if (form->runtime)
			found(container, form->runtime, id, form->kind);
		return true;
	}
	return false;
}

static bool by_folder(struct slice part, struct slice above, bool in_pod,
		      struct container *container)
{
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (!slice_eq(above, slice_of(folders[i].name)) ||
		    !looks_like(part, folders[i].kind))
			continue;
		found(container, folders[i].runtime, part, ID_ANY);
		return true;
	}
	if (part.size != ID_LONGEST_HEX || !looks_like(part, ID_HEX))
		return false;
	/* A pod's own runtime leaves no sign; elsewhere it is docker with a --cgroup-parent. */
	found(container, in_pod ? "kubepods" : "docker", part, ID_ANY);
	return true;
}

/* "kubepods-burstable-pod….slice:cri-containerd:0123…" */
static bool by_colons(struct slice part, struct container *container)
{
	const char *second = memrchr(part.data, ':', part.size);
	const char *first = second ? memrchr(part.data, ':', (size_t)(second - part.data)) : NULL;
	struct slice word, id;

	if (!first)
		return false;
	word = (struct slice){ first + 1, (size_t)(second - first - 1) };
	id = without(part, (size_t)(second + 1 - part.data), 0);
	for (size_t i = 0; i < ARRAY_SIZE(colons); i++) {
		if (slice_eq(word, slice_of(colons[i].name)) && looks_like(id, colons[i].kind)) {
			found(container, colons[i].runtime, id, ID_ANY);
			return true;
		}
	}
	return false;
}

/* A uid is a UUID, or for static pods its 32 digits. */
static bool is_uid(struct slice uid, char dash)
{
	size_t digits = 0;

	for (size_t i = 0; i < uid.size; i++) {
		if (is_hex(uid.data[i]))
			digits++;
		else if (uid.data[i] != dash)
			return false;
	}
	return digits == 32 && (uid.size == 32 || uid.size == 36);
}

/* "pod01234567-89ab-…" or "kubepods-burstable-pod01234567_89ab_….slice" */
static bool pod_of(struct slice part, struct container *container)
{
	struct slice uid;
	const char *colon = memchr(part.data, ':', part.size), *at;

	if (colon)
		part.size = (size_t)(colon - part.data);
	if (starts_with(part, "pod")) {
		uid = without(part, strlen("pod"), 0);
		if (!is_uid(uid, '-'))
			return false;
		container->pod = uid;
		return true;
	}
	at = memmem(part.data, part.size, "kubepods", strlen("kubepods"));
	at = at ? memmem(at, part.size - (size_t)(at - part.data), "-pod", strlen("-pod")) : NULL;
	if (!at || !ends_with(part, ".slice"))
		return false;
	at += strlen("-pod");
	if ((size_t)(at - part.data) > part.size - strlen(".slice"))
		return false;
	uid = without(part, (size_t)(at - part.data), strlen(".slice"));
	if (!is_uid(uid, '_'))
		return false;
	for (size_t i = 0; i < uid.size; i++)
		container->pod_text[i] = uid.data[i] == '_' ? '-' : uid.data[i];
	container->pod = (struct slice){ container->pod_text, uid.size };
	return true;
}

/* nspawn itself stands in the machine's unit, beside its payload. */
static bool is_supervised(struct slice part, struct slice below)
{
	return (starts_with(part, "machine-") || starts_with(part, "systemd-nspawn@")) &&
	       slice_eq(below, slice_of("supervisor"));
}

static struct slice next_part(const char **at, const char *end)
{
	const char *slash;
	struct slice part;

	while (*at < end && **at == '/')
		(*at)++;
	slash = *at < end ? memchr(*at, '/', (size_t)(end - *at)) : NULL;
	part = (struct slice){ *at, (size_t)((slash ? slash : end) - *at) };
	*at += part.size;
	return part;
}

bool container_of_path(struct slice path, struct container *container)
{
	const char *at = path.data, *end = path.data + path.size;
	struct slice above = { 0 }, part = next_part(&at, end), below;

	container->runtime = container->id = container->pod = (struct slice){ 0 };
	for (; part.size > 0; above = part, part = below) {
		bool in_pod = container->pod.size > 0;

		below = next_part(&at, end);
		if (!is_supervised(part, below) && !by_form(part, container) &&
		    !by_folder(part, above, in_pod, container))
			(void)by_colons(part, container);
		(void)pod_of(part, container);
	}
	if (container->runtime.size == 0)
		container->pod = (struct slice){ 0 };
	return container->runtime.size > 0;
}

bool container_of_groups(struct slice v2, struct slice v1, struct container *container)
{
	if (container_of_path(v2, container))
		return true;
	for (size_t at = 0; at < v1.size;) {
		struct slice entry = { v1.data + at, strnlen(v1.data + at, v1.size - at) };
		const char *colon = memchr(entry.data, ':', entry.size);

		if (colon && container_of_path(without(entry, (size_t)(colon + 1 - entry.data), 0),
					       container))
			return true;
		at += entry.size + 1;
	}
	return false;
}
