/*
 * A target that has used up RLIMIT_DATA can still get objects: shared memory is
 * no data, and mmap() would give it (mmap(2), may_expand_vm() in the kernel).
 * Private writable memory is ENOMEM.
 */
#include "target.h"
#include <sys/resource.h>

static void use_up(void)
{
	struct rlimit limit;
	CHECK(getrlimit(RLIMIT_DATA, &limit) == 0);
	limit.rlim_cur = PAGE;		/* less than it has */
	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
}

static void test(struct target *t)
{
	const size_t lengths[] = { PAGE, 2 * PAGE, 40 * PAGE };
	const int both = PROT_READ | PROT_WRITE;
	int fd = memfd_of(40);
	unsigned char *a;
	size_t i;
	for (i = 0; i < 3; i++) {
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, lengths[i], both, MAP_SHARED, fd, 0));
		CHECK(target_read(t, a) == 1);
		CHECK_OK(munmap_peer(t->pid, a, lengths[i]));
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, lengths[i], both, MAP_SHARED, NOFD, 0));
		CHECK_OK(munmap_peer(t->pid, a, lengths[i]));
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, lengths[i], both, MAP_PRIVATE, NOFD, 0), ENOMEM);
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, lengths[i], both, MAP_PRIVATE, fd, 0), ENOMEM);
	}
	close(fd);
}

int main(void)
{
	own_and_peer(use_up, test);
	return 0;
}
