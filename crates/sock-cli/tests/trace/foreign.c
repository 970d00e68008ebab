/* Asks for its number as a 32-bit program does, on a machine of 64 bit. */
#include <stdio.h>
int main(void) {
  int pid;
  __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
  printf("%s\n", pid > 0 ? "asked" : "refused");
  return 3;
}
