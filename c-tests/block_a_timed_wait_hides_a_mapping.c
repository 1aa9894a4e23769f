/*
 * epoll_wait() and its like, with a finite timeout, answer any stop with EINTR.
 * A mapping made and removed amid the wait is hidden from the target: the wait
 * ends by its event as if undisturbed, or by its timeout, which may have started
 * anew.
 *
 * runs-alone
 */
#include "timed_waits.h"

static const struct blocking timed[] = { TIMED_BY_ARGUMENT, TIMED_BY_THE_KERNEL, TIMED_ELSEWHERE };

#define SPAN 0.6
#define LATE (check_slowness() > 1 ? 0.3 : 0.15)

/* Round 1 ends by its event, round 2 by its timeout, long after round 1. */
static void one_pair(const struct blocking *b, struct scene *s, int disturbed)
{
	play_round(b, s, 1);
	if (s->refused)
		return;
	CHECK(s->done == 0);
	sleep_until(s->began + 0.2);
	if (disturbed)
		disturb(s->target);
	sleep_until(s->began + 0.4);
	CHECK(s->done == 0);
	b->wake(s);
	AWAIT(s->done == 1);
	CHECK(s->result >= 0 && s->took > 0.39 && s->took < 0.4 + LATE);

	sleep_until(s->began + 0.4 + SPAN + 0.1);
	play_round(b, s, 2);
	sleep_until(s->began + 0.3);
	if (disturbed) {
		disturb(s->target);
		s->pairs = 2;
	}
	AWAIT(s->done == 2);
	CHECK(s->took > SPAN - 0.01 && s->took < (disturbed ? 0.3 : 0) + SPAN + LATE);
}

static int same(struct play *o, struct play *d) { return plays_agree(o, d, 2 * SPAN); }

int main(void)
{
	CHECK(play_table(timed, CASES(timed), one_pair, 0, SPAN, same) == 0);
	return 0;
}
