/*
 * A memfd sealed against writing is EPERM for a shared writable map, as for
 * mmap(); reading it and private copies of it work.
 */
#include "target.h"

static int sealed_object(int seal)
{
	int fd = number_pages(memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING), 2);
	CHECK(fcntl(fd, F_ADD_SEALS, seal) == 0);
	return fd;
}

static void test_seal(struct target *t, int seal)
{
	int fd = sealed_object(seal);
	unsigned char *a;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	CHECK(target_read(t, a) == 1 && target_read(t, a + PAGE) == 2);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	target_write(t, a, 99);
	CHECK(target_read(t, a) == 99 && object_byte(fd, 0) == 1);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	close(fd);
}

static void test(struct target *t)
{
	test_seal(t, F_SEAL_WRITE);
	test_seal(t, F_SEAL_FUTURE_WRITE);
	test_seal(t, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
