// SPDX-License-Identifier: MIT
/* Reading goes through the policy's parser: one schema, one set of messages. */
#include "config/limits-json.h"

#include "config/load.h"
#include "util/units.h"

static json_t *bytes(uint64_t value)
{
	char text[32];

	/* Exact where a unit divides it; otherwise plain bytes, which always are. */
	format_bytes(value, text, sizeof(text));
	if (strchr(text, '.') || (value != LIMIT_MAX && value < 1024))
		return json_sprintf("%lluB", (unsigned long long)value);
	return json_string(text);
}

static json_t *number(uint64_t value)
{
	return value == LIMIT_MAX ? json_string("max") : json_integer((json_int_t)value);
}

static json_t *cpu_share(const struct cpu_share *share)
{
	double value = (double)share->millionths / 1e6;

	return share->of_machine ? json_sprintf("%.6g%%", value * 100)
				 : json_sprintf("%.6g cores", value);
}

static json_t *io_limits(const struct limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < limits->io_count; i++) {
		const struct io_limit *io = &limits->io[i];
		const struct {
			const char *name;
			uint64_t value;
			bool is_bytes;
		} parts[] = {
			{ "rbps", io->rbps, true },
			{ "wbps", io->wbps, true },
			{ "riops", io->riops, false },
			{ "wiops", io->wiops, false },
		};
		json_t *device = json_object();

		for (size_t j = 0; j < ARRAY_SIZE(parts); j++)
			if (parts[j].value != LIMIT_MAX)
				json_object_set_new(device, parts[j].name,
						    parts[j].is_bytes ? bytes(parts[j].value)
								      : number(parts[j].value));
		json_object_set_new(object, io->device, device);
	}
	return object;
}

static json_t *hugetlb_limits(const struct limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < limits->hugetlb_count; i++)
		json_object_set_new(object, limits->hugetlb[i].page_size,
				    bytes(limits->hugetlb[i].bytes));
	return object;
}

static json_t *raw_limits(const struct limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < limits->raw_count; i++)
		json_object_set_new(object, limits->raw[i].file, json_string(limits->raw[i].value));
	return object;
}

static json_t *one(const struct limits *l, enum limit limit)
{
	switch (limit) {
	case LIMIT_CPU:
		return cpu_share(&l->cpu);
	case LIMIT_CPU_PERIOD:
		return json_sprintf("%lluus", (unsigned long long)l->cpu_period);
	case LIMIT_CPU_BURST:
		return json_sprintf("%lluus", (unsigned long long)l->cpu_burst);
	case LIMIT_CPU_WEIGHT:
		return number(l->cpu_weight);
	case LIMIT_CPU_IDLE:
		return json_boolean(l->cpu_idle);
	case LIMIT_CPUS:
		return json_string(l->cpus);
	case LIMIT_MEMS:
		return json_string(l->mems);
	case LIMIT_RAM:
		return bytes(l->ram);
	case LIMIT_RAM_HIGH:
		return bytes(l->ram_high);
	case LIMIT_RAM_LOW:
		return bytes(l->ram_low);
	case LIMIT_RAM_MIN:
		return bytes(l->ram_min);
	case LIMIT_SWAP:
		return bytes(l->swap);
	case LIMIT_OOM:
		return json_string(l->oom_group ? "group" : "process");
	case LIMIT_PIDS:
		return number(l->pids);
	case LIMIT_IO:
		return io_limits(l);
	case LIMIT_IO_WEIGHT:
		return number(l->io_weight);
	case LIMIT_HUGETLB:
		return hugetlb_limits(l);
	case LIMIT_FREEZE:
		return json_boolean(l->freeze);
	case LIMIT_RAW:
		return raw_limits(l);
	case LIMIT_COUNT:
		break;
	}
	return NULL;
}

json_t *limits_to_json(const struct limits *limits)
{
	json_t *object = json_object();

	for (enum limit limit = 0; limit < LIMIT_COUNT; limit++)
		if (limits_has(limits, limit))
			json_object_set_new(object, limit_name(limit), one(limits, limit));
	return object;
}

int limits_from_json(const json_t *object, struct limits *ret_limits, struct error *err)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) char *text = NULL;
	json_t *document;
	int r;

	document = json_pack("{s:{}, s:{s:O}}", "rules", "groups", "limits", object);
	text = document ? json_dumps(document, 0) : NULL;
	json_decref(document);
	if (!text)
		return error_oom(err);
	r = policy_parse("limits.json", text, strlen(text), 0, &policy, &diagnostics);
	for (size_t i = 0; r < 0 && i < diagnostics.count; i++)
		if (diagnostics.items[i].severity == SEVERITY_ERROR)
			return error_set(err, -EINVAL, "%s%s%s", diagnostics.items[i].message,
					 diagnostics.items[i].hint ? ": " : "",
					 diagnostics.items[i].hint ? diagnostics.items[i].hint
								   : "");
	if (r < 0 || policy->group_count == 0)
		return error_set(err, -EINVAL, "the limits cannot be read");
	return limits_copy(ret_limits, &policy->groups[0].limits) < 0 ? error_oom(err) : 0;
}
