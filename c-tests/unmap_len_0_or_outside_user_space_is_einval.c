/*
 * EINVAL: len 0, wherever; a start or an end outside user space, also by a
 * length that would wrap (it is cut, and ends outside all the same).
 */
#include "target.h"

static void test(struct target *t)
{
	unsigned char *a, *end = (unsigned char *)user_space_end();
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, NOFD, 0));
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a + 1, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, NULL, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-1, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, SIZE_MAX), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, NULL, SIZE_MAX), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, SIZE_MAX - (uintptr_t)a), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, TOO_LONG), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-(long)PAGE, 1), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-1L, 1), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-1L, SIZE_MAX), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)(SIZE_MAX - (2 * check_page() - 1)), PAGE), EINVAL);
	if (end != NULL) {
		UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, end, 1), EINVAL);
		UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, end - 1, 2), EINVAL);
	}
	CHECK_RANGE(t, a, 2 * PAGE, "r--s");
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
