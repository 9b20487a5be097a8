/* What base.c lets the servers of this folder see, and what they may replace. */
enum { LINE = 4200, TEXT = 3800, NAME = 20 };

struct client {
    int connected;
    int number;
    char name[NAME + 1];  /* empty: nameless */
};

extern struct client clients[];

void tell(int fd, const char *format, ...);
void give_name(int fd, const char *name);
void broadcast(int but, const char *format, ...);

/* To be replaced. */
void prepare(void);
void say_ready(const char *host, int port);
void send_line(int fd, const char *line);
int receive_line(int fd, char *line);  /* 0: the client has gone */
void nick(int fd, const char *name);
