/*
 * A target sleeps in a system call. One mapping is created and removed in the
 * middle of it. Result, errno, what the call wrote, and how long it took are
 * as if nobody had come.
 *
 * runs-alone
 */
#include "blocking.h"

static void one_pair_in_the_middle(const struct blocking *b, struct scene *s, int disturbed)
{
	play_round(b, s, 1);
	CHECK(s->done == 0 || s->error == ENOSYS || s->refused);
	sleep_until(s->began + 0.5);
	if (disturbed)
		play_pairs(s, 1);
	sleep_until(s->began + 0.7);
	play_wake(b, s);
}

static int same(struct play *o, struct play *d) { return plays_agree(o, d, 0.2); }

int main(void)
{
	CHECK(play_all(one_pair_in_the_middle, 0, 1.0, same) == 0);
	return 0;
}
