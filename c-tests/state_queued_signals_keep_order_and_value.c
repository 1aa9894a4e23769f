/*
 * Signals wait in a target that blocks them: real-time ones with values, to the
 * process and to its thread, and an ordinary one. More arrive between mappings.
 * All are there afterwards, in order, with value, sender and code.
 */
#include "disturb.h"

enum { QUEUED = 60 };

static void take(int sig, siginfo_t *info)
{
	sigset_t only;
	sigemptyset(&only);
	sigaddset(&only, sig);
	CHECK(sigwaitinfo(&only, info) == sig);
}

static int target(int channel)
{
	sigset_t all;
	siginfo_t info;
	int i, sig;
	pid_t sender;
	sigfillset(&all);
	CHECK(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
	tell_word(channel, 1);
	sender = (pid_t)hear_word(channel);
	take(SIGUSR1, &info);
	CHECK(info.si_code == SI_USER && info.si_pid == sender && info.si_uid == getuid());
	for (sig = SIGRTMIN; sig <= SIGRTMIN + 2; sig++)
		for (i = 0; i < QUEUED; i++) {
			take(sig, &info);
			CHECK(info.si_code == SI_QUEUE && info.si_pid == sender && info.si_uid == getuid());
			CHECK(info.si_int == 1000 * (sig - SIGRTMIN) + i);
		}
	CHECK(sigpending(&all) == 0);   /* nothing beyond these */
	for (sig = 1; sig <= SIGRTMAX; sig++)
		CHECK(sigismember(&all, sig) != 1);
	return 0;
}

static void queue_one(pid_t pid, int sig, int value)
{
	union sigval v = { .sival_int = value };
	siginfo_t info;
	if (sig != SIGRTMIN + 2) {
		CHECK(sigqueue(pid, sig, v) == 0);
		return;
	}
	memset(&info, 0, sizeof info);
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = v;
	CHECK(syscall(SYS_rt_tgsigqueueinfo, pid, pid, sig, &info) == 0);
}

int main(void)
{
	struct peer p = peer_start(target);
	int i, sig;
	CHECK(hear_word(p.channel) == 1);
	CHECK(kill(p.pid, SIGUSR1) == 0);
	for (i = 0; i < QUEUED; i++) {
		for (sig = SIGRTMIN; sig <= SIGRTMIN + 2; sig++)
			queue_one(p.pid, sig, 1000 * (sig - SIGRTMIN) + i);
		disturb(p.pid);
	}
	tell_word(p.channel, (uintptr_t)getpid());
	CHECK(peer_status(&p) == 0);
	return 0;
}
