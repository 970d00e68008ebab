/* Accepts a connection and closes it by io_uring alone, without liburing: no call on it is ever made. */
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring;
static struct io_uring_params params;
static char *queue;
static struct io_uring_sqe *entries;

static unsigned *at(unsigned offset) { return (unsigned *)(queue + offset); }

/* Gives one entry to the kernel and waits for what comes of it. */
static int call(int op, int fd) {
  unsigned tail = *at(params.sq_off.tail), slot = tail & *at(params.sq_off.ring_mask);
  memset(&entries[slot], 0, sizeof entries[slot]);
  entries[slot].opcode = op;
  entries[slot].fd = fd;
  at(params.sq_off.array)[slot] = slot;
  __atomic_store_n(at(params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) return -1;
  unsigned head = *at(params.cq_off.head);
  struct io_uring_cqe *done = (struct io_uring_cqe *)(queue + params.cq_off.cqes);
  int result = done[head & *at(params.cq_off.ring_mask)].res;
  __atomic_store_n(at(params.cq_off.head), head + 1, __ATOMIC_RELEASE);
  return result;
}

int main(int argc, char **argv) {
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof here;
  ring = syscall(SYS_io_uring_setup, 4, &params);
  if (ring < 0 || argc < 2) return 77;
  size_t size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  queue = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  entries = mmap(NULL, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
                 IORING_OFF_SQES);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&here, len);
  getsockname(listener, (struct sockaddr *)&here, &len);
  FILE *file = fopen(argv[1], "w");
  fprintf(file, "%d", ntohs(here.sin_port));
  fclose(file);
  listen(listener, 8);
  int connection = call(IORING_OP_ACCEPT, listener);
  return connection < 0 || call(IORING_OP_CLOSE, connection) < 0;
}
