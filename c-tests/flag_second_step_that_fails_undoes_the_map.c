/*
 * MAP_NOINHERIT, MAP_LOCKED and MAP_STACK's guard take a second system call in
 * the target. Where the target's own filter refuses that call, or kills the
 * process for it, nothing remains of the map, the target lives, and the call is
 * EPERM; a caller who may suspend the filter (PTRACE_O_SUSPEND_SECCOMP: root, if
 * the kernel has it) gets the map. Without the flags it is made in any case.
 */
#include "target.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ptrace.h>

static void filter_calls(const int *calls, size_t n, uint32_t action)
{
	struct sock_filter filter[32], *f = filter;
	struct sock_fprog program = { 0, filter };
	size_t i;
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < n; i++) {
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)(f - filter);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static int may_suspend_filters(void)
{
	struct peer p = peer_start(obedient_body);
	long may = ptrace(PTRACE_SEIZE, p.pid, 0, 0x200000 /* PTRACE_O_SUSPEND_SECCOMP */);
	peer_kill(&p);
	return may == 0;
}

static int suspended;

static const int second_steps[] = { SYS_madvise, SYS_mprotect, SYS_mlock, SYS_mlock2 };

static void refuse_second_steps(void)
{
	filter_calls(second_steps, 4, SECCOMP_RET_ERRNO | EPERM);
}

static void die_of_second_steps(void)
{
	filter_calls(second_steps, 4, SECCOMP_RET_KILL_PROCESS);
}

static void test(struct target *t)
{
	static const int flags[] = { MAP_NOINHERIT, MAP_STACK, MAP_LOCKED };
	const int prot = PROT_READ | PROT_WRITE;
	unsigned char *a;
	size_t i;

	for (i = 0; i < 3; i++) {
		off_t guard = flags[i] == MAP_STACK ? PAGE : 0;
		if (!suspended) {
			MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 2 * PAGE, prot, MAP_PRIVATE | flags[i], NOFD, guard), EPERM);
			continue;
		}
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, prot, MAP_PRIVATE | flags[i], NOFD, guard));
		CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	}
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, prot, MAP_PRIVATE, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
}

int main(void)
{
	suspended = may_suspend_filters();
	on_peer(refuse_second_steps, test);
	on_peer(die_of_second_steps, test);
	return 0;
}
