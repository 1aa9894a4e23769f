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
	physmem_begin(argv, 6 * GIB);
	physmem_put(AT + 7, 42);
	physmem_put(5 * GIB + 0x345, 43);
	target_warm_up(&own);

	for (i = 0; i < LENGTH_OF(types); i++) {
		CHECK_MAPS(a, mmap_device_memory(NULL, 2 * PAGE, READ_WRITE | PROT_NOCACHE, types[i], AT));
		CHECK_RANGE(&own, a, 2 * PAGE, "rw-s");
		CHECK(a[7] == 42);
		a[PAGE] = (unsigned char)(100 + i);
		CHECK(object_byte(physmem, AT + PAGE) == 100 + i);
		CHECK(!physmem_is_open_in(getpid()));
		CHECK_OK(munmap_device_memory(a, 2 * PAGE));
		CHECK_RANGE_FREE(&own, a, 2 * PAGE);
	}
	/* Registers inside a page, above 4 GiB. */
	CHECK_MAPS(a, mmap_device_memory(NULL, PAGE, PROT_READ, 0, 5 * GIB + 0x345));
	CHECK((uintptr_t)a % PAGE == 0x345 && *a == 43);
	CHECK_RANGE(&own, a, PAGE, "r--s");
	CHECK_OK(munmap_device_memory(a, PAGE));
	CHECK_RANGE_FREE(&own, a, PAGE);
	/* In place of a reservation. */
	place = free_range(&own, 3 * PAGE);
	CHECK_MAPS(place, mmap_peer(own.pid, place, 3 * PAGE, PROT_NONE, MAP_ANON | MAP_LAZY, NOFD, 0));
	CHECK_MAPS(a, mmap_device_memory(place + PAGE, PAGE, READ_WRITE, MAP_FIXED, AT));
	CHECK(a == place + PAGE && a[7] == 42);
	CHECK_RANGE(&own, place, PAGE, "---p");
	CHECK_RANGE(&own, place + 2 * PAGE, PAGE, "---p");
	CHECK_OK(munmap_device_memory(place, 3 * PAGE));
	CHECK_RANGE_FREE(&own, place, 3 * PAGE);

	MAP_FAILS_CLEANLY(&own, mmap_device_memory(NULL, 0, READ_WRITE, 0, AT), EINVAL);
	MAP_FAILS_CLEANLY(&own, mmap_device_memory(NULL, PAGE, READ_WRITE, 0, 6 * GIB), EINVAL);
	MAP_FAILS_CLEANLY(&own, mmap_device_memory(NULL, PAGE, READ_WRITE, 0, UINT64_MAX - (PAGE - 1)), EINVAL);
	UNMAP_FAILS_CLEANLY(&own, munmap_device_memory(place, 0), EINVAL);
	return 0;
}
