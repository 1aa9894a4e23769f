/*
 * Memory that must be locked, but may not by the target's RLIMIT_MEMLOCK, is
 * ENOMEM and undone: with MAP_LOCKED, and in a target that has called
 * mlockall(MCL_FUTURE), where mmap() says EAGAIN.
 */
#include "target.h"
#include <sys/resource.h>

enum { LIMIT = 64 * 1024 };

static void limit_locked(void)
{
	struct rlimit limit = { LIMIT, LIMIT };
	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	drop_capability(CAP_IPC_LOCK);
}

static void lock_all(void)
{
	limit_locked();
	CHECK(mlockall(MCL_FUTURE) == 0);
}

static void with_map_locked(struct target *t)
{
	const int type[] = { MAP_PRIVATE, MAP_SHARED };
	int fd = memfd_of(64);
	unsigned char *a;
	size_t i;
	for (i = 0; i < 2; i++) {
		int flags = type[i] | MAP_LOCKED;
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4 * LIMIT, PROT_READ | PROT_WRITE, flags, NOFD, 0), ENOMEM);
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4 * LIMIT, PROT_READ, flags, fd, 0), ENOMEM);
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, LIMIT / 2, PROT_READ, flags, NOFD, 0));
		CHECK_OK(munmap_peer(t->pid, a, LIMIT / 2));
	}
	CHECK(status_value(t->pid, "VmLck") == 0);
	close(fd);
}

static void with_mcl_future(struct target *t)
{
	int fd = memfd_of(64);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4 * LIMIT, PROT_READ, MAP_PRIVATE, NOFD, 0), ENOMEM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 4 * LIMIT, PROT_READ, MAP_SHARED, fd, 0), ENOMEM);
	close(fd);
}

int main(void)
{
	own_and_peer(limit_locked, with_map_locked);
	own_and_peer(lock_all, with_mcl_future);
	return 0;
}
