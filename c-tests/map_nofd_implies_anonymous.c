/*
 * NOFD alone means anonymous memory, with either sharing type and whatever the
 * offset; MAP_ANON without a type means private.
 */
#include "target.h"

static void one(struct target *t, int flags, const char *perms)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 4096, PROT_READ | PROT_WRITE, flags, NOFD, 0));
	CHECK_RANGE(t, a, 4096, perms);
	CHECK(target_read(t, a) == 0);
	CHECK_OK(munmap_peer(t->pid, a, 4096));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 4096, PROT_READ | PROT_WRITE, flags, NOFD, 5 * 4096));
	CHECK_RANGE(t, a, 4096, perms);
	CHECK(target_read(t, a) == 0);
	CHECK_OK(munmap_peer(t->pid, a, 4096));
}

static void test(struct target *t)
{
	one(t, MAP_SHARED, "rw-s");
	one(t, MAP_PRIVATE, "rw-p");
	one(t, MAP_ANON, "rw-p");
	one(t, MAP_ANON | MAP_SHARED, "rw-s");
	one(t, MAP_ANON | MAP_PRIVATE, "rw-p");
	one(t, MAP_PRIVATEANON, "rw-p");
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
