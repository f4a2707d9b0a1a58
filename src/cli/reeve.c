// SPDX-License-Identifier: MIT
/* reeve-commands: all of the command (src/front/ tells who executes it). Everything is in cli.c and
 * its table, commands.c; tests call that. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv, stdout, stderr);
}
