/*
 * A target's timers fire thousands of times a second, so that a signal is under
 * way whenever it is to be stopped. It is stopped all the same, each time and
 * soon, and each of its handlers runs.
 */
#include "disturb.h"

enum { TIMERS = 6, PAIRS = 400, PERIOD_NS = 700000 };

static struct { atomic_int ready, dismissed; atomic_ulong fired[TIMERS], naps; } *shared;

static void on_timer(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	shared->fired[info->si_int]++;
}

static int target(int channel)
{
	struct sigaction a = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerspec period = { { 0, PERIOD_NS }, { 0, PERIOD_NS } };
	int i;
	(void)channel;
	for (i = 0; i < TIMERS; i++) {
		struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + i, .sigev_value = { .sival_int = i } };
		timer_t id;
		CHECK(sigaction(SIGRTMIN + i, &a, NULL) == 0);
		CHECK(timer_create(CLOCK_MONOTONIC, &event, &id) == 0);
		CHECK(timer_settime(id, 0, &period, NULL) == 0);
	}
	shared->ready = 1;
	while (!shared->dismissed) {
		CHECK(usleep(5000) == 0 || errno == EINTR);
		shared->naps++;
	}
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned long fired[TIMERS], naps;
	int i;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->ready);
	disturb_times(p.pid, PAIRS);
	for (i = 0; i < TIMERS; i++)
		fired[i] = shared->fired[i];
	naps = shared->naps;
	for (i = 0; i < TIMERS; i++)
		AWAIT(shared->fired[i] > fired[i]);
	AWAIT(shared->naps > naps);
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
