/*
 * A target uses syscall user dispatch (Wine does): while its selector says
 * "block", each system call becomes a SIGSYS. A mapping that another process
 * makes does not; the dispatch is in force afterwards, for the target's own.
 *
 * Before Linux 6.4 nobody can switch another's dispatch off: while the selector
 * says "block" the call is EPERM then, says why, and changes nothing.
 */
#include "user_dispatch.h"

static struct { atomic_int phase, stop; } *shared;
static volatile char selector;
static volatile sig_atomic_t dispatched, number;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	selector = ALLOW;       /* or the return from here would be dispatched */
	number = info->si_syscall;
	dispatched++;
}

/* In user mode only, with the door closed. */
static void spin_blocked(int phase)
{
	selector = BLOCK;
	shared->phase = phase;
	while (shared->stop < phase)
		;
	CHECK(dispatched == 0);
	selector = BLOCK;
	syscall(SYS_getppid);
	CHECK(dispatched == 1 && number == SYS_getppid);
	CHECK(selector == ALLOW);
	dispatched = 0;
}

static int target(int channel)
{
	struct sigaction a = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	CHECK(sigaction(SIGSYS, &a, NULL) == 0);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ALL_BUT, 0, 0, &selector) == -1)
		return 77;
	spin_blocked(1);
	spin_blocked(2);
	/* Asleep, with the door open; closed again as it goes on. */
	shared->phase = 3;
	hear_word(channel);
	CHECK(dispatched == 0);
	spin_blocked(4);
	return 0;
}

static void disturb_blocked(pid_t pid, int times, int fd)
{
	if (can_be_switched_off()) {
		if (fd == -1)
			disturb_times(pid, times);
		for (int i = 0; fd != -1 && i < times; i++)
			disturb_by_file(pid, fd);
		return;
	}
	for (int i = 0; i < 3; i++) {
		CHECK_MAP_FAILS(mmap_peer(pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), EPERM);
		CHECK(strstr(mman_peer_explain(), "user dispatch") != NULL);
	}
}

int main(void)
{
	struct peer p;
	int status, fd = an_object();
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->phase == 1 || waitpid(p.pid, &status, WNOHANG) == p.pid);
	if (shared->phase != 1) {
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 77);
		check_skip("this kernel has no syscall user dispatch (Linux 5.11)");
	}
	disturb_blocked(p.pid, 50, -1);
	shared->stop = 1;
	AWAIT(shared->phase == 2);
	disturb_blocked(p.pid, 10, fd);
	shared->stop = 2;
	AWAIT(shared->phase == 3);
	await_syscall(p.pid, CALL_OF_RECV);
	disturb_times(p.pid, 20);
	disturb_by_file(p.pid, fd);
	tell_word(p.channel, 0);
	AWAIT(shared->phase == 4);
	disturb_blocked(p.pid, 20, -1);
	shared->stop = 4;
	CHECK(peer_status(&p) == 0);
	return 0;
}
