/* SPDX-License-Identifier: MIT */
/* libcurl's functions, found at run time; private to http.c. */
#pragma once

#include "util/error.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

struct libcurl {
	void *handle;
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_cleanup) easy_cleanup;
	__typeof__(&curl_easy_setopt) easy_setopt;
	__typeof__(&curl_easy_getinfo) easy_getinfo;
	__typeof__(&curl_easy_strerror) easy_strerror;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	__typeof__(&curl_multi_init) multi_init;
	__typeof__(&curl_multi_cleanup) multi_cleanup;
	__typeof__(&curl_multi_setopt) multi_setopt;
	__typeof__(&curl_multi_add_handle) multi_add_handle;
	__typeof__(&curl_multi_remove_handle) multi_remove_handle;
	__typeof__(&curl_multi_assign) multi_assign;
	__typeof__(&curl_multi_socket_action) multi_socket_action;
	__typeof__(&curl_multi_info_read) multi_info_read;
};

/* Loads it, once a process: it stays. -ENOPKG with a sentence. */
int libcurl_load(struct libcurl *ret_curl, struct error *err);
