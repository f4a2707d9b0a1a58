// SPDX-License-Identifier: MIT
#include "bpf/library.h"

#include "util/fd.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdarg.h>

static int stay_silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

void bpf_library_begin(void)
{
	libbpf_set_print(stay_silent);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
}

int bpf_module_is_on(const char *list)
{
	char text[512];
	ssize_t size = file_read_into(AT_FDCWD, list, text, sizeof(text) - 1);

	if (size < 0)
		return (int)size;
	text[size] = '\0';
	for (char *at = text, *word; (word = strsep(&at, ",\n")) != NULL;)
		if (streq(word, "bpf"))
			return 1;
	return 0;
}
