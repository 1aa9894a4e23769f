/*
 * MAP_FIXED_NOREPLACE maps exactly there or not at all: EEXIST if one page of
 * the range is mapped, and that page keeps its bytes.
 */
#include "target.h"

static void with(struct target *t, int fd)
{
	const int flags = MAP_SHARED | MAP_FIXED_NOREPLACE;
	unsigned char *a = free_range(t, 3 * PAGE), *b;
	CHECK_MAPS(b, mmap_peer(t->pid, a + PAGE, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0));
	CHECK(b == a + PAGE);
	target_write(t, b, 77);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, a + PAGE, PAGE, PROT_READ, flags, fd, 0), EEXIST);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, a, 3 * PAGE, PROT_READ, flags, fd, 0), EEXIST);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, a, PAGE + 1, PROT_READ, flags, fd, 0), EEXIST);
	CHECK(target_read(t, b) == 77);
	CHECK_MAPS(b, mmap_peer(t->pid, a, PAGE, PROT_READ, flags, fd, 0));
	CHECK(b == a);
	CHECK_OK(munmap_peer(t->pid, a, 3 * PAGE));
}

static void test(struct target *t)
{
	int fd = memfd_of(3);
	with(t, NOFD);
	with(t, fd);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
