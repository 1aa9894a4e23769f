/*
 * large.h: orders that take a service some time: a target that locks all that it
 * maps, so that a large mapping is brought in when it is made; and a caller that
 * comes often enough to give them on a page that the two share.
 */
#ifndef LARGE_H
#define LARGE_H
#include "caller.h"
#include "service.h"

#define LARGE ((size_t)256 << 20)

enum { OFTEN = 66 };	/* the 64th call asks for a desk */

static struct peer target;

static inline int large_body(int channel)
{
	CHECK(mlockall(MCL_FUTURE) == 0);
	for (int serves = 1; serves != -1; serves = (int)hear_word(channel)) {
		if (serves)
			CHECK_OK(mman_peer_serve());
		else
			CHECK_OK(mman_peer_serve_stop());
		tell_word(channel, 1);
	}
	return 0;
}

static inline struct peer large_target(void)
{
	struct peer p = peer_start(large_body);
	CHECK(hear_word(p.channel) == 1);
	return p;
}

static inline void large_target_serves(int serves)
{
	tell_word(target.channel, (uintptr_t)serves);
	CHECK(hear_word(target.channel) == 1);
}

/* How many large mappings have come to the target since it had that size, in KiB. */
static inline long large_growth(long before)
{
	return (proc_status(target.pid, "VmSize") - before) / (long)(LARGE >> 10);
}

static inline void calls_often(void)
{
	void *a;
	for (int i = 0; i < OFTEN; i++) {
		CHECK_MAPS(a, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, a, check_page()));
	}
}

static inline void *map_large(void)
{
	return mmap_peer(target.pid, NULL, LARGE, READ_WRITE, PRIVATE_ANON, NOFD, 0);
}

static inline int large_caller(int channel)
{
	calls_often();
	tell_word(channel, (uintptr_t)map_large());
	return (int)hear_word(channel);
}

#endif
