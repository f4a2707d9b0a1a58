// SPDX-License-Identifier: MIT
/*
 * holder FILE MILLISECONDS READY: whoever executes the file waits in the kernel for so long, as on
 * a slow disk. Makes READY once that is so; runs until it is killed.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <sys/fanotify.h>

int main(int argc, char **argv)
{
	struct fanotify_event_metadata event;
	struct fanotify_response response = { .response = FAN_ALLOW };
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

	if (argc != 4 || fd < 0 ||
	    fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, argv[1]) < 0)
		return 1;
	close(open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	while (read(fd, &event, sizeof(event)) == sizeof(event)) {
		usleep((useconds_t)strtoul(argv[2], NULL, 10) * 1000);
		response.fd = event.fd;
		(void)!write(fd, &response, sizeof(response));
		close(event.fd);
	}
	return 0;
}
