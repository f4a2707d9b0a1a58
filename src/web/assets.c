// SPDX-License-Identifier: MIT
/* The files of src/web/page/, put in by the build, so that there is nothing to install or to swap.
 */
#include "web/assets.h"

#include "util/hash.h"

static const unsigned char page_html[] = {
#include "page.html.inc"
};
static const unsigned char page_css[] = {
#include "page.css.inc"
};
static const unsigned char icon_svg[] = {
#include "icon.svg.inc"
};
static const unsigned char data_js[] = {
#include "data.js.inc"
};
static const unsigned char draw_js[] = {
#include "draw.js.inc"
};
static const unsigned char list_js[] = {
#include "list.js.inc"
};
static const unsigned char groups_js[] = {
#include "groups.js.inc"
};
static const unsigned char live_js[] = {
#include "live.js.inc"
};
static const unsigned char processes_js[] = {
#include "processes.js.inc"
};
static const unsigned char machine_js[] = {
#include "machine.js.inc"
};
static const unsigned char page_js[] = {
#include "page.js.inc"
};

#define ASSET(path, type, data)                    \
	{                                          \
		path, type, data, sizeof(data) - 1 \
	}
#define SCRIPT(path, data) ASSET(path, "text/javascript; charset=utf-8", data)

static const struct asset assets[] = {
	ASSET("/", "text/html; charset=utf-8", page_html),
	ASSET("/icon.svg", "image/svg+xml", icon_svg),
	ASSET("/page.css", "text/css; charset=utf-8", page_css),
	SCRIPT("/data.js", data_js),
	SCRIPT("/draw.js", draw_js),
	SCRIPT("/groups.js", groups_js),
	SCRIPT("/list.js", list_js),
	SCRIPT("/live.js", live_js),
	SCRIPT("/machine.js", machine_js),
	SCRIPT("/page.js", page_js),
	SCRIPT("/processes.js", processes_js),
};

const struct asset *asset_at(size_t index)
{
	return index < ARRAY_SIZE(assets) ? &assets[index] : NULL;
}

const struct asset *asset_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(assets); i++)
		if (streq(assets[i].path, path))
			return &assets[i];
	return NULL;
}

void asset_tag(const struct asset *asset, char tag[static 20])
{
	snprintf(tag, 20, "\"%016llx\"", (unsigned long long)hash_bytes(asset->data, asset->size));
}
