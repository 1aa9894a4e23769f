/*
 * MAP_FIXED maps at the address, replaces what was there and nothing beside it:
 * over a map, over holes, over both; with the object's page at the address.
 */
#include "target.h"

static void over(struct target *t, int fd)
{
	const int prot = PROT_READ | PROT_WRITE;
	unsigned char *a, *b;
	int i;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 8 * PAGE, prot, MAP_PRIVATE, NOFD, 0));
	for (i = 0; i < 8; i++)
		target_write(t, a + i * PAGE, (unsigned char)(100 + i));
	CHECK_OK(munmap_peer(t->pid, a + 4 * PAGE, PAGE));	/* a hole in the middle */
	CHECK_MAPS(b, mmap_peer(t->pid, a + 2 * PAGE, 3 * PAGE, prot, MAP_SHARED | MAP_FIXED, fd, PAGE));
	CHECK(b == a + 2 * PAGE);
	CHECK_RANGE(t, b, 3 * PAGE, "rw-s");
	CHECK_RANGE(t, a, 2 * PAGE, "rw-p");
	CHECK_RANGE(t, a + 5 * PAGE, 3 * PAGE, "rw-p");
	for (i = 0; i < 8; i++)
		CHECK(target_read(t, a + i * PAGE) == (i < 2 || i > 4 ? 100 + i : fd == NOFD ? 0 : i));
	CHECK_OK(munmap_peer(t->pid, a, 8 * PAGE));

	/* Into nothing, at the address the next scratch page of anybody would get. */
	a = free_range(t, 2 * PAGE);
	CHECK_MAPS(b, mmap_peer(t->pid, a, 2 * PAGE, prot, MAP_SHARED | MAP_FIXED, fd, 0));
	CHECK(b == a);
	CHECK_RANGE(t, a, 2 * PAGE, "rw-s");
	CHECK(target_read(t, a + PAGE) == (fd == NOFD ? 0 : 2));
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));

	/* The last page alone of a free range, and the first. */
	CHECK_MAPS(b, mmap_peer(t->pid, a + PAGE, 1, prot, MAP_SHARED | MAP_FIXED, fd, 0));
	CHECK(b == a + PAGE);
	CHECK_RANGE_FREE(t, a, PAGE);
	CHECK_MAPS(b, mmap_peer(t->pid, a, 1, prot, MAP_SHARED | MAP_FIXED, fd, 0));
	CHECK(b == a);
	CHECK_RANGE(t, a, 2 * PAGE, "rw-s");
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	CHECK_RANGE_FREE(t, a, 2 * PAGE);
}

static void test(struct target *t)
{
	int fd = memfd_of(5);
	over(t, NOFD);
	over(t, fd);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
