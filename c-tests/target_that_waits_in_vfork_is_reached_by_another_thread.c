/*
 * The first thread of a target waits in vfork(2) and cannot be stopped. Another
 * thread lives: mappings are made and removed through that one, promptly. The
 * vfork ends as it would have.
 */
#include "vforking.h"

static struct { atomic_int child_dismissed, dismissed; atomic_ulong progress; } *shared;

static void *other(void *arg)
{
	(void)arg;
	while (!shared->dismissed) {
		CHECK(usleep(500) == 0);
		shared->progress++;
	}
	return NULL;
}

static int target(int channel)
{
	pthread_t thread;
	(void)channel;
	CHECK(pthread_create(&thread, NULL, other, NULL) == 0);
	wait_in_vfork(&shared->child_dismissed);
	CHECK(pthread_join(thread, NULL) == 0);
	return 0;
}

int main(void)
{
	struct peer p;
	double began;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->progress > 0);
	await_state(p.pid, 'D');
	began = check_now();
	disturb_times(p.pid, 20);
	CHECK(check_now() - began < 2);
	CHECK(task_state(p.pid) == 'D');
	shared->child_dismissed = 1;
	AWAIT(task_state(p.pid) == 'S');
	disturb(p.pid);
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
