/*
 * Four processes make and remove mappings in one target at the same time, one
 * of them by three threads. Only one can hold the target at a time; the others
 * wait, and none of their calls fails.
 */
#include "caller.h"
#include "disturb.h"

enum { CALLERS = 4, PAIRS = 60 };

static struct { pid_t target; atomic_int ready, go; atomic_ulong progress; } *shared;

static int target(int channel)
{
	(void)channel;
	for (;;) {
		CHECK(usleep(300) == 0);
		shared->progress++;
	}
	return 0;
}

static void *pairs(void *arg)
{
	int i, fd = an_object();
	(void)arg;
	for (i = 0; i < check_fewer(PAIRS / 4); i++) {
		disturb_times(shared->target, 3);
		disturb_by_file(shared->target, fd);
	}
	close(fd);
	return NULL;
}

static int caller(int channel)
{
	pthread_t threads[2];
	int i, many;
	many = (int)hear_word(channel);
	shared->ready++;
	AWAIT(shared->go);
	for (i = 0; i < many; i++)
		CHECK(pthread_create(&threads[i], NULL, pairs, NULL) == 0);
	pairs(NULL);
	for (i = 0; i < many; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	return 0;
}

int main(int argc, char **argv)
{
	static struct portrait before, after;
	struct peer p, callers[CALLERS];
	unsigned long progress;
	int i;
	be_patient(argc, argv);
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	shared->target = p.pid;
	AWAIT(shared->progress > 0);
	portrait_take(p.pid, &before);
	for (i = 0; i < CALLERS; i++) {
		callers[i] = peer_start(caller);
		tell_word(callers[i].channel, i == 0 ? 2 : 0);
	}
	AWAIT(shared->ready == CALLERS);
	progress = shared->progress;
	shared->go = 1;
	for (i = 0; i < CALLERS; i++)
		CHECK(peer_status(&callers[i]) == 0);
	CHECK(shared->progress > progress);
	portrait_take(p.pid, &after);
	portrait_same(&before, &after);
	peer_kill(&p);
	return 0;
}
