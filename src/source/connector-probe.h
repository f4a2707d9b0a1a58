/* SPDX-License-Identifier: MIT */
/* Which parts of the process connector work here. */
#pragma once

#include "source/source.h"

/* As source_class.probe. */
int connector_probe(const struct host *host, hook_report_fn report, void *userdata,
		    struct error *err);
