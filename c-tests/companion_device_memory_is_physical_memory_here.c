/*
 * mmap_device_memory() shows physical memory, here the file that stands in for
 * it, in the caller: shared whatever the flags say, at the very byte if the
 * address lies inside a page; munmap_device_memory() removes it whole.
 */
#define _FILE_OFFSET_BITS 64
#include "physmem.h"

enum { AT = 0x50000 };

int main(int argc, char **argv)
{
	static const int types[] = { 0, MAP_SHARED, MAP_PRIVATE, MAP_PRIVATE | MAP_PHYS };
	struct target own = { .pid = getpid(), .own = 1 };
	unsigned char *a, *place;
	size_t i;
	(void)argc;
	if (check_page() != 4096)
		check_skip("pages of 4096 bytes are needed");
	physmem_begin(argv, 6 * GIB);
	physmem_put(AT + 7, 42);
	physmem_put(5 * GIB + 0x345, 43);
	target_warm_up(&own);

	for (i = 0; i < LENGTH_OF(types); i++) {
		CHECK_MAPS(a, mmap_device_memory(NULL, 8192, READ_WRITE | PROT_NOCACHE, types[i], AT));
		CHECK_RANGE(&own, a, 8192, "rw-s");
		CHECK(a[7] == 42);
		a[4096] = (unsigned char)(100 + i);
		CHECK(object_byte(physmem, AT + 4096) == 100 + i);
		CHECK(!physmem_is_open_in(getpid()));
		CHECK_OK(munmap_device_memory(a, 8192));
		CHECK_RANGE_FREE(&own, a, 8192);
	}
	/* Registers inside a page, above 4 GiB. */
	CHECK_MAPS(a, mmap_device_memory(NULL, 4096, PROT_READ, 0, 5 * GIB + 0x345));
	CHECK((uintptr_t)a % 4096 == 0x345 && *a == 43);
	CHECK_RANGE(&own, a, 4096, "r--s");
	CHECK_OK(munmap_device_memory(a, 4096));
	CHECK_RANGE_FREE(&own, a, 4096);
	/* In place of a reservation. */
	place = free_range(&own, 3 * 4096);
	CHECK_MAPS(place, mmap_peer(own.pid, place, 3 * 4096, PROT_NONE, MAP_ANON | MAP_LAZY, NOFD, 0));
	CHECK_MAPS(a, mmap_device_memory(place + 4096, 4096, READ_WRITE, MAP_FIXED, AT));
	CHECK(a == place + 4096 && a[7] == 42);
	CHECK_RANGE(&own, place, 4096, "---p");
	CHECK_RANGE(&own, place + 8192, 4096, "---p");
	CHECK_OK(munmap_device_memory(place, 3 * 4096));
	CHECK_RANGE_FREE(&own, place, 3 * 4096);

	MAP_FAILS_CLEANLY(&own, mmap_device_memory(NULL, 0, READ_WRITE, 0, AT), EINVAL);
	MAP_FAILS_CLEANLY(&own, mmap_device_memory(NULL, 4096, READ_WRITE, 0, 6 * GIB), EINVAL);
	MAP_FAILS_CLEANLY(&own, mmap_device_memory(NULL, 4096, READ_WRITE, 0, UINT64_MAX - 0xfff), EINVAL);
	UNMAP_FAILS_CLEANLY(&own, munmap_device_memory(place, 0), EINVAL);
	return 0;
}
