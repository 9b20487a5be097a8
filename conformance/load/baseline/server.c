/*
 * The plain server that most first chats are: one poll(), and a send() for every message and every
 * client, as soon as there is something to send. The bench compares with it. It is not graded: it
 * speaks what a load needs (NICK, SAY, PING, JOINED), trusts its clients, and blocks in send().
 *
 *     server --host HOST --port PORT [--nagle]
 *
 * --nagle leaves out TCP_NODELAY, as first chats do, too.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 16384, LINE = 4096, NAME = 20, BACKLOG = 511 };

struct client {
    char name[NAME + 1]; /* empty: nameless */
    int have;            /* octets in buffer, of a line whose end has not arrived */
    char buffer[LINE];
};

static struct pollfd polled[CLIENTS]; /* [0] is the listener; [i] belongs to clients[i] */
static struct client *clients[CLIENTS];
static int count = 1, members, seq, nagle;

/* Sends everything, however often it takes: partial sends are the one trap it avoids. */
static void tell(int i, const char *line, int length)
{
    for (int sent = 0, n; sent < length; sent += n)
        if ((n = send(polled[i].fd, line + sent, length - sent, 0)) < 0)
            return; /* it has gone; poll() will say so */
}

static void tell_all_but(int speaker, const char *line, int length)
{
    for (int i = 1; i < count; i++)
        if (i != speaker && *clients[i]->name)
            tell(i, line, length);
}

static void obey(int i, const char *line)
{
    static char out[2 * LINE];
    struct client *client = clients[i];
    if (strncmp(line, "SAY ", 4) == 0) {
        seq++;
        tell_all_but(i, out, sprintf(out, "MSG lobby %d %s %s\n", seq, client->name, line + 4));
        tell(i, out, sprintf(out, "OK SAY %d\n", seq));
    } else if (strncmp(line, "NICK ", 5) == 0) {
        members++;
        tell_all_but(i, out, sprintf(out, "JOINED lobby %.20s %d\n", line + 5, members));
        snprintf(client->name, sizeof client->name, "%s", line + 5);
        tell(i, out, sprintf(out, "OK NICK %s %d\n", client->name, members));
    } else if (strncmp(line, "PING ", 5) == 0)
        tell(i, out, sprintf(out, "PONG %s\n", line + 5));
}

static void hang_up(int i)
{
    close(polled[i].fd);
    free(clients[i]);
    count--;
    polled[i] = polled[count];
    clients[i] = clients[count];
}

/* Reads what is there, and obeys every line whose end has arrived. 0: the client has gone. */
static int receive(int i)
{
    struct client *client = clients[i];
    int n = recv(polled[i].fd, client->buffer + client->have, LINE - client->have, 0);
    if (n <= 0)
        return 0;
    client->have += n;
    char *start = client->buffer, *end;
    while ((end = memchr(start, '\n', client->buffer + client->have - start))) {
        *end = '\0';
        obey(i, start);
        start = end + 1;
    }
    client->have -= start - client->buffer;
    memmove(client->buffer, start, client->have);
    return client->have < LINE;
}

static void let_in(void)
{
    int fd = accept(polled[0].fd, NULL, NULL), one = 1;
    if (fd < 0)
        return;
    if (count == CLIENTS) {
        close(fd);
        return;
    }
    if (!nagle)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    clients[count] = calloc(1, sizeof *clients[count]);
    polled[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    tell(count++, "HELLO parley/1 plain\n", 21);
}

static int listen_on(const char *host, int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    socklen_t length = sizeof address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1
        || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0) {
        perror("cannot listen");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &length);
    printf("listening on %s %d\n", host, ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    int port = 0;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--host") == 0 && i + 1 < argc)
            host = argv[++i];
        else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc)
            port = atoi(argv[++i]);
        else if (strcmp(argv[i], "--nagle") == 0)
            nagle = 1;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    polled[0] = (struct pollfd){ .fd = listen_on(host, port), .events = POLLIN };
    for (;;) {
        if (poll(polled, count, -1) < 0)
            continue;
        for (int i = count - 1; i > 0; i--) /* downwards: hang_up moves the last into the gap */
            if (polled[i].revents && !receive(i))
                hang_up(i);
        if (polled[0].revents)
            let_in();
    }
}
