/*
 * The map outlives the descriptor: the caller closes it right after the call
 * and the object stays reachable through the target's map, its name gone, too.
 */
#include "target.h"

static void one(struct target *t, int fd)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK(close(fd) == 0);
	unlink("object");
	CHECK(target_read(t, a) == 1 && target_read(t, a + PAGE) == 2);
	target_write(t, a + PAGE, 3);
	CHECK(target_read(t, a + PAGE) == 3);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
}

static void test(struct target *t)
{
	one(t, memfd_of(2));
	one(t, file_of("object", 2));
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
