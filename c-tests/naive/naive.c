/*
 * naive.c: mmap_peer() and munmap_peer() as one would write them in an
 * afternoon: attach, borrow the registers, single-step over a system call, put
 * them back, detach. It does map. It is here to show that the tests can fail:
 *
 *   cc -shared -fPIC -Iinclude -o target/naive.so c-tests/naive/naive.c
 *   LD_PRELOAD=$PWD/target/naive.so LD_LIBRARY_PATH=target/release target/c-tests/NAME
 *
 * What it gets wrong: the attach's SIGSTOP may reach the target later and shows
 * to its parent; orig_rax stays, so the kernel moves the borrowed rip back by
 * two when the target sat in a system call; the EINTR of epoll_wait() is not
 * hidden; an rseq section loses its abort; a signal that arrives meanwhile is
 * swallowed; SIGTRAP's disposition is reset where it is blocked or ignored; DF,
 * AC and user dispatch go into the borrowed call; there is no limit to a wait.
 *
 * What it gets right it can be told to spoil, so that the tests of that can fail,
 * too: NAIVE_SPOILS=register, flag, vector, stack, mask or job.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/mman_peer.h>

/* The address of a `syscall` in the target's vdso, or 0. */
static unsigned long syscall_in(pid_t pid)
{
	Elf64_auxv_t vector[64];
	const unsigned char *ours = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	unsigned long theirs = 0;
	char path[64];
	ssize_t n, i;
	int fd;
	snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, vector, sizeof vector);
	close(fd);
	for (i = 0; i < n / (ssize_t)sizeof vector[0]; i++)
		if (vector[i].a_type == AT_SYSINFO_EHDR)
			theirs = vector[i].a_un.a_val;
	for (i = 0; theirs && i < 8192; i++)
		if (ours[i] == 0x0f && ours[i + 1] == 0x05)
			return theirs + (unsigned long)i;
	return 0;
}

/* Harm of the kind that is asked for, to a target that is about to go on. */
static void spoil(pid_t pid, struct user_regs_struct *saved)
{
	static unsigned calls;
	const char *what = getenv("NAIVE_SPOILS");
	struct user_fpregs_struct vector;
	uint64_t mask;
	/* Not with each call: twice the same bit would be none. */
	if (what == NULL || calls++ % 3 != 0)
		return;
	if (strcmp(what, "register") == 0)
		saved->r13 ^= 1;
	if (strcmp(what, "flag") == 0)
		saved->eflags ^= 0x400;
	if (strcmp(what, "vector") == 0 && ptrace(PTRACE_GETFPREGS, pid, NULL, &vector) == 0) {
		vector.xmm_space[20] ^= 1;
		ptrace(PTRACE_SETFPREGS, pid, NULL, &vector);
	}
	if (strcmp(what, "stack") == 0)
		ptrace(PTRACE_POKEDATA, pid, saved->rsp - 256, 1);
	if (strcmp(what, "mask") == 0 && ptrace(PTRACE_GETSIGMASK, pid, sizeof mask, &mask) == 0) {
		mask ^= 1u << (SIGUSR2 - 1);
		ptrace(PTRACE_SETSIGMASK, pid, sizeof mask, &mask);
	}
	if (strcmp(what, "job") == 0) {
		ptrace(PTRACE_SETREGS, pid, NULL, saved);
		ptrace(PTRACE_DETACH, pid, NULL, SIGSTOP);
		usleep(1000);
		kill(pid, SIGCONT);
	}
}

static long call_in(pid_t pid, long number, void *addr, size_t len, int prot, int flags)
{
	struct user_regs_struct saved, r;
	unsigned long rip = syscall_in(pid);
	int status;
	if (rip == 0)
		return -ESRCH;
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) == -1)
		return -errno;
	waitpid(pid, &status, __WALL);
	if (ptrace(PTRACE_GETREGS, pid, NULL, &saved) == -1)
		return -errno;
	r = saved;
	r.rip = rip;
	r.rax = (unsigned long)number;
	r.rdi = (unsigned long)addr;
	r.rsi = len;
	r.rdx = (unsigned long)prot;
	r.r10 = (unsigned long)flags;
	r.r8 = (unsigned long)-1;
	r.r9 = 0;
	ptrace(PTRACE_SETREGS, pid, NULL, &r);
	ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	if (waitpid(pid, &status, __WALL) == -1 || !WIFSTOPPED(status))
		return -ESRCH;
	ptrace(PTRACE_GETREGS, pid, NULL, &r);
	spoil(pid, &saved);
	ptrace(PTRACE_SETREGS, pid, NULL, &saved);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return (long)r.rax;
}

void *mmap_peer(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	int before = errno;
	long r = call_in(pid, SYS_mmap, addr, len, prot, flags);
	(void)fd;
	(void)off;
	errno = r < 0 && r > -4096 ? (int)-r : before;
	return r < 0 && r > -4096 ? MAP_FAILED : (void *)r;
}

int munmap_peer(pid_t pid, void *addr, size_t len)
{
	int before = errno;
	long r = call_in(pid, SYS_munmap, addr, len, 0, 0);
	errno = r < 0 ? (int)-r : before;
	return r < 0 ? -1 : 0;
}
