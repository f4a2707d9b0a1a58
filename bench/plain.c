/* SPDX-License-Identifier: MIT */
/* An ordinary program: the C library starts, main returns. Linked statically. */

int main(void)
{
	return 0;
}
