/*
 * mem_offset64_peer() of a mapping of physical memory, here of the file that
 * stands in for it: the offset in the file, contiguous to the end of the
 * mapping or of the length. No capability is needed, and no page is brought in.
 */
#define _FILE_OFFSET_BITS 64
#include "pagemap.h"
#include "physmem.h"

enum { AT = 0x40000 };
#define LEN (5 * PAGE)

static void told(struct target *t, unsigned char *a, size_t len, int64_t want, size_t contiguous_want)
{
	off64_t offset = -1;
	size_t contiguous = 0;
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a, len, &offset, &contiguous));
	if (offset != want || contiguous != contiguous_want)
		fprintf(stderr, "told %#llx, %zu bytes\n", (long long)offset, contiguous);
	CHECK(offset == want && contiguous == contiguous_want);
}

static void test(struct target *t)
{
	const int flags = MAP_PHYS | MAP_SHARED;
	unsigned char *a, *b;
	off64_t offset = -1;
	size_t contiguous = 0;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, READ_WRITE, flags, NOFD, AT));
	told(t, a, LEN, AT, LEN);
	told(t, a, 1, AT, 1);
	told(t, a + 0x1234, PAGE, AT + 0x1234, PAGE);
	told(t, a + 0x1234, SIZE_MAX, AT + 0x1234, LEN - 0x1234);
	told(t, a + LEN - 1, PAGE, AT + LEN - 1, 1);
	CHECK(!page_is_present(t->pid, a + PAGE));
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a, LEN, &offset, NULL));
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a, LEN, NULL, &contiguous));
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a, LEN, NULL, NULL));
	CHECK(offset == AT && contiguous == (size_t)LEN);

	/* A piece from elsewhere in the middle ends what is contiguous. */
	CHECK_MAPS(b, mmap64_peer(t->pid, a + 2 * PAGE, PAGE, READ_WRITE, flags | MAP_FIXED, NOFD, 5 * GIB));
	told(t, a, LEN, AT, 2 * PAGE);
	told(t, b, LEN, 5 * GIB, PAGE);
	told(t, b + PAGE, LEN, AT + 3 * PAGE, LEN - (3 * PAGE));
	CHECK_OK(munmap_peer(t->pid, a, LEN));

	/* An offset inside a page: the result is that very address. */
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 16, READ_WRITE, flags, NOFD, AT + 0x345));
	told(t, a, 16, AT + 0x345, 16);
	CHECK_OK(munmap_peer(t->pid, a, 16));
	CHECK_FAILS(mem_offset64_peer(t->pid, (uintptr_t)a, 16, &offset, &contiguous), -1, EACCES);
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, 6 * GIB);
	own_and_peer(NULL, test);
	return 0;
}
