/*
 * A target sleeps in a system call while 20 mappings are created and removed,
 * at every stage of its sleep and in bursts. Result, errno, what the call
 * wrote, and how long it took are as if nobody had come; only select() and its like
 * last longer by the time for which they were stopped.
 *
 * runs-alone
 */
#include "blocking.h"

static void pairs_all_along(const struct blocking *b, struct scene *s, int disturbed)
{
	int burst;
	play_round(b, s, 1);
	/* A slow machine would be busy with the pairs of all cases for longer than they sleep. */
	for (burst = 0; burst < 7; burst += check_slowness() > 1 ? 3 : 1) {
		sleep_until(s->began + 0.1 * burst);
		if (disturbed)
			play_pairs(s, burst < 6 ? 3 : 2);
	}
	sleep_until(s->began + 0.7);
	play_wake(b, s);
}

static int same(struct play *o, struct play *d) { return plays_agree(o, d, 0.2); }

int main(void)
{
	CHECK(play_all(pairs_all_along, 0, 0.8, same) == 0);
	return 0;
}
