/* A load for echo servers on one core, closed loop: each connection sends a batch of messages with one call, and the
 * next one when all of it has come back, byte for byte.
 *
 *   load HOST PORT [-c CONNECTIONS] [-d DEPTH] [-s SIZE] [-t SECONDS] [-w WARM-UP] [-n] [-u] [-p]
 *
 * -n opens a new connection for each batch; -u sends datagrams, a batch as one train (UDP_SEGMENT, UDP_GRO); -p asks
 * again and again instead of sleeping. When the warm-up is over and nothing is under way it prints `begin` and waits for a
 * line; after the measurement it prints one line of JSON and waits for the end of stdin, so that whoever measures the
 * server sees exactly what the messages have cost it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, BUFFER = 1 << 20, STEPS = 128, PORTS = 20000, LATE_MS = 50 };

struct conn { int fd, is_blocked; size_t put, got; int64_t since; };

static struct { int connections, depth, size, is_new, is_udp, spins; double seconds, warm_up; } plan =
    {.connections = 1, .depth = 1, .size = 64, .seconds = 1, .warm_up = 0.1};
static struct sockaddr_in server = {.sin_family = AF_INET};
static struct conn *conns;
static char *batch, input[BUFFER];
static size_t whole; /* bytes of a batch */
static int set, under_way, is_over;
static uint64_t messages, lost, opened, latencies[64 * STEPS];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/* Latencies are counted in steps of less than 1 %: a power of two, and 7 bits behind its first. */
static void count_latency(uint64_t ns) {
    int power = ns < STEPS ? 0 : 57 - __builtin_clzll(ns);
    latencies[power ? power * STEPS + (ns >> (power - 1)) - STEPS : ns]++;
}

static double percentile(double share) {
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < 64 * STEPS; i++) total += latencies[i];
    for (int i = 0; i < 64 * STEPS; i++) {
        seen += latencies[i];
        if (seen && seen >= share * total) {
            int power = i / STEPS, low = i % STEPS;
            return power ? (double)((uint64_t)(low + STEPS) << (power - 1)) : low;
        }
    }
    return 0;
}

static void watch(int operation, struct conn *conn, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = conn};
    if (epoll_ctl(set, operation, conn->fd, &event)) die("epoll_ctl");
}

static void put(struct conn *conn) {
    while (conn->put < whole) {
        ssize_t n;
        if (plan.is_udp && plan.depth > 1) {
            char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
            struct iovec part = {batch, whole};
            struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                                     .msg_controllen = sizeof control};
            struct cmsghdr *head = CMSG_FIRSTHDR(&message);
            head->cmsg_level = SOL_UDP;
            head->cmsg_type = UDP_SEGMENT;
            head->cmsg_len = CMSG_LEN(sizeof(uint16_t));
            *(uint16_t *)CMSG_DATA(head) = plan.size;
            n = sendmsg(conn->fd, &message, MSG_DONTWAIT);
        } else {
            n = send(conn->fd, batch + conn->put, whole - conn->put, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        if (n < 0 && errno != EAGAIN) die("send");
        if (n < 0) break;
        conn->put += n;
    }
    int is_blocked = conn->put < whole;
    if (is_blocked != conn->is_blocked) watch(EPOLL_CTL_MOD, conn, is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
    conn->is_blocked = is_blocked;
}

static void fire(struct conn *conn, int64_t time) {
    if (is_over) return;
    conn->put = conn->got = 0;
    conn->since = time;
    under_way++;
    put(conn);
}

static void open_conn(struct conn *conn) {
    int one = 1, room = 4 << 20;
    conn->fd = socket(AF_INET, plan.is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (conn->fd < 0) die("socket");
    if (plan.is_udp) {
        setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        setsockopt(conn->fd, SOL_UDP, UDP_GRO, &one, sizeof one);
    } else {
        /* An address has no more ports than this, and a closed connection keeps its own for a minute. */
        struct sockaddr_in from = {.sin_family = AF_INET};
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + opened++ / PORTS % 200);
        setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(conn->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(conn->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    }
    if (connect(conn->fd, (struct sockaddr *)&server, sizeof server)) die("connect");
    conn->is_blocked = 0;
    watch(EPOLL_CTL_ADD, conn, EPOLLIN);
}

static void take(struct conn *conn) {
    ssize_t n = recv(conn->fd, input, BUFFER, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) die("the server ended");
    /* An answer to a batch that was given up comes after all. */
    if (plan.is_udp && conn->got + n > whole) return;
    size_t at = conn->got;
    if (plan.is_udp) at %= plan.size;
    if (at + n > whole || memcmp(input, batch + at, n)) {
        fprintf(stderr, "the server answered something else\n");
        exit(1);
    }
    conn->got += n;
    if (conn->got < whole) return;
    int64_t time = now();
    count_latency(time - conn->since);
    messages += plan.depth;
    under_way--;
    if (plan.is_new && !is_over) {
        close(conn->fd);
        open_conn(conn);
        time = now();
    }
    fire(conn, time);
}

/* Datagrams may be lost: a batch of which something is missing for long is counted and sent again. */
static void find_lost(int64_t time) {
    for (int i = 0; i < plan.connections; i++) {
        struct conn *conn = &conns[i];
        if (conn->got >= whole || time - conn->since < LATE_MS * 1000000ll) continue;
        lost += (whole - conn->got) / plan.size;
        while (recv(conn->fd, input, BUFFER, MSG_DONTWAIT) >= 0) {}
        under_way--;
        conn->got = whole;
        fire(conn, time);
    }
}

static void run(double seconds) {
    int64_t began = now(), until = began + (int64_t)(seconds * 1e9), time = began;
    is_over = 0;
    for (int i = 0; i < plan.connections; i++) fire(&conns[i], now());
    while (under_way > 0) {
        struct epoll_event ready[BATCH];
        int count = 0;
        if (plan.spins) {
            for (int i = 0; i < plan.connections; i++) {
                if (conns[i].is_blocked) put(&conns[i]);
                take(&conns[i]);
            }
        } else {
            count = epoll_wait(set, ready, BATCH, plan.is_udp ? LATE_MS : -1);
        }
        time = now();
        is_over = time >= until;
        for (int i = 0; i < count; i++) {
            struct conn *conn = ready[i].data.ptr;
            if (ready[i].events & EPOLLOUT) put(conn);
            if (ready[i].events & ~EPOLLOUT) take(conn);
        }
        if (plan.is_udp && (count == 0 || is_over)) find_lost(time);
    }
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    for (int option; (option = getopt(count - 2, arguments + 2, "c:d:s:t:w:nup")) >= 0;) {
        switch (option) {
        case 'c': plan.connections = atoi(optarg); break;
        case 'd': plan.depth = atoi(optarg); break;
        case 's': plan.size = atoi(optarg); break;
        case 't': plan.seconds = atof(optarg); break;
        case 'w': plan.warm_up = atof(optarg); break;
        case 'n': plan.is_new = 1; break;
        case 'u': plan.is_udp = 1; break;
        case 'p': plan.spins = 1; break;
        default: return 2;
        }
    }
    server.sin_port = htons(atoi(arguments[2]));
    if (inet_pton(AF_INET, arguments[1], &server.sin_addr) != 1) return 2;
    whole = (size_t)plan.depth * plan.size;
    batch = malloc(whole);
    for (size_t i = 0; i < whole; i++) batch[i] = 'a' + i % plan.size % 26;
    conns = calloc(plan.connections, sizeof *conns);
    set = epoll_create1(0);
    for (int i = 0; i < plan.connections; i++) open_conn(&conns[i]);

    run(plan.warm_up);
    memset(latencies, 0, sizeof latencies);
    messages = lost = 0;
    printf("begin\n");
    fflush(stdout);
    while (getchar() != '\n' && !feof(stdin)) {}

    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    int64_t began = now();
    run(plan.seconds);
    double seconds = (now() - began) / 1e9;
    getrusage(RUSAGE_SELF, &after);
    double cpu = after.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_utime.tv_sec - before.ru_stime.tv_sec +
                 (after.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_utime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    printf("{\"messages\": %lu, \"lost\": %lu, \"seconds\": %.6f, \"rate\": %.1f, \"cpu\": %.6f, \"p50\": %.0f, \"p99\": %.0f}\n",
           messages, lost, seconds, messages / seconds, cpu, percentile(0.5), percentile(0.99));
    fflush(stdout);
    while (getchar() != EOF) {}
    return 0;
}
