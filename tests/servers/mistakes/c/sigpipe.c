/* Mistake 3 in C: nobody ignores SIGPIPE, and writing to one who has gone ends the server. */
#include "base.h"

void prepare(void)
{
}
