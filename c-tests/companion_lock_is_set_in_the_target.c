/*
 * mlock_peer() and munlock_peer(): the pages are present, locked and counted in
 * the target (VmLck), not in the caller; the range is rounded outward, as by
 * mlock(). Twice is once.
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

enum { PAGES = 8 };

static void locks(struct target *t, int prot, int flags, int fd)
{
	const size_t page = check_page();
	const long long kib = (long long)page / 1024;
	const long long before = status_value(t->pid, "VmLck"), own = status_value(getpid(), "VmLck");
	unsigned char *a;
	uintptr_t at;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGES * page, prot, flags, fd, 0));
	at = (uintptr_t)a;
	CHECK_OK(mlock_peer(t->pid, at + 2 * page + 7, page));		/* two pages */
	CHECK(status_value(t->pid, "VmLck") == before + 2 * kib);
	CHECK(t->own || status_value(getpid(), "VmLck") == own);
	CHECK(has_vm_flag(t->pid, a + 2 * page, "lo") && !has_vm_flag(t->pid, a, "lo"));
	CHECK(!has_vm_flag(t->pid, a + 4 * page, "lo"));
	CHECK(pages_present(t->pid, a + 2 * page, 2 * page) == 2);
	CHECK_OK(mlock_peer(t->pid, at, PAGES * page));
	CHECK_OK(mlock_peer(t->pid, at, PAGES * page));
	CHECK(status_value(t->pid, "VmLck") == before + PAGES * kib);
	CHECK(pages_present(t->pid, a, PAGES * page) == PAGES);

	CHECK_OK(munlock_peer(t->pid, at + page - 1, 2));		/* two pages */
	CHECK(status_value(t->pid, "VmLck") == before + (PAGES - 2) * kib);
	CHECK(!has_vm_flag(t->pid, a + page, "lo") && has_vm_flag(t->pid, a + 2 * page, "lo"));
	CHECK_OK(munlock_peer(t->pid, at, PAGES * page));
	CHECK_OK(munlock_peer(t->pid, at, PAGES * page));
	CHECK(status_value(t->pid, "VmLck") == before);
	CHECK_OK(munmap_peer(t->pid, a, PAGES * page));
}

static void test(struct target *t)
{
	int fd = memfd_of(PAGES);
	locks(t, READ_WRITE, PRIVATE_ANON, NOFD);
	locks(t, READ_WRITE, MAP_SHARED, NOFD);
	locks(t, READ_WRITE, MAP_SHARED, fd);
	locks(t, PROT_READ, MAP_PRIVATE, fd);
	close(fd);
	CHECK_UNMAP_FAILS(mlock_peer(-5, 0, 1), ESRCH);
	CHECK_UNMAP_FAILS(munlock_peer(-5, 0, 1), ESRCH);
}

int main(void) { own_and_peer(NULL, test); return 0; }
