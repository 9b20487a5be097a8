/* Takes for granted that strtok() finds a word: NICK without a name is a NULL pointer. */
#include "base.h"

#include <stdio.h>
#include <string.h>

void nick(int fd, const char *rest)
{
    char copy[LINE];
    snprintf(copy, sizeof copy, "%s", rest);
    char *name = strtok(copy, " ");
    if (strlen(name) + 1 < strlen(rest))
        tell(fd, "ERR bad-args NICK one name");
    else
        give_name(fd, name);
}
