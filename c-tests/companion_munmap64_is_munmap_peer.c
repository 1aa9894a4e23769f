/*
 * munmap64_peer() is munmap_peer() by another name: it rounds outward, takes
 * holes and removes nothing else; its errors are the same.
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

static void test(struct target *t)
{
	const size_t page = check_page();
	unsigned char *a;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 5 * page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap64_peer(t->pid, a + page + 1, page));	/* two pages */
	CHECK_RANGE(t, a, page, "rw-p");
	CHECK_RANGE_FREE(t, a + page, 2 * page);
	CHECK_RANGE(t, a + 3 * page, 2 * page, "rw-p");
	UNMAP_FAILS_CLEANLY(t, munmap64_peer(t->pid, a, 0), EINVAL);
	CHECK_UNMAP_FAILS(munmap64_peer(-5, a, page), ESRCH);
	CHECK_OK(munmap64_peer(t->pid, a, 5 * page));
	CHECK_RANGE_FREE(t, a, 5 * page);
	CHECK_OK(munmap64_peer(t->pid, a, 5 * page));
}

int main(void) { own_and_peer(NULL, test); return 0; }
