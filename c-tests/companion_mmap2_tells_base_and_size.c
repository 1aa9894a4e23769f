/*
 * _mmap2_peer() is mmap64_peer() that also tells the first page and the size in
 * whole pages, which differ from result and len where the offset lies inside a
 * page. Either may be NULL, align and preload do nothing; a failure stores
 * nothing.
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

static void test(struct target *t)
{
	const size_t page = check_page();
	const struct { size_t in_page, len, pages; } cases[] = {
		{ 0, 1, 1 }, { 0, PAGE, 1 }, { 0, PAGE + 1, 2 }, { 5, PAGE - 5, 1 }, { 5, PAGE - 4, 2 }, { PAGE - 1, 1, 1 }, { PAGE - 1, PAGE + 2, 3 },
	};
	int fd = memfd_of(8);
	unsigned char *a;
	void *base;
	size_t size, i;

	for (i = 0; i < LENGTH_OF(cases); i++) {
		const size_t in_page = cases[i].in_page, len = cases[i].len;
		const off_t off = (off_t)(2 * page + in_page);
		base = NULL;
		size = 0;
		CHECK_MAPS(a, _mmap2_peer(t->pid, NULL, len, READ_WRITE, MAP_SHARED, fd, off, 0, 0, &base, &size));
		CHECK((unsigned char *)base == a - in_page && (uintptr_t)base % page == 0);
		CHECK(size == cases[i].pages * page);
		CHECK_RANGE(t, base, size, "rw-s");
		CHECK(target_read(t, base) == 3);
		target_write(t, a, (unsigned char)(in_page == 0 ? 3 : 200 + i));
		CHECK(object_byte(fd, off) == (in_page == 0 ? 3 : 200 + i));
		CHECK_OK(munmap_peer(t->pid, base, size));
		CHECK_RANGE_FREE(t, base, size);
	}
	/* One of them, or neither; align and preload as you like. */
	CHECK_MAPS(a, _mmap2_peer(t->pid, NULL, 10, READ_WRITE, MAP_SHARED, fd, 7, 1 << 20, 3, NULL, &size));
	CHECK(size == page && (uintptr_t)a % page == 7);
	CHECK_OK(munmap_peer(t->pid, a, 10));
	CHECK_MAPS(a, _mmap2_peer(t->pid, NULL, 10, READ_WRITE, MAP_SHARED, fd, 7, ~0u, ~0u, &base, NULL));
	CHECK((unsigned char *)base == a - 7);
	CHECK_OK(munmap_peer(t->pid, a, 10));
	CHECK_MAPS(a, _mmap2_peer(t->pid, NULL, 10, READ_WRITE, PRIVATE_ANON, NOFD, 0, 0, 0, NULL, NULL));
	CHECK(target_read(t, a) == 0);
	CHECK_OK(munmap_peer(t->pid, a, 10));

	base = &size;
	size = 77;
	MAP_FAILS_CLEANLY(t, _mmap2_peer(t->pid, NULL, 0, READ_WRITE, MAP_SHARED, fd, 0, 0, 0, &base, &size), EINVAL);
	MAP_FAILS_CLEANLY(t, _mmap2_peer(t->pid, NULL, 1, READ_WRITE, MAP_SHARED, CLOSED_FD, 0, 0, 0, &base, &size), EBADF);
	CHECK(base == &size && size == 77);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
