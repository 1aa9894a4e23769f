/*
 * How QNX programs lay out a client's window: reserve addresses with PROT_NONE
 * and MAP_LAZY, put objects into it piece by piece with MAP_FIXED, and remove
 * the whole, pieces and reservation, by one munmap_peer(), also half done.
 */
#include "target.h"

enum { PAGES = 64 };

static void with(struct target *t, int flags, const char *reserved, size_t pieces)
{
	const int piece_flags = MAP_SHARED | MAP_FIXED;
	unsigned char *va, *a;
	size_t i, at = 0;
	int fd = memfd_of(PAGES);

	CHECK_MAPS(va, mmap_peer(t->pid, NULL, PAGES * PAGE, PROT_NONE | PROT_NOCACHE, flags, NOFD, 0));
	CHECK_RANGE(t, va, PAGES * PAGE, reserved);
	CHECK(has_vm_flag(t->pid, va, "nr") || (flags & MAP_SHARED));
	for (i = 0; i < pieces; i++) {
		size_t pages = 1 + i % 3;
		int object = i % 4 == 3 ? NOFD : fd;
		CHECK_MAPS(a, mmap_peer(t->pid, va + at * PAGE, pages * PAGE, PROT_READ | PROT_WRITE,
					piece_flags, object, (off_t)(at * PAGE)));
		CHECK(a == va + at * PAGE);
		CHECK(target_read(t, a) == (object == NOFD ? 0 : at + 1));
		at += pages + i % 2;	/* now and then a reserved page in between */
		CHECK_RANGE(t, va + at * PAGE, (PAGES - at) * PAGE, reserved);
	}
	CHECK_OK(munmap_peer(t->pid, va, PAGES * PAGE));
	CHECK_RANGE_FREE(t, va, PAGES * PAGE);
	close(fd);
}

static void test(struct target *t)
{
	with(t, MAP_ANON | MAP_LAZY, "---p", 20);
	with(t, MAP_SHARED | MAP_LAZY, "---s", 20);
	with(t, MAP_PRIVATE | MAP_LAZY, "---p", 0);
	with(t, MAP_ANON | MAP_LAZY, "---p", 7);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
