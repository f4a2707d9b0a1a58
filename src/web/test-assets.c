// SPDX-License-Identifier: MIT
#include "web/assets.h"

#include "test/unit.h"

enum { PAGE_MOST = 150000 };

static bool holds(const struct asset *asset, const char *word)
{
	return memmem(asset->data, asset->size, word, strlen(word)) != NULL;
}

static void test_size(void **state)
{
	const struct asset *asset;
	size_t size = 0;

	for (size_t i = 0; (asset = asset_at(i)); i++)
		size += asset->size;
	assert_true(size > 20000 && size <= PAGE_MOST);
}

/* What CSP would refuse, and what would be asked of somebody else. */
static void test_nothing_foreign(void **state)
{
	static const char *const words[] = { "https://", "//cdn", "onclick=",
					     "style=\"", "eval(", "innerHTML" };
	const struct asset *asset;

	for (size_t i = 0; (asset = asset_at(i)); i++)
		for (size_t j = 0; j < ARRAY_SIZE(words); j++)
			assert_false(holds(asset, words[j]));
}

static void test_found(void **state)
{
	const struct asset *page = asset_find("/"), *other;
	char tag[20], other_tag[20], quoted[64];

	assert_non_null(page);
	assert_null(asset_find("/page.html"));
	assert_null(asset_find(""));
	asset_tag(page, tag);
	assert_int_equal(strlen(tag), 18);
	for (size_t i = 1; (other = asset_at(i)); i++) {
		asset_tag(other, other_tag);
		assert_string_not_equal(tag, other_tag);
		snprintf(quoted, sizeof(quoted), "\"%s\"", other->path);
		assert_true(holds(page, quoted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_nothing_foreign),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
