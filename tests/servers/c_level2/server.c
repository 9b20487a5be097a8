/*
 * A Parley server as far as level 2: one process, one poll(), no state but the two arrays below.
 * Not here yet: who is present, QUIT, LOCK, and what to do about clients that do not read.
 */
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

enum { CLIENTS = 1024, LINE = 4096, TEXT = 3800, NAME = 20, TOKEN = 64 };

struct client {
    char name[NAME + 1];  /* empty: nameless */
    int number;
    size_t have;          /* octets in buffer, of a line whose end has not arrived */
    char buffer[LINE];
};

static struct pollfd polled[CLIENTS + 1];  /* [0] is the listener; client i is polled[i + 1] */
static struct client clients[CLIENTS];
static int last_number, seq;

/* Sends a whole line. A client that cannot take it is noticed when it is read from. */
static void tell(int i, const char *format, ...)
{
    char line[LINE + 2];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, LINE, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    for (int sent = 0, n; sent < length; sent += n)
        if ((n = send(polled[i + 1].fd, line + sent, length - sent, 0)) < 0)
            return;
}

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int is_name(const char *word)
{
    if (!is_letter(word[0]) || strlen(word) > NAME)
        return 0;
    for (; *word; word++)
        if (!is_letter(*word) && !is_digit(*word) && *word != '_' && *word != '-')
            return 0;
    return 1;
}

static int is_token(const char *word)
{
    if (!*word || strlen(word) > TOKEN)
        return 0;
    for (; *word; word++)
        if (*word < '!' || *word > '~')
            return 0;
    return 1;
}

static int is_taken(const char *name)
{
    for (int i = 0; i < CLIENTS; i++)
        if (polled[i + 1].fd >= 0 && strcasecmp(clients[i].name, name) == 0)
            return 1;
    return 0;
}

static void nick(int i, const char *name)
{
    struct client *client = &clients[i];
    if (!*name || strchr(name, ' '))
        tell(i, "ERR bad-args NICK this takes one name");
    else if (*client->name)
        tell(i, "ERR already-named NICK you are %s", client->name);
    else if (!is_name(name))
        tell(i, "ERR bad-nick NICK a letter, then up to 19 letters, digits, _ or -");
    else if (is_taken(name))
        tell(i, "ERR nick-in-use NICK that nickname is taken");
    else {
        strcpy(client->name, name);
        client->number = ++last_number;
        tell(i, "OK NICK %s %d", client->name, client->number);
    }
}

static void say(int i, const char *text)
{
    if (!*text)
        tell(i, "ERR bad-args SAY say what?");
    else if (strlen(text) > TEXT)
        tell(i, "ERR text-too-long SAY at most %d octets", TEXT);
    else {
        seq++;
        for (int other = 0; other < CLIENTS; other++)
            if (other != i && polled[other + 1].fd >= 0 && *clients[other].name)
                tell(other, "MSG lobby %d %s %s", seq, clients[i].name, text);
        tell(i, "OK SAY %d", seq);
    }
}

static void obey(int i, char *line)
{
    char *arguments = strchr(line, ' ');
    if (arguments)
        *arguments++ = '\0';
    else
        arguments = line + strlen(line);
    if (strcasecmp(line, "PONG") == 0)
        return;
    if (strcasecmp(line, "PING") == 0) {
        if (is_token(arguments))
            tell(i, "PONG %s", arguments);
        else
            tell(i, "ERR bad-args PING this takes a token");
    } else if (strcasecmp(line, "NICK") == 0)
        nick(i, arguments);
    else if (strcasecmp(line, "SAY") == 0 && *clients[i].name)
        say(i, arguments);
    else if (!*clients[i].name)
        tell(i, "ERR need-nick %s choose a nickname first",
             strcasecmp(line, "SAY") == 0 ? "SAY" : "-");
    else
        tell(i, "ERR unknown-verb - no such command");
}

static void hang_up(int i)
{
    close(polled[i + 1].fd);
    polled[i + 1].fd = -1;  /* poll() skips it, and the place is free */
    clients[i] = (struct client){0};
}

/* Reads what is there, and obeys every line whose end has arrived. */
static void receive(int i)
{
    struct client *client = &clients[i];
    ssize_t n = recv(polled[i + 1].fd, client->buffer + client->have, LINE - client->have, 0);
    if (n <= 0) {
        hang_up(i);
        return;
    }
    client->have += n;
    char *start = client->buffer, *end;
    while ((end = memchr(start, '\n', client->buffer + client->have - start))) {
        *end = '\0';
        if (end > start && end[-1] == '\r')
            end[-1] = '\0';
        if (*start)
            obey(i, start);
        start = end + 1;
    }
    client->have -= start - client->buffer;
    memmove(client->buffer, start, client->have);
    if (client->have == LINE)
        hang_up(i);  /* a line that is too long; level 6 will be kinder */
}

static void let_in(const char *name)
{
    int fd = accept(polled[0].fd, NULL, NULL), i = 0;
    if (fd < 0)
        return;
    while (i < CLIENTS && polled[i + 1].fd >= 0)
        i++;
    if (i == CLIENTS) {
        close(fd);
        return;
    }
    polled[i + 1] = (struct pollfd){.fd = fd, .events = POLLIN};
    tell(i, "HELLO parley/1 %s", name);
}

/* A listening socket, or -1 with errno set. */
static int listen_on(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int on = 1, fd = socket(found->ai_family, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int failed = bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 511);
    freeaddrinfo(found);
    return failed ? -1 : fd;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1", *port = "4000";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--host") == 0)
            host = argv[i + 1];
        else if (strcmp(argv[i], "--port") == 0)
            port = argv[i + 1];
    }
    signal(SIGPIPE, SIG_IGN);  /* a send() to one who has gone fails, and no more */
    for (int i = 0; i <= CLIENTS; i++)
        polled[i].fd = -1;
    polled[0] = (struct pollfd){.fd = listen_on(host, port), .events = POLLIN};
    if (polled[0].fd < 0) {
        fprintf(stderr, "cannot listen on %s port %s: %s\n", host, port, strerror(errno));
        return 1;
    }
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char number[NI_MAXSERV];
    getsockname(polled[0].fd, (struct sockaddr *)&address, &length);
    getnameinfo((struct sockaddr *)&address, length, NULL, 0, number, sizeof number, NI_NUMERICSERV);
    printf("listening on %s %s\n", host, number);
    fflush(stdout);
    while (poll(polled, CLIENTS + 1, -1) >= 0) {
        for (int i = 0; i < CLIENTS; i++)
            if (polled[i + 1].fd >= 0 && polled[i + 1].revents)
                receive(i);
        if (polled[0].revents)
            let_in("c-level-2");
    }
    return 1;
}
