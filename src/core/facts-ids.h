/* SPDX-License-Identifier: MIT */
/*
 * Whose a process is, and since when it runs: parts of process_facts, each left unknown where it
 * cannot be read. For gate threads: no allocation, no lock.
 */
#pragma once

#include "core/facts-process.h"

void facts_ask_effective(struct process_facts *process); /* FACT_EFFECTIVE */
void facts_ask_ids(struct process_facts *process);	 /* that, FACT_IDS and FACT_GROUPS */
void facts_ask_login(struct process_facts *process);	 /* FACT_LOGIN */
