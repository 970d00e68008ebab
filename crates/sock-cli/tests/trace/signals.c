/* A process that waits at sockets, and its parent that sends it signals while it sleeps: `signals ROLE`. It says what came of
   each wait, which is the same whether somebody watches or not. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2], done[2], epoll, heard;
static pid_t child;

static void hear(int signal) {
    (void)signal;
    heard++;
}

/* What came of a wait. */
static void came(const char *what, int n) {
    const char *how = n > 0 ? "ready" : n == 0 ? "its time is over" : errno == EINTR ? "EINTR" : strerror(errno);
    char room[8];
    recv(pair[0], room, sizeof room, MSG_DONTWAIT);
    printf("%s: %s, heard %d\n", what, how, heard);
    fflush(stdout);
    heard = 0;
    write(done[1], "!", 1);
}

static void wait_for(const char *what, int limit) {
    struct epoll_event event;
    came(what, epoll_wait(epoll, &event, 1, limit));
}

static int sleeps(void) {
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    int file = open(path, O_RDONLY);
    read(file, text, sizeof text - 1);
    close(file);
    char *name_ends = strrchr(text, ')');
    return name_ends && name_ends[1] == ' ' && name_ends[2] == 'S';
}

static void until_it_sleeps(void) {
    while (!sleeps()) sched_yield();
}

static void send_signal(int signal) {
    until_it_sleeps();
    kill(child, signal);
}

static void make_ready(void) {
    until_it_sleeps();
    send(pair[1], "x", 1, 0);
}

static void until_it_is_over(void) {
    char room;
    read(done[0], &room, 1);
}

static void waits(void) {
    struct epoll_event event = {.events = EPOLLIN};
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
    signal(SIGUSR1, SIG_IGN);
    wait_for("of which nothing comes by default", -1);
    wait_for("ignored", -1);
    wait_for("with a limit", 300);
    struct sigaction action = {.sa_handler = hear, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    wait_for("with a handler", -1);
    wait_for("ignored, and one with a handler", -1);
    wait_for("stopped", 60000);
}

static void disturbs(void) {
    struct pollfd over = {.fd = done[0], .events = POLLIN};
    send_signal(SIGWINCH);
    send_signal(SIGCHLD);
    make_ready();
    until_it_is_over();
    send_signal(SIGUSR1);
    send_signal(SIGUSR1);
    make_ready();
    until_it_is_over();
    while (poll(&over, 1, 0) == 0) {
        if (sleeps()) kill(child, SIGWINCH);
    }
    until_it_is_over();
    send_signal(SIGALRM);
    until_it_is_over();
    until_it_sleeps();
    kill(child, SIGUSR1);
    kill(child, SIGALRM);
    until_it_is_over();
    int status;
    send_signal(SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    until_it_is_over();
}

static void receives(void) {
    struct timeval minute = {.tv_sec = 60};
    char room[8];
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
    came("limited", (int)recv(pair[0], room, sizeof room, 0));
}

static void disturbs_once(void) {
    struct pollfd over = {.fd = done[0], .events = POLLIN};
    send_signal(SIGWINCH);
    /* Untraced, it has not noticed. */
    while (poll(&over, 1, 0) == 0) {
        if (sleeps()) send(pair[1], "x", 1, 0);
    }
}

/* A send that asks for no signal fails, and then a pipe's end brings one. */
static int breaks_two(void) {
    int ends[2];
    close(pair[1]);
    send(pair[0], "x", 1, MSG_NOSIGNAL);
    pipe(ends);
    close(ends[0]);
    write(ends[1], "y", 1);
    return 1;
}

int main(int count, char **words) {
    if (count < 2) return 2;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (!strcmp(words[1], "breaks")) return breaks_two();
    int is_limited = !strcmp(words[1], "limited");
    pipe(done);
    child = fork();
    if (child == 0) {
        (is_limited ? receives : waits)();
        return 0;
    }
    (is_limited ? disturbs_once : disturbs)();
    waitpid(child, NULL, 0);
    return 0;
}
