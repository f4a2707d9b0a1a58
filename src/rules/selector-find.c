// SPDX-License-Identifier: MIT
/*
 * Makes the keys that what is known could have been filed under, for those kinds of conditions that
 * any rule is filed under.
 */
#include "rules/selector.h"

#include "rules/selector-internal.h"

struct look_up {
	const struct selector *selector;
	struct candidates *candidates;
	enum condition_kind kind;
};

static bool has_shape(const struct look_up *look, enum shape shape)
{
	return look->selector->sizes[look->kind][shape] != 0;
}

static void look_up_text(const struct look_up *look, enum shape shape, struct slice text)
{
	if (!(look->selector->sizes[look->kind][shape] & size_bit(text.size)))
		return;
	keys_find(look->selector->keys, text_key(look->kind, shape, text), look->candidates);
}

static void look_up_grams(const struct look_up *look, struct slice text)
{
	if (look->selector->grams[look->kind])
		grams_find(look->selector->grams[look->kind], text, look->candidates);
}

static void look_up_number(const struct look_up *look, uint32_t number)
{
	for (uint64_t left = look->selector->prefixes[look->kind]; left; left &= left - 1) {
		unsigned length = (unsigned)__builtin_ctzll(left);

		keys_find(look->selector->keys, number_key(look->kind, number, length),
			  look->candidates);
	}
}

/* Itself and each folder above it. */
static void look_up_folders(const struct look_up *look, struct slice path)
{
	if (!has_shape(look, SHAPE_FOLDER))
		return;
	look_up_text(look, SHAPE_FOLDER, path);
	for (size_t size = path.size; size-- > 0;)
		if (path.data[size] == '/')
			look_up_text(look, SHAPE_FOLDER, (struct slice){ path.data, size });
}

static void look_up_program(const struct look_up *look, struct slice path)
{
	if (path.size == 0)
		return;
	look_up_text(look, SHAPE_EXACT, path);
	look_up_text(look, SHAPE_LAST_PART, slice_last_part(path));
	look_up_folders(look, path);
	look_up_grams(look, path);
}

/* Folders are written without their first slash, so "" is above all. */
static void look_up_cgroup(const struct look_up *look, struct slice path)
{
	struct slice relative = without_slash(path);

	look_up_folders(look, relative);
	if (relative.size > 0)
		look_up_text(look, SHAPE_FOLDER, (struct slice){ relative.data, 0 });
	look_up_grams(look, path);
}

static void look_up_cgroups(const struct look_up *look, const struct facts *facts)
{
	struct slice left = facts->cgroup_v1;

	look_up_cgroup(look, facts->cgroup);
	while (left.size > 0) {
		const char *end = memchr(left.data, '\0', left.size);
		size_t size = end ? (size_t)(end - left.data) : left.size;
		const char *colon = memchr(left.data, ':', size);

		if (colon)
			look_up_cgroup(look,
				       (struct slice){ colon + 1,
						       size - (size_t)(colon + 1 - left.data) });
		left.data += size + (end ? 1 : 0);
		left.size -= size + (end ? 1 : 0);
	}
}

static void look_up_group(const struct look_up *look, const struct facts *facts)
{
	if (facts->group.size > 0)
		look_up_cgroup(look, facts->group);
}

static void look_up_arguments(const struct look_up *look, const struct facts *facts)
{
	struct slice left = facts->argv;

	look_up_grams(look, left);
	while (left.size > 0 && has_shape(look, SHAPE_EXACT)) {
		const char *end = memchr(left.data, '\0', left.size);
		size_t size = end ? (size_t)(end - left.data) : left.size;

		look_up_text(look, SHAPE_EXACT, (struct slice){ left.data, size });
		left.data += size + (end ? 1 : 0);
		left.size -= size + (end ? 1 : 0);
	}
}

static void look_up_container(const struct look_up *look, const struct facts *facts)
{
	struct slice id = facts->container_id;

	if (facts->container_runtime.size == 0 && id.size == 0) {
		look_up_text(look, SHAPE_EXACT, slice_of("host"));
		return;
	}
	look_up_text(look, SHAPE_EXACT, slice_of("any"));
	look_up_text(look, SHAPE_EXACT, facts->container_runtime);
	if (facts->pod.size > 0)
		look_up_text(look, SHAPE_LAST_PART, facts->pod);
	look_up_grams(look, id);
	for (uint64_t left = look->selector->id_lengths; left; left &= left - 1) {
		size_t size = (size_t)__builtin_ctzll(left) + 1;

		if (size <= id.size)
			look_up_text(look, SHAPE_ID, (struct slice){ id.data, size });
	}
}

static void look_up_namespace(const struct look_up *look, const struct namespace_word *word)
{
	if (look->selector->namespaces & namespace_bit(word))
		keys_find(look->selector->keys,
			  key_of(space_of(look->kind, SHAPE_EXACT), word, sizeof(*word)),
			  look->candidates);
}

static void look_up_namespaces(const struct look_up *look, const struct facts *facts)
{
	for (uint32_t kind = 0; kind < FACT_NAMESPACE_KINDS; kind++) {
		struct namespace_word word = { .kind = kind, .number = facts->namespaces[kind] };

		word.what = NAMESPACE_NUMBER;
		look_up_namespace(look, &word);
		word.what = word.number == facts->host_namespaces[kind] ? NAMESPACE_HOST
									: NAMESPACE_OTHER;
		word.number = 0;
		look_up_namespace(look, &word);
	}
}

static void look_up_terminal(const struct look_up *look, const struct facts *facts)
{
	char buffer[TERMINAL_NAME];
	struct slice name;

	if (facts->tty == 0) {
		look_up_text(look, SHAPE_EXACT, slice_of("none"));
		return;
	}
	name = terminal_name(facts->tty, buffer);
	look_up_text(look, SHAPE_EXACT, slice_of("any"));
	look_up_text(look, SHAPE_EXACT, name);
	look_up_folders(look, name);
	look_up_grams(look, name);
}

static void look_up_flag(const struct look_up *look, const struct facts *facts)
{
	uint64_t wanted = look->kind == CONDITION_MEMFD	     ? facts->memfd
			  : look->kind == CONDITION_DELETED  ? facts->deleted
			  : look->kind == CONDITION_REALTIME ? facts->realtime
							     : facts->setuid_program;

	keys_find(look->selector->keys,
		  key_of(space_of(look->kind, SHAPE_EXACT), &wanted, sizeof(wanted)),
		  look->candidates);
}

static void look_up_ids(const struct look_up *look, const struct facts *facts)
{
	if (look->kind == CONDITION_MEMBER_OF)
		look_up_number(look, facts->egid);
	if (look->kind == CONDITION_UID)
		look_up_number(look, facts->uid);
	else if (look->kind == CONDITION_EUID || look->kind == CONDITION_MEMBER_OF)
		look_up_number(look, facts->euid);
	else if (facts->loginuid == UINT32_MAX)
		look_up_text(look, SHAPE_EXACT, slice_of("unset"));
	else
		look_up_number(look, facts->loginuid);
}

static void look_up_gids(const struct look_up *look, struct facts *facts)
{
	if (facts_know(facts, FACT_IDS)) {
		look_up_number(look, facts->gid);
		look_up_number(look, facts->egid);
	}
	if (facts_know(facts, FACT_GROUPS))
		for (size_t i = 0; i < facts->gid_count; i++)
			look_up_number(look, facts->gids[i]);
}

static void look_up(const struct look_up *look, struct facts *facts)
{
	switch (look->kind) {
	case CONDITION_UID:
	case CONDITION_EUID:
	case CONDITION_LOGINUID:
	case CONDITION_MEMBER_OF:
		look_up_ids(look, facts);
		break;
	case CONDITION_UNIX_GROUP:
		look_up_gids(look, facts);
		break;
	case CONDITION_REALTIME:
	case CONDITION_MEMFD:
	case CONDITION_DELETED:
	case CONDITION_SETUID_PROGRAM:
		look_up_flag(look, facts);
		break;
	case CONDITION_COMM:
		look_up_text(look, SHAPE_EXACT, facts->comm);
		look_up_grams(look, facts->comm);
		break;
	case CONDITION_EXE:
	case CONDITION_PROGRAM:
		look_up_program(look, facts->exe);
		break;
	case CONDITION_TTY:
		look_up_terminal(look, facts);
		break;
	case CONDITION_CGROUP:
		look_up_cgroups(look, facts);
		break;
	case CONDITION_GROUP_IN:
		look_up_group(look, facts);
		break;
	case CONDITION_CONTAINER:
		look_up_container(look, facts);
		break;
	case CONDITION_NAMESPACE:
		look_up_namespaces(look, facts);
		break;
	case CONDITION_SCRIPT:
	case CONDITION_INTERPRETER:
	case CONDITION_CWD:
		look_up_program(look, look->kind == CONDITION_SCRIPT ? facts->script
				      : look->kind == CONDITION_CWD  ? facts->cwd
								     : facts->interpreter);
		break;
	case CONDITION_ARGS:
		look_up_arguments(look, facts);
		break;
	case CONDITION_PARENT:
		if (facts->ancestor_count > 0)
			look_up_program(look, facts->ancestors[0].exe);
		break;
	case CONDITION_ANCESTOR:
		for (size_t i = 0; i < facts->ancestor_count; i++)
			look_up_program(look, facts->ancestors[i].exe);
		break;
	default:
		break; /* rules are filed under nothing of it */
	}
}

bool selector_is_of_process(const struct selector *selector)
{
	static const uint32_t of_process =
		UINT32_C(1) << CONDITION_UID | UINT32_C(1) << CONDITION_EUID |
		UINT32_C(1) << CONDITION_LOGINUID | UINT32_C(1) << CONDITION_UNIX_GROUP |
		UINT32_C(1) << CONDITION_MEMBER_OF | UINT32_C(1) << CONDITION_TTY;

	return selector->always_count == 0 && !(selector->kinds & ~of_process);
}

void selector_find(const struct selector *selector, struct facts *facts,
		   struct candidates *candidates)
{
	struct look_up look = { .selector = selector, .candidates = candidates };

	for (size_t i = 0; i < selector->always_count; i++)
		candidates_add(candidates, selector->always[i]);
	for (uint32_t left = selector->kinds; left; left &= left - 1) {
		look.kind = (enum condition_kind)__builtin_ctz(left);
		if (condition_known(look.kind, facts))
			look_up(&look, facts);
	}
}
