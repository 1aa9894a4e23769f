/*
 * munmap_peer() removes every page that the range touches: the start is rounded
 * down, the end up; the pages beside it stay, with their bytes.
 */
#include "target.h"

enum { PAGES = 6 };

static void removes(struct target *t, size_t from, size_t len, int first, int last)
{
	unsigned char *a;
	int i;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, NOFD, 0));
	for (i = 0; i < PAGES; i++)
		target_write(t, a + i * PAGE, (unsigned char)(i + 10));
	CHECK_OK(munmap_peer(t->pid, a + from, len));
	for (i = 0; i < PAGES; i++) {
		int gone = i >= first && i <= last;
		CHECK(target_mapped(t, a + i * PAGE) == !gone);
		CHECK(gone || target_read(t, a + i * PAGE) == i + 10);
	}
	CHECK_OK(munmap_peer(t->pid, a, PAGES * PAGE));
	CHECK_RANGE_FREE(t, a, PAGES * PAGE);
}

static void test(struct target *t)
{
	removes(t, 0, 1, 0, 0);
	removes(t, 0, PAGE, 0, 0);
	removes(t, 0, PAGE + 1, 0, 1);
	removes(t, PAGE - 1, 1, 0, 0);
	removes(t, PAGE - 1, 2, 0, 1);
	removes(t, 2 * PAGE, 2 * PAGE, 2, 3);
	removes(t, 2 * PAGE + 1, 2 * PAGE, 2, 4);
	removes(t, 2 * PAGE + 100, 2 * PAGE - 100, 2, 3);
	removes(t, 5 * PAGE + 7, 1, 5, 5);
	removes(t, 1, PAGES * PAGE - 1, 0, 5);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
