/* A plain UDP echo, one datagram a call; with the argument `batch`, up to 64 of them a call. */
#define _GNU_SOURCE
#include "peer.h"

#include <string.h>

enum { BATCH = 64, LONGEST = 65536 };

static char buffers[BATCH][LONGEST];
static struct sockaddr_in names[BATCH];

static void one_by_one(int fd) {
    for (;;) {
        socklen_t size = sizeof names[0];
        ssize_t n = recvfrom(fd, buffers[0], LONGEST, 0, (struct sockaddr *)&names[0], &size);
        if (n >= 0) sendto(fd, buffers[0], n, 0, (struct sockaddr *)&names[0], size);
    }
}

static void many_a_call(int fd) {
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i].iov_base = buffers[i];
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &names[i];
    }
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i].iov_len = LONGEST;
            messages[i].msg_hdr.msg_namelen = sizeof names[i];
        }
        int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, 0);
        for (int i = 0; i < count; i++) parts[i].iov_len = messages[i].msg_len;
        for (int sent = 0; sent < count;) {
            int n = sendmmsg(fd, messages + sent, count - sent, 0);
            /* Who cannot be answered loses his datagram; the others wait for theirs. */
            sent += n > 0 ? n : 1;
        }
    }
}

int main(int count, char **arguments) {
    int fd = bound(SOCK_DGRAM);
    say_port(fd);
    if (count > 1 && !strcmp(arguments[1], "batch")) many_a_call(fd);
    one_by_one(fd);
}
