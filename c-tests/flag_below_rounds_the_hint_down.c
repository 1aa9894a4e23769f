/*
 * MAP_BELOW: a hint inside a page is rounded down, not up; a taken hint goes
 * elsewhere; without a hint the flag does nothing.
 */
#include "target.h"

static void with(struct target *t, int fd)
{
	const int flags = MAP_SHARED | MAP_BELOW;
	unsigned char *hint = free_range(t, 16 * PAGE) + 4 * PAGE, *a, *b;

	CHECK_MAPS(a, mmap_peer(t->pid, hint + PAGE - 1, PAGE, PROT_READ, flags, fd, 0));
	CHECK(a == hint);
	CHECK_MAPS(b, mmap_peer(t->pid, hint + 1, PAGE, PROT_READ, flags, fd, 0));
	CHECK(b != hint);
	CHECK_OK(munmap_peer(t->pid, b, PAGE));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, hint, PAGE, PROT_READ, flags, fd, 0));
	CHECK(a == hint);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, flags, fd, 0));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
}

static void test(struct target *t)
{
	int fd = memfd_of(1);
	with(t, NOFD);
	with(t, fd);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
