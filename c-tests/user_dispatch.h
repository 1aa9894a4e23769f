/*
 * user_dispatch.h: syscall user dispatch (Documentation/admin-guide/
 * syscall-user-dispatch.rst): while the selector says "block", a system call
 * becomes a SIGSYS, whose handler decides what the call returns.
 */
#ifndef USER_DISPATCH_H
#define USER_DISPATCH_H
#include "disturb.h"
#include <sys/utsname.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
/* Calls from everywhere but a range, or only those from a range. */
enum { DISPATCH_OFF, DISPATCH_ALL_BUT, DISPATCH_ONLY, ALLOW = 0, BLOCK = 1 };

/* In a handler of SIGSYS: what the call is to return. */
static inline void set_result(void *context, long result)
{
	ucontext_t *c = context;
#if defined(__x86_64__)
	c->uc_mcontext.gregs[REG_RAX] = result;
#elif defined(__i386__)
	c->uc_mcontext.gregs[REG_EAX] = result;
#elif defined(__aarch64__)
	c->uc_mcontext.regs[0] = (unsigned long)result;
#endif
}

/* PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG: since Linux 6.4. */
static inline int can_be_switched_off(void)
{
	struct utsname u;
	int major = 0, minor = 0;
	CHECK(uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2);
	return major > 6 || (major == 6 && minor >= 4);
}

#endif
