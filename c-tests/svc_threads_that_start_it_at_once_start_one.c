/*
 * Threads of a process whose parent has a service call mman_peer_serve() at the
 * same time. One service begins, and every call returns.
 */
#include "caller.h"
#include "service.h"

enum { CHILDREN = 400, THREADS = 8 };

static pthread_barrier_t together;

static void *serves(void *unused)
{
	pthread_barrier_wait(&together);
	CHECK_OK(mman_peer_serve());
	return unused;
}

static int child(int channel)
{
	pthread_t threads[THREADS];
	(void)channel;
	CHECK(pthread_barrier_init(&together, NULL, THREADS) == 0);
	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(serves, NULL);
	for (int i = 0; i < THREADS; i++)
		thread_end(threads[i]);
	AWAIT(thread_count(getpid()) == 3);
	CHECK_OK(mman_peer_serve_stop());
	AWAIT(thread_count(getpid()) == 1);
	return 0;
}

int main(void)
{
	CHECK_OK(mman_peer_serve());
	for (int i = 0; i < (check_slowness() > 1 ? 10 : CHILDREN); i++) {
		struct peer p = peer_start(child);
		CHECK(peer_status(&p) == 0);
		close(p.channel);
	}
	return 0;
}
