/*
 * A munmap_peer() whose edge lies inside a huge page removes that whole huge
 * page, where munmap() says EINVAL; its neighbours stay.
 *
 * runs-as: root
 * runs-alone
 */
#include "huge.h"

static size_t huge;

static unsigned char *map_three(struct target *t, int fd)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 3 * huge, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	return a;
}

static void removes(struct target *t, int fd, size_t from, size_t len, size_t first, size_t pages)
{
	unsigned char *a = map_three(t, fd);
	CHECK_OK(munmap_peer(t->pid, a + from, len));
	if (first > 0)
		CHECK_RANGE(t, a, first * huge, "rw-s");
	CHECK_RANGE_FREE(t, a + first * huge, pages * huge);
	if (first + pages < 3)
		CHECK_RANGE(t, a + (first + pages) * huge, (3 - first - pages) * huge, "rw-s");
	CHECK_OK(munmap_peer(t->pid, a, 3 * huge));
	CHECK_RANGE_FREE(t, a, 3 * huge);
}

/* A huge page between two ordinary ones: the ordinary ones go by their own pages. */
static void among_ordinary_pages(struct target *t, int fd)
{
	const int prot = PROT_READ, flags = MAP_SHARED | MAP_FIXED;
	unsigned char *a = free_range(t, 4 * huge), *b;
	a += 2 * huge - (uintptr_t)a % huge;
	CHECK_MAPS(b, mmap_peer(t->pid, a - (2 * PAGE), 2 * PAGE, prot, flags, NOFD, 0));
	CHECK_MAPS(b, mmap_peer(t->pid, a, huge, prot, flags, fd, 0));
	CHECK_MAPS(b, mmap_peer(t->pid, a + huge, 2 * PAGE, prot, flags, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a + PAGE, huge));
	CHECK_RANGE(t, a - (2 * PAGE), 2 * PAGE, "r--s");
	CHECK_RANGE_FREE(t, a, huge + PAGE);
	CHECK_RANGE(t, a + huge + PAGE, PAGE, "r--s");
	CHECK_MAPS(b, mmap_peer(t->pid, a, huge, prot, flags, fd, 0));
	CHECK_OK(munmap_peer(t->pid, a - PAGE, 2 * PAGE));
	CHECK_RANGE(t, a - (2 * PAGE), PAGE, "r--s");
	CHECK_RANGE_FREE(t, a - PAGE, huge + PAGE);
	CHECK_RANGE(t, a + huge + PAGE, PAGE, "r--s");
	CHECK_OK(munmap_peer(t->pid, a - (2 * PAGE), huge + 16384));
}

static void test(struct target *t)
{
	int fd = huge_memfd(3);
	among_ordinary_pages(t, fd);
	removes(t, fd, 0, 1, 0, 1);
	removes(t, fd, 0, 5000, 0, 1);
	removes(t, fd, PAGE, PAGE, 0, 1);
	removes(t, fd, huge + PAGE, 1, 1, 1);
	removes(t, fd, huge - 1, 2, 0, 2);
	removes(t, fd, huge, huge + 1, 1, 2);
	removes(t, fd, 2 * huge - PAGE, PAGE, 1, 1);
	close(fd);
}

static void body(void)
{
	huge = huge_size();
	own_and_peer(NULL, test);
}

int main(void)
{
	with_huge_pages(6, body);
	return 0;
}
