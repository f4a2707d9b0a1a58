/* SPDX-License-Identifier: MIT */
/* The vocabulary that every file uses: owned locals, hand-over of ownership, sizes of arrays. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(function)	__attribute__((cleanup(function)))
#define _printf_(string, first) __attribute__((format(printf, string, first)))
#define _unused_		__attribute__((unused))
#define _noreturn_		__attribute__((noreturn))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

/* Makes `function##p`, the form that _cleanup_ wants: it is handed the variable's address. */
#define DEFINE_CLEANUP(type, function)                \
	static inline void function##p(type *pointer) \
	{                                             \
		if (*pointer)                         \
			function(*pointer);           \
	}                                             \
	struct function##p_takes_a_semicolon

/* Hands a pointer, or a descriptor, over: the owned local is empty afterwards. */
#define TAKE_PTR(pointer)                             \
	__extension__({                               \
		__typeof__(pointer) *_p = &(pointer); \
		__typeof__(pointer) _taken = *_p;     \
		*_p = NULL;                           \
		_taken;                               \
	})
#define TAKE_FD(fd)               \
	__extension__({           \
		int *_p = &(fd);  \
		int _taken = *_p; \
		*_p = -1;         \
		_taken;           \
	})

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline bool streq(const char *a, const char *b)
{
	/* Most are not equal, and a table is looked through without a call for each word. */
	return *a == *b && strcmp(a, b) == 0;
}

/* Unbounded copies and number readers that cannot report an error stay out of the tree. */
#pragma GCC poison sprintf vsprintf strcpy strcat atoi atol atoll
