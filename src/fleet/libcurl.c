// SPDX-License-Identifier: MIT
/*
 * libcurl and what it brings (TLS, name services) are some megabytes, which only a host in a fleet
 * is to have. The library is never unloaded: it starts threads to look up names.
 */
#include "fleet/libcurl.h"

#include <dlfcn.h>

static void *open_library(void)
{
	static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4" };
	void *handle = NULL;

	for (size_t i = 0; !handle && i < ARRAY_SIZE(names); i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	return handle;
}

int libcurl_load(struct libcurl *ret_curl, struct error *err)
{
	struct libcurl curl = { 0 };
	const struct {
		const char *name;
		void *address;
	} symbols[] = {
		{ "curl_global_init", &curl.global_init },
		{ "curl_easy_init", &curl.easy_init },
		{ "curl_easy_cleanup", &curl.easy_cleanup },
		{ "curl_easy_setopt", &curl.easy_setopt },
		{ "curl_easy_getinfo", &curl.easy_getinfo },
		{ "curl_easy_strerror", &curl.easy_strerror },
		{ "curl_slist_append", &curl.slist_append },
		{ "curl_slist_free_all", &curl.slist_free_all },
		{ "curl_multi_init", &curl.multi_init },
		{ "curl_multi_cleanup", &curl.multi_cleanup },
		{ "curl_multi_setopt", &curl.multi_setopt },
		{ "curl_multi_add_handle", &curl.multi_add_handle },
		{ "curl_multi_remove_handle", &curl.multi_remove_handle },
		{ "curl_multi_assign", &curl.multi_assign },
		{ "curl_multi_socket_action", &curl.multi_socket_action },
		{ "curl_multi_info_read", &curl.multi_info_read },
	};

	curl.handle = open_library();
	if (!curl.handle)
		return error_set(err, -ENOPKG,
				 "a fleet needs libcurl, and it cannot be loaded: %s (apt-get "
				 "install "
				 "libcurl4)",
				 dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *symbol = dlsym(curl.handle, symbols[i].name);

		if (!symbol)
			return error_set(err, -ENOPKG, "libcurl lacks the function %s",
					 symbols[i].name);
		memcpy(symbols[i].address, &symbol, sizeof(symbol));
	}
	if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, -ENOPKG, "libcurl cannot be used: it does not start");
	*ret_curl = curl;
	return 0;
}
