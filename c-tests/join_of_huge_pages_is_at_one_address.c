/*
 * mmap64_join() of an object of huge pages: one address in both processes, a
 * multiple of the huge page, and one memory; private maps of it are two. Likewise
 * contiguous memory, which is a huge page here, however little is asked for.
 *
 * runs-as: root
 * runs-alone
 */
#include "huge.h"
#include "join.h"

static void test(struct target *t)
{
	const size_t huge = huge_size();
	int fd = huge_memfd(2);
	unsigned char *a, *b;

	CHECK_MAPS(a, mmap64_join(t->pid, NULL, 2 * huge, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK((uintptr_t)a % huge == 0);
	CHECK_JOINED(t, a, 2 * huge, "rw-s");
	a[0] = 1;
	target_write(t, a + 2 * huge - 1, 2);
	CHECK(target_read(t, a) == 1 && a[2 * huge - 1] == 2);

	CHECK_MAPS(b, mmap64_join(t->pid, NULL, huge, READ_WRITE, MAP_SHARED, fd, (off64_t)huge));
	CHECK((uintptr_t)b % huge == 0 && (b + huge <= a || a + 2 * huge <= b));
	CHECK(b[huge - 1] == 2 && target_read(t, b + huge - 1) == 2);
	unmap_both(t, b, huge);
	unmap_both(t, a, 2 * huge);

	CHECK_MAPS(a, mmap64_join(t->pid, NULL, huge, READ_WRITE, MAP_PRIVATE, fd, (off64_t)huge));
	CHECK((uintptr_t)a % huge == 0 && a[huge - 1] == 2 && target_read(t, a + huge - 1) == 2);
	a[0] = 7;
	CHECK(target_read(t, a) == 0);
	unmap_both(t, a, huge);
	close(fd);

	CHECK_MAPS(a, mmap64_join(t->pid, NULL, PAGE, READ_WRITE, MAP_PHYS | MAP_ANON | MAP_PRIVATE, NOFD, 0));
	a[0] = 7;
	CHECK(target_read(t, a) == 0);
	unmap_both(t, a, PAGE);
	CHECK_RANGE_FREE(t, a, huge);
}

static void body(void) { on_peer(NULL, test); }

int main(void)
{
	with_huge_pages(6, body);
	return 0;
}
