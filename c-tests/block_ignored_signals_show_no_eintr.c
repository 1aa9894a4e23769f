/*
 * A target sleeps in epoll_wait(), and signals come that it ignores, one by choice and
 * one by default. Without the mappings that are made meanwhile it would not have woken,
 * and so it does not with them.
 */
#include "disturb.h"
#include <sys/epoll.h>

static struct { atomic_int asleep; } *shared;

static int sleeper(int channel)
{
	struct epoll_event e;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR && signal(SIGWINCH, SIG_DFL) != SIG_ERR);
	e.events = EPOLLIN;
	CHECK(epoll != -1 && epoll_ctl(epoll, EPOLL_CTL_ADD, channel, &e) == 0);
	shared->asleep = 1;
	CHECK(epoll_wait(epoll, &e, 1, -1) == 1);
	return 0;
}

int main(void)
{
	struct storm storm;
	struct peer p;
	double until;
	shared = shared_memory(sizeof *shared);
	p = peer_start(sleeper);
	AWAIT(shared->asleep);
	await_state(p.pid, 'S');
	storm_begin(&storm, p.pid, NOFD);
	AWAIT(storm.pairs > 0);
	until = check_now() + check_span(2);
	while (check_now() < until) {
		CHECK(kill(p.pid, SIGUSR1) == 0 && kill(p.pid, SIGWINCH) == 0);
		usleep(50);
	}
	CHECK(storm_end(&storm) > 2);
	tell_word(p.channel, 1);
	CHECK(peer_status(&p) == 0);
	return 0;
}
