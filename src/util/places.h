/* SPDX-License-Identifier: MIT */
/* Where programs find each other, unless they are told otherwise. */
#pragma once

#define PLACE_RUNTIME "/run/reeve" /* the daemon's folder */
#define PLACE_SOCKET  "reeve.sock" /* in it: where it answers */
