/*
 * Mappings that come without a break must not make a target wait for ever in
 * epoll_wait() and its like: each one that is hidden starts the timeout anew. So
 * after one timeout of them the target sees EINTR, as signal(7) documents for
 * stops; not sooner, and not more often than once in a timeout.
 *
 * runs-alone
 */
#include "timed_waits.h"

static const struct blocking timed[] = { TIMED_BY_ARGUMENT };

#define SPAN 0.4

static void mappings_without_a_break(const struct blocking *b, struct scene *s, int disturbed)
{
	double last, gap;
	int round;
	for (round = 1; round <= 2; round++) {
		play_round(b, s, round);
		if (!disturbed) {
			AWAIT(s->done == round);
			CHECK(s->took > SPAN - 0.01);
			continue;
		}
		for (gap = 0, last = s->began; s->done < round; last = check_now()) {
			CHECK(check_now() < s->began + 10);
			disturb(s->target);
			s->pairs++;
			usleep(20 * 1000);
			gap = check_now() - last > gap ? check_now() - last : gap;
		}
		/* On a machine so busy that there was a break after all, it may also have timed out. */
		if (gap > SPAN / 2)
			continue;
		CHECK(s->result == -1 && s->error == EINTR);
		CHECK(s->took < 3 * SPAN);
		CHECK(s->took > 0.9 * SPAN);
	}
}

static int both_went_well(struct play *o, struct play *d) { return !o->failed && !d->failed; }

int main(void)
{
	CHECK(play_table(timed, CASES(timed), mappings_without_a_break, 0, SPAN, both_went_well) == 0);
	return 0;
}
