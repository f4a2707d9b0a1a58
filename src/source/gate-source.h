/* SPDX-License-Identifier: MIT */
/*
 * The source `gate`: executions as the gate (gate.h) sees them, while the process waits. It answers
 * "allow" to all, and tells only executions that have succeeded.
 *
 * Whoever opens it must not be stopped (SIGSTOP, Ctrl-Z): until it goes on, every execution of the
 * machine would wait. The daemon has a guard for that, which gate_source_gate() is for.
 */
#pragma once

#include "source/gate.h"
#include "source/source.h"

extern const struct source_class gate_source;

/* The gate of an open source, or NULL while nothing is asked for. */
struct gate *gate_source_gate(const struct source *source);
