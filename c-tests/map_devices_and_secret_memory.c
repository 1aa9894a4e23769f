/*
 * Other descriptors that mmap() can map: /dev/zero, shared and private, and
 * memory of memfd_secret(2), whose bytes go both ways.
 */
#include "target.h"
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static void zero(struct target *t, int type, const char *perms)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	unsigned char *a;
	CHECK(fd != -1);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, type, fd, 0));
	close(fd);
	CHECK_RANGE(t, a, 2 * PAGE, perms);
	CHECK(target_read(t, a + 2 * PAGE - 1) == 0);
	target_write(t, a + 2 * PAGE - 1, 8);
	CHECK(target_read(t, a + 2 * PAGE - 1) == 8);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
}

static void secret(struct target *t)
{
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	unsigned char *a, *here;
	if (fd == -1)
		return;		/* a kernel before 5.14, or without secretmem.enable */
	CHECK(ftruncate(fd, PAGE) == 0);
	here = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(here != MAP_FAILED);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	here[3] = 33;
	CHECK(target_read(t, a + 3) == 33);
	target_write(t, a + 4, 44);
	CHECK(here[4] == 44);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	munmap(here, PAGE);
	close(fd);
}

static void test(struct target *t)
{
	zero(t, MAP_SHARED, "rw-s");
	zero(t, MAP_PRIVATE, "rw-p");
	secret(t);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
