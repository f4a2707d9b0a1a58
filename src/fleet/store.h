/* SPDX-License-Identifier: MIT */
/* The last good documents of a fleet, on disk: what a host begins with, whether etcd is there or
 * not. */
#pragma once

#include "fleet/documents.h"
#include "util/error.h"

/*
 * Replaces the file, whole or not at all, and its folder where it is missing (0700). `identity`
 * says whose documents these are: of which etcd, host and labels. 0 or -errno with a sentence.
 */
int fleet_store_write(const char *path, const char *identity,
		      const struct fleet_documents *documents, struct error *err);

/*
 * Reads it. -ENOENT: there is none, or it is of another identity; -EBADMSG: it is damaged, or of a
 * version that is not known; -EPERM: others could have written it. With a sentence for those two.
 */
int fleet_store_read(const char *path, const char *identity, struct fleet_documents *ret_documents,
		     struct error *err);
