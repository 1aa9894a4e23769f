/*
 * MAP_STACK: the lowest off bytes are a guard without access, the rest is the
 * stack; with off 0, or MAP_FIXED, there is no guard.
 */
#include "target.h"

#define LEN (8 * PAGE)
#define GUARD (2 * PAGE)

static void test(struct target *t)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_STACK;
	unsigned char *a, *b;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, prot, flags, NOFD, GUARD));
	CHECK((uintptr_t)a % check_page() == 0);
	CHECK_RANGE(t, a, GUARD, "---p");
	CHECK_RANGE(t, a + GUARD, LEN - GUARD, "rw-p");
	target_write(t, a + GUARD, 1);
	target_write(t, a + LEN - 1, 2);
	CHECK_OK(munmap_peer(t->pid, a, LEN));
	CHECK_RANGE_FREE(t, a, LEN);

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, prot, flags | MAP_ANON | MAP_LAZY, NOFD, LEN - PAGE));
	CHECK_RANGE(t, a, LEN - PAGE, "---p");
	CHECK_RANGE(t, a + LEN - PAGE, PAGE, "rw-p");
	CHECK_OK(munmap_peer(t->pid, a, LEN));

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, prot, flags, NOFD, 0));
	CHECK_RANGE(t, a, LEN, "rw-p");
	CHECK_MAPS(b, mmap_peer(t->pid, a, LEN, prot, flags | MAP_FIXED, NOFD, GUARD));
	CHECK(b == a);
	CHECK_RANGE(t, a, LEN, "rw-p");
	CHECK_OK(munmap_peer(t->pid, a, LEN));
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
