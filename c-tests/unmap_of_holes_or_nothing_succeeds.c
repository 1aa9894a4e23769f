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
	unsigned char *a = free_range(t, 16 * PAGE);
	size_t i;

	nothing(t, a, 16 * PAGE);
	nothing(t, a + 5, 1);
	nothing(t, NULL, PAGE);		/* page 0 */
	nothing(t, NULL, 1);
	nothing(t, (void *)1, 1);
	/* The last page of 47 bits, of 32 under a 64-bit kernel, if it is not the stack's place. */
	const uintptr_t last = sizeof(void *) == 8 ? 0x7fffffffe000 : 0xffffd000;
	if (range_held(t->pid, (void *)last, PAGE, NULL) == 0)
		nothing(t, (void *)(last + PAGE - 1), 1);

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 16 * PAGE, PROT_READ, MAP_SHARED, NOFD, 0));
	for (i = 0; i < 16; i += 3)
		CHECK_OK(munmap_peer(t->pid, a + i * PAGE, PAGE));
	CHECK(range_held(t->pid, a, 16 * PAGE, "r--s") == 10 * check_page());
	CHECK_OK(munmap_peer(t->pid, a, 16 * PAGE));
	CHECK_RANGE_FREE(t, a, 16 * PAGE);
	nothing(t, a, 16 * PAGE);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
