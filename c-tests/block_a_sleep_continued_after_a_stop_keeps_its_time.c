/*
 * A target's sleep was stopped by SIGSTOP and continued by SIGCONT, so that it
 * sits in restart_syscall(2) with the time that remains. Mappings before the
 * stop, amid it and after it change neither its result nor its length.
 *
 * runs-alone
 */
#include "blocking.h"

static const struct blocking sleeps[] = {
	{ "nanosleep", SYS_nanosleep, call_nanosleep, 0, 0, 0, 0, 0 },
	{ "clock_nanosleep, relative", SYS_clock_nanosleep, call_clock_nanosleep, 0, 0, 0, 0, 0 },
	{ "clock_nanosleep, absolute", SYS_clock_nanosleep, call_clock_nanosleep_until, 0, 0, 0, 0, 0 },
	{ "poll, timed", CALL_POLL, call_poll_time, 0, 0, 0, 0, 0 },
	{ "ppoll, timed", SYS_ppoll, call_ppoll_time, 0, 0, 0, 0, 0 },
	{ "select, timed", CALL_SELECT, call_select_time, 0, 0, 0, 0, 0 },
	{ "futex, timed", SYS_futex, call_futex_time, 0, 0, 0, 0, 0 },
	{ "mq_receive, until", SYS_mq_timedreceive, call_mq_receive_until, 0, mq, 0, 0, 0 },
};
enum { SLEEPS = sizeof sleeps / sizeof *sleeps };

static void pair_at(struct scene *s, double moment, int disturbed)
{
	sleep_until(s->began + moment);
	if (disturbed) {
		disturb(s->target);
		s->pairs++;
	}
}

static void stopped_and_continued(const struct blocking *b, struct scene *s, int disturbed)
{
	int status;
	play_round(b, s, 1);
	pair_at(s, 0.1, disturbed);
	await_asleep_or_done(b, s, 1);
	CHECK(kill(s->target, SIGSTOP) == 0);
	CHECK(waitpid(s->target, &status, WUNTRACED) == s->target && WIFSTOPPED(status));
	pair_at(s, 0.2, disturbed);
	AWAIT(task_state(s->target) == 'T');    /* it was let go, and stops again */
	CHECK(kill(s->target, SIGCONT) == 0);
	CHECK(waitpid(s->target, &status, WCONTINUED) == s->target && WIFCONTINUED(status));
	await_asleep_or_done(b, s, 1);
	pair_at(s, 0.4, disturbed);
	pair_at(s, 0.6, disturbed);
	CHECK(s->done == 0);
	AWAIT(s->done == 1);
}

static int same(struct play *o, struct play *d) { return plays_agree(o, d, 0.15); }

int main(void)
{
	CHECK(play_table(sleeps, SLEEPS, stopped_and_continued, 0, 0.8, same) == 0);
	return 0;
}
