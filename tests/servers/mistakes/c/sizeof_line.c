/* Sends sizeof the buffer instead of strlen: every line has NULs behind it. */
#include "base.h"

#include <stdio.h>
#include <sys/socket.h>

void send_line(int fd, const char *line)
{
    char out[1024] = {0};
    snprintf(out, sizeof out, "%s\n", line);
    send(fd, out, sizeof out, 0);
}
