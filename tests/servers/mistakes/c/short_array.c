/* A name is copied into an array that is too short for what people send. */
#include "base.h"

#include <string.h>

void nick(int fd, const char *rest)
{
    char name[NAME + 1];
    strcpy(name, rest);
    if (!*name || strchr(name, ' '))
        tell(fd, "ERR bad-args NICK one name");
    else
        give_name(fd, name);
}
