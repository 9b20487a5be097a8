/*
 * A Parley server that has reached level 0: it starts, greets, and answers PING.
 *
 * One process, one poll(): it waits until something has arrived from somebody, and answers. What
 * it remembers about a connection is in its struct client. The ids (PING-1) are those of
 * protocol.md.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000, LINE = 4096, TOKEN = 64 };
enum { LISTENER, WAKE, FIRST };  /* what is polled: these two, and behind them the clients */

struct client {
    size_t have;        /* octets in buffer: the beginning of a line whose end is yet to come */
    char buffer[LINE];
};

static struct pollfd polled[FIRST + CLIENTS];  /* client i is polled[FIRST + i] */
static struct client clients[CLIENTS];
static int used;        /* places in both arrays that have ever been taken */
static int wake[2];     /* a pipe: a signal writes, poll() notices */

/* Sends one line. Simplified: while this client does not read, all others wait with it (SLOW-1). */
static void tell(int i, const char *format, ...)
{
    char line[LINE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= LINE)
        return;  /* cannot happen: nothing that is sent is as long as that */
    line[length++] = '\n';
    for (ssize_t sent = 0, n; sent < length; sent += n)
        if ((n = send(polled[FIRST + i].fd, line + sent, (size_t)(length - sent), 0)) < 0)
            return;  /* it has gone: the next recv() tells */
}

static int is_token(const char *word)
{
    size_t length = strlen(word);
    for (; *word; word++)
        if (*word < '!' || *word > '~')
            return 0;
    return length >= 1 && length <= TOKEN;
}

/* Does what one line asks for. Level 1 begins with a branch for NICK. */
static void obey(int i, char *line)
{
    char *argument = strchr(line, ' ');
    if (argument)
        *argument++ = '\0';
    else
        argument = line + strlen(line);
    if (strcasecmp(line, "PING") == 0) {
        if (is_token(argument))
            tell(i, "PONG %s", argument);  /* PING-1: the same token comes back */
        else
            tell(i, "ERR bad-args PING takes one token");
    } else if (strcasecmp(line, "PONG") != 0)  /* PONG-1: is never answered */
        tell(i, "ERR need-nick - this server knows only PING so far");
}

static void hang_up(int i)
{
    close(polled[FIRST + i].fd);
    polled[FIRST + i].fd = -1;  /* poll() skips it, and the place is free */
}

/* Obeys each line whose end has arrived, and keeps the rest for later. */
static void receive(int i)
{
    struct client *client = &clients[i];
    char *start = client->buffer, *end;
    ssize_t n = recv(polled[FIRST + i].fd, start + client->have, LINE - client->have, 0);
    if (n <= 0) {
        hang_up(i);
        return;
    }
    client->have += (size_t)n;
    while ((end = memchr(start, '\n', (size_t)(client->buffer + client->have - start)))) {
        *end = '\0';
        if (end > start && end[-1] == '\r')
            end[-1] = '\0';
        if (*start)
            obey(i, start);
        start = end + 1;
    }
    client->have -= (size_t)(start - client->buffer);
    memmove(client->buffer, start, client->have);
    if (client->have == LINE)
        hang_up(i);  /* too long a line. Simplified: OCTET-6 asks for a refusal */
}

static void let_in(void)
{
    int fd = accept(polled[LISTENER].fd, NULL, NULL), i = 0;
    if (fd < 0)
        return;
    while (i < used && polled[FIRST + i].fd >= 0)
        i++;
    if (i == CLIENTS) {
        close(fd);
        return;
    }
    if (i == used)
        used++;
    polled[FIRST + i] = (struct pollfd){.fd = fd, .events = POLLIN};
    clients[i].have = 0;
    tell(i, "HELLO parley/1 starter");  /* HELLO-1 */
}

/* A listening socket, or -1 with errno set. */
static int listen_on(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int on = 1, fd = socket(found->ai_family, SOCK_STREAM, 0);
    int failed = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0
        || bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 511) < 0;
    freeaddrinfo(found);
    return failed ? -1 : fd;
}

static void on_signal(int number)
{
    int kept = errno;
    if (write(wake[1], &number, 1) < 0)
        _exit(1);
    errno = kept;
}

static int is_port(const char *word)
{
    return *word && strlen(word) <= 5 && strspn(word, "0123456789") == strlen(word)
        && atoi(word) <= 65535;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1", *port = "4000";
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--host") == 0)
            host = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--port") == 0 && is_port(argv[i + 1]))
            port = argv[i + 1];
        else {
            fprintf(stderr, "usage: server [--host HOST] [--port PORT]\n");
            return 2;  /* START-4 */
        }
    }
    polled[LISTENER] = (struct pollfd){.fd = listen_on(host, port), .events = POLLIN};
    if (polled[LISTENER].fd < 0 || pipe(wake) < 0) {
        fprintf(stderr, "cannot listen on %s port %s: %s\n", host, port, strerror(errno));
        return 1;  /* START-3 */
    }
    polled[WAKE] = (struct pollfd){.fd = wake[0], .events = POLLIN};
    signal(SIGPIPE, SIG_IGN);  /* send() to one who has gone fails, and no more */
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);

    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char picked[8] = "";  /* the port in digits: START-2 */
    getsockname(polled[LISTENER].fd, (struct sockaddr *)&address, &length);
    getnameinfo((struct sockaddr *)&address, length, NULL, 0, picked, sizeof picked,
                NI_NUMERICSERV);
    printf("listening on %s %s\n", host, picked);
    fflush(stdout);  /* START-1 */

    while (!polled[WAKE].revents) {  /* a signal: level 4 says BYE to everybody first */
        if (poll(polled, (nfds_t)(FIRST + used), -1) < 0)
            continue;  /* EINTR: the signal's octet is in the pipe */
        for (int i = 0; i < used; i++)
            if (polled[FIRST + i].fd >= 0 && polled[FIRST + i].revents)
                receive(i);
        if (polled[LISTENER].revents)
            let_in();
    }
    return 0;
}
