/*
 * What the C servers of this folder share: a chat with select(), up to level 4 but for QUIT's
 * words. Each of the others replaces one of the three functions below by one with a mistake.
 */
#include "base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

struct client clients[FD_SETSIZE];  /* by descriptor */

__attribute__((weak)) void prepare(void)
{
    signal(SIGPIPE, SIG_IGN);
}

__attribute__((weak)) void say_ready(const char *host, int port)
{
    printf("listening on %s %d\n", host, port);
    fflush(stdout);
}

__attribute__((weak)) void send_line(int fd, const char *line)
{
    char out[LINE + 2];
    int length = snprintf(out, sizeof out, "%s\n", line);
    send(fd, out, length, 0);
}

__attribute__((weak)) int receive_line(int fd, char *line)
{
    int n = recv(fd, line, LINE, 0);
    if (n <= 0)
        return 0;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return 1;
}

void tell(int fd, const char *format, ...)
{
    char line[LINE + 1];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    send_line(fd, line);
}

void broadcast(int but, const char *format, ...)
{
    char line[LINE + 1];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (fd != but && clients[fd].connected && *clients[fd].name)
            send_line(fd, line);
}

static int is_name(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    size_t first = strcspn(letters, (char[]){*word, 0});
    return first < 52 && strlen(word) <= NAME && !word[strspn(word, letters)];
}

static int is_token(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < length; i++)
        if (word[i] < '!' || word[i] > '~')
            return 0;
    return length && length <= 64;
}

static int is_taken(const char *name)
{
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (clients[fd].connected && strcasecmp(clients[fd].name, name) == 0)
            return 1;
    return 0;
}

__attribute__((weak)) void nick(int fd, const char *rest)
{
    if (!*rest || strchr(rest, ' '))
        tell(fd, "ERR bad-args NICK one name");
    else
        give_name(fd, rest);
}

void give_name(int fd, const char *name)
{
    static int last_number;
    if (*clients[fd].name)
        tell(fd, "ERR already-named NICK you have a name");
    else if (!is_name(name))
        tell(fd, "ERR bad-nick NICK letters, digits, _ and -");
    else if (is_taken(name))
        tell(fd, "ERR nick-in-use NICK taken");
    else {
        clients[fd].number = ++last_number;
        broadcast(fd, "JOINED lobby %s %d", name, last_number);
        strcpy(clients[fd].name, name);
        tell(fd, "OK NICK %s %d", name, last_number);
    }
}

static void who(int fd)
{
    int count = 0;
    for (int other = 0; other < FD_SETSIZE; other++)
        if (clients[other].connected && *clients[other].name && ++count)
            tell(fd, "HERE %s %d", clients[other].name, clients[other].number);
    tell(fd, "OK WHO %d", count);
}

static void leave(int fd, const char *how, const char *words)
{
    char name[NAME + 1];
    strcpy(name, clients[fd].name);
    memset(&clients[fd], 0, sizeof clients[fd]);
    close(fd);
    if (*name)
        broadcast(-1, "LEFT lobby %s %s%s%s", name, how, *words ? " " : "", words);
}

static void say(int fd, const char *text)
{
    static int seq;
    if (!*text)
        tell(fd, "ERR bad-args SAY a text");
    else if (strlen(text) > TEXT)
        tell(fd, "ERR text-too-long SAY at most 3800");
    else {
        broadcast(fd, "MSG lobby %d %s %s", ++seq, clients[fd].name, text);
        tell(fd, "OK SAY %d", seq);
    }
}

static void obey(int fd, char *line)
{
    char *rest = strchr(line, ' ');
    if (rest)
        *rest++ = '\0';
    else
        rest = line + strlen(line);
    if (strcasecmp(line, "PONG") == 0)
        return;
    if (strcasecmp(line, "PING") == 0) {
        if (is_token(rest))
            tell(fd, "PONG %s", rest);
        else
            tell(fd, "ERR bad-args PING one token");
    } else if (strcasecmp(line, "NICK") == 0)
        nick(fd, rest);
    else if (strcasecmp(line, "QUIT") == 0) {
        if (strlen(rest) > TEXT) {
            tell(fd, "ERR text-too-long QUIT at most 3800");
            return;
        }
        tell(fd, "OK QUIT");
        leave(fd, "quit", rest);
    } else if (strcasecmp(line, "SAY") != 0 && strcasecmp(line, "WHO") != 0)
        tell(fd, *clients[fd].name ? "ERR unknown-verb - no such verb"
                                   : "ERR need-nick - choose a nickname");
    else if (!*clients[fd].name)
        tell(fd, "ERR need-nick %s choose a nickname", strcasecmp(line, "SAY") ? "WHO" : "SAY");
    else if (strcasecmp(line, "SAY") == 0)
        say(fd, rest);
    else if (*rest)
        tell(fd, "ERR bad-args WHO nothing");
    else
        who(fd);
}

static int listen_on(const char *host, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    inet_pton(AF_INET, host, &address.sin_addr);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 511)) {
        fprintf(stderr, "cannot listen: %s\n", strerror(errno));
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &length);
    say_ready(host, ntohs(address.sin_port));
    return fd;
}

int main(int argc, char **argv)
{
    static char line[LINE + 1];
    if (argc != 5)
        return 2;
    prepare();
    int listener = listen_on(argv[2], atoi(argv[4]));
    for (;;) {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(listener, &readable);
        for (int fd = 0; fd < FD_SETSIZE; fd++)
            if (clients[fd].connected)
                FD_SET(fd, &readable);
        if (select(FD_SETSIZE, &readable, NULL, NULL, NULL) < 0)
            continue;
        for (int fd = 0; fd < FD_SETSIZE; fd++)
            if (fd != listener && FD_ISSET(fd, &readable)) {
                if (receive_line(fd, line))
                    obey(fd, line);
                else
                    leave(fd, "closed", "");
            }
        if (FD_ISSET(listener, &readable)) {
            int fd = accept(listener, NULL, NULL);
            clients[fd] = (struct client){.connected = 1};
            tell(fd, "HELLO parley/1 beginner");
        }
    }
}
