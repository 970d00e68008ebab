/* A server that says in capitals what it hears, in a thread for each client, and a client that forks: one process writes,
   the other reads. Linked statically, so that nothing but the kernel sees its calls: `actors ROLE [PORT]`. */

#include <arpa/inet.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int check(int done, const char *what) {
    if (done < 0) {
        perror(what);
        exit(1);
    }
    return done;
}

static void *upper(void *argument) {
    int connection = (int)(long)argument;
    char room[1024];
    ssize_t n;
    while ((n = recv(connection, room, sizeof room, 0)) > 0) {
        for (ssize_t at = 0; at < n; at++) room[at] = (char)toupper((unsigned char)room[at]);
        /* In two pieces at once. */
        struct iovec pieces[2] = {{room, (size_t)n / 2}, {room + n / 2, (size_t)(n - n / 2)}};
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
        check((int)sendmsg(connection, &message, MSG_NOSIGNAL), "sendmsg");
    }
    close(connection);
    return NULL;
}

static void serve(void) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof here;
    int server = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(bind(server, (struct sockaddr *)&here, size), "bind");
    check(getsockname(server, (struct sockaddr *)&here, &size), "getsockname");
    check(listen(server, 16), "listen");
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    for (;;) {
        pthread_t thread;
        long connection = check(accept(server, NULL, NULL), "accept");
        pthread_create(&thread, NULL, upper, (void *)connection);
        pthread_detach(thread);
    }
}

static int call(int port) {
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    there.sin_port = htons((unsigned short)port);
    int connection = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(connect(connection, (struct sockaddr *)&there, sizeof there), "connect");
    pid_t writer = check(fork(), "fork");
    if (writer == 0) {
        const char *words[] = {"hello ", "from ", "c\n"};
        for (int n = 0; n < 3; n++) check((int)write(connection, words[n], strlen(words[n])), "write");
        check(shutdown(connection, SHUT_WR), "shutdown");
        _exit(0);
    }
    char room[16];
    ssize_t n;
    while ((n = read(connection, room, sizeof room)) > 0) fwrite(room, 1, (size_t)n, stdout);
    waitpid(writer, NULL, 0);
    return 3;
}

int main(int count, char **words) {
    if (count > 1 && strcmp(words[1], "server") == 0) serve();
    return call(count > 2 ? atoi(words[2]) : 0);
}
