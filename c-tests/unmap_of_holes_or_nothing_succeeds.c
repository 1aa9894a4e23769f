/*
 * A range with holes, or with nothing mapped at all, is a success, as often as
 * one likes; nothing else is touched, not at the ends of user space either.
 */
#include "target.h"

static void nothing(struct target *t, void *a, size_t len)
{
	CHECK(range_held(t->pid, a, len, NULL) == 0);
	CHANGES_NOTHING(t->pid, CHECK_OK(munmap_peer(t->pid, a, len)));
}

static void test(struct target *t)
{
	unsigned char *a = free_range(t, 16 * 4096);
	size_t i;

	nothing(t, a, 16 * 4096);
	nothing(t, a + 5, 1);
	nothing(t, NULL, 4096);		/* page 0 */
	nothing(t, NULL, 1);
	nothing(t, (void *)1, 1);
	/* The last page of 47 bits, of 32 under a 64-bit kernel, if it is not the stack's place. */
	const uintptr_t last = sizeof(void *) == 8 ? 0x7fffffffe000 : 0xffffd000;
	if (range_held(t->pid, (void *)last, 4096, NULL) == 0)
		nothing(t, (void *)(last + 4095), 1);

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 16 * 4096, PROT_READ, MAP_SHARED, NOFD, 0));
	for (i = 0; i < 16; i += 3)
		CHECK_OK(munmap_peer(t->pid, a + i * 4096, 4096));
	CHECK(range_held(t->pid, a, 16 * 4096, "r--s") == 10 * 4096);
	CHECK_OK(munmap_peer(t->pid, a, 16 * 4096));
	CHECK_RANGE_FREE(t, a, 16 * 4096);
	nothing(t, a, 16 * 4096);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
