/*
 * Physical addresses above 4 GiB reach mmap64_peer() and mmap_peer() whole, and
 * are not taken for those 4 GiB lower.
 */
#define _FILE_OFFSET_BITS 64
#include "physmem.h"

#define HIGH (5 * GIB + 0x7000)

static void test(struct target *t)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap64_peer(t->pid, NULL, 2 * PAGE, READ_WRITE, MAP_PHYS | MAP_SHARED, NOFD, HIGH));
	CHECK(target_read(t, a) == 55);
	target_write(t, a + PAGE, 66);
	CHECK(object_byte(physmem, HIGH + PAGE) == 66);
	CHECK(object_byte(physmem, HIGH - 4 * GIB) == 11);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	if (sizeof(off_t) == 8) {
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, (off_t)HIGH));
		CHECK(target_read(t, a) == 55);
		CHECK_OK(munmap_peer(t->pid, a, PAGE));
	}
	/* The last page before the end, and one beyond. */
	CHECK_MAPS(a, mmap64_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, 6 * GIB - PAGE));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	MAP_FAILS_CLEANLY(t, mmap64_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, 6 * GIB), EINVAL);
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, 6 * GIB);
	physmem_put(HIGH, 55);
	physmem_put(HIGH - 4 * GIB, 11);
	own_and_peer(NULL, test);
	return 0;
}
