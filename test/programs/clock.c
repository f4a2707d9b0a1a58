// SPDX-License-Identifier: MIT
/* A host whose wall clock is wrong by $E2E_CLOCK seconds: in LD_PRELOAD. */
#include "util/macros.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static time_t shift(void)
{
	const char *seconds = getenv("E2E_CLOCK");

	return seconds ? strtol(seconds, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int r = (int)syscall(SYS_clock_gettime, clock, now);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += shift();
	return r;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;
	int r = clock_gettime(CLOCK_REALTIME, &precise);

	*now = (struct timeval){ precise.tv_sec, precise.tv_nsec / 1000 };
	return r;
}

time_t time(time_t *now)
{
	struct timespec precise = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &precise);
	if (now)
		*now = precise.tv_sec;
	return precise.tv_sec;
}
