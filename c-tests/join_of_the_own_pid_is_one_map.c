/*
 * mmap64_join() of the caller's own pid is one map: as mmap64_peer(), at a free
 * hint, else elsewhere; but nothing is replaced, by MAP_FIXED either.
 */
#include "join.h"

static size_t lines_of_maps(void)
{
	struct map_line m;
	size_t n = 0;
	FILE *f = open_of(getpid(), "maps");
	while (next_map(f, &m))
		n++;
	fclose(f);
	return n;
}

static void test(struct target *t)
{
	const size_t page = check_page();
	int fd = memfd_of(4);
	unsigned char *a, *b;
	size_t before = lines_of_maps();
	CHECK_MAPS(a, mmap64_join(t->pid, JOIN_PLACE, 3 * page, READ_WRITE, MAP_SHARED, fd, (off64_t)page));
	CHECK(a == JOIN_PLACE && a[0] == 2);
	CHECK(lines_of_maps() == before + 1);
	CHECK_RANGE(t, a, 3 * page, "rw-s");
	CHECK_MAPS(b, mmap64_join(t->pid, JOIN_PLACE, page, READ_WRITE, MAP_SHARED, fd, (off64_t)page));
	CHECK(b != a && b[0] == 2 && a[0] == 2);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, a, page, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), EEXIST);
	CHECK(a[0] == 2);
	CHECK_OK(munmap_peer(t->pid, b, page));
	CHECK_OK(munmap_peer(t->pid, a, 3 * page));
	CHECK_RANGE_FREE(t, a, 3 * page);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, 0, READ_WRITE, MAP_SHARED, fd, 0), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap64_join(t->pid, NULL, 1, READ_WRITE, MAP_SHARED, CLOSED_FD, 0), EBADF);
	close(fd);
}

int main(void) { on_own(NULL, test); return 0; }
