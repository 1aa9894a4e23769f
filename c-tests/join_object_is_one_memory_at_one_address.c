/*
 * mmap64_join() of an object: the same address in both processes, and what one
 * writes the other reads, at every offset in the object and in the page. A
 * private map of it is a copy for each.
 */
#include "join.h"

static void joins(struct target *t, int fd, size_t off, size_t len)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap64_join(t->pid, NULL, len, READ_WRITE, MAP_SHARED, fd, (off64_t)off));
	CHECK((uintptr_t)a % check_page() == off % check_page());
	CHECK_JOINED(t, a, len, "rw-s");
	a[0] = 11;
	CHECK(target_read(t, a) == 11 && object_byte(fd, (off_t)off) == 11);
	target_write(t, a + len - 1, 12);
	CHECK(a[len - 1] == 12 && object_byte(fd, (off_t)(off + len - 1)) == 12);
	unmap_both(t, a, len);
}

static void test(struct target *t)
{
	const size_t page = check_page();
	int fd = memfd_of(16);
	unsigned char *a, *b;

	joins(t, fd, 0, page);
	joins(t, fd, 0, 16 * page);
	joins(t, fd, 5 * page, 3 * page - 9);
	joins(t, fd, 5 * page + 77, 5);
	joins(t, fd, 5 * page + 77, 2 * page);

	/* Two at a time have two places. */
	CHECK_MAPS(a, mmap64_join(t->pid, NULL, 3 * page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK_MAPS(b, mmap64_join(t->pid, NULL, 3 * page, PROT_READ, MAP_SHARED, fd, 0));
	CHECK(a + 3 * page <= b || b + 3 * page <= a);
	CHECK_JOINED(t, b, 3 * page, "r--s");
	a[5] = 55;
	CHECK(target_read(t, b + 5) == 55);
	unmap_both(t, a, 3 * page);
	unmap_both(t, b, 3 * page);

	CHECK_MAPS(a, mmap64_join(t->pid, NULL, page, READ_WRITE, MAP_PRIVATE, fd, (off64_t)(15 * page)));
	CHECK_JOINED(t, a, page, "rw-p");
	CHECK(a[0] == 16 && target_read(t, a) == 16);
	a[0] = 1;
	target_write(t, a, 2);
	CHECK(a[0] == 1 && target_read(t, a) == 2 && object_byte(fd, (off_t)(15 * page)) == 16);
	unmap_both(t, a, page);
	close(fd);
}

int main(void) { on_peer(NULL, test); return 0; }
