/* A directory is ENOTSUP, where mmap() says ENODEV. */
#include "target.h"

static void test(struct target *t)
{
	int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir != -1);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED, dir, 0), ENOTSUP);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, dir, 0), ENOTSUP);
	close(dir);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
