/*
 * munmap_flags_peer(): UNMAP_INIT_REQUIRED, UNMAP_INIT_OPTIONAL, both and 0
 * unmap as munmap_peer() does, rounding outward; another flag is EINVAL, after
 * what is wrong with the process, and unmaps nothing.
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

static void test(struct target *t)
{
	static const unsigned good[] = { 0, UNMAP_INIT_REQUIRED, UNMAP_INIT_OPTIONAL,
		UNMAP_INIT_REQUIRED | UNMAP_INIT_OPTIONAL };
	static const unsigned bad[] = { 4, 8 | UNMAP_INIT_OPTIONAL, 0x80000000u, ~0u };
	const size_t page = check_page();
	unsigned char *a;
	size_t i;

	for (i = 0; i < LENGTH_OF(good); i++) {
		CHECK(good[i] == i);
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, 3 * page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
		target_write(t, a, 1);
		CHECK_OK(munmap_flags_peer(t->pid, a + page + 5, 7, good[i]));
		CHECK_RANGE(t, a, page, "rw-p");
		CHECK_RANGE_FREE(t, a + page, page);
		CHECK_RANGE(t, a + 2 * page, page, "rw-p");
		CHECK_OK(munmap_flags_peer(t->pid, a, 3 * page, good[i]));
		CHECK_RANGE_FREE(t, a, 3 * page);
	}
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	for (i = 0; i < LENGTH_OF(bad); i++) {
		UNMAP_FAILS_CLEANLY(t, munmap_flags_peer(t->pid, a, page, bad[i]), EINVAL);
		CHECK_UNMAP_FAILS(munmap_flags_peer(-5, a, page, bad[i]), ESRCH);
	}
	UNMAP_FAILS_CLEANLY(t, munmap_flags_peer(t->pid, a, 0, 0), EINVAL);
	CHECK_RANGE(t, a, page, "rw-p");
	CHECK_OK(munmap_flags_peer(t->pid, a, page, 0));
}

int main(void) { own_and_peer(NULL, test); return 0; }
