/*
 * RLIMIT_AS and RLIMIT_DATA are the target's: a target at its limit gives
 * ENOMEM, a caller at its own does not.
 */
#include "target.h"
#include <sys/resource.h>

enum { MORE = 16 << 20, BIG = 256 << 20 };

static void limit_address_space(void)
{
	struct rlimit limit;
	CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
	limit.rlim_cur = (rlim_t)status_value(getpid(), "VmSize") * 1024 + MORE;
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static void limited(struct target *t)
{
	int fd = memfd_of(1);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, BIG, PROT_NONE, MAP_PRIVATE, NOFD, 0), ENOMEM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, BIG, PROT_READ, MAP_SHARED, NOFD, 0), ENOMEM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, BIG, PROT_READ, MAP_SHARED, fd, 0), ENOMEM);
	CHECK(free_range(t, MORE / 4) != NULL);
	close(fd);
}

static void limit_data(void)
{
	struct rlimit limit;
	CHECK(getrlimit(RLIMIT_DATA, &limit) == 0);
	limit.rlim_cur = MORE;
	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
}

/* Only private writable memory is data. */
static void limited_data(struct target *t)
{
	const int prot = PROT_READ | PROT_WRITE;
	unsigned char *a;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, BIG, prot, MAP_PRIVATE | MAP_LAZY, NOFD, 0), ENOMEM);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, BIG, prot, MAP_SHARED | MAP_LAZY, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a, BIG));
}

static void limited_caller(void)
{
	struct target t = target_start(NULL);
	int fd = memfd_of(1);
	void *a;
	limit_address_space();
	CHECK(free_range(&t, BIG) != NULL);
	CHECK_MAPS(a, mmap_peer(t.pid, NULL, BIG, PROT_READ, MAP_SHARED, fd, 0));
	CHECK_OK(munmap_peer(t.pid, a, BIG));
	peer_dismiss(&t.peer);
}

int main(void)
{
	own_and_peer(limit_address_space, limited);
	own_and_peer(limit_data, limited_data);
	in_child(limited_caller);
	return 0;
}
