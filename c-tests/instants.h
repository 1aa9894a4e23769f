/*
 * instants.h: signals at random instants. A timer of the process strikes again
 * and again, each time after another delay; its handler is the test's.
 */
#ifndef INSTANTS_H
#define INSTANTS_H
#include "caller.h"
#include <sys/time.h>

/* Small, repeatable, and without a lock: for handlers. */
static inline unsigned random_below(unsigned *seed, unsigned bound)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % bound;
}

static unsigned instants_seed = 20;

/* The next SIGALRM comes within a fraction of a millisecond, or two of them. */
static inline void next_instant(void)
{
	struct itimerval t = { { 0, 0 }, { 0, 20 + (int)random_below(&instants_seed, 700) } };
	CHECK(setitimer(ITIMER_REAL, &t, NULL) == 0);
}

static inline void no_more_instants(void)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
}

static inline void instants_begin(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	next_instant();
}

/*
 * A call may say EINTR when a signal with a handler is due before the target
 * could be stopped; it has done nothing then, and is made again.
 */
static inline void *map_again(pid_t pid, void *at, size_t length, int flags, int fd)
{
	void *got;
	do got = mmap_peer(pid, at, length, READ_WRITE, flags, fd, 0);
	while (got == MAP_FAILED && errno == EINTR);
	if (got == MAP_FAILED)
		fprintf(stderr, "errno %d: %s\n", errno, mman_peer_explain());
	CHECK(got != MAP_FAILED);
	return got;
}

static inline void unmap_again(pid_t pid, void *at, size_t length)
{
	int got;
	do got = munmap_peer(pid, at, length);
	while (got == -1 && errno == EINTR);
	if (got != 0)
		fprintf(stderr, "errno %d: %s\n", errno, mman_peer_explain());
	CHECK(got == 0);
}

#endif
