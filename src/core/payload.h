/* SPDX-License-Identifier: MIT */
/* What the payload and who starts it agree on. */
#pragma once

#define PAYLOAD_FD     100
#define PAYLOAD_EXIT   'e'
#define PAYLOAD_SIGNAL 's'
#define PAYLOAD_AGAIN  'x'
#define PAYLOAD_ODD    255 /* exit code: an order could not be carried out */
