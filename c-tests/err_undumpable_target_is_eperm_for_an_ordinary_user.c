/*
 * A process that has made itself undumpable is closed to its own user, EPERM,
 * but not to root (ptrace_may_access() in the kernel), nor to itself.
 */
#include "target.h"

static void become_undumpable(void)
{
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
}

static void test(struct target *t)
{
	if (t->own || geteuid() == 0) {
		CHECK(free_range(t, PAGE) != NULL);
		return;
	}
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 0, PROT_READ, MAP_SHARED, NOFD, 0), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)0x10000, PAGE), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, NULL, 0), EPERM);
}

int main(void)
{
	on_peer(become_undumpable, test);
	/* /proc/self of an undumpable process belongs to root: maps cannot be looked at by others. */
	on_own(become_undumpable, test);
	return 0;
}
