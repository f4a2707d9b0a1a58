// SPDX-License-Identifier: MIT
/*
 * All is read into a table of disks and numbers, and printed from it. Keys of io.stat that v1 has
 * no line for are left out, and so are v1's "Sync" and "Async", which v2 does not count.
 */
#include "cgroup/raw-convert-io.h"

#include "util/text.h"

enum { NUMBERS = 6, RATES = 4, NAME = 24 };

#define UNLIMITED UINT64_MAX

struct disk {
	char name[NAME];
	uint64_t numbers[NUMBERS];
	bool given[NUMBERS];
};

struct disks {
	struct disk *items;
	size_t count;
};

static const struct {
	const char *v1, *key;
} rates[RATES] = {
	{ "blkio.throttle.read_bps_device", "rbps" },
	{ "blkio.throttle.write_bps_device", "wbps" },
	{ "blkio.throttle.read_iops_device", "riops" },
	{ "blkio.throttle.write_iops_device", "wiops" },
};

/* The even ones are of the file of bytes, the odd ones of that of requests. */
static const struct {
	const char *v1, *key;
} counts[NUMBERS] = {
	{ "Read", "rbytes" }, { "Read", "rios" },      { "Write", "wbytes" },
	{ "Write", "wios" },  { "Discard", "dbytes" }, { "Discard", "dios" },
};
static const char *const count_files[2] = {
	"blkio.throttle.io_service_bytes",
	"blkio.throttle.io_serviced",
};

static void disks_done(struct disks *disks)
{
	free(disks->items);
}

/* The disk of that name, "8:0", which is added when it is new. */
static int get(struct disks *disks, struct slice name, struct disk **ret_disk)
{
	struct disk *larger;
	size_t major = 0, digits = 0;

	while (major < name.size && name.data[major] >= '0' && name.data[major] <= '9')
		major++;
	while (major + 1 + digits < name.size && name.data[major + 1 + digits] >= '0' &&
	       name.data[major + 1 + digits] <= '9')
		digits++;
	if (major == 0 || digits == 0 || name.data[major] != ':' ||
	    name.size != major + 1 + digits || name.size >= NAME)
		return -EINVAL;
	for (size_t i = 0; i < disks->count; i++)
		if (slice_eq(name, slice_of(disks->items[i].name))) {
			*ret_disk = &disks->items[i];
			return 0;
		}
	larger = reallocarray(disks->items, disks->count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	disks->items = larger;
	*ret_disk = &larger[disks->count++];
	**ret_disk = (struct disk){ .name = "" };
	memcpy((*ret_disk)->name, name.data, name.size);
	return 0;
}

/* The next word of a line; size 0 at its end. */
static struct slice next_word(const char **at)
{
	struct slice word;

	*at += strspn(*at, " \t");
	word = (struct slice){ *at, strcspn(*at, " \t\n") };
	*at += word.size;
	return word;
}

static int read_number(struct slice word, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (slice_eq(word, slice_of("max"))) {
		*ret_number = UNLIMITED;
		return 0;
	}
	for (size_t i = 0; i < word.size; i++) {
		if (word.data[i] < '0' || word.data[i] > '9' ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(word.data[i] - '0'), &number))
			return -EINVAL;
	}
	*ret_number = number;
	return word.size > 0 ? 0 : -EINVAL;
}

static void note(struct disk *disk, size_t index, uint64_t number)
{
	disk->numbers[index] = number;
	disk->given[index] = true;
}

/* ---- reading ---- */

/* "rbps=5": which number it is; -1: none that we know. */
static int find_key(struct slice word, bool of_rates, struct slice *ret_value)
{
	for (size_t i = 0; i < (of_rates ? (size_t)RATES : (size_t)NUMBERS); i++) {
		const char *key = of_rates ? rates[i].key : counts[i].key;
		size_t size = strlen(key);

		if (word.size <= size || memcmp(word.data, key, size) != 0 ||
		    word.data[size] != '=')
			continue;
		*ret_value = (struct slice){ word.data + size + 1, word.size - size - 1 };
		return (int)i;
	}
	return -1;
}

static int read_keys(const char *at, bool of_rates, struct disks *disks)
{
	while (*at) {
		struct slice name = next_word(&at), word, value;
		struct disk *disk = NULL;
		uint64_t number;
		int r = name.size > 0 ? get(disks, name, &disk) : 0;

		while (r >= 0 && disk && (word = next_word(&at)).size > 0) {
			int index = find_key(word, of_rates, &value);

			/* io.stat may have more. */
			if (index < 0 && !of_rates)
				continue;
			r = index < 0 ? -EINVAL : read_number(value, &number);
			if (r >= 0)
				note(disk, (size_t)index, number);
		}
		if (r < 0)
			return r;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return 0;
}

/* Lines of one rate of v1. */
static int read_rate(const char *at, size_t index, struct disks *disks)
{
	while (*at) {
		struct slice name = next_word(&at), word = next_word(&at);
		struct disk *disk;
		uint64_t number;
		int r;

		if (name.size > 0) {
			r = get(disks, name, &disk);
			if (r >= 0)
				r = read_number(word, &number);
			if (r < 0)
				return r;
			note(disk, index, number == 0 ? UNLIMITED : number);
		}
		if (next_word(&at).size > 0)
			return -EINVAL;
		at += *at == '\n';
	}
	return 0;
}

/* "8:0 Read 5"; the sums behind them are not asked for. `which` file it is. */
static int read_counts(const char *at, size_t which, struct disks *disks)
{
	while (*at) {
		struct slice name = next_word(&at), kind = next_word(&at), word = next_word(&at);

		for (size_t i = which; i < NUMBERS && word.size > 0; i += 2) {
			struct disk *disk;
			uint64_t number;
			int r;

			if (!slice_eq(kind, slice_of(counts[i].v1)))
				continue;
			r = get(disks, name, &disk);
			if (r >= 0)
				r = read_number(word, &number);
			if (r < 0)
				return r;
			note(disk, i, number);
		}
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return 0;
}

/* ---- printing ---- */

static void print_number(struct text *text, uint64_t number, const char *none)
{
	if (number == UNLIMITED)
		text_add(text, none);
	else
		text_addf(text, "%llu", (unsigned long long)number);
}

/* v2's lines; of rates those that are not given are left out, or said to be none. */
static void print_keys(struct text *text, const struct disks *disks, bool of_rates, bool all)
{
	for (size_t i = 0; i < disks->count; i++) {
		const struct disk *disk = &disks->items[i];

		text_addf(text, "%s%s", text->size ? "\n" : "", disk->name);
		for (size_t k = 0; k < (of_rates ? (size_t)RATES : (size_t)NUMBERS); k++) {
			if (!disk->given[k] && !all)
				continue;
			text_addf(text, " %s=", of_rates ? rates[k].key : counts[k].key);
			print_number(text,
				     disk->given[k] ? disk->numbers[k]
				     : of_rates	    ? UNLIMITED
						    : 0,
				     "max");
		}
	}
}

/* v1's lines of one rate; `none` is what to say of disks without one, NULL: nothing. */
static void print_rate(struct text *text, const struct disks *disks, size_t index, const char *none)
{
	for (size_t i = 0; i < disks->count; i++) {
		const struct disk *disk = &disks->items[i];

		if (!disk->given[index] || (disk->numbers[index] == UNLIMITED && !none))
			continue;
		text_addf(text, "%s%s ", text->size ? "\n" : "", disk->name);
		print_number(text, disk->numbers[index], none);
	}
}

static void print_counts(struct text *text, const struct disks *disks, size_t which)
{
	uint64_t all = 0;

	for (size_t i = 0; i < disks->count; i++) {
		const struct disk *disk = &disks->items[i];
		uint64_t sum = 0;

		for (size_t k = which; k < NUMBERS; k += 2) {
			text_addf(text, "%s %s %llu\n", disk->name, counts[k].v1,
				  (unsigned long long)disk->numbers[k]);
			sum += disk->numbers[k];
		}
		text_addf(text, "%s Total %llu\n", disk->name, (unsigned long long)sum);
		all += sum;
	}
	text_addf(text, "Total %llu", (unsigned long long)all);
}

/* ---- the whole ---- */

static int rate_of(const char *name)
{
	for (size_t i = 0; i < RATES; i++)
		if (streq(rates[i].v1, name))
			return (int)i;
	return -1;
}

static int finish(struct text *text, char **ret_value)
{
	*ret_value = text->failed ? NULL : text_take(text);
	return *ret_value ? 0 : -ENOMEM;
}

static int add_setting(struct raw_settings *settings, const char *name, struct text *text)
{
	struct raw_setting setting = { .name = strdup(name) };
	int r = finish(text, &setting.value);

	if (r < 0 || !setting.name) {
		free(setting.name);
		free(setting.value);
		return -ENOMEM;
	}
	settings->items[settings->count++] = setting;
	return 0;
}

int raw_convert_io_set(const char *name, const char *value, bool disk_v2,
		       struct raw_settings *ret_settings)
{
	_cleanup_(raw_settings_done) struct raw_settings settings = { 0 };
	_cleanup_(disks_done) struct disks disks = { 0 };
	int rate = rate_of(name), r;

	if (disk_v2 ? rate < 0 : !streq(name, "io.max"))
		return -EOPNOTSUPP;
	r = disk_v2 ? read_rate(value, (size_t)rate, &disks) : read_keys(value, true, &disks);
	if (r >= 0 && disks.count == 0)
		r = -EINVAL;
	for (size_t i = 0; i < (disk_v2 ? (size_t)1 : (size_t)RATES) && r >= 0; i++) {
		_cleanup_(text_done) struct text text = { 0 };

		if (disk_v2)
			print_keys(&text, &disks, true, false);
		else
			print_rate(&text, &disks, i, "0");
		/* Of a rate that is not named, nothing is said. */
		if (text.size > 0)
			r = add_setting(&settings, disk_v2 ? "io.max" : rates[i].v1, &text);
	}
	/* Disks without a single rate. */
	if (r >= 0 && settings.count == 0)
		r = -EINVAL;
	if (r < 0)
		return r;
	*ret_settings = settings;
	settings = (struct raw_settings){ 0 };
	return 0;
}

static int get_rates(const char *name, bool disk_v2, raw_convert_read read, void *context,
		     struct text *text)
{
	_cleanup_(disks_done) struct disks disks = { 0 };
	int r = 0;

	for (size_t i = 0; i < (disk_v2 ? (size_t)1 : (size_t)RATES) && r >= 0; i++) {
		_cleanup_(freep) char *file = NULL;

		r = read(context, disk_v2 ? "io.max" : rates[i].v1, &file);
		if (r >= 0)
			r = disk_v2 ? read_keys(file, true, &disks) : read_rate(file, i, &disks);
	}
	if (r < 0)
		return r;
	if (disk_v2)
		print_rate(text, &disks, (size_t)rate_of(name), NULL);
	else
		print_keys(text, &disks, true, true);
	return 0;
}

static int get_counts(const char *name, bool disk_v2, raw_convert_read read, void *context,
		      struct text *text)
{
	_cleanup_(disks_done) struct disks disks = { 0 };
	int r = 0;

	for (size_t i = 0; i < (disk_v2 ? (size_t)1 : (size_t)2) && r >= 0; i++) {
		_cleanup_(freep) char *file = NULL;

		r = read(context, disk_v2 ? "io.stat" : count_files[i], &file);
		if (r >= 0)
			r = disk_v2 ? read_keys(file, false, &disks) : read_counts(file, i, &disks);
	}
	if (r < 0)
		return r;
	if (disk_v2)
		print_counts(text, &disks, streq(name, count_files[1]));
	else
		print_keys(text, &disks, false, true);
	return 0;
}

int raw_convert_io_get(const char *name, bool disk_v2, raw_convert_read read, void *context,
		       char **ret_value)
{
	_cleanup_(text_done) struct text text = { 0 };
	bool of_rates = disk_v2 ? rate_of(name) >= 0 : streq(name, "io.max");
	int r = of_rates ? get_rates(name, disk_v2, read, context, &text)
			 : get_counts(name, disk_v2, read, context, &text);

	return r < 0 ? r : finish(&text, ret_value);
}
