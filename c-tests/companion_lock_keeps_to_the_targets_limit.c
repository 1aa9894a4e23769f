/*
 * mlock_peer() beyond the target's RLIMIT_MEMLOCK is ENOMEM and names that
 * limit; up to it, it succeeds. The caller's own limit does not matter.
 */
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

enum { PAGES = 4 };

/* Without CAP_IPC_LOCK, so that root's target has the limit, too. */
static void limit_pages(size_t pages)
{
	struct rlimit limit = { pages * check_page(), pages * check_page() };
	drop_capability(CAP_IPC_LOCK);
	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
}

static void limit_target(void) { limit_pages(PAGES); }

static void test(struct target *t)
{
	const size_t page = check_page();
	const long long kib = (long long)page / 1024;
	unsigned char *a;
	uintptr_t at;

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, (PAGES + 1) * page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	at = (uintptr_t)a;
	UNMAP_FAILS_CLEANLY(t, mlock_peer(t->pid, at, (PAGES + 1) * page), ENOMEM);
	CHECK(status_value(t->pid, "VmLck") == 0);
	CHECK(strstr(mman_peer_explain(), "RLIMIT_MEMLOCK") != NULL);
	CHECK_OK(mlock_peer(t->pid, at, PAGES * page));
	CHECK(status_value(t->pid, "VmLck") == PAGES * kib);
	UNMAP_FAILS_CLEANLY(t, mlock_peer(t->pid, at + PAGES * page, 1), ENOMEM);
	CHECK_OK(munlock_peer(t->pid, at, page));
	CHECK_OK(mlock_peer(t->pid, at + PAGES * page, 1));
	CHECK(status_value(t->pid, "VmLck") == PAGES * kib);
	CHECK_OK(munmap_peer(t->pid, a, (PAGES + 1) * page));
}

/* The target has its pages, the caller none. */
static void caller_without(void)
{
	struct target t = target_start(limit_target);
	limit_pages(0);
	test(&t);
	peer_dismiss(&t.peer);
}

int main(void)
{
	own_and_peer(limit_target, test);
	in_child(caller_without);
	return 0;
}
