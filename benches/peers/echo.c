/* The bar: a bare echo server. Level-triggered epoll, one buffer for all, accept4, TCP_NODELAY. What the kernel does
 * not take at once is kept for the connection, which is not read meanwhile: a bulk sender needs that. */
#define _GNU_SOURCE
#include "peer.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

enum { BUFFER = 65536, BATCH = 256, DESCRIPTORS = 1 << 20 };

/* What a connection is owed, by its descriptor. */
static struct { char *bytes; size_t at, end; } owed[DESCRIPTORS];
static char buffer[BUFFER];
static int set;

static void watch(int operation, int fd, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(set, operation, fd, &event);
}

static void take_callers(int listener) {
    int fd;
    while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void drop(int fd) {
    free(owed[fd].bytes);
    memset(&owed[fd], 0, sizeof owed[fd]);
    close(fd);
}

static void pay(int fd) {
    ssize_t n = send(fd, owed[fd].bytes + owed[fd].at, owed[fd].end - owed[fd].at, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return drop(fd);
    if (n > 0) owed[fd].at += n;
    if (owed[fd].at < owed[fd].end) return;
    free(owed[fd].bytes);
    owed[fd].bytes = 0;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void echo(int fd) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) drop(fd);
        return;
    }
    ssize_t sent = send(fd, buffer, n, MSG_NOSIGNAL);
    if (sent == n) return;
    if (sent < 0) {
        if (errno != EAGAIN) return drop(fd);
        sent = 0;
    }
    owed[fd].at = 0;
    owed[fd].end = n - sent;
    owed[fd].bytes = memcpy(malloc(n - sent), buffer + sent, n - sent);
    watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

int main(void) {
    int listener = bound(SOCK_STREAM | SOCK_NONBLOCK), one = 1;
    /* Whoever is accepted inherits it. */
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (listen(listener, 4096)) return 1;
    set = epoll_create1(0);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    say_port(listener);
    for (;;) {
        struct epoll_event ready[BATCH];
        int count = epoll_wait(set, ready, BATCH, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) take_callers(fd);
            else if (owed[fd].bytes) pay(fd);
            else echo(fd);
        }
    }
}
