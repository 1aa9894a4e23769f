/*
 * Offsets have 64 bits: mmap_peer() and mmap64_peer() find the bytes beyond
 * 4 GiB and beyond 1 TiB of a sparse object, on a page and inside one.
 */
#define _FILE_OFFSET_BITS 64
#include "target.h"

static void one(struct target *t, int fd, int64_t off)
{
	unsigned char *a, byte = (unsigned char)(off % 250 + 1);
	CHECK(pwrite(fd, &byte, 1, off) == 1);
	CHECK_MAPS(a, mmap64_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED, fd, off));
	CHECK(target_read(t, a) == byte);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED, fd, off));
	CHECK(target_read(t, a) == byte);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
}

static void test(struct target *t)
{
	int fd = memfd_of(1);
	CHECK(ftruncate(fd, INT64_C(1) << 41) == 0);
	one(t, fd, INT64_C(0x80000000));
	one(t, fd, INT64_C(0xfffff000));
	one(t, fd, INT64_C(0x100000000));
	one(t, fd, INT64_C(0x100000000) + 77);
	one(t, fd, INT64_C(0x123456789a));
	one(t, fd, (INT64_C(1) << 40) + PAGE);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
