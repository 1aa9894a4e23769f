/*
 * A range that the target has sealed (mseal(2), Linux 6.10) stays: EPERM, and
 * nothing of the range is removed, nor replaced by MAP_FIXED.
 */
#include "target.h"
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static unsigned char *sealed;

/* In the test itself before the target is forked, so both have it at one address. */
static void map_three(void)
{
	sealed = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK(sealed != MAP_FAILED);
}

static void seal_the_middle(void)
{
	if (syscall(SYS_mseal, sealed + 4096, 4096, 0) == -1)
		check_skip("the kernel has no mseal(): %s", strerror(errno));
}

static void test(struct target *t)
{
	int fd = memfd_of(1);
	target_write(t, sealed + 4096, 5);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, sealed + 4096, 4096), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, sealed, 3 * 4096), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, sealed + 8191, 2), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, sealed + 4096, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, NOFD, 0), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, sealed + 4096, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), EPERM);
	CHECK(target_read(t, sealed + 4096) == 5);
	CHECK_OK(munmap_peer(t->pid, sealed, 4096));
	CHECK_OK(munmap_peer(t->pid, sealed + 8192, 4096));
	CHECK_RANGE(t, sealed + 4096, 4096, "rw-p");
	close(fd);
}

int main(void)
{
	map_three();
	in_child(seal_the_middle);	/* skips here, not in a peer */
	own_and_peer(seal_the_middle, test);
	return 0;
}
