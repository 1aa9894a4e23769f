/*
 * landing.h: a signal with a handler that reaches a sleeping target while
 * mappings are created and removed in it. Each case of blocking.h is played
 * with the signal alone and with both; what the call returns, and that the
 * handler runs once for each signal, must be the same.
 *
 * One thing is left to chance. A call that was stopped is entered anew, and a
 * signal just before that entry finds no call to interrupt: its handler runs,
 * and the call then sleeps, as if it had begun a moment later. The kernel does
 * so after any stop (arch_do_signal_or_restart). The window is well below a
 * microsecond, and closed to signals that only a temporary mask admits; so one
 * round of a case may end that way, and no more; on a slow machine half of them.
 */
#ifndef LANDING_H
#define LANDING_H
#include "blocking.h"

enum { LANDINGS = 8 };

struct sender {
	struct scene *scene;
	useconds_t after;
};

static inline void *send_one(void *arg)
{
	struct sender *sender = arg;
	if (sender->after)
		usleep(sender->after);
	CHECK(kill(sender->scene->target, SIGUSR1) == 0);
	return NULL;
}

/* How many rounds may end so: the window is as much longer as a machine is slower. */
static inline int rounds_of_landing(void) { return check_slowness() > 1 ? LANDINGS / 2 : LANDINGS; }
static inline int most_late(void) { return check_slowness() > 1 ? LANDINGS / 4 : 1; }

static inline int has_landed(const struct scene *s, int round) { return s->handled == round; }

/* In the first round the signal is sent before the pairs, then amid them. */
static inline void one_signal_a_round(const struct blocking *b, struct scene *s, int disturbed)
{
	struct sender sender = { s, 0 };
	pthread_t thread;
	unsigned seed = (unsigned)getpid();
	long result = 0, error = 0, extra = 0;
	int late = 0;
	double enough = check_now() + check_span(1.5);      /* calls that go on take their whole time each round */
	int round;
	for (round = 1; round <= rounds_of_landing() && (round <= 2 || check_now() < enough); round++) {
		play_round(b, s, round);
		if (s->refused)
			return;
		sender.after = round == 1 ? 0 : (useconds_t)(rand_r(&seed) % 300);
		if (disturbed && round > 1) {
			double give_up = check_now() + 5;
			CHECK(pthread_create(&thread, NULL, send_one, &sender) == 0);
			do {
				disturb(s->target);
				s->pairs++;
				CHECK(check_now() < give_up);
			} while (!has_landed(s, round));
			CHECK(pthread_join(thread, NULL) == 0);
		} else {
			send_one(&sender);
		}
		if (disturbed) {
			disturb(s->target);
			s->pairs++;
		}
		AWAIT(has_landed(s, round));
		/* A call that goes on sleeps again, soon; one that was ended is done. */
		await_asleep_or_done(b, s, round);
		if (s->done < round && b->wake)
			b->wake(s);
		AWAIT(s->done == round);
		if (round == 1) {
			result = s->result;
			error = s->error;
			extra = s->extra;
		} else if (disturbed && error == EINTR && (s->result >= 0 || s->error == ETIMEDOUT) && ++late <= most_late()) {
			fprintf(stderr, "%s, round %d: the signal came just before the call was entered anew\n", b->name, round);
			s->result = result;
			s->error = error;
			s->extra = extra;
		} else if (result != s->result || error != s->error || extra != s->extra) {
			fprintf(stderr, "%s, round %d: result %ld, errno %ld, extra %ld; before %ld, %ld, %ld\n",
				b->name, round, s->result, s->error, s->extra, result, error, extra);
			check_failed(__FILE__, __LINE__, "every round must end alike");
		}
		CHECK(s->handled == round);
		CHECK(s->handled_at_return == round);
	}
}

/* Results only: here each round takes its own time. */
static inline int same_result(struct play *o, struct play *d) { return plays_agree(o, d, 5.0); }

#endif
