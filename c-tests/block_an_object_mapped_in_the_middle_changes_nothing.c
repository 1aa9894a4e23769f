/*
 * A target sleeps in a system call. A shared object is mapped into it and
 * removed again in the middle of the sleep, for which its descriptor is handed
 * over in several steps. Result, errno, what the call wrote, and how long it
 * took are as if nobody had come; so are the target's descriptors and maps.
 *
 * runs-alone
 */
#include "blocking.h"

static void an_object_in_the_middle(const struct blocking *b, struct scene *s, int disturbed)
{
	static struct portrait before, after;
	play_round(b, s, 1);
	if (s->done == 0)
		portrait_take(s->target, &before);
	sleep_until(s->began + 0.3);
	if (disturbed && s->done == 0) {
		disturb_by_file(s->target, an_object());
		s->pairs = 1;
	}
	sleep_until(s->began + 0.5);
	await_asleep_or_done(b, s, 1);
	if (s->done == 0) {
		portrait_take(s->target, &after);
		portrait_same(&before, &after);
	}
	play_wake(b, s);
}

static int same(struct play *o, struct play *d) { return plays_agree(o, d, 0.2); }

int main(void)
{
	CHECK(play_all(an_object_in_the_middle, 0, 0.8, same) == 0);
	return 0;
}
