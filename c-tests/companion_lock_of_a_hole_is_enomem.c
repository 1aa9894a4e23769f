/*
 * mlock_peer() and munlock_peer() of a range that is not mapped throughout:
 * ENOMEM, as mlock(), explained; one that wraps around is EINVAL.
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

static void test(struct target *t)
{
	const size_t page = check_page();
	const long long before = status_value(t->pid, "VmLck");
	unsigned char *a;
	uintptr_t at;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 3 * page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	at = (uintptr_t)a;
	CHECK_OK(munmap_peer(t->pid, a + page, page));
	UNMAP_FAILS_CLEANLY(t, mlock_peer(t->pid, at + page, page), ENOMEM);
	CHECK(status_value(t->pid, "VmLck") == before);
	CHECK_UNMAP_FAILS(mlock_peer(t->pid, at, 3 * page), ENOMEM);
	CHECK_UNMAP_FAILS(munlock_peer(t->pid, at, 3 * page), ENOMEM);
	UNMAP_FAILS_CLEANLY(t, munlock_peer(t->pid, at, SIZE_MAX - page), sizeof(void *) == 8 ? EINVAL : ENOMEM);
	CHECK_OK(munlock_peer(t->pid, at, page));
	CHECK_OK(munlock_peer(t->pid, at + 2 * page, page));
	CHECK(status_value(t->pid, "VmLck") == before);
	CHECK_OK(munmap_peer(t->pid, a, 3 * page));
}

int main(void) { own_and_peer(NULL, test); return 0; }
