/*
 * A physical address inside a page, as registers often have it: the result lies
 * as far inside its page, and munmap_peer() of it and the unrounded length
 * removes all. With MAP_FIXED the address must lie as far above a page, and is
 * then the result; the piece replaces exactly its pages.
 */
#include "physmem.h"

enum { AT = 0x21345 };

static void test(struct target *t)
{
	const int flags = MAP_PHYS | MAP_SHARED;
	unsigned char *a, *va;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 16, READ_WRITE, flags, NOFD, AT));
	CHECK((uintptr_t)a % 4096 == 0x345);
	CHECK(target_read(t, a) == 77);
	CHECK_RANGE(t, a, 16, "rw-s");
	CHECK_OK(munmap_peer(t->pid, a, 16));
	CHECK_RANGE_FREE(t, a, 16);

	/* One page long, but in two pages. */
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 4096, READ_WRITE, flags, NOFD, AT));
	CHECK(pages_of(a, 4096) == 8192);
	CHECK_RANGE(t, a, 4096, "rw-s");
	target_write(t, a + 4095, 78);
	CHECK(object_byte(physmem, AT + 4095) == 78);
	CHECK_OK(munmap_peer(t->pid, a, 4096));
	CHECK_RANGE_FREE(t, a, 4096);

	CHECK_MAPS(va, mmap_peer(t->pid, NULL, 4 * 4096, PROT_NONE, MAP_ANON | MAP_LAZY, NOFD, 0));
	CHECK_MAPS(a, mmap_peer(t->pid, va + 4096 + 0x345, 16, READ_WRITE, flags | MAP_FIXED, NOFD, AT));
	CHECK(a == va + 4096 + 0x345 && target_read(t, a) == 77);
	CHECK_RANGE(t, va, 4096, "---p");
	CHECK_RANGE(t, va + 4096, 4096, "rw-s");
	CHECK_RANGE(t, va + 8192, 8192, "---p");
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, va + 8192, 16, READ_WRITE, flags | MAP_FIXED, NOFD, AT), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, va + 8192 + 0x346, 16, READ_WRITE, flags | MAP_FIXED, NOFD, AT), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, va + 8192 + 4, 16, READ_WRITE, flags | MAP_FIXED, NOFD, 0x21000), EINVAL);
	CHECK_OK(munmap_peer(t->pid, va, 4 * 4096));
}

int main(int argc, char **argv)
{
	(void)argc;
	if (check_page() != 4096)
		check_skip("pages of 4096 bytes are needed");
	physmem_begin(argv, 0x100000);
	physmem_put(AT, 77);
	own_and_peer(NULL, test);
	return 0;
}
