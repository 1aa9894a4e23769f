/*
 * Each thread has its own sentence: one thread's failure does not change what
 * another reads, nor does another's success, and the pointer stays good.
 */
#include "caller.h"

static pthread_barrier_t step;

static void *fails_otherwise(void *unused)
{
	const char *mine;
	(void)unused;
	CHECK(mman_peer_explain() != NULL);     /* before its first call */
	pthread_barrier_wait(&step);            /* the other has failed */
	CHECK_MAP_FAILS(mmap_peer(-222, NULL, 1, PROT_READ, PRIVATE_ANON, NOFD, 0), ESRCH);
	mine = mman_peer_explain();
	CHECK(strstr(mine, "-222") != NULL && strstr(mine, "-111") == NULL);
	pthread_barrier_wait(&step);            /* both have */
	pthread_barrier_wait(&step);            /* the other has looked, and succeeded */
	CHECK(strstr(mine, "-222") != NULL);
	CHECK(mman_peer_explain() == mine);
	return NULL;
}

int main(void)
{
	const char *mine;
	pthread_t other;
	void *at;

	CHECK(pthread_barrier_init(&step, NULL, 2) == 0);
	other = thread_start(fails_otherwise, NULL);
	CHECK_MAP_FAILS(mmap_peer(-111, NULL, 1, PROT_READ, PRIVATE_ANON, NOFD, 0), ESRCH);
	mine = mman_peer_explain();
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	CHECK(strstr(mine, "-111") != NULL && strstr(mine, "-222") == NULL);
	CHECK(mman_peer_explain() == mine);
	CHECK_MAPS(at, mmap_peer(getpid(), NULL, check_page(), PROT_READ, PRIVATE_ANON, NOFD, 0));
	pthread_barrier_wait(&step);
	thread_end(other);
	return 0;
}
