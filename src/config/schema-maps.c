// SPDX-License-Identifier: MIT
/* The limits of a group that are maps themselves: io, hugetlb and raw. */
#include "config/schema.h"

#include "config/values.h"
#include "util/units.h"

#define MIB (UINT64_C(1) << 20)

static bool read_rate(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = {
		.least = 1, .most = LIMIT_BYTES_MOST, .max_word = true, .unit = 1
	};
	uint64_t *to = (uint64_t *)((char *)target + key->offset);

	/* Operations are counted, bytes have units. */
	if (strstr(key->name, "iops"))
		return value_number(reader, key->name, value, &range, to) != VALUE_BAD;
	return value_bytes(reader, key->name, value, &range, to) != VALUE_BAD;
}

static const struct schema_key io_keys[] = {
	{ "rbps", "bytes or max", "bytes read a second", read_rate,
	  offsetof(struct io_limit, rbps) },
	{ "riops", "number or max", "reads a second", read_rate, offsetof(struct io_limit, riops) },
	{ "wbps", "bytes or max", "bytes written a second", read_rate,
	  offsetof(struct io_limit, wbps) },
	{ "wiops", "number or max", "writes a second", read_rate,
	  offsetof(struct io_limit, wiops) },
};
const struct schema io_schema = { "an io limit", io_keys, ARRAY_SIZE(io_keys), { { NULL, 0 } } };

/* "8:0", or a path of a device or mount point. */
static bool is_device(const char *text)
{
	size_t major = strspn(text, "0123456789"), minor;

	if (text[0] == '/')
		return !strpbrk(text, "\n");
	if (major == 0 || major > 9 || text[major] != ':')
		return false;
	minor = strspn(text + major + 1, "0123456789");
	return minor > 0 && minor <= 9 && text[major + 1 + minor] == '\0';
}

/* A map of at least one pair, for io, hugetlb and raw. */
static bool expect_pairs(struct reader *reader, const struct schema_key *key,
			 const struct node *value)
{
	if (!expect_map(reader, key->name, value))
		return false;
	return value->kind == NODE_MAP || report_quirk(reader, place_of(value), "take the key out",
						       "\"%s\" has no value", key->name);
}

static bool finish(struct reader *reader, struct policy_group *group, const struct schema_key *key,
		   const struct node *value, bool good)
{
	if (good)
		set_limit(group, key, value);
	return good && !reader->too_large;
}

bool read_io(struct reader *reader, const struct schema_key *key, const struct node *value,
	     void *target)
{
	struct policy_group *group = target;
	struct limits *limits = &group->limits;
	const struct node *device, *body;
	size_t room = 0;
	bool good = true;

	if (!expect_pairs(reader, key, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &device, &body);) {
		const char *name = tree_text(&reader->tree, device);
		struct io_limit *io =
			grow_array(reader, limits->io, &room, limits->io_count, sizeof(*io));

		if (!io)
			return false;
		limits->io = io;
		io += limits->io_count;
		*io = (struct io_limit){ NULL, LIMIT_MAX, LIMIT_MAX, LIMIT_MAX, LIMIT_MAX };
		if (!is_device(name))
			good = report_error(reader, device,
					    "write /dev/sda, \"8:0\" or a mount point",
					    "\"%.80s\" is no device", name);
		good &= expect_map(reader, name, body) && schema_read(reader, &io_schema, body, io);
		io->device = strdup(name);
		if (!io->device)
			return report_oom(reader);
		limits->io_count++;
	}
	return finish(reader, group, key, value, good);
}

/* "2MB" as in hugetlb.2MB.max: bytes of one page, or 0. */
static uint64_t page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t bytes;

	if (digits == 0 || text[0] == '0' ||
	    (!streq(text + digits, "KB") && !streq(text + digits, "MB") &&
	     !streq(text + digits, "GB")))
		return 0;
	return parse_bytes(text, 1, &bytes) == 0 ? bytes : 0;
}

bool read_hugetlb(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *target)
{
	const struct number_range range = { .most = LIMIT_BYTES_MOST,
					    .max_word = true,
					    .unit = MIB };
	struct policy_group *group = target;
	struct limits *limits = &group->limits;
	const struct node *size, *amount;
	size_t room = 0;
	bool good = true;

	if (!expect_pairs(reader, key, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &size, &amount);) {
		const char *name = tree_text(&reader->tree, size);
		struct hugetlb_limit *limit = grow_array(reader, limits->hugetlb, &room,
							 limits->hugetlb_count, sizeof(*limit));
		uint64_t page = page_size(name);
		enum value result;

		if (!limit)
			return false;
		limits->hugetlb = limit;
		limit += limits->hugetlb_count;
		if (page == 0)
			good = report_error(reader, size, "write \"2MB\" or \"1GB\"",
					    "\"%.60s\" is no size of a huge page", name);
		result = value_bytes(reader, name, amount, &range, &limit->bytes);
		good &= result == VALUE_GOOD;
		if (result == VALUE_GOOD && page > 0 && limit->bytes != LIMIT_MAX &&
		    limit->bytes % page != 0)
			report_warning(reader, amount, NULL,
				       "this is no multiple of %s: the kernel rounds it down",
				       name);
		limit->page_size = strdup(name);
		if (!limit->page_size)
			return report_oom(reader);
		limits->hugetlb_count++;
	}
	return finish(reader, group, key, value, good);
}

/* Files that belong to a key, on either version of cgroups, or to reeve alone (no key). */
static const struct {
	const char *file, *key;
} owned_files[] = {
	{ "blkio.bfq.weight", "io_weight" },
	{ "blkio.throttle.read_bps_device", "io" },
	{ "blkio.throttle.read_iops_device", "io" },
	{ "blkio.throttle.write_bps_device", "io" },
	{ "blkio.throttle.write_iops_device", "io" },
	{ "blkio.weight", "io_weight" },
	{ "cgroup.freeze", "freeze" },
	{ "cpu.cfs_burst_us", "cpu_burst" },
	{ "cpu.cfs_period_us", "cpu_period" },
	{ "cpu.cfs_quota_us", "cpu" },
	{ "cpu.idle", "cpu_idle" },
	{ "cpu.max", "cpu" },
	{ "cpu.max.burst", "cpu_burst" },
	{ "cpu.shares", "cpu_weight" },
	{ "cpu.weight", "cpu_weight" },
	{ "cpu.weight.nice", "cpu_weight" },
	{ "cpuset.cpus", "cpus" },
	{ "cpuset.mems", "mems" },
	{ "freezer.state", "freeze" },
	{ "io.bfq.weight", "io_weight" },
	{ "io.max", "io" },
	{ "io.weight", "io_weight" },
	{ "memory.high", "ram_high" },
	{ "memory.limit_in_bytes", "ram" },
	{ "memory.low", "ram_low" },
	{ "memory.max", "ram" },
	{ "memory.memsw.limit_in_bytes", "swap" },
	{ "memory.min", "ram_min" },
	{ "memory.oom.group", "oom" },
	{ "memory.swap.max", "swap" },
	{ "pids.max", "pids" },
};

/* The files of the cgroup core that change nothing of what reeve does. */
static const char *const core_files[] = { "cgroup.max.depth", "cgroup.max.descendants",
					  "cgroup.pressure" };

static bool is_hugetlb_limit(const char *file)
{
	return strncmp(file, "hugetlb.", 8) == 0 &&
	       (strstr(file, ".limit_in_bytes") || strstr(file, ".max")) && !strstr(file, ".rsvd.");
}

static bool has_raw_form(const char *file)
{
	size_t controller = strspn(file, "abcdefghijklmnopqrstuvwxyz_");
	size_t size = strspn(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-");

	return controller > 0 && file[controller] == '.' && file[controller + 1] != '\0' &&
	       file[size] == '\0' && size <= 255;
}

bool raw_takes(const char *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(owned_files); i++)
		if (streq(file, owned_files[i].file))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(core_files); i++)
		if (streq(file, core_files[i]))
			return true;
	return has_raw_form(file) && !is_hugetlb_limit(file) && strncmp(file, "cgroup.", 7) != 0;
}

static bool check_raw_file(struct reader *reader, const struct node *node, const char *file)
{
	char hint[64];

	if (!has_raw_form(file))
		return report_error(reader, node, "write a name such as memory.swappiness",
				    "\"%.80s\" is no file of a controller", file);
	for (size_t i = 0; i < ARRAY_SIZE(owned_files); i++) {
		if (!streq(file, owned_files[i].file))
			continue;
		snprintf(hint, sizeof(hint), "use the key \"%s\"", owned_files[i].key);
		return report_error(reader, node, hint, "\"%s\" is written by reeve itself", file);
	}
	if (is_hugetlb_limit(file))
		return report_error(reader, node, "use the key \"hugetlb\"",
				    "\"%s\" is written by reeve itself", file);
	if (strncmp(file, "cgroup.", 7) != 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(core_files); i++)
		if (streq(file, core_files[i]))
			return true;
	return report_error(reader, node, NULL, "\"%s\" is reeve's alone to write", file);
}

static bool check_raw_value(struct reader *reader, const char *file, const struct node *node,
			    const char **ret_text)
{
	if (value_text(reader, file, node, ret_text) != VALUE_GOOD)
		return false;
	if (node->count > 4000)
		return report_error(reader, node, NULL, "\"%s\": the value is too long", file);
	for (const char *at = *ret_text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return report_error(reader, node, NULL,
					    "\"%s\": the value must be one line, without control "
					    "characters",
					    file);
	return true;
}

bool read_raw(struct reader *reader, const struct schema_key *key, const struct node *value,
	      void *target)
{
	struct policy_group *group = target;
	struct limits *limits = &group->limits;
	const struct node *file, *content;
	size_t room = 0;
	bool good = true;

	if (!expect_pairs(reader, key, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &file, &content);) {
		const char *name = tree_text(&reader->tree, file), *text = "";
		struct raw_limit *raw =
			grow_array(reader, limits->raw, &room, limits->raw_count, sizeof(*raw));

		if (!raw)
			return false;
		limits->raw = raw;
		raw += limits->raw_count++;
		good &= check_raw_file(reader, file, name);
		good &= check_raw_value(reader, name, content, &text);
		raw->file = strdup(name);
		raw->value = strdup(text);
		if (!raw->file || !raw->value)
			return report_oom(reader);
	}
	return finish(reader, group, key, value, good);
}
