/*
 * A physical address inside a page, as registers often have it: the result lies
 * as far inside its page, and munmap_peer() of it and the unrounded length
 * removes all. With MAP_FIXED the address must lie as far above a page, and is
 * then the result; the piece replaces exactly its pages.
 */
#include "physmem.h"

enum { AT = 0x20345 };

static void test(struct target *t)
{
	const int flags = MAP_PHYS | MAP_SHARED;
	unsigned char *a, *va;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 16, READ_WRITE, flags, NOFD, AT));
	CHECK((uintptr_t)a % PAGE == 0x345);
	CHECK(target_read(t, a) == 77);
	CHECK_RANGE(t, a, 16, "rw-s");
	CHECK_OK(munmap_peer(t->pid, a, 16));
	CHECK_RANGE_FREE(t, a, 16);

	/* One page long, but in two pages. */
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, READ_WRITE, flags, NOFD, AT));
	CHECK(pages_of(a, PAGE) == 2 * check_page());
	CHECK_RANGE(t, a, PAGE, "rw-s");
	target_write(t, a + PAGE - 1, 78);
	CHECK(object_byte(physmem, AT + PAGE - 1) == 78);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_RANGE_FREE(t, a, PAGE);

	CHECK_MAPS(va, mmap_peer(t->pid, NULL, 4 * PAGE, PROT_NONE, MAP_ANON | MAP_LAZY, NOFD, 0));
	CHECK_MAPS(a, mmap_peer(t->pid, va + PAGE + 0x345, 16, READ_WRITE, flags | MAP_FIXED, NOFD, AT));
	CHECK(a == va + PAGE + 0x345 && target_read(t, a) == 77);
	CHECK_RANGE(t, va, PAGE, "---p");
	CHECK_RANGE(t, va + PAGE, PAGE, "rw-s");
	CHECK_RANGE(t, va + 2 * PAGE, 2 * PAGE, "---p");
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, va + 2 * PAGE, 16, READ_WRITE, flags | MAP_FIXED, NOFD, AT), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, va + 2 * PAGE + 0x346, 16, READ_WRITE, flags | MAP_FIXED, NOFD, AT), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, va + 2 * PAGE + 4, 16, READ_WRITE, flags | MAP_FIXED, NOFD, 0x20000), EINVAL);
	CHECK_OK(munmap_peer(t->pid, va, 4 * PAGE));
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, 0x100000);
	physmem_put(AT, 77);
	own_and_peer(NULL, test);
	return 0;
}
