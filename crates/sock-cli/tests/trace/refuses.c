/* Runs a program for which one system call is refused, as a container's profile refuses it:
   `refuses CALL ERRNO PROGRAM…`. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned number(const char *call) {
    if (!strcmp(call, "seccomp")) return SYS_seccomp;
    if (!strcmp(call, "ptrace")) return SYS_ptrace;
    if (!strcmp(call, "process_vm_readv")) return SYS_process_vm_readv;
    if (!strcmp(call, "kcmp")) return SYS_kcmp;
    exit(2);
}

int main(int count, char **words) {
    if (count < 4) return 2;
    unsigned error = SECCOMP_RET_ERRNO | (unsigned)atoi(words[2]);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number(words[1]), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("prctl");
        return 2;
    }
    execvp(words[3], words + 3);
    perror(words[3]);
    return 2;
}
