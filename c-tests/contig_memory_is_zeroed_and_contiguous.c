/*
 * MAP_PHYS with MAP_ANON is memory that is contiguous as a device sees it, and
 * zeroed: of a huge page here, shared or private. Two such maps are two memories;
 * munmap_peer() of the length that was asked for takes the whole away; a
 * MAP_FIXED map never covers more than was asked for.
 *
 * runs-as: root
 * runs-alone
 */
#include "huge.h"
#include "pagemap.h"

enum { LEN = 320 * 1024 };     /* whole pages of any size */

static void is_contiguous(struct target *t, int type)
{
	const int flags = MAP_PHYS | MAP_ANON | type;
	unsigned char *a, *b;
	size_t i;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, READ_WRITE, flags, NOFD, 0));
	CHECK_MAPS(b, mmap_peer(t->pid, NULL, LEN, READ_WRITE | PROT_NOCACHE, flags, NOFD, 5));
	CHECK((uintptr_t)b % check_page() == 5);
	for (i = 0; i < LEN; i += check_page()) {
		CHECK(target_read(t, a + i) == 0);
		target_write(t, a + i, 1);
		target_write(t, b + i, 2);
	}
	CHECK(target_read(t, a) == 1 && target_read(t, b) == 2);
	CHECK(contiguous_of(t->pid, a, LEN) == LEN && contiguous_of(t->pid, b, LEN) == LEN);
	CHECK(physical_of(t->pid, a) != 0 && physical_of(t->pid, a) != physical_of(t->pid, b - 5));
	CHECK_OK(munmap_peer(t->pid, a, LEN));
	CHECK_OK(munmap_peer(t->pid, b, LEN));
	CHECK_RANGE_FREE(t, a, huge_size());
	CHECK_RANGE_FREE(t, b - 5, huge_size());
}

static void covers_no_more(struct target *t)
{
	size_t huge = huge_size();
	unsigned char *range, *at, *a;
	CHECK_MAPS(range, mmap_peer(t->pid, NULL, 4 * huge, PROT_NONE, MAP_ANON | MAP_LAZY, NOFD, 0));
	at = (unsigned char *)(((uintptr_t)range + huge - 1) & ~(huge - 1));
	CHECK_MAPS(a, mmap_peer(t->pid, at + LEN, PAGE, READ_WRITE, MAP_FIXED | MAP_SHARED, NOFD, 0));
	target_write(t, a, 9);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, at, PAGE, READ_WRITE,
		MAP_FIXED | MAP_SHARED | MAP_PHYS | MAP_ANON, NOFD, 0), EINVAL);
	CHECK(target_read(t, a) == 9);
	CHECK_MAPS(a, mmap_peer(t->pid, at, huge, READ_WRITE,
		MAP_FIXED | MAP_SHARED | MAP_PHYS | MAP_ANON, NOFD, 0));
	CHECK(a == at && target_read(t, a) == 0);
	CHECK_OK(munmap_peer(t->pid, range, 4 * huge));
	CHECK_RANGE_FREE(t, range, 4 * huge);
}

static void is_not_inherited(struct target *t)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, READ_WRITE, MAP_PHYS | MAP_ANON | MAP_SHARED | MAP_NOINHERIT, NOFD, 0));
	CHECK(has_vm_flag(t->pid, a, "dc"));	/* VM_DONTCOPY */
	CHECK_OK(munmap_peer(t->pid, a, LEN));
}

static void test(struct target *t)
{
	is_contiguous(t, MAP_SHARED);
	is_contiguous(t, MAP_PRIVATE);
	is_contiguous(t, MAP_SHARED | MAP_NOX64K);
	is_not_inherited(t);
	covers_no_more(t);
}

static void body(void) { own_and_peer(NULL, test); }

int main(void)
{
	with_huge_pages(4, body);
	return 0;
}
