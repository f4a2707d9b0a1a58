/* SPDX-License-Identifier: MIT */
/*
 * The program with a fake behind it: what the socket and the engine would answer is said by the
 * test, what they were asked is kept for it.
 */
#pragma once

#include "cli/cli.h"

struct fake {
	/* said by the test */
	int connect;	      /* result of varlink_connect(); 0: a daemon is there */
	int engine;	      /* result of engine_new() */
	int call;	      /* result of every call */
	int self_test;	      /* result of every self_test_run(); 1: one with something wrong */
	const char *error;    /* the varlink error of a call that fails, or NULL: none */
	const char *sentence; /* of what fails */
	const char *reply;    /* JSON of a call that works; NULL: {} */
	const char *events;   /* JSON array of what Events gives */

	/* kept for the test */
	unsigned calls;
	char *method;	  /* the last one called */
	char *parameters; /* its parameters, keys sorted */
	char *config;	  /* of the local engine; NULL: the default */
	bool local;	  /* a local engine was made */
	char *out, *err;  /* what the program wrote */
};

extern struct fake fake;
void fake_reset(void);

/* Runs reeve with the words (NULL-terminated, without "reeve"); returns its exit code. */
int fake_run(const char *const *words);
#define RUN(...) fake_run((const char *const[]){ __VA_ARGS__, NULL })
