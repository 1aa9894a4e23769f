/*
 * EINVAL: len 0, wherever; a start or an end outside user space, also by a
 * length that would wrap (it is cut, and ends outside all the same).
 */
#include "target.h"

static void test(struct target *t)
{
	/* Of 47 bits; of 32 bits under a 64-bit kernel. */
	uintptr_t end = sizeof(void *) == 8 ? 0x7fffffffe000 : 0xffffd000;
	unsigned char *a, *last = (unsigned char *)end;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 8192, PROT_READ, MAP_SHARED, NOFD, 0));
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a + 1, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, NULL, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-1, 0), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, SIZE_MAX), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, NULL, SIZE_MAX), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, SIZE_MAX - (uintptr_t)a), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, a, TOO_LONG), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-4096L, 1), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-1L, 1), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)-1L, SIZE_MAX), EINVAL);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)(SIZE_MAX - 8191), 4096), EINVAL);
	if (munmap(last + 4096, 4096) == -1) {	/* user space ends here */
		UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, last + 4096, 1), EINVAL);
		UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, last + 4095, 2), EINVAL);
	}
	CHECK_RANGE(t, a, 8192, "r--s");
	CHECK_OK(munmap_peer(t->pid, a, 8192));
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
