/* What the C peers share: they say their port on stdout, and end when stdin ends. */
#ifndef PEER_H
#define PEER_H
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket on a free port of 127.0.0.1. */
static int bound(int type) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at)) {
        perror("bind");
        exit(1);
    }
    return fd;
}

/* To call once it listens. The end of stdin is a signal (SIGIO, which ends a program), so that the loop neither
 * watches one descriptor more nor shares its table of descriptors with a thread, which would make every call dearer. */
static void say_port(int fd) {
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    getsockname(fd, (struct sockaddr *)&at, &size);
    fcntl(STDIN_FILENO, F_SETOWN, getpid());
    fcntl(STDIN_FILENO, F_SETFL, O_ASYNC);
    struct pollfd ended = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&ended, 1, 0) > 0) exit(0);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
}
#endif
