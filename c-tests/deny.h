/*
 * deny.h: takes system calls away from the calling thread and all it starts, by
 * a seccomp filter: what a container, a sandbox (EPERM) or an old kernel
 * (ENOSYS) does. notify.h asks a supervisor instead.
 */
#ifndef DENY_H
#define DENY_H
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define DENY_MOST 16

/* The listed calls get this action; returns what seccomp(2) returns. */
static inline int filter_calls(const int *calls, size_t count, uint32_t action, unsigned flags)
{
	struct sock_filter code[DENY_MOST + 3];
	struct sock_fprog program = { 0, code };
	size_t n = 0;
	CHECK(count <= DENY_MOST);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i],
			(unsigned char)(count - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	program.len = (unsigned short)n;
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static inline void deny(const int *calls, size_t count, int with_errno)
{
	CHECK(filter_calls(calls, count, SECCOMP_RET_ERRNO | (uint32_t)with_errno, 0) == 0);
}

#endif
