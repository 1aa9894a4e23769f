/*
 * NOFD alone means anonymous memory, with either sharing type and whatever the
 * offset; MAP_ANON without a type means private.
 */
#include "target.h"

static void one(struct target *t, int flags, const char *perms)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, flags, NOFD, 0));
	CHECK_RANGE(t, a, PAGE, perms);
	CHECK(target_read(t, a) == 0);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, flags, NOFD, 5 * PAGE));
	CHECK_RANGE(t, a, PAGE, perms);
	CHECK(target_read(t, a) == 0);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
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
