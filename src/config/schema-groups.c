// SPDX-License-Identifier: MIT
/*
 * Groups and their limits. A value that the kernel is known to refuse, or to round to nothing, is
 * refused here with its place; what depends on the host is the cgroup layer's to say.
 */
#include "config/schema.h"

#include "config/values.h"
#include "util/fields.h"
#include "util/units.h"

#include <ctype.h>

#define MIB	    (UINT64_C(1) << 20)
#define CPU_MILLION UINT64_C(1000000) /* one processor, or all of them */

enum {
	PROCESSORS_MAX = 8192, /* CONFIG_NR_CPUS goes no higher */
	NODES_MAX = 1024,
	PIDS_MOST = 4194304, /* PID_MAX_LIMIT; pids.max refuses more */
	DEFAULT_PERIOD = 100000,
	PERIOD_MOST = 1000000,
	QUOTA_LEAST = 1000, /* µs; the kernel refuses less */
};

void set_limit(struct policy_group *group, const struct schema_key *key, const struct node *value)
{
	group->limits.set |= LIMIT_BIT(key->number);
	group->limit_at[key->number] = position_of(value);
}

static void *field(struct policy_group *group, const struct schema_key *key)
{
	return (char *)&group->limits + key->offset;
}

/* Takes what a reader of values said into the group. */
static bool take(struct policy_group *group, const struct schema_key *key, const struct node *value,
		 enum value result)
{
	if (result == VALUE_GOOD)
		set_limit(group, key, value);
	return result != VALUE_BAD;
}

static bool read_flag(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	return take(target, key, value, value_bool(reader, key->name, value, field(target, key)));
}

static bool read_count(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	const struct number_range range = { .least = key->least,
					    .most = key->most,
					    .max_word = key->number == LIMIT_PIDS,
					    .fetter = key->number == LIMIT_PIDS };

	return take(target, key, value,
		    value_number(reader, key->name, value, &range, field(target, key)));
}

static bool read_memory(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	const struct number_range range = { .least = key->least,
					    .most = LIMIT_BYTES_MOST,
					    .max_word = true,
					    .fetter = key->number == LIMIT_RAM,
					    .unit = MIB };

	return take(target, key, value,
		    value_bytes(reader, key->name, value, &range, field(target, key)));
}

static bool read_time(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = { .least = key->least, .most = key->most };

	return take(target, key, value,
		    value_microseconds(reader, key->name, value, &range, field(target, key)));
}

static bool read_oom(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	static const char *const words[] = { "process", "group" };
	struct policy_group *group = target;
	size_t index = 0;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	group->limits.oom_group = index == 1;
	return take(group, key, value, result);
}

/* Splits "1.5 cores" and "90%" into number and unit; false when it is neither. */
static bool parse_share(const char *text, struct cpu_share *share, int *ret_error)
{
	size_t digits = strspn(text, "0123456789.-");
	const char *unit = text + digits;
	char number[48];

	if (digits == 0 || digits >= sizeof(number))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	unit += strspn(unit, " ");
	share->of_machine = streq(unit, "%");
	if (!share->of_machine && !streq(unit, "core") && !streq(unit, "cores"))
		return false;
	*ret_error =
		parse_decimal(number, share->of_machine ? 10000 : CPU_MILLION, &share->millionths);
	return *ret_error != -EINVAL;
}

/* A plain number is percent of the whole machine, whole ones as in fetter. */
static enum value read_percent(struct reader *reader, const struct schema_key *key,
			       const struct node *value, struct cpu_share *share)
{
	const struct number_range range = { .least = 1, .most = CPU_MILLION, .fetter = true };
	const char *text = tree_text(&reader->tree, value);
	uint64_t percent = 0, whole;
	enum value result;
	double real;

	if (!compat(reader) && integer_from_text(text, value->plain, false, &whole) == -EINVAL &&
	    is_float_text(text, &real) && real > 0 && real < 1e6) {
		report_error(reader, value, "write a part of a percent as \"12.5%\"",
			     "\"%s\" must be a whole number of percent, not %s", key->name, text);
		return VALUE_BAD;
	}
	result = value_number(reader, key->name, value, &range, &percent);
	*share = (struct cpu_share){ .of_machine = true, .millionths = percent * 10000 };
	return result;
}

static bool check_share(struct reader *reader, const struct schema_key *key,
			const struct node *value, const struct cpu_share *share)
{
	uint64_t most = share->of_machine ? CPU_MILLION * 10000 : CPU_MILLION * PROCESSORS_MAX;

	if (share->millionths == 0)
		return report_error(reader, value, "take the key out for no limit",
				    "\"%s\" cannot be zero", key->name);
	if (!share->of_machine && share->millionths < 1000)
		return report_error(reader, value, NULL,
				    "\"%s\": 0.001 cores is the least that the kernel can do",
				    key->name);
	if (share->millionths > most)
		return report_error(reader, value, NULL, "\"%s\" is more than any machine has",
				    key->name);
	if (share->of_machine && share->millionths > CPU_MILLION)
		report_warning(reader, value, NULL,
			       "\"%s\" is more than the whole machine: no limit in effect",
			       key->name);
	return true;
}

static bool read_cpu(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	const char *hint = "write 90 (percent of the machine), \"90%\" or \"1.5 cores\"";
	struct policy_group *group = target;
	struct cpu_share share = { 0 };
	const char *text = value->kind == NODE_SCALAR ? tree_text(&reader->tree, value) : "";
	uint64_t number;
	double real;
	int r = 0;

	if (value->plain && streq(text, "max"))
		return true; /* the kernel's default, said explicitly */
	if (value->kind != NODE_SCALAR || value_is_null(reader, value) ||
	    integer_from_text(text, value->plain, true, &number) != -EINVAL ||
	    is_float_text(text, &real)) {
		enum value result = read_percent(reader, key, value, &share);

		if (result != VALUE_GOOD)
			return result != VALUE_BAD;
	} else if (!parse_share(text, &share, &r)) {
		return report_error(reader, value, hint, "\"%s\": \"%.60s\" is no share", key->name,
				    text);
	}
	if (r == -ERANGE)
		return report_error(reader, value, hint, "\"%s\": %.60s is out of range", key->name,
				    text);
	if (!check_share(reader, key, value, &share))
		return false;
	group->limits.cpu = share;
	return take(group, key, value, VALUE_GOOD);
}

/* Reads "0-3,8"; returns the greatest number, or -1. */
static long parse_list(const char *text, long most)
{
	long greatest = -1;

	for (;;) {
		long from, to;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -1;
		from = to = strtol(text, &end, 10);
		if (*end == '-') {
			text = end + 1;
			if (!isdigit((unsigned char)*text))
				return -1;
			to = strtol(text, &end, 10);
		}
		if (to < from || to >= most)
			return -1;
		greatest = MAX(greatest, to);
		if (*end == '\0')
			return greatest;
		if (*end != ',')
			return -1;
		text = end + 1;
	}
}

static bool read_list(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct policy_group *group = target;
	char **to = field(group, key), *copy;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);
	long greatest, here;

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	greatest = parse_list(text, (long)key->most);
	if (greatest < 0)
		return report_error(reader, value, "write a list such as \"0-3,8\"",
				    "\"%s\": \"%.60s\" is no list of numbers below %d", key->name,
				    text, (int)key->most);
	here = key->number == LIMIT_CPUS ? sysconf(_SC_NPROCESSORS_CONF) : -1;
	if (here > 0 && greatest >= here)
		report_warning(reader, value, NULL, "this host has no processor %ld, only 0 to %ld",
			       greatest, here - 1);
	copy = strdup(text);
	if (!copy)
		return report_oom(reader);
	free(*to);
	*to = copy;
	return take(group, key, value, VALUE_GOOD);
}

#define LIMIT_FIELD(member) offsetof(struct limits, member)

static const struct schema_key group_keys[] = {
	{ "cpu", "share or max", "90 or \"90%\" of the whole machine; \"1.5 cores\"", read_cpu,
	  .number = LIMIT_CPU },
	{ "cpu_burst", "time", "time saved up that may be used at once; at most the quota",
	  read_time, LIMIT_FIELD(cpu_burst), 0, CPU_MILLION *PROCESSORS_MAX, LIMIT_CPU_BURST },
	{ "cpu_idle", "true or false", "runs only when nothing else wants to", read_flag,
	  LIMIT_FIELD(cpu_idle), .number = LIMIT_CPU_IDLE },
	{ "cpu_period", "time", "what \"cpu\" is measured over; 1ms to 1s", read_time,
	  LIMIT_FIELD(cpu_period), 1000, 1000000, LIMIT_CPU_PERIOD },
	{ "cpu_weight", "number", "1 to 10000, default 100", read_count, LIMIT_FIELD(cpu_weight), 1,
	  10000, LIMIT_CPU_WEIGHT },
	{ "cpus", "list of numbers", "processors it may use: \"0-3,8\"", read_list,
	  LIMIT_FIELD(cpus), .most = PROCESSORS_MAX, .number = LIMIT_CPUS },
	{ "freeze", "true or false", "stops every process in it", read_flag, LIMIT_FIELD(freeze),
	  .number = LIMIT_FREEZE },
	{ "hugetlb", "map", "size of page -> bytes or max", read_hugetlb, .number = LIMIT_HUGETLB },
	{ "io", "map", "device or mount point -> rbps, wbps, riops, wiops", read_io,
	  .number = LIMIT_IO },
	{ "io_weight", "number", "1 to 10000, default 100", read_count, LIMIT_FIELD(io_weight), 1,
	  10000, LIMIT_IO_WEIGHT },
	{ "mems", "list of numbers", "memory nodes it may use: \"0\"", read_list, LIMIT_FIELD(mems),
	  .most = NODES_MAX, .number = LIMIT_MEMS },
	{ "oom", "group or process", "what is killed when memory runs out", read_oom,
	  .number = LIMIT_OOM },
	{ "pids", "number or max", "greatest number of tasks", read_count, LIMIT_FIELD(pids), 1,
	  PIDS_MOST, LIMIT_PIDS },
	{ "ram", "bytes or max", "hard limit: 4500 (MiB) or \"4.5G\"", read_memory,
	  LIMIT_FIELD(ram), .least = 4096, .number = LIMIT_RAM },
	{ "ram_high", "bytes or max", "above it, it is slowed and reclaimed", read_memory,
	  LIMIT_FIELD(ram_high), .least = 4096, .number = LIMIT_RAM_HIGH },
	{ "ram_low", "bytes or max", "below it, reclaimed only if need be", read_memory,
	  LIMIT_FIELD(ram_low), .number = LIMIT_RAM_LOW },
	{ "ram_min", "bytes or max", "below it, never reclaimed", read_memory, LIMIT_FIELD(ram_min),
	  .number = LIMIT_RAM_MIN },
	{ "raw", "map", "file of a controller -> value", read_raw, .number = LIMIT_RAW },
	{ "swap", "bytes or max", "swap beyond ram; 0 for none", read_memory, LIMIT_FIELD(swap),
	  .number = LIMIT_SWAP },
};
_Static_assert(ARRAY_SIZE(group_keys) == LIMIT_COUNT, "every limit has its key");
const struct schema group_schema = {
	"a group", group_keys, ARRAY_SIZE(group_keys), { { NULL, 0 } }
};

/* Microseconds of processor time in one period, on this host where it is a share of it. */
static uint64_t quota(const struct limits *limits, uint64_t period)
{
	long here = limits->cpu.of_machine ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
	__extension__ unsigned __int128 time = limits->cpu.millionths;

	return (uint64_t)(time * period * (unsigned long)MAX(here, 1L) / CPU_MILLION);
}

static struct place place_of_limit(const struct policy_group *group, enum limit limit)
{
	return place_from(group->limit_at[limit], 1);
}

static bool check_cpu(struct reader *reader, const struct policy_group *group)
{
	const struct limits *limits = &group->limits;
	bool given = limits_has(limits, LIMIT_CPU_PERIOD), good = true;
	uint64_t period = given ? limits->cpu_period : DEFAULT_PERIOD;

	if (limits_has(limits, LIMIT_CPU_WEIGHT) && limits->cpu_idle)
		good = report_at(reader, SEVERITY_ERROR, place_of_limit(group, LIMIT_CPU_WEIGHT),
				 "take one of them out",
				 "\"cpu_weight\" and \"cpu_idle: true\" exclude each other");
	if (!limits_has(limits, LIMIT_CPU)) {
		if (given)
			report_at(reader, SEVERITY_WARNING, place_of_limit(group, LIMIT_CPU_PERIOD),
				  NULL, "\"cpu_period\" has no effect without \"cpu\"");
		if (limits_has(limits, LIMIT_CPU_BURST))
			report_at(reader, SEVERITY_WARNING, place_of_limit(group, LIMIT_CPU_BURST),
				  NULL, "\"cpu_burst\" has no effect without \"cpu\"");
		return good;
	}
	if (given && quota(limits, period) < QUOTA_LEAST)
		good = report_at(reader, SEVERITY_ERROR, place_of_limit(group, LIMIT_CPU_PERIOD),
				 "make the period longer",
				 "\"cpu\" leaves less than 1 ms in a period of %u us",
				 (unsigned)period);
	if (!given && quota(limits, period) < QUOTA_LEAST)
		period = PERIOD_MOST; /* what the cgroup layer does */
	if (limits_has(limits, LIMIT_CPU_BURST) && limits->cpu_burst > quota(limits, period))
		good = report_at(reader, SEVERITY_ERROR, place_of_limit(group, LIMIT_CPU_BURST),
				 "make \"cpu_burst\" smaller, or \"cpu_period\" longer",
				 "\"cpu_burst\" is more than the %llu us that \"cpu\" gives in one "
				 "period",
				 (unsigned long long)quota(limits, period));
	return good;
}

static void warn_above_ram(struct reader *reader, const struct policy_group *group,
			   enum limit limit, uint64_t value)
{
	if (limits_has(&group->limits, limit) && value > group->limits.ram && value != LIMIT_MAX)
		report_at(reader, SEVERITY_WARNING, place_of_limit(group, limit), NULL,
			  "\"%s\" is above \"ram\" and has no effect", limit_name(limit));
}

static void check_memory(struct reader *reader, const struct policy_group *group)
{
	const struct limits *limits = &group->limits;

	if (!limits_has(limits, LIMIT_RAM) || limits->ram == LIMIT_MAX)
		return;
	if (limits->ram < MIB)
		report_at(reader, SEVERITY_WARNING, place_of_limit(group, LIMIT_RAM),
			  "a plain number is MiB", "hardly any program runs in so little memory");
	warn_above_ram(reader, group, LIMIT_RAM_HIGH, limits->ram_high);
	warn_above_ram(reader, group, LIMIT_RAM_LOW, limits->ram_low);
	warn_above_ram(reader, group, LIMIT_RAM_MIN, limits->ram_min);
}

struct policy_group *new_limits(struct reader *reader, const struct node *at)
{
	struct policy_limits *own = arena_alloc(reader->memory, sizeof(*own));

	if (!own) {
		report_oom(reader);
		return NULL;
	}
	own->group.at = position_of(at);
	own->next = reader->policy->own_limits;
	reader->policy->own_limits = own;
	return &own->group;
}

bool check_limits(struct reader *reader, const struct policy_group *group)
{
	bool good = check_cpu(reader, group);

	check_memory(reader, group);
	return good;
}

bool read_limits(struct reader *reader, const struct node *map, struct policy_group *group)
{
	return expect_map(reader, group->name, map) &&
	       schema_read(reader, &group_schema, map, group) && check_limits(reader, group);
}

/* The same with every field as "x": what is written around them is checked. */
static struct slice field_as_letter(char letter, void *userdata)
{
	return (struct slice){ "x", 1 };
}

bool group_name_read(struct reader *reader, const struct node *node, char **ret_name,
		     bool *ret_template)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(text_done) struct text shown = { 0 };
	const char *text = tree_text(&reader->tree, node);

	*ret_template = false;
	*ret_name = arena_copy(reader->memory, text, node->count);
	if (!*ret_name)
		return report_oom(reader);
	/* In a file of fetter's a "%" is one. */
	if (!compat(reader) && strchr(text, '%')) {
		if (fields_check(text, GROUP_FIELDS, &err) < 0)
			return report_error(reader, node, NULL, "group \"%.80s\": %s", text,
					    error_text(&err));
		if (fields_expand(text, field_as_letter, NULL, &shown) < 0)
			return report_oom(reader);
		*ret_template = fields_use(text, 0);
		if (!*ret_template)
			*ret_name = arena_string(reader->memory, shown.data);
		if (!*ret_name)
			return report_oom(reader);
		text = shown.data;
	}
	if (group_name_check(text, &err) < 0)
		return report_error(reader, node, NULL, "a group cannot be named \"%.80s\": %s",
				    *ret_name, error_text(&err));
	return true;
}

/* "users/%u" is no group, but what those are held to that rules make by this name. */
static bool read_template(struct reader *reader, char *name, const struct node *key,
			  const struct node *body)
{
	struct policy_group *group = new_limits(reader, key);
	struct policy_group *first = NULL;
	int r;

	if (!group)
		return false;
	group->name = name;
	r = hash_put_string(&reader->templates, name, group, (void **)&first);
	if (r < 0)
		return report_oom(reader);
	if (r == 0) {
		report_twice(reader, "this group", key, first->at);
		return false;
	}
	return read_limits(reader, body, group);
}

static bool read_group(struct reader *reader, const struct node *key, const struct node *body)
{
	struct policy *policy = reader->policy;
	struct policy_group *group, *groups;
	bool good, template;
	char what[64], *name = NULL;
	size_t old = 0;
	int r;

	good = group_name_read(reader, key, &name, &template);
	if (!name)
		return false;
	if (template)
		return read_template(reader, name, key, body) && good;
	groups = grow_array(reader, policy->groups, &reader->group_room, policy->group_count,
			    sizeof(*groups));
	if (!groups)
		return false;
	policy->groups = groups;
	group = &groups[policy->group_count];
	group->name = name;
	group->at = position_of(key);
	r = put_name(reader, &reader->groups, group->name, policy->group_count, &old);
	if (r == 0) {
		snprintf(what, sizeof(what), "group \"%.40s\"", group->name);
		report_twice(reader, what, key, policy->groups[old].at);
	}
	if (r <= 0)
		return false;
	policy->group_count++;
	return read_limits(reader, body, group) && good;
}

bool read_groups(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target)
{
	const struct node *name, *body;
	bool good = true;

	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &body);)
		if (layers_pick(reader, LAYERED_GROUPS, &name, &body, NULL))
			good &= read_group(reader, name, body);
	return good && !reader->too_large;
}
