/*
 * MAP_FIXED with an address inside a page: the result is that address. Objects
 * need an offset that agrees with it modulo the page; private anonymous memory
 * takes any, and then reaches from the page below the address to the end of the
 * last page.
 */
#include "target.h"

static void congruent(struct target *t, int type)
{
	unsigned char *a = free_range(t, 4 * PAGE), *b;
	int fd = memfd_of(4);

	CHECK_MAPS(b, mmap_peer(t->pid, a + 12, PAGE, PROT_READ, type | MAP_FIXED, fd, 12));
	CHECK(b == a + 12);
	CHECK_RANGE(t, a, 2 * PAGE, type == MAP_SHARED ? "r--s" : "r--p");
	CHECK_RANGE_FREE(t, a + 2 * PAGE, 2 * PAGE);
	CHECK(target_read(t, a) == 1 && target_read(t, a + PAGE) == 2);
	CHECK_MAPS(b, mmap_peer(t->pid, a + 3 * PAGE + PAGE - 1, 1, PROT_READ, type | MAP_FIXED, fd, 2 * PAGE + PAGE - 1));
	CHECK(b == a + 3 * PAGE + PAGE - 1);
	CHECK_RANGE_FREE(t, a + 2 * PAGE, PAGE);
	CHECK(target_read(t, a + 3 * PAGE) == 3);
	CHECK_OK(munmap_peer(t->pid, a, 4 * PAGE));
	close(fd);
}

static void private_anonymous(struct target *t, size_t inside, size_t len, off_t off, size_t pages)
{
	unsigned char *a = free_range(t, 4 * PAGE), *b;

	CHECK_MAPS(b, mmap_peer(t->pid, a + inside, len, PROT_READ, MAP_PRIVATE | MAP_FIXED, NOFD, off));
	CHECK(b == a + inside);
	CHECK_RANGE(t, a, pages * PAGE, "r--p");
	CHECK_RANGE_FREE(t, a + pages * PAGE, (4 - pages) * PAGE);
	CHECK_OK(munmap_peer(t->pid, a, 4 * PAGE));
}

static void test(struct target *t)
{
	unsigned char *a = free_range(t, 2 * PAGE), *b;

	congruent(t, MAP_SHARED);
	congruent(t, MAP_PRIVATE);
	private_anonymous(t, 1, 1, 0, 1);
	private_anonymous(t, 1, PAGE - 1, 0, 1);
	private_anonymous(t, 1, PAGE, 0, 2);
	private_anonymous(t, PAGE - 1, 2, 7, 2);
	private_anonymous(t, 0, PAGE, 7, 1);	/* by the address, not the offset */
	private_anonymous(t, 8, 2 * PAGE, 9, 3);
	CHECK_MAPS(b, mmap_peer(t->pid, a + 3, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, NOFD, 3));
	CHECK(b == a + 3);
	CHECK_RANGE(t, a, 2 * PAGE, "r--s");
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
