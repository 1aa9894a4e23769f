/*
 * A target's seccomp filter sends it SIGSYS for mmap and munmap, which it
 * handles. The handler never runs for a mapping that another process makes: the
 * call is done where seccomp can be suspended, else refused with EPERM. The
 * target's own calls are trapped as before, by a handler that still stands; the
 * same if it blocks SIGSYS, or ignores it.
 */
#include "seccomped.h"

static const int allowed[] = { SYS_read, SYS_write, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
	SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_getpid };
static volatile sig_atomic_t traps;

static void count_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code == 1 /* SYS_SECCOMP */ && info->si_syscall == SYS_getppid)
		traps++;
	else
		traps = 1000;
}

static void answer_once(int channel)
{
	char b = 'r';
	CHECK(write(channel, &b, 1) == 1 && read(channel, &b, 1) == 1);
}

enum { HANDLED, BLOCKED, IGNORED, VARIANTS };

static int target(int channel)
{
	struct sigaction a = { .sa_sigaction = count_trap, .sa_flags = SA_SIGINFO }, now;
	sigset_t set, old;
	CHECK(sigaction(SIGSYS, &a, NULL) == 0);
	install_filter(allowed, 8, SECCOMP_RET_TRAP);
	answer_once(channel);
	CHECK(traps == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	answer_once(channel);
	CHECK(sigprocmask(SIG_UNBLOCK, &set, &old) == 0 && sigismember(&old, SIGSYS));
	CHECK(traps == 0);
	CHECK(sigaction(SIGSYS, NULL, &now) == 0 && now.sa_sigaction == count_trap);
	a.sa_handler = SIG_IGN;
	CHECK(sigaction(SIGSYS, &a, NULL) == 0);
	answer_once(channel);
	CHECK(sigaction(SIGSYS, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
	a.sa_sigaction = count_trap;
	CHECK(sigaction(SIGSYS, &a, NULL) == 0);
	syscall(SYS_getppid);
	CHECK(traps == 1);
	return 0;
}

int main(void)
{
	struct peer p = peer_start(target);
	int variant, i, fd = an_object();
	char b;
	for (variant = 0; variant < VARIANTS; variant++) {
		hear(p.channel, &b, 1);
		await_syscall(p.pid, SYS_read);
		for (i = 0; i < 5; i++) {
			CHECK(try_pair(p.pid, NOFD) == may_suspend());
			CHECK(try_pair(p.pid, fd) == may_suspend());
		}
		await_syscall(p.pid, SYS_read);
		tell(p.channel, &b, 1);
	}
	CHECK(peer_status(&p) == 0);
	return 0;
}
