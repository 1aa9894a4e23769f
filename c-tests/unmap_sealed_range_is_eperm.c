/*
 * A range that the target has sealed (mseal(2), Linux 6.10) stays: EPERM, and
 * nothing of the range is removed, nor replaced by MAP_FIXED.
 */
#include "target.h"
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static unsigned char *sealed;

/* In the test itself before the target is forked, so both have it at one address; apart from its neighbours. */
static void map_three(void)
{
	sealed = mmap(NULL, 5 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK(sealed != MAP_FAILED);
	sealed += PAGE;
	CHECK(mprotect(sealed, 3 * PAGE, PROT_READ | PROT_WRITE) == 0);
}

static void seal_the_middle(void)
{
	if (syscall(SYS_mseal, sealed + PAGE, PAGE, 0) == -1)
		check_skip("the kernel has no mseal(): %s", strerror(errno));
}

static void test(struct target *t)
{
	int fd = memfd_of(1);
	target_write(t, sealed + PAGE, 5);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, sealed + PAGE, PAGE), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, sealed, 3 * PAGE), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, sealed + 2 * PAGE - 1, 2), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, sealed + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, NOFD, 0), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, sealed + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), EPERM);
	CHECK(target_read(t, sealed + PAGE) == 5);
	CHECK_OK(munmap_peer(t->pid, sealed, PAGE));
	CHECK_OK(munmap_peer(t->pid, sealed + 2 * PAGE, PAGE));
	CHECK_RANGE(t, sealed + PAGE, PAGE, "rw-p");
	close(fd);
}

int main(void)
{
	map_three();
	in_child(seal_the_middle);	/* skips here, not in a peer */
	own_and_peer(seal_the_middle, test);
	return 0;
}
