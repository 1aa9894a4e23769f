/*
 * A target waits with a temporary signal mask (sigsuspend, ppoll, pselect,
 * epoll_pwait) which alone admits SIGUSR1. The signal arrives just while
 * mappings are made and removed: the wait ends with EINTR, the handler runs
 * once and within the wait, and afterwards SIGUSR1 is blocked as before.
 */
#include "disturb.h"
#include <sys/epoll.h>
#include <sys/select.h>

enum { SIGSUSPEND, PPOLL, PSELECT, EPOLL_PWAIT, KINDS, ROUNDS = 15 };
static const long numbers[KINDS] = { SYS_rt_sigsuspend, SYS_ppoll, SYS_pselect6, SYS_epoll_pwait };

static struct { atomic_int waiting, handled, done, next; } *shared;
static volatile sig_atomic_t admitted;

static void on_usr1(int sig)
{
	(void)sig;
	CHECK(admitted);
	shared->handled++;
}

static int wait_masked(int kind, int epoll)
{
	struct epoll_event event;
	sigset_t open_mask;
	sigemptyset(&open_mask);
	switch (kind) {
	case SIGSUSPEND: return sigsuspend(&open_mask);
	case PPOLL:      return ppoll(NULL, 0, NULL, &open_mask);
	case PSELECT:    return pselect(0, NULL, NULL, NULL, NULL, &open_mask);
	default:         return epoll_pwait(epoll, &event, 1, -1, &open_mask);
	}
}

static int target(int channel)
{
	struct sigaction a = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };
	sigset_t usr1, now;
	int kind, round, wait = 0, epoll = epoll_create1(0);
	(void)channel;
	CHECK(sigaction(SIGUSR1, &a, NULL) == 0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &usr1, NULL) == 0);
	for (kind = 0; kind < KINDS; kind++)
		for (round = 0; round < check_rounds(ROUNDS); round++) {
			shared->waiting = ++wait;
			admitted = 1;
			errno = 0;
			CHECK(wait_masked(kind, epoll) == -1 && errno == EINTR);
			admitted = 0;
			CHECK(shared->handled == wait);
			CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1) == 1);
			CHECK(sigismember(&now, SIGUSR2) == 0);
			shared->done = wait;
			/* The last mapping is not to fall into the beginning of the next wait. */
			AWAIT(shared->next == wait);
		}
	return hear_word(channel) == 1 ? 0 : 1;
}

static void *send_soon(void *pid)
{
	unsigned seed = (unsigned)shared->waiting;
	usleep((useconds_t)(rand_r(&seed) % 250));
	CHECK(kill(*(pid_t *)pid, SIGUSR1) == 0);
	return NULL;
}

int main(void)
{
	struct peer p;
	pthread_t thread;
	int kind, round, wait = 0;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	for (kind = 0; kind < KINDS; kind++)
		for (round = 0; round < check_rounds(ROUNDS); round++) {
			wait++;
			AWAIT(shared->waiting == wait);
			await_syscall(p.pid, numbers[kind]);
			disturb(p.pid);
			CHECK(pthread_create(&thread, NULL, send_soon, &p.pid) == 0);
			do
				disturb(p.pid);
			while (shared->handled < wait);
			CHECK(pthread_join(thread, NULL) == 0);
			AWAIT(shared->done == wait);
			shared->next = wait;
		}
	tell_word(p.channel, 1);
	CHECK(peer_status(&p) == 0);
	return 0;
}
