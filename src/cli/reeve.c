// SPDX-License-Identifier: MIT
/* reeve-commands: all of the command (src/front/ tells who executes it). Everything is in cli.c and
 * its table, commands.c; tests call that. */
#include "cli/cli.h"

#include <sys/prctl.h>

int main(int argc, char **argv)
{
	/* Who looks for it by name means the command. */
	(void)prctl(PR_SET_NAME, "reeve", 0, 0, 0);
	return cli_main(argc, argv, stdout, stderr);
}
