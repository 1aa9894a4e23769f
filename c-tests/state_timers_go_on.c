/*
 * A target lives by timers: an interval timer with a handler, a timer that
 * queues a value, a timerfd. Their signals land in every part of a mapping.
 * None is lost beyond what overrun counts say, and the reads between them are
 * undisturbed.
 */
#include "disturb.h"
#include <sys/time.h>
#include <sys/timerfd.h>

static struct { atomic_int ready, dismissed; atomic_long alarms, queued; } *shared;

static void on_alarm(int sig) { (void)sig; shared->alarms++; }
static void on_timer(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	CHECK(info->si_code == SI_TIMER && info->si_int == 4711);
	shared->queued += 1 + info->si_overrun;
}

#define PERIOD_NS 2000000

static int target(int channel)
{
	struct sigaction alarm = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct sigaction timer = { .sa_sigaction = on_timer, .sa_flags = SA_RESTART | SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value = { .sival_int = 4711 } };
	const long ns = PERIOD_NS * check_slowness();
	struct itimerval often = { { 0, ns / 1000 }, { 0, ns / 1000 } };
	struct itimerspec period = { { 0, ns }, { 0, ns } };
	timer_t id;
	double began;
	long periods = 0, due;
	uint64_t expired;
	int fd;
	(void)channel;
	CHECK(sigaction(SIGALRM, &alarm, NULL) == 0 && sigaction(SIGRTMIN, &timer, NULL) == 0);
	CHECK((fd = timerfd_create(CLOCK_MONOTONIC, 0)) != -1);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &id) == 0);
	began = check_now();
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	CHECK(timer_settime(id, 0, &period, NULL) == 0);
	CHECK(timerfd_settime(fd, 0, &period, NULL) == 0);
	shared->ready = 1;
	while (!shared->dismissed) {
		CHECK(read(fd, &expired, sizeof expired) == sizeof expired);
		periods += (long)expired;
	}
	due = (long)((check_now() - began) * 1e9 / PERIOD_NS);
	fprintf(stderr, "%ld periods; timerfd %ld, queued %ld, alarms %ld\n", due, periods, shared->queued, shared->alarms);
	CHECK(periods >= due - 3 && periods <= due + 1);
	CHECK(shared->queued >= due - 3 && shared->queued <= due + 1);
	/* SIGALRM is not queued: those that came together count once. */
	CHECK(shared->alarms >= due / 4 && shared->alarms <= due + 1);
	return 0;
}

int main(void)
{
	struct peer p;
	double end;
	int pairs = 0;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->ready);
	for (end = check_now() + 0.6; check_now() < end; pairs++)
		disturb(p.pid);
	CHECK(pairs > check_rounds(50));
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
