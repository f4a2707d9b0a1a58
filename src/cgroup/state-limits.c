// SPDX-License-Identifier: MIT
/*
 * Limits in the record: a group that a command made is in no policy, so what it is held to has to
 * be remembered for the next one (`reeve group set` changes one limit and leaves the others). Keys
 * are the policy's; values are plain numbers in the kernel's units, -1 for "max".
 */
#include "cgroup/internal.h"

#include <inttypes.h>

enum form { FORM_NUMBER, FORM_FLAG, FORM_TEXT, FORM_SHARE, FORM_IO, FORM_HUGETLB, FORM_RAW };

#define ROW(limit_, form_, field_) [limit_] = { form_, offsetof(struct limits, field_) }

static const struct {
	enum form form;
	size_t offset;
} rows[LIMIT_COUNT] = {
	ROW(LIMIT_CPU, FORM_SHARE, cpu),
	ROW(LIMIT_CPU_PERIOD, FORM_NUMBER, cpu_period),
	ROW(LIMIT_CPU_BURST, FORM_NUMBER, cpu_burst),
	ROW(LIMIT_CPU_WEIGHT, FORM_NUMBER, cpu_weight),
	ROW(LIMIT_CPU_IDLE, FORM_FLAG, cpu_idle),
	ROW(LIMIT_CPUS, FORM_TEXT, cpus),
	ROW(LIMIT_MEMS, FORM_TEXT, mems),
	ROW(LIMIT_RAM, FORM_NUMBER, ram),
	ROW(LIMIT_RAM_HIGH, FORM_NUMBER, ram_high),
	ROW(LIMIT_RAM_LOW, FORM_NUMBER, ram_low),
	ROW(LIMIT_RAM_MIN, FORM_NUMBER, ram_min),
	ROW(LIMIT_SWAP, FORM_NUMBER, swap),
	ROW(LIMIT_OOM, FORM_FLAG, oom_group),
	ROW(LIMIT_PIDS, FORM_NUMBER, pids),
	ROW(LIMIT_IO, FORM_IO, io),
	ROW(LIMIT_IO_WEIGHT, FORM_NUMBER, io_weight),
	ROW(LIMIT_HUGETLB, FORM_HUGETLB, hugetlb),
	ROW(LIMIT_FREEZE, FORM_FLAG, freeze),
	ROW(LIMIT_RAW, FORM_RAW, raw),
};

/* ---- writing ---- */

static json_t *number_to_json(uint64_t number)
{
	return json_integer(number == LIMIT_MAX ? -1 : (json_int_t)number);
}

static json_t *io_to_json(const struct limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < limits->io_count; i++) {
		const struct io_limit *io = &limits->io[i];

		json_object_set_new(object, io->device,
				    json_pack("[o, o, o, o]", number_to_json(io->rbps),
					      number_to_json(io->wbps), number_to_json(io->riops),
					      number_to_json(io->wiops)));
	}
	return object;
}

static json_t *hugetlb_to_json(const struct limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < limits->hugetlb_count; i++)
		json_object_set_new(object, limits->hugetlb[i].page_size,
				    number_to_json(limits->hugetlb[i].bytes));
	return object;
}

static json_t *raw_to_json(const struct limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < limits->raw_count; i++)
		json_object_set_new(object, limits->raw[i].file, json_string(limits->raw[i].value));
	return object;
}

static json_t *value_to_json(const struct limits *limits, enum limit limit)
{
	const void *field = (const char *)limits + rows[limit].offset;

	switch (rows[limit].form) {
	case FORM_FLAG:
		return json_boolean(*(const bool *)field);
	case FORM_TEXT:
		return json_string(*(char *const *)field);
	case FORM_SHARE:
		return json_pack("{s:b, s:I}", "of_machine", (int)limits->cpu.of_machine,
				 "millionths", (json_int_t)limits->cpu.millionths);
	case FORM_IO:
		return io_to_json(limits);
	case FORM_HUGETLB:
		return hugetlb_to_json(limits);
	case FORM_RAW:
		return raw_to_json(limits);
	case FORM_NUMBER:
		break;
	}
	return number_to_json(*(const uint64_t *)field);
}

json_t *limits_to_record(const struct limits *limits)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < LIMIT_COUNT; i++)
		if (limits_has(limits, (enum limit)i))
			json_object_set_new(object, limit_name((enum limit)i),
					    value_to_json(limits, (enum limit)i));
	return object;
}

/* ---- reading: nothing in the file is believed ---- */

static int number_from_json(const json_t *json, uint64_t *ret_number)
{
	json_int_t value = json_integer_value(json);

	if (!json_is_integer(json) || value < -1)
		return -EBADMSG;
	*ret_number = value < 0 ? LIMIT_MAX : (uint64_t)value;
	return 0;
}

static int text_from_json(const json_t *json, char **ret_text)
{
	if (!json_is_string(json))
		return -EBADMSG;
	*ret_text = strdup(json_string_value(json));
	return *ret_text ? 0 : -ENOMEM;
}

static int share_from_json(const json_t *json, struct cpu_share *share)
{
	uint64_t millionths = 0;
	int r = number_from_json(json_object_get(json, "millionths"), &millionths);

	if (r < 0 || millionths == 0 || millionths > UINT32_MAX * UINT64_C(1000000))
		return -EBADMSG;
	*share =
		(struct cpu_share){ json_is_true(json_object_get(json, "of_machine")), millionths };
	return 0;
}

static int io_from_json(json_t *object, struct limits *limits)
{
	const char *device;
	json_t *rates;

	limits->io = calloc(json_object_size(object) + 1, sizeof(*limits->io));
	if (!limits->io)
		return -ENOMEM;
	json_object_foreach(object, device, rates)
	{
		struct io_limit *io = &limits->io[limits->io_count];
		uint64_t *const to[] = { &io->rbps, &io->wbps, &io->riops, &io->wiops };

		for (size_t i = 0; i < ARRAY_SIZE(to); i++)
			if (number_from_json(json_array_get(rates, i), to[i]) < 0)
				return -EBADMSG;
		io->device = strdup(device);
		if (!io->device)
			return -ENOMEM;
		limits->io_count++;
	}
	return 0;
}

static int hugetlb_from_json(json_t *object, struct limits *limits)
{
	const char *size;
	json_t *bytes;

	limits->hugetlb = calloc(json_object_size(object) + 1, sizeof(*limits->hugetlb));
	if (!limits->hugetlb)
		return -ENOMEM;
	json_object_foreach(object, size, bytes)
	{
		struct hugetlb_limit *limit = &limits->hugetlb[limits->hugetlb_count];

		if (number_from_json(bytes, &limit->bytes) < 0)
			return -EBADMSG;
		limit->page_size = strdup(size);
		if (!limit->page_size)
			return -ENOMEM;
		limits->hugetlb_count++;
	}
	return 0;
}

static int raw_from_json(json_t *object, struct limits *limits)
{
	const char *file;
	json_t *value;
	int r = 0;

	limits->raw = calloc(json_object_size(object) + 1, sizeof(*limits->raw));
	if (!limits->raw)
		return -ENOMEM;
	json_object_foreach(object, file, value)
	{
		struct raw_limit *raw = &limits->raw[limits->raw_count];

		if (r < 0)
			break;
		if (strchr(file, '/'))
			return -EBADMSG;
		r = text_from_json(value, &raw->value);
		if (r < 0)
			return r;
		limits->raw_count++; /* limits_done() takes one without a name */
		raw->file = strdup(file);
		if (!raw->file)
			return -ENOMEM;
	}
	return r;
}

static int value_from_json(json_t *json, enum limit limit, struct limits *limits)
{
	void *field = (char *)limits + rows[limit].offset;

	switch (rows[limit].form) {
	case FORM_FLAG:
		*(bool *)field = json_is_true(json);
		return json_is_boolean(json) ? 0 : -EBADMSG;
	case FORM_TEXT:
		return text_from_json(json, field);
	case FORM_SHARE:
		return share_from_json(json, &limits->cpu);
	case FORM_IO:
		return io_from_json(json, limits);
	case FORM_HUGETLB:
		return hugetlb_from_json(json, limits);
	case FORM_RAW:
		return raw_from_json(json, limits);
	case FORM_NUMBER:
		break;
	}
	return number_from_json(json, field);
}

int limits_from_record(const json_t *object, struct limits *ret_limits)
{
	_cleanup_(limits_done) struct limits limits = { 0 };

	if (!json_is_object(object))
		return -EBADMSG;
	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		json_t *json = json_object_get(object, limit_name((enum limit)i));
		int r = json ? value_from_json(json, (enum limit)i, &limits) : 0;

		if (r < 0)
			return r;
		if (json)
			limits.set |= LIMIT_BIT(i);
	}
	*ret_limits = limits;
	limits = (struct limits){ 0 };
	return 0;
}
