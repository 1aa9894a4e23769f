/*
 * join.h: what the tests of mmap64_join() share: what is mapped in the caller
 * and in the target, and a place that both have free.
 */
#ifndef JOIN_H
#define JOIN_H
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

/* Programs, libraries and stacks lie elsewhere, and no map without a hint comes here. */
#define JOIN_PLACE ((unsigned char *)0x50000000)

static inline int free_in_both(struct target *t, const volatile void *a, size_t len)
{
	return range_held(getpid(), a, len, NULL) == 0 && range_held(t->pid, a, len, NULL) == 0;
}

#define CHECK_JOINED(t, a, len, perms) \
	do { \
		CHECK(range_held(getpid(), (a), (len), (perms)) == pages_of((a), (len))); \
		CHECK(range_held((t)->pid, (a), (len), (perms)) == pages_of((a), (len))); \
	} while (0)

static inline void unmap_both(struct target *t, void *a, size_t len)
{
	CHECK_OK(munmap_peer(t->pid, a, len));
	CHECK_OK(munmap_peer(getpid(), a, len));
	CHECK(free_in_both(t, a, len));
}

#endif
