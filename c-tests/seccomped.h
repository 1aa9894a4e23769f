/*
 * seccomped.h: targets under seccomp(2). They read a byte, answer it and go on,
 * with nothing but read(), write() and exit(), which every filter here allows.
 */
#ifndef SECCOMPED_H
#define SECCOMPED_H
#include "disturb.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

enum { FILTER_MAX = 32 };

/* A filter that allows these calls, and does `otherwise` with all others. */
static inline void install_filter(const int *allowed, int count, uint32_t otherwise)
{
	struct sock_filter code[FILTER_MAX];
	struct sock_fprog program = { 0, code };
	int i, n = 0;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < count; i++) {
		CHECK(n + 3 < FILTER_MAX);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
	program.len = (unsigned short)n;
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

/* Answers bytes until told 'q'. exit_group() would be refused in strict mode. */
__attribute__((noreturn))
static inline void echo(int channel)
{
	char b = 'r';
	syscall(SYS_write, channel, &b, 1);
	while (syscall(SYS_read, channel, &b, 1) == 1 && b != 'q')
		syscall(SYS_write, channel, &b, 1);
	syscall(SYS_exit, b == 'q' ? 0 : 1);
	__builtin_unreachable();
}

static inline void await_echo(struct peer *p)
{
	char b;
	hear(p->channel, &b, 1);
	CHECK(b == 'r');
	await_syscall(p->pid, SYS_read);
}

/* The target lives, and answers. */
static inline void check_echo(struct peer *p)
{
	char b = 'x';
	tell(p->channel, &b, 1);
	hear(p->channel, &b, 1);
	CHECK(b == 'x');
}

static inline void end_echo(struct peer *p)
{
	char b = 'q';
	tell(p->channel, &b, 1);
	CHECK(peer_status(p) == 0);
	close(p->channel);
}

/* May the caller suspend a target's seccomp (PTRACE_O_SUSPEND_SECCOMP)? */
static inline int may_suspend(void)
{
	return geteuid() == 0;
}

/*
 * A pair that may be refused, with EPERM and an explanation, but never harms:
 * whether it was done.
 */
static inline int try_pair(pid_t pid, int fd)
{
	size_t size = check_page();
	void *m;
	errno = 4242;
	m = mmap_peer(pid, NULL, size, PROT_READ, fd == NOFD ? MAP_PRIVATE | MAP_ANON : MAP_SHARED, fd, 0);
	if (m == MAP_FAILED) {
		if (errno != EPERM)
			fprintf(stderr, "errno %d: %s\n", errno, mman_peer_explain());
		CHECK(errno == EPERM && mman_peer_explain()[0] != '\0');
		return 0;
	}
	CHECK(errno == 4242);
	CHECK_OK(munmap_peer(pid, m, size));
	return 1;
}

#endif
