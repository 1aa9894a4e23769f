/*
 * Mappings that come without a break must not make a target wait for ever in
 * epoll_wait() and its like: a hidden disturbance starts the timeout anew, so a
 * second one by the same caller within one timeout shows as EINTR, as signal(7)
 * documents for stops. Then the target's own clock decides; and a wait that
 * begins after a quiet time hides its first mapping again.
 *
 * runs-alone
 */
#include "timed_waits.h"

static const struct blocking timed[] = { TIMED_BY_ARGUMENT };

#define SPAN 0.5

static void mappings_without_a_break(const struct blocking *b, struct scene *s, int disturbed)
{
	void *m = NULL;
	int round;
	for (round = 1; round <= 2; round++) {
		play_round(b, s, round);
		CHECK(s->done < round);
		sleep_until(s->began + 0.15);
		if (disturbed) {
			m = map_in(s->target);
			await_asleep_or_done(b, s, round);
			CHECK(s->done < round);
			unmap_in(s->target, m);
		}
		AWAIT(s->done == round);
		if (disturbed) {
			CHECK(s->result == -1 && s->error == EINTR);
			CHECK(s->took > 0.14 && s->took < 0.3);
		} else {
			CHECK(s->took > SPAN - 0.01);
		}
		/* Two timeouts later nothing is remembered. */
		sleep_until(s->began + 3 * SPAN);
	}
}

static int both_went_well(struct play *o, struct play *d) { return !o->failed && !d->failed; }

int main(void)
{
	CHECK(play_table(timed, CASES(timed), mappings_without_a_break, 0, SPAN, both_went_well) == 0);
	return 0;
}
