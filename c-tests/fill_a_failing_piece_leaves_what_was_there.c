/*
 * A piece that cannot be mapped into a reserved range (a bad descriptor, physical
 * memory beyond its end) leaves the range as it was: the pieces before it, the
 * piece that stood in its very place, and the reservation behind. The half-filled
 * range goes by one munmap_peer().
 */
#include "physmem.h"

enum { PAGES = 16 };

static void test(struct target *t)
{
	const int fixed = MAP_SHARED | MAP_FIXED;
	unsigned char *range, *a;
	int fd = memfd_of(PAGES);
	CHECK_MAPS(range, mmap_peer(t->pid, NULL, PAGES * PAGE, PROT_NONE, MAP_LAZY | MAP_SHARED, NOFD, 0));
	CHECK_MAPS(a, mmap64_peer(t->pid, range, 2 * PAGE, READ_WRITE, fixed | MAP_PHYS, NOFD, 0));
	CHECK_MAPS(a, mmap_peer(t->pid, range + 2 * PAGE, 2 * PAGE, READ_WRITE, fixed, fd, 0));
	target_write(t, range, 71);
	target_write(t, range + 3 * PAGE, 72);

	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, range + 2 * PAGE, 4 * PAGE, READ_WRITE, fixed, 9999, 0), EBADF);
	MAP_FAILS_CLEANLY(t, mmap64_peer(t->pid, range, 4 * PAGE, READ_WRITE, fixed | MAP_PHYS, NOFD, 13 * PAGE), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, range + 2 * PAGE, 4 * PAGE, READ_WRITE, fixed, fd, 100), EINVAL);

	CHECK(target_read(t, range) == 71 && target_read(t, range + 3 * PAGE) == 72);
	CHECK_OK(munmap_peer(t->pid, range, PAGES * PAGE));
	CHECK_RANGE_FREE(t, range, PAGES * PAGE);
	close(fd);
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, 16 * PAGE);
	own_and_peer(NULL, test);
	return 0;
}
