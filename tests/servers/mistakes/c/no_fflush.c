/* printf() into a pipe: the ready line stays in the buffer of stdout. */
#include "base.h"

#include <stdio.h>

void say_ready(const char *host, int port)
{
    printf("listening on %s %d\n", host, port);
}
