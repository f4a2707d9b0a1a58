/* SPDX-License-Identifier: MIT */
/* Rules of libcgroup as the tree of the policy that means the same. Private to config/. */
#pragma once

#include "config/cgrules.h"
#include "config/reader.h"

/* False: an error was told. What no rule of reeve's can say is told as a warning. */
bool cgrules_to_tree(struct reader *reader, const struct cgrules *rules, uint16_t file,
		     node_id *ret_root);

/* Reads sources[file], as yaml_read() does. What is wrong in a line leaves the other lines. */
bool cgrules_read_tree(struct reader *reader, uint16_t file, node_id *ret_root);
